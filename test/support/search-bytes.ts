import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Searches every byte of every file below a folder.
 * @param except names of folders that are left out.
 * @returns the texts that are found, each with the files.
 */
export function searchBytes(
  folder: string,
  texts: readonly string[],
  except: readonly string[] = [],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  const wanted = texts.map(text => [text, Buffer.from(text)] as const)
  const search = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const inner = join(path, entry.name)
      if (entry.isDirectory() && !except.includes(entry.name)) search(inner)
      if (!entry.isFile()) continue
      const bytes = readFileSync(inner)
      for (const [text, sought] of wanted)
        if (bytes.includes(sought)) found.set(text, [...(found.get(text) ?? []), inner.slice(folder.length + 1)])
    }
  }
  search(folder)
  return found
}
