import type { StoreRecord } from '../record.ts'
import { DAY, instant } from '../time.ts'
import { Refusal } from './answer.ts'
import type { Endpoint } from './endpoint.ts'
import { moment } from './filter.ts'

/** Announced for 2025-03-19 on both versions, for lists and for single reads. */
const WALL = 90 * DAY
const BEHIND_THE_WALL: ReadonlySet<unknown> = new Set(['success', 'refunded', 'partially_refunded'])

/** The message says seven days; the cut-off was measured near eight. */
const EVENT_WINDOW = 8 * DAY

/** Whether a list shows the record. It gives no sign of those that it hides. */
export function visibility(
  endpoint: Endpoint,
  now: number,
  filters: Readonly<Record<string, string>>,
): ((record: StoreRecord) => boolean) | undefined {
  if (endpoint.resource === 'charges') return record => !behindTheWall(record, now)
  if (endpoint.resource === 'events') return record => instant(record.created_at) >= now - EVENT_WINDOW
  if (endpoint.resource === 'onetimes' && filters.include_cancelled !== 'true') return record => !record.is_cancelled
  if (endpoint.resource === 'payment_methods' && filters.include_deleted !== 'true')
    return record => record.deleted_at == null
  return undefined
}

export function behindTheWall(charge: StoreRecord, now: number): boolean {
  return BEHIND_THE_WALL.has(charge.status) && instant(charge.processed_at) < now - WALL
}

/** For the first request only: a cursor that was given inside the window stays valid. */
export function checkWindow(endpoint: Endpoint, now: number, filters: Readonly<Record<string, string>>): void {
  const min = filters.created_at_min
  if (endpoint.resource === 'events' && min !== undefined && moment(min, 'created_at_min') < now - EVENT_WINDOW) {
    throw new Refusal(422, { errors: { _schema: ['created_at_min must be less than 7 days ago'] } })
  }
}
