import { z } from 'zod'
import type { ConfigProblem } from '../../common/errors.ts'
import type { GivenConfig } from './given.ts'
import { nearest } from './nearest.ts'
import { configSchema } from './schema.ts'

/**
 * A validation issue as problems, each with its path, its line, what is expected and what was given.
 * @param schema what was validated against, for the names of known keys.
 */
export function problemsOf(
  issue: z.core.$ZodIssue,
  given: GivenConfig,
  schema: unknown = configSchema,
): ConfigProblem[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => ({
      path: [...path, key].join('.'),
      line: given.lineOf([...path, key]),
      message: `unknown${nearest(key, knownKeys(path, schema))}`,
    }))
  const missing = issue.code === 'invalid_type' && !given.has(path)
  // A key whose lines below it are comments.
  const empty = issue.code === 'invalid_type' && issue.expected === 'object' && valueAt(given.value, path) === null
  if (path.length > 0 && empty)
    return [
      {
        path: path.join('.'),
        line: given.lineOf(path),
        message: 'has nothing below it: give it a setting, or take its line out',
      },
    ]
  const quoted = mayHoldSecret(issue) ? null : given.quote(path)
  return [
    {
      path: path.join('.'),
      line: given.lineOf(path),
      message: missing ? 'is missing' : `${expectation(issue)}${quoted === null ? '' : `, not ${quoted}`}`,
    },
  ]
}

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => membersOf(inner)[key], value)

/** Keys whose value is a secret. What stands in place of a file may be the address of a service, with its token. A text in place of a section may be one too, where a level of the file was left out. */
const SECRET = new Set(['token', 'postgres', 'duckdb', 'read_copy'])
/** Of the settings with addresses of services, which are secrets, those that hold none. */
const SERVICES = new Set<PropertyKey | undefined>(['notify', 'metrics'])
const NO_SECRET = new Set(['on', 'format', 'timeout', 'max_age', 'textfile', 'mode', 'job'])
const mayHoldSecret = ({ path, ...issue }: z.core.$ZodIssue): boolean =>
  SECRET.has(String(path.at(-1))) ||
  (issue.code === 'invalid_type' && issue.expected === 'object') ||
  (SERVICES.has(path[0]) && !NO_SECRET.has(String(path.findLast(part => typeof part === 'string'))))

const expectation = (issue: z.core.$ZodIssue): string =>
  issue.code === 'invalid_type'
    ? `should be ${/^[aeio]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`
    : issue.message.replace(/^(?=a |an |all|auto|keep|reject|capture|true|failure|json|30s)/, 'should be ')

/** Names of the settings in the section at `path`. */
export function knownKeys(path: readonly string[], schema: unknown = configSchema): string[] {
  const section = path.reduce((inner, part) => fieldsOf(inner)[part], schema)
  return Object.keys(fieldsOf(section))
}

function fieldsOf(schema: unknown): Record<string, unknown> {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) return fieldsOf(schema.unwrap())
  return schema instanceof z.ZodObject ? schema.shape : {}
}

/** Names of streams in the configuration that no declaration has. */
export function unknownStreams(given: GivenConfig, known: readonly string[]): ConfigProblem[] {
  const { streams: selected, refresh, history } = membersOf(given.value)
  const names = Array.isArray(selected) ? selected : membersOf(selected).except
  const refreshed = Object.keys(membersOf(refresh))
  return [
    ...listOf(names).map(name => ({ name, path: ['streams'] })),
    ...listOf(history).map(name => ({ name, path: ['history'] })),
    ...refreshed.map(name => ({ name, path: ['refresh', name] })),
  ]
    .filter(({ name }) => typeof name === 'string' && !known.includes(name))
    .map(({ name, path }) => ({
      path: path.join('.'),
      line: given.lineOf(path),
      message: unknownStream(String(name), known),
    }))
}

/** The message about a name that no stream has. */
export const unknownStream = (name: string, known: readonly string[]): string =>
  name.trim() === ''
    ? 'has an empty name; separate the names of streams by one comma each'
    : `there is no stream ${name}${nearest(name, known)}`

/** A selection that leaves out every stream. */
export function emptySelection(given: GivenConfig, known: readonly string[]): ConfigProblem[] {
  const except = listOf(membersOf(membersOf(given.value).streams).except)
  if (known.length === 0 || known.some(name => !except.includes(name))) return []
  return [{ path: 'streams', line: given.lineOf(['streams']), message: 'leaves out every stream; name one to sync' }]
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** The members of an object by name; none for anything else. */
export const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
