import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the loads that are made once in a run of the tests, see `sharedLoad`. */
    sharedLoads: string
  }
}

/** Their databases go with the server of the run. One that TEST_DATABASE_URL names keeps them. */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-loads-'))
  project.provide('sharedLoads', folder)
  return () => rmSync(folder, { recursive: true, force: true })
}
