import { ContractError } from '../../common/errors.ts'
import type { Checkpoint, DecodedPage, Problem, RowBatch } from '../../common/model.ts'
import { writeOnce } from '../../pipeline/commit.ts'
import { schemaHashOf } from '../../schema/table.ts'
import { mergePages, singlePage } from '../../transform/batch.ts'
import { decodeRecords, recordDecoder } from '../../transform/decode-page.ts'
import type { Comparing } from './comparison.ts'
import type { Diff } from './diff.ts'

/** Records asked for before they are committed together. */
const TOGETHER = 100

/**
 * Reads the keys that differ again, one request for each, and commits what comes; what the API answers 404 to is marked
 * as deleted. A path that is not served answers 404 as well, so one is only believed once another record of the stream
 * has been had from the same path. The commits move a checkpoint of their own: the stream's stays where it is.
 * @returns why something was left; null: nothing was.
 */
export async function repair(comparing: Comparing, diff: Diff): Promise<Problem | null> {
  const { source, stream, requestStats, signal, warehouse, run } = comparing
  if (diff.differing.size === 0) return null
  if (!stream.retrieve) return unread(`the API reads no record of ${stream.name} by its id`, stream.name)
  // Those that the source listed come first: an answer to one of them proves the path.
  const keys = [...diff.keys('changed'), ...diff.keys('missing'), ...diff.keys('gone')]
  const decode = recordDecoder(stream)
  const retrieve = (key: string): Promise<DecodedPage | null> =>
    source.retrieve(stream, key, decode, { requestStats, signal })
  let at = await warehouse.checkpoint(`reconcile:${stream.name}`)
  let served = false
  let left: Problem | null = null
  for (let start = 0; start < keys.length; start += TOGETHER) {
    const asked = keys.slice(start, start + TOGETHER)
    const answers = await Promise.all(asked.map(retrieve))
    const found = answers.filter(answer => answer !== null)
    const absent = asked.filter((_, i) => answers[i] === null)
    const pages = found.map(decoded => singlePage(decoded, source.clock()))
    const batch = mergePages(stream, [singlePage(decodeRecords(stream, []), source.clock()), ...pages])
    refuseOthers(batch, asked)
    served ||= batch.records.size > 0
    if (absent.length > 0 && !served) served = await isServed(diff, asked, retrieve)
    if (!served) left = unread(`GET ${stream.path}/… answers 404 to what the list serves as well`, stream.name)
    const gone = served ? absent : []
    const to: Checkpoint = { ...at, version: at.version + 1, writer: run, schemaHash: schemaHashOf(stream), scan: null }
    // The rows marked are counted by what was asked for.
    const write = (): Promise<number> => warehouse.repair(batch, gone, at, to)
    await writeOnce(write, async () => gone.length, to, { destination: warehouse, sleep: comparing.sleep }, signal)
    at = to
    for (const { key, verdict } of await warehouse.compare(batch, comparing.now))
      if (verdict === 'same') diff.repaired.add(key)
    for (const key of gone) diff.repaired.add(key)
  }
  if (left === null && diff.repaired.size < diff.differing.size)
    left = unread('some records cannot be loaded without loss', stream.name)
  return left
}

/** Whether the path serves a record that was just listed; without any there is nothing to go by. */
async function isServed(
  { seen }: Diff,
  asked: readonly string[],
  retrieve: (key: string) => Promise<DecodedPage | null>,
): Promise<boolean> {
  const among = new Set(asked)
  for (const key of seen) if (!among.has(key)) return (await retrieve(key)) !== null
  return false
}

/** An answer for another record than the one asked for would be written in its place. */
function refuseOthers({ records, stream }: RowBatch, asked: readonly string[]): void {
  const wanted = new Set(asked)
  for (const key of records.keys())
    if (!wanted.has(key))
      throw new ContractError(
        'stream_contract',
        `asked for ${asked.length} records of ${stream.name} by id, the API answered with ${key}, which is none of them`,
        'Nothing of it was loaded; please report it.',
      )
}

const unread = (why: string, stream: string): Problem => ({
  code: 'not_repaired',
  message: `not everything could be repaired: ${why}`,
  next: `See _sync_reconciliations for the keys. \`reset ${stream}\` and a sync read the stream again and keep its rows.`,
})
