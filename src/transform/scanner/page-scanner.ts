import { parseExact } from '../../common/exact-json.ts'
import type { JsonMembers } from '../../common/json-body.ts'
import { bare } from '../type-mismatch.ts'
import { SLICE } from '../yield-to-event-loop.ts'
import { COLON, COMMA, type JsonText, LIST, LIST_END, OBJECT, OBJECT_END, QUOTE } from './json-text.ts'

/**
 * Scans a body without creating objects for its records.
 * @param onRecord called with the offset of each record. It returns the offset behind the record; -1: invalid JSON.
 * @returns the members of the body, with `true` in place of the list; null: the body has to be parsed, which also reports
 * what is wrong with it.
 */
export function* scanPage(
  json: JsonText,
  list: string,
  onRecord: (at: number) => number,
): Generator<undefined, JsonMembers | null> {
  const { bytes } = json
  const members: JsonMembers = bare()
  let at = json.past(0)
  if (bytes[at] !== OBJECT) return null
  at = json.past(at + 1)
  for (;;) {
    const nameEnd = bytes[at] === QUOTE ? json.pastText(at + 1) : -1
    if (nameEnd < 0) return null
    const name = String(parseExact(bytes.toString('utf8', at, nameEnd)))
    at = json.past(nameEnd)
    if (bytes[at] !== COLON) return null
    at = json.past(at + 1)
    if (name === list) {
      // The name occurs twice. The parser takes the last one.
      if (list in members) return null
      members[name] = true
      at = bytes[at] === LIST ? yield* scanList(json, at + 1, onRecord) : -1
    } else {
      const end = json.pastValue(at)
      if (end >= 0) members[name] = parseExact(bytes.toString('utf8', at, end))
      at = end
    }
    if (at < 0) return null
    at = json.past(at)
    if (bytes[at] === OBJECT_END) return json.past(at + 1) === bytes.length ? members : null
    if (bytes[at] !== COMMA) return null
    at = json.past(at + 1)
  }
}

/** @param start behind the bracket. @returns the offset behind the list; -1: it is not a list. */
function* scanList(json: JsonText, start: number, onRecord: (at: number) => number): Generator<undefined, number> {
  const { bytes } = json
  let at = json.past(start)
  if (bytes[at] === LIST_END) return at + 1
  for (let count = 1; ; count++) {
    const end = onRecord(at)
    if (end < 0) return -1
    at = json.past(end)
    if (bytes[at] === LIST_END) return at + 1
    if (bytes[at] !== COMMA) return -1
    at = json.past(at + 1)
    if (count % SLICE === 0) yield
  }
}
