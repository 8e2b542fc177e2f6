import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { createApp, STREAMS, select } from '../../src/cli/app.ts'
import { dbtSourcesFile } from '../../src/cli/commands/dbt-sources.ts'
import { openDestination } from '../../src/load/open.ts'
import type { DbtSources } from '../../src/schema/dbt-sources.ts'
import { allTables } from '../../src/schema/table.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { type DestinationConfig, withFolder } from '../support/destinations.ts'
import { configFor, withSimulator } from '../support/run.ts'

const namesIn = ({ sources }: DbtSources): string[] => sources.flatMap(({ tables }) => tables.map(({ name }) => name))

test('the file has what the warehouse has, without the tables that hold the salt and the progress of scans', () =>
  withSimulator({}, simulator =>
    withFolder(async folder => {
      const destination: DestinationConfig = { kind: 'duckdb', file: join(folder, 'w.duckdb'), schema: 'recharge' }
      const config = { ...configFor(simulator, destination, folder), history: ['subscriptions'], views: true }
      const orders = STREAMS.filter(({ name }) => name === 'orders')
      {
        await using warehouse = await openDestination(destination, { mode: 'write', connections: 1 })
        await warehouse.prepare(orders.flatMap(allTables))
      }
      const app = createApp(config, { level: 'silent' })
      const { json } = await dbtSourcesFile(app, select(app, null), null)
      const { sources, checked } = json as { sources: DbtSources; checked: boolean }
      expect(checked).toBe(true)
      const own = ['_sync_checkpoints', '_sync_runs', '_sync_reconciliations', '_sync_rejects', '_sync_gaps']
      expect(namesIn(sources).sort()).toEqual([...orders.flatMap(allTables).map(({ name }) => name), ...own].sort())
      // What an order names is in tables that are not there.
      const texts = JSON.stringify(sources)
      expect(texts).not.toContain("source('recharge_tables', 'customers')")
      expect(texts).toContain("source('recharge_tables', 'orders')")
    }),
  ))

test('the command prints the file or writes it, and says where it cannot', () =>
  withFolder(async folder => {
    writeConfig(
      folder,
      'recharge:\n  token: sk_test\ndestination:\n  duckdb: w.duckdb\nstreams: [orders, customers]\nviews: true\n',
    )
    const printed = await cli(folder, ['dbt-sources'])
    expect(printed.code, printed.stderr).toBe(0)
    const names = namesIn(parse(printed.stdout) as DbtSources)
    expect(names).toContain('orders__line_items')
    expect(names).toContain('as_of')
    const written = await cli(folder, ['dbt-sources', '--out', 'recharge.yml'])
    expect(written.code, written.stderr).toBe(0)
    expect(written.stdout).toContain('recharge.yml: ')
    expect(readFileSync(join(folder, 'recharge.yml'), 'utf8').trim()).toBe(printed.stdout.trim())
    const refused = await cli(folder, ['dbt-sources', '--out', 'no/such/folder.yml'])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('--out')
    // It opened nothing that it would have had to make.
    expect(existsSync(join(folder, 'w.duckdb'))).toBe(false)
  }))
