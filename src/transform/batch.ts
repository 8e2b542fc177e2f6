import type { Stream } from '../declare/stream.ts'
import { earlier, later } from '../instant.ts'
import type { Entity, Instant, Page, PageRead, Reject, RowBatch } from '../model.ts'
import { type Findings, flattener } from './flatten.ts'

/**
 * Pages as one batch. One key appears once: Postgres refuses to merge two rows into one, DuckDB keeps either. Of two
 * versions the newer by the stream's cursor stands, of two equals the later read.
 */
export function toBatch(stream: Stream, pages: readonly [Page, ...Page[]]): RowBatch {
  const flatten = flattener(stream)
  const entities = new Map<string, Entity>()
  const rejects: Reject[] = []
  const findings: Findings = { cleaned: 0, undeclared: new Map() }
  const reads: PageRead[] = []
  let repeated = 0
  let read = 0
  let receivedAt = pages[0].receivedAt
  for (const page of pages) {
    receivedAt = later(receivedAt, page.receivedAt)
    let lowest: Instant | null = null
    let highest: Instant | null = null
    let inOrder = true
    for (const record of page.records) {
      read += 1
      const entity = flatten(record, findings)
      if ('reason' in entity) {
        rejects.push(entity)
        continue
      }
      const { key, cursor } = entity
      if (cursor !== null) {
        if (highest !== null && cursor < highest) inOrder = false
        lowest = lowest === null ? cursor : earlier(lowest, cursor)
        highest = highest === null ? cursor : later(highest, cursor)
      }
      const known = entities.get(key)
      if (known) repeated += 1
      if (!known || !isOlder(entity, known)) {
        // Deleted first, so that the map keeps the order of what was read last.
        entities.delete(key)
        entities.set(key, entity)
      }
    }
    const { range, ranges, resume, last, restarted } = page
    reads.push({ range, ranges, resume, last, restarted, lowest, highest, inOrder })
  }
  return {
    stream,
    entities,
    rejects,
    reads,
    read,
    repeated,
    receivedAt,
    undeclared: findings.undeclared,
    cleaned: findings.cleaned,
  }
}

const isOlder = (a: Entity, b: Entity): boolean => a.cursor !== null && b.cursor !== null && a.cursor < b.cursor
