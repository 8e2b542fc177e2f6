import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import type { Findings } from '../../src/transform/flatten.ts'
import { flattened } from '../support/cells.ts'
import { sampleOf } from '../support/run.ts'
import { sealed } from '../support/salt.ts'

/** Every stream has a sample, and every field of it a place: a column, a row of a list, or JSON inside a list. */
describe.each(STREAMS.map(stream => [stream.name, stream] as const))('%s', (name, stream) => {
  test('its sample is flattened whole', () => {
    const findings: Findings = { cleaned: 0, undeclared: new Map(), mismatched: new Map() }
    const owner = stream.parent ? { [stream.parent.as]: 1, ...(stream.parent.position ? { position: 0 } : {}) } : {}
    const record = flattened(sealed(stream), { ...owner, ...sampleOf(name) }, findings)
    expect(record).not.toHaveProperty('reason')
    expect([...findings.undeclared.keys()]).toEqual([])
    if ('children' in record)
      for (const child of Object.keys(stream.children)) expect(record.children[child]?.length, child).toBeGreaterThan(0)
  })
})
