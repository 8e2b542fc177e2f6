import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Document, isMap, isScalar, type Node, visit } from 'yaml'
import type { ConfigProblem } from '../../common/errors.ts'
import type { LineAt } from './given.ts'
import { expandHome } from './home.ts'

const VARIABLE = /\$\{(?:file:(?!-)([^}]+)|([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?)\}/g

/** What the values of a file refer to. */
export interface Replaced {
  /** Variables that are not set, and files that cannot be read. */
  readonly problems: readonly ConfigProblem[]
  /** Files that were read. */
  readonly files: readonly string[]
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` by the environment's values, and `${file:PATH}` by what the file contains.
 * @param document the whole of it, or a part: the paths of problems start there.
 * @param directory where a relative path starts.
 */
export function replaceVariables(
  document: Document | Node,
  environment: NodeJS.ProcessEnv,
  directory: string,
  lineAt: LineAt,
): Replaced {
  const problems: ConfigProblem[] = []
  const files: string[] = []
  visit(document, {
    Scalar(_key, node, ancestors) {
      if (typeof node.value !== 'string') return
      const report = (message: string): string => {
        problems.push({ path: pathOf(ancestors, node), line: node.range ? lineAt(node.range[0]) : null, message })
        return ''
      }
      node.value = node.value.replace(VARIABLE, (_all, path?: string, name = '', fallback?: string) => {
        if (path !== undefined) {
          const read = readSecret(path, directory)
          files.push(read.file)
          return read.text ?? report(read.problem)
        }
        return (
          environment[name] ||
          (fallback ?? report(`the environment has no ${name}; set it, or write \${${name}:-default}`))
        )
      })
    },
  })
  return { problems, files }
}

type Secret =
  | { readonly file: string; readonly text: string }
  | { readonly file: string; readonly text: null; readonly problem: string }

/** The contents of a file, without the line break at its end. */
export function readSecret(path: string, directory: string): Secret {
  const file = resolve(directory, expandHome(path))
  try {
    return { file, text: readFileSync(file, 'utf8').replace(/\r?\n$/, '') }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`
    return { file, text: null, problem: `should be read from ${file}, and ${why}` }
  }
}

function pathOf(ancestors: readonly unknown[], node: Node): string {
  const parts: string[] = []
  for (const [i, ancestor] of ancestors.entries()) {
    const next = ancestors[i + 1] ?? node
    if (!isMap(ancestor)) continue
    const pair = ancestor.items.find(item => item === next || item.value === next)
    if (pair && isScalar(pair.key)) parts.push(String(pair.key.value))
  }
  return parts.join('.')
}
