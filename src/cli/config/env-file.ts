import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { Document } from 'yaml'
import type { ConfigProblem } from '../../common/errors.ts'
import type { LineAt } from './given.ts'
import { expandHome } from './home.ts'

/** The variables of the file that the setting `env_file` names. */
export interface EnvFile {
  /** None if the setting is not given, or the file cannot be read. */
  readonly variables: Readonly<Record<string, string>>
  /** The files that were read. */
  readonly files: readonly string[]
  /** A file that cannot be read. */
  readonly problem: ConfigProblem | null
  /** False: it is not there, which is a problem only if a variable is not set elsewhere. */
  readonly isThere: boolean
}

const NONE: EnvFile = { variables: {}, files: [], problem: null, isThere: true }

/** @param directory where a relative path starts. */
export function readEnvFile(document: Document, directory: string, lineAt: LineAt): EnvFile {
  const node = document.getIn(['env_file'], true) as { value?: unknown; range?: readonly number[] } | undefined
  const path = node?.value
  // What else is wrong with it, the schema says.
  if (typeof path !== 'string' || path === '') return NONE
  const file = resolve(directory, expandHome(path))
  const problem = (why: string): ConfigProblem => ({
    path: 'env_file',
    line: node?.range?.[0] === undefined ? null : lineAt(node.range[0]),
    message: `should be read from ${file}, and ${why}`,
  })
  try {
    const variables = parseEnv(readFileSync(file, 'utf8')) as Record<string, string>
    return { ...NONE, variables, files: [file] }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return code === 'ENOENT'
      ? { ...NONE, problem: problem('there is no such file'), isThere: false }
      : { ...NONE, problem: problem(`it cannot be read (${code})`) }
  }
}

/** The variables of the process, and those of the file that are not set there. An empty one is not set. */
export const withEnvFile = (environment: NodeJS.ProcessEnv, { variables }: EnvFile): NodeJS.ProcessEnv => ({
  ...variables,
  ...Object.fromEntries(Object.entries(environment).filter(([, value]) => value)),
})

/** Variables of the file that the process sets to something else, which is then what counts. */
export const overridden = (environment: NodeJS.ProcessEnv, { variables }: EnvFile): readonly string[] =>
  Object.keys(variables).filter(name => environment[name] && environment[name] !== variables[name])
