import { ContractError, SourceError } from '../common/errors.ts'
import type { DecodedPage } from '../common/model.ts'
import type { ReadContext } from './list.ts'
import { readBody } from './read-body.ts'

/**
 * One record by its id: `{"charge": {…}}` for `GET /charges/{id}` [documented for the resources of the reference,
 * inferred for the rest]. Null if the API answers 404: the record is deleted, or the API does not serve this path.
 * @throws {ContractError} `stream_contract` if the response has no such record.
 */
export async function retrieve(
  { api, stream, decode, requestStats, signal }: ReadContext,
  id: string,
): Promise<DecodedPage | null> {
  const url = api.urlOf(`${stream.path}/${encodeURIComponent(id)}`)
  try {
    const request = { url: () => url, version: stream.version }
    const { decoded } = await readBody(api, request, decode, requestStats, signal)
    if (decoded.keys.length === 1 && decoded.rejects.every(({ path }) => path !== '')) return decoded
    throw new ContractError(
      'stream_contract',
      `GET ${url.pathname}: "${stream.singular}" is not a record`,
      'The API has changed. Nothing was repaired from this response; please report it.',
    )
  } catch (error) {
    if (error instanceof SourceError && error.kind === 'missing') return null
    throw error
  }
}
