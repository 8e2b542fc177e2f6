import { ContractError, SourceError } from '../common/errors.ts'
import type { Reading } from './pagination.ts'

/**
 * One record by its id: `{"charge": {…}}` for `GET /charges/{id}` [documented for the resources of the reference,
 * inferred for the rest]. Null where the API answers 404: the record is gone, or this path is not served.
 * @throws {ContractError} where the answer holds something else.
 */
export async function retrieve({ requests, stream, traffic, signal }: Reading, id: string): Promise<unknown> {
  const url = requests.at(`${stream.path}/${encodeURIComponent(id)}`)
  try {
    const ask = { url: () => url, version: stream.version, list: stream.singular }
    const { body } = await requests.send(ask, traffic, signal)
    const record = body[stream.singular]
    if (typeof record === 'object' && record !== null && !Array.isArray(record)) return record
    throw new ContractError(
      'stream_contract',
      `"${stream.singular}" of ${url.pathname} is no record`,
      'The API changed. Nothing was repaired with it; please report it.',
    )
  } catch (error) {
    if (error instanceof SourceError && error.kind === 'missing') return null
    throw error
  }
}
