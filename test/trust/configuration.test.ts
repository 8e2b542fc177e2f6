// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables are written like this in the file.
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import { openFiles } from '../../src/cli/commands/check-files.ts'
import { type Config, configFrom, loadConfig } from '../../src/cli/config/load.ts'
import { ConfigError } from '../../src/common/errors.ts'
import { secretsOf } from '../../src/common/secrets.ts'
import { withFolder } from '../support/destinations.ts'

const TOKEN = 'sk_1x1_0123456789abcdef'
const RECHARGE = `recharge: { token: ${TOKEN} }`

/** What is wrong with a file, as `path (line): message`. */
function problems(folder: string, text: string, environment: Record<string, string> = {}): string {
  const file = join(folder, 'sync.config.yaml')
  writeFileSync(file, text)
  try {
    loadConfig(file, STREAMS, environment)
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ path, line, message }) => `${path} (${line}): ${message}`).join('\n')
    throw error
  }
  throw new Error('the file was accepted')
}

const load = (folder: string, text: string, environment: Record<string, string> = {}): Config => {
  const file = join(folder, 'sync.config.yaml')
  writeFileSync(file, text)
  return loadConfig(file, STREAMS, environment)
}

describe('K7/30: the path of a DuckDB file', () => {
  test.each([
    'md:warehouse',
    'md:warehouse?motherduck_token=eyJhbGciOi',
    ':memory:',
    's3://bucket/x.duckdb',
    'gs://bucket/x.duckdb',
    'duckdb://x',
    'duckdb:///var/x.duckdb',
    'sqlite:x',
    'https://example.com/x.duckdb',
    'postgres://user:hunter22@host/db',
    'file:x.duckdb',
    '  ',
  ])('%s is refused, by saying what is expected', path =>
    withFolder(async folder => {
      const found = problems(folder, `${RECHARGE}\ndestination:\n  duckdb: "${path}"\n`)
      expect(found).toMatch(/^destination\.duckdb \(3\): should be the path of a file on this machine, such as /)
      expect(found).not.toContain(path.trim() || 'never')
    }),
  )

  test('~ is the home of the user; that of another is refused', () =>
    withFolder(async folder => {
      const { destination } = load(folder, `${RECHARGE}\ndestination: { duckdb: ~/data/x.duckdb }\n`)
      expect(destination).toMatchObject({ file: join(homedir(), 'data', 'x.duckdb') })
      expect(problems(folder, `${RECHARGE}\ndestination: { duckdb: ~ann/x.duckdb }\n`)).toContain('write ~/')
    }))

  test.each(['a file', './a/b.duckdb', 'C:\\data\\x.duckdb', 'ä.duckdb'])('%s is a path', path =>
    withFolder(async folder => {
      load(folder, `${RECHARGE}\ndestination: { duckdb: '${path}' }\n`)
    }),
  )

  test('a file that is named as its schema is refused, whatever its ending', () =>
    withFolder(async folder => {
      for (const path of ['recharge', 'state/recharge.duckdb', 'Recharge.prod.db'])
        expect(problems(folder, `${RECHARGE}\ndestination: { duckdb: ${path} }\n`)).toContain('is named as its schema')
      load(folder, `${RECHARGE}\ndestination: { duckdb: recharge.duckdb, schema: raw }\n`)
    }))
})

test.each(['pg_catalog', 'pg_x', 'pg_temp', 'information_schema'])('K7/32: schema %s is refused', schema =>
  withFolder(async folder => {
    for (const where of ['duckdb: a.duckdb', 'postgres: postgres://u:pw@h/db'])
      expect(problems(folder, `${RECHARGE}\ndestination: { ${where}, schema: ${schema} }\n`)).toMatch(
        /^destination\.schema \(2\): is a schema of the database itself/,
      )
  }),
)

describe('K7/33: the address of a Postgres database', () => {
  const at = (address: string): string => `${RECHARGE}\ndestination:\n  postgres: "${address}"\n`

  test.each(['/', '#', '?', '@', '%', ' ', ':/', '/@', '#?', '@@', '%zz'])(
    'a password with %s in it has to be percent-encoded, and no part of it is shown',
    sign =>
      withFolder(async folder => {
        for (const password of [`Tr0ub4dor${sign}Zz9staple`, `12${sign}Zz9staple`, `Tr0ub4dor${sign}7`]) {
          const given = `postgres://user:${password}@db.example.com:5432/warehouse`
          const found = problems(folder, at(given))
          expect(found, given).toMatch(/^destination\.postgres \(3\): .*percent-encode it/)
          for (const part of ['Tr0ub4dor', 'Zz9staple']) expect(found).not.toContain(part)
          const encoded = `postgres://user:${encodeURIComponent(password)}@db.example.com:5432/warehouse`
          const { secrets } = load(folder, at(encoded))
          const { scrub } = secretsOf(secrets)
          expect(scrub(`as it is ${password} and as it is written ${encodeURIComponent(password)}`)).toBe(
            'as it is [secret] and as it is written [secret]',
          )
        }
      }),
  )

  test.each([
    'postgres://host/db',
    'postgres://user@host/db',
    'postgresql://user:p:w@host:5432/db?sslmode=require',
    'postgres://user:pw@host/db?user=me@tenant&application_name=x',
    'postgres:///db?host=/tmp',
    'postgres://user:pw@/db?host=/tmp',
    'postgres://%2Ftmp/db',
    'postgres://user:pw@[::1]:5432/db',
  ])('%s is accepted', address => withFolder(async folder => void load(folder, at(address))))

  test('a password in the query is a secret too', () => {
    const { scrub } = secretsOf(['postgres://host/db?user=me&password=hunter%2F22'])
    expect(scrub('hunter/22 hunter%2F22')).toBe('[secret] [secret]')
  })

  test.each(['sslrootcert', 'sslcert', 'sslkey'])('K7/34: the file of %s has to be there', name =>
    withFolder(async folder => {
      const file = join(folder, 'ca.crt')
      const address = `postgres://u:pw@h/db?sslmode=verify-full&${name}=${file}`
      expect(problems(folder, at(address))).toContain(`names the file ${file} as ${name}, and there is no such file`)
      writeFileSync(file, '')
      load(folder, at(address))
    }),
  )

  test('K7/34: the folder of a socket has to be there', () =>
    withFolder(async folder => {
      const gone = join(folder, 'run')
      for (const address of [`postgres:///db?host=${gone}`, `postgres://u:pw@${encodeURIComponent(gone)}/db`])
        expect(problems(folder, at(address))).toContain(`names the folder ${gone} for the socket of the server`)
      mkdirSync(gone)
      load(folder, at(`postgres:///db?host=${gone}`))
    }))
})

test('K7/40: no stream at all, and an empty name, are refused', () =>
  withFolder(async folder => {
    const at = (streams: string): string => `${RECHARGE}\ndestination: { duckdb: a.duckdb }\nstreams: ${streams}\n`
    expect(problems(folder, at('[]'))).toContain('streams (3): names no stream')
    expect(problems(folder, at('[orders, ""]'))).toContain('streams (3): has an empty name')
    expect(problems(folder, at('{ except: [""] }'))).toContain('streams (3): has an empty name')
    const every = STREAMS.map(({ name }) => name).join(', ')
    expect(problems(folder, at(`{ except: [${every}] }`))).toContain('streams (3): leaves out every stream')
  }))

describe('K9/46: a token in a file', () => {
  const DUCKDB = 'destination: { duckdb: a.duckdb }\n'

  test('`token_file` is read beside the configuration, with its line break cut off', () =>
    withFolder(async folder => {
      writeFileSync(join(folder, 'token'), `${TOKEN}\n`, { mode: 0o600 })
      const config = load(folder, `recharge: { token_file: token }\n${DUCKDB}`)
      expect([config.recharge.token, config.secrets]).toEqual([TOKEN, [TOKEN]])
      expect(config.secretFiles).toEqual([join(folder, 'token')])
      const settings = { recharge: { token_file: join(folder, 'token') }, destination: { duckdb: 'a.duckdb' } }
      expect(configFrom(settings, STREAMS).recharge.token).toBe(TOKEN)
    }))

  test('`${file:PATH}` reads any value', () =>
    withFolder(async folder => {
      writeFileSync(join(folder, 'password'), 'hunter22\r\n')
      mkdirSync(join(folder, 'secrets'))
      writeFileSync(join(folder, 'secrets', 'token'), TOKEN)
      const config = load(
        folder,
        'recharge: { token: "${file:secrets/token}" }\ndestination: { postgres: "postgres://u:${file:./password}@h/db" }\n',
      )
      expect(config.recharge.token).toBe(TOKEN)
      expect(config.destination).toMatchObject({ url: 'postgres://u:hunter22@h/db' })
      expect(config.secretFiles).toEqual([join(folder, 'secrets', 'token'), join(folder, 'password')])
      // A variable may be called file.
      expect(load(folder, `recharge: { token: "\${file:-${TOKEN}}" }\n${DUCKDB}`).recharge.token).toBe(TOKEN)
    }))

  test('a file that is not there, is a folder, or holds no token is named with its line', () =>
    withFolder(async folder => {
      const missing = join(folder, 'gone')
      expect(problems(folder, `recharge:\n  token_file: gone\n${DUCKDB}`)).toBe(
        `recharge.token_file (2): should be read from ${missing}, and there is no such file`,
      )
      expect(problems(folder, `recharge:\n  token: \${file:gone}\n${DUCKDB}`)).toBe(
        `recharge.token (2): should be read from ${missing}, and there is no such file`,
      )
      expect(problems(folder, `recharge:\n  token_file: .\n${DUCKDB}`)).toContain('it cannot be read (EISDIR)')
      writeFileSync(join(folder, 'two'), 'my secret\ntoken')
      const found = problems(folder, `recharge:\n  token_file: two\n${DUCKDB}`)
      expect(found).toContain('recharge.token_file (2): ')
      expect(found).not.toContain('my secret')
      writeFileSync(join(folder, 'empty'), '\n')
      expect(problems(folder, `recharge:\n  token_file: empty\n${DUCKDB}`)).toContain('is empty')
    }))

  test('both, and neither, are refused', () =>
    withFolder(async folder => {
      writeFileSync(join(folder, 'token'), TOKEN)
      expect(problems(folder, `recharge:\n  token: ${TOKEN}\n  token_file: token\n${DUCKDB}`)).toBe(
        'recharge.token_file (3): stands beside token; give one of the two',
      )
      expect(problems(folder, `recharge:\n  budget: 50%\n${DUCKDB}`)).toBe('recharge.token (1): is missing')
    }))

  test('K9/49: files with secrets or records that others may open are warned about, and left as they are', () =>
    withFolder(async folder => {
      const opened = (config: Config): string[] =>
        openFiles({ config, runsDirectory: join(folder, 'runs') }).map(({ next }) => next)
      const token = join(folder, 'token')
      writeFileSync(token, TOKEN)
      chmodSync(token, 0o640)
      const config = load(folder, `recharge: { token_file: token }\n${DUCKDB}`)
      expect(opened(config)).toEqual([`chmod 600 ${token}`])
      chmodSync(token, 0o600)
      writeFileSync(join(folder, 'a.duckdb'), '')
      chmodSync(join(folder, 'a.duckdb'), 0o644)
      mkdirSync(join(folder, 'runs'))
      chmodSync(join(folder, 'runs'), 0o755)
      expect(opened(config)).toEqual([`chmod 600 ${join(folder, 'a.duckdb')}`, `chmod go-rwx ${join(folder, 'runs')}`])
      chmodSync(join(folder, 'sync.config.yaml'), 0o644)
      expect(opened(load(folder, `${RECHARGE}\n${DUCKDB}`))[0]).toBe(`chmod 600 ${join(folder, 'sync.config.yaml')}`)
      expect(opened(load(folder, `recharge: { token: "\${T}" }\n${DUCKDB}`, { T: TOKEN }))).toHaveLength(2)
    }))
})

test('nothing that is refused leaves a file behind', () =>
  withFolder(async folder => {
    problems(folder, `${RECHARGE}\ndestination: { duckdb: "md:x" }\n`)
    expect(readdirSync(folder)).toEqual(['sync.config.yaml'])
    expect(existsSync('md:x')).toBe(false)
  }))
