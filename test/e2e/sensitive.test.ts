import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Policies } from '../../src/schema/policy.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { type DestinationConfig, drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, makeFullStore, type Ran, runSync, withSimulator } from '../support/run.ts'
import { fillWithSecrets, GUARDED, idOf, leftBehind, POSITIONS, secretOf, sensitiveOf } from '../support/secrets.ts'

const NAMES = GUARDED.map(({ name }) => name)

describe.each(drawDestination())('$name', place => {
  type Look = (ran: Ran, everything: string[], secrets: string[], destination: DestinationConfig) => Promise<void>

  /** Runs one after the other over a store full of secrets, each under its own policies. */
  async function under(runs: readonly Partial<Policies>[], look: Look): Promise<void> {
    const store = makeFullStore({ customers: 2, months: 1 })
    const secrets = fillWithSecrets(store)
    await withSimulator({ store }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          let last: Ran | null = null
          for (const policies of runs) {
            const config = configFor(simulator, destination, folder)
            last = await runSync({ ...config, policies: { ...config.policies, sensitive: 'hash', ...policies } }, NAMES)
            expect(last.code, last.text).toBe(0)
          }
          if (last === null) return
          const left = await leftBehind(destination, foldersOf(folder, destination))
          await look(last, [...left, last.text], secrets, destination)
        }),
      ),
    )
  }

  const found = (everything: readonly string[], secrets: readonly string[]): string[] =>
    secrets.filter(secret => everything.some(text => text.includes(secret)))

  test('I9: a store full of secrets, some in records that are rejected: none is in a table, a file or a log', async () => {
    const store = makeFullStore({ customers: 2, months: 1 })
    const secrets = fillWithSecrets(store)
    await withSimulator({ store }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const where = destination.kind === 'duckdb' ? `duckdb: ${destination.file}` : `postgres: ${destination.url}`
          writeConfig(
            folder,
            `recharge:\n  token: ${simulator.token}\n  base_url: ${simulator.url}\n  rate: { bucket: 100000, per_second: 10000 }\ndestination:\n  ${where}\non_mismatch: reject\n`,
          )
          const left = await cli(folder, ['sync', '--streams', NAMES.join(), '--log-level', 'trace', '--json'])
          expect(left.code, left.stderr).toBe(0)
          expect(left.stderr).not.toBe('')
          const everything = [
            ...(await leftBehind(destination, foldersOf(folder, destination))),
            left.stdout,
            left.stderr,
          ]
          expect(secrets.length).toBe(GUARDED.flatMap(sensitiveOf).length * POSITIONS.length)
          expect(found(everything, secrets)).toEqual([])
          // Not because the records went missing.
          const report = JSON.parse(left.stdout)
          const rejected = report.streams.reduce((sum: number, s: { rejected: number }) => sum + s.rejected, 0)
          expect(rejected).toBeGreaterThanOrEqual(GUARDED.length)
          await withQuery(destination, async query => {
            const [settings] = await query(`select value from recharge._sync_settings where name = 'salt'`)
            const salt = Buffer.from(String(settings?.value), 'hex')
            expect(salt.length).toBe(32)
            expect(left.stdout + left.stderr).not.toContain(String(settings?.value))
            for (const stream of GUARDED)
              for (const [column] of sensitiveOf(stream)) {
                const rows = await query(
                  `select "${column}" as v from recharge."${stream.name}" where id = ${idOf('plain')}`,
                )
                const digest = createHash('sha256')
                  .update(salt)
                  .update(secretOf(stream, column, 'plain'))
                  .digest('hex')
                expect(rows, `${stream.name}.${column}`).toEqual([{ v: digest }])
              }
            const rejects = await query(`select cast(record as text) as r from recharge._sync_rejects`)
            const customer = createHash('sha256').update(salt).update('SECRET-customers-hash-rejected').digest('hex')
            expect(rejects.filter(({ r }) => String(r).includes(customer))).toHaveLength(1)
          })
        }),
      ),
    )
  })

  test('I9: omitted, they are not even hashed', async () => {
    await under([{ sensitive: 'omit' }], async (_ran, everything, secrets, destination) => {
      expect(found(everything, secrets)).toEqual([])
      for (const stream of GUARDED)
        for (const [column] of sensitiveOf(stream)) {
          const sql = `select count("${column}") as n from recharge."${stream.name}"`
          expect(Number((await withQuery(destination, query => query(sql)))[0]?.n)).toBe(0)
        }
    })
  })

  test('I9: values that are kept for not fitting, and columns that are made by themselves, show none either', async () => {
    await under([{ drift: 'evolve' }], async (ran, everything, secrets, destination) => {
      expect(found(everything, secrets)).toEqual([])
      expect(ran.of('customers')).toMatchObject({ rejected: 0, problem: { code: 'mismatched' } })
      const made = await withQuery(destination, query => query('select column_name from recharge._sync_columns'))
      expect(made.map(({ column_name }) => column_name)).toContain('link')
    })
  })

  test('kept, they are all found: the search is one that can fail', async () => {
    await under([{ sensitive: 'keep' }], async (_ran, everything, secrets) => {
      expect(found(everything, secrets)).toEqual(secrets)
    })
  })

  test('any column may be hashed, one of a list too; equal values stay equal from run to run and across streams', async () => {
    const columns = {
      customers: { email: 'hash', phone: 'omit' },
      orders: { customer_email: 'hash' },
      orders__line_items: { sku: 'hash' },
    } as const
    await under([{ columns }, { columns }], async (ran, everything, _secrets, destination) => {
      // Another salt would have had all that is read twice written anew.
      expect(ran.of('customers')).toMatchObject({ added: 0, changed: 0 })
      await withQuery(destination, async query => {
        const joined = await query(
          `select count(*) as n from recharge.orders o join recharge.customers c on c.id = o.customer_id
           where o.customer_email = c.email and length(c.email) = 64 and c.phone is null`,
        )
        expect(Number(joined[0]?.n)).toBeGreaterThan(0)
        const skus = await query(
          `select distinct length(sku) as n from recharge.orders__line_items where sku is not null`,
        )
        expect(skus.map(({ n }) => Number(n))).toEqual([64])
      })
      expect(everything.filter(text => /[a-z]@[a-z]+\.example/.test(text))).toEqual([])
    })
  })

  test('a policy that changes later: what is read again is rewritten, the run says so, and so does the comment', async () => {
    await under(
      [{ sensitive: 'keep', onMismatch: 'reject' }, { onMismatch: 'reject' }],
      async (ran, _everything, secrets, destination) => {
        const plain = secrets.filter(secret => secret.endsWith('-plain'))
        // Rejects of the first run stay as they were stored.
        await withQuery(destination, async query => {
          for (const stream of GUARDED)
            for (const [column] of sensitiveOf(stream)) {
              const [row] = await query(
                `select "${column}" as v from recharge."${stream.name}" where id = ${idOf('plain')}`,
              )
              expect(plain).not.toContain(row?.v)
            }
          const comment =
            destination.kind === 'postgres'
              ? `select col_description('recharge.customers'::regclass, attnum) as said from pg_attribute where attrelid = 'recharge.customers'::regclass and attname = 'hash'`
              : `select comment as said from duckdb_columns() where table_name = 'customers' and column_name = 'hash'`
          expect(String((await query(comment))[0]?.said)).toContain('Stored as SHA-256')
        })
        const { changed, problem } = ran.of('customers')
        expect(changed).toBeGreaterThan(0)
        expect(problem?.code).toBe('rejects')
      },
    )
  })
})

const foldersOf = (folder: string, destination: DestinationConfig): string[] => [
  folder,
  ...(destination.kind === 'duckdb' ? [dirname(destination.file)] : []),
]
