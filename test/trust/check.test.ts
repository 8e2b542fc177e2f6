import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createApp, select } from '../../src/cli/app.ts'
import { check } from '../../src/cli/commands/check.ts'
import type { Config } from '../../src/cli/config/load.ts'
import { withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, runSync, withSimulator } from '../support/run.ts'

async function checked(config: Config, streams: readonly string[]) {
  const app = createApp(config, { level: 'silent' })
  return await check(app, select(app, streams), new AbortController().signal)
}

test('K7: `check` names a stream that can no longer be read, a time that has not come, and a token for nothing', async () => {
  await withSimulator({}, simulator =>
    withFolder(async folder => {
      const destination = { kind: 'duckdb', file: join(folder, 'a.duckdb'), schema: 'recharge' } as const
      const config = configFor(simulator, destination, folder)
      await runSync(config, ['customers', 'orders'])
      expect((await checked(config, ['customers', 'orders'])).code).toBe(0)
      await withSimulator({ store: simulator.store, scopes: ['read_customers'] }, async narrowed => {
        const later = { ...config, recharge: { ...config.recharge, baseUrl: narrowed.url } }
        const lacks = await checked(later, ['customers', 'orders'])
        expect(lacks.code).toBeGreaterThan(0)
        expect(lacks.text).toMatch(
          /PROBLEM {2}stream: orders was read to .* and no longer can be: the token lacks read_orders/,
        )
        const nothing = await checked(later, ['plans'])
        expect([nothing.code, nothing.text]).toEqual([
          3,
          expect.stringContaining('scope of none of the selected streams'),
        ])
      })
      await withQuery(destination, query =>
        query(`update recharge._sync_checkpoints set watermark = '2099-01-01T00:00:00Z' where stream = 'orders'`),
      )
      const ahead = await checked(config, ['customers', 'orders'])
      expect(ahead.code).toBeGreaterThan(0)
      expect(ahead.text).toContain('which is in the future')
    }),
  )
})
