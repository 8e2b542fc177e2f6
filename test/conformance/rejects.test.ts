import { describe, expect, test } from 'vitest'
import { parseInstant } from '../../src/common/instant.ts'
import type { Warehouse } from '../../src/load/destination.ts'
import { openDestination } from '../../src/load/open.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { allTables } from '../../src/schema/table.ts'
import { DESTINATIONS } from '../support/destinations.ts'
import { at, batchOf, parcels as lenient, moved, parcel } from '../support/samples.ts'

const parcels: Stream = { ...lenient, onMismatch: 'reject' }
const snapshots: Stream = { ...parcels, sync: { mode: 'full' } }
const bad = { price: 'cheap' }

/** How rejects are kept and deleted, in every database. */
describe.each(DESTINATIONS)('$name', database => {
  const inside = (work: (destination: Warehouse) => Promise<void>): Promise<void> =>
    database.with(async config => {
      await using destination = await openDestination(config, { mode: 'write', connections: 2 })
      await destination.prepare(allTables(parcels))
      await work(destination)
    })

  async function commit(destination: Warehouse, records: readonly unknown[], stream: Stream = parcels) {
    const from = await destination.checkpoint('parcels')
    await destination.commit(batchOf(stream, records), from, moved(from))
    return (await destination.rejects('parcels')).map(({ key }) => key)
  }

  test('I5: a reject is deleted when its record loads in the same or a newer version, not in an older one', async () => {
    await inside(async destination => {
      expect(await commit(destination, [parcel(1, 5, bad), parcel(2, 5, bad)])).toEqual(['1', '2'])
      expect(await commit(destination, [parcel(1, 4)])).toEqual(['1', '2'])
      expect(await commit(destination, [parcel(1, 5)])).toEqual(['2'])
      expect(await commit(destination, [parcel(2, 6), parcel(3, 6)])).toEqual([])
    })
  })

  test('I5: without a cursor, a reject is deleted when any later version loads', async () => {
    await inside(async destination => {
      expect(await commit(destination, [parcel(1, 5, bad)], snapshots)).toEqual(['1'])
      expect(await commit(destination, [parcel(1, 4)], snapshots)).toEqual([])
    })
  })

  test('a reject stays if the same batch has an older version that loads', async () => {
    await inside(async destination => {
      expect(await commit(destination, [parcel(1, 4), parcel(1, 5, bad)])).toEqual(['1'])
      const rejectedAt = () => destination.query('select cast(rejected_at as text) as at from recharge._sync_rejects')
      const first = await rejectedAt()
      const from = await destination.checkpoint('parcels')
      const batch = batchOf(snapshots, [parcel(1, 4), parcel(1, 5, bad)])
      await destination.commit({ ...batch, receivedAt: at(2_000_000) }, from, moved(from))
      expect(await rejectedAt()).toEqual(first)
    })
  })

  test('a record that is rejected again is stored once, with the new time', async () => {
    await inside(async destination => {
      await commit(destination, [parcel(1, 5, bad)])
      const [first] = await destination.rejects('parcels')
      const from = await destination.checkpoint('parcels')
      const later = parseInstant('2026-03-01', 'UTC') ?? at(0)
      await destination.commit({ ...batchOf(parcels, [parcel(1, 5, bad)]), receivedAt: later }, from, moved(from))
      const again = await destination.rejects('parcels')
      expect(again).toEqual([{ ...first, seenAt: later }])
    })
  })

  test('I1: a refused commit deletes no reject', async () => {
    await inside(async destination => {
      const from = await destination.checkpoint('parcels')
      await destination.commit(batchOf(parcels, [parcel(1, 5, bad)]), from, moved(from))
      await expect(destination.commit(batchOf(parcels, [parcel(1, 6)]), from, moved(from))).rejects.toThrow(
        'another run',
      )
      expect(await destination.rejects('parcels')).toHaveLength(1)
    })
  })

  test('a row is newer than a reject if it was deleted later, or written later where there is no cursor', async () => {
    await inside(async destination => {
      await commit(destination, [parcel(1, 5)])
      const newer = (day: string, stream: Stream = parcels) => {
        const seen = parseInstant(day, 'UTC') ?? at(0)
        return destination.writtenSince(
          stream,
          new Map([
            ['1', seen],
            ['7', seen],
          ]),
        )
      }
      expect([...(await newer('2026-01-01'))]).toEqual([])
      expect([...(await newer('2026-01-01', snapshots))]).toEqual(['1'])
      expect([...(await newer('2026-12-01', snapshots))]).toEqual([])
    })
  })
})
