/** Seeded, so that the same seed tells the same story (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** Both ends included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  pick<const L extends readonly [unknown, ...unknown[]]>(choices: L): L[number] {
    return choices[this.between(0, choices.length - 1)]
  }

  digits(count: number): string {
    let text = String(this.between(1, 9))
    while (text.length < count) text += this.between(0, 9)
    return text
  }

  hex(count: number): string {
    let text = ''
    while (text.length < count) text += this.between(0, 15).toString(16)
    return text
  }
}
