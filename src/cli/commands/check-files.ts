import { type Stats, statSync } from 'node:fs'
import { describeDestination } from '../../load/open.ts'
import type { App } from '../app.ts'

export interface OpenFile {
  readonly message: string
  readonly next: string
}

/** Files with secrets or with a store's records that other users of this machine may read. */
export function openFiles({ config, runsDirectory }: Pick<App, 'config' | 'runsDirectory'>): OpenFile[] {
  // Windows has other rights, which `mode` does not show.
  if (process.platform === 'win32') return []
  const { destination, secretFiles } = config
  return [
    ...secretFiles.map(file => ({ file, what: 'a secret' })),
    ...describeDestination(destination).files.map(file => ({ file, what: "the store's records" })),
    ...(runsDirectory === null ? [] : [{ file: runsDirectory, what: 'the reports of runs' }]),
  ].flatMap(({ file, what }) => {
    const found = statOf(file)
    if (found === null || (found.mode & 0o077) === 0) return []
    const mode = (found.mode & 0o777).toString(8).padStart(4, '0')
    return [
      {
        message: `${file} holds ${what}, and other users of this machine may open it (mode ${mode})`,
        next: `chmod ${found.isDirectory() ? 'go-rwx' : '600'} ${file}`,
      },
    ]
  })
}

/** @returns null: it is not there, or in a folder that this user may not enter. */
function statOf(file: string): Stats | null {
  try {
    return statSync(file)
  } catch {
    return null
  }
}
