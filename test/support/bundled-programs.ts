import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Plugin, rolldown } from 'rolldown'
import { PROGRAMS } from './programs.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Beside the packages, so that those that stay outside are found. */
const FOLDER = join(ROOT, 'node_modules/.cache/recharge-sync-tests')
/** Native code, and what is loaded by few commands or is not installed. */
const OUTSIDE = [/^@duckdb\/node-bindings/, /^vega/, /^pg-boss/, 'pg-native']

/**
 * Puts each program that the tests start as a process into one file, with its packages. Node takes half a millisecond of
 * processor for each of a thousand modules, and the tests start some three hundred processes. What is sent to users is not
 * bundled; `package.test.ts` starts that. Its folder goes with the run.
 */
export default async function setup(): Promise<() => void> {
  forgetKilledRuns()
  const folder = join(FOLDER, String(process.pid))
  const bundle = await rolldown({
    input: PROGRAMS,
    cwd: ROOT,
    platform: 'node',
    external: OUTSIDE,
    plugins: [asInCheckout(folder)],
  })
  await bundle.write({ dir: folder, format: 'esm' })
  await bundle.close()
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  // Handed on to the processes that run the tests.
  process.env.TEST_PROGRAMS = folder
  return () => rmSync(folder, { recursive: true, force: true })
}

/**
 * The program finds its files, and the name by which it was started, as if it ran from the sources. Only the process of a
 * store in a fleet is started from the bundle, too.
 */
function asInCheckout(folder: string): Plugin {
  return {
    name: 'as-in-checkout',
    transform(code, id) {
      // What the bundler adds itself begins with a null character.
      if (id.startsWith('\0') || id.includes('node_modules') || !code.includes('import.meta.url')) return null
      const path = id.endsWith('src/cli/fleet/store-process.ts') ? join(folder, 'fleet/store-process.js') : id
      return code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
    },
  }
}

function forgetKilledRuns(): void {
  mkdirSync(FOLDER, { recursive: true })
  for (const name of readdirSync(FOLDER))
    if (!isAlive(Number(name))) rmSync(join(FOLDER, name), { recursive: true, force: true })
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
