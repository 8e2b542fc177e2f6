import { readFileSync } from 'node:fs'
import { dirname, join, parse, resolve } from 'node:path'
import { type Document, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { ConfigError, type ConfigProblem } from '../../common/errors.ts'
import type { Instant } from '../../common/model.ts'
import type { DestinationConfig } from '../../load/open.ts'
import type { AnalyticsSettings } from '../../schema/lookup-views.ts'
import type { Policies } from '../../schema/policy.ts'
import type { Stream } from '../../schema/stream.ts'
import type { MetricsSettings, NotifySettings } from '../notify/settings.ts'
import { columnProblems } from './columns.ts'
import { overridden, readEnvFile, withEnvFile } from './env-file.ts'
import { type GivenConfig, givenFile, givenObject, type LineAt } from './given.ts'
import { expandHome } from './home.ts'
import { emptySelection, membersOf, problemsOf, unknownStreams } from './problems.ts'
import { configSchema, DAY, token as tokenSchema } from './schema.ts'
import { readSecret, replaceVariables } from './variables.ts'

/** The configuration, checked, with defaults in place. */
export interface Config {
  /** The file it was read from. */
  readonly file: string
  /** Relative paths in it start here. */
  readonly directory: string
  /** Name of the store in a fleet; null: the file is of one store alone. */
  readonly store: string | null
  readonly recharge: {
    readonly token: string
    readonly baseUrl: string
    readonly start: Instant | null
    readonly overlapMs: number
    /** Requests in flight at most. */
    readonly concurrency: number | 'auto'
    readonly rate: 'auto' | { readonly bucket: number; readonly perSecond: number }
    /** Share of the token's rate, above 0, at most 1. */
    readonly budget: number
    readonly timeoutMs: number
    /** How long a run waits while no connection to the API can be made. */
    readonly patienceMs: number
  }
  readonly destination: DestinationConfig
  readonly streams: 'all' | readonly string[] | { readonly except: readonly string[] }
  /** How old a full scan of the stream may be before the stream is scanned again, in milliseconds. */
  readonly refreshMs: (stream: string) => number
  /** Streams of which every version seen is kept. */
  readonly history: readonly string[]
  /** Whether a sync makes the views. */
  readonly views: boolean
  /** Whether the views in the layout of Fivetran's connector are among them. */
  readonly fivetranViews: boolean
  readonly analytics: AnalyticsSettings
  /** Views that are kept as tables, besides those that say so themselves, and those of them that are not. */
  readonly materialize: { readonly add: readonly string[]; readonly except: readonly string[] }
  /** Whether tables get indexes, in a database that uses them. */
  readonly indexes: boolean
  /** What is stored of each column. */
  readonly policies: Policies
  readonly maxRejects: number
  /** How long reports of runs are kept, in milliseconds. */
  readonly retentionMs: number
  readonly notify: NotifySettings
  readonly metrics: MetricsSettings
  /** Files that the token or other values were read from, also this one if it holds a secret itself. */
  readonly secretFiles: readonly string[]
  /** Variables that would be settings if there were no file, and that the file does not name. */
  readonly unread?: readonly string[]
  /** Variables that `env_file` sets and the process sets to something else, which counts. */
  readonly overridden?: readonly string[]
  /** The token, and addresses that contain a password: never shown. */
  readonly secrets: readonly string[]
}

export type Origin = Pick<Config, 'file' | 'directory' | 'store' | 'secretFiles'>

/** A file of settings as it was read. */
export interface SettingsFile {
  /** The whole path. */
  readonly path: string
  readonly document: Document
  readonly lineAt: LineAt
}

/** @throws {ConfigError} if there is no such file, or it is not YAML. */
export function readSettings(file: string): SettingsFile {
  const path = resolve(file)
  const lines = new LineCounter()
  const text = read(file, path)
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const lineAt = (offset: number): number => lines.linePos(offset).line
  // What follows the first error follows from it.
  const [error] = document.errors
  if (error) {
    const line = lineAt(error.pos[0])
    const { message, ...problem } = syntaxProblem(error.message, line)
    const isUnquoted = /[{[][^'"]*\$\{/.test(text.split('\n')[line - 1] ?? '')
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of the file
    const hint = isUnquoted ? '; inside { } and [ ], put quotes around ${…}: "${NAME}"' : ''
    throw new ConfigError(file, [{ ...problem, message: `${message}${hint}` }])
  }
  return { path, document, lineAt }
}

/**
 * Reads the file, and the environment variables that it names.
 * @param declared every stream, to check names of streams, tables and columns against.
 * @param needsToken false: the token may be missing, and is then empty. Whoever only reads the warehouse may have none.
 * @throws {ConfigError} with every problem at once.
 */
export function loadConfig(
  file: string,
  declared: readonly Stream[],
  environment = process.env,
  needsToken = true,
): Config {
  const { path, document, lineAt } = readSettings(file)
  if (document.has('stores'))
    throw new ConfigError(file, [
      { path: 'stores', line: null, message: 'this is the file of a fleet; name one of its stores with --store' },
    ])
  const directory = dirname(path)
  const literal = holdsLiteral(document)
  const envFile = readEnvFile(document, directory, lineAt)
  const replaced = replaceVariables(document, withEnvFile(environment, envFile), directory, lineAt)
  // Where every variable is set elsewhere, in a container for example, the file is not needed.
  const isNeeded = envFile.problem !== null && (envFile.isThere || replaced.problems.length > 0)
  const problems = [...(isNeeded && envFile.problem ? [envFile.problem] : []), ...replaced.problems]
  const given = givenFile(file, document, plainData(document, file) ?? {}, lineAt)
  const secretFiles = [...(literal ? [path] : []), ...envFile.files, ...replaced.files]
  const origin = { file: path, directory, store: null, secretFiles }
  const config = checked(given, declared, problems, origin, needsToken)
  return envFile.files.length > 0 ? { ...config, overridden: overridden(environment, envFile) } : config
}

/**
 * Checks settings that a program gives. They have the keys of the file; only the file of the token is read. Relative paths
 * start in the working directory.
 * @throws {ConfigError} with every problem at once.
 */
export function configFrom(settings: unknown, declared: readonly Stream[]): Config {
  const name = 'the configuration object'
  const given = givenObject(name, settings)
  // A program has its own ways to read a file of variables, and nothing in an object could name one.
  const unread = given.has(['env_file']) ? [{ path: 'env_file', line: null, message: 'is read in a file only' }] : []
  const others = COMMAND_LINE_ONLY.filter(key => given.has([key])).map(path => ({
    path,
    line: null,
    message: 'is for the command line: here the report is the result of run, for the program to act on',
  }))
  const origin = { file: name, directory: resolve('.'), store: null, secretFiles: [] }
  return checked(given, declared, [...unread, ...others], origin)
}

/** Settings that a program does not give. */
const COMMAND_LINE_ONLY = ['notify', 'metrics']

/** Settings that are secrets, or contain one. */
const SECRETS = [
  ['recharge', 'token'],
  ['destination', 'postgres'],
]
/** Settings that are secrets as a whole, although they are addresses. */
const SECRET_ADDRESSES = [
  ['notify', 'ping'],
  ['notify', 'webhook', 'url'],
]
const holdsSecret = (value: unknown): boolean =>
  typeof value === 'string' && !value.includes('${') && (!value.includes('://') || /:[^/@]+@/.test(value))

/** Whether settings hold a secret themselves, and not the name of a variable. Before variables are replaced. */
export const holdsLiteral = (settings: { getIn(path: readonly string[]): unknown }): boolean =>
  SECRETS.some(at => holdsSecret(settings.getIn(at))) ||
  SECRET_ADDRESSES.some(at => /^[^$]+$/.test(String(settings.getIn(at) ?? '')))

function read(file: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const message = absent ? 'there is no such file' : error instanceof Error ? error.message : String(error)
    throw new ConfigError(file, [{ path: '', line: null, message: `${message}; name another with --config` }])
  }
}

/** Only this finds an alias without its anchor. @throws {ConfigError} */
export function plainData(document: Document, file: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw new ConfigError(file, [syntaxProblem(error instanceof Error ? error.message : String(error), null)])
  }
}

/** The parser's message, without the part of the file that it quotes: that may be a secret. */
export const syntaxProblem = (message: string, line: number | null): ConfigProblem => ({
  path: '',
  line,
  message: message.split('\n')[0]?.replace(/: ["|>&*!].*$/, '') ?? message,
})

/**
 * The settings of one store, checked.
 * @param missing variables that are not set: what validation says about their empty values is left out.
 * @throws {ConfigError} with every problem at once.
 */
export function checked(
  given: GivenConfig,
  declared: readonly Stream[],
  missing: readonly ConfigProblem[],
  origin: Origin,
  needsToken = true,
): Config {
  const token = tokenOf(given, origin.directory)
  const unneeded = needsToken ? [] : missing.filter(({ path }) => isForRuns(path))
  const parsed = configSchema.safeParse(unneeded.length > 0 ? withoutRuns(given.value) : given.value)
  const empty = new Set(missing.map(({ path }) => path))
  const invalid = parsed.success ? [] : parsed.error.issues.flatMap(issue => problemsOf(issue, given))
  const problems = [
    ...missing.filter(problem => !unneeded.includes(problem)),
    ...(needsToken ? token.problems : []),
    ...invalid.filter(({ path }) => !empty.has(path)),
    ...unknownStreams(
      given,
      declared.map(({ name }) => name),
    ),
    ...emptySelection(
      given,
      declared.flatMap(({ name, optIn }) => (optIn ? [] : [name])),
    ),
    ...columnProblems(given, declared),
  ]
  if (!parsed.success || problems.length > 0)
    throw new ConfigError(
      given.name,
      problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    )
  return configOf(parsed.data, token.value ?? parsed.data.recharge.token ?? '', {
    ...origin,
    secretFiles: [...origin.secretFiles, ...token.files],
  })
}

/** Whether a setting is only for commands that read from Recharge. */
const isForRuns = (path: string): boolean => path === 'recharge.token' || /^(notify|metrics)\b/.test(path)

/** An empty token or address would be refused, and none is not. */
function withoutRuns(value: unknown): unknown {
  const { notify: _notify, metrics: _metrics, ...rest } = membersOf(value)
  const { token: _token, ...recharge } = membersOf(rest.recharge)
  return { ...rest, recharge }
}

/** The token from its file. @returns null: the setting has it, or nothing has. */
function tokenOf(given: GivenConfig, directory: string) {
  const { recharge } = membersOf(given.value)
  const settings = membersOf(recharge)
  const problem = (key: string, message: string) => {
    const path = ['recharge', key]
    return { value: null, files: [], problems: [{ path: path.join('.'), line: given.lineOf(path), message }] }
  }
  const none = { value: null, files: [], problems: [] }
  if (!given.has(['recharge', 'token_file']))
    return recharge === undefined || given.has(['recharge', 'token']) ? none : problem('token', 'is missing')
  if (given.has(['recharge', 'token'])) return problem('token_file', 'stands beside token; give one of the two')
  const { token_file: path } = settings
  // What else is wrong with it, the schema says.
  if (typeof path !== 'string' || path === '') return none
  const read = readSecret(path, directory)
  if (read.text === null) return problem('token_file', read.problem)
  const parsed = tokenSchema.safeParse(read.text)
  return parsed.success
    ? { ...none, value: parsed.data, files: [read.file] }
    : problem('token_file', `${read.file} ${parsed.error.issues[0]?.message ?? 'holds no token'}`)
}

function configOf(
  { recharge, destination, ...rest }: z.infer<typeof configSchema>,
  token: string,
  origin: Origin,
): Config {
  const { schema, duckdb, postgres, read_copy: copy } = destination
  const fileAt = (path: string): string => resolve(origin.directory, expandHome(path))
  return {
    ...origin,
    recharge: {
      token,
      baseUrl: recharge.base_url,
      start: recharge.start ?? null,
      overlapMs: recharge.overlap,
      concurrency: recharge.concurrency,
      rate: recharge.rate === 'auto' ? 'auto' : { bucket: recharge.rate.bucket, perSecond: recharge.rate.per_second },
      budget: recharge.budget,
      timeoutMs: recharge.timeout,
      patienceMs: recharge.patience,
    },
    destination:
      postgres === undefined
        ? {
            kind: 'duckdb',
            file: fileAt(duckdb ?? ''),
            schema,
            ...(copy === undefined ? {} : { readCopy: fileAt(copy) }),
          }
        : { kind: 'postgres', url: postgres, schema },
    streams: rest.streams,
    refreshMs: refreshOf(rest.refresh),
    history: rest.history,
    views: rest.views,
    fivetranViews: rest.fivetran_views,
    analytics: {
      zone: rest.analytics.zone,
      excludedSkus: rest.analytics.excluded_skus,
      reasonGroups: rest.analytics.reason_groups,
      errorGroups: rest.analytics.error_groups,
    },
    materialize: rest.materialize,
    indexes: rest.indexes,
    policies: { sensitive: rest.sensitive, columns: rest.columns, onMismatch: rest.on_mismatch, drift: rest.drift },
    maxRejects: rest.max_rejects,
    retentionMs: rest.retention,
    notify: {
      ping: rest.notify.ping ?? null,
      webhook: rest.notify.webhook ?? null,
      command: rest.notify.command
        ? { run: rest.notify.command.run, on: rest.notify.command.on, timeoutMs: rest.notify.command.timeout }
        : null,
      maxAgeMs: rest.notify.max_age ?? null,
    },
    metrics: {
      textfile: rest.metrics.textfile ? textfileOf(rest.metrics.textfile, origin) : null,
      mode: rest.metrics.mode,
      pushgateway: rest.metrics.pushgateway ?? null,
      job: rest.metrics.job,
    },
    secrets: [token, ...(postgres === undefined ? [] : [postgres])],
  }
}

/** Each store of a fleet has a file of its own: `recharge-acme.prom` where all share the setting `recharge.prom`. */
function textfileOf(path: string, { directory, store }: Origin): string {
  const file = resolve(directory, expandHome(path))
  const { dir, name, ext } = parse(file)
  return store === null ? file : join(dir, `${name}-${store}${ext}`)
}

const refreshOf =
  (refresh: number | Readonly<Record<string, number>>): Config['refreshMs'] =>
  stream =>
    typeof refresh === 'number' ? refresh : (refresh[stream] ?? DAY)
