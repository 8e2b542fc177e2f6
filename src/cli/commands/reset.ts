import { ConfigError } from '../../common/errors.ts'
import type { Stream } from '../../schema/stream.ts'
import type { App } from '../app.ts'
import type { Result } from './result.ts'

/** Forgets a checkpoint, so that the next run reads the stream from its start. Rows stay. */
export async function reset(app: App, stream: Stream, iKnow: boolean): Promise<Result> {
  if (stream.retention && !iKnow)
    throw new ConfigError('the command line', [
      {
        path: stream.name,
        line: null,
        message: `the source serves only ${stream.retention.days} days of it (by ${stream.retention.by}): reading it again brings back no more than that. Rows stay either way. Add --i-know`,
      },
    ])
  await using destination = await app.open('write')
  await destination.acquireLock(app.run)
  const watermark = await destination.watermark(stream.name)
  await destination.reset(stream.name)
  return {
    code: 0,
    json: { stream: stream.name, forgotten: watermark },
    text: `${stream.name}: the next sync reads it from the start. It was complete to ${watermark ?? 'nothing yet'}; its rows are kept.`,
  }
}
