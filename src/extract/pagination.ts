import { SourceError } from '../common/errors.ts'
import type { ListPage, ReadContext, Sequence } from './list.ts'
import { isRefused, ListWalk } from './list-walk.ts'

/**
 * Pages of a list from the first request to the end of the data. A parameter that the API may refuse is left out if it does:
 * before the first page, an answer like 422 can only mean the request itself. A list that is resumed goes on with its pointer.
 * @throws {ContractError} `stream_contract` if the API gives no way to its end.
 */
export async function* paginate(context: ReadContext, sequence: Sequence): AsyncGenerator<ListPage> {
  const { tried } = context.stream
  if (Object.keys(tried).length === 0) return yield* new ListWalk(context, sequence, {}).pages()
  let pages = 0
  try {
    for await (const page of new ListWalk(context, sequence, tried).pages()) {
      pages += 1
      yield page
    }
  } catch (error) {
    if (!isRefused(error) || pages > 0 || sequence.resume !== null) throw error
    yield* new ListWalk(context, sequence, {}).pages()
  }
}

/** How the API refuses an expired cursor is not known, so any lasting refusal may be that [unknown]. */
export const isDeadCursor = (error: unknown): error is SourceError =>
  error instanceof SourceError && ['refused', 'unprocessable', 'missing', 'unavailable'].includes(error.kind)
