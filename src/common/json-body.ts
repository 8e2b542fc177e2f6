import { ContractError, SourceError } from './errors.ts'
import { parseExact, stringifyExact } from './exact-json.ts'

export type JsonMembers = Record<string, unknown>

/**
 * Parses a body. Bytes that are not UTF-8 are an error: U+FFFD in their place would be loaded as if the API had sent it.
 * @param where such as `GET /orders`.
 * @throws {SourceError} `truncated`: the body is not complete JSON in UTF-8.
 */
export function parseBody(body: Buffer, where: string): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch (error) {
    throw new SourceError('truncated', `${where}: status 200, but the body is not UTF-8`, {
      next: 'Run again. If it happens again, the API or a proxy before it sends broken text: please report it to them.',
      cause: error,
    })
  }
  try {
    return parseExact(text)
  } catch (error) {
    const what = text === '' ? 'the body is empty' : 'the body is not JSON'
    throw new SourceError('truncated', `${where}: status 200, but ${what}`, { tooLarge: true, cause: error })
  }
}

/**
 * The members of a body. An answer with status 200 may hold a warning in place of the list [client].
 * @param list the member that the body must have; null: any object is accepted.
 * @throws {SourceError} `truncated` or `unavailable`: the body has to be requested again.
 * @throws {ContractError} `stream_contract`: the body has other members than the list.
 * Both quote the body whole: `extract` removes the token from a message before it cuts it.
 */
export function checkBody(body: unknown, list: string | null, where: string): JsonMembers {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new SourceError('truncated', `${where}: status 200, but the body is not an object`)
  const members = body as JsonMembers
  if (list === null || list in members) return members
  const keys = Object.keys(members)
  if (keys.length > 0 && keys.every(key => key === 'error' || key === 'errors' || key === 'warning'))
    throw new SourceError('unavailable', `${where}: status 200, but only ${stringifyExact(members)}`)
  throw new ContractError(
    'stream_contract',
    `${where}: the answer has no "${list}", only ${keys.join(', ') || 'nothing'}`,
    'The API changed, or recharge.base_url is not the address of the Recharge API. Nothing of this answer was loaded. Please report it.',
  )
}
