import { type Policies, withPolicies } from '../../src/schema/policy.ts'
import { SALT, Salt } from '../../src/schema/salt.ts'
import type { Stream } from '../../src/schema/stream.ts'

/** The same salt for every test. */
export function testSalt(): Salt {
  const salt = new Salt()
  salt.open(Buffer.alloc(SALT, 7))
  return salt
}

/** A stream with the salt and policies of a warehouse. */
export const withTestSalt = (stream: Stream, policies: Partial<Policies> = {}): Stream =>
  withPolicies(
    stream,
    { sensitive: 'hash', columns: {}, onMismatch: 'null', drift: 'capture', ...policies },
    testSalt(),
  )
