import type { Stream } from '../../src/schema/stream.ts'
import { allTables, tablesOf } from '../../src/schema/table.ts'
import { oneOf, type Random } from './random.ts'

type Query = (sql: string) => Promise<Record<string, unknown>[]>

/** What a hand works on. */
export interface Grasp {
  readonly query: Query
  readonly kind: 'duckdb' | 'postgres'
  readonly schema: string
  /** Where older copies are kept. */
  readonly copies: string
  readonly stream: Stream
  readonly streams: readonly Stream[]
  readonly random: Random
}

/** What is to be expected of the stream from now on. */
export interface Effect {
  /** Rows or values are missing: a complete stream has to say so, or have read them again. */
  readonly damaged?: true
  /** Rows whose values are another's work: a sync need not find them, a `reconcile` must. */
  readonly altered?: readonly string[]
  /** The program may fail or stop until this is run. */
  readonly undo?: string
  /** The stream has no checkpoint any more, so it counts as never read. */
  readonly unread?: true
  /** All streams. */
  readonly everything?: true
}

/** Something that somebody does in the database between two runs. */
export interface Hand {
  readonly name: string
  readonly weight: number
  readonly case?: string
  /** What the program can know of it. */
  readonly tells: string
  readonly only?: 'duckdb' | 'postgres'
  /** @returns null: there was nothing to do it to. */
  readonly act: (grasp: Grasp) => Promise<Effect | null>
}

const rootOf = ({ schema, stream }: Grasp): string => `"${schema}"."${tablesOf(stream).root.name}"`
const keyOf = ({ stream }: Grasp): string => `"${tablesOf(stream).root.key[0]}"`
const keys = async (grasp: Grasp, more = ''): Promise<string[]> =>
  (await grasp.query(`select cast(${keyOf(grasp)} as text) as k from ${rootOf(grasp)} ${more}`)).map(({ k }) =>
    String(k),
  )
const tablesIn = async ({ query }: Grasp, schema: string): Promise<string[]> =>
  (
    await query(`select table_name as t from information_schema.tables
      where table_schema = '${schema}' and table_type = 'BASE TABLE' order by 1`)
  ).map(({ t }) => String(t))

const checkpoint =
  (set: string): Hand['act'] =>
  async ({ query, schema, stream }) => {
    await query(
      `update "${schema}"._sync_checkpoints set ${set} where stream = '${stream.name}' and watermark is not null`,
    )
    return {}
  }

const COPY_EXISTS = `select 1 from information_schema.schemata where schema_name = `

export const HANDS: readonly Hand[] = [
  {
    name: 'drop_table',
    weight: 2,
    case: 'K2/7',
    tells: 'A table has to be made although its stream has a checkpoint.',
    act: async grasp => {
      await grasp.query(`drop table ${rootOf(grasp)}${grasp.kind === 'postgres' ? ' cascade' : ''}`)
      return { damaged: true }
    },
  },
  {
    name: 'drop_child_table',
    weight: 1,
    case: 'K2/7',
    tells: 'As above.',
    act: async grasp => {
      const child = oneOf(grasp.random, tablesOf(grasp.stream).children)
      if (child === undefined) return null
      await grasp.query(`drop table "${grasp.schema}"."${child.table.name}"`)
      return { damaged: true }
    },
  },
  {
    name: 'drop_column',
    weight: 2,
    case: 'K2/8',
    tells: 'A column has to be added to a table that has rows, and it was there before.',
    act: async grasp => {
      const { root } = tablesOf(grasp.stream)
      const all = root.columns.filter(
        ({ name, kind }) => !name.startsWith('_') && !root.key.includes(name) && (kind === 'text' || kind === 'int'),
      )
      const column = oneOf(grasp.random, all)
      if (column === undefined) return null
      await grasp.query(`alter table ${rootOf(grasp)} drop column "${column.name}"`)
      return { damaged: true }
    },
  },
  {
    name: 'truncate',
    weight: 2,
    case: 'K2/7',
    tells: 'Fewer rows than the checkpoint stands for.',
    act: async grasp => {
      await grasp.query(`delete from ${rootOf(grasp)}`)
      return { damaged: true }
    },
  },
  {
    name: 'delete_some_rows',
    weight: 3,
    case: 'K2/7',
    tells: 'Fewer rows than the checkpoint stands for.',
    act: async grasp => {
      const all = await keys(grasp, 'order by 1')
      const gone = all.filter(() => grasp.random.chance(0.3))
      if (gone.length === 0) return null
      await grasp.query(`delete from ${rootOf(grasp)} where ${keyOf(grasp)} in (${gone.join(', ')})`)
      return { damaged: true }
    },
  },
  {
    name: 'delete_child_rows',
    weight: 2,
    case: 'K2/7',
    tells: 'Fewer rows than were counted when the stream was last complete.',
    act: async grasp => {
      const child = oneOf(grasp.random, tablesOf(grasp.stream).children)
      if (child === undefined) return null
      await grasp.query(`delete from "${grasp.schema}"."${child.table.name}"`)
      return { damaged: true }
    },
  },
  {
    name: 'copy_all',
    weight: 3,
    tells: 'Nothing: it is for what comes later.',
    act: async grasp => {
      const { query, schema, copies } = grasp
      await query(`drop schema if exists ${copies} cascade`)
      await query(`create schema ${copies}`)
      for (const table of await tablesIn(grasp, schema))
        await query(`create table ${copies}."${table}" as select * from "${schema}"."${table}"`)
      return {}
    },
  },
  {
    name: 'restore_table',
    weight: 3,
    case: 'K2/7',
    tells: 'Fewer rows than the checkpoint stands for. That values are older only `reconcile` can tell.',
    act: async grasp => {
      const { query, schema, copies, stream } = grasp
      if ((await query(`${COPY_EXISTS}'${copies}'`)).length === 0) return null
      const there = await tablesIn(grasp, schema)
      const kept = await tablesIn(grasp, copies)
      const tables = allTables(stream).map(({ name }) => name)
      if (!tables.every(table => there.includes(table) && kept.includes(table))) return null
      const before = await keys(grasp)
      for (const table of tables) await replace(grasp, table)
      const after = await keys(grasp)
      return { altered: after, ...(before.every(key => after.includes(key)) ? {} : { damaged: true as const }) }
    },
  },
  {
    name: 'restore_all',
    weight: 2,
    tells: 'Rows and checkpoints are of one moment: the next run goes on from there.',
    act: async grasp => {
      const { query, schema, copies } = grasp
      if ((await query(`${COPY_EXISTS}'${copies}'`)).length === 0) return null
      const kept = await tablesIn(grasp, copies)
      const there = await tablesIn(grasp, schema)
      if (!there.every(table => kept.includes(table))) return null
      for (const table of there) await replace(grasp, table)
      return { everything: true }
    },
  },
  {
    name: 'alter_a_value',
    weight: 2,
    tells: 'Only `reconcile` reads rows that the source has not changed.',
    act: async grasp => {
      const key = oneOf(grasp.random, await keys(grasp, 'order by 1'))
      const { root } = tablesOf(grasp.stream)
      const column = ['first_name', 'last_name', 'title', 'product_title', 'name', 'value', 'status'].find(name =>
        root.columns.some(declared => declared.name === name && declared.kind === 'text'),
      )
      if (key === undefined || column === undefined) return null
      await grasp.query(`update ${rootOf(grasp)} set "${column}" = 'altered by hand' where ${keyOf(grasp)} = ${key}`)
      return { altered: [key] }
    },
  },
  {
    name: 'watermark_in_the_future',
    weight: 2,
    case: 'K1/1',
    tells: 'No source has said anything of that time yet.',
    act: checkpoint(`watermark = cast('2099-01-01T00:00:00Z' as timestamptz)`),
  },
  {
    name: 'watermark_infinite',
    weight: 1,
    case: 'K1/3',
    tells: 'It is no time that can be read.',
    act: checkpoint(`watermark = cast('infinity' as timestamptz)`),
  },
  {
    name: 'scan_of_nonsense',
    weight: 1,
    case: 'S/1',
    tells: 'It is not what a program writes there.',
    act: checkpoint(`walk = '{"x": 1}'`),
  },
  {
    name: 'checkpoint_deleted',
    weight: 1,
    tells: 'The stream is read from its start.',
    act: async ({ query, schema, stream }) => {
      await query(`delete from "${schema}"._sync_checkpoints where stream = '${stream.name}'`)
      return { unread: true }
    },
  },
  {
    name: 'datestyle',
    weight: 1,
    case: 'K1/3',
    only: 'postgres',
    tells: 'The program sets what it relies on itself.',
    act: async ({ query }) => {
      const database = String((await query('select current_database() as name'))[0]?.name)
      await query(`alter database "${database}" set datestyle = 'SQL, DMY'`)
      return {}
    },
  },
  {
    name: 'user_column',
    weight: 1,
    tells: 'A column more does no harm.',
    act: async grasp => {
      await grasp.query(`alter table ${rootOf(grasp)} add column if not exists soak_note text`)
      return {}
    },
  },
  {
    name: 'user_view',
    weight: 1,
    tells: 'A view on a table does no harm.',
    act: async grasp => {
      const { query, copies } = grasp
      await query(`create schema if not exists ${copies}_views`)
      await query(`create or replace view ${copies}_views."${grasp.stream.name}" as select * from ${rootOf(grasp)}`)
      return { undo: `drop view if exists ${copies}_views."${grasp.stream.name}"` }
    },
  },
  {
    name: 'user_check',
    weight: 1,
    case: 'K6/24',
    only: 'postgres',
    tells: 'The database names the constraint.',
    act: async grasp => {
      await grasp.query(`alter table ${rootOf(grasp)} add constraint soak_check check (${keyOf(grasp)} < 0) not valid`)
      return { undo: `alter table if exists ${rootOf(grasp)} drop constraint if exists soak_check` }
    },
  },
  {
    name: 'user_not_null',
    weight: 1,
    case: 'K6/24',
    tells: 'The database names the column.',
    act: async grasp => {
      await grasp.query(`alter table ${rootOf(grasp)} add column if not exists soak_owner text default 'x'`)
      await grasp.query(`alter table ${rootOf(grasp)} alter column soak_owner drop default`)
      await grasp.query(`update ${rootOf(grasp)} set soak_owner = 'x'`)
      await grasp.query(`alter table ${rootOf(grasp)} alter column soak_owner set not null`)
      return { undo: `alter table if exists ${rootOf(grasp)} drop column if exists soak_owner` }
    },
  },
  {
    name: 'user_trigger',
    weight: 1,
    case: 'K6/24',
    only: 'postgres',
    tells: 'The database says what the trigger says.',
    act: async grasp => {
      const { query, copies } = grasp
      await query(`create schema if not exists ${copies}_views`)
      await query(`create or replace function ${copies}_views.no() returns trigger language plpgsql as
        $$ begin raise exception 'not today'; end $$`)
      await query(`create or replace trigger soak_no before insert or update on ${rootOf(grasp)}
        for each row execute function ${copies}_views.no()`)
      return { undo: `drop trigger if exists soak_no on ${rootOf(grasp)}` }
    },
  },
]

/** The rows of the copy in place of those that are there, in the columns that both have. */
async function replace({ query, schema, copies }: Grasp, table: string): Promise<void> {
  const columns = async (of: string): Promise<string[]> =>
    (
      await query(`select column_name as c from information_schema.columns
        where table_schema = '${of}' and table_name = '${table}' order by ordinal_position`)
    ).map(({ c }) => `"${c}"`)
  const kept = await columns(copies)
  const both = (await columns(schema)).filter(name => kept.includes(name)).join(', ')
  await query(`delete from "${schema}"."${table}"`)
  await query(`insert into "${schema}"."${table}" (${both}) select ${both} from ${copies}."${table}"`)
}
