import { parseExact, stringifyExact } from './exact-json.ts'

/** In place of a text that was erased. */
const ERASED = '[erased]'
/** A shorter text stands in many words that have nothing to do with a person. */
const SHORTEST = 4
/** Messages cut a quoted value short, so a longer text is also looked for by its beginning. */
const BEGINNING = 50

/** Members whose texts a program reads: they name streams, codes and times, and hold nothing of a person. */
const FIXED = /^(run|stream|selected|outcome|code|version|table|destination|host|boot|view)$|_at$|_from$|_to$/

/**
 * Makes the function that removes texts from the messages in a report.
 * @returns a function of the report as JSON, which returns it unchanged if it has none of the texts.
 */
export function textEraser(texts: Iterable<string>): (report: string) => string {
  const forms = new Set<string>()
  for (const given of texts) {
    const text = given.trim()
    if (text.length < SHORTEST) continue
    const quoted = JSON.stringify(text).slice(1, -1)
    for (const form of new Set([text, quoted]))
      for (const part of form.length > BEGINNING ? [form, form.slice(0, BEGINNING)] : [form]) forms.add(part)
  }
  if (forms.size === 0) return report => report
  const longestFirst = [...forms].sort((a, b) => b.length - a.length)
  const any = new RegExp(
    longestFirst
      .map(form => {
        const end = form.length === BEGINNING ? '' : '(?![\\p{L}\\p{N}])'
        return `(?<![\\p{L}\\p{N}])${escaped(form)}${end}`
      })
      .join('|'),
    'giu',
  )
  const erase = (text: string): string => text.replace(any, ERASED)
  const inside = (value: unknown, name: string): unknown => {
    if (typeof value === 'string') return FIXED.test(name) ? value : erase(value)
    if (Array.isArray(value)) return value.map(element => inside(element, name))
    if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([member, inner]) => [isPlain(member) ? member : erase(member), inside(inner, member)]),
    )
  }
  return report => {
    const before = parseExact(report)
    const after = inside(before, '')
    return stringifyExact(after) === stringifyExact(before) ? report : (stringifyExact(after) ?? report)
  }
}

/** The text as a pattern that matches it alone. */
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

/** A name of a field or a member, as programs choose them. */
const isPlain = (member: string): boolean => /^[a-z0-9_.[\]]*$/i.test(member)

/** Adds a text, or all texts in JSON. */
export function addTexts(value: unknown, texts: Set<string>): void {
  if (value === null || value === undefined) return
  if (typeof value === 'object' && !JSON.isRawJSON(value)) {
    for (const inner of Object.values(value)) addTexts(inner, texts)
    return
  }
  const text = JSON.isRawJSON(value) ? value.rawJSON : String(value)
  if (/^[{["]/.test(text)) {
    try {
      addTexts(parseExact(text), texts)
      return
    } catch {
      // It only begins like JSON.
    }
  }
  texts.add(text)
}
