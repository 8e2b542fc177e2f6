import { ConfigError } from '../../common/errors.ts'
import { below, lines } from '../../common/printable.ts'
import { replaceReadCopy } from '../../jobs/read-copy.ts'
import type { Stream } from '../../schema/stream.ts'
import type { App } from '../app.ts'
import { readCopyText } from '../report.ts'
import type { Result } from './result.ts'

/**
 * Deletes the checkpoints of streams, so that the next run reads them from their start. Rows stay.
 * @param iKnow also where Recharge no longer returns part of the records.
 * @throws {ConfigError} for such streams without it.
 */
export async function reset(
  app: App,
  streams: readonly Stream[],
  iKnow: boolean,
  signal: AbortSignal = new AbortController().signal,
): Promise<Result> {
  refuseLoss(streams, iKnow)
  await using destination = await app.open('write')
  await destination.acquireLock(app.run)
  const done = []
  for (const stream of streams) done.push({ stream, forgotten: await destination.reset(stream) })
  const copy = await replaceReadCopy(destination, app, signal)
  return {
    code: 0,
    json: {
      streams: done.map(({ stream: { name }, forgotten }) => ({ stream: name, forgotten })),
      ...(copy && { read_copy: copy }),
    },
    text: below(
      ...done.map(({ stream: { name, retention }, forgotten }) =>
        lines(
          `${name}: the next sync reads it from the start. It was ${forgotten === null ? 'not complete yet' : `complete to ${forgotten}`}; its rows are kept.`,
          ...(retention
            ? [
                `Its complete_from is forgotten too: the next sync sets it to ${retention.days} days before itself, although the older rows stay.`,
              ]
            : []),
        ),
      ),
      ...readCopyText(copy, app.look),
    ),
  }
}

/** @throws {ConfigError} for streams of which Recharge no longer returns part of the records. */
export function refuseLoss(streams: readonly Stream[], iKnow: boolean): void {
  const problems = streams.flatMap(({ name, retention }) =>
    retention && !iKnow
      ? [
          {
            path: name,
            line: null,
            message: `Recharge returns only ${retention.days} days of it (by ${retention.by}), so the next sync cannot read older records again. Rows stay in any case. To reset it anyway, add --i-know`,
          },
        ]
      : [],
  )
  if (problems.length > 0) throw new ConfigError('the command line', problems)
}
