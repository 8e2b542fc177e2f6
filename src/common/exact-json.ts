import { randomUUID } from 'node:crypto'

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
  if (!mayBeInexact(body)) return JSON.parse(body)
  try {
    return JSON.parse(body, keepExact)
  } catch (error) {
    if (error instanceof RangeError) return parseDeep(body)
    throw error
  }
}

/**
 * `JSON.stringify` of a value as `parseExact` returns it, however deep it is nested.
 * @throws {RangeError} the text would be longer than a string can be.
 */
export function stringifyExact(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (error instanceof RangeError) return stringifyDeep(value)
    throw error
  }
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

/*
 * In Node 24, `JSON.parse` takes any depth, but with a reviver only 2,300 levels, and `JSON.stringify` 4,400. The functions
 * below keep their own stack. They are slower, and no ordinary body gets here.
 */

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g

/** Has `JSON.parse` read each number that a float cannot hold as a text that no body can contain. */
function parseDeep(body: string): unknown {
  const mark = `${randomUUID()} `
  const marked = body.replace(TOKEN, token =>
    token.startsWith('"') || !NUMBER.test(token) || isExact(Number(token), token) ? token : `"${mark}${token}"`,
  )
  const root = { value: JSON.parse(marked) as unknown }
  const open: object[] = [root]
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    const members = holder as Record<string, unknown>
    for (const name of Object.keys(members)) {
      const member = members[name]
      if (typeof member === 'object' && member !== null) open.push(member)
      else if (typeof member === 'string' && member.startsWith(mark))
        members[name] = JSON.rawJSON(member.slice(mark.length))
    }
  }
  return root.value
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** A list or an object whose members are being written. */
interface Open {
  readonly value: object
  /** Names of an object's members; null: it is a list. */
  readonly names: readonly string[] | null
  written: number
}

function stringifyDeep(root: unknown): string {
  const open: Open[] = []
  let text = ''
  const write = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) {
      text += JSON.stringify(value)
      return
    }
    const names = Array.isArray(value) ? null : Object.keys(value)
    text += names === null ? '[' : '{'
    open.push({ value, names, written: 0 })
  }
  write(root)
  for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
    const { value, names, written } = last
    if (written === (names ?? (value as unknown[])).length) {
      text += names === null ? ']' : '}'
      open.pop()
      continue
    }
    if (written > 0) text += ','
    last.written += 1
    const name = names === null ? String(written) : (names[written] as string)
    if (names !== null) text += `${JSON.stringify(name)}:`
    write((value as Record<string, unknown>)[name])
  }
  return text
}
