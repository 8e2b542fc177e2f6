import { randomUUID } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { describe, expect, inject, test } from 'vitest'
import { createApp, STREAMS, select } from '../../src/cli/app.ts'
import { check } from '../../src/cli/commands/check.ts'
import type { RunId } from '../../src/common/model.ts'
import { openDestination } from '../../src/load/open.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { allTables } from '../../src/schema/table.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { DESTINATIONS, type DestinationConfig, withDatabase, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { gated } from '../support/gate.ts'
import { configFor, runSync, withSimulator } from '../support/run.ts'
import { at, batchOf, moved, parcel, parcels } from '../support/samples.ts'

const CERTIFICATE = fileURLToPath(new URL('../support/localhost.crt', import.meta.url))
const KEY = fileURLToPath(new URL('../support/localhost.key', import.meta.url))
const PASSWORD = 'Tr0ub4dor'
const customers = STREAMS.find(({ name }) => name === 'customers') as Stream

const postgres = (url: string): DestinationConfig => ({ kind: 'postgres', url, schema: 'recharge' })

interface Said {
  readonly code: string | undefined
  readonly message: string
  readonly next: string
}

/** What `check` and then `sync` say of a destination that both refuse with exit code 3. */
async function refusals(destination: DestinationConfig, both = true): Promise<readonly Said[]> {
  return await withSimulator({}, simulator =>
    withFolder(async folder => {
      const config = configFor(simulator, destination, folder)
      const app = createApp(config, { level: 'silent' })
      const checked = await check(app, select(app, null), new AbortController().signal)
      const { findings } = checked.json as {
        findings: { what: string; code?: string; message: string; next: string }[]
      }
      expect(checked.code, checked.text).toBe(3)
      const [finding] = findings.filter(({ what, code }) => what === 'destination' && code !== undefined)
      if (!finding) throw new Error(`check found no problem: ${checked.text}`)
      const said: Said[] = [{ code: finding.code, message: finding.message, next: finding.next }]
      if (both) {
        const ran = await runSync(config, ['customers'])
        expect(ran.code, ran.text).toBe(3)
        const { problem } = ran.report
        said.push({ code: problem?.code, message: problem?.message ?? '', next: problem?.next ?? '' })
      }
      return said
    }),
  )
}

/** Asserts that both say the same code, that the message names the thing, and that the next step is the given one. */
async function refused(
  destination: DestinationConfig,
  code: string,
  message: string | RegExp,
  next: string | RegExp,
  both = true,
): Promise<void> {
  for (const said of await refusals(destination, both)) {
    expect(said).toEqual({
      code,
      message: expect.stringMatching(typeof message === 'string' ? literal(message) : message),
      next: expect.stringMatching(typeof next === 'string' ? literal(next) : next),
    })
    expect(JSON.stringify(said)).not.toContain(PASSWORD)
  }
}

const literal = (text: string): RegExp => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))

async function administer(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

/** A database with a role of its own, which may do everything there but what `statements` take from it. */
async function withRole(
  statements: (role: string, database: string) => readonly string[],
  work: (url: string, role: string, database: string, admin: string) => Promise<void>,
): Promise<void> {
  const role = `role_${randomUUID().slice(0, 8)}`
  await withDatabase(async admin => {
    const database = new URL(admin).pathname.slice(1)
    await administer(
      admin,
      `create role ${role} login password '${PASSWORD}'`,
      `revoke all on database ${database} from public`,
      `grant connect, create, temporary on database ${database} to ${role}`,
    )
    try {
      await administer(admin, ...statements(role, database))
      const url = new URL(admin)
      url.username = role
      url.password = PASSWORD
      await work(url.href, role, database, admin)
    } finally {
      await administer(admin, `drop owned by ${role} cascade`, `drop role ${role}`)
    }
  })
}

const withAddress = (base: string, change: (url: URL) => void): string => {
  const url = new URL(base)
  change(url)
  return url.href
}

describe('the Postgres server', () => {
  test('K7/29: a LATIN1 database is refused before anything is made, with the statement that makes one in UTF-8', async () => {
    const name = `latin_${randomUUID().slice(0, 8)}`
    const server = inject('postgres')
    await administer(server, `create database ${name} encoding 'LATIN1' locale 'C' template template0`)
    const url = withAddress(server, at => {
      at.pathname = `/${name}`
    })
    try {
      await refused(
        postgres(url),
        'wrong_encoding',
        `database ${name} has the encoding LATIN1`,
        "encoding 'UTF8' template template0",
      )
      const schemas = await withQuery(postgres(url), query =>
        query(`select nspname from pg_namespace where nspname = 'recharge'`),
      )
      expect(schemas).toEqual([])
    } finally {
      await administer(server, `drop database ${name} with (force)`)
    }
  })

  test('K7/35: without the right to create temporary tables: the GRANT that is missing', async () => {
    await withRole(
      (role, database) => [`revoke temporary on database ${database} from ${role}`],
      async (url, role, database) => {
        const grant = `grant temporary on database "${database}" to "${role}";`
        await withSimulator({}, simulator =>
          withFolder(async folder => {
            const app = createApp(configFor(simulator, postgres(url), folder), { level: 'silent' })
            const { code, text } = await check(app, select(app, null), new AbortController().signal)
            expect(code, text).toBe(3)
            expect(text).toContain(grant)
            // A run finds out with the first rows that need one.
            const config = configFor(simulator, postgres(url), folder)
            await runSync(config, ['customers'])
            const again = await runSync(config, ['customers'])
            expect(again.report.problem).toMatchObject({ code: 'no_temp', next: expect.stringContaining(grant) })
          }),
        )
      },
    )
  })

  test('K7/36: a role that may not create the schema: the statement for an administrator', async () => {
    await withRole(
      (role, database) => [`revoke create on database ${database} from ${role}`],
      async (url, role, database) => {
        const [checked, ran] = await refusals(postgres(url))
        expect(checked).toMatchObject({
          code: 'denied',
          message: `role ${role} may not create schema recharge in database ${database}`,
          next: expect.stringContaining(`create schema "recharge" authorization "${role}";`),
        })
        expect(ran).toMatchObject({ code: 'denied', next: checked?.next })
      },
    )
  })

  test('K7/36: tables of another owner: check names them, and the GRANT', async () => {
    await withRole(
      () => [],
      async (url, role, _, admin) => {
        {
          await using destination = await openDestination(postgres(admin), { mode: 'write', connections: 1 })
          await destination.prepare(allTables(customers))
        }
        await administer(admin, `grant usage, create on schema recharge to ${role}`)
        await refused(
          postgres(url),
          'denied',
          '_sync_',
          `grant select, insert, update, delete on all tables in schema "recharge" to "${role}";`,
        )
      },
    )
  })

  test('K7/36: a wrong password, an unknown database, an unknown role and a role that is not admitted', async () => {
    await withRole(
      role => [hbaLine(`host all ghost_${role} all trust`), hbaLine(`host all barred_${role} all reject`), RELOAD],
      async (url, role) => {
        const wrong = withAddress(url, at => {
          at.password = `${PASSWORD}s`
        })
        await refused(
          postgres(wrong),
          'wrong_password',
          `password authentication failed for user "${role}"`,
          'Correct user and password',
        )
        const elsewhere = withAddress(url, at => {
          at.pathname = '/nowhere'
        })
        await refused(
          postgres(elsewhere),
          'unknown_database',
          'database "nowhere" does not exist',
          'create database "nowhere" encoding',
        )
        const ghost = withAddress(url, at => {
          at.username = `ghost_${role}`
        })
        await refused(
          postgres(ghost),
          'unknown_role',
          `role "ghost_${role}" does not exist`,
          `create role "ghost_${role}" login`,
        )
        const barred = withAddress(url, at => {
          at.username = `barred_${role}`
        })
        await refused(postgres(barred), 'not_admitted', `barred_${role}`, 'this user and this machine')
      },
    )
  })

  test('K7/36: a role or a database that is read-only', async () => {
    await withRole(
      role => [`alter role ${role} set default_transaction_read_only = on`],
      async (url, role) => {
        const [checked, ran] = await refusals(postgres(url))
        expect(checked).toMatchObject({
          code: 'read_only',
          message: expect.stringContaining(`role ${role}`),
          next: expect.stringContaining(`alter role "${role}" set default_transaction_read_only = off;`),
        })
        expect(ran?.code).toBe('read_only')
      },
    )
  })

  test('K7/36: a statement that takes longer than the role allows', async () => {
    await withRole(
      role => [`alter role ${role} set statement_timeout = '300ms'`],
      async (url, role, _, admin) => {
        await withSimulator({}, simulator =>
          withFolder(async folder => {
            const config = configFor(simulator, postgres(url), folder)
            expect((await runSync(config, ['customers'])).code).toBe(0)
            const app = createApp(config, { level: 'silent' })
            const { code, text } = await check(app, select(app, null), new AbortController().signal)
            expect(code, text).toBe(0)
            expect(text).toContain(`alter role "${role}" set statement_timeout = 0;`)
            const blocker = new pg.Client({ connectionString: admin })
            await blocker.connect()
            await blocker.query('begin; lock table recharge._sync_lease in access exclusive mode')
            const ran = await runSync(config, ['customers'])
            await blocker.end()
            expect(ran.code).toBe(3)
            expect(ran.report.problem).toMatchObject({
              code: 'statement_timeout',
              next: expect.stringContaining(`alter role "${role}" set statement_timeout = 0;`),
            })
          }),
        )
      },
    )
  })
})

/** Lines before all others in the server's list of who is admitted. */
const hbaLine = (line: string): string =>
  `do $do$ begin
     execute format($f$copy (select %L) to program %L$f$, '${line}',
       format('cat - %1$s > %1$s.new && cat %1$s.new > %1$s', current_setting('hba_file')));
   end $do$`
const RELOAD = 'select pg_reload_conf()'

describe('the way to the Postgres server', () => {
  test.each([
    [
      'K7/36: a host that is not found',
      `who:${PASSWORD}@no-such-host.invalid/db`,
      'host_not_found',
      'no-such-host.invalid',
      'Check the host',
    ],
    [
      'K7/36: a port where nothing listens',
      `who:${PASSWORD}@127.0.0.1:9/db`,
      'connection_refused',
      '127.0.0.1 port 9',
      'Check that the database runs',
    ],
    [
      'K7/34: a socket that is not there',
      `who:${PASSWORD}@/db?host=/nowhere`,
      'no_socket',
      '/nowhere/.s.PGSQL.5432',
      'folder of its socket',
    ],
    [
      'K7/34: a root certificate that is not there',
      `who:${PASSWORD}@127.0.0.1:9/db?sslmode=verify-full&sslrootcert=/nowhere/ca.crt`,
      'file_missing',
      '/nowhere/ca.crt',
      'Correct the path',
    ],
  ])('%s', async (_, rest, code, message, next) => {
    await refused(postgres(`postgres://${rest}`), code, message, next)
  })

  test.each(['/', '#', '?', '@x/', '%', ':@/'])(
    'K7/33: a password with %s that was not percent-encoded is refused, and no part of it is said',
    async character => {
      for (const [before, after] of [
        [PASSWORD, 'w3st'],
        ['', PASSWORD],
        ['w3st@', PASSWORD],
      ]) {
        const url = `postgres://who:${before}${character}${after}@127.0.0.1:9/db`
        const [said, ran] = await refusals(postgres(url))
        for (const each of [said, ran]) {
          expect(`${each?.message} ${each?.next}`).not.toContain(PASSWORD)
          expect(`${each?.message} ${each?.next}`).not.toContain('w3st')
          // Where the address can be read in one way only, the server is asked.
          expect(each?.code).toMatch(/^(bad_address|connection_refused)$/)
        }
      }
    },
  )

  test('K7/36: check says within seconds that a server does not answer', async () => {
    const silent = createServer(() => {})
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    const port = typeof address === 'object' ? address?.port : 0
    await refused(
      postgres(`postgres://who:${PASSWORD}@127.0.0.1:${port}/db`),
      'no_answer',
      `127.0.0.1 port ${port} does not answer`,
      'no firewall',
      false,
    )
    silent.close()
  })

  test('K7/34: a certificate of a private authority: what to write into the address, and it works then', async () => {
    await withDatabase(url =>
      withTls(url, async port => {
        const address = (host: string, query: string) =>
          withAddress(url, at => {
            at.hostname = host
            at.port = String(port)
            at.search = query
          })
        for (const mode of ['require', 'verify-full'])
          await refused(
            postgres(address('localhost', `sslmode=${mode}`)),
            'certificate',
            'an authority that this machine does not know',
            'sslmode=verify-full&sslrootcert=FILE',
          )
        await refused(
          postgres(address('127.0.0.1', `sslmode=require&sslrootcert=${CERTIFICATE}`)),
          'certificate',
          'the certificate is not for 127.0.0.1',
          'Use the name in the certificate as host',
        )
        await refused(
          postgres(
            withAddress(url, at => {
              at.search = 'sslmode=require'
            }),
          ),
          'no_tls',
          'does not speak TLS',
          'Turn on TLS',
        )
        await withSimulator({}, simulator =>
          withFolder(async folder => {
            for (const query of [`sslmode=require&sslrootcert=${CERTIFICATE}`, 'sslmode=no-verify']) {
              writeConfig(
                folder,
                `recharge:\n  token: \${RECHARGE_ACCESS_TOKEN}\n  base_url: ${simulator.url}\ndestination:\n  postgres: ${address('localhost', query)}\n`,
              )
              const ran = await cli(folder, ['check', '--streams', 'customers'], {
                RECHARGE_ACCESS_TOKEN: simulator.token,
              })
              expect(ran.code, ran.stdout).toBe(0)
              expect(ran.stderr).toBe('')
            }
          }),
        )
      }),
    )
  })

  test('K7/36: a run that waits for the database says so on stderr, with the reason', async () => {
    await withSimulator({}, simulator =>
      withDatabase(url =>
        withFolder(async folder => {
          const gate = await gated(url)
          writeConfig(
            folder,
            `recharge:\n  token: \${RECHARGE_ACCESS_TOKEN}\n  base_url: ${simulator.url}\ndestination:\n  postgres: ${gate.url}\n`,
          )
          simulator.faults.before(({ path }) => {
            if (path === '/customers') gate.shut()
          })
          const ran = await cli(
            folder,
            ['sync', '--streams', 'customers', '--log-format', 'json'],
            { RECHARGE_ACCESS_TOKEN: simulator.token },
            child => {
              child.stderr?.on('data', data => {
                if (String(data).includes('destination_retry')) void gate.reopen()
              })
            },
          )
          gate.shut()
          expect(ran.code, ran.stderr).toBe(0)
          const [line] = ran.stderr.split('\n').filter(text => text.includes('destination_retry'))
          expect(JSON.parse(line ?? '{}')).toMatchObject({
            code: expect.stringMatching(/^(unreachable|connection_refused)$/),
            message: expect.stringContaining('127.0.0.1 port'),
            wait_ms: 250,
          })
        }),
      ),
    )
  })
})

/** A proxy with the tests' certificate before a server that speaks no TLS. */
async function withTls(url: string, work: (port: number) => Promise<void>): Promise<void> {
  const target = new URL(url)
  const [cert, key] = [readFileSync(CERTIFICATE), readFileSync(KEY)]
  const server = createServer(socket => {
    socket.on('error', () => {})
    // The client asks whether there is TLS: eight bytes, answered by one.
    socket.once('data', () => {
      socket.write('S')
      const near = new TLSSocket(socket, { isServer: true, cert, key })
      const far = connect(Number(target.port), target.hostname)
      for (const end of [near, far]) end.on('error', () => {})
      near.on('close', () => far.destroy())
      near.pipe(far).pipe(near)
    })
  })
  await new Promise<void>(resolve => server.listen(0, resolve))
  const address = server.address()
  try {
    await work(typeof address === 'object' && address ? address.port : 0)
  } finally {
    server.close()
  }
}

test.each(DESTINATIONS)(
  'K1/3: $name: a stored watermark that cannot be parsed is an error, and not "never read"',
  async place => {
    await place.with(async config => {
      {
        await using destination = await openDestination(config, { mode: 'write', connections: 1 })
        await destination.prepare(allTables(parcels))
        const start = await destination.checkpoint('parcels')
        await destination.commit(batchOf(parcels, [parcel(1, 1)]), start, moved(start, at(1)))
      }
      await withQuery(config, query => query(`update recharge._sync_checkpoints set watermark = 'infinity'`))
      await using destination = await openDestination(config, { mode: 'read', connections: 1 })
      for (const read of [destination.checkpoint('parcels'), destination.watermark('parcels')])
        await expect(read).rejects.toMatchObject({
          kind: 'unreadable',
          message: expect.stringContaining('"infinity" is not a point in time'),
          next: expect.stringContaining('reset parcels'),
        })
    })
  },
)

describe('a DuckDB file that cannot be opened', () => {
  const inFile = (work: (file: string) => Promise<void>): Promise<void> =>
    withFolder(folder => work(join(folder, 'warehouse.duckdb')))
  const duckdb = (file: string): DestinationConfig => ({ kind: 'duckdb', file, schema: 'recharge' })

  /** A small warehouse, its log written into the file. */
  async function make(file: string): Promise<Buffer> {
    await using destination = await openDestination(duckdb(file), { mode: 'write', connections: 1 })
    await destination.acquireLock('01J0000000000000000000FRST' as RunId)
    await destination.prepare(allTables(parcels))
    const start = await destination.checkpoint('parcels')
    await destination.commit(
      batchOf(
        parcels,
        [1, 2, 3].map(id => parcel(id, id)),
      ),
      start,
      moved(start, at(3)),
    )
    await destination.finalize()
    return readFileSync(file)
  }

  test('K7/31: a folder', () =>
    inFile(async file => {
      mkdirSync(file)
      await refused(duckdb(file), 'not_a_database', /DuckDB: .*Is a directory/, 'Name another file')
    }))

  test('K7/31: a SQLite file, and any other', () =>
    inFile(async file => {
      const sqlite = new DatabaseSync(file)
      sqlite.exec('create table t (i int)')
      sqlite.close()
      await refused(duckdb(file), 'not_a_database', /DuckDB: .*not a valid DuckDB database file/, 'Name another file')
      writeFileSync(file, 'id,email\n'.repeat(1000))
      await refused(duckdb(file), 'not_a_database', /DuckDB: .*not a valid DuckDB database file/, 'Name another file')
    }))

  test('K7/31: a file of a newer DuckDB', () =>
    inFile(async file => {
      const bytes = await make(file)
      bytes.writeBigUInt64LE(200n, 12)
      bytes.writeBigUInt64LE(checksum(bytes.subarray(8, 4096)), 0)
      writeFileSync(file, bytes)
      await refused(
        duckdb(file),
        'newer_file',
        /DuckDB: .*version/,
        'Run the version of recharge-sync that wrote the file',
      )
    }))

  test('K7/31: a damaged file, and one that was cut off', () =>
    inFile(async file => {
      const bytes = await make(file)
      const flipped = Buffer.from(bytes)
      for (const at of [20, 4116, 8212, 12_300]) flipped.writeUInt8(flipped.readUInt8(at) ^ 0xff, at)
      writeFileSync(file, flipped)
      await refused(duckdb(file), 'damaged', /DuckDB: .*Corrupt database file/, `Restore ${file} from a backup`)
      writeFileSync(file, bytes.subarray(0, bytes.length / 2))
      await refused(duckdb(file), 'damaged', /DuckDB: .*Could not read enough bytes/, `Restore ${file} from a backup`)
    }))

  test('K7/31: a log with a flipped byte: what to move away, and the file without it works', () =>
    inFile(async file => {
      await make(file)
      // What a process leaves that is killed before the log is in the file.
      const wal = `${file}.wal`
      {
        await using destination = await openDestination(duckdb(file), { mode: 'write', connections: 1 })
        const from = await destination.checkpoint('parcels')
        await destination.commit(batchOf(parcels, [parcel(4, 4)]), from, moved(from, at(4)))
        copyFileSync(file, `${file}.left`)
        copyFileSync(wal, `${wal}.left`)
      }
      copyFileSync(`${file}.left`, file)
      const log = readFileSync(`${wal}.left`)
      log.writeUInt8(log.readUInt8(log.length >> 1) ^ 0xff, log.length >> 1)
      writeFileSync(wal, log)
      await refused(duckdb(file), 'damaged', /DuckDB: .*Corrupt WAL file/, `move ${wal} away and run again`)
      rmSync(wal)
      await using destination = await openDestination(duckdb(file), { mode: 'write', connections: 1 })
      expect((await destination.checkpoint('parcels')).version).toBe(1)
    }))
})

/** DuckDB's checksum of a block whose length is a multiple of eight. */
function checksum(block: Buffer): bigint {
  let sum = 5381n
  for (let at = 0; at < block.length; at += 8)
    sum ^= BigInt.asUintN(64, block.readBigUInt64LE(at) * 0xbf58476d1ce4e5b9n)
  return sum
}
