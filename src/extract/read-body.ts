import { checkBody, type JsonMembers, parseBody } from '../common/json-body.ts'
import type { RequestStats } from '../common/model.ts'
import type { ApiAnswer, ApiClient, ApiRequest } from './api-client.ts'
import { NOTHING_FAILED } from './retry.ts'

/**
 * An answer, and what its body says. A body that cannot be used is asked for again: it broke off on its way, or is not
 * what was asked for. Decoding takes place after the request has ended, so it holds up no other request.
 * @param decode throws a `SourceError` for a body that is to be asked for again.
 */
export async function readBody<T>(
  api: ApiClient,
  request: ApiRequest,
  decode: (body: Buffer) => Promise<T> | T,
  requestStats: RequestStats,
  signal: AbortSignal,
): Promise<{ readonly answer: ApiAnswer; readonly decoded: T }> {
  for (let failed = NOTHING_FAILED; ; ) {
    const answer = await api.send(request, requestStats, signal, failed)
    try {
      return { answer, decoded: await decode(answer.body) }
    } catch (error) {
      failed = await api.waitAfter(error, answer.failed, requestStats, signal)
    } finally {
      answer.release()
    }
  }
}

/** An answer that is no list of records. @param member that its body must have; null: any object will do. */
export async function readMembers(
  api: ApiClient,
  request: ApiRequest,
  member: string | null,
  requestStats: RequestStats,
  signal: AbortSignal,
): Promise<JsonMembers> {
  const where = `GET ${request.url(NOTHING_FAILED).pathname}`
  const decode = (body: Buffer): JsonMembers => checkBody(parseBody(body, where), member, where)
  return (await readBody(api, request, decode, requestStats, signal)).decoded
}
