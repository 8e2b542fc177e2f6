import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { charge, PAGE } from './charges.ts'

const HEAD = '{"charges":['
const END = ']}\n'

/** Writes pages as the API would serve them, one on each line. @param edits how often a record has been edited, by its number. */
export function writePages(file: string, records: number, edits: (id: number) => number = () => 0): void {
  const out = openSync(file, 'w')
  for (let first = 0; first < records; first += PAGE) {
    const texts = Array.from({ length: PAGE }, (_, i) => JSON.stringify(charge(first + i, edits(first + i))))
    writeSync(out, `${HEAD}${texts.join(',')}${END}`)
  }
  closeSync(out)
}

const CHUNK = 4 * 1024 * 1024

/** Reads prepared pages, a few at a time. Each is valid until the next one is read. */
export function* readPages(file: string, pages: number): Generator<Buffer> {
  const fd = openSync(file, 'r')
  try {
    const chunk = Buffer.allocUnsafeSlow(CHUNK)
    let rest = 0
    let given = 0
    for (;;) {
      const filled = rest + readSync(fd, chunk, rest, CHUNK - rest, null)
      if (filled === rest) throw new Error(`${file} has only ${given} pages`)
      let from = 0
      for (let end = chunk.indexOf(10); end >= 0 && end < filled; end = chunk.indexOf(10, from)) {
        yield chunk.subarray(from, end)
        given += 1
        if (given === pages) return
        from = end + 1
      }
      chunk.copy(chunk, 0, from, filled)
      rest = filled - from
    }
  } finally {
    closeSync(fd)
  }
}

/**
 * The records of prepared pages, read from their file when they are served. A million records in memory would leave less of
 * it to the destination than a load from the same file does.
 */
export class PreparedRecords {
  readonly #fd: number
  readonly #starts: number[] = []
  #end = 0
  #window = { from: 0, bytes: Buffer.alloc(0) }

  constructor(file: string) {
    this.#fd = openSync(file, 'r')
  }

  /** Adds the next record of the file. @param length of its text in bytes. @returns a function that reads the text. */
  next(length: number): () => Buffer {
    const n = this.#starts.length
    const start = this.#end + (n === 0 ? HEAD.length : n % PAGE === 0 ? END.length + HEAD.length : 1)
    this.#starts.push(start)
    this.#end = start + length
    return () => this.#read(n, length)
  }

  /** Reads the record and those after it, as many as a page has, because they are served next. */
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
