import { ContractError, SourceError } from './errors.ts'
import { parseExact } from './exact-json.ts'

export type JsonMembers = Record<string, unknown>

/** @param where such as `GET /orders`. @throws {SourceError} `truncated`: the body broke off, or is not JSON. */
export function parseBody(body: Buffer, where: string): unknown {
  const text = new TextDecoder().decode(body)
  try {
    return parseExact(text)
  } catch (error) {
    const what = text === '' ? 'the body is empty' : 'the body is not JSON'
    throw new SourceError('truncated', `${where}: status 200, but ${what}`, { tooLarge: true, cause: error })
  }
}

/**
 * The members of a body. A 200 is not yet an answer: it may hold a warning in place of the list [client].
 * @param list the member that it must have; null: any object will do.
 * @throws {SourceError} for a body that is to be asked for again. @throws {ContractError} for one without the list.
 */
export function checkBody(body: unknown, list: string | null, where: string): JsonMembers {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new SourceError('truncated', `${where}: status 200, but the body is not an object`)
  const members = body as JsonMembers
  if (list === null || list in members) return members
  const keys = Object.keys(members)
  if (keys.length > 0 && keys.every(key => key === 'error' || key === 'errors' || key === 'warning'))
    throw new SourceError('unavailable', `${where}: status 200, but only ${JSON.stringify(members).slice(0, 300)}`)
  throw new ContractError(
    'stream_contract',
    `${where}: the answer has no "${list}", only ${keys.join(', ') || 'nothing'}`,
    'The API changed, or the address is not that of Recharge. Nothing was loaded; please report it.',
  )
}
