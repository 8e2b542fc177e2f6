import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createSync } from '../../src/index.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { withFolder } from '../support/destinations.ts'
import { withSimulator } from '../support/run.ts'

const config = (url: string, destination: string): string => `
recharge:
  token: \${RECHARGE_ACCESS_TOKEN}
  base_url: ${url}
  rate: { bucket: 100000, per_second: 10000 }
destination:
  duckdb: ${destination}
streams: [customers, orders]
`

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

/** The modes of all files and folders below a folder, by path. */
const modesBelow = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => [name, modeOf(join(folder, name))]),
  )

test('K9/49: what a run makes is for its user alone, also the log of the database while it is written', async () => {
  await withSimulator({}, simulator =>
    withFolder(async folder => {
      writeConfig(folder, config(simulator.url, 'deep/er/warehouse.duckdb'))
      let during: Record<string, string> = {}
      simulator.faults.before(({ path }) => {
        const seen = path === '/orders' ? modesBelow(join(folder, 'deep')) : {}
        during = { ...during, ...seen }
      })
      const before = process.umask(0)
      const exited = await cli(folder, ['sync', '--json'], { RECHARGE_ACCESS_TOKEN: simulator.token }).finally(() =>
        process.umask(before),
      )
      expect(exited.code, exited.stderr).toBe(0)
      const { run } = JSON.parse(exited.stdout)
      expect(during).toMatchObject({ er: '700', 'er/warehouse.duckdb': '600', 'er/warehouse.duckdb.wal': '600' })
      expect(modeOf(join(folder, 'deep'))).toBe('700')
      expect(modesBelow(join(folder, 'deep'))).toMatchObject({ er: '700', 'er/warehouse.duckdb': '600' })
      expect(modesBelow(join(folder, 'state'))).toMatchObject({ runs: '700', [`runs/${run}.json`]: '600' })
      expect(modeOf(join(folder, 'state'))).toBe('700')
    }),
  )
})

test('K9/49: as a library too; what was there before keeps its mode', async () => {
  await withSimulator({}, simulator =>
    withFolder(async folder => {
      const settings = {
        recharge: { token: simulator.token, base_url: simulator.url, rate: { bucket: 100_000, per_second: 10_000 } },
        destination: { duckdb: join(folder, 'new', 'warehouse.duckdb') },
        streams: ['customers'],
      } as const
      const reports = join(folder, 'reports')
      mkdirSync(reports)
      chmodSync(reports, 0o755)
      const first = await createSync(settings, { reports }).run()
      expect(modesBelow(folder)).toMatchObject({
        new: '700',
        'new/warehouse.duckdb': '600',
        reports: '755',
        [`reports/${first.run}.json`]: '600',
      })
      chmodSync(settings.destination.duckdb, 0o640)
      await createSync(settings).run()
      expect(modeOf(settings.destination.duckdb)).toBe('640')
    }),
  )
})

test('K6/26: a closed stdout and stderr change nothing about a run', async () => {
  await withSimulator({}, simulator =>
    withFolder(async folder => {
      writeConfig(folder, config(simulator.url, 'warehouse.duckdb'))
      const closed = Promise.withResolvers<void>()
      simulator.faults.before(({ path }) => (path === '/customers' ? closed.promise : undefined))
      const args = ['sync', '--log-level', 'trace']
      const exited = await cli(folder, args, { RECHARGE_ACCESS_TOKEN: simulator.token }, child => {
        // As `head -1` does after its line.
        child.stderr?.once('data', () => {
          child.stderr?.destroy()
          child.stdout?.destroy()
          closed.resolve()
        })
      })
      expect([exited.code, exited.signal]).toEqual([0, null])
      const [report] = readdirSync(join(folder, 'state', 'runs'))
      expect(JSON.parse(readFileSync(join(folder, 'state', 'runs', report ?? ''), 'utf8')).outcome).toBe('complete')
      const status = await cli(folder, ['status', '--json'], { RECHARGE_ACCESS_TOKEN: simulator.token })
      expect([status.code, JSON.parse(status.stdout).streams[0].outcome]).toEqual([0, 'complete'])
    }),
  )
})

test('K7/37: a folder that can never be made ends with exit 3, and a home like that stops no command', async () => {
  if (!existsSync('/proc/self')) {
    console.log('K7/37 is skipped: this system has no /proc, where no folder can be made')
    return
  }
  await withSimulator({}, simulator =>
    withFolder(async folder => {
      const environment = { RECHARGE_ACCESS_TOKEN: simulator.token }
      for (const path of ['/proc/none/warehouse.duckdb', '/dev/null/warehouse.duckdb']) {
        writeConfig(folder, config(simulator.url, path))
        const exited = await cli(folder, ['sync', '--no-progress', '--json'], environment)
        expect(exited.code, exited.stderr).toBe(3)
        expect(JSON.parse(exited.stdout).problem).toMatchObject({ code: 'denied' })
        expect(JSON.parse(exited.stdout).problem.message).toContain(path.slice(0, -'/warehouse.duckdb'.length))
      }
      // Neither the compiled code nor the report can be kept.
      writeConfig(folder, config(simulator.url, 'warehouse.duckdb'))
      chmodSync(folder, 0o755)
      const homeless = await cli(folder, ['sync', '--json'], { ...environment, HOME: '/proc' })
      expect(homeless.code, homeless.stderr).toBe(0)
    }),
  )
})
