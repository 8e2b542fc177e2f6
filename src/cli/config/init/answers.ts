import { ConfigError, type ConfigProblem } from '../../../common/errors.ts'
import { duckdbProblem, nameProblem, postgresProblem } from '../address.ts'
import { token as tokenSchema } from '../schema.ts'
import { readSecret } from '../variables.ts'
import { type Answers, DEFAULT_DUCKDB, DEFAULT_SCHEMA } from './settings.ts'

export interface InitFlags {
  readonly tokenEnv?: string
  readonly tokenFile?: string
  readonly duckdb?: string
  readonly postgres?: string
  readonly postgresEnv?: string
  readonly schema?: string
  readonly yes?: true
}

/** What flags and environment say; null: nothing, so it is asked for or has a default. */
export interface Known {
  readonly token: Answers['token'] | null
  readonly destination: Answers['destination'] | null
  readonly schema: string | null
  readonly baseUrl: string | null
}

type Environment = NodeJS.ProcessEnv

/**
 * Flags, and what the environment has of the variables that a command reads without a file.
 * @throws {ConfigError} with every problem at once.
 */
export function knownAnswers(flags: InitFlags, environment: Environment): Known {
  const problems: ConfigProblem[] = []
  const report = (path: string, message: string): null => {
    problems.push({ path, line: null, message })
    return null
  }
  const token = tokenFrom(flags, environment, report)
  const schema = flags.schema ?? (environment.DESTINATION_SCHEMA || null)
  const destination = destinationFrom(flags, environment, schema ?? DEFAULT_SCHEMA, report)
  if (problems.length > 0) throw new ConfigError('the command line', problems)
  return {
    token,
    destination,
    schema,
    baseUrl: environment.RECHARGE_SYNC_BASE_URL || null,
  }
}

type Report = (path: string, message: string) => null

function tokenFrom({ tokenEnv, tokenFile }: InitFlags, environment: Environment, report: Report) {
  if (tokenEnv !== undefined && tokenFile !== undefined)
    return report('--token-file', 'stands beside --token-env; give one of the two')
  const variable = tokenEnv ?? 'RECHARGE_ACCESS_TOKEN'
  if (tokenFile === undefined && environment[variable]) {
    const problem = tokenProblem(environment[variable])
    return problem === null ? { value: environment[variable].trim(), file: null } : report(variable, problem)
  }
  if (tokenEnv !== undefined)
    return report(
      '--token-env',
      /^[A-Za-z_]\w*$/.test(tokenEnv) && !/^sk_/.test(tokenEnv)
        ? `the environment has no ${tokenEnv}; set it first, without writing the token in a command: read -rs ${tokenEnv} && export ${tokenEnv}`
        : 'should be the name of a variable, not the token: other users of this machine can see a command line',
    )
  const file = tokenFile ?? environment.RECHARGE_ACCESS_TOKEN_FILE
  if (!file) return null
  const where = tokenFile === undefined ? 'RECHARGE_ACCESS_TOKEN_FILE' : '--token-file'
  const read = readSecret(file, process.cwd())
  if (read.text === null) return report(where, read.problem)
  const problem = tokenProblem(read.text) ?? referenceProblem(file)
  return problem === null ? { value: read.text.trim(), file } : report(where, `${read.file} ${problem}`)
}

function destinationFrom(
  { duckdb, postgres, postgresEnv }: InitFlags,
  environment: Environment,
  schema: string,
  report: Report,
): Answers['destination'] | null {
  const given = Object.entries({ '--duckdb': duckdb, '--postgres': postgres, '--postgres-env': postgresEnv })
  const [first, second] = given.filter(([, value]) => value !== undefined)
  if (first && second) return report(second[0], `stands beside ${first[0]}; give one of the two`)
  if (duckdb !== undefined) {
    const problem = fileProblem(duckdb, schema)
    return problem === null ? { duckdb } : report('--duckdb', problem)
  }
  if (postgres !== undefined) {
    const problem = addressProblem(postgres)
    if (problem !== null) return report('--postgres', problem)
    if (hasPassword(postgres))
      return report(
        '--postgres',
        'contains a password, and other users of this machine can see a command line: put the address into a variable, such as DATABASE_URL, and give --postgres-env DATABASE_URL',
      )
    return { postgres }
  }
  const variable = postgresEnv ?? 'DESTINATION'
  const value = environment[variable]?.trim()
  if (!value)
    return postgresEnv === undefined
      ? null
      : report('--postgres-env', `the environment has no ${postgresEnv}; set it first`)
  const isFile = postgresEnv === undefined && !/^postgres(ql)?:/.test(value)
  const problem = isFile ? fileProblem(value, schema) : addressProblem(value)
  if (problem !== null) return report(variable, problem)
  return isFile ? { duckdb: value } : { postgres: value }
}

/** @throws {ConfigError} that names what is missing: nobody can be asked. @param flags `yes` takes the usual file. */
export function completeAnswers({ token, destination, schema, baseUrl }: Known, { yes }: InitFlags): Answers {
  const problems: ConfigProblem[] = []
  const missing = (path: string, message: string): void => {
    problems.push({ path, line: null, message })
  }
  if (token === null)
    missing(
      'the token',
      'put it into RECHARGE_ACCESS_TOKEN, or into a file and give --token-file FILE; it is never written in a command, which other users of this machine can see',
    )
  const place = destination ?? (yes ? { duckdb: DEFAULT_DUCKDB } : null)
  if (place === null)
    missing('the destination', 'give --duckdb FILE, or --postgres-env NAME with the variable that has the address')
  if (token === null || place === null) throw new ConfigError('the command line', problems)
  return { token, destination: place, schema: schema ?? DEFAULT_SCHEMA, baseUrl }
}

/* What is wrong with an answer; null: nothing. None of them quotes it. */

export function tokenProblem(value: string): string | null {
  const parsed = tokenSchema.safeParse(value)
  if (!parsed.success) return parsed.error.issues[0]?.message ?? 'is no token'
  return /['"\\`$]/.test(parsed.data) ? 'contains a quote, a dollar sign or a backslash, which no token has' : null
}

export const fileProblem = (path: string, schema: string): string | null =>
  duckdbProblem(path) ?? nameProblem(path, schema) ?? referenceProblem(path)

export function addressProblem(value: string): string | null {
  if (!/^postgres(ql)?:\/\//.test(value))
    return 'should be an address such as postgres://user:password@host:5432/database'
  // The file of variables puts it between single quotes.
  return /[\\']/.test(value)
    ? 'contains a quote or a backslash: percent-encode them (%27, %5C)'
    : postgresProblem(value)
}

const referenceProblem = (path: string): string | null =>
  path.includes('${') ? 'contains ${, which the settings file would read as a variable' : null

/** Also in the query, where the driver takes one from. */
const hasPassword = (address: string): boolean => /^\w+:\/\/[^/?#]*:[^/?#@]*@|[?&]password=/.test(address)
