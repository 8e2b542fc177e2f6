import picomatch from 'picomatch'
import { ConfigError, type ConfigProblem } from '../common/errors.ts'
import { nearest } from './config/nearest.ts'

/** Names of streams, and patterns of names such as `order*`, as the command line gives them. */
export interface StreamFlags {
  /** Names. */
  readonly streams?: readonly string[]
  /** Names and patterns: these streams. */
  readonly select?: readonly string[]
  /** Names and patterns: not these. */
  readonly exclude?: readonly string[]
}

export interface Matched {
  /** Streams that are named in full. */
  readonly named: readonly string[]
  /** Streams that a pattern matches. */
  readonly matched: readonly string[]
}

// A comma separates patterns, so there are no braces. `*` matches any part of a name.
const OPTIONS = { nobrace: true, nonegate: true, noextglob: true } as const

const isPattern = (text: string): boolean => picomatch.scan(text, OPTIONS).isGlob === true

/**
 * The streams that names and patterns mean.
 * @param path the flag, for messages.
 * @param optIn streams that are read only when they are named: a pattern does not name them.
 * @throws {ConfigError} naming each that matches nothing.
 */
export function matchStreams(
  patterns: readonly string[],
  names: readonly string[],
  path: string,
  optIn: ReadonlySet<string> = new Set(),
): Matched {
  const named: string[] = []
  const matched: string[] = []
  const problems: ConfigProblem[] = []
  const refuse = (message: string): void => {
    problems.push({ path, line: null, message })
  }
  for (const pattern of patterns) {
    if (pattern === '') {
      refuse('has an empty name; separate the names of streams by one comma each')
      continue
    }
    const matches = picomatch(pattern, OPTIONS)
    const found = names.filter(name => matches(name))
    const usual = found.filter(name => !optIn.has(name))
    if (isPattern(pattern)) {
      matched.push(...usual)
      if (found.length === 0)
        refuse(`no stream matches ${pattern}${nearest(pattern.replaceAll(/[^a-z0-9_]/g, ''), names)}`)
      else if (usual.length === 0)
        refuse(`${pattern} matches only what is read when it is named in full: ${found.join(', ')}`)
    } else if (names.includes(pattern)) named.push(pattern)
    else refuse(`there is no stream ${pattern}${nearest(pattern, names)}`)
  }
  if (problems.length > 0) throw new ConfigError('the command line', problems)
  return { named, matched }
}
