import type { RowBatch } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import { mergePages } from '../transform/batch.ts'
import type { DecodedGroup } from './evolve.ts'

/**
 * Merges each group of pages into a batch in which each key occurs once. For a versioned stream each page is a batch: if
 * two versions of a record were merged, one of them would be lost.
 */
export async function* group(
  groups: AsyncIterable<DecodedGroup>,
  { isVersioned }: { readonly isVersioned: (stream: Stream) => boolean },
): AsyncGenerator<RowBatch> {
  for await (const { stream, pages } of groups)
    if (isVersioned(stream)) for (const page of pages) yield mergePages(stream, [page])
    else yield mergePages(stream, pages)
}
