/** How many are kept for the next answers. */
const MOST = 4
/** Bytes of the first. */
const FIRST = 256 * 1024

/**
 * Reads bodies into memory that is used again: what lies outside of the heap has V8 look through all of it the sooner.
 */
export interface BufferPool {
  /** A body, until it is released. */
  read(chunks: AsyncIterable<Uint8Array>): Promise<Buffer>
  release(body: Buffer): void
}

export function createBufferPool(): BufferPool {
  const free: Buffer[] = []
  /** Bytes that the largest body so far took. */
  let most = FIRST
  return {
    async read(chunks) {
      let bytes = free.pop() ?? Buffer.allocUnsafeSlow(most)
      let at = 0
      for await (const chunk of chunks) {
        if (at + chunk.length > bytes.length) {
          const grown = Buffer.allocUnsafeSlow(Math.max(at + chunk.length, 2 * bytes.length))
          grown.set(bytes.subarray(0, at))
          bytes = grown
        }
        bytes.set(chunk, at)
        at += chunk.length
      }
      most = Math.max(most, at)
      return bytes.subarray(0, at)
    },
    release(body) {
      if (free.length < MOST) free.push(Buffer.from(body.buffer))
    },
  }
}
