import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { LEVELS } from '../../src/common/log.ts'
import { CACHE } from '../support/cli.ts'

const TOKEN = 'sk_1x1_0123456789abcdef'
const PASSWORD = 'p@ss"word'
const ADDRESS = `postgres://me:${encodeURIComponent(PASSWORD)}@host/db`

const url = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href)

/** What a child process writes that runs this statement. */
function logged(statements: string, level = 'trace', end: NodeJS.Signals | null = null) {
  const script = `
    import { createLog } from ${url('common/log.ts')}
    import { secretsOf } from ${url('common/secrets.ts')}
    const TOKEN = ${JSON.stringify(TOKEN)}, PASSWORD = ${JSON.stringify(PASSWORD)}, ADDRESS = ${JSON.stringify(ADDRESS)}
    const log = createLog(${JSON.stringify(level)}, secretsOf([TOKEN, ADDRESS]))
    ${statements}`
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    env: { ...process.env, NODE_COMPILE_CACHE: CACHE },
  })
  expect({ stdout, status, signal }).toEqual({ stdout: '', status: end === null ? 0 : null, signal: end })
  const lines: Record<string, unknown>[] = stderr
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
  return { stderr, lines }
}

describe('no line contains a secret', () => {
  const CASES = [
    ['in the message', 'log.info("token " + TOKEN)'],
    ['in a field', 'log.info({ token: TOKEN }, "m")'],
    ['in the name of a field', 'log.info({ [TOKEN]: 1 }, "m")'],
    ['deep in a field', 'log.info({ a: [{ b: { c: "x" + TOKEN + "y" } }] }, "m")'],
    ['in the message of an error', 'log.error(new Error("bad " + TOKEN), "m")'],
    [
      'in a nested property of an error',
      'log.error(Object.assign(new Error("e"), { request: { headers: [{ name: "X-Token", value: TOKEN }] } }), "m")',
    ],
    ['in the cause of an error', 'log.error(new Error("e", { cause: new Error(TOKEN) }), "m")'],
    ['in the name of a cause', 'class E extends Error { name = TOKEN }; log.error({ err: new E("e") }, "m")'],
    ['in one of many errors', 'log.error(new AggregateError([new Error("a"), new Error(TOKEN)], "e"), "m")'],
    ['in what a child log is bound to', 'log.child({ config: { token: TOKEN } }).warn("m")'],
    ['in an address', 'log.info({ url: ADDRESS }, "m")'],
    ['as a password, with a quote', 'log.error(new Error("password " + PASSWORD + " failed"), "m")'],
    ['as a password in a nested property', 'log.error(Object.assign(new Error("e"), { config: { PASSWORD } }), "m")'],
  ] as const

  test.each(CASES)('%s', (_what, statement) => {
    const { stderr, lines } = logged(statement)
    expect(lines.length).toBe(1)
    expect(stderr).toContain('[secret]')
    for (const secret of [TOKEN, PASSWORD, encodeURIComponent(PASSWORD), JSON.stringify(PASSWORD).slice(1, -1)])
      expect(stderr).not.toContain(secret)
  })
})

test('a line is JSON with the time, the level and the given values, without process and host', () => {
  const { lines } = logged('log.info({ stream: "charges" }, "read")')
  expect(lines).toEqual([
    { level: 30, time: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/), stream: 'charges', msg: 'read' },
  ])
})

test.each([
  ['an exit', 'process.exit(0)', null],
  ['a kill', 'process.kill(process.pid, "SIGKILL")', 'SIGKILL'],
] as const)('the last line before %s is written', (_what, last, end) => {
  const { lines } = logged(`for (let n = 0; n < 100; n++) log.info({ n }, "m"); ${last}`, 'trace', end)
  expect(lines.map(({ n }) => n)).toEqual(Array.from({ length: 100 }, (_, n) => n))
})

describe('the lines of each level', () => {
  const all = LEVELS.filter(level => level !== 'silent')

  test.each(LEVELS.map(level => [level, level === 'silent' ? [] : all.slice(all.indexOf(level))] as const))(
    '%s gives %j',
    (level, expected) => {
      const { lines } = logged(all.map(name => `log.${name}("${name}")`).join('\n'), level)
      expect(lines.map(({ msg }) => msg)).toEqual(expected)
    },
  )
})
