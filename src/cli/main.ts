#!/usr/bin/env -S node --min-semi-space-size=8 --max-semi-space-size=8 --heap-growing-percent=100 --v8-pool-size=1
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/*
 * An older Node has to get as far as the sentence below, so this file imports nothing that such a Node lacks, by name or
 * by syntax. Everything else is imported after it.
 */
const NEEDED = [22, 12] as const
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  process.stderr.write(
    `recharge-sync needs Node ${NEEDED.join('.')} or newer, and this is Node ${process.versions.node}: install a newer one (https://nodejs.org), or run npm install node@24 in this folder.\n`,
  )
  process.exitCode = 3
} else {
  await keepCompiledCode()
  await import('./program.ts')
}

/**
 * The compile cache has to be enabled before the program is loaded. Keeping compiled code saves a third of the start time
 * of each command, and 25 MB. Where the cache cannot be written, each command compiles again.
 */
async function keepCompiledCode(): Promise<void> {
  try {
    const folder = join(homedir(), '.cache', 'recharge-sync')
    const { makeFolder } = await import('../common/make-folder.ts')
    // Node itself would try for ever where a folder can never be made.
    makeFolder(folder)
    module.enableCompileCache(folder)
  } catch {
    // This user has no home directory, or may not write to it.
  }
}
