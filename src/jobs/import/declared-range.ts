import { ConfigError } from '../../common/errors.ts'
import type { Instant } from '../../common/model.ts'
import type { Destination, KeysInRange } from '../../load/destination.ts'
import { commitBatch } from '../../pipeline/commit.ts'
import type { Stream } from '../../schema/stream.ts'
import { mergePages, singlePage } from '../../transform/batch.ts'
import { decodeRecords } from '../../transform/decode-page.ts'
import type { Imported, ImportOptions } from './import-file.ts'

/** What the user says of a file: that it has every record of the stream from one time to another, by the column of the retention. */
export interface DeclaredRange {
  readonly from: Instant
  /** Null: up to the newest record of the file. */
  readonly to: Instant | null
}

/** Keys that a message names. */
const SHOWN_KEYS = 3

/**
 * Checks what the user says of a file. A file does not say whether it was filtered when it was exported. But an export that
 * has every record of a range has every one of which the warehouse already has a row, and of these the API gave many.
 * @param file the result of `inspectFile` with the keys.
 * @returns from when on the stream is complete once the file is loaded; null: it has been complete from an earlier time on.
 * @throws {ConfigError} if the file lacks such a row, or ends before the stream is complete.
 */
export async function checkRange(
  stream: Stream,
  file: string,
  { from, to: declaredEnd }: DeclaredRange,
  { newest, keys }: Pick<Imported, 'newest' | 'keys'>,
  destination: Pick<Destination, 'checkpoint'> & KeysInRange,
): Promise<Instant | null> {
  const { name, retention } = stream
  const refuse = (message: string): ConfigError => new ConfigError(file, [{ path: '', line: null, message }])
  if (retention === null) throw refuse(`${name} has no retention, so it needs no import to be complete`)
  const to = declaredEnd ?? newest
  if (to === null) throw refuse(`it has no record with ${retention.by}, so it is not known up to when it reaches`)
  if (from > to) throw refuse(`--complete-from ${from} is after its end, ${to}`)
  const { completeFrom } = await destination.checkpoint(name)
  if (completeFrom === null)
    throw refuse(
      `${name} is not known to be complete from any time on, so this file cannot join it: run sync until its first scan has ended, then import the file with --complete-from`,
    )
  if (to < completeFrom)
    throw refuse(
      `it reaches to ${to}, and ${name} is complete only from ${completeFrom} on: import the time between the two first, or say with --complete-to up to when the export was made`,
    )
  const absent = (await destination.keysBetween(stream, from, to)).filter(key => !keys?.has(key))
  if (absent.length > 0)
    throw refuse(
      `it has not every record from ${from} to ${to}: the warehouse has ${absent.length} others with ${retention.by} in that time, such as ${absent.slice(0, SHOWN_KEYS).join(', ')}. Export it without a filter, or say with --complete-to up to when it was made, or import it without --complete-from`,
    )
  return from < completeFrom ? from : null
}

/** Makes the stream complete from an earlier time on, in a commit without records. @throws {DestinationError} */
export async function extendTo(
  from: Instant,
  stream: Stream,
  options: ImportOptions,
  signal: AbortSignal,
): Promise<void> {
  const { destination, run, now } = options
  const checkpoint = await destination.checkpoint(stream.name)
  const batch = mergePages(stream, [singlePage(decodeRecords(stream, []), now)])
  const to = { ...checkpoint, version: checkpoint.version + 1, writer: run, completeFrom: from }
  await commitBatch(batch, { from: checkpoint, to }, options, signal)
}
