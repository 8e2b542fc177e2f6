/* The questions of `init`, at a terminal. */
import * as clack from '@clack/prompts'
import { SyncError } from '../../../common/errors.ts'
import { lines, type Printable } from '../../../common/printable.ts'
import { addressProblem, fileProblem, type Known, tokenProblem } from './answers.ts'
import { type Answers, DEFAULT_DUCKDB, DEFAULT_SCHEMA } from './settings.ts'

/** Somebody ended the questions with Ctrl-C or Escape. */
export class Cancelled extends SyncError {
  constructor() {
    super('interrupted', 'stop', 'Cancelled: nothing was written.', 'Run init again when you are ready.')
  }
}

async function answered<T>(prompt: Promise<T>): Promise<Exclude<T, symbol>> {
  const answer = await prompt
  if (clack.isCancel(answer)) throw new Cancelled()
  return answer as Exclude<T, symbol>
}

export const begin = (): void => clack.intro('Settings for a sync of a Recharge store, in this folder')
export const say = (text: Printable): void => clack.log.step(text)

/** Ctrl-C is a no: what was written before the question stands. */
export const confirm = async (message: string, signal: AbortSignal): Promise<boolean> =>
  (await clack.confirm({ message, signal })) === true

/** Asks for the token until `tryIt` accepts one. @param tryIt throws what Recharge says of it. */
export async function askToken<T>(
  known: Known,
  tryIt: (token: Answers['token']) => Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly token: Answers['token']; readonly seen: T }> {
  // One that was given is tried once: it is not for this dialogue to replace it.
  if (known.token !== null) return { token: known.token, seen: await tryIt(known.token) }
  for (;;) {
    const value = await answered(
      clack.password({
        message: 'Recharge API token, with read scopes (merchant portal: Apps > API tokens)',
        validate: text => wrong(tokenProblem(text ?? '')),
        signal,
      }),
    )
    const token = { value: value.trim(), file: null }
    try {
      return { token, seen: await tryIt(token) }
    } catch (error) {
      showOrThrow(error)
    }
  }
}

/** Asks where rows go until `tryIt` can reach it. */
export async function askDestination(
  known: Known,
  tryIt: (place: Pick<Answers, 'destination' | 'schema'>) => Promise<void>,
  signal: AbortSignal,
): Promise<Pick<Answers, 'destination' | 'schema'>> {
  for (;;) {
    const destination = known.destination ?? (await askPlace(known.schema ?? DEFAULT_SCHEMA, signal))
    const schema = known.schema ?? ('duckdb' in destination ? DEFAULT_SCHEMA : await askSchema(signal))
    try {
      await tryIt({ destination, schema })
      return { destination, schema }
    } catch (error) {
      if (known.destination !== null) throw error
      showOrThrow(error)
    }
  }
}

async function askPlace(schema: string, signal: AbortSignal): Promise<Answers['destination']> {
  const kind = await answered(
    clack.select({
      message: 'Where do the rows go?',
      options: [
        { value: 'duckdb' as const, label: 'DuckDB', hint: 'one file on this machine, nothing to install' },
        { value: 'postgres' as const, label: 'Postgres', hint: 'a server that others read too' },
      ],
      signal,
    }),
  )
  if (kind === 'duckdb') {
    const duckdb = await answered(
      clack.text({
        message: 'File of the database',
        placeholder: DEFAULT_DUCKDB,
        defaultValue: DEFAULT_DUCKDB,
        validate: text => (text ? wrong(fileProblem(text, schema)) : undefined),
        signal,
      }),
    )
    return { duckdb }
  }
  const postgres = await answered(
    clack.password({
      message: 'Address: postgres://user:password@host:5432/database (shown as dots)',
      validate: text => wrong(addressProblem((text ?? '').trim())),
      signal,
    }),
  )
  return { postgres: postgres.trim() }
}

const askSchema = (signal: AbortSignal): Promise<string> =>
  answered(
    clack.text({
      message: 'Schema for the tables',
      placeholder: DEFAULT_SCHEMA,
      defaultValue: DEFAULT_SCHEMA,
      validate: text =>
        text && !/^[a-z_][a-z0-9_]{0,62}$/.test(text) ? 'A lower-case name of letters, digits and _.' : undefined,
      signal,
    }),
  )

const wrong = (problem: string | null): string | undefined => (problem === null ? undefined : `It ${problem}.`)

/** What a person can answer otherwise is shown. */
function showOrThrow(error: unknown): void {
  if (!(error instanceof SyncError) || error.code === 'interrupted') throw error
  clack.log.error(lines(error.message, error.next))
}
