import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/common/errors.ts'
import { DAY } from '../../src/simulator/time.ts'
import { drawDestination } from '../support/destinations.ts'
import { runFullRefresh, runSync } from '../support/run.ts'
import { synced } from '../support/synced.ts'

describe.each(drawDestination())('$name', place => {
  test('`sync --full-refresh` reads from the start, keeps every row, and marks none without evidence', async () => {
    await synced(place, ['customers', 'charges'], async ({ simulator, config, sql }) => {
      const count = async (table: string, where = 'true') =>
        Number((await sql(`select count(*) as n from recharge.${table} where ${where}`))[0]?.n)
      const [customers, charges] = [await count('customers'), await count('charges')]
      expect((await runSync(config, ['customers'])).of('customers').records).toBeLessThan(customers)

      const again = await runFullRefresh(config, ['customers'])
      expect(again.code, again.text).toBe(0)
      expect(again.of('customers')).toMatchObject({ records: customers, added: 0, changed: 0, deleted: 0, from: null })

      // Two months later Recharge no longer returns all charges.
      const checkpoint = () => sql(`select watermark from recharge._sync_checkpoints where stream = 'charges'`)
      const kept = await checkpoint()
      simulator.store.advance(60 * DAY)
      await expect(async () => runFullRefresh(config, ['charges'])).rejects.toThrow(ConfigError)
      // A run that cannot begin forgets nothing.
      const refused = { ...config, recharge: { ...config.recharge, token: 'sk_1x1_wrong' } }
      expect((await runFullRefresh(refused, ['charges'], true)).code).toBe(3)
      expect(await checkpoint()).toEqual(kept)
      const rest = (await runFullRefresh(config, ['charges'], true)).of('charges')
      expect(rest).toMatchObject({ outcome: 'complete', added: 0, deleted: 0, from: null })
      expect(rest.records).toBeLessThan(charges)
      expect([await count('charges'), await count('charges', '_deleted_at is not null')]).toEqual([charges, 0])
    })
  })
})
