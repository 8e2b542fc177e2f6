/*
 * A number that a float cannot hold is kept as the text it was sent as. Only a body that has a candidate pays for the slow
 * way, which takes six times as long: a run of sixteen digits and points, or an exponent of three digits, is the least
 * that can be inexact. Looked for before what ends a value first, since few texts have either before a comma or a bracket
 * of theirs; the sixteen are spelled out because the search then skips ahead, at a tenth of the cost. Then where a value may
 * begin: the keys of the customer portal, which every charge and customer has, are texts full of digits and exponents.
 */
const LONG = new RegExp(`${'[\\d.]'.repeat(16)}(?:[eE,}\\]\\s]|$)`)
const FAR = /[eE][+-]?\d{3,}(?:[,}\]\s]|$)/
const MAY_BE_INEXACT = /(?:^|[:,[])\s*-?\d(?:[\d.]{15}|[\d.]*[eE][+-]?\d{3})/

interface Source {
  readonly source?: string
}

/**
 * `JSON.parse`, without loss: a number that a float cannot hold becomes what `JSON.rawJSON` makes of its text, which
 * `JSON.stringify` writes back as it was.
 * @throws {SyntaxError}
 */
export function parseExact(body: string): unknown {
  return mayBeInexact(body) ? JSON.parse(body, keepExact) : JSON.parse(body)
}

const mayBeInexact = (body: string): boolean => (LONG.test(body) || FAR.test(body)) && MAY_BE_INEXACT.test(body)

function keepExact(this: unknown, _key: string, value: unknown, context?: Source): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value
  return isExact(value, context.source) ? value : JSON.rawJSON(context.source)
}

/** Fifteen significant digits survive a float and the way back, whatever the exponent within its range. */
function isExact(value: number, source: string): boolean {
  if (Number.isSafeInteger(value) && /^-?\d+$/.test(source)) return true
  const [mantissa = ''] = source.split(/[eE]/)
  const digits = mantissa.replace(/[-.]/g, '').replace(/^0+/, '')
  if (digits === '') return true
  return digits.length <= 15 && Math.abs(value) > 1e-300 && Math.abs(value) < 1e300
}
