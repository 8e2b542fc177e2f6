import { readFileSync } from 'node:fs'
import type { Stream } from '../schema/stream.ts'
import { type Fixture, hasStory } from '../simulator/fixture.ts'

/** In a checkout the folder of the tests; the build copies it beside the compiled program. */
export const FIXTURES = new URL('../../test/fixtures/', import.meta.url)

/**
 * What the simulator serves of the streams that it has no story for: the record in `<folder>/<stream>/record.json`.
 * @throws where there is none: a declared stream comes with a fixture.
 */
export const fixturesOf = (streams: readonly Stream[], folder: URL = FIXTURES): Fixture[] =>
  streams
    .filter(({ name }) => !hasStory(name))
    .map(stream => ({
      stream,
      records: [JSON.parse(readFileSync(new URL(`${stream.name}/record.json`, folder), 'utf8'))],
    }))
