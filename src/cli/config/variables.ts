import { type Document, isMap, isScalar, type Node, visit } from 'yaml'
import type { ConfigProblem } from '../../common/errors.ts'

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g

/** Puts the environment's values in place of `${NAME}` and `${NAME:-default}`; gives what is missing. */
export function fillVariables(
  document: Document,
  environment: NodeJS.ProcessEnv,
  lineAt: (offset: number) => number,
): ConfigProblem[] {
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
