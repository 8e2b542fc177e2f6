import { fromMillis, type Instant, toMillis } from './instant.ts'

const DAY = 86_400_000
/** Milliseconds kept between a window and the end of the retention: a request takes time, and clocks differ. */
const RETENTION_MARGIN = 5 * 60_000

/** The oldest instant that a source with this retention in days still serves. */
export const oldestServed = (days: number, now: Instant): Instant =>
  fromMillis(toMillis(now) - days * DAY + RETENTION_MARGIN)
