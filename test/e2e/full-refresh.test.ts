import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/common/errors.ts'
import { DESTINATIONS } from '../support/destinations.ts'
import { runFullRefresh, runSync } from '../support/run.ts'
import { synced } from '../support/synced.ts'

describe.each(DESTINATIONS)('$name', place => {
  test('`sync --full-refresh` reads from the start, keeps every row, and marks none without evidence', async () => {
    const streams = ['customers', 'credit_adjustments', 'charges']
    await synced(place, streams, async ({ simulator, config, sql }) => {
      const rowsOf = async (table: string) => Number((await sql(`select count(*) as n from recharge.${table}`))[0]?.n)
      const before = await rowsOf('customers')
      // Recharge has forgotten one, and this stream has no evidence for deletions.
      const [gone] = simulator.store.all('credit_adjustments')
      simulator.store.remove('credit_adjustments', Number(gone?.id))
      const later = await runSync(config, ['customers'])
      expect(later.of('customers').records).toBeLessThan(before)

      const again = await runFullRefresh(config, ['customers', 'credit_adjustments'])
      expect(again.code, again.text).toBe(0)
      expect(again.of('customers')).toMatchObject({ records: before, added: 0, changed: 0, deleted: 0, from: null })
      expect(again.of('credit_adjustments')).toMatchObject({ deleted: 0, from: null })
      expect(await rowsOf('customers')).toBe(before)
      expect(await rowsOf('credit_adjustments')).toBe(simulator.store.count('credit_adjustments') + 1)
      expect((await sql('select 1 from recharge.credit_adjustments where _deleted_at is not null')).length).toBe(0)

      // Recharge no longer returns all charges.
      const checkpoint = () => sql(`select watermark from recharge._sync_checkpoints where stream = 'charges'`)
      const kept = await checkpoint()
      expect(() => runFullRefresh(config, ['charges'])).toThrow(ConfigError)
      // A run that cannot begin forgets nothing.
      const refused = { ...config, recharge: { ...config.recharge, token: 'sk_1x1_wrong' } }
      expect((await runFullRefresh(refused, ['charges'], true)).code).toBe(3)
      expect(await checkpoint()).toEqual(kept)
      expect((await runFullRefresh(config, ['charges'], true)).of('charges')).toMatchObject({ added: 0, deleted: 0 })
    })
  })
})
