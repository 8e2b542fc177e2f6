import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { createApp, select } from '../../src/cli/app.ts'
import { check } from '../../src/cli/commands/check.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { type DestinationConfig, withDatabase, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { NO_PGBOUNCER, type PoolMode, withPgbouncer } from '../support/pgbouncer.ts'
import { configFor, runSync, withSimulator } from '../support/run.ts'

/* Behind a real pgbouncer. Supabase, Neon and RDS Proxy lend their connections in the same way, for one transaction each. */

const postgres = (url: string): DestinationConfig => ({ kind: 'postgres', url, schema: 'recharge' })
const MODES: readonly PoolMode[] = ['session', 'transaction']

describe.skipIf(NO_PGBOUNCER !== null).each(MODES)('pgbouncer in %s mode', mode => {
  test('I7: K5/19: of two runs at once the second exits 4; after the first it works, and changes nothing', async () => {
    await withSimulator({}, simulator =>
      withDatabase(url =>
        withPgbouncer(url, mode, pooled =>
          withFolder(async folder => {
            const config = configFor(simulator, postgres(pooled), folder)
            const blocked = Promise.withResolvers<void>()
            const reached = Promise.withResolvers<void>()
            simulator.faults.before(async ({ path }) => {
              if (path !== '/customers') return
              reached.resolve()
              await blocked.promise
            })
            const first = runSync(config, ['customers', 'charges'])
            await reached.promise
            const second = await runSync(config, ['customers'])
            expect(second.code, second.text).toBe(4)
            expect(second.report.problem).toMatchObject({ code: 'held' })
            expect(second.report.problem?.message).toContain(`process ${process.pid}`)
            blocked.resolve()
            const ended = await first
            expect(ended.code, ended.text).toBe(0)
            expect(second.report.problem?.message).toContain(ended.report.run)
            const third = await runSync(config, ['customers', 'charges'])
            expect(third.code, third.text).toBe(0)
            expect(third.of('customers')).toMatchObject({ added: 0, changed: 0 })
          }),
        ),
      ),
    )
  })

  test('I7: K5/19: after kill -9 the next run on this machine gets in at once', async () => {
    await withSimulator({}, simulator =>
      withDatabase(url =>
        withPgbouncer(url, mode, pooled =>
          withFolder(async folder => {
            writeConfig(
              folder,
              `recharge:\n  token: \${RECHARGE_ACCESS_TOKEN}\n  base_url: ${simulator.url}\ndestination:\n  postgres: ${pooled}\n`,
            )
            let kill = (): void => {}
            simulator.faults.before(({ path }) => {
              if (path === '/customers') kill()
            })
            const environment = { RECHARGE_ACCESS_TOKEN: simulator.token }
            const left = await cli(folder, ['sync', '--streams', 'customers'], environment, child => {
              kill = () => child.kill('SIGKILL')
            })
            expect(left.signal).toBe('SIGKILL')
            kill = () => {}
            const [row] = await withQuery(postgres(url), query =>
              query('select holder, expires_at > now() as valid from recharge._sync_lease'),
            )
            expect(row).toMatchObject({ valid: true })
            const next = await runSync(configFor(simulator, postgres(pooled), folder), ['customers'])
            expect(next.code, next.text).toBe(0)
          }),
        ),
      ),
    )
  })

  test('I7: K5/20: a run whose lease was stolen loses it, and the thief keeps it', async () => {
    await withSimulator({}, simulator =>
      withDatabase(url =>
        withPgbouncer(url, mode, pooled =>
          withFolder(async folder => {
            const config = configFor(simulator, postgres(pooled), folder)
            const app = createApp(config, { level: 'silent' })
            {
              await using destination = await app.open('write')
              const lost = await destination.acquireLock(app.run)
              expect(lost.aborted).toBe(false)
              await withQuery(postgres(url), query => query(`update recharge._sync_lease set holder = 'thief'`))
              const refused = await runSync(config, ['customers'])
              expect(refused.code, refused.text).toBe(4)
              expect(refused.report.problem?.message).toContain('run thief')
            }
            const rows = await withQuery(postgres(url), query => query('select holder from recharge._sync_lease'))
            expect(rows).toEqual([{ holder: 'thief' }])
          }),
        ),
      ),
    )
  })

  test('I7: K5/19: whoever gets the connection next finds it as the server made it', async () => {
    await withSimulator({}, simulator =>
      withDatabase(url =>
        withPgbouncer(
          url,
          mode,
          pooled =>
            withFolder(async folder => {
              const name = new URL(url).pathname.slice(1)
              await withQuery(postgres(url), query => query(`alter database ${name} set timezone = 'Asia/Kolkata'`))
              const ran = await runSync(configFor(simulator, postgres(pooled), folder), ['customers'])
              expect(ran.code, ran.text).toBe(0)
              const client = new pg.Client({ connectionString: pooled })
              await client.connect()
              try {
                const { rows } = await client.query(`
                  select current_setting('timezone') as zone, current_setting('datestyle') as dates,
                    current_setting('enable_hashjoin') as hashjoin,
                    (select count(*)::int from pg_prepared_statements) as prepared,
                    (select count(*)::int from pg_class where relpersistence = 't') as temporary,
                    (select count(*)::int from pg_locks where locktype = 'advisory') as locks`)
                expect(rows).toEqual([
                  { zone: 'Asia/Kolkata', dates: 'ISO, MDY', hashjoin: 'on', prepared: 0, temporary: 0, locks: 0 },
                ])
              } finally {
                await client.end()
              }
            }),
          mode === 'transaction' ? 1 : 20,
        ),
      ),
    )
  })

  test('K7/36: what the pooler itself refuses is no bug either', async () => {
    await withSimulator({}, simulator =>
      withDatabase(url =>
        withPgbouncer(url, mode, pooled =>
          withFolder(async folder => {
            const refusedAt = async (change: (address: URL) => void) => {
              const address = new URL(pooled)
              change(address)
              const { code, report } = await runSync(configFor(simulator, postgres(address.href), folder), [
                'customers',
              ])
              expect(code).toBe(3)
              return report.problem
            }
            const nowhere = await refusedAt(address => {
              address.pathname = '/nowhere'
            })
            expect(nowhere, nowhere?.message).toMatchObject({ code: 'unknown_database' })
            const options = await refusedAt(address => {
              address.search = 'options=-c%20geqo%3Doff'
            })
            expect(options, options?.message).toMatchObject({
              code: 'bad_address',
              message: expect.stringContaining('options'),
            })
          }),
        ),
      ),
    )
  })

  test('I7: K5/19: check names the pooler, and says that it works', async () => {
    await withSimulator({}, simulator =>
      withDatabase(url =>
        withFolder(async folder => {
          const said = async (address: string) => {
            const app = createApp(configFor(simulator, postgres(address), folder), { level: 'silent' })
            return await check(app, select(app, null), new AbortController().signal)
          }
          const straight = await said(url)
          expect(straight.code, straight.text).toBe(0)
          expect(straight.text).not.toContain('pooler')
          await withPgbouncer(url, mode, async pooled => {
            const { code, text } = await said(pooled)
            expect(code, text).toBe(0)
            expect(text).toMatch(/ok +destination: the address leads to a connection pooler.*that works/)
          })
        }),
      ),
    )
  })
})
