import { STREAMS, wantedViews } from '../../src/cli/app.ts'
import type { ViewsReport } from '../../src/common/run-report.ts'
import type { WantedViews } from '../../src/load/destination.ts'
import { openDestination } from '../../src/load/open.ts'
import { DEFAULT_ANALYTICS } from '../../src/schema/lookup-views.ts'
import { FIXTURE_TIMES, fixtureStore, moveFixture } from './analytics-store.ts'
import { type DestinationConfig, type TestDestination, withFolder } from './destinations.ts'
import { withQuery } from './dump.ts'
import { sharedLoad } from './first-load.ts'
import { configFor, runSync, withSimulator } from './run.ts'

const VERSIONED = STREAMS.filter(({ name }) => name === 'subscriptions')

export const ZONE = 'America/New_York'

/** Every view, those in other layouts too, as a configuration without other settings asks for them. */
export const WANTED: WantedViews = wantedViews(
  {
    history: ['subscriptions'],
    analytics: DEFAULT_ANALYTICS,
    materialize: { add: [], except: [] },
    fivetranViews: true,
  },
  STREAMS,
)

/** Makes every view over a warehouse. @throws {Error} if one cannot be made. */
export async function makeViews(
  destination: DestinationConfig,
  wanted: Partial<WantedViews> = {},
): Promise<ViewsReport> {
  await using warehouse = await openDestination(destination, { mode: 'write', connections: 1, history: VERSIONED })
  const report = await warehouse.keepViews({ ...WANTED, ...wanted }, new AbortController().signal)
  const [problem] = report.problems
  if (problem !== undefined) throw new Error(`${problem.view}: ${problem.message}`)
  return report
}

/**
 * The fixture of test/fixtures/analytics, synced version by version, with all views. All tests of a run share the load;
 * each call gets a copy of it.
 */
export function withFixture(
  place: TestDestination,
  work: (
    sql: (statement: string) => Promise<Record<string, unknown>[]>,
    destination: DestinationConfig,
  ) => Promise<void>,
): Promise<void> {
  const load = sharedLoad('fixture', place, async destination => {
    const store = fixtureStore()
    await withSimulator({ store }, simulator =>
      withFolder(async folder => {
        const config = { ...configFor(simulator, destination, folder), history: ['subscriptions'] }
        for (const time of FIXTURE_TIMES) {
          moveFixture(store, time)
          const ran = await runSync(config)
          if (ran.code !== 0) throw new Error(ran.text)
        }
      }),
    )
    await makeViews(destination)
  })
  return load(destination => work(statement => withQuery(destination, query => query(statement)), destination))
}
