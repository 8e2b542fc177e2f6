import { COLON, COMMA, F, JsonText, LIST, LIST_END, N, OBJECT, OBJECT_END, QUOTE, T } from './json-text.ts'
import type { Member, ObjectLayout, RecordLayout, RowLayout } from './layout.ts'

/*
 * Kinds of a field. The index has a kind, a start and an end for each: the offsets of its text in the body, for a text
 * without the quotes. For a list of rows, the start is the index of the first row's first field, and the end is the number
 * of rows.
 */
export const ABSENT = 0
export const NULL = 1
/** A text without escapes. */
export const TEXT = 2
/** A text with escapes. */
export const ESCAPED = 3
/** A whole number of at most fifteen digits. */
export const WHOLE = 4
/** Any other number. */
export const NUMBER = 5
export const TRUE = 6
export const FALSE = 7
/** A list or an object in the form in which `JSON.stringify` would write it. */
export const JSON_TEXT = 8
/** Another list or object. */
export const OTHER = 9
/** A list whose elements are rows. */
export const ROWS = 10

/** A list or an object whose text is shorter needs no check of what a database can store: it is not nested deeply. */
const LONG_JSON = 500_000

/** Numbers for each field: kind, start, end. */
const SPAN = 3

/** A member that is not declared. */
export interface UnknownField {
  /** Index of the first field of its row. */
  readonly base: number
  /** The object that has the member. */
  readonly objectId: number
  readonly name: string
  readonly start: number
  readonly end: number
}

/**
 * The positions of a record's values in the text of its page, one field for each declared member. The values themselves
 * are not parsed. A record that is not JSON, or whose objects and lists are not as declared, is not indexed.
 */
export class FieldIndex {
  readonly json = new JsonText()
  /** Offset behind the record that was indexed last; -1: it was not indexed. */
  ended = -1
  /** Members of that record that are not declared. */
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

  /** The number of a `WHOLE`. */
  whole(field: number): number {
    const { bytes } = this.json
    const end = this.end(field)
    let value = 0
    for (let at = this.start(field); at < end; at++) value = 10 * value + (bytes[at] as number) - 48
    return value
  }

  /** Gives a field the value of another one. */
  copy(from: number, to: number): void {
    this.#setField(to, this.kind(from), this.start(from), this.end(from))
  }

  /** Indexes the record at `at`. @returns false: it has to be parsed. */
  record(layout: RecordLayout, at: number): boolean {
    this.#used = 0
    if (this.unknown.length > 0) this.unknown = []
    this.ended =
      this.json.bytes[at] === OBJECT ? this.#object(layout.object, at + 1, this.#addFields(layout.fieldCount)) : -1
    return this.ended >= 0
  }

  /** Adds fields for a row. @returns the index of the first one. */
  #addFields(count: number): number {
    const base = this.#used
    this.#used += count
    const needed = SPAN * this.#used
    if (needed > this.#spans.length) {
      const grown = new Int32Array(2 * needed)
      grown.set(this.#spans)
      this.#spans = grown
    }
    // For the few fields of a row, a loop is faster than `fill`.
    const spans = this.#spans
    for (let at = SPAN * base; at < needed; at += SPAN) spans[at] = ABSENT
    return base
  }

  #setField(field: number, kind: number, start: number, end: number): void {
    const spans = this.#spans
    const at = SPAN * field
    spans[at] = kind
    spans[at + 1] = start
    spans[at + 2] = end
  }

  /**
   * @param start behind the bracket.
   * @param base index of the first field of its row.
   * @returns the offset behind the object; -1: the record has to be parsed.
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
      if (member === null) at = this.#addUnknown(layout.objectId, at, base)
      else {
        before = member
        if ((bytes[at] as number) <= 32) at = json.past(at)
        const field = base + member.field
        // The member occurs twice. The parser takes the last one.
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

  /** Whether the member's name and the colon stand at `at`. */
  #isAt({ words, length }: Member, at: number): boolean {
    const { view, bytes } = this.json
    if (at + length > bytes.length) return false
    const last = words.length - 1
    for (let i = 0; i < last; i++) if (view.getInt32(at + 4 * i, true) !== words[i]) return false
    return view.getInt32(at + length - 4, true) === words[last]
  }

  /** The member whose name stands at `at`; null: there is no name, or it is not declared. */
  #member(layout: ObjectLayout, at: number): Member | null {
    const { json } = this
    const { bytes } = json
    if (bytes[at] !== QUOTE) return null
    const end = json.pastText(at + 1)
    if (end < 0 || bytes[json.past(end)] !== COLON) return null
    return layout.members.get(bytes.toString('latin1', at + 1, end - 1)) ?? null
  }

  /** Records a member that is not declared. @returns the offset behind it; -1: the record has to be parsed. */
  #addUnknown(objectId: number, start: number, base: number): number {
    const { json } = this
    const { bytes } = json
    const nameEnd = bytes[start] === QUOTE ? json.pastText(start + 1) : -1
    if (nameEnd < 0 || json.escaped) return -1
    const name = bytes.toString('utf8', start + 1, nameEnd - 1)
    const colon = json.past(nameEnd)
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
      // Any other value but null does not fit the declaration.
      const end = isObject ? this.#object(object, at + 1, base) : first === N ? json.pastValue(at) : -1
      if (end >= 0) this.#setField(field, isObject ? OTHER : NULL, at, end)
      return end
    }
    if (first === QUOTE) {
      const end = json.pastText(at + 1)
      this.#setField(field, json.escaped ? ESCAPED : TEXT, at + 1, end - 1)
      return end
    }
    const whole = json.pastWhole(at)
    if (whole > 0) {
      this.#setField(field, WHOLE, at, whole)
      return whole
    }
    json.canonical = true
    const end = json.pastValue(at)
    this.#setField(field, this.#kind(first, end - at), at, end)
    return end
  }

  #kind(first: number, length: number): number {
    if (first === N) return NULL
    if (first === T) return TRUE
    if (first === F) return FALSE
    if (first === OBJECT || first === LIST) return this.json.canonical && length < LONG_JSON ? JSON_TEXT : OTHER
    return NUMBER
  }

  /** An element that is not an object. For a null and a list the record has to be parsed. @param base index of the first field of its row. */
  #element(member: Member, at: number, base: number): number {
    const first = this.json.bytes[at]
    return first === N || first === LIST ? -1 : this.#value(member, base + member.field, at, base)
  }

  /** An object in place of a list is a list of one, and an empty one a list of none. @param start behind the bracket. */
  #oneRow(row: RowLayout, field: number, start: number): number {
    const first = this.#used
    const empty = this.json.past(start)
    const isEmpty = this.json.bytes[empty] === OBJECT_END
    const end = isEmpty ? empty + 1 : this.#object(row.object, start, this.#addFields(row.fieldCount))
    this.#setField(field, ROWS, first, isEmpty ? 0 : 1)
    return end
  }

  /** @param start behind the bracket. */
  #rows(row: RowLayout, field: number, start: number): number {
    const { json } = this
    const { bytes } = json
    const first = this.#used
    let count = 0
    let at = json.past(start)
    if (bytes[at] !== LIST_END)
      for (;;) {
        if (bytes[at] === OBJECT) at = this.#object(row.object, at + 1, this.#addFields(row.fieldCount))
        else at = row.element === null ? -1 : this.#element(row.element, at, this.#addFields(row.fieldCount))
        if (at < 0) return -1
        count += 1
        at = json.past(at)
        if (bytes[at] === LIST_END) break
        if (bytes[at] !== COMMA) return -1
        at = json.past(at + 1)
      }
    this.#setField(field, ROWS, first, count)
    return at + 1
  }
}
