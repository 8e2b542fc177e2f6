import { type Command, InvalidArgumentError } from 'commander'
import { createLog } from '../../common/log.ts'
import { lines, paragraphs } from '../../common/printable.ts'
import { secretsOf } from '../../common/secrets.ts'
import { STREAMS } from '../app.ts'
import { type Fleet, loadFleet } from '../config/fleet.ts'
import { nearest } from '../config/nearest.ts'
import { durationMs } from '../config/schema.ts'
import { clearTheWay, rollUp, rollupText } from '../fleet/rollup.ts'
import { syncFleet } from '../fleet/sync-fleet.ts'
import { CHECKED, PLANNED, showFleet, standing } from '../fleet/tables.ts'
import { textTable } from '../text-table.ts'
import { type Cli, FLEET_FILE, type Flags } from './cli.ts'

interface FleetFlags extends Flags {
  readonly config: string
  readonly stores?: readonly string[]
  readonly atOnce?: number
}

/** Commands that work on all stores of a fleet. */
export function addFleetCommands({ group, keepSecrets, print, interruption }: Cli): void {
  const command = group('fleet', 'Works on many stores, which one file names. See docs/fleet.md.')
  const of = (name: string, description: string, example: string): Command =>
    command(name, description, `fleet ${example}`)
      .option('--config <file>', 'file of the fleet', FLEET_FILE)
      .option('--stores <names>', 'only these stores, separated by commas', listOf)
  const sideBySide = (made: Command): Command =>
    made.option('--at-once <number>', 'stores that are worked on at the same time', wholeOf)
  const openAll = (flags: FleetFlags, needsToken = true): Fleet => {
    const loaded = loadFleet(flags.config, STREAMS, process.env, { needsToken })
    keepSecrets(secretsOf(loaded.secrets))
    return { ...loaded, atOnce: flags.atOnce ?? loaded.atOnce }
  }
  const open = (flags: FleetFlags, needsToken = true): Fleet => {
    const loaded = openAll(flags, needsToken)
    if (flags.stores === undefined) return loaded
    const names = loaded.stores.map(({ name }) => name)
    for (const name of flags.stores)
      if (!names.includes(name)) throw new InvalidArgumentError(`There is no store ${name}${nearest(name, names)}.`)
    return { ...loaded, stores: loaded.stores.filter(({ name }) => flags.stores?.includes(name)) }
  }

  sideBySide(of('check', 'Checks each store: token, scopes, destination. Writes nothing.', 'check')).action(
    async (flags: FleetFlags) => print(await showFleet(open(flags), CHECKED, interruption), flags),
  )
  sideBySide(of('plan', 'Shows what a sync of each store would do. Writes nothing.', 'plan')).action(
    async (flags: FleetFlags) => print(await showFleet(open(flags), PLANNED, interruption), flags),
  )
  sideBySide(
    of(
      'status',
      'Shows a line for each store: rows, from when to when it is complete, its last run. Exits 1 if one is not right.',
      'status --max-age 2h',
    ),
  )
    .option('--max-age <duration>', 'exit 1 if a stream of a store is older than this, for example 2h', text => {
      if (durationMs(text) === null) throw new InvalidArgumentError('Give a number with a unit: 30s, 15m, 2h or 1d.')
      return text
    })
    .action(async (flags: FleetFlags & { readonly maxAge?: string }) => {
      const asked = standing(flags.maxAge === undefined ? [] : ['--max-age', flags.maxAge])
      print(await showFleet(open(flags, false), asked, interruption), flags)
    })
  sideBySide(
    of('sync', 'Syncs every store side by side, each in a process of its own. Run it from cron.', 'sync --at-once 4'),
  ).action(async (flags: FleetFlags) => {
    const opened = open(flags)
    if (opened.rollup) await clearTheWay(opened)
    const say = (line: string): void => {
      if (flags.progress) process.stderr.write(`${line}\n`)
    }
    const finish = async () => (opened.rollup ? rollupText(await rollUp(openAll(flags))) : [])
    print(await syncFleet(opened, ['--log-level', 'warn'], say, finish, interruption), flags)
  })
  of('rollup', 'Makes the views over all stores anew, as each fleet sync does.', 'rollup').action(
    async (flags: FleetFlags) => {
      const reports = await rollUp(openAll(flags, false))
      const code = reports.some(({ problems }) => problems.length > 0) ? 1 : 0
      print({ code, json: { rollups: reports }, text: paragraphs(...rollupText(reports)) }, flags)
    },
  )
  sideBySide(
    of('report', 'Writes a page for each store, and one with the headline figures of all.', 'report --out pages'),
  )
    .option('--out <folder>', 'folder that the pages are written to', 'fleet-report')
    .action(async (flags: FleetFlags & { readonly out: string }) => {
      const { fleetReport } = await import('../fleet/report.ts')
      print(await fleetReport(open(flags, false), flags.out, interruption), flags)
    })

  of('enqueue', 'Puts stores into the queue now. One that waits already is refused.', 'enqueue --stores acme').action(
    async (flags: FleetFlags) => {
      const opened = open(flags, false)
      const { enqueue } = await import('../fleet/queue.ts')
      const { queued, refused } = await enqueue(
        opened,
        opened.stores.map(({ name }) => name),
      )
      const text = lines(
        `${queued.length} queued${queued.length > 0 ? `: ${queued.join(', ')}` : ''}`,
        ...(refused.length > 0 ? [`${refused.length} were waiting already: ${refused.join(', ')}`] : []),
      )
      print({ code: 0, json: { queued, refused }, text }, flags)
    },
  )
  of(
    'schedule',
    'Gives the queue the schedule of each store. Any worker that is alive then keeps it.',
    'schedule',
  ).action(async (flags: FleetFlags) => {
    const { schedule } = await import('../fleet/queue.ts')
    const { set, removed } = await schedule(openAll(flags, false))
    const text = lines(
      `${set.length} scheduled, ${removed.length} removed${removed.length > 0 ? `: ${removed.join(', ')}` : ''}`,
    )
    print({ code: 0, json: { set, removed }, text }, flags)
  })
  of('queue', 'Shows what the queue holds: a line for each store.', 'queue').action(async (flags: FleetFlags) => {
    const { queueOf } = await import('../fleet/queue.ts')
    const stores = await queueOf(open(flags, false))
    const text = textTable(
      ['store', 'schedule (UTC)', 'waiting', 'active', 'last job', 'ended'],
      stores.map(({ store, schedule, waiting, active, last }) => [
        store,
        schedule,
        waiting,
        active,
        last?.state ?? null,
        last?.at ?? null,
      ]),
    )
    print({ code: 0, json: { stores }, text }, flags)
  })
  sideBySide(of('work', 'Takes syncs from the queue, on any number of machines.', 'work --at-once 4'))
    .option('--once', 'end when the queue is empty')
    .action(async (flags: FleetFlags & { readonly once?: true }) => {
      const opened = open(flags)
      const { work } = await import('../fleet/queue.ts')
      const log = createLog(flags.logLevel ?? 'info', secretsOf(opened.secrets))
      if (opened.rollup) await clearTheWay(opened)
      const whenIdle = async (): Promise<void> => {
        if (!opened.rollup) return
        for (const { place, made, problems } of await rollUp(openAll(flags)))
          log[problems.length > 0 ? 'warn' : 'info']({ event: 'rolled_up', place, made: made.length, problems })
      }
      const outcomes = await work(opened, { once: flags.once ?? false, log, whenIdle }, interruption)
      const failed = outcomes.filter(({ outcome }) => outcome !== 'ok').length
      const text = lines(`${outcomes.length} runs, ${failed} of them not complete`)
      print({ code: 0, json: { runs: outcomes }, text }, flags)
    })
}

const listOf = (value: string): string[] => value.split(',').map(name => name.trim())

function wholeOf(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1.')
  return Number(text)
}
