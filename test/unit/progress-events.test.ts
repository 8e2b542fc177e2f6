import { expect, test } from 'vitest'
import { createProgressEvents, type ProgressEvent } from '../../src/cli/progress-events.ts'
import { StreamStats } from '../../src/pipeline/stream-stats.ts'

test('a stream that ends after the run has no event', () => {
  const events: ProgressEvent[] = []
  const stats = new StreamStats('charges')
  const progress = createProgressEvents(
    event => events.push(event),
    error => {
      throw error
    },
  )
  progress.started(stats)
  progress[Symbol.dispose]()
  progress.ended(stats, stats.report('interrupted', 0, null))
  expect(events.map(({ type }) => type)).toEqual(['started'])
})
