import { isMap, type Node } from 'yaml'
import { type GivenConfig, givenPart, type LineAt } from './given.ts'
import { membersOf } from './problems.ts'

/** Of these settings only one can be given: a store's own replaces the other one of the defaults. */
const EITHER: Readonly<Record<string, readonly string[]>> = {
  recharge: ['token', 'token_file'],
  destination: ['duckdb', 'postgres'],
}

/** What belongs to a store in the file of a fleet, and to no file of a single store. */
export const OF_FLEET = ['name', 'schedule'] as const

export interface GivenStore extends GivenConfig {
  /** Whether the value at `path` is from the defaults. */
  isShared(path: readonly string[]): boolean
}

/**
 * The settings of one store of a fleet: its own over those that all stores share. A problem is at the line of the store's own
 * setting, else at that of the shared one, else at the store.
 * @param item the store in the file.
 * @param shared the defaults in the file; null: there are none.
 */
export function givenStore(file: string, item: Node, shared: Node | null, lineAt: LineAt): GivenStore {
  const own = givenPart(file, { root: item, value: null }, lineAt)
  const others = givenPart(file, { root: shared, value: null }, lineAt)
  const value = merged(dataOf(shared), dataOf(item))
  const line = item.range ? lineAt(item.range[0]) : null
  const has = (path: readonly string[]): boolean =>
    path.reduce<unknown>((inner, key) => membersOf(inner)[key], value) !== undefined
  return {
    name: file,
    value,
    has,
    isShared: path => has(path) && !own.has(path),
    quote: path => (own.has(path) ? own : others).quote(path),
    lineOf: path => (own.has(path) || !others.has(path) ? (own.lineOf(path) ?? line) : others.lineOf(path)),
  }
}

const dataOf = (node: Node | null): Record<string, unknown> => ({ ...membersOf(isMap(node) ? node.toJSON() : null) })

function merged(shared: Record<string, unknown>, own: Record<string, unknown>): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  for (const key of new Set([...Object.keys(shared), ...Object.keys(own)])) {
    if (OF_FLEET.some(name => name === key)) continue
    const [theirs, mine] = [shared[key], own[key]]
    value[key] = mine === undefined ? theirs : together(theirs, mine, EITHER[key])
  }
  const destination = membersOf(value.destination)
  // Each store has a schema of its own, and its name is a good one.
  if (destination.postgres !== undefined && destination.schema === undefined)
    value.destination = { ...destination, schema: String(own.name).replaceAll('-', '_') }
  return value
}

/** @param either members of which an own one replaces the other. */
function together(theirs: unknown, mine: unknown, either: readonly string[] = []): unknown {
  if (!isObject(mine) || !isObject(theirs)) return mine
  const isReplaced = either.some(name => name in mine)
  const value: Record<string, unknown> = {}
  for (const [name, their] of Object.entries(theirs)) if (!isReplaced || !either.includes(name)) value[name] = their
  for (const [name, own] of Object.entries(mine)) value[name] = name in value ? together(value[name], own) : own
  return value
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
