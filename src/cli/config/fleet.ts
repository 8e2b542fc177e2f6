import { availableParallelism } from 'node:os'
import { dirname, resolve } from 'node:path'
import { isMap, isNode, isScalar, isSeq, type Node } from 'yaml'
import { ConfigError, type ConfigProblem } from '../../common/errors.ts'
import { databaseOf } from '../../load/rollup.ts'
import type { Stream } from '../../schema/stream.ts'
import { readEnvFile, withEnvFile } from './env-file.ts'
import { type FleetSettings, fleetSchema, scheduleSchema, storeNameSchema } from './fleet-schema.ts'
import { givenPart } from './given.ts'
import { givenStore } from './given-store.ts'
import { expandHome } from './home.ts'
import { type Config, checked, holdsLiteral, plainData, readSettings, type SettingsFile } from './load.ts'
import { nearest } from './nearest.ts'
import { membersOf, problemsOf } from './problems.ts'
import { readSecret, replaceVariables } from './variables.ts'

/** A store of a fleet: its configuration, and when it is due. */
export interface FleetStore {
  readonly name: string
  readonly config: Config
  /** A cron expression; null: nothing enqueues it by itself. */
  readonly schedule: string | null
}

/** The stores of one file, checked as a whole. */
export interface Fleet {
  /** The whole path. */
  readonly file: string
  readonly directory: string
  readonly stores: readonly FleetStore[]
  /** Stores that are worked on at the same time. */
  readonly atOnce: number
  /** How long a run may show no progress, in milliseconds, before its process is ended. */
  readonly stalledMs: number
  /** Most memory for the JavaScript objects of one store's process, in megabytes; null: what Node takes. */
  readonly memoryMb: number | null
  /** Whether views over all stores are made. */
  readonly rollup: boolean
  /** The Postgres database that holds the queue; null: there is no queue. */
  readonly queue: { readonly url: string; readonly schema: string } | null
  readonly secrets: readonly string[]
}

/** A store as it stands in the file. */
interface Item {
  readonly node: Node
  readonly name: string
  readonly lines: readonly [first: number, last: number]
}

/**
 * Reads the file of a fleet.
 * @param only the store whose settings are wanted, and checked; null: all of them.
 * @param needsToken false: a token may be missing, and is then empty.
 * @throws {ConfigError} with every problem at once, each with its line.
 */
export function loadFleet(
  file: string,
  declared: readonly Stream[],
  environment: NodeJS.ProcessEnv,
  { only = null, needsToken = true }: { readonly only?: string | null; readonly needsToken?: boolean } = {},
): Fleet {
  const settings = readSettings(file)
  const { path, document, lineAt } = settings
  const directory = dirname(path)
  const problems: ConfigProblem[] = []
  if (!document.has('stores'))
    throw new ConfigError(file, [
      { path: 'stores', line: null, message: 'is missing; a fleet is a list of stores, each with a name and a token' },
    ])
  const shared = nodeAt(settings, 'defaults')
  const items = itemsOf(settings, problems).filter(({ name }) => only === null || name === only)
  if (only !== null && items.length === 0)
    throw new ConfigError(file, [
      { path: 'stores', line: null, message: `there is no store ${only}${nearest(only, namesOf(settings))}` },
    ])

  const literal = [shared, ...items.map(({ node }) => node)].some(node => isMap(node) && holdsLiteral(node))
  const envFile = readEnvFile(document, directory, lineAt)
  const variables = withEnvFile(environment, envFile)
  const ofShared = shared === null ? NOTHING : replaceVariables(shared, variables, directory, lineAt)
  const secretFiles = [...(literal ? [path] : []), ...envFile.files, ...ofShared.files]
  const claims: Claim[] = []
  const stores = items.flatMap(({ node, name, lines }): FleetStore[] => {
    const replaced = replaceVariables(node, variables, directory, lineAt)
    const given = givenStore(file, node, shared, lineAt)
    const place = ({ path: at, line, message }: ConfigProblem): ConfigProblem => ({
      path: line === null || (line >= lines[0] && line <= lines[1]) ? `stores.${name}.${at}` : `defaults.${at}`,
      line,
      message,
    })
    const schedule = scheduleOf(node, shared, given, problem => problems.push(place(problem)))
    // A variable of the defaults that a store does not use is none of its problems.
    const missing = [...ofShared.problems.filter(({ path: at }) => given.isShared(at.split('.'))), ...replaced.problems]
    claims.push(...claimsOf(name, lines[0], given.value, directory))
    try {
      const origin = { file: path, directory, store: name, secretFiles: [...secretFiles, ...replaced.files] }
      return [{ name, schedule, config: checked(given, declared, missing, origin, needsToken) }]
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      problems.push(...error.problems.map(place))
      return []
    }
  })
  const top = topOf(settings, variables, problems)
  // Where every variable is set elsewhere, in a container for example, the file is not needed.
  if (envFile.problem !== null && (envFile.isThere || problems.length > 0)) problems.push(envFile.problem)
  problems.push(...claimedTwice(claims))
  if (problems.length > 0 || top === null) throw new ConfigError(file, inOrder(problems))
  return {
    file: path,
    directory,
    stores,
    atOnce: top.at_once ?? availableParallelism(),
    stalledMs: top.stalled,
    memoryMb: top.memory ?? null,
    rollup: top.rollup,
    queue: top.queue ? { url: top.queue.postgres, schema: top.queue.schema } : null,
    secrets: [...stores.flatMap(({ config }) => config.secrets), ...(top.queue ? [top.queue.postgres] : [])],
  }
}

const NOTHING = { problems: [], files: [] } as const

const nodeAt = ({ document }: SettingsFile, key: string): Node | null => {
  const node = document.get(key, true)
  return isNode(node) ? node : null
}

const namesOf = (settings: SettingsFile): string[] => itemsOf(settings, []).map(({ name }) => name)

/** The stores of the file that have a name. What is wrong with the list and the names is added to `problems`. */
function itemsOf(settings: SettingsFile, problems: ConfigProblem[]): readonly Item[] {
  const { lineAt } = settings
  const list = nodeAt(settings, 'stores')
  const lineOf = (node: unknown): number | null => (isNode(node) && node.range ? lineAt(node.range[0]) : null)
  if (!isSeq(list) || list.items.length === 0) {
    const message = 'should be a list with at least one store, each with a name'
    problems.push({ path: 'stores', line: lineOf(list), message })
    return []
  }
  const items: Item[] = []
  for (const [i, node] of list.items.entries()) {
    const name = isMap(node) ? node.get('name') : undefined
    const at = {
      path: `stores[${i}].name`,
      line: (isMap(node) ? lineOf(node.get('name', true)) : null) ?? lineOf(node),
    }
    const parsed = storeNameSchema.safeParse(name)
    const twin = items.find(item => item.name === name)
    if (!isNode(node) || !isMap(node))
      problems.push({ ...at, path: `stores[${i}]`, message: 'should be an object with a name' })
    else if (name === undefined) problems.push({ ...at, message: 'is missing' })
    else if (!parsed.success) problems.push({ ...at, message: `should be ${parsed.error.issues[0]?.message}` })
    else if (twin)
      problems.push({ ...at, message: `two stores are named ${name}, the other one in line ${twin.lines[0]}` })
    else {
      const [first = 0, , last = 0] = node.range ?? []
      items.push({ node, name: parsed.data, lines: [lineAt(first), lineAt(Math.max(first, last - 1))] })
    }
  }
  return items
}

/** The settings of the fleet itself; null: they are wrong, and `problems` says how. */
function topOf(
  settings: SettingsFile,
  environment: NodeJS.ProcessEnv,
  problems: ConfigProblem[],
): FleetSettings | null {
  const { path, document, lineAt } = settings
  const queue = nodeAt(settings, 'queue')
  const missing =
    queue === null
      ? []
      : replaceVariables(queue, environment, dirname(path), lineAt).problems.map(p => ({
          ...p,
          path: `queue.${p.path}`,
        }))
  problems.push(...missing)
  const value = { ...(plainData(document, path) as Record<string, unknown>) }
  // They are looked at store by store.
  value.stores = undefined
  value.defaults = isMap(nodeAt(settings, 'defaults')) ? undefined : value.defaults
  const parsed = fleetSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const given = givenPart(path, { root: document.contents, value }, lineAt)
  const found = parsed.error.issues.flatMap(issue => problemsOf(issue, given, fleetSchema))
  problems.push(...found.filter(({ path: at }) => !missing.some(other => other.path === at)))
  return null
}

function scheduleOf(
  item: Node,
  shared: Node | null,
  { lineOf }: { lineOf(path: readonly string[]): number | null },
  report: (problem: ConfigProblem) => void,
): string | null {
  const own = isMap(item) ? item.get('schedule', true) : undefined
  const node = own ?? (isMap(shared) ? shared.get('schedule', true) : undefined)
  if (node === undefined) return null
  const parsed = scheduleSchema.safeParse(isScalar(node) ? node.value : node)
  if (parsed.success) return parsed.data
  report({ path: 'schedule', line: lineOf(['schedule']), message: `should be ${parsed.error.issues[0]?.message}` })
  return null
}

/** What no other store may have too, as the file says it, whatever else is wrong with the store. */
interface Claim {
  readonly store: string
  readonly line: number
  /** The setting. */
  readonly path: string
  readonly value: string
}

function claimsOf(store: string, line: number, settings: unknown, directory: string): readonly Claim[] {
  const { recharge, destination } = membersOf(settings)
  const { token, token_file: tokenFile } = membersOf(recharge)
  const { duckdb, postgres, schema, read_copy: copy } = membersOf(destination)
  const fileAt = (path: string): string => `the file ${resolve(directory, expandHome(path))}`
  const isGiven = (value: unknown): value is string => typeof value === 'string' && value.trim() !== ''
  const secret = isGiven(tokenFile) ? readSecret(tokenFile, directory).text : token
  const claim = (path: string, value: string): Claim => ({ store, line, path, value })
  return [
    ...(isGiven(secret) ? [claim(TOKEN, secret.trim())] : []),
    ...(isGiven(duckdb) ? [claim('destination', fileAt(duckdb))] : []),
    ...(isGiven(copy) ? [claim('destination.read_copy', fileAt(copy))] : []),
    ...(isGiven(postgres) ? [claim('destination', `the schema ${schema} of ${databaseOf({ url: postgres })}`)] : []),
  ]
}

const TOKEN = 'recharge.token'

/** Stores that would write to one place, or share a token: its rate would then be used twice. */
function claimedTwice(claims: readonly Claim[]): ConfigProblem[] {
  return claims.flatMap(({ store, line, path, value }, i) => {
    const other = claims.slice(0, i).find(claim => claim.value === value && claim.store !== store)
    if (other === undefined) return []
    const whose = `that of ${other.store} (line ${other.line})`
    const message =
      path === TOKEN
        ? `is ${whose} too; each store has a token of its own`
        : `is ${value}, as ${whose}; give each store its own`
    return [{ path: `stores.${store}.${path}`, line, message }]
  })
}

/** Each problem once: one of the defaults is that of every store. */
function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const once = new Map(problems.map(problem => [JSON.stringify(problem), problem]))
  return [...once.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
}
