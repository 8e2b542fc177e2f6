import type pg from 'pg'
import { DestinationError } from '../../common/errors.ts'

/** How long a change of a table waits for a lock. All who read the table after it wait as long. */
const WAIT = '2s'

/** Runs statements that give up if somebody holds a table; the rest of the transaction does so too. @throws {DestinationError} `locked` */
export async function withLockTimeout<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query(`set local lock_timeout = '${WAIT}'`)
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== '55P03') throw error
    throw new DestinationError('locked', `Postgres: ${error.message}`, error)
  }
}

/** A transaction of a backend. The backend may serve another program later, if a pooler lends it. */
export interface RunningTransaction {
  readonly backend: number
  readonly began: string
}

/**
 * Runs DDL that may take minutes, and gives up if somebody holds a table. When the signal is aborted, the server is told
 * to stop: if the connection merely closed, it would go on and keep its locks.
 * @param cancel runs `cancelTransaction` on another connection.
 */
export async function longDdl(
  client: pg.ClientBase,
  statements: string,
  signal: AbortSignal,
  cancel: (transaction: RunningTransaction) => void,
): Promise<void> {
  await withLockTimeout(client, async () => {
    const { rows } = await client.query<RunningTransaction>(
      `select pg_backend_pid() as backend, cast(now() as text) as began, set_config('statement_timeout', '0', true)`,
    )
    const stop = (): void => rows.forEach(cancel)
    signal.throwIfAborted()
    signal.addEventListener('abort', stop, { once: true })
    try {
      await client.query(statements)
    } finally {
      signal.removeEventListener('abort', stop)
    }
  })
}

export async function cancelTransaction(
  client: Pick<pg.ClientBase, 'query'>,
  { backend, began }: RunningTransaction,
): Promise<void> {
  await client.query(
    `select pg_cancel_backend(pid) from pg_stat_activity where pid = $1 and xact_start = cast($2 as timestamptz)`,
    [backend, began],
  )
}

/** Who holds locks on tables of the schema: process ids with what they say about themselves. */
export async function lockHolders(client: pg.ClientBase, schema: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ pid: number; name: string; user: string; state: string; since: string }>(
    `select a.pid, a.application_name as name, coalesce(a.usename, '') as user, coalesce(a.state, '') as state,
       coalesce(to_char(min(a.xact_start) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'), '') as since
     from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
     join pg_stat_activity a on a.pid = l.pid
     where n.nspname = $1 and l.granted and l.pid <> pg_backend_pid() and l.database =
       (select oid from pg_database where datname = current_database())
     group by 1, 2, 3, 4 order by 5, 1`,
    [schema],
  )
  return rows.map(
    ({ pid, name, user, state, since }) =>
      `process ${pid} (${[name, user, state].filter(Boolean).join(', ')}${since && `, in a transaction since ${since}Z`})`,
  )
}
