type Act = (at: number) => void

interface Entry {
  readonly at: number
  readonly number: number
  readonly act: Act
}

/**
 * What is going to happen, in order of time (a binary heap). Living the story in order makes ids
 * grow with `created_at` across all customers, as they do in a real store.
 */
export class Diary {
  readonly #heap: Entry[] = []
  #count = 0

  add(at: number, act: Act): void {
    const heap = this.#heap
    const entry = { at, number: this.#count++, act }
    let place = heap.length
    while (place > 0) {
      const parent = heap[(place - 1) >> 1]
      if (!parent || before(parent, entry)) break
      heap[place] = parent
      place = (place - 1) >> 1
    }
    heap[place] = entry
  }

  /** Lives through everything up to a moment; what lies beyond has not happened. */
  run(until: number): void {
    for (let entry = this.#heap[0]; entry && entry.at <= until; entry = this.#heap[0]) {
      this.#drop()
      entry.act(entry.at)
    }
  }

  #drop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      const left = heap[child]
      const right = heap[child + 1]
      if (!left) break
      let least = left
      if (right && before(right, left)) {
        least = right
        child += 1
      }
      if (before(last, least)) break
      heap[place] = least
      place = child
    }
    heap[place] = last
  }
}

const before = (a: Entry, b: Entry): boolean => (a.at === b.at ? a.number < b.number : a.at < b.at)
