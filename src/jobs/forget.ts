import { isDeepStrictEqual } from 'node:util'
import { addTexts, textEraser } from '../common/erase-texts.ts'
import { Interrupted, type Problem } from '../common/errors.ts'
import { parseExact, stringifyExact } from '../common/exact-json.ts'
import type { Instant, Reject, RunId } from '../common/model.ts'
import type { ReadCopyReport } from '../common/run-report.ts'
import type { WantedViews, Warehouse } from '../load/destination.ts'
import type { ErasedReject, TableRows } from '../load/forgetting.ts'
import { EMAIL, type Forgotten } from '../schema/forgotten.ts'
import { PERSONS } from '../schema/owner.ts'
import type { Stream } from '../schema/stream.ts'
import { allTables } from '../schema/table.ts'
import { decodeRecords } from '../transform/decode-page.ts'
import { eraserOf } from '../transform/erase.ts'
import { type ReadCopyOptions, replaceReadCopy } from './read-copy.ts'

/** Whom to forget: the customer with an id, or every customer with an email address. */
export type Who = { readonly customer: string } | { readonly email: string }

/** Removes texts from the reports that are kept in files. @returns the files that have some. */
export type EraseInFiles = (erase: (report: string) => string) => readonly string[]

export interface ForgetOptions extends ReadCopyOptions {
  readonly destination: Warehouse
  /** Every declared stream. */
  readonly streams: readonly Stream[]
  readonly forgotten: Forgotten
  readonly run: RunId
  readonly now: () => Instant
  readonly wanted: WantedViews
  /** Finds what would be erased, and writes nothing. */
  readonly dryRun: boolean
  readonly eraseInFiles: EraseInFiles
}

export interface Forgot {
  /**
   * `unknown`: nothing of the person is there, and nothing was marked. `erased`: something was, or would be. `known`: the person
   * was forgotten before, and nothing is left.
   */
  readonly outcome: 'unknown' | 'erased' | 'known'
  /** Ids of the customers. */
  readonly customers: readonly string[]
  /** Rows that had something personal, by table. */
  readonly rows: readonly TableRows[]
  /** Reports in files that had something. */
  readonly files: readonly string[]
  /** Tables that were written anew. */
  readonly rewritten: readonly string[]
  /** What could not be reached in the database, a sentence each. */
  readonly remains: readonly string[]
  readonly problems: readonly Problem[]
  readonly copy: ReadCopyReport | null
}

const NOTHING: Forgot = {
  outcome: 'unknown',
  customers: [],
  rows: [],
  files: [],
  rewritten: [],
  remains: [],
  problems: [],
  copy: null,
}

/**
 * Erases a person. What was done by a run that was interrupted stays done, and the next one goes on: reports in files come first,
 * because what is looked for in them stands in the rows, then the tables in one transaction with the marks, then old bytes.
 * @throws {Interrupted}
 */
export async function forget(who: Who, options: ForgetOptions, signal: AbortSignal): Promise<Forgot> {
  const { destination, forgotten, dryRun, run, now, wanted } = options
  const checkStop = (): void => {
    if (signal.aborted) throw new Interrupted()
  }
  if (!(await destination.loadSalt())) return NOTHING
  if (!dryRun) {
    const streams = await destination.existingStreams(options.streams)
    await destination.prepare(streams.flatMap(allTables))
  }
  const emails = 'email' in who ? [who.email.trim().toLowerCase()] : []
  const customers = 'email' in who ? await destination.customersWith(who.email) : [who.customer]
  const wasKnown = 'email' in who ? forgotten.has(EMAIL, who.email) : forgotten.has(PERSONS, who.customer)
  const person = await destination.findPerson({ customers, emails })
  for (const [of, keys] of person.ids) for (const key of keys) forgotten.add(of, key)
  for (const email of person.emails) forgotten.add(EMAIL, email)
  const texts = new Set([...person.texts, ...person.emails])
  const rejects = await rejectsOf(options, texts)
  if (person.tables.length === 0 && rejects.length === 0 && !wasKnown) return NOTHING
  checkStop()
  const erase = textEraser(texts)
  const files = options.eraseInFiles(erase)
  if (dryRun) {
    const reports = await destination.personReports(erase)
    const rows = [
      ...person.rows,
      { table: '_sync_rejects', rows: rejects.length },
      { table: '_sync_runs', rows: reports.runs },
      { table: '_sync_checkpoints', rows: reports.streams },
    ].filter(found => found.rows > 0)
    const outcome = rows.length + files.length > 0 || !wasKnown ? 'erased' : 'known'
    return { ...NOTHING, outcome, customers, rows, files }
  }
  checkStop()
  const rows = await destination.erasePerson({ person, rejects, erase, run, at: now() })
  const waiting = await destination.toRewrite()
  const problems: Problem[] = []
  let remains: readonly string[] = []
  if (waiting.length > 0) {
    checkStop()
    // The tables of views have copies of the rows.
    if (waiting.some(isViewTable)) problems.push(...(await destination.keepViews(wanted, signal)).problems)
    checkStop()
    await destination.finalize()
    remains = await destination.rewrite(waiting, signal)
    if (problems.length === 0) await destination.rewritten()
  }
  await destination.finalize()
  const copy = await replaceReadCopy(destination, options, signal)
  const outcome = rows.length + files.length + waiting.length > 0 || !wasKnown ? 'erased' : 'known'
  return { outcome, customers, rows, files, rewritten: waiting, remains, problems, copy }
}

/** The table that keeps the rows of a view. */
export const isViewTable = (table: string): boolean => table.startsWith('_view_')

/** The rejects of persons who were forgotten, without what is personal. Their texts are added to `texts`. */
async function rejectsOf(
  { destination, streams }: Pick<ForgetOptions, 'destination' | 'streams'>,
  texts: Set<string>,
): Promise<readonly ErasedReject[]> {
  const found: ErasedReject[] = []
  for (const stream of streams) {
    const eraser = eraserOf(stream)
    if (eraser === null) continue
    const kept = await destination.rejects(stream.name)
    const records = await destination.rejectedRecords(kept.map(({ fingerprint }) => fingerprint))
    for (const { fingerprint, key } of kept) {
      const text = records.get(fingerprint)
      if (text === undefined) continue
      const record = parseExact(text)
      const rest = eraser.of(record)
      if (rest === record || isSame(record, rest)) continue
      addTexts(record, texts)
      found.push({ fingerprint, stream: stream.name, reject: rejectOf(stream, rest, key) })
    }
  }
  return found
}

const isSame = (a: unknown, b: unknown): boolean => isDeepStrictEqual(plain(a), plain(b))
const plain = (value: unknown): unknown => JSON.parse(stringifyExact(value) ?? 'null')

/** What the record is rejected for by now. It may load without what is personal: then `replay` loads it. */
function rejectOf(
  stream: Stream,
  rest: unknown,
  key: string | null,
): Pick<Reject, 'key' | 'path' | 'reason' | 'record'> {
  const [reject] = decodeRecords(stream, [rest]).rejects
  if (reject !== undefined) return { ...reject, key: reject.key ?? key }
  return { key, path: '', reason: LOADABLE, record: stringifyExact(rest) ?? 'null' }
}

const LOADABLE = 'What it was rejected for was erased with the person; replay loads the rest.'
