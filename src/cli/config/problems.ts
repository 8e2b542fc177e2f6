import leven from 'leven'
import { type Document, isMap, isScalar } from 'yaml'
import { z } from 'zod'
import type { ConfigProblem } from '../../common/errors.ts'
import { configSchema } from './schema.ts'

export type LineAt = (offset: number) => number

/** What a reader can act on: where in the file, on which line, and what is expected there. */
export function problemsOf(issue: z.core.$ZodIssue, document: Document, lineAt: LineAt): ConfigProblem[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => ({
      path: [...path, key].join('.'),
      line: lineOf(document, [...path, key], lineAt),
      message: `unknown${nearest(key, knownKeys(path))}`,
    }))
  const given = document.getIn(path, true)
  return [
    {
      path: path.join('.'),
      line: lineOf(document, path, lineAt),
      message:
        given === undefined && issue.code === 'invalid_type'
          ? 'is missing'
          : `${expectation(issue)}${shown(issue, given)}`,
    },
  ]
}

/** Where a secret belongs, or stands when one level of the file was forgotten: never shown. */
const SECRET = new Set(['token', 'postgres'])
const holdsSecret = (issue: z.core.$ZodIssue): boolean =>
  SECRET.has(String(issue.path.at(-1))) || (issue.code === 'invalid_type' && issue.expected === 'object')

/** What the file says, not what a variable in it stands for: that may be a secret anywhere. */
function shown(issue: z.core.$ZodIssue, given: unknown): string {
  if (!isScalar(given) || holdsSecret(issue)) return ''
  return `, not ${JSON.stringify(typeof given.value === 'string' ? (given.source ?? given.value) : given.value)}`
}

const expectation = (issue: z.core.$ZodIssue): string =>
  issue.code === 'invalid_type'
    ? `should be ${/^[aeio]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`
    : issue.message.replace(/^(?=a |an |all|auto|keep|reject|capture)/, 'should be ')

/** The line of the key, or of the nearest one above it. */
export function lineOf(document: Document, path: readonly string[], lineAt: LineAt): number | null {
  for (let depth = path.length; depth > 0; depth--) {
    const parent = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true)
    const pair = isMap(parent)
      ? parent.items.find(item => isScalar(item.key) && String(item.key.value) === path[depth - 1])
      : undefined
    if (pair && isScalar(pair.key) && pair.key.range) return lineAt(pair.key.range[0])
  }
  return null
}

function knownKeys(path: readonly string[]): string[] {
  let schema: unknown = configSchema
  for (const part of path) schema = schemaHashOf(schema)[part]
  return Object.keys(schemaHashOf(schema))
}

function schemaHashOf(schema: unknown): Record<string, unknown> {
  return schema instanceof z.ZodObject ? schema.shape : {}
}

/** `; did you mean …?`, when something near is known. */
export function nearest(word: string, known: readonly string[]): string {
  const best = known.map(k => ({ k, distance: leven(word, k) })).sort((a, b) => a.distance - b.distance)[0]
  return best && best.distance <= Math.max(2, word.length / 3) ? `; did you mean ${best.k}?` : ''
}

/** What the parser says about its syntax, without the piece of the file that it quotes. */
export const syntaxProblem = (message: string, line: number | null): ConfigProblem => ({
  path: '',
  line,
  message: message.split('\n')[0]?.replace(/: ["|>&*!].*$/, '') ?? message,
})

export function unknownStreams(document: Document, known: readonly string[], lineAt: LineAt): ConfigProblem[] {
  const { streams: listed, refresh, history } = document.toJS() ?? {}
  const names: unknown[] = Array.isArray(listed) ? listed : Array.isArray(listed?.except) ? listed.except : []
  const refreshed = typeof refresh === 'object' && refresh !== null ? Object.keys(refresh) : []
  const versioned: unknown[] = Array.isArray(history) ? history : []
  return [
    ...names.map(name => ({ name, path: ['streams'] })),
    ...versioned.map(name => ({ name, path: ['history'] })),
    ...refreshed.map(name => ({ name, path: ['refresh', name] })),
  ]
    .filter(({ name }) => typeof name === 'string' && !known.includes(name))
    .map(({ name, path }) => ({
      path: path.join('.'),
      line: lineOf(document, path, lineAt),
      message: `there is no stream ${name}${nearest(String(name), known)}`,
    }))
}
