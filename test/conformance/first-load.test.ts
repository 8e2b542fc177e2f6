import { describe, expect, test } from 'vitest'
import { DESTINATIONS } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { firstLoad } from '../support/first-load.ts'
import { makeStore } from '../support/run.ts'

describe.each(DESTINATIONS)('$name', place => {
  test('a first load is made once, and what is done to a copy of it shows in no other', async () => {
    let loads = 0
    const loaded = firstLoad(place, async destination => {
      loads += 1
      await withQuery(destination, async query => {
        await query('create schema recharge')
        await query('create table recharge.marks (id int)')
        await query('insert into recharge.marks values (1)')
      })
      return makeStore({ customers: 3, months: 1 })
    })
    const marks = 'select id from recharge.marks order by id'
    for (let use = 0; use < 2; use++)
      await loaded(async (destination, store) => {
        const [first, ...rest] = store.all('customers')
        expect([first?.first_name === 'Changed', rest.length]).toEqual([false, 2])
        store.edit('customers', Number(first?.id), { first_name: 'Changed' })
        store.remove('customers', Number(rest[0]?.id))
        expect(await withQuery(destination, query => query(marks))).toEqual([{ id: 1 }])
        await withQuery(destination, query => query('insert into recharge.marks values (2)'))
      })
    expect(loads).toBe(1)
  })
})
