import { below, beside, lines, type Printable, rest } from '../common/printable.ts'
import type { Readable, Stream } from '../schema/stream.ts'
import { type Look, prose } from './look.ts'

/** A scope to tick, and what it gives. */
export interface ScopeToAdd {
  readonly scope: string
  /** Streams that the token then may read. */
  readonly streams: readonly string[]
  /** Streams of several lists, of which it gives some. */
  readonly in_part: readonly string[]
}

/**
 * The scopes to add to a token so that it may read these streams. Where one of several scopes is enough, the one that gives
 * the most streams is named.
 */
export function scopesToAdd(streams: readonly Stream[], readable: Readable): readonly ScopeToAdd[] {
  let missing = streams.flatMap(({ name, each, scopes }) => {
    const needed = each ? Object.values(each.values) : [scopes]
    return needed
      .filter(alternatives => alternatives.length > 0 && !readable(alternatives))
      .map(alternatives => ({ name, alternatives, inPart: needed.length > 1 }))
  })
  const found: ScopeToAdd[] = []
  while (missing.length > 0) {
    const gives = (scope: string) => missing.filter(({ alternatives }) => alternatives.includes(scope))
    const [best = ''] = [...new Set(missing.flatMap(({ alternatives }) => alternatives))].sort(
      (a, b) => gives(b).length - gives(a).length,
    )
    const given = gives(best)
    const namesOf = (inPart: boolean): readonly string[] => [
      ...new Set(given.filter(part => part.inPart === inPart).map(({ name }) => name)),
    ]
    found.push({ scope: best, streams: namesOf(false), in_part: namesOf(true) })
    missing = missing.filter(part => !given.includes(part))
  }
  return found.sort((a, b) => a.scope.localeCompare(b.scope, 'en'))
}

/** Where scopes are added. */
export const PORTAL = 'in the merchant portal (Apps > API tokens)'

/** The list to tick, a scope in each line with the streams that it gives. */
export function scopeList(scopes: readonly ScopeToAdd[], look: Look, indent = '  '): Printable {
  const width = scopes.reduce((most, { scope }) => Math.max(most, scope.length), 0)
  const parts = scopes.map(({ scope, streams, in_part }) => ({
    label: `${indent}[ ] ${scope.padEnd(width)}  `,
    gives: [...streams, ...in_part.map(name => `${name} (in part)`)],
  }))
  // A mail is as narrow as a terminal: this is a table.
  const table = { ...look, isTerminal: Number.isFinite(look.width) }
  const isNarrow = parts.some(({ label, gives }) => gives.some(name => `${label}${name},`.length > look.width))
  return below(
    ...parts.map(({ label, gives }) => {
      const names = gives.join(', ')
      if (isNarrow) return below(lines(label.trimEnd()), prose(table, `${indent}      `, names))
      return beside(lines(label), rest(prose(table, ' '.repeat(label.length), names), label.length))
    }),
  )
}
