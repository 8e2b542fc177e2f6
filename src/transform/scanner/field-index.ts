import { COLON, COMMA, F, JsonText, LIST, LIST_END, N, OBJECT, OBJECT_END, QUOTE, T } from './json-text.ts'
import type { Member, ObjectLayout, RecordLayout, RowLayout } from './layout.ts'

/*
 * What is keysRecorded of a value: what it is, where it begins and where it ends. Of a text without its quotes; of a list of
 * rows the first one's first value, and how many rows there are.
 */
export const ABSENT = 0
export const NULL = 1
/** Without escapes. */
export const TEXT = 2
export const ESCAPED = 3
/** A whole number of at most fifteen digits. */
export const WHOLE = 4
/** Any other number. */
export const NUMBER = 5
export const TRUE = 6
export const FALSE = 7
/** A list or an object, written as `JSON.stringify` would write it. */
export const JSON_TEXT = 8
/** Another list or object. */
export const OTHER = 9
/** Its elements are rows. */
export const ROWS = 10

const SPAN = 3

/** A member that nothing is declared for. */
export interface UnknownField {
  /** The first value of the row it belongs to. */
  readonly base: number
  /** The object that it is a member of, by its number. */
  readonly objectId: number
  readonly name: string
  readonly start: number
  readonly end: number
}

/**
 * Where the values of a record lie in the text of its page. Nothing is made of them, so that a value costs no more than
 * the look at its bytes. Whatever is not JSON, or is other than declared, ends it: then the record is read the long way.
 */
export class FieldIndex {
  readonly json = new JsonText()
  /** Where the record read last ends. */
  ended = -1
  /** Of the record read last. */
  unknown: UnknownField[] = []
  #spans = new Int32Array(SPAN * 1024)
  #used = 0

  kind(field: number): number {
    return this.#spans[SPAN * field] as number
  }

  start(field: number): number {
    return this.#spans[SPAN * field + 1] as number
  }

  end(field: number): number {
    return this.#spans[SPAN * field + 2] as number
  }

  /** A `WHOLE` as a number. */
  whole(field: number): number {
    const { bytes } = this.json
    const end = this.end(field)
    let value = 0
    for (let at = this.start(field); at < end; at++) value = 10 * value + (bytes[at] as number) - 48
    return value
  }

  /** @param at where it begins. @returns whether it is as declared. */
  record(layout: RecordLayout, at: number): boolean {
    this.#used = 0
    if (this.unknown.length > 0) this.unknown = []
    this.ended =
      this.json.bytes[at] === OBJECT ? this.#object(layout.object, at + 1, this.#fieldCount(layout.fieldCount)) : -1
    return this.ended >= 0
  }

  #fieldCount(count: number): number {
    const base = this.#used
    this.#used += count
    const needed = SPAN * this.#used
    if (needed > this.#spans.length) {
      const grown = new Int32Array(2 * needed)
      grown.set(this.#spans)
      this.#spans = grown
    }
    // A call into the engine costs more than a loop over the few values of a row.
    const spans = this.#spans
    for (let at = SPAN * base; at < needed; at += SPAN) spans[at] = ABSENT
    return base
  }

  #note(field: number, kind: number, start: number, end: number): void {
    const spans = this.#spans
    const at = SPAN * field
    spans[at] = kind
    spans[at + 1] = start
    spans[at + 2] = end
  }

  /**
   * @param start after its bracket.
   * @param base the first of the fieldCount that its members' are counted from.
   * @returns where it ends; -1: it is not as declared.
   */
  #object(layout: ObjectLayout, start: number, base: number): number {
    const { json } = this
    const { bytes } = json
    let at = json.past(start)
    if (bytes[at] === OBJECT_END) return at + 1
    let before: Member | null = null
    for (;;) {
      let member: Member | null = before === null ? layout.first : before.next
      if (member !== null && this.#isAt(member, at)) at += member.length
      else {
        member = this.#member(layout, at)
        if (member !== null) {
          if (before === null) layout.first = member
          else before.next = member
          at = json.past(at + member.length - 1) + 1
        }
      }
      if (member === null) at = this.#other(layout.objectId, at, base)
      else {
        before = member
        if ((bytes[at] as number) <= 32) at = json.past(at)
        const field = base + member.field
        // Of a member that comes twice, the last would count.
        if (this.#spans[SPAN * field] !== ABSENT) return -1
        at = this.#value(member, field, at, base)
      }
      if (at < 0) return -1
      if ((bytes[at] as number) <= 32) at = json.past(at)
      if (bytes[at] === OBJECT_END) return at + 1
      if (bytes[at] !== COMMA) return -1
      at += 1
      if ((bytes[at] as number) <= 32) at = json.past(at)
    }
  }

  /** Its name and the colon begin at `at`. */
  #isAt({ words, length }: Member, at: number): boolean {
    const { view, bytes } = this.json
    if (at + length > bytes.length) return false
    const last = words.length - 1
    for (let i = 0; i < last; i++) if (view.getInt32(at + 4 * i, true) !== words[i]) return false
    return view.getInt32(at + length - 4, true) === words[last]
  }

  /** The member whose name begins at `at`; null where there is no name, or none that is declared. */
  #member(layout: ObjectLayout, at: number): Member | null {
    const { json } = this
    const { bytes } = json
    if (bytes[at] !== QUOTE) return null
    const end = json.pastText(at + 1)
    if (end < 0 || bytes[json.past(end)] !== COLON) return null
    return layout.members.get(bytes.toString('latin1', at + 1, end - 1)) ?? null
  }

  /** A member that is not declared. */
  #other(objectId: number, start: number, base: number): number {
    const { json } = this
    const { bytes } = json
    const named = bytes[start] === QUOTE ? json.pastText(start + 1) : -1
    if (named < 0 || json.escaped) return -1
    const name = bytes.toString('utf8', start + 1, named - 1)
    const colon = json.past(named)
    if (bytes[colon] !== COLON) return -1
    const at = json.past(colon + 1)
    const end = json.pastValue(at)
    this.unknown.push({ base, objectId, name, start: at, end })
    return end
  }

  #value({ object, list }: Member, field: number, at: number, base: number): number {
    const { json } = this
    const first = json.bytes[at] as number
    if (object !== null || list !== null) {
      if (list !== null && first === LIST) return this.#rows(list, field, at + 1)
      if (list !== null && first === OBJECT) return this.#oneRow(list, field, at + 1)
      const isObject = object !== null && first === OBJECT
      // Anything else but null does not fit what is declared.
      const end = isObject ? this.#object(object, at + 1, base) : first === N ? json.pastValue(at) : -1
      if (end >= 0) this.#note(field, isObject ? OTHER : NULL, at, end)
      return end
    }
    if (first === QUOTE) {
      const end = json.pastText(at + 1)
      this.#note(field, json.escaped ? ESCAPED : TEXT, at + 1, end - 1)
      return end
    }
    const whole = json.pastWhole(at)
    if (whole > 0) {
      this.#note(field, WHOLE, at, whole)
      return whole
    }
    json.canonical = true
    const end = json.pastValue(at)
    this.#note(field, this.#kind(first), at, end)
    return end
  }

  #kind(first: number): number {
    if (first === N) return NULL
    if (first === T) return TRUE
    if (first === F) return FALSE
    if (first === OBJECT || first === LIST) return this.json.canonical ? JSON_TEXT : OTHER
    return NUMBER
  }

  /** An object in objectId of a list is a list of one. @param start after its bracket. */
  #oneRow(row: RowLayout, field: number, start: number): number {
    const first = this.#used
    const end = this.#object(row.object, start, this.#fieldCount(row.fieldCount))
    this.#note(field, ROWS, first, 1)
    return end
  }

  /** @param start after the bracket. */
  #rows(row: RowLayout, field: number, start: number): number {
    const { json } = this
    const { bytes } = json
    const first = this.#used
    let count = 0
    let at = json.past(start)
    if (bytes[at] !== LIST_END)
      for (;;) {
        if (bytes[at] !== OBJECT) return -1
        at = this.#object(row.object, at + 1, this.#fieldCount(row.fieldCount))
        if (at < 0) return -1
        count += 1
        at = json.past(at)
        if (bytes[at] === LIST_END) break
        if (bytes[at] !== COMMA) return -1
        at = json.past(at + 1)
      }
    this.#note(field, ROWS, first, count)
    return at + 1
  }
}
