import { readFileSync } from 'node:fs'

/** The flags that `npm run cli` gives to Node, so that a bench measures what users run. */
export function cliFlags(): string[] {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return (scripts.cli as string).split(' ').filter(word => word.startsWith('--'))
}
