import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { charge, PAGE } from './charges.ts'

const HEAD = '{"charges":['
const END = ']}\n'

/** Prepares pages as the API would serve them, one on each line. @param edits of a record, by its number. */
export function writePages(file: string, records: number, edits: (id: number) => number = () => 0): void {
  const out = openSync(file, 'w')
  for (let first = 0; first < records; first += PAGE) {
    const texts = Array.from({ length: PAGE }, (_, i) => JSON.stringify(charge(first + i, edits(first + i))))
    writeSync(out, `${HEAD}${texts.join(',')}${END}`)
  }
  closeSync(out)
}

const CHUNK = 4 * 1024 * 1024
/** Prepared pages, a few in memory at a time; each is valid until the next is asked for. */
export function* readPages(file: string, pages: number): Generator<Buffer> {
  const fd = openSync(file, 'r')
  try {
    const chunk = Buffer.allocUnsafeSlow(CHUNK)
    let rest = 0
    let given = 0
    for (;;) {
      const backfilled = rest + readSync(fd, chunk, rest, CHUNK - rest, null)
      if (backfilled === rest) throw new Error(`${file} has only ${given} pages`)
      let from = 0
      for (let end = chunk.indexOf(10); end >= 0 && end < backfilled; end = chunk.indexOf(10, from)) {
        yield chunk.subarray(from, end)
        given += 1
        if (given === pages) return
        from = end + 1
      }
      chunk.copy(chunk, 0, from, backfilled)
      rest = backfilled - from
    }
  } finally {
    closeSync(fd)
  }
}

/**
 * The records of prepared pages, served from their file: in memory of its own, a million would leave a destination
 * beside it with less than it has in a load from the same file.
 */
export class PreparedRecords {
  readonly #fd: number
  readonly #starts: number[] = []
  #end = 0
  #window = { from: 0, bytes: Buffer.alloc(0) }

  constructor(file: string) {
    this.#fd = openSync(file, 'r')
  }

  /** Of the file's next record. @param length of its text, in bytes. */
  next(length: number): () => Buffer {
    const n = this.#starts.length
    const start = this.#end + (n === 0 ? HEAD.length : n % PAGE === 0 ? END.length + HEAD.length : 1)
    this.#starts.push(start)
    this.#end = start + length
    return () => this.#read(n, length)
  }

  /** With those after it, as many as a page has: they are what is asked for next. */
  #read(n: number, length: number): Buffer {
    const start = this.#starts[n] ?? 0
    const { from, bytes } = this.#window
    if (start >= from && start + length <= from + bytes.length)
      return bytes.subarray(start - from, start - from + length)
    const window = Buffer.allocUnsafeSlow((this.#starts[n + PAGE] ?? this.#end) - start)
    readSync(this.#fd, window, 0, window.length, start)
    this.#window = { from: start, bytes: window }
    return window.subarray(0, length)
  }
}
