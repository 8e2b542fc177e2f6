import type { Instant, RunId } from '../../common/model.ts'
import { EMAIL, type NewMark } from '../../schema/forgotten.ts'
import type { Context } from './context.ts'
import type { Session } from './engine.ts'
import { eraseRows } from './erase-rows.ts'

type Db = Session['db']

/** Marks in one statement, at most. */
const CHUNK = 500

export async function readMarks(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('_sync_forgotten').select('mark').execute()
  return rows.map(({ mark }) => mark)
}

export interface Marked {
  readonly run: RunId | null
  readonly at: Instant
  /** Tables in which old bytes may still be; absent: none are. */
  readonly toRewrite?: readonly string[]
}

/** Stores marks. One that is stored already stays: the answer to the commit that stored it may have been lost. */
export async function insertMarks(db: Db, marks: readonly NewMark[], { run, at, toRewrite }: Marked): Promise<void> {
  const to_rewrite = toRewrite === undefined ? null : JSON.stringify(toRewrite)
  for (let start = 0; start < marks.length; start += CHUNK) {
    const chunk = marks.slice(start, start + CHUNK)
    const stored = await db
      .selectFrom('_sync_forgotten')
      .select('mark')
      .where(
        'mark',
        'in',
        chunk.map(({ mark }) => mark),
      )
      .execute()
    const known = new Set(stored.map(({ mark }) => mark))
    const rows = chunk
      .filter(({ mark }) => !known.has(mark))
      .map(({ mark, of }) => ({ mark, what: of, forgotten_at: at, run: run ?? '', to_rewrite }))
    if (rows.length > 0) await db.insertInto('_sync_forgotten').values(rows).execute()
  }
}

/**
 * Stores the marks of records that have arrived of persons who were forgotten before. What had arrived earlier and belongs to
 * these records, such as a metafield, is erased with them.
 */
export async function storeNewMarks(
  session: Session,
  context: Context,
  marks: readonly NewMark[],
  marked: Marked,
): Promise<void> {
  const records = Map.groupBy(
    marks.filter(({ of }) => of !== EMAIL),
    ({ of }) => of,
  )
  const ids = new Map([...records].map(([of, found]) => [of, new Set(found.map(({ key }) => key))]))
  const erased = await eraseRows(session, context, context.persons, { ids, emails: new Set() }, marked.at)
  const toRewrite = erased.map(({ table }) => table)
  await insertMarks(context.inSchema(session), marks, { ...marked, ...(toRewrite.length > 0 ? { toRewrite } : {}) })
}
