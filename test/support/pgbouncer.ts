import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { withFolder } from './destinations.ts'

/** Debian puts it where not every user's PATH leads. */
const PATH = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`
const found = spawnSync('pgbouncer', ['--version'], { env: { PATH }, encoding: 'utf8' })

/** Why no pgbouncer can be started here; null: one can. */
export const NO_PGBOUNCER: string | null = found.error
  ? `pgbouncer is not installed (${found.error.message}): the tests of poolers are skipped`
  : null
if (NO_PGBOUNCER) console.log(NO_PGBOUNCER)

export type PoolMode = 'session' | 'transaction'

/**
 * A pgbouncer before the server of `url`, ended with the callback.
 * @param work gets the address of the same database behind the pooler.
 */
export async function withPgbouncer<T>(
  url: string,
  mode: PoolMode,
  work: (pooled: string) => Promise<T>,
  poolSize = 20,
): Promise<T> {
  const { hostname, port, username, password } = new URL(url)
  const own = await freePort()
  return await withFolder(async folder => {
    const file = join(folder, 'pgbouncer.ini')
    writeFileSync(
      file,
      `[databases]
* = host=${hostname} port=${port} user=${username} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = ${poolSize}
`,
    )
    // It refuses to run as root.
    const root = process.getuid?.() === 0
    if (root) {
      chmodSync(folder, 0o755)
      const id = Number(spawnSync('id', ['-u', 'postgres'], { encoding: 'utf8' }).stdout)
      if (id > 0) chownSync(file, id, 0)
    }
    const child = spawn('pgbouncer', [...(root ? ['-u', 'postgres'] : []), file], {
      env: { PATH },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
    try {
      const lines: string[] = []
      await new Promise<void>((resolve, reject) => {
        createInterface({ input: child.stderr }).on('line', line => {
          lines.push(line)
          if (line.includes('process up')) resolve()
        })
        child.once('error', reject)
        child.once('close', code => reject(new Error(`pgbouncer ended with ${code}:\n${lines.join('\n')}`)))
      })
      const pooled = new URL(url)
      pooled.hostname = '127.0.0.1'
      pooled.port = String(own)
      return await work(pooled.href)
    } finally {
      child.kill('SIGKILL')
      await ended
    }
  })
}

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
