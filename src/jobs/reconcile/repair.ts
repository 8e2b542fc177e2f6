import { ContractError } from '../../common/errors.ts'
import type { Checkpoint, Page, Problem, RowBatch } from '../../common/model.ts'
import { repeat } from '../../pipeline/pipeline.ts'
import { shapeOf } from '../../schema/table.ts'
import { toBatch } from '../../transform/batch.ts'
import type { Comparing } from './comparing.ts'
import type { Findings } from './findings.ts'

/** Records asked for before they are committed together. */
const TOGETHER = 100

/**
 * Reads the keys that differ again, one request for each, and commits what comes; what the API answers 404 to is marked
 * as deleted. A path that is not served answers 404 as well, so one is only believed once another record of the stream
 * has been had from the same path. The commits move a checkpoint of their own: the stream's stays where it is.
 * @returns why something was left; null: nothing was.
 */
export async function repair(comparing: Comparing, findings: Findings): Promise<Problem | null> {
  const { source, stream, traffic, signal, warehouse, run } = comparing
  if (findings.differing.size === 0) return null
  if (!stream.retrieve) return unread(`the API reads no record of ${stream.name} by its id`, stream.name)
  // Those that the source listed come first: an answer to one of them proves the path.
  const keys = [...findings.keys('changed'), ...findings.keys('missing'), ...findings.keys('gone')]
  const retrieve = (key: string): Promise<unknown> => source.retrieve(stream, key, traffic, signal)
  let at = await warehouse.checkpoint(`reconcile:${stream.name}`)
  let served = false
  let left: Problem | null = null
  for (let start = 0; start < keys.length; start += TOGETHER) {
    const asked = keys.slice(start, start + TOGETHER)
    const records = await Promise.all(asked.map(retrieve))
    const found = records.filter(record => record !== null)
    const absent = asked.filter((_, i) => records[i] === null)
    const batch = toBatch(stream, [pageOf(found, comparing)])
    refuseOthers(batch, asked)
    served ||= batch.entities.size > 0
    if (absent.length > 0 && !served) served = await isServed(findings, asked, retrieve)
    if (!served) left = unread(`GET ${stream.path}/… answers 404 to what the list serves as well`, stream.name)
    const gone = served ? absent : []
    const to: Checkpoint = { ...at, version: at.version + 1, writer: run, shape: shapeOf(stream), walk: null }
    await commit(comparing, batch, gone, at, to)
    at = to
    for (const { key, verdict } of await warehouse.compare(batch, comparing.now))
      if (verdict === 'same') findings.repaired.add(key)
    for (const key of gone) findings.repaired.add(key)
  }
  if (left === null && findings.repaired.size < findings.differing.size)
    left = unread('some records cannot be loaded without loss', stream.name)
  return left
}

/** Whether the path serves a record that was just listed; without any there is nothing to go by. */
async function isServed(
  { seen }: Findings,
  asked: readonly string[],
  retrieve: (key: string) => Promise<unknown>,
): Promise<boolean> {
  const among = new Set(asked)
  for (const key of seen) if (!among.has(key)) return (await retrieve(key)) !== null
  return false
}

/** An answer for another record than the one asked for would be written in its place. */
function refuseOthers({ entities, stream }: RowBatch, asked: readonly string[]): void {
  const wanted = new Set(asked)
  for (const key of entities.keys())
    if (!wanted.has(key))
      throw new ContractError(
        'stream_contract',
        `asked for ${asked.length} records of ${stream.name} by id, the API answered with ${key}, which is none of them`,
        'Nothing of it was loaded; please report it.',
      )
}

/** A lost connection leaves open whether the commit stands: the checkpoint knows. */
async function commit(
  { warehouse, sleep, signal, run }: Comparing,
  batch: RowBatch,
  gone: readonly string[],
  from: Checkpoint,
  to: Checkpoint,
): Promise<void> {
  await repeat(
    async again => {
      if (again) {
        const { version, writer } = await warehouse.checkpoint(to.stream)
        if (version === to.version && writer === run) return
      }
      await warehouse.repair(batch, gone, from, to)
    },
    { sleep },
    signal,
  )
}

function pageOf(records: readonly unknown[], { source }: Comparing): Page {
  const range = { id: 0, since: null, until: null }
  return {
    records,
    receivedAt: source.clock(),
    range: 0,
    ranges: [range],
    resume: null,
    last: true,
    restarted: false,
  }
}

const unread = (why: string, stream: string): Problem => ({
  code: 'not_repaired',
  message: `not everything could be repaired: ${why}`,
  next: `See _sync_reconciliations for the keys. \`reset ${stream}\` and a sync read the stream again and keep its rows.`,
})
