import { ConfigError } from '../../common/errors.ts'
import { lines } from '../../common/printable.ts'
import type { Stream } from '../../schema/stream.ts'
import type { App } from '../app.ts'
import type { Result } from './result.ts'

/**
 * Deletes the checkpoint of a stream, so that the next run reads the stream from its start. Rows stay.
 * @param iKnow also where Recharge no longer returns part of the records.
 * @throws {ConfigError} for such a stream without it.
 */
export async function reset(app: App, stream: Stream, iKnow: boolean): Promise<Result> {
  if (stream.retention && !iKnow)
    throw new ConfigError('the command line', [
      {
        path: stream.name,
        line: null,
        message: `Recharge returns only ${stream.retention.days} days of it (by ${stream.retention.by}), so the next sync cannot read older records again. Rows stay in any case. To reset it anyway, add --i-know`,
      },
    ])
  await using destination = await app.open('write')
  await destination.acquireLock(app.run)
  const watermark = await destination.reset(stream)
  return {
    code: 0,
    json: { stream: stream.name, forgotten: watermark },
    text: lines(
      `${stream.name}: the next sync reads it from the start. It was ${watermark === null ? 'not complete yet' : `complete to ${watermark}`}; its rows are kept.`,
      ...(stream.retention
        ? [
            `Its complete_from is forgotten too: the next sync sets it to ${stream.retention.days} days before itself, although the older rows stay.`,
          ]
        : []),
    ),
  }
}
