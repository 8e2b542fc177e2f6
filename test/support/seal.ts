import { type Policies, underPolicies } from '../../src/declare/policy.ts'
import { SALT, Seal } from '../../src/declare/seal.ts'
import type { Stream } from '../../src/declare/stream.ts'

/** A seal with a salt that every test knows. */
export function openSeal(): Seal {
  const seal = new Seal()
  seal.open(Buffer.alloc(SALT, 7))
  return seal
}

/** A stream as a warehouse would store it. */
export const sealed = (stream: Stream, policies: Partial<Policies> = {}): Stream =>
  underPolicies(
    stream,
    { sensitive: 'hash', columns: {}, onMismatch: 'reject', drift: 'capture', ...policies },
    openSeal(),
  )
