import { closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { ConfigError, type ConfigProblem } from '../../../common/errors.ts'
import { STARTED_AS } from '../../started-as.ts'
import { expandHome } from '../home.ts'
import { type Answers, CONFIG_FILE, configText, ENV_FILE, envText } from './settings.ts'

export interface WrittenFile {
  readonly file: string
  readonly what: string
}

/** Whether the folder has settings already. */
export const isSetUp = (folder: string): boolean => existsSync(join(folder, CONFIG_FILE))

/** @throws {ConfigError} that names the files that are there: nothing is overwritten. */
export function refuseExisting(folder: string): void {
  const problems = [CONFIG_FILE, ENV_FILE].filter(name => existsSync(join(folder, name))).map(alreadyThere)
  if (problems.length > 0) throw new ConfigError('this folder', problems)
}

const alreadyThere = (name: string): ConfigProblem => ({
  path: name,
  line: null,
  message: `is there already, and init overwrites no file. To use it, run \`${STARTED_AS} check\`; to begin anew, move it away first; with --schedule init only prints the schedule`,
})

/** Writes all files, each new, or none. */
export function writeFiles(folder: string, answers: Answers): readonly WrittenFile[] {
  const env = envText(answers)
  const secrets = [
    ...(answers.token.file === null ? ['the token'] : []),
    ...('postgres' in answers.destination ? ['the address of the database'] : []),
  ].join(' and ')
  const files = [
    ...(env === null ? [] : [{ name: ENV_FILE, text: env, what: `${secrets}; mode 0600, only you may open it` }]),
    { name: CONFIG_FILE, text: configText(answers), what: 'the settings, with a comment for each' },
  ]
  const made: string[] = []
  try {
    for (const { name, text } of files) {
      const file = join(folder, name)
      // It fails where a file or a link of that name is.
      const descriptor = openSync(file, 'wx', 0o600)
      made.push(file)
      try {
        writeSync(descriptor, text)
      } finally {
        closeSync(descriptor)
      }
    }
  } catch (error) {
    for (const file of made) rmSync(file, { force: true })
    if (!(error instanceof Error)) throw error
    const name = files[made.length]?.name ?? ''
    const isThere = 'code' in error && error.code === 'EEXIST'
    throw new ConfigError('this folder', [
      isThere ? alreadyThere(name) : { path: '', line: null, message: `cannot be written to: ${error.message}` },
    ])
  }
  return files.map(({ name, what }) => ({ file: name, what }))
}

/** Lines of `.gitignore` for what holds secrets or a store's records. Null: the folder is in no repository of git. */
export function ignoreInGit(folder: string, { destination, ...answers }: Answers): readonly string[] | null {
  if (!isInRepository(folder)) return null
  const database = 'duckdb' in destination ? relative(folder, resolve(folder, expandHome(destination.duckdb))) : ''
  const wanted = [
    ...(envText({ destination, ...answers }) === null ? [] : [ENV_FILE]),
    'state/',
    'report.html',
    // With the log beside it. One outside of this folder is not ours to leave out.
    ...(database === '' || /^(state[/\\]|\.\.|\/)/.test(database) ? [] : [`${database}*`]),
  ]
  const file = join(folder, '.gitignore')
  const there = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const known = there.split(/\r?\n/)
  const lines = wanted.filter(line => !known.includes(line))
  if (lines.length === 0) return []
  const descriptor = openSync(file, 'a', 0o644)
  try {
    writeSync(descriptor, `${there === '' || there.endsWith('\n') ? '' : '\n'}${lines.join('\n')}\n`)
  } finally {
    closeSync(descriptor)
  }
  return lines
}

function isInRepository(folder: string): boolean {
  if (existsSync(join(folder, '.git'))) return true
  const above = dirname(folder)
  return above !== folder && isInRepository(above)
}
