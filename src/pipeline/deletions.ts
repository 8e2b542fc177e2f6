import type { Presence } from '../common/absence.ts'
import type { Instant, RowBatch } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import { isComplete, type Pass } from './checkpoint.ts'

/** What the commit of `batch`, which takes a walk from `before` to `after`, notes down and concludes. */
export function presenceOf(before: Pass, after: Pass, batch: RowBatch): Presence {
  const { stream, backfill, walk, sweep } = before
  const whole = stream.deletions.absence === 'walk' && !backfill && walk.noted === true
  const last = !backfill && isComplete(after)
  const ended = whole ? walk.ceiling : sweep
  return {
    ...seen(whole ? walk.ceiling : null, batch),
    first: false,
    ended: last ? ended : null,
    last,
    gap: backfill ? null : before.gap,
  }
}

/** A page of a sweep concludes nothing: what it did not see may have become something else, which the walk after it tells. */
export const presenceOfSweep = (began: Instant, first: boolean, batch: RowBatch): Presence => ({
  ...seen(began, batch),
  first,
  ended: null,
  last: false,
  gap: null,
})

function seen(
  walk: Instant | null,
  { stream, entities, rejects, reads }: RowBatch,
): Pick<Presence, 'walk' | 'keys' | 'unknown' | 'parts'> {
  const rejected = rejects.map(({ key }) => canonical(key, stream))
  return {
    walk,
    keys: [...new Set([...entities.keys(), ...rejected.filter(key => key !== null)])],
    unknown: rejected.includes(null),
    parts: reads.flatMap(({ ended }) => ended ?? []),
  }
}

const WHOLE = /^(?:0|-?[1-9]\d*)$/

/** The key as the tables have it; null where it may be another's. A record is also rejected for its key. */
function canonical(key: string | null, stream: Stream): string | null {
  const parts = key?.split('\u001f') ?? []
  const sure =
    parts.length === stream.key.length &&
    parts.every((part, i) => part !== '' && (stream.columns[stream.key[i] ?? '']?.kind !== 'int' || WHOLE.test(part)))
  return sure ? key : null
}
