import { makeYear, serveYear, syncYear } from '../../src/cli/commands/demo-year.ts'
import { demoConfig } from '../../src/cli/config/demo.ts'
import { NO_PROGRESS } from '../../src/pipeline/progress.ts'
import type { Store } from '../../src/simulator/store.ts'
import type { DestinationConfig, TestDestination } from './destinations.ts'
import { type FirstLoad, firstLoad } from './first-load.ts'

/** When the made-up year of the tests and of docs/analysts.md ends. */
export const DEMO_END = Date.parse('2026-11-29T12:00:00Z')

const loads = new Map<string, FirstLoad>()

/**
 * What `npm start` would have loaded at DEMO_END, with all views, and the store as it was then. Tests of a file share the
 * load; each call gets a copy of it.
 */
export function withDemo<T>(
  place: TestDestination,
  work: (destination: DestinationConfig, store: Store) => Promise<T>,
): Promise<T> {
  const load =
    loads.get(place.name) ??
    firstLoad(place, async destination => {
      const year = makeYear(DEMO_END)
      await using store = await serveYear(year)
      const config = { ...demoConfig(store.url, store.token), destination }
      const { result } = await syncYear(year, config, { level: 'silent' }, NO_PROGRESS, new AbortController().signal)
      if (result.code !== 0) throw new Error(result.text)
      return year.living.store
    })
  loads.set(place.name, load)
  return load(work)
}
