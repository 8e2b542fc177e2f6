import { ContractError } from '../common/errors.ts'
import type { RowBatch } from '../common/model.ts'
import { inRecords, type StreamStats } from './stream-stats.ts'

/**
 * Throws before the commit of a batch that must not be loaded. The checkpoint then stays before its records, so a later
 * version of this program reads them again.
 * @throws {ContractError} `undeclared` or `too_many_rejects`
 */
export async function* guard(
  batches: AsyncIterable<RowBatch>,
  { maxRejects }: { readonly maxRejects: number },
  stats: StreamStats,
): AsyncGenerator<RowBatch> {
  for await (const batch of batches) {
    refuseUnknownFields(batch)
    refuseTooManyRejects(batch, stats, maxRejects)
    yield batch
  }
}

/** With `drift: fail`. @throws {ContractError} `undeclared` */
function refuseUnknownFields({ stream, stats: { unknownFields } }: RowBatch): void {
  if (stream.drift !== 'fail' || unknownFields.size === 0) return
  throw new ContractError(
    'undeclared',
    `records have fields that are not declared: ${inRecords([...unknownFields].sort())}`,
    'Nothing of this batch was written, because drift is fail. Look for a newer version, or set drift to capture or evolve.',
  )
}

/** @throws {ContractError} `too_many_rejects` */
function refuseTooManyRejects({ rejects }: RowBatch, stats: StreamStats, most: number): void {
  const [first] = rejects
  if (first === undefined || stats.counts.rejected + rejects.length <= most) return
  throw new ContractError(
    'too_many_rejects',
    `more than ${most} records cannot be loaded, such as ${first.key ?? 'one without a key'}: ${first.path}: ${first.reason}`,
    'The API changed a type. The checkpoint stays before these records. Please report it, or raise max_rejects.',
  )
}
