import { createApp, STREAMS, select } from '../../src/cli/app.ts'
import { backfill } from '../../src/cli/commands/backfill.ts'
import { type ReconcileDocument, reconcile } from '../../src/cli/commands/reconcile.ts'
import { reset } from '../../src/cli/commands/reset.ts'
import type { Result } from '../../src/cli/commands/result.ts'
import { sync } from '../../src/cli/commands/sync.ts'
import type { Config } from '../../src/cli/config/load.ts'
import { BUG, exitCodeOf } from '../../src/cli/exit-codes.ts'
import { fixturesOf } from '../../src/cli/fixtures.ts'
import { NO_METRICS, NO_NOTIFY } from '../../src/cli/notify/settings.ts'
import { SyncError } from '../../src/common/errors.ts'
import { fromMillis } from '../../src/common/instant.ts'
import type { RunReport, StreamReport } from '../../src/common/run-report.ts'
import { NO_PROGRESS } from '../../src/pipeline/progress.ts'
import { DEFAULT_ANALYTICS } from '../../src/schema/lookup-views.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { type Simulator, startSimulator } from '../../src/simulator/server.ts'
import type { Store } from '../../src/simulator/store.ts'
import { makeStore } from '../../src/simulator/story.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { BENDS } from './bends.ts'
import { change, growTo } from './changes.ts'
import { HANDS } from './hands.ts'
import { judge, type Known, type Lie, nothingKnown } from './judge.ts'
import { type DatabaseKind, openPlace, type Place } from './places.ts'
import { type Armed, type Asked, type BendingProxy, startProxy } from './proxy.ts'
import { oneOf, type Random, randomOf, someOf, weighted } from './random.ts'
import { readStored, type Snapshot, snapshotOf } from './truth.ts'

/*
 * A soak: a store that changes while it is read, a proxy that bends its answers, a hand in the database. One life is one
 * store and one warehouse over some twenty runs; after each run, what it said is held against the store. Everything is
 * drawn from the seed and the number of the life, so that one life can be lived again alone.
 */

export interface SoakOptions {
  readonly database: DatabaseKind
  /** A Postgres on which databases may be made. */
  readonly server: string
  readonly seed: number
  readonly runs: number
  /** Only this life; null: from the first on. */
  readonly life: number | null
  /** Cases of the issue whose mending is not there yet: what belongs to them is left out. */
  readonly known: ReadonlySet<string>
  /** Names of bends and hands; null: all. */
  readonly only: ReadonlySet<string> | null
  /** Milliseconds that each answer takes. From 100 on, lists are read ahead. */
  readonly latencyMs: number
  readonly log: (line: string) => void
}

/** A lie, and what had been done to the life that it was told in. */
export interface Found extends Lie {
  readonly life: number
  readonly run: number
  readonly command: string
  /** Bends and hands of this run that concern the stream; if there were none, those of the runs before. */
  readonly suspects: readonly string[]
  readonly earlier: boolean
}

export interface Soaked {
  readonly lies: readonly Found[]
  readonly runs: number
  readonly lives: number
  readonly seconds: number
  /** How often each struck. */
  readonly bends: ReadonlyMap<string, number>
  readonly hands: ReadonlyMap<string, number>
  readonly commands: ReadonlyMap<string, number>
  readonly outcomes: ReadonlyMap<string, number>
}

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Far more than any run of a small store needs: one that makes so many requests does not end. */
const MOST_REQUESTS = 1500
const MOST_MS = 120_000
/** What an aborted run may still take. */
const GRACE_MS = 10_000
const RATE = { bucket: 100_000, perSecond: 10_000 }
const QUICK = { level: 'silent', patience: { firstWaitMs: 1, tries: 6 } } as const
/** Read by none of the lives: it costs a request for each customer, and its rows have no id to be compared by. */
const USUAL = STREAMS.filter(({ optIn }) => !optIn)
const OTHER_TOKEN = 'sk_1x1_made_up_token_of_another_store'

class Tally {
  readonly counts = new Map<string, number>()
  add(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }
}

type Counted = Readonly<Record<'bends' | 'hands' | 'commands' | 'outcomes', Tally>>

export async function soak(options: SoakOptions): Promise<Soaked> {
  const began = performance.now()
  const counted = { bends: new Tally(), hands: new Tally(), commands: new Tally(), outcomes: new Tally() }
  const lies: Found[] = []
  let runs = 0
  let lives = 0
  const machineClock = Date.now
  await using proxy = await startProxy()
  try {
    for (let life = options.life ?? 0; runs < options.runs; life++) {
      const lived = await new Life(life, options, proxy, counted).live(options.runs - runs)
      runs += lived.runs
      lives += 1
      lies.push(...lived.lies)
      for (const what of new Set(lived.lies.map(found => found.what))) {
        const same = lived.lies.filter(found => found.what === what)
        const [first] = same
        if (first) options.log(line(first, options) + (same.length > 1 ? ` and ${same.length - 1} more` : ''))
      }
      if (options.life !== null) break
    }
  } finally {
    Date.now = machineClock
  }
  return {
    lies,
    runs,
    lives,
    seconds: (performance.now() - began) / 1000,
    bends: counted.bends.counts,
    hands: counted.hands.counts,
    commands: counted.commands.counts,
    outcomes: counted.outcomes.counts,
  }
}

function line({ what, stream, detail, life, run, command, suspects, earlier }: Found, options: SoakOptions): string {
  const again = `SOAK_SEED=${options.seed} SOAK_LIFE=${life}`
  const by = suspects.length === 0 ? 'nothing was done' : `${earlier ? 'earlier: ' : ''}${suspects.join(', ')}`
  return `${options.database} ${again} run ${run} ${command}: ${stream ?? 'run'}: ${what} (${detail}) [${by}]`
}

/** What a command came to, or the error that ended it. */
interface Ended {
  readonly code: number
  readonly report: RunReport | null
  readonly reconciled: ReconcileDocument | null
  readonly error: unknown
  /** The soak gave it up. */
  readonly endless: string | null
}

type Command = 'sync' | 'backfill' | 'reconcile' | 'repair' | 'interrupted' | 'killed' | 'other_store' | 'reset'

interface Touch {
  readonly run: number
  readonly name: string
  /** Null: all. */
  readonly stream: string | null
}

class Life {
  readonly #number: number
  readonly #options: SoakOptions
  readonly #proxy: BendingProxy
  readonly #counted: Counted
  readonly #random: Random
  readonly #store: Store
  readonly #streams: readonly Stream[]
  readonly #resources: readonly string[]
  readonly #size: number
  readonly #refreshMs: number
  readonly #onMismatch: 'reject' | 'null'
  readonly #known: Map<string, Known>
  readonly #snapshots: Snapshot[] = []
  readonly #touches: Touch[] = []
  readonly #lies: Found[] = []
  readonly #undo: string[] = []
  /** What was known when the copy was made. */
  #copied: Map<string, Known> | null = null
  /** Streams that a quiet run did not complete, and that were reset since. */
  readonly #recovering = new Set<string>()
  #advised = false

  constructor(number: number, options: SoakOptions, proxy: BendingProxy, counted: Counted) {
    this.#number = number
    this.#options = options
    this.#proxy = proxy
    this.#counted = counted
    const random = randomOf(options.seed, options.database, number)
    this.#random = random
    this.#store = makeStore({
      seed: random.between(1, 1_000_000),
      customers: random.between(12, 40),
      months: random.between(3, 7),
      now: new Date(Date.UTC(2025, 5, random.between(1, 28), random.between(0, 23))).toISOString(),
    })
    const wanted = someOf(random, USUAL, random.chance(0.1) ? USUAL.length : random.between(4, 8))
    this.#streams = USUAL.filter(stream => wanted.includes(stream) || (stream.name === 'events' && random.chance(0.8)))
    this.#resources = this.#streams.map(({ name }) => name)
    // Small lists in small pages; or in the largest pages there are, and once in a while a list that fills them exactly.
    const isLong = random.chance(0.05) && !options.known.has('K4/14')
    this.#size = isLong || random.chance(0.25) ? 250 : random.between(3, 20)
    if (isLong) {
      const grown = oneOf(
        random,
        this.#resources.filter(name =>
          ['payment_methods', 'collections', 'webhooks', 'plans', 'customers'].includes(name),
        ),
      )
      const length = oneOf(random, [249, 250, 251, 500, 750]) ?? 250
      if (grown !== undefined) {
        growTo(this.#store, grown, length)
        this.#touch(-1, `list_of_${length}`, grown)
      }
    }
    this.#refreshMs = random.chance(0.5) ? 0 : DAY
    this.#onMismatch = random.chance(0.5) ? 'reject' : 'null'
    this.#known = new Map(this.#streams.map(({ name }) => [name, nothingKnown()]))
  }

  async live(most: number): Promise<{ readonly runs: number; readonly lies: readonly Found[] }> {
    const { database, server, latencyMs } = this.#options
    const served = { store: this.#store, fixtures: fixturesOf(STREAMS), latencyMs }
    await using simulator = await startSimulator({ ...RATE, ...served })
    const place = await openPlace(database, server)
    // One clock for the store and for the machine: times that lie ahead are ahead of both.
    Date.now = () => this.#store.now().getTime()
    const runs = Math.min(most, this.#random.between(10, 30))
    let run = 0
    try {
      for (; run < runs && this.#lies.length === 0; run++) await this.#run(run, place, simulator)
    } finally {
      await place.drop()
    }
    return { runs: run, lies: this.#lies }
  }

  async #run(run: number, place: Place, simulator: Simulator): Promise<void> {
    const random = randomOf(this.#options.seed, this.#options.database, this.#number, run)
    this.#pass(random)
    for (let i = random.between(0, 12); i > 0; i--) change(this.#store, this.#resources, random)
    const readBefore = [...this.#known.values()].some(({ read }) => read)
    if (this.#undo.length > 0 && random.chance(0.6)) await this.#undoHands(place)
    const touched = readBefore && random.chance(0.2) ? await this.#lendAHand(run, place, random) : false
    if (this.#advised && !touched) await this.#reset(run, place)
    const quiet = this.#recovering.size > 0 || random.chance(0.25)
    const armed = quiet ? [] : this.#arm(random)
    const command = quiet ? 'sync' : this.#command(random, readBefore)
    this.#counted.commands.add(command)
    // A process of its own has the clock of this machine, which is not that of the store: it cannot doubt a time.
    const struck = command === 'killed' ? armed.filter(({ bend }) => !bend.name.startsWith('date_')) : armed
    await this.#held(run, command, struck, place, simulator, random, quiet && !touched)
  }

  /** Time that moves on between two runs. */
  #pass(random: Random): void {
    const steps = [HOUR, HOUR, 3 * HOUR, 12 * HOUR, DAY, DAY, 3 * DAY, 6 * DAY, 9 * DAY, 20 * DAY]
    this.#store.advance((oneOf(random, steps) ?? DAY) * (0.8 + random.next() * 0.4))
    this.#store.setNow(new Date(Math.floor(this.#store.now().getTime() / 1000) * 1000))
  }

  #command(random: Random, readBefore: boolean): Command {
    const commands: readonly { readonly weight: number; readonly name: Command; readonly case?: string }[] = [
      { name: 'sync', weight: 78 },
      { name: 'interrupted', weight: 7, case: 'K6/25' },
      { name: 'backfill', weight: 5 },
      { name: 'repair', weight: 5 },
      { name: 'reconcile', weight: 3 },
      { name: 'killed', weight: 1 },
      { name: 'other_store', weight: 1, case: 'K2/5' },
    ]
    // Before the first reading there is nothing to compare and nothing to fill.
    const possible = commands.filter(({ name }) => readBefore || name === 'sync' || name === 'interrupted')
    return weighted(random, this.#mended(possible))?.name ?? 'sync'
  }

  /** Without what belongs to a case that is not mended yet. */
  #mended<T extends { readonly name: string; readonly case?: string }>(all: readonly T[]): T[] {
    const { known } = this.#options
    return all.filter(({ case: of }) => of === undefined || !known.has(of))
  }

  #wanted<T extends { readonly name: string; readonly case?: string }>(all: readonly T[]): T[] {
    const { only } = this.#options
    return this.#mended(all).filter(({ name }) => only === null || only.has(name))
  }

  #arm(random: Random): Armed[] {
    const bends = this.#wanted(BENDS)
    const armed: Armed[] = []
    for (let i = random.chance(0.5) ? 1 : random.between(2, 5); i > 0; i--) {
      const bend = weighted(random, bends)
      if (bend === null) break
      const stream =
        bend.everywhere || random.chance(0.1)
          ? null
          : (oneOf(random, this.#streams.filter(bend.streams ?? (() => true)))?.name ?? null)
      const lasting = bend.lasting ?? 'once'
      armed.push({
        bend,
        stream,
        skip: lasting === 'run' || random.chance(0.7) ? 0 : random.between(1, 3),
        times: lasting === 'run' ? Number.POSITIVE_INFINITY : lasting === 'some' ? random.between(1, 8) : 1,
        random: randomOf(this.#options.seed, this.#number, bend.name, random.between(0, 1e9)),
        memory: new Map(),
        hits: 0,
      })
    }
    return armed
  }

  async #lendAHand(run: number, place: Place, random: Random): Promise<boolean> {
    const { kind, schema } = place.destination
    const hands = this.#wanted(HANDS).filter(({ only }) => only === undefined || only === kind)
    const hand = weighted(random, hands)
    const stream = oneOf(
      random,
      this.#streams.filter(({ name }) => this.#of(name).read),
    )
    if (hand === null || stream === undefined) return false
    const effect = await place.with(async query => {
      try {
        return await hand.act({ query, kind, schema, copies: 'soak_copy', stream, streams: this.#streams, random })
      } catch (error) {
        // What an earlier hand has left can be in the way of this one.
        if (/does not exist|already exists|depends? on/i.test(String(error))) return null
        throw new Error(`hand ${hand.name} on ${stream.name}: ${error}`)
      }
    })
    if (effect === null) return false
    this.#counted.hands.add(hand.name)
    this.#touch(run, hand.name, effect.everything ? null : stream.name)
    const known = this.#of(stream.name)
    if (effect.damaged) known.damaged = true
    if (effect.unread) known.read = false
    for (const key of effect.altered ?? []) known.altered.add(key)
    if (effect.undo !== undefined) this.#undo.push(effect.undo)
    if (effect.damaged || effect.altered) known.verified.clear()
    if (hand.name === 'copy_all') this.#copied = copyOf(this.#known)
    if (effect.everything && this.#copied !== null)
      for (const [name, before] of copyOf(this.#copied)) {
        before.verified.clear()
        this.#known.set(name, before)
      }
    return true
  }

  async #undoHands(place: Place): Promise<void> {
    await place.with(async query => {
      for (const statement of this.#undo.splice(0)) await query(statement)
    })
  }

  /** What the program advises where a stream does not get on: the owner of the warehouse follows it. */
  async #reset(run: number, place: Place): Promise<void> {
    this.#advised = false
    await this.#undoHands(place)
    for (const name of this.#recovering) {
      const app = createApp(this.#config(place, this.#proxy.url, [], null), QUICK)
      const [stream] = select(app, [name]).streams
      if (!stream) continue
      try {
        await reset(app, [stream], true)
      } catch (error) {
        this.#lie(run, 'reset', { what: 'the advised reset fails', stream: name, detail: String(error).slice(0, 300) })
      }
    }
  }

  #config(place: Place, baseUrl: string, armed: readonly Armed[], token: string | null): Config {
    const names = new Set(this.#streams.map(({ name }) => name))
    const key = token ?? 'sk_1x1_made_up_token_of_an_invented_store'
    return {
      file: 'soak',
      store: null,
      directory: place.folder,
      recharge: {
        token: key,
        baseUrl,
        start: null,
        overlapMs: DAY,
        concurrency: this.#options.latencyMs > 0 ? 'auto' : 4,
        rate: RATE,
        budget: 1,
        timeoutMs: armed.some(({ bend }) => bend.name === 'hang') ? 700 : 10_000,
        patienceMs: 120_000,
      },
      destination: place.destination,
      streams: { except: STREAMS.map(({ name }) => name).filter(name => !names.has(name)) },
      refreshMs: () => this.#refreshMs,
      history: [],
      policies: { sensitive: 'keep', columns: {}, onMismatch: this.#onMismatch, drift: 'capture' },
      views: false,
      fivetranViews: false,
      analytics: DEFAULT_ANALYTICS,
      materialize: { add: [], except: [] },
      indexes: true,
      maxRejects: 100,
      retentionMs: 90 * 86_400_000,
      notify: NO_NOTIFY,
      metrics: NO_METRICS,
      secrets: [key],
      secretFiles: [],
    }
  }

  async #held(
    run: number,
    command: Command,
    armed: readonly Armed[],
    place: Place,
    simulator: Simulator,
    random: Random,
    quiet: boolean,
  ): Promise<void> {
    const begin = this.#snapshots.length
    this.#snapshots.push(snapshotOf(this.#store))
    const during = randomOf(this.#options.seed, this.#number, run, 'during')
    // In mid-run: in most runs nothing, in some a change between two requests.
    const moments = new Set(
      during.chance(0.4) ? Array.from({ length: during.between(1, 4) }, () => during.between(2, 30)) : [],
    )
    const stopAt = command === 'interrupted' || command === 'killed' ? random.between(2, 25) : null
    const controller = new AbortController()
    let endless: string | null = null
    let kill: (() => void) | null = null
    await using other = command === 'other_store' ? await startOther(this.#store, random) : null
    this.#proxy.begin({
      armed,
      upstream: other?.url ?? simulator.url,
      size: this.#size,
      now: () => this.#store.now().getTime(),
      provable: asked => this.#provable(asked),
      before: async count => {
        if (moments.has(count)) {
          this.#store.advance(during.between(1, 90) * 1000)
          for (let i = during.between(1, 3); i > 0; i--) change(this.#store, this.#resources, during)
          this.#snapshots.push(snapshotOf(this.#store))
        }
        if (count === stopAt) kill?.()
        if (count === stopAt) controller.abort()
        if (count > MOST_REQUESTS) {
          endless ??= `more than ${MOST_REQUESTS} requests`
          controller.abort()
        }
      },
      struck: ({ bend }, { streams, kind }) => {
        const [stream] = streams
        // The source's clock is one for all streams.
        const concernsAll = kind === 'token' || stream === undefined || bend.name.startsWith('date_')
        this.#touch(run, bend.name, concernsAll ? null : stream)
        for (const name of streams) this.#touch(run, bend.name, name)
        if (bend.name.startsWith('cursor_')) for (const name of streams) this.#bentCursor(name)
      },
    })
    const config = this.#config(place, this.#proxy.url, armed, other === null ? null : OTHER_TOKEN)
    const since = this.#store.now().getTime() - random.between(1, 60) * DAY
    let ended: Ended
    if (command === 'killed') {
      ended = await this.#killed(place, config, stop => {
        kill = stop
      })
    } else {
      const tooLong = setTimeout(() => {
        endless ??= `more than ${MOST_MS / 1000} s`
        controller.abort()
      }, MOST_MS)
      const hung = Promise.withResolvers<Ended>()
      let giveUp: NodeJS.Timeout | null = null
      controller.signal.addEventListener('abort', () => {
        giveUp = setTimeout(
          () =>
            hung.resolve({ code: -1, report: null, reconciled: null, error: null, endless: 'not even when aborted' }),
          GRACE_MS,
        )
      })
      ended = await Promise.race([work(command, config, since, controller.signal), hung.promise])
      clearTimeout(tooLong)
      if (giveUp !== null) clearTimeout(giveUp)
      if (endless !== null) ended = { ...ended, endless }
    }
    for (const { bend, hits } of armed) if (hits > 0) this.#counted.bends.add(bend.name)
    this.#snapshots.push(snapshotOf(this.#store))
    await this.#judge(run, command, ended, place, begin, since, quiet, stopAt !== null)
  }

  /** The program as a process of its own, killed at a request. */
  async #killed(place: Place, config: Config, stopping: (stop: () => void) => void): Promise<Ended> {
    const { destination: to, recharge, streams } = config
    const except = typeof streams === 'object' && 'except' in streams ? streams.except : []
    writeConfig(
      place.folder,
      `recharge:
  token: \${RECHARGE_ACCESS_TOKEN}
  base_url: ${recharge.baseUrl}
  rate: { bucket: 100000, per_second: 10000 }
destination:
  ${to.kind}: ${to.kind === 'duckdb' ? to.file : to.url}
streams: { except: [${except.join(', ')}] }
sensitive: keep
on_mismatch: ${this.#onMismatch}
refresh: ${this.#refreshMs / 1000}s
`,
    )
    const args = ['sync', '--json', '--log-level', 'error']
    const left = await cli(place.folder, args, { RECHARGE_ACCESS_TOKEN: recharge.token }, child => {
      stopping(() => child.kill('SIGKILL'))
    })
    if (left.signal === 'SIGKILL') return { code: 137, report: null, reconciled: null, error: null, endless: null }
    let report: RunReport | null = null
    try {
      report = JSON.parse(left.stdout)
    } catch {
      // Then its words are on stderr.
    }
    return { code: left.code ?? -1, report, reconciled: null, error: report ? null : left.stderr, endless: null }
  }

  async #judge(
    run: number,
    command: Command,
    ended: Ended,
    place: Place,
    begin: number,
    since: number,
    quiet: boolean,
    interrupted: boolean,
  ): Promise<void> {
    const { code, report, endless } = ended
    const say = (lie: Lie): void => this.#lie(run, command, lie)
    this.#counted.outcomes.add(`exit ${code}`)
    if (endless !== null) return say({ what: 'the run does not end', stream: null, detail: endless })
    if (code === BUG || code === 2)
      return say({ what: `exit ${code}`, stream: null, detail: String(ended.error).slice(0, 300) })
    if (command === 'other_store') {
      if (code !== 3) say({ what: "another store's data was taken", stream: null, detail: `exit ${code}` })
      return
    }
    if (report !== null) for (const lie of consistent(report, code, interrupted)) say(lie)
    const { stored, rejects } = await place.with(async query => ({
      stored: await readStored(query, place.destination.schema, this.#streams),
      rejects: await rejectsOf(query, place.destination.schema),
    }))
    for (const stream of this.#streams) {
      const known = this.#of(stream.name)
      const said = report?.streams.find(s => s.stream === stream.name) ?? null
      if (said?.outcome === 'skipped' && !this.#options.known.has('K3/11')) {
        const allowed = !known.read && this.#wasTouched(run, stream.name, SKIPS)
        if (!allowed) say({ what: 'skipped, and that is no skip', stream: stream.name, detail: problemText(said) })
      }
      if (said !== null && said.rejected > 0 && this.#onlyCursorNull(run, stream.name))
        say({ what: 'set aside for want of a time', stream: stream.name, detail: `${said.rejected} records` })
      const settled = ended.reconciled?.streams.find(s => s.stream === stream.name)
      // Of a source that forgets, it leaves out what lies near the edge.
      const agrees = settled?.settled === true && settled.outcome === 'complete' && stream.retention === null
      if (agrees) known.altered.clear()
      const window = agrees
        ? { from: Number.NEGATIVE_INFINITY, to: known.completeTo }
        : command === 'backfill'
          ? { from: since, to: Number.POSITIVE_INFINITY }
          : null
      const outcome = agrees ? 'complete' : (said?.outcome ?? 'failed')
      const lies = judge({
        stream,
        // What reads anew is not fresh.
        report: { ...(said ?? UNSAID), outcome, requests: said?.requests ?? 1 },
        snapshots: this.#snapshots,
        begin,
        stored: stored.get(stream.name) ?? null,
        rejects: rejects.get(stream.name) ?? new Set(),
        known,
        window,
      })
      for (const lie of lies) say(lie)
    }
    if (report === null || !quiet || command !== 'sync') return
    // Nothing was in the way: what does not complete now has to once its owner has done as he was told.
    const stuck = this.#streams.filter(
      ({ name }) => report.streams.find(s => s.stream === name)?.outcome !== 'complete' || report.problem !== null,
    )
    for (const { name } of stuck)
      if (this.#recovering.has(name)) {
        const said = report.streams.find(s => s.stream === name)
        say({ what: 'does not recover, not even by a reset', stream: name, detail: problemText(said ?? report) })
      }
    this.#recovering.clear()
    for (const { name } of stuck) this.#recovering.add(name)
    this.#advised = stuck.length > 0
  }

  /** Rows that the program has, of records that are still what they were. */
  #provable({ streams }: Asked): ReadonlySet<string> {
    const name = streams[0] ?? ''
    const known = this.#known.get(name)
    if (!known || known.damaged) return new Set()
    // Where single records cannot be asked for, what a second list confirms has to be believed.
    if (known.suspect && STREAMS.find(stream => stream.name === name)?.retrieve !== true) return new Set()
    const same = [...known.verified].filter(([key, record]) => this.#store.get(name, Number(key)) === record)
    return new Set(same.map(([key]) => key))
  }

  #of(name: string): Known {
    const known = this.#known.get(name) ?? nothingKnown()
    this.#known.set(name, known)
    return known
  }

  #bentCursor(name: string): void {
    if (this.#known.has(name)) this.#of(name).cursorBent = true
  }

  #touch(run: number, name: string, stream: string | null): void {
    this.#touches.push({ run, name, stream })
  }

  #wasTouched(run: number, stream: string, names: ReadonlySet<string>): boolean {
    return this.#touches.some(
      touch => touch.run === run && names.has(touch.name) && (touch.stream === null || touch.stream === stream),
    )
  }

  /** Of what makes records be set aside, nothing but this struck the stream. */
  #onlyCursorNull(run: number, stream: string): boolean {
    const bent = this.#touches.filter(touch => touch.run === run && touch.stream === stream).map(({ name }) => name)
    return bent.includes('cursor_null') && bent.every(name => name === 'cursor_null')
  }

  #lie(run: number, command: Command, lie: Lie): void {
    const concerning = this.#touches.filter(
      ({ stream }) => stream === null || lie.stream === null || stream === lie.stream,
    )
    const now = concerning.filter(touch => touch.run === run)
    const names = (now.length > 0 ? now : concerning.slice(-12)).map(({ name }) => name)
    const suspects = [...new Set(names)]
    this.#lies.push({ ...lie, life: this.#number, run, command, suspects, earlier: now.length === 0 })
  }
}

/** Of what may be skipped by a stream that was never read. */
const SKIPS: ReadonlySet<string> = new Set([
  'scope_taken_away',
  'no_scopes_at_all',
  'forbidden_403',
  'missing_404',
  'status_410',
  'status_422',
])

/** Of a stream that no report speaks of. */
const UNSAID: StreamReport = {
  stream: '',
  outcome: 'failed',
  requests: 0,
  records: 0,
  added: 0,
  changed: 0,
  unchanged: 0,
  older: 0,
  deleted: 0,
  rejected: 0,
  from: null,
  complete_from: null,
  complete_to: null,
  not_due_until: null,
  undeclared: {},
  mismatched: {},
  cleaned: 0,
  gaps: [],
  seconds: 0,
  problem: null,
}

const problemText = ({ problem }: Pick<StreamReport | RunReport, 'problem'>): string =>
  problem === null ? 'without a word' : `${problem.code}: ${problem.message}`

/** Words and exit code agree. */
function consistent({ outcome, streams, problem }: RunReport, code: number, interrupted: boolean): Lie[] {
  const failed = streams.filter(s => s.outcome === 'failed').length
  const wrong = (detail: string): Lie[] => [{ what: 'outcome and exit code do not agree', stream: null, detail }]
  if (code === 0 && (failed > 0 || problem !== null || outcome !== 'complete')) return wrong(`exit 0, ${outcome}`)
  if (code === 130 && !interrupted) return wrong('exit 130 without a signal')
  if (outcome === 'interrupted' && code !== 130) return wrong(`interrupted, exit ${code}`)
  if (outcome === 'failed' && code === 0) return wrong('failed, exit 0')
  if (![0, 1, 3, 4, 130].includes(code)) return wrong(`exit ${code}`)
  return []
}

async function work(command: Command, config: Config, since: number, signal: AbortSignal): Promise<Ended> {
  const none = { report: null, reconciled: null, error: null, endless: null }
  try {
    const app = createApp(config, QUICK)
    if (command === 'reconcile' || command === 'repair') {
      const flags = { sample: null, repair: command === 'repair' }
      const { code, json } = await reconcile(app, select(app, null), flags, NO_PROGRESS, signal)
      return { ...none, code, reconciled: json as ReconcileDocument }
    }
    let result: Result
    if (command === 'backfill') {
      const range = { window: { since: fromMillis(since), until: null }, newestFirst: false }
      result = await backfill(app, select(app, null), range, NO_PROGRESS, signal)
    } else result = await sync(app, select(app, null), NO_PROGRESS, signal)
    return { ...none, code: result.code, report: result.json as RunReport }
  } catch (error) {
    const code = error instanceof SyncError ? exitCodeOf(error) : BUG
    return { ...none, code, error: error instanceof Error ? (error.stack ?? error) : error }
  }
}

/** Another store, with ids of its own beside some that are the same. */
async function startOther(store: Store, random: Random): Promise<Simulator> {
  const other = makeStore({
    seed: random.between(1, 1_000_000),
    customers: 20,
    months: 3,
    now: store.now().toISOString(),
  })
  for (const resource of ['store', 'shop'] as const)
    for (const record of other.all(resource)) {
      other.remove(resource, Number(record.id))
      other.insert(resource, { ...record, id: Number(record.id) + 1 })
    }
  return await startSimulator({ ...RATE, store: other, token: OTHER_TOKEN })
}

async function rejectsOf(
  query: (sql: string) => Promise<Record<string, unknown>[]>,
  schema: string,
): Promise<Map<string, Set<string>>> {
  const all = new Map<string, Set<string>>()
  const there = await query(
    `select 1 from information_schema.tables where table_schema = '${schema}' and table_name = '_sync_rejects'`,
  )
  if (there.length === 0) return all
  for (const { stream, key } of await query(
    `select stream, key from "${schema}"._sync_rejects where key is not null`,
  )) {
    const keys = all.get(String(stream)) ?? new Set()
    keys.add(String(key))
    all.set(String(stream), keys)
  }
  return all
}

const copyOf = (known: ReadonlyMap<string, Known>): Map<string, Known> =>
  new Map(
    [...known].map(([name, of]) => [
      name,
      {
        ...of,
        verified: new Map(of.verified),
        altered: new Set(of.altered),
        keyless: new Set(of.keyless),
      } satisfies Known,
    ]),
  )
