#!/usr/bin/env -S node --min-semi-space-size=8 --max-semi-space-size=8 --heap-growing-percent=150 --v8-pool-size=1
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/*
 * The compile cache has to be enabled before the program is loaded, so nothing else is imported here. Keeping compiled
 * code saves a third of the start time of each command, and 25 MB. Where the cache cannot be written, each command
 * compiles again.
 */
try {
  enableCompileCache(join(homedir(), '.cache', 'recharge-sync'))
} catch {
  // This user has no home directory.
}
await import('./program.ts')
