import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createApp, select } from '../../src/cli/app.ts'
import { check } from '../../src/cli/commands/check.ts'
import { importable, importFile } from '../../src/cli/commands/import.ts'
import { status } from '../../src/cli/commands/status.ts'
import { textWriter } from '../../src/cli/log-text.ts'
import type { Look } from '../../src/cli/look.ts'
import { createLogProgress, createProgress } from '../../src/cli/progress.ts'
import { createScreen } from '../../src/cli/screen.ts'
import { ConfigError } from '../../src/common/errors.ts'
import { createLog } from '../../src/common/log.ts'
import { lines, printableJson, styled } from '../../src/common/printable.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { withFolder } from '../support/destinations.ts'
import { configFor, runSync, withSimulator } from '../support/run.ts'

/** It clears the screen, ends the line, and begins one that looks like ours; the rest turns the order of characters round. */
const EVIL = 'x\u001b[2J\u009b31m\r\ncustomers: complete 99 added\u202e\u2028\u0007'
const { signal } = new AbortController()

/** No control character but the breaks of our own lines, and no line that came from outside. */
function expectHarmless(text: string): void {
  expect(text).not.toMatch(/[^\P{Cc}\n]|[\p{Bidi_Control}\u2028\u2029]/u)
  expect(text).not.toMatch(/^customers: complete 99/m)
}

/** Every style is another colour of the terminal. */
const COLOURED: Look = { width: 1000, isTerminal: true, paint: (_, text) => styled('red', text) }
const withoutColours = (text: string): string => text.replaceAll('\u001b[31m', '').replaceAll('\u001b[39m', '')

test('K9/48: control characters and line breaks in a text are escaped, letters of all languages are not', () => {
  expect(lines(EVIL, 'naïve café 日本 👩‍🍳')).toBe(
    'x\\u001b[2J\\u009b31m\\r\\ncustomers: complete 99 added\\u202e\\u2028\\u0007\nnaïve café 日本 👩‍🍳',
  )
  const json = printableJson({ [EVIL]: EVIL })
  expectHarmless(json)
  expect(JSON.parse(json)).toEqual({ [EVIL]: EVIL })
})

test('K9/48: the name of a token and the messages of the API reach no terminal raw', async () => {
  await withSimulator({}, simulator =>
    withFolder(async folder => {
      const config = configFor(
        simulator,
        { kind: 'duckdb', file: join(folder, 'a.duckdb'), schema: 'recharge' },
        folder,
      )
      const information = { name: EVIL, scopes: ['read_customers', 'read_orders', `write_${EVIL}`] }
      simulator.faults.add({
        kind: 'body',
        body: { token_information: information },
        match: '/token_information',
        times: 9,
      })
      simulator.faults.add({ kind: 'status', status: 422, body: { errors: EVIL }, match: '/orders', times: 99 })
      const app = createApp(config, { level: 'silent' })
      const checked = await check(app, select(app, null), signal)
      expect(checked.text).toContain('x\\u001b[2J')
      expectHarmless(checked.text)
      const drawn: string[] = []
      const options = { monotonic: () => performance.now(), perSecond: null }
      const screen = createScreen({ isTTY: true, columns: 1000, write: text => drawn.push(text) })
      const writer = textWriter(text => drawn.push(text), COLOURED)
      const log = createLog('info', { scrub: text => text }, writer)
      for (const progress of [createProgress(screen, options, COLOURED), createLogProgress(log, options)]) {
        using shown = progress
        const ran = await runSync(config, ['orders'], signal, shown, { level: 'info', writer, look: COLOURED })
        expect(ran.of('orders').problem?.message).toContain(EVIL)
        expect(ran.text).toContain('x\\u001b[2J')
        // Here or in the log, and not in both.
        const ends = drawn.filter(text => /orders: .*failed/.test(withoutColours(text)))
        expect(ends).toHaveLength(progress.showsEnds ? 1 : 2)
        expectHarmless(withoutColours(ran.text))
      }
      // Our own: up by so many lines, and erase them.
      const shown = drawn
        .map(withoutColours)
        .filter(text => !text.startsWith('\u001b'))
        .join('')
      expect(shown.split('x\\u001b[2J').length).toBeGreaterThan(2)
      expectHarmless(shown)
      const said = await status(app, select(app, ['orders']), null)
      expect(said.text).toContain('x\\u001b[2J')
      expectHarmless(said.text)
    }),
  )
})

test('K9/48: headers and values of a CSV file are escaped, in a result and in an error', async () => {
  await withSimulator({}, simulator =>
    withFolder(async folder => {
      const config = configFor(
        simulator,
        { kind: 'duckdb', file: join(folder, 'a.duckdb'), schema: 'recharge' },
        folder,
      )
      const file = join(folder, 'charges.csv')
      const head = ['Charge ID', 'Charge Status', 'Processed At', 'Total Price', 'Updated At', EVIL]
      const row = [EVIL, 'SUCCESS', '2024-01-05 10:00:00', '1.00', '2024-01-05 10:00:00', 'kept']
      const csv = [head, row].map(fields => fields.map(field => `"${field}"`).join(',')).join('\n')
      writeFileSync(file, csv)
      const app = createApp(config, { level: 'silent' })
      const result = await importFile(app, importable('charges'), file, { dryRun: true, range: null }, signal)
      expect(result.text).toContain('x\\u001b[2J')
      expectHarmless(result.text)
      writeFileSync(file, csv.replace('Charge ID', 'Something'))
      const thrown = await importFile(app, importable('charges'), file, { dryRun: true, range: null }, signal).catch(
        (error: unknown) => error,
      )
      if (!(thrown instanceof ConfigError)) throw thrown
      expect(thrown.text).toContain('x\\u001b[2J')
      expectHarmless(thrown.text)
    }),
  )
})

test('K9/48: what is wrong with the configuration and the command line is escaped', async () => {
  await withFolder(async folder => {
    const yaml = `recharge: { token: sk_test_0123456789 }\ndestination: { duckdb: a.duckdb }\nstreams: [${JSON.stringify(EVIL)}]\n`
    writeConfig(folder, yaml)
    const [configured, typed] = await Promise.all([cli(folder, ['status']), cli(folder, ['status', `--x${EVIL}`])])
    for (const { code, stderr } of [configured, typed]) {
      expect(code).toBe(2)
      expect(stderr).toContain('x\\u001b[2J')
      // What was typed on this terminal may contain lines, as the help does.
      expect(stderr).not.toMatch(/[^\P{Cc}\n]|[\p{Bidi_Control}\u2028\u2029]/u)
    }
    expectHarmless(configured.stderr)
  })
})
