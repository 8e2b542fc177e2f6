import { ContractError, SourceError } from '../common/errors.ts'
import type { DecodedPage } from '../common/model.ts'
import type { Reading } from './pagination.ts'
import { readBody } from './read-body.ts'

/**
 * One record by its id: `{"charge": {…}}` for `GET /charges/{id}` [documented for the resources of the reference,
 * inferred for the rest]. Null where the API answers 404: the record is gone, or this path is not served.
 * @throws {ContractError} where the answer holds something else.
 */
export async function retrieve(
  { api, stream, decode, requestStats, signal }: Reading,
  id: string,
): Promise<DecodedPage | null> {
  const url = api.at(`${stream.path}/${encodeURIComponent(id)}`)
  try {
    const request = { url: () => url, version: stream.version }
    const { decoded } = await readBody(api, request, decode, requestStats, signal)
    if (decoded.keys.length === 1 && decoded.rejects.every(({ path }) => path !== '')) return decoded
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
