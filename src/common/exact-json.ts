/*
 * A number that a float cannot hold is kept as the text in which it was sent. To parse with a reviver takes six times as
 * long, so only a body that may have such a number pays for it: one with at least sixteen digits and points in a row, or
 * an exponent of at least three digits.
 *
 * LONG and FAR look for that just before the end of a value, because few texts match there. The sixteen characters are
 * spelled out instead of counted, since the search then skips ahead, at a tenth of the cost. MAY_BE_INEXACT then looks at
 * the start of a value: every charge and customer has a key of the customer portal, which is a text full of digits.
 */
const LONG = new RegExp(`${'[\\d.]'.repeat(16)}(?:[eE,}\\]\\s]|$)`)
const FAR = /[eE][+-]?\d{3,}(?:[,}\]\s]|$)/
const MAY_BE_INEXACT = /(?:^|[:,[])\s*-?\d(?:[\d.]{15}|[\d.]*[eE][+-]?\d{3})/

interface Source {
  readonly source?: string
}

/**
 * `JSON.parse` without loss: a number that a float cannot hold becomes `JSON.rawJSON` of its text, and `JSON.stringify`
 * writes it back as it was.
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

/** A float holds any fifteen significant digits without loss, if the exponent is in its range. */
function isExact(value: number, source: string): boolean {
  if (Number.isSafeInteger(value) && /^-?\d+$/.test(source)) return true
  const [mantissa = ''] = source.split(/[eE]/)
  const digits = mantissa.replace(/[-.]/g, '').replace(/^0+/, '')
  if (digits === '') return true
  return digits.length <= 15 && Math.abs(value) > 1e-300 && Math.abs(value) < 1e300
}
