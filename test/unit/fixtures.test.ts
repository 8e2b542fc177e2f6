import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import type { DecodeStats } from '../../src/common/model.ts'
import { flattened } from '../support/cells.ts'
import { sampleOf } from '../support/run.ts'
import { withTestSalt } from '../support/salt.ts'

/** Every stream has a sample record, and every field of it is a column, a row of a list, or JSON inside a list. */
describe.each(STREAMS.map(stream => [stream.name, stream] as const))('%s', (name, stream) => {
  test('its sample is flattened without unknown fields', () => {
    const stats: DecodeStats = { cleaned: 0, unknownFields: new Map(), mismatched: new Map() }
    const owner = stream.parent ? { [stream.parent.as]: 1, ...(stream.parent.position ? { position: 0 } : {}) } : {}
    const record = flattened(withTestSalt(stream), { ...owner, ...sampleOf(name) }, stats)
    expect(record).not.toHaveProperty('reason')
    expect([...stats.unknownFields.keys()]).toEqual([])
    if ('children' in record)
      for (const child of Object.keys(stream.children)) expect(record.children[child]?.length, child).toBeGreaterThan(0)
  })
})
