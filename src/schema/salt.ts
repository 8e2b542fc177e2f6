import { hash } from 'node:crypto'

/** Length of a salt in bytes. */
export const SALT = 32

/**
 * Hashes values with the salt of the warehouse. Equal values have equal hashes, so joins work, and a list of likely values
 * does not reveal them without the salt. The destination stores the salt and hands it to `open`; no method returns it.
 */
export class Salt {
  #bytes = Buffer.alloc(4096)
  #open = false

  /** @param salt of the warehouse that is written to. */
  open(salt: Uint8Array): void {
    if (salt.length !== SALT) throw new Error(`a salt has ${SALT} bytes, and this one has ${salt.length}`)
    this.#bytes.set(salt)
    this.#open = true
  }

  /** SHA-256 of the salt and the text in UTF-8, in hex. */
  digest(text: string): string {
    if (!this.#open) throw new Error('a value has to be hashed before the salt was loaded')
    const needed = SALT + 3 * text.length
    if (needed > this.#bytes.length) {
      const grown = Buffer.alloc(needed)
      grown.set(this.#bytes.subarray(0, SALT))
      this.#bytes = grown
    }
    const end = SALT + this.#bytes.write(text, SALT)
    return hash('sha256', this.#bytes.subarray(0, end), 'hex')
  }
}
