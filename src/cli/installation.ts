import { sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What starts this program again, without a shell's PATH: cron has another one. */
export interface Installation {
  /** The program of Node. */
  readonly node: string
  /** Flags of Node that this process was started with. */
  readonly flags: readonly string[]
  /** The file that Node runs. */
  readonly main: string
  /** Whether they lie in the cache of npx, which may be emptied. */
  readonly isCached: { readonly node: boolean; readonly main: boolean }
}

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

export function thisInstallation(): Installation {
  const main = fileURLToPath(new URL(`./main.${extension}`, import.meta.url))
  const node = process.execPath
  const isCached = { node: inCache(node), main: inCache(main) }
  return { node, flags: process.execArgv, main, isCached }
}

const inCache = (path: string): boolean => path.includes(`${sep}_npx${sep}`)

/** The root of the package or of the checkout. */
export const PACKAGE_ROOT = fileURLToPath(new URL(extension === 'ts' ? '../../' : '../../../', import.meta.url))
