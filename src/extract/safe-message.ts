import { SyncError } from '../common/errors.ts'
import { secretsOf } from '../common/secrets.ts'

/** Characters of a message. */
const LONGEST = 400

/**
 * Makes a function that removes the token from the message of an error and then cuts it: a message may quote what the API
 * answered. In the other order, the cut could leave a part of the token, which nothing recognises any more.
 */
export function safeMessages(token: string): (error: unknown) => unknown {
  const { scrub } = secretsOf([token])
  return error => {
    if (!(error instanceof SyncError)) return error
    const clean = scrub(error.message)
    error.message = clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean
    return error
  }
}
