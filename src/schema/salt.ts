import { hash } from 'node:crypto'

/** Bytes of a salt. */
export const SALT = 32

/**
 * Hashes values with the warehouse's salt, so that equal values stay equal and joins work, and a list of likely values
 * is no key to them. The salt lies in the destination and is put in once that is open; nothing gives it out again.
 */
export class Salt {
  #bytes = Buffer.alloc(4096)
  #open = false

  /** @param salt of the warehouse that is written to. */
  open(salt: Uint8Array): void {
    if (salt.length !== SALT) throw new Error(`a salt has ${SALT} bytes, this one ${salt.length}`)
    this.#bytes.set(salt)
    this.#open = true
  }

  /** SHA-256 of the salt and the text in UTF-8, in hex. */
  digest(text: string): string {
    if (!this.#open) throw new Error('a value was to be hashed before the salt was read')
    const room = SALT + 3 * text.length
    if (room > this.#bytes.length) {
      const grown = Buffer.alloc(room)
      grown.set(this.#bytes.subarray(0, SALT))
      this.#bytes = grown
    }
    const end = SALT + this.#bytes.write(text, SALT)
    return hash('sha256', this.#bytes.subarray(0, end), 'hex')
  }
}
