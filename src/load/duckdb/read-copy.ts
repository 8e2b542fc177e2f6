import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmodSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DestinationError, Interrupted } from '../../common/errors.ts'
import { makeFolder } from '../../common/make-folder.ts'

/*
 * Copies the bytes in a process of its own. The lock of the operating system belongs to a process and not to an open file:
 * if this process opened the file a second time, closing it would release DuckDB's lock, and another run could write.
 */
const COPY = `const fs = require('node:fs')
const [from, to] = process.argv.slice(1)
fs.copyFileSync(from, to, fs.constants.COPYFILE_FICLONE)
const file = fs.openSync(to, 'r+')
fs.fsyncSync(file)
fs.closeSync(file)`

/** A copy under way is `<copy>.<id>.part`. */
const PART = /^\.[0-9a-f-]{36}\.part$/

/**
 * Replaces the read copy by a copy of a file that nobody changes meanwhile, in one rename: who has the old copy open reads
 * on in it, and who opens the path gets the new one.
 * @param from a DuckDB file whose log is empty.
 * @returns bytes of the copy.
 * @throws {DestinationError} `read_copy`: the old copy is as it was. @throws {Interrupted}
 */
export async function replaceCopy(from: string, copy: string, signal: AbortSignal): Promise<number> {
  const part = `${copy}.${randomUUID()}.part`
  try {
    makeFolder(dirname(copy))
    removeLeftovers(copy)
    await copyBytes(from, part, signal)
    // The mode of the copied file came with its bytes.
    chmodSync(part, 0o600)
    const { size } = statSync(part)
    renameSync(part, copy)
    // Somebody opened the old copy to write. DuckDB would apply their log to the new one, or refuse to open it.
    rmSync(`${copy}.wal`, { force: true })
    return size
  } catch (error) {
    rmSync(part, { force: true })
    if (signal.aborted) throw new Interrupted()
    throw new DestinationError('read_copy', `${copy} was not replaced: ${why(error)}`, error)
  }
}

/** Of runs that were killed while they copied. */
function removeLeftovers(copy: string): void {
  const folder = dirname(copy)
  for (const name of readdirSync(folder))
    if (name.startsWith(basename(copy)) && PART.test(name.slice(basename(copy).length)))
      rmSync(join(folder, name), { force: true })
}

const copyBytes = (from: string, to: string, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    execFile(process.execPath, ['-e', COPY, from, to], { signal }, (error, _stdout, stderr) => {
      if (error === null) return resolve()
      const [message] = /^Error: .*$/m.exec(stderr) ?? []
      reject(message === undefined ? error : new Error(message.replace(/^Error: /, '')))
    })
  })

const why = (error: unknown): string => (error instanceof Error ? error.message : String(error))
