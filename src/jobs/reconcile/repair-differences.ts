import { ContractError, type Problem } from '../../common/errors.ts'
import type { Checkpoint, DecodedPage, RowBatch } from '../../common/model.ts'
import { statedDeletion } from '../../common/stated-deletion.ts'
import { writeOnce } from '../../pipeline/commit.ts'
import { schemaHashOf } from '../../schema/table.ts'
import { mergePages, singlePage } from '../../transform/batch.ts'
import { decodeRecords, recordDecoder } from '../../transform/decode-page.ts'
import type { Comparison } from './comparison.ts'
import type { Diff } from './diff.ts'

/** Keys whose records are requested and repaired in one commit. */
const KEYS_IN_COMMIT = 100

/**
 * Requests the records that differ one by one and writes them. A row whose record the API answers 404 to is marked as
 * deleted. The API also answers 404 if it does not serve single records under this path, so a 404 counts only after the
 * path has served another record of the stream. The commits have a checkpoint of their own; the stream's does not change.
 * @returns why some differences are not repaired; null: all are.
 */
export async function repairDifferences(comparison: Comparison, diff: Diff): Promise<Problem | null> {
  const { source, stream, requestStats, signal, warehouse, run } = comparison
  if (diff.differing.size === 0) return null
  if (!stream.retrieve) return notRepaired(`the API does not serve single records of ${stream.name}`, stream.name)
  // The keys that the source listed come first: an answer to one of them proves that the path is served.
  const keys = [...diff.keys('changed'), ...diff.keys('missing'), ...diff.keys('gone')]
  const decode = recordDecoder(stream)
  const retrieve = (key: string): Promise<DecodedPage | null> =>
    source.retrieve(stream, key, decode, { requestStats, signal })
  let checkpoint = await warehouse.checkpoint(`reconcile:${stream.name}`)
  let pathWorks = false
  let problem: Problem | null = null
  for (let start = 0; start < keys.length; start += KEYS_IN_COMMIT) {
    const requested = keys.slice(start, start + KEYS_IN_COMMIT)
    const answers = await Promise.all(requested.map(retrieve))
    const found = answers.filter(answer => answer !== null)
    const absent = requested.filter((_, i) => answers[i] === null)
    const pages = found.map(decoded => singlePage(decoded, source.clock()))
    const batch = mergePages(stream, [singlePage(decodeRecords(stream, []), source.clock()), ...pages])
    refuseOtherRecords(batch, requested)
    pathWorks ||= batch.records.size > 0
    if (absent.length > 0 && !pathWorks) pathWorks = await servesAnother(diff, requested, retrieve)
    if (!pathWorks)
      problem = notRepaired(`GET ${stream.path}/… answers 404 also for records that the list has`, stream.name)
    const gone = pathWorks ? absent : []
    const to: Checkpoint = {
      ...checkpoint,
      version: checkpoint.version + 1,
      writer: run,
      schemaHash: schemaHashOf(stream),
      scan: null,
    }
    // After a lost connection, the number of rows marked is taken to be that of the keys.
    const write = (): Promise<number> => warehouse.repair(batch, gone, checkpoint, to)
    await writeOnce(write, async () => gone.length, to, { ...comparison, destination: warehouse }, signal)
    checkpoint = to
    for (const { key, verdict, changedAt } of await warehouse.compare(batch, comparison.now)) {
      // A record that changed while the list was read may have moved past the reader.
      const stood = (changedAt === null || changedAt <= comparison.now) && !isStatedDeleted(batch, key)
      if (stood && diff.differing.get(key)?.difference === 'gone') diff.omitted.add(key)
      else if (verdict === 'same') diff.repaired.add(key)
    }
    for (const key of gone) diff.repaired.add(key)
  }
  if (problem === null && diff.repaired.size + diff.omitted.size < diff.differing.size)
    problem = notRepaired('some records cannot be loaded without loss', stream.name)
  return problem ?? listIncomplete(diff, stream.name)
}

/** Whether the record itself says that it was deleted: a list need not have it. */
function isStatedDeleted({ stream, records }: RowBatch, key: string): boolean {
  const deletionIn = statedDeletion(stream)
  const record = records.get(key)
  return deletionIn !== null && record !== undefined && deletionIn(record) >= 0
}

/** A list that lacks records which exist may lack others too, and of those nothing is known. */
const listIncomplete = ({ omitted }: Diff, stream: string): Problem | null =>
  omitted.size === 0
    ? null
    : {
        code: 'list_incomplete',
        message: `the API's list lacks ${omitted.size} records that it serves by id, so it may lack others too`,
        next: `Run reconcile --streams ${stream} --repair again. If this stays, ask Recharge why the list lacks them; _sync_reconciliations has their keys.`,
      }

/** Whether the path serves a listed record that is not among the requested ones. False if there is none. */
async function servesAnother(
  { seen }: Diff,
  requested: readonly string[],
  retrieve: (key: string) => Promise<DecodedPage | null>,
): Promise<boolean> {
  const known = new Set(requested)
  for (const key of seen) if (!known.has(key)) return (await retrieve(key)) !== null
  return false
}

/** Guards against the answer for another record. @throws {ContractError} */
function refuseOtherRecords({ records, stream }: RowBatch, requested: readonly string[]): void {
  const wanted = new Set(requested)
  for (const key of records.keys())
    if (!wanted.has(key))
      throw new ContractError(
        'stream_contract',
        `${requested.length} records of ${stream.name} were requested by id, and the API answered with ${key}, which is none of them`,
        'Nothing of that answer was loaded. Please report it.',
      )
}

const notRepaired = (why: string, stream: string): Problem => ({
  code: 'not_repaired',
  message: `some differences are not repaired: ${why}`,
  next: `See _sync_reconciliations for the keys. \`reset ${stream}\` and then \`sync\` read the whole stream again and keep its rows.`,
})
