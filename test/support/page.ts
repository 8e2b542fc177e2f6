import type { Instant, Page } from '../../src/common/model.ts'

/** Records as if they had come with one request. */
export const pageOf = (records: readonly unknown[]): Page => ({
  records,
  receivedAt: '2026-01-01T00:00:00.000000Z' as Instant,
  range: 0,
  ranges: [],
  resume: null,
  last: false,
  restarted: false,
})
