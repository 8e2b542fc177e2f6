import { checkBody, type JsonMembers, parseBody } from '../common/json-body.ts'
import type { RequestStats } from '../common/model.ts'
import type { ApiAnswer, ApiClient, ApiRequest } from './api-client.ts'
import { NO_FAILURES } from './retry.ts'

/**
 * Sends a request and decodes its body. A body that is incomplete, or of another page, is requested again. Decoding
 * takes place after the request has ended, so it delays no other request.
 * @param decode throws a `SourceError` for a body to request again.
 */
export async function readBody<T>(
  api: ApiClient,
  request: ApiRequest,
  decode: (body: Buffer) => Promise<T> | T,
  requestStats: RequestStats,
  signal: AbortSignal,
): Promise<{ readonly answer: ApiAnswer; readonly decoded: T }> {
  for (let failures = NO_FAILURES; ; ) {
    const answer = await api.send(request, requestStats, signal, failures)
    try {
      return { answer, decoded: await decode(answer.body) }
    } catch (error) {
      failures = await api.waitAfter(error, answer.failures, requestStats, signal)
    } finally {
      answer.release()
    }
  }
}

/**
 * The members of a body that is not a list of records.
 * @param member a member that the body must have; null: any object is accepted.
 */
export async function readMembers(
  api: ApiClient,
  request: ApiRequest,
  member: string | null,
  requestStats: RequestStats,
  signal: AbortSignal,
): Promise<JsonMembers> {
  const where = `GET ${request.url(NO_FAILURES).pathname}`
  const decode = (body: Buffer): JsonMembers => checkBody(parseBody(body, where), member, where)
  return (await readBody(api, request, decode, requestStats, signal)).decoded
}
