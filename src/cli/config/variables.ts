import { type Document, isMap, isScalar, type Node, visit } from 'yaml'
import type { ConfigProblem } from '../../common/errors.ts'
import type { LineAt } from './given.ts'

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g

/** Replaces `${NAME}` and `${NAME:-default}` by the environment's values. @returns the variables that are not set. */
export function replaceVariables(document: Document, environment: NodeJS.ProcessEnv, lineAt: LineAt): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  visit(document, {
    Scalar(_key, node, ancestors) {
      if (typeof node.value !== 'string') return
      node.value = node.value.replace(VARIABLE, (_all, name: string, fallback?: string) => {
        const value = environment[name] || fallback
        if (value === undefined)
          problems.push({
            path: pathOf(ancestors, node),
            line: node.range ? lineAt(node.range[0]) : null,
            message: `the environment has no ${name}; set it, or write \${${name}:-default}`,
          })
        return value ?? ''
      })
    },
  })
  return problems
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
