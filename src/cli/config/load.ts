import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Document, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { ConfigError, type ConfigProblem } from '../../common/errors.ts'
import type { Instant } from '../../common/model.ts'
import type { Policies } from '../../schema/policy.ts'
import type { Stream } from '../../schema/stream.ts'
import { columnProblems } from './columns.ts'
import { type GivenConfig, givenFile, givenObject } from './given.ts'
import { problemsOf, unknownStreams } from './problems.ts'
import { configSchema, DAY } from './schema.ts'
import { replaceVariables } from './variables.ts'

/** The configuration, checked, with defaults in place. */
export interface Config {
  /** The file it was read from. */
  readonly file: string
  /** Relative paths in it start here. */
  readonly directory: string
  readonly recharge: {
    readonly token: string
    readonly baseUrl: string
    readonly start: Instant | null
    readonly overlapMs: number
    readonly concurrency: number
    readonly rate: 'auto' | { readonly bucket: number; readonly perSecond: number }
    /** Share of the token's rate, above 0, at most 1. */
    readonly budget: number
    readonly timeoutMs: number
  }
  readonly destination:
    | { readonly kind: 'duckdb'; readonly file: string; readonly schema: string }
    | { readonly kind: 'postgres'; readonly url: string; readonly schema: string }
  readonly streams: 'all' | readonly string[] | { readonly except: readonly string[] }
  /** How old a full scan of the stream may be before the stream is scanned again, in milliseconds. */
  readonly refreshMs: (stream: string) => number
  /** Streams of which every version seen is kept. */
  readonly history: readonly string[]
  /** What is stored of each column. */
  readonly policies: Policies
  readonly maxRejects: number
  /** The token, and addresses that contain a password: never shown. */
  readonly secrets: readonly string[]
}

/**
 * Reads the file, and the environment variables that it names.
 * @param declared every stream, to check names of streams, tables and columns against.
 * @throws {ConfigError} with every problem at once.
 */
export function loadConfig(file: string, declared: readonly Stream[], environment = process.env): Config {
  const path = resolve(file)
  const lines = new LineCounter()
  const document = parseDocument(read(file, path), { lineCounter: lines, prettyErrors: false })
  const lineAt = (offset: number): number => lines.linePos(offset).line
  if (document.errors.length > 0)
    throw new ConfigError(
      file,
      document.errors.map(e => syntaxProblem(e.message, lineAt(e.pos[0]))),
    )
  const missing = replaceVariables(document, environment, lineAt)
  return checked(givenFile(file, document, plain(document, file) ?? {}, lineAt), declared, missing, {
    file: path,
    directory: dirname(path),
  })
}

/**
 * Checks settings that a program gives. They have the keys of the file; nothing else is read. Relative paths start in the
 * working directory.
 * @throws {ConfigError} with every problem at once.
 */
export function configFrom(settings: unknown, declared: readonly Stream[]): Config {
  const name = 'the configuration object'
  return checked(givenObject(name, settings), declared, [], { file: name, directory: resolve('.') })
}

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
function plain(document: Document, file: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw new ConfigError(file, [syntaxProblem(error instanceof Error ? error.message : String(error), null)])
  }
}

/** The parser's message, without the part of the file that it quotes: that may be a secret. */
const syntaxProblem = (message: string, line: number | null): ConfigProblem => ({
  path: '',
  line,
  message: message.split('\n')[0]?.replace(/: ["|>&*!].*$/, '') ?? message,
})

/** @param missing variables that are not set: what validation says about their empty values is left out. */
function checked(
  given: GivenConfig,
  declared: readonly Stream[],
  missing: readonly ConfigProblem[],
  origin: Pick<Config, 'file' | 'directory'>,
): Config {
  const parsed = configSchema.safeParse(given.value)
  const empty = new Set(missing.map(({ path }) => path))
  const invalid = parsed.success ? [] : parsed.error.issues.flatMap(issue => problemsOf(issue, given))
  const problems = [
    ...missing,
    ...invalid.filter(({ path }) => !empty.has(path)),
    ...unknownStreams(
      given,
      declared.map(({ name }) => name),
    ),
    ...columnProblems(given, declared),
  ]
  if (!parsed.success || problems.length > 0)
    throw new ConfigError(
      given.name,
      problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    )
  return configOf(parsed.data, origin)
}

function configOf(
  { recharge, destination, ...rest }: z.infer<typeof configSchema>,
  origin: Pick<Config, 'file' | 'directory'>,
): Config {
  const { schema, duckdb, postgres } = destination
  return {
    ...origin,
    recharge: {
      token: recharge.token,
      baseUrl: recharge.base_url,
      start: recharge.start ?? null,
      overlapMs: recharge.overlap,
      concurrency: recharge.concurrency,
      rate: recharge.rate === 'auto' ? 'auto' : { bucket: recharge.rate.bucket, perSecond: recharge.rate.per_second },
      budget: recharge.budget,
      timeoutMs: recharge.timeout,
    },
    destination:
      postgres === undefined
        ? { kind: 'duckdb', file: resolve(origin.directory, duckdb ?? ''), schema }
        : { kind: 'postgres', url: postgres, schema },
    streams: rest.streams,
    refreshMs: refreshOf(rest.refresh),
    history: rest.history,
    policies: { sensitive: rest.sensitive, columns: rest.columns, onMismatch: rest.on_mismatch, drift: rest.drift },
    maxRejects: rest.max_rejects,
    secrets: [recharge.token, ...(postgres === undefined ? [] : [postgres])],
  }
}

const refreshOf =
  (refresh: number | Readonly<Record<string, number>>): Config['refreshMs'] =>
  stream =>
    typeof refresh === 'number' ? refresh : (refresh[stream] ?? DAY)
