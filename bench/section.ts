import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'

const PERFORMANCE = new URL('../docs/performance.md', import.meta.url)

/** The machine of a measurement. */
export const machine = (): string => `${cpus().length} cores, ${cpus()[0]?.model.trim()}, Node ${process.version}.`

/** Replaces the text between the marks of this name in docs/performance.md. */
export function writeSection(name: string, content: string): void {
  const marked = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(\\n<!-- \\/${name} -->)`)
  const text = readFileSync(PERFORMANCE, 'utf8')
  if (!marked.test(text)) throw new Error(`docs/performance.md has no section ${name}`)
  writeFileSync(
    PERFORMANCE,
    text.replace(marked, (_all, open, close) => open + content + close),
  )
}
