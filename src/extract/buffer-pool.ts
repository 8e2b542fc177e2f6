/** Buffers kept for the next bodies. */
const MAX_FREE = 4
/** Bytes. */
const INITIAL_SIZE = 256 * 1024

/**
 * Reads response bodies into buffers that are used again. New memory outside of the heap for every body makes V8 collect
 * garbage more often.
 */
export interface BufferPool {
  /**
   * The whole body. Its bytes are valid until it is released.
   * @throws {BodyTooLarge} and destroys the stream, so that it is not decompressed further.
   */
  read(chunks: AsyncIterable<Uint8Array>): Promise<Buffer>
  release(body: Buffer): void
}

/** The body has more bytes than any page of records. */
export class BodyTooLarge extends Error {}

/** @param mostBytes of a body, decompressed. */
export function createBufferPool(mostBytes: number): BufferPool {
  const free: Buffer[] = []
  /** Size of the largest body so far. */
  let largest = INITIAL_SIZE
  return {
    async read(chunks) {
      let bytes = free.pop() ?? Buffer.allocUnsafeSlow(largest)
      let length = 0
      for await (const chunk of chunks) {
        if (length + chunk.length > mostBytes) throw new BodyTooLarge()
        if (length + chunk.length > bytes.length) {
          const grown = Buffer.allocUnsafeSlow(Math.min(mostBytes, Math.max(length + chunk.length, 2 * bytes.length)))
          grown.set(bytes.subarray(0, length))
          bytes = grown
        }
        bytes.set(chunk, length)
        length += chunk.length
      }
      largest = Math.max(largest, length)
      return bytes.subarray(0, length)
    },
    release(body) {
      if (free.length < MAX_FREE) free.push(Buffer.from(body.buffer))
    },
  }
}
