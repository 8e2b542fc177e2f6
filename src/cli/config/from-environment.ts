import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { ConfigError, type ConfigProblem } from '../../common/errors.ts'
import type { Stream } from '../../schema/stream.ts'
import { STARTED_AS } from '../started-as.ts'
import { givenObject } from './given.ts'
import { type Config, checked, loadConfig, syntaxProblem } from './load.ts'
import { nearest } from './nearest.ts'
import { knownKeys } from './problems.ts'
import { readSecret } from './variables.ts'

/** The file that is read if no other is named. */
export const DEFAULT_FILE = 'sync.config.yaml'

const TOKEN = 'RECHARGE_ACCESS_TOKEN'
const DESTINATION = 'DESTINATION'

/** Settings that are a list, which a variable may give with commas. */
const LISTS: ReadonlySet<string> = new Set(['streams', 'history', 'materialize'])

/** Settings that have a variable of another form, or none. */
const OTHERS: ReadonlySet<string> = new Set([
  'recharge.token',
  'recharge.token_file',
  'destination.duckdb',
  'destination.postgres',
  'env_file',
])

/** Variables that Kubernetes sets in a pod for a service of the name recharge-sync. */
const OF_A_SERVICE = /^RECHARGE_SYNC_(SERVICE_|PORT($|_))/

/** The variable of each setting but those of the token and of the destination's place, with the path of the setting. */
export function settingVariables(): ReadonlyMap<string, readonly [string, ...string[]]> {
  const found = new Map<string, readonly [string, ...string[]]>()
  const add = (prefix: string, path: readonly [string, ...string[]]): void => {
    if (!OTHERS.has(path.join('.'))) found.set(`${prefix}${(path.at(-1) ?? '').toUpperCase()}`, path)
  }
  for (const key of knownKeys([])) {
    if (key === 'recharge') for (const inner of knownKeys([key])) add('RECHARGE_SYNC_', [key, inner])
    else if (key === 'destination') for (const inner of knownKeys([key])) add('DESTINATION_', [key, inner])
    else add('RECHARGE_SYNC_', [key])
  }
  return found
}

/**
 * The configuration of a command: the file that is named, otherwise the usual file, otherwise the environment alone.
 * @param named null: no file was named.
 * @throws {ConfigError} with every problem at once.
 */
export function readConfig(
  named: string | null,
  declared: readonly Stream[],
  environment = process.env,
  needsToken = true,
): Config {
  if (named !== null || existsSync(DEFAULT_FILE)) {
    const file = named ?? DEFAULT_FILE
    const config = loadConfig(file, declared, environment, needsToken)
    const text = readFileSync(file, 'utf8')
    const unread = [...settingVariables().keys()].filter(name => environment[name] && !text.includes(name))
    return { ...config, unread }
  }
  const given = [TOKEN, DESTINATION].flatMap(name => [name, `${name}_FILE`])
  const isGiven = Object.keys(environment).some(
    name => environment[name] && (given.includes(name) || settingVariables().has(name)),
  )
  if (isGiven) return configFromEnvironment(declared, environment, needsToken)
  const ways = `make one with \`${STARTED_AS} init\`, name another with --config, or set ${TOKEN} and ${DESTINATION}`
  throw new ConfigError(DEFAULT_FILE, [{ path: '', line: null, message: `there is no such file; ${ways}` }])
}

/**
 * The configuration from variables alone, for containers. docs/environment.md lists them.
 * @throws {ConfigError} with every problem at once, each with the name of its variable, and without a value: it may be a
 * secret.
 */
export function configFromEnvironment(
  declared: readonly Stream[],
  environment: NodeJS.ProcessEnv,
  needsToken: boolean,
): Config {
  const problems: ConfigProblem[] = []
  const report = (variable: string, message: string): undefined => {
    problems.push({ path: variable, line: null, message })
  }
  const directory = resolve('.')
  const value: Record<string, unknown> = {}
  const recharge: Record<string, unknown> = {}
  const destination: Record<string, unknown> = {}
  const known = settingVariables()
  for (const [variable, path] of known) {
    const text = environment[variable]
    if (!text) continue
    const [section, key] = path
    const parsed = settingOf(text, section, message => report(variable, message))
    if (key === undefined) value[section] = parsed
    else (section === 'recharge' ? recharge : destination)[key] = parsed
  }
  for (const message of unknown(environment, [...known.keys()])) report(...message)

  const tokenFile = environment[`${TOKEN}_FILE`]
  if (environment[TOKEN]) recharge.token = environment[TOKEN]
  if (tokenFile) recharge.token_file = tokenFile
  else if (!environment[TOKEN] && needsToken) report(TOKEN, `is not set, nor is ${TOKEN}_FILE`)

  const place = placeOf(environment, directory, report)
  if (place.text !== undefined) destination[/^postgres(ql)?:/.test(place.text) ? 'postgres' : 'duckdb'] = place.text

  const origin = { file: 'the environment', directory, store: null, secretFiles: place.files }
  const whole = { ...value, recharge, destination }
  try {
    const config = checked(givenObject('the environment', whole), declared, [], origin, needsToken)
    if (problems.length === 0) return config
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const reported = new Set(problems.map(({ path }) => path))
    // Why there is none has been said.
    if (place.text === undefined) reported.add(DESTINATION)
    const more = error.problems.map(problem => named(problem, known))
    problems.push(...more.filter(({ path }) => !reported.has(path)))
  }
  throw new ConfigError('the environment', problems)
}

type Report = (variable: string, message: string) => undefined

/** Where rows go: an address or a path. */
function placeOf(environment: NodeJS.ProcessEnv, directory: string, report: Report) {
  const none = { text: undefined, files: [] }
  const direct = environment[DESTINATION]
  const file = environment[`${DESTINATION}_FILE`]
  if (direct && file) {
    report(`${DESTINATION}_FILE`, `stands beside ${DESTINATION}; give one of the two`)
    return none
  }
  const read = file ? readSecret(file, directory) : null
  if (read?.text === null) {
    const meant = `${DESTINATION}_FILE names a file that has the address in it, and a DuckDB file is named by ${DESTINATION}`
    report(`${DESTINATION}_FILE`, `${read.problem}; ${meant}`)
    return none
  }
  const text = (read?.text ?? direct ?? '').trim()
  if (text === '') {
    report(
      DESTINATION,
      `is ${file ? 'empty in its file' : 'not set'}: give an address such as postgres://user:password@host:5432/database, or the path of a DuckDB file. There is no ${DEFAULT_FILE} in this folder, so the environment has to say everything`,
    )
    return none
  }
  if (/^[a-z][a-z0-9+.-]+:/i.test(text) && !/^postgres(ql)?:\/\//.test(text)) {
    report(
      DESTINATION,
      'should be an address such as postgres://user:password@host:5432/database, or the path of a DuckDB file on this machine',
    )
    return none
  }
  return { text, files: read ? [read.file] : [] }
}

/** A value that begins as a list or a map of YAML is one; a list may also be names with commas. */
function settingOf(text: string, section: string, report: (message: string) => undefined): unknown {
  if (/^\s*[[{]/.test(text)) {
    const document = parseDocument(text, { prettyErrors: false })
    const unreadable = (message: string): undefined =>
      report(`cannot be read as YAML: ${syntaxProblem(message, null).message}`)
    const [error] = document.errors
    if (error) return unreadable(error.message)
    try {
      return document.toJS()
    } catch (alias) {
      return unreadable(alias instanceof Error ? alias.message : String(alias))
    }
  }
  if (!LISTS.has(section) || text.trim() === 'all') return text.trim()
  return text.split(',').map(name => name.trim())
}

/** Variables with the prefix of this program that it does not know, and those that are nearly named as one. */
function unknown(environment: NodeJS.ProcessEnv, known: readonly string[]): [string, string][] {
  const place = known.filter(name => name.startsWith(DESTINATION))
  return Object.keys(environment).flatMap((name): [string, string][] => {
    if (!environment[name] || known.includes(name)) return []
    if (name.startsWith('RECHARGE_SYNC_'))
      return OF_A_SERVICE.test(name) ? [] : [[name, `is no setting${nearest(name, known)}`]]
    const near = name.startsWith(`${DESTINATION}_`) && name !== `${DESTINATION}_FILE` ? nearest(name, place) : ''
    return near === '' ? [] : [[name, `is no setting${near}`]]
  })
}

/** The problem of a setting as that of its variable. */
function named(problem: ConfigProblem, known: ReadonlyMap<string, readonly string[]>): ConfigProblem {
  const { path, message } = problem
  if (path === 'recharge.token') return { ...problem, path: TOKEN }
  if (path === 'recharge.token_file')
    return { ...problem, path: `${TOKEN}_FILE`, message: message.replace('beside token', `beside ${TOKEN}`) }
  if (/^destination(\.(duckdb|postgres))?$/.test(path)) return { ...problem, path: DESTINATION }
  for (const [variable, parts] of known) {
    const setting = parts.join('.')
    if (path === setting) return { ...problem, path: variable }
    if (path.startsWith(`${setting}.`)) return { ...problem, path: `${variable} (${path.slice(setting.length + 1)})` }
  }
  return problem
}
