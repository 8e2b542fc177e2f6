export const QUOTE = 34
export const COMMA = 44
export const COLON = 58
export const LIST = 91
export const LIST_END = 93
export const OBJECT = 123
export const OBJECT_END = 125
/** First letters of `null`, `true` and `false`. */
export const N = 110
export const T = 116
export const F = 102
const BACKSLASH = 92

/** Values that are nested deeper are left to `JSON.parse`. */
const DEEPEST = 64
/** A whole number of so many digits is the same as a number and as text. */
const SAFE_DIGITS = 15
/** How many member names are compared to find one that occurs twice, those of the outer objects included. */
const MOST_NAMES = 256

/**
 * Skips over JSON values in bytes without parsing them. It accepts only what `JSON.parse` accepts, and rejects what it does
 * not handle. Positions are byte offsets; -1 means that the value is rejected.
 */
export class JsonText {
  bytes: Buffer = Buffer.alloc(0)
  view = new DataView(this.bytes.buffer)
  /** The text that was skipped last has a backslash. */
  escaped = false
  /** All values that were skipped since this was set to true stand there as `JSON.stringify` would write them. */
  canonical = true
  /** Hashes of the member names of the objects that are being skipped. */
  readonly #names = new Int32Array(MOST_NAMES)
  #nameCount = 0

  /** @param bytes valid UTF-8. */
  open(bytes: Buffer): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** The offset of the first byte from `at` on that is not white space. */
  past(at: number): number {
    const { bytes } = this
    let to = at
    for (let c = bytes[to]; c === 32 || c === 10 || c === 13 || c === 9; c = bytes[to]) to += 1
    return to
  }

  /** @param start of any value. @returns the offset behind it. */
  pastValue(start: number): number {
    this.#nameCount = 0
    return this.#pastValue(start, 0)
  }

  /** @param start behind the opening quote. @returns the offset behind the closing one. */
  pastText(start: number): number {
    const { bytes, view } = this
    this.escaped = false
    const last = bytes.length - 4
    let at = start
    for (;;) {
      while (at <= last) {
        const marks = marked(view.getInt32(at, true))
        if (marks !== 0) {
          at += (31 - Math.clz32(marks & -marks)) >> 3
          break
        }
        at += 4
      }
      const c = bytes[at] as number
      if (c === QUOTE) return at + 1
      if (c === BACKSLASH) {
        this.escaped = true
        at = this.#pastEscape(at + 1)
        if (at < 0) return -1
      } else if (c >= 32) at += 1
      else return -1
    }
  }

  /** @returns the offset behind a number of at most fifteen digits; -1: it is another value. */
  pastWhole(start: number): number {
    const { bytes } = this
    let at = start
    while (isDigit(bytes[at] as number)) at += 1
    const digits = at - start
    if (digits === 0 || digits > SAFE_DIGITS || (digits > 1 && bytes[start] === ZERO)) return -1
    return isOfNumber(bytes[at] as number) ? -1 : at
  }

  #pastEscape(at: number): number {
    const { bytes } = this
    if (ESCAPES.has(bytes[at] as number)) return at + 1
    if (bytes[at] !== 117) return -1
    return /^[0-9a-fA-F]{4}$/.test(bytes.toString('latin1', at + 1, at + 5)) ? at + 5 : -1
  }

  #pastValue(at: number, depth: number): number {
    const c = this.bytes[at] as number
    if (c === QUOTE) {
      const end = this.pastText(at + 1)
      if (this.escaped) this.canonical = false
      return end
    }
    if (c === OBJECT || c === LIST) return depth > DEEPEST ? -1 : this.#pastMembers(c, at + 1, depth + 1)
    if (c === N) return this.#pastWord('null', at)
    if (c === T) return this.#pastWord('true', at)
    if (c === F) return this.#pastWord('false', at)
    return this.#pastNumber(at)
  }

  #pastMembers(bracket: number, start: number, depth: number): number {
    const { bytes } = this
    const close = bracket === OBJECT ? OBJECT_END : LIST_END
    const names = this.#nameCount
    let at = this.#pastBlank(start)
    if (bytes[at] === close) return at + 1
    for (;;) {
      if (bracket === OBJECT) at = this.#pastName(at, names)
      if (at >= 0) at = this.#pastValue(at, depth)
      if (at < 0) return -1
      at = this.#pastBlank(at)
      if (bytes[at] === close) break
      if (bytes[at] !== COMMA) return -1
      at = this.#pastBlank(at + 1)
    }
    this.#nameCount = names
    return at + 1
  }

  /** @param names number of names kept for the outer objects. @returns the offset of the member's value. */
  #pastName(start: number, names: number): number {
    const { bytes } = this
    if (bytes[start] !== QUOTE) return -1
    const end = this.pastText(start + 1)
    if (end < 0) return -1
    // `JSON.parse` sorts names that are numbers, and of a name that occurs twice it takes the last value.
    const isNumber = isDigit(bytes[start + 1] as number)
    if (this.escaped || isNumber || this.#mayBeDuplicate(start, end, names)) this.canonical = false
    const at = this.#pastBlank(end)
    return bytes[at] === COLON ? this.#pastBlank(at + 1) : -1
  }

  /** Whether the object may have had a member of this name before. Keeps the name. */
  #mayBeDuplicate(start: number, end: number, names: number): boolean {
    const { view } = this
    const length = end - start
    if (this.#nameCount === MOST_NAMES || length < 4) return true
    // A body that is cut may end with the name.
    const first = view.getInt32(Math.min(start + 1, end - 4), true)
    const name = Math.imul(31, first) ^ Math.imul(17, view.getInt32(end - 4, true)) ^ length
    for (let i = names; i < this.#nameCount; i++) if (this.#names[i] === name) return true
    this.#names[this.#nameCount] = name
    this.#nameCount += 1
    return false
  }

  #pastBlank(at: number): number {
    const to = this.past(at)
    if (to !== at) this.canonical = false
    return to
  }

  #pastWord(word: string, at: number): number {
    for (let i = 1; i < word.length; i++) if (this.bytes[at + i] !== word.charCodeAt(i)) return -1
    return at + word.length
  }

  #pastNumber(at: number): number {
    const whole = this.pastWhole(at)
    if (whole > 0) return whole
    const { bytes } = this
    let to = at
    while (isOfNumber(bytes[to] as number)) to += 1
    const text = bytes.toString('latin1', at, to)
    if (!NUMBER.test(text)) return -1
    if (String(Number(text)) !== text) this.canonical = false
    return to
  }
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const ZERO = 48
const ESCAPES = new Set([...'"\\/bfnrt'].map(c => c.charCodeAt(0)))

const isDigit = (c: number): boolean => c >= ZERO && c <= ZERO + 9

/** A digit, a point, a sign or an exponent. */
const isOfNumber = (c: number): boolean => isDigit(c) || c === 46 || c === 45 || c === 43 || c === 101 || c === 69

/** Sets the high bit of each of four bytes that is a quote, a backslash or a control character. Behind the first of them it may set others too. */
function marked(word: number): number {
  const quote = word ^ 0x22222222
  const backslash = word ^ 0x5c5c5c5c
  const found =
    ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash) | ((word - 0x20202020) & ~word)
  return found & 0x80808080
}
