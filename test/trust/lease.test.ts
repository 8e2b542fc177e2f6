import { spawnSync } from 'node:child_process'
import { connect, createServer, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createApp, select } from '../../src/cli/app.ts'
import { sync } from '../../src/cli/commands/sync.ts'
import type { RunId } from '../../src/common/model.ts'
import { thisProcess } from '../../src/common/process-identity.ts'
import type { RunReport } from '../../src/common/run-report.ts'
import type { Warehouse } from '../../src/load/destination.ts'
import { openDestination } from '../../src/load/open.ts'
import { NO_PROGRESS } from '../../src/pipeline/progress.ts'
import { allTables } from '../../src/schema/table.ts'
import { CACHE, programFile } from '../support/cli.ts'
import { type DestinationConfig, withDatabase, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, makeStore, runSync, withSimulator } from '../support/run.ts'
import { at, batchOf, moved, parcel, parcels } from '../support/samples.ts'

const DIES = programFile('take-lease')
const [FIRST, SECOND] = ['01J0000000000000000000FRST', '01J0000000000000000000SCND'] as [RunId, RunId]
/** So short that a test sees several renewals, and none is late. */
const QUICK = { renewEveryMs: 20, expiresAfterMs: 60_000 }

const postgres = (url: string): DestinationConfig => ({ kind: 'postgres', url, schema: 'recharge' })
const open = (url: string, lease = QUICK): Promise<Warehouse> =>
  openDestination(postgres(url), { mode: 'write', connections: 2, lease })
const ask = (url: string, sql: string) => withQuery(postgres(url), query => query(sql))
const lease = async (url: string) =>
  (await ask(url, 'select *, expires_at::text as until from recharge._sync_lease'))[0]

/** The row as a run left it that is not this process. */
async function leave(url: string, process: Partial<ReturnType<typeof thisProcess>>, expires = "interval '1 hour'") {
  const left = JSON.stringify({ ...thisProcess(), ...process })
  await ask(
    url,
    `update recharge._sync_lease set holder = '${FIRST}', host = '${process.host ?? hostname()}',
       process = '${left}', expires_at = now() + ${expires}`,
  )
}

/** A database that has the tables of a warehouse, and no run at work. */
const withWarehouse = (work: (url: string) => Promise<void>): Promise<void> =>
  withDatabase(async url => {
    {
      await using destination = await open(url)
      await destination.acquireLock(FIRST)
      await destination.prepare(allTables(parcels))
    }
    await work(url)
  })

/** A database in which the given run has the lease; nobody renews it. */
const withLeft = (
  process: Partial<ReturnType<typeof thisProcess>>,
  expires: string,
  work: (url: string) => Promise<void>,
): Promise<void> =>
  withWarehouse(async url => {
    await ask(
      url,
      `insert into recharge._sync_lease values ('writer', '${FIRST}', '${hostname()}', '{}', now(), now() + interval '1 hour')`,
    )
    await leave(url, process, expires)
    await work(url)
  })

describe('who gets the lease', () => {
  test('I7: K5/19: a second run is refused and told run, host, process and time; after the first it is let in', async () => {
    await withDatabase(async url => {
      await using second = await open(url)
      {
        await using first = await open(url)
        await first.acquireLock(FIRST)
        const refused = second.acquireLock(SECOND)
        await expect(refused).rejects.toMatchObject({ kind: 'held' })
        await expect(refused).rejects.toThrow(`${FIRST}, process ${process.pid} on ${hostname()}, since 20`)
        await first.prepare(allTables(parcels))
      }
      expect(await lease(url)).toBeUndefined()
      await second.acquireLock(SECOND)
      expect(await lease(url)).toMatchObject({ holder: SECOND, host: hostname() })
    })
  })

  test('I7: K5/19: of many first runs at the same time one gets it, and no other fails in another way', async () => {
    await withDatabase(async url => {
      const runs = await Promise.all(Array.from({ length: 6 }, () => open(url)))
      const results = await Promise.allSettled(runs.map((run, i) => run.acquireLock(`${SECOND}${i}` as RunId)))
      const refused = results.flatMap(result => (result.status === 'rejected' ? [result.reason.kind] : []))
      expect(refused).toEqual(['held', 'held', 'held', 'held', 'held'])
      for (const run of runs) await run[Symbol.asyncDispose]()
    })
  })

  test('I7: K5/19: a process of this machine that was killed keeps nobody out', async () => {
    await withWarehouse(async url => {
      const { signal } = spawnSync(process.execPath, [DIES, url, FIRST], {
        env: { ...process.env, NODE_COMPILE_CACHE: CACHE },
      })
      expect(signal).toBe('SIGKILL')
      expect(await lease(url)).toMatchObject({ holder: FIRST })
      await using next = await open(url)
      await next.acquireLock(SECOND)
      expect(await lease(url)).toMatchObject({ holder: SECOND })
    })
  })

  test.each([
    ['another process has the pid of the holder', { started: 'before' }],
    ['the pid of the holder is free', { pid: 2 ** 22 + 1, started: 'before' }],
  ])('K5/19: %s: the lease is taken at once', async (_, left) => {
    await withLeft(left, "interval '1 hour'", async url => {
      await using next = await open(url)
      await next.acquireLock(SECOND)
      expect(await lease(url)).toMatchObject({ holder: SECOND })
    })
  })

  test.each([
    ['on another machine', { host: 'elsewhere', pid: 2 ** 22 + 1 }],
    ['in another container of the same name', { space: 'another', pid: 2 ** 22 + 1 }],
    ['of this machine that lives', {}],
  ])('K5/19: a process %s keeps others out until its lease expires', async (_, left) => {
    await withLeft(left, "interval '1 hour'", async url => {
      await using next = await open(url)
      await expect(next.acquireLock(SECOND)).rejects.toMatchObject({ kind: 'held' })
      await leave(url, left, "interval '-1 millisecond'")
      await next.acquireLock(SECOND)
      expect(await lease(url)).toMatchObject({ holder: SECOND })
    })
  })

  test('I7: K5/19: a run that is refused before it makes its tables leaves no schema behind', async () => {
    await withDatabase(async url => {
      {
        await using destination = await open(url)
        await destination.acquireLock(FIRST)
        expect(await lease(url)).toBeDefined()
      }
      expect(await ask(url, `select nspname from pg_namespace where nspname = 'recharge'`)).toEqual([])
      await ask(url, 'create schema recharge; create table recharge.orders (id int)')
      {
        await using destination = await open(url)
        await destination.acquireLock(FIRST)
      }
      const tables = await ask(url, `select relname from pg_class where relnamespace = 'recharge'::regnamespace`)
      expect(tables).toEqual([{ relname: 'orders' }])
    })
  })
})

describe('while a run lives', () => {
  test('I7: K5/19: the lease is renewed, also after the server has ended every connection', async () => {
    await withDatabase(async url => {
      await using destination = await open(url)
      const lost = await destination.acquireLock(FIRST)
      const renewed = async (): Promise<void> => {
        const before = (await lease(url))?.until
        while ((await lease(url))?.until === before) await wait(5)
      }
      await renewed()
      await ask(
        url,
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'recharge-sync' and datname = current_database()`,
      )
      await renewed()
      expect(lost.aborted).toBe(false)
    })
  })

  test('I7: K5/20: another holder is noticed, and no commit succeeds any more', async () => {
    await withDatabase(async url => {
      await using destination = await open(url)
      const lost = await destination.acquireLock(FIRST)
      await destination.prepare(allTables(parcels))
      const start = await destination.checkpoint('parcels')
      await destination.commit(batchOf(parcels, [parcel(1, 1)]), start, moved(start, at(1)))
      await ask(
        url,
        `update recharge._sync_lease set holder = '${SECOND}', host = 'elsewhere', process = process || '{"host": "elsewhere"}'`,
      )
      await new Promise(resolve => lost.addEventListener('abort', resolve))
      expect(lost.reason).toMatchObject({ kind: 'held', message: expect.stringContaining(`${SECOND}, process`) })
      const from = await destination.checkpoint('parcels')
      const late = destination.commit(batchOf(parcels, [parcel(2, 2)]), from, moved(from, at(2)))
      await expect(late).rejects.toMatchObject({ kind: 'held' })
      expect(await ask(url, 'select id::int from recharge.parcels')).toEqual([{ id: 1 }])
    })
  })

  test('I7: K5/20: a lease that cannot be renewed until it expires is lost', async () => {
    await withWarehouse(url =>
      withGate(url, async (through, gate) => {
        await using destination = await open(through, { renewEveryMs: 20, expiresAfterMs: 500 })
        const lost = await destination.acquireLock(FIRST)
        gate.close()
        await new Promise(resolve => lost.addEventListener('abort', resolve))
        expect(lost.reason).toMatchObject({ kind: 'lease_lost', message: expect.stringContaining('0.5 s') })
      }),
    )
  })

  test('I7: K5/20: a run whose lease another run has taken stops, says who has it, and exits 4', async () => {
    const store = makeStore({ customers: 600, months: 2 })
    await withSimulator({ store }, simulator =>
      withDatabase(url =>
        withFolder(async folder => {
          const config = configFor(simulator, postgres(url), folder, { concurrency: 1 })
          const app = createApp(config, { level: 'silent' })
          let pages = 0
          simulator.faults.before(async ({ path }) => {
            if (path !== '/customers' || ++pages < 2) return
            if (pages === 2)
              await ask(
                url,
                `update recharge._sync_lease set holder = '${SECOND}', host = 'elsewhere', process = process || '{"host": "elsewhere"}'`,
              )
            // No page is answered any more: only the lease can end the run.
            await new Promise(() => {})
          })
          const { code, json } = await sync(
            {
              ...app,
              // The salt is opened by a destination that is not the app's own.
              tokenHash: () => 'hash of the token',
              open: () => openDestination(config.destination, { mode: 'write', connections: 5, lease: QUICK }),
            },
            select(app, ['customers']),
            NO_PROGRESS,
            new AbortController().signal,
          )
          const report = json as RunReport
          expect(code, JSON.stringify(report)).toBe(4)
          expect(report.problem).toMatchObject({ code: 'held', message: expect.stringContaining('elsewhere') })
          // The row of the other run is left alone.
          expect(await lease(url)).toMatchObject({ holder: SECOND })
        }),
      ),
    )
  })
})

test('I7: K5/19: what a transaction sets for itself ends with it', async () => {
  await withDatabase(async url => {
    const name = new URL(url).pathname.slice(1)
    await ask(
      url,
      `alter database ${name} set timezone = 'Asia/Kolkata'; alter database ${name} set datestyle = 'SQL, DMY'`,
    )
    await withGate(url, async (through, gate) => {
      await using destination = await open(through)
      await destination.acquireLock(FIRST)
      await destination.prepare(allTables(parcels))
      const start = await destination.checkpoint('parcels')
      await destination.commit(batchOf(parcels, [parcel(1, 1)]), start, moved(start, at(1)))
      // The server says each time that one of them changes, also when a transaction ends and takes its setting back.
      const said = (setting: string) =>
        [...gate.answers().matchAll(new RegExp(`${setting}\0([^\0]+)\0`, 'g'))].map(([, value]) => value)
      expect(said('TimeZone')).toContain('UTC')
      expect(said('TimeZone').at(-1)).toBe('Asia/Kolkata')
      expect(said('DateStyle')).toContain('ISO, YMD')
      expect(said('DateStyle').at(-1)).toBe('SQL, DMY')
    })
  })
})

test('K1/3: whatever time zone, date style and isolation the database prefers, a second run reads nothing again', async () => {
  await withSimulator({}, simulator =>
    withDatabase(url =>
      withFolder(async folder => {
        const name = new URL(url).pathname.slice(1)
        await ask(
          url,
          `alter database ${name} set datestyle = 'SQL, DMY';
           alter database ${name} set timezone = 'Asia/Kolkata';
           alter database ${name} set default_transaction_isolation = 'serializable';
           alter database ${name} set standard_conforming_strings = off;
           alter database ${name} set escape_string_warning = off`,
        )
        const config = configFor(simulator, postgres(url), folder)
        const first = await runSync(config, ['customers', 'charges'])
        expect(first.code, first.text).toBe(0)
        expect(first.of('customers').complete_to).toMatch(/^20\d\d-\d\d-\d\dT/)
        simulator.clearRequests()
        const second = await runSync(config, ['customers', 'charges'])
        expect(second.code, second.text).toBe(0)
        expect(second.of('customers')).toMatchObject({ added: 0, changed: 0 })
        const asked = simulator.requests.filter(({ path }) => path === '/customers')
        expect(asked).toHaveLength(1)
        expect(second.of('customers').records).toBeLessThan(first.of('customers').records)
      }),
    ),
  )
})

test('I7: K5/21: a COMMIT that ends while it is made again is our own: it counts once, and the run goes on', async () => {
  const store = makeStore({ customers: 600, months: 2 })
  await withSimulator({ store }, simulator =>
    withDatabase(url =>
      withFolder(async folder => {
        const target = new URL(url)
        let copies = 0
        let held: (() => void) | null = null
        let waited = false
        /** Until the second write waits for the first, whose COMMIT has not reached the server yet. */
        const releaseWhenWaiting = async (): Promise<void> => {
          const waiting = `select 1 from pg_locks where not granted and locktype = 'transactionid'`
          while ((await ask(url, waiting)).length === 0) await wait(5)
          waited = true
          held?.()
          held = null
        }
        const proxy = createServer(client => {
          const server = connect(Number(target.port), target.hostname)
          let second = false
          client.on('data', data => {
            if (data.includes('copy "recharge"."customers"')) second = ++copies === 2
            if (second && data[0] === 0x51 && data.includes('commit\0')) {
              held = () => server.write(data)
              client.destroy()
            } else {
              server.write(data)
              if (held && data.includes('update "recharge"."_sync_checkpoints" set "version"'))
                void releaseWhenWaiting()
            }
          })
          server.on('data', data => client.write(data))
          // The server must not notice that the client is gone before it has the COMMIT.
          client.on('close', () => held ?? server.end())
          server.on('close', () => client.destroy())
          client.on('error', () => {})
          server.on('error', () => {})
        })
        await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
        const address = proxy.address()
        const through = new URL(url)
        through.port = String(typeof address === 'object' ? address?.port : '')
        const ran = await runSync(configFor(simulator, postgres(through.href), folder, { concurrency: 1 }), [
          'customers',
        ])
        proxy.close()
        expect(waited).toBe(true)
        expect(ran.code, ran.text).toBe(0)
        const { length } = store.all('customers')
        expect(ran.of('customers')).toMatchObject({ records: length, added: length, changed: 0, unchanged: 0 })
        expect(await ask(url, 'select count(*)::int as n from recharge.customers')).toEqual([{ n: length }])
      }),
    ),
  )
})

interface Gate {
  /** From now on what is sent gets no answer. */
  close(): void
  /** All that the server has said. */
  answers(): string
}

/** A proxy before the server. */
async function withGate(url: string, work: (through: string, gate: Gate) => Promise<void>): Promise<void> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let closed = false
  let answers = ''
  const server = createServer(near => {
    const far = connect(Number(target.port), target.hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    near.on('data', data => {
      if (!closed) far.write(data)
    })
    far.on('data', data => {
      answers += data.toString('latin1')
      if (!closed) near.write(data)
    })
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const through = new URL(url)
  through.port = String(typeof address === 'object' ? address?.port : '')
  try {
    await work(through.href, {
      close: () => {
        closed = true
      },
      answers: () => answers,
    })
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}
