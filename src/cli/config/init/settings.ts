import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { VERSION } from '../../../common/version.ts'
import { PACKAGE_ROOT } from '../../installation.ts'

/** What the files are to say. */
export interface Answers {
  /** `file`: it stays in that file, which the configuration names. Otherwise it goes into the file of variables. */
  readonly token: { readonly value: string; readonly file: string | null }
  readonly destination: { readonly duckdb: string } | { readonly postgres: string }
  readonly schema: string
  /** Null: that of Recharge. */
  readonly baseUrl: string | null
}

export const CONFIG_FILE = 'sync.config.yaml'
export const ENV_FILE = 'sync.env'
export const DEFAULT_SCHEMA = 'recharge'
export const DEFAULT_DUCKDB = 'state/warehouse.duckdb'
/** Where rows go if nobody says otherwise. */
export const USUAL_PLACE = { destination: { duckdb: DEFAULT_DUCKDB }, schema: DEFAULT_SCHEMA }

/** The answers as a program gives settings. */
export const settingsOf = ({ token, destination, schema, baseUrl }: Answers) => ({
  recharge: { token: token.value, ...(baseUrl === null ? {} : { base_url: baseUrl }) },
  destination: { ...destination, schema },
})

/** The file of variables; null: there is nothing to keep in one. */
export function envText({ token, destination }: Answers): string | null {
  const variables = [
    ...(token.file === null ? [['RECHARGE_ACCESS_TOKEN', token.value]] : []),
    ...('postgres' in destination ? [['DATABASE_URL', destination.postgres]] : []),
  ]
  if (variables.length === 0) return null
  const note = `# Read by ${CONFIG_FILE}, which names it as env_file. Only you may open it. Never commit it.`
  return [note, ...variables.map(([name, value = '']) => `${name}=${quoted(value)}`), ''].join('\n')
}

/** As Node, systemd and a shell read it alike. A quote of this kind is refused before. */
const quoted = (value: string): string => (/^[\w./:@%+=,-]+$/.test(value) ? value : `'${value}'`)

/** The settings file: the one that is shipped, with its comments, and the answers in their places. */
export function configText(answers: Answers): string {
  const { token, destination, schema, baseUrl } = answers
  const shipped = readFileSync(join(PACKAGE_ROOT, CONFIG_FILE), 'utf8')
  const edits: [RegExp, string][] = [
    [
      /^# yaml-language-server:.*\n# The only file to edit\./m,
      `# Written by recharge-sync ${VERSION} init. Edit it as you like.\n#`,
    ],
    [
      /^# env_file: sync\.env.*$/m,
      envText(answers) === null
        ? '$&'
        : `env_file: ${ENV_FILE}    # the variables below; what the environment sets goes before it`,
    ],
    ...(token.file === null
      ? []
      : ([
          [/^ {2}token: .*\n/m, ''],
          [/^ {2}# token_file: \S+ +#.*$/m, `  token_file: ${text(token.file)}`],
        ] satisfies [RegExp, string][])),
    ...(baseUrl === null
      ? []
      : ([[/^ {2}# base_url: .*$/m, `  base_url: ${text(baseUrl)}`]] satisfies [RegExp, string][])),
    ...('duckdb' in destination
      ? ([[/^( {2}duckdb: )\S+/m, `$1${text(destination.duckdb)}`]] satisfies [RegExp, string][])
      : ([
          [/^ {2}duckdb: .*$/m, `  # duckdb: ${DEFAULT_DUCKDB}`],
          [/^ {2}# postgres: /m, '  postgres: '],
        ] satisfies [RegExp, string][])),
    ...(schema === DEFAULT_SCHEMA
      ? []
      : ([[/^ {2}# schema: .*$/m, `  schema: ${schema}`]] satisfies [RegExp, string][])),
  ]
  return edits.reduce((all, [place, replacement]) => {
    if (!place.test(all)) throw new Error(`the settings file that is shipped has no line for ${place.source}`)
    return all.replace(place, replacement)
  }, shipped)
}

/** A text in YAML, which none of its signs can end. `$` is doubled for `replace`. */
const text = (value: string): string =>
  (/^[\w./~-]+$/.test(value) ? value : JSON.stringify(value)).replaceAll('$', '$$$$')
