import { type Policies, withPolicies } from '../../src/schema/policy.ts'
import { SALT, Salt } from '../../src/schema/salt.ts'
import type { Stream } from '../../src/schema/stream.ts'

/** A salt with a salt that every test knows. */
export function openSeal(): Salt {
  const salt = new Salt()
  salt.open(Buffer.alloc(SALT, 7))
  return salt
}

/** A stream as a warehouse would store it. */
export const sealed = (stream: Stream, policies: Partial<Policies> = {}): Stream =>
  withPolicies(
    stream,
    { sensitive: 'hash', columns: {}, onMismatch: 'reject', drift: 'capture', ...policies },
    openSeal(),
  )
