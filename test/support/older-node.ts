import { spawnSync } from 'node:child_process'
import { delimiter, join } from 'node:path'

/** A folder with a Node that is too old for the program; null: there is none on this machine. */
export function olderNode(): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin']
  for (const folder of folders) {
    if (folder.includes('node_modules')) continue
    const { stdout } = spawnSync(join(folder, 'node'), ['--version'])
    const [major = 99, minor = 0] = String(stdout).trim().slice(1).split('.').map(Number)
    if (stdout && (major < 22 || (major === 22 && minor < 12))) return folder
  }
  return null
}
