import { getEventListeners } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import {
  ConfigError,
  createSync,
  type ProgressEvent,
  type RunReport,
  type Settings,
  type SyncOptions,
  streamNames,
} from '../../src/index.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { withDatabase, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { whileListening } from '../support/listening.ts'
import { withSimulator } from '../support/run.ts'

const settingsFor = ({ token, url }: Simulator, folder: string): Settings => ({
  recharge: { token, base_url: url, rate: { bucket: 100_000, per_second: 10_000 } },
  destination: { duckdb: join(folder, 'warehouse.duckdb') },
  streams: ['customers', 'orders'],
  views: false,
})

const inFolder = (work: (simulator: Simulator, folder: string) => Promise<void>): Promise<void> =>
  withSimulator({}, simulator => withFolder(folder => work(simulator, folder)))

/** As a program in JavaScript calls it. */
const withoutTypes = (settings: unknown): unknown => Reflect.apply(createSync, null, [settings])

test('createSync names every wrong setting by its path, quotes no text, and contacts nothing', () =>
  inFolder(async (simulator, folder) => {
    const secret = 'sk_1x1_in_the_wrong_place'
    const wrong = {
      recharge: { base_url: simulator.url, concurency: 4, concurrency: secret, timeout: 60 },
      destination: { duckdb: join(folder, 'warehouse.duckdb'), postgres: 'postgres://h/db' },
      streams: ['order'],
      columns: { customers: { emial: 'hash' } },
    }
    let thrown: unknown
    try {
      withoutTypes(wrong)
    } catch (error) {
      thrown = error
    }
    if (!(thrown instanceof ConfigError)) throw new Error('the settings were accepted')
    expect(thrown.problems.map(({ path, line, message }) => [path, line, message]).sort()).toEqual([
      ['columns.customers.emial', null, 'customers has no declared column emial; did you mean email?'],
      ['destination', null, 'needs either duckdb or postgres'],
      ['recharge.concurency', null, 'unknown; did you mean concurrency?'],
      ['recharge.concurrency', null, 'should be auto, or a whole number from 1'],
      ['recharge.timeout', null, 'should be a string, not 60'],
      ['recharge.token', null, 'is missing'],
      ['streams', null, 'there is no stream order; did you mean orders?'],
    ])
    expect(thrown.message).not.toContain(secret)
    for (const other of [undefined, null, [], 'text']) expect(() => withoutTypes(other)).toThrow(ConfigError)
    expect(simulator.requests).toEqual([])
    expect(readdirSync(folder)).toEqual([])
  }))

test('streamNames has every stream, each accepted by `streams`', () =>
  inFolder(async (simulator, folder) => {
    expect(streamNames).toContain('charges')
    expect(() => createSync({ ...settingsFor(simulator, folder), streams: streamNames })).not.toThrow()
  }))

test('a refused token does not reject: the report has the problem', () =>
  inFolder(async (simulator, folder) => {
    const settings = settingsFor(simulator, folder)
    const report = await createSync({ ...settings, recharge: { ...settings.recharge, token: 'sk_1x1_wrong' } }).run()
    expect(report).toMatchObject({ outcome: 'failed', streams: [], problem: { code: 'unauthorised' } })
    expect(readdirSync(folder)).toEqual([])
  }))

test('a signal interrupts a run, and the next run continues it', () =>
  inFolder(async (simulator, folder) => {
    const sync = createSync(settingsFor(simulator, folder))
    const stop = new AbortController()
    simulator.faults.before(({ path }) => {
      if (path === '/orders') stop.abort()
    })
    const interrupted = await sync.run({ signal: stop.signal })
    expect(interrupted.outcome).toBe('interrupted')
    const report = await sync.run()
    expect(report.outcome).toBe('complete')
    expect(report.run).not.toBe(interrupted.run)
    const added = (of: RunReport): number => of.streams.reduce((sum, stream) => sum + stream.added, 0)
    expect(added(interrupted) + added(report)).toBe(
      simulator.store.count('customers') + simulator.store.count('orders'),
    )
  }))

test('of a run that has ended nothing is kept by the signal that could have interrupted it', () =>
  inFolder(async (simulator, folder) => {
    const { signal } = new AbortController()
    const sync = createSync(settingsFor(simulator, folder))
    // Whatever keeps the run keeps what is told of its progress.
    const run = async (): Promise<WeakRef<object>> => {
      const onProgress = (event: ProgressEvent): void => expect(event).toBeDefined()
      const report = await sync.run({ signal, onProgress })
      expect(report.outcome).toBe('complete')
      return new WeakRef(onProgress)
    }
    const told = [await run(), await run(), await run()]
    expect(getEventListeners(signal, 'abort')).toEqual([])
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    for (let tries = 0; tries < 20 && told.some(each => each.deref()); tries++) {
      await setTimeout(50)
      collect()
    }
    // The newest may still be held by what waits for its end.
    expect(told.slice(0, 2).map(each => each.deref())).toEqual([undefined, undefined])
  }))

test('a database that hangs in mid-commit holds an interrupted run for five seconds at most', () =>
  inFolder(async (simulator, folder) => {
    await withDatabase(async url => {
      const target = new URL(url)
      const stop = new AbortController()
      const sockets = new Set<Socket>()
      let silentSince: number | null = null
      let isCut = false
      // From the first COMMIT of rows on, nothing passes in either direction, and the connections stay open.
      const proxy = createServer(near => {
        const far = connect(Number(target.port), target.hostname)
        for (const socket of [near, far]) {
          sockets.add(socket)
          socket.on('error', () => {})
        }
        let copied = false
        near.on('data', data => {
          copied ||= data.includes('copy "recharge"."customers"')
          if (copied && data.includes('commit\0') && silentSince === null) {
            silentSince = performance.now()
            near.on('close', () => {
              isCut = true
            })
            stop.abort()
          }
          if (silentSince === null) far.write(data)
        })
        far.on('data', data => {
          if (silentSince === null) near.write(data)
        })
        near.on('close', () => far.destroy())
      })
      await whileListening(proxy, async port => {
        const through = new URL(url)
        through.port = String(port)
        const settings = { ...settingsFor(simulator, folder), destination: { postgres: through.href } }
        const report = await createSync({ ...settings, streams: ['customers'] }).run({ signal: stop.signal })
        expect(performance.now() - (silentSince ?? Number.NaN)).toBeLessThan(5500)
        expect(report).toMatchObject({
          outcome: 'interrupted',
          streams: [{ stream: 'customers', outcome: 'interrupted' }],
        })
        // Its connection is cut, so that nothing is committed after the run has ended.
        expect(isCut).toBe(true)
        const destination = { kind: 'postgres', url, schema: 'recharge' } as const
        expect(await withQuery(destination, query => query('select id from recharge.customers'))).toEqual([])
        for (const socket of sockets) socket.destroy()
      })
    })
  }))

test('of two runs at the same time one has the destination, and the other reports that it is held', () =>
  inFolder(async (simulator, folder) => {
    const sync = createSync(settingsFor(simulator, folder))
    const reports = await Promise.all([sync.run(), sync.run()])
    expect(reports.map(({ outcome, problem }) => [outcome, problem?.code]).sort()).toEqual([
      ['complete', undefined],
      ['failed', 'held'],
    ])
  }))

test('progress comes as events: started, progress while a stream is read, and ended with its report', () =>
  inFolder(async (simulator, folder) => {
    const events: ProgressEvent[] = []
    const progressed = Promise.withResolvers<void>()
    // The page is answered once a progress event of its stream has come.
    simulator.faults.before(({ path }) => (path === '/customers' ? progressed.promise : undefined))
    const report = await createSync({ ...settingsFor(simulator, folder), streams: ['customers'] }).run({
      onProgress(event) {
        events.push(event)
        if (event.type === 'progress' && event.requests > 0) progressed.resolve()
      },
    })
    const [stream] = report.streams
    const types = events.map(({ type }) => type)
    expect([types[0], types.at(-1), new Set(types.slice(1, -1))]).toEqual(['started', 'ended', new Set(['progress'])])
    expect(events[0]).toEqual({ type: 'started', stream: 'customers', records: 0, expected: null, requests: 0 })
    const { records, requests } = stream ?? { records: 0, requests: 0 }
    expect(records).toBe(simulator.store.count('customers'))
    expect(events.at(-1)).toEqual({
      type: 'ended',
      stream: 'customers',
      records,
      // A stream of a few pages is not counted.
      expected: null,
      requests,
      report: stream,
    })
  }))

test.each(['started', 'progress', 'ended'] as const)(
  'what onProgress throws at a `%s` event interrupts the run and rejects',
  type =>
    inFolder(async (simulator, folder) => {
      const sync = createSync(settingsFor(simulator, folder))
      const mistake = new Error('a mistake of the program')
      const reached = Promise.withResolvers<void>()
      // Pages are answered after the event, except where the event needs them.
      if (type === 'progress')
        simulator.faults.before(({ path }) => (path === '/customers' ? reached.promise : undefined))
      const onProgress = (event: ProgressEvent): void => {
        if (event.type !== type) return
        reached.resolve()
        throw mistake
      }
      await expect(sync.run({ onProgress })).rejects.toBe(mistake)
      expect((await sync.run()).outcome).toBe('complete')
    }),
)

test('reports are kept in a folder only where one is named', () =>
  inFolder(async (simulator, folder) => {
    const reports = join(folder, 'kept', 'reports')
    const runWith = (options: SyncOptions): Promise<RunReport> =>
      createSync(settingsFor(simulator, folder), options).run()
    await runWith({})
    expect(existsSync(reports)).toBe(false)
    const report = await runWith({ reports })
    expect(readdirSync(reports)).toEqual([`${report.run}.json`])
    expect(JSON.parse(readFileSync(join(reports, `${report.run}.json`), 'utf8'))).toEqual(report)
  }))
