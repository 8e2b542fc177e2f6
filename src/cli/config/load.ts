import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Document, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { ConfigError } from '../../common/errors.ts'
import type { Instant } from '../../common/model.ts'
import type { Policies } from '../../schema/policy.ts'
import type { Stream } from '../../schema/stream.ts'
import { columnProblems } from './columns.ts'
import { problemsOf, syntaxProblem, unknownStreams } from './problems.ts'
import { configSchema } from './schema.ts'
import { fillVariables } from './variables.ts'

export interface Config {
  readonly file: string
  /** Where the file is; relative paths begin here. */
  readonly directory: string
  readonly recharge: {
    readonly token: string
    readonly baseUrl: string
    readonly start: Instant | null
    readonly overlapMs: number
    readonly concurrency: number
    readonly rate: 'auto' | { readonly bucket: number; readonly perSecond: number }
    /** 0 to 1. */
    readonly budget: number
    readonly timeoutMs: number
  }
  readonly destination:
    | { readonly kind: 'duckdb'; readonly file: string; readonly schema: string }
    | { readonly kind: 'postgres'; readonly url: string; readonly schema: string }
  readonly streams: 'all' | readonly string[] | { readonly except: readonly string[] }
  /** How old a full scan of the stream may be before it is scanned again, in milliseconds. */
  readonly refreshMs: (stream: string) => number
  /** Streams of which every version seen is kept. */
  readonly history: readonly string[]
  /** What is stored of each column. */
  readonly policies: Policies
  readonly maxRejects: number
  /** The token, and addresses with a password in them: never to be shown. */
  readonly secrets: readonly string[]
}

/**
 * Reads the file and the variables it names. Nothing else in the program reads either.
 * @param declared every stream, to check the selection and the columns against.
 * @throws {ConfigError} with every problem at once.
 */
export function loadConfig(file: string, declared: readonly Stream[], environment = process.env): Config {
  const path = resolve(file)
  let source: string
  try {
    source = readFileSync(path, 'utf8')
  } catch (error) {
    const why = error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'there is no such file' : error
    throw new ConfigError(file, [{ path: '', line: null, message: `${why}; name another with --config` }])
  }
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false })
  const lineAt = (offset: number): number => lines.linePos(offset).line
  if (document.errors.length > 0)
    throw new ConfigError(
      file,
      document.errors.map(e => syntaxProblem(e.message, lineAt(e.pos[0]))),
    )
  const problems = fillVariables(document, environment, lineAt)
  const missing = new Set(problems.map(problem => problem.path))
  const parsed = configSchema.safeParse(plain(document, file) ?? {})
  if (!parsed.success)
    for (const problem of parsed.error.issues.flatMap(issue => problemsOf(issue, document, lineAt)))
      if (!missing.has(problem.path)) problems.push(problem)
  const streams = declared.map(({ name }) => name)
  problems.push(...unknownStreams(document, streams, lineAt), ...columnProblems(document, declared, lineAt))
  if (!parsed.success || problems.length > 0)
    throw new ConfigError(
      file,
      problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    )
  return settled(parsed.data, path)
}

/** An alias without an anchor is found only here. @throws {ConfigError} */
function plain(document: Document, file: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw new ConfigError(file, [syntaxProblem(error instanceof Error ? error.message : String(error), null)])
  }
}

function settled({ recharge, destination, ...rest }: z.infer<typeof configSchema>, path: string): Config {
  const directory = dirname(path)
  const { schema, duckdb, postgres } = destination
  return {
    file: path,
    directory,
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
        ? { kind: 'duckdb', file: resolve(directory, duckdb ?? ''), schema }
        : { kind: 'postgres', url: postgres, schema },
    streams: rest.streams,
    refreshMs: refreshOf(rest.refresh),
    history: rest.history,
    policies: { sensitive: rest.sensitive, columns: rest.columns, onMismatch: rest.on_mismatch, drift: rest.drift },
    maxRejects: rest.max_rejects,
    secrets: [recharge.token, ...(postgres === undefined ? [] : [postgres])],
  }
}

const REFRESH = 86_400_000

const refreshOf =
  (refresh: number | Readonly<Record<string, number>>): Config['refreshMs'] =>
  stream =>
    typeof refresh === 'number' ? refresh : (refresh[stream] ?? REFRESH)
