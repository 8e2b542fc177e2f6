import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createApp, STREAMS as STREAMS_DECLARED, select } from '../../src/cli/app.ts'
import { check } from '../../src/cli/commands/check.ts'
import { statusThatNotifies } from '../../src/cli/commands/status.ts'
import { type Config, loadConfig } from '../../src/cli/config/load.ts'
import type { Message } from '../../src/cli/notify/message.ts'
import { isDead, thisProcess } from '../../src/common/process-identity.ts'
import type { Fault } from '../../src/simulator/faults.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { type DestinationConfig, withDatabase, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { gated } from '../support/gate.ts'
import { type Listener, withListener } from '../support/listener.ts'
import { clockFor, configFor, makeStore, runReconcile, runSync, withSimulator } from '../support/run.ts'

const HOUR = 3_600_000
const STREAMS = ['customers', 'orders']
/** As the addresses of such services are: whoever has one can write there. */
const PING = '/0d2c3f9e-5d0c-4a5f-9d0e-7b1f2a3c4d5e'
const HOOK = '/services/T0001/B0001/made-up-part-of-a-webhook'

const notifying = (config: Config, { url }: Listener, folder: string): Config => ({
  ...config,
  streams: STREAMS,
  notify: {
    ping: `${url}${PING}`,
    webhook: { url: `${url}${HOOK}`, format: 'json', on: ['failure', 'recovery'] },
    command: null,
    maxAgeMs: 3 * HOUR,
  },
  metrics: { textfile: join(folder, 'recharge.prom'), mode: 0o644, pushgateway: null, job: 'recharge_sync' },
})

const yamlOf = (url: string, token: string, destination: string, more: string): string => `
recharge:
  token: ${token}
  base_url: ${url}
  rate: { bucket: 100000, per_second: 10000 }
destination:
  ${destination}
streams: [customers, orders]
views: false
${more}`

interface Reached {
  readonly event: string | undefined
  readonly problems: readonly (readonly [stream: string | null, code: string])[]
  readonly next: string
  /** Endings of the pings. */
  readonly pings: readonly string[]
  /** Code and stream of the samples of `recharge_sync_problem`. */
  readonly metrics: readonly string[]
}

/** What reached the webhook, the ping and the metrics file since this was asked last. At most one webhook may have been told. */
function reached(listener: Listener, metricsFile: string): Reached {
  const hooks = listener.news(HOOK)
  expect(hooks.length).toBeLessThanOrEqual(1)
  const message: Message | undefined = hooks[0] && JSON.parse(hooks[0].body)
  const pings = listener.news(PING)
  const text = readFileSync(metricsFile, 'utf8')
  for (const { body } of pings.filter(({ path }) => path.endsWith('/fail'))) {
    const { problems } = JSON.parse(body) as Message
    // The cause and the next step, in every ping of a run that failed.
    expect(problems.length).toBeGreaterThan(0)
    for (const { message, next } of problems) expect(Math.min(message.length, next.length)).toBeGreaterThan(10)
  }
  return {
    event: message?.event,
    problems: (message?.problems ?? []).map(({ stream, code }) => [stream, code]),
    next: message?.problems[0]?.next ?? '',
    pings: pings.map(({ path }) => path.slice(PING.length)),
    metrics: [...text.matchAll(/^recharge_sync_problem\{.*code="(\w+)",stream="(\w*)",next="[^"]{10,}"\} 1$/gm)].map(
      ([, code, stream]) => `${stream}:${code}`,
    ),
  }
}

const NOTHING = { event: undefined, problems: [], next: '' }
const WELL = { ...NOTHING, pings: ['/start', ''], metrics: [] }
const RECOVERED = { ...WELL, event: 'recovery' }

test("an operator's day: each thing that goes wrong, and that all is well again, reaches everybody once", async () => {
  const store = makeStore({ customers: 10, months: 2 })
  store.advance(Date.now() - store.now().getTime())
  await withSimulator({ store }, simulator =>
    withListener(listener =>
      withDatabase(url =>
        withFolder(async folder => {
          const gate = await gated(url)
          const destination: DestinationConfig = { kind: 'postgres', url: gate.url, schema: 'recharge' }
          const config = notifying(configFor(simulator, destination, folder), listener, folder)
          const metricsFile = config.metrics.textfile ?? ''
          const run = async (streams: readonly string[] = STREAMS) => {
            const ran = await runSync(config, streams)
            return { ...reached(listener, metricsFile), code: ran.code }
          }

          expect(await run()).toEqual({ ...WELL, code: 0 })
          const text = readFileSync(metricsFile, 'utf8')
          expect(text).toMatch(/^recharge_sync_stream_rows\{destination="postgres [^"]*",stream="customers"\} 10$/m)
          expect(text).toMatch(/^recharge_sync_last_run_outcome\{.*outcome="complete"\} 1$/m)

          // The token is revoked.
          const revoked: Fault = { kind: 'status', status: 401, body: { error: 'bad authentication' }, times: 1000 }
          simulator.faults.add(revoked)
          const refused = { pings: ['/start', '/fail'], metrics: [':unauthorised'], code: 3 }
          expect(await run()).toEqual({
            event: 'failure',
            problems: [[null, 'unauthorised']],
            next: expect.stringContaining('Check the token in the merchant portal'),
            ...refused,
          })
          expect(await run()).toEqual({ ...NOTHING, ...refused })
          simulator.faults.clear()
          expect(await run()).toEqual({ ...RECOVERED, code: 0 })

          // The database goes.
          gate.shut()
          const gone = { pings: ['/start', '/fail'], metrics: [':connection_refused'], code: 3 }
          expect(await run()).toEqual({
            event: 'failure',
            problems: [[null, 'connection_refused']],
            next: expect.stringContaining('Check that the database runs'),
            ...gone,
          })
          // What was known of the streams stays in the figures.
          expect(readFileSync(metricsFile, 'utf8')).toMatch(
            /stream_complete_to_timestamp_seconds\{.*stream="orders"\} \d+/,
          )
          expect(await run()).toEqual({ ...NOTHING, ...gone })
          await gate.reopen()
          expect(await run()).toEqual({ ...RECOVERED, code: 0 })

          // Somebody mistypes its address, and corrects it.
          const mistyped = { ...destination, url: url.replace(/:\d+\//, ':9/') }
          await runSync({ ...config, destination: mistyped }, STREAMS)
          expect(reached(listener, metricsFile)).toMatchObject({
            event: 'failure',
            problems: [[null, 'connection_refused']],
          })
          expect(await run()).toEqual({ ...RECOVERED, code: 0 })

          // A stream stays behind: the schedule names only the other one.
          store.advance(2 * HOUR)
          expect(await run(['customers'])).toEqual({ ...WELL, code: 0 })
          store.advance(2 * HOUR)
          const behind = { pings: ['/start', '/fail'], metrics: ['orders:behind'], code: 0 }
          expect(await run(['customers'])).toEqual({
            event: 'failure',
            problems: [['orders', 'behind']],
            next: expect.stringContaining('sync --streams orders'),
            ...behind,
          })
          expect(await run(['customers'])).toEqual({ ...NOTHING, ...behind })
          expect(await run()).toEqual({ ...RECOVERED, code: 0 })
          gate.shut()

          // The disk is full, of the other warehouse.
          writeConfig(
            folder,
            yamlOf(
              simulator.url,
              simulator.token,
              'duckdb: warehouse.duckdb',
              `notify: { ping: "${listener.url}${PING}", webhook: { url: "${listener.url}${HOOK}" } }\nmetrics: { textfile: recharge.prom }\n`,
            ),
          )
          const runThere = async (blocks: number | null) => {
            const { code, stdout, stderr } = await cli(folder, ['sync'], {}, () => {}, blocks)
            for (const secret of [HOOK, PING, simulator.token]) expect(stdout + stderr).not.toContain(secret)
            return { ...reached(listener, metricsFile), code }
          }
          const full = { pings: ['/start', '/fail'], metrics: [':full'], code: expect.toBeOneOf([1, 3]) }
          expect(await runThere(256)).toEqual({
            event: 'failure',
            problems: [[null, 'full']],
            next: expect.stringContaining('Make room on the disk'),
            ...full,
          })
          expect(await runThere(256)).toEqual({ ...NOTHING, ...full })
          expect(await runThere(null)).toEqual({ ...RECOVERED, code: 0 })
          // Not for this user alone, as all other files are: the collector is another user.
          expect((statSync(metricsFile).mode & 0o777).toString(8)).toBe('644')

          for (const { body } of listener.heard) expect(body).not.toContain(simulator.token)
          const kept = readdirSync(join(folder, 'state', 'runs')).map(name => join(folder, 'state', 'runs', name))
          for (const file of kept) expect(readFileSync(file, 'utf8')).not.toContain(HOOK)
        }),
      ),
    ),
  )
})

/** Ignores SIGTERM, and has a child that does too; leaves what it was told, and the ids of both. */
const DEAF = `trap '' TERM; cat > told.json; env > environment; (trap '' TERM; exec sleep 1000) & echo $$ $! > pids; sleep 1000`

test('whom a run tells may hang, fail or be gone: its exit code and its report stay, and it ends', async () => {
  await withSimulator({ store: makeStore({ customers: 5, months: 1 }) }, simulator =>
    withListener(listener =>
      withFolder(async folder => {
        // Never answered.
        listener.answer(HOOK, () => {})
        listener.answer(PING, response => response.writeHead(500).end('out of order'))
        const told = (on: string) => `
notify:
  ping: ${listener.url}${PING}
  webhook: { url: "${listener.url}${HOOK}", on: ${on} }
  command: { run: ${JSON.stringify(DEAF)}, timeout: 1s, on: always }
metrics: { pushgateway: "http://127.0.0.1:9/behind-a-made-up-path", textfile: nowhere/recharge.prom }
`
        writeConfig(folder, yamlOf(simulator.url, simulator.token, 'duckdb: warehouse.duckdb', told('always')))
        const variables = { TOKEN_OF_THE_STORE: simulator.token, OF_THE_COMMAND: 'is there' }
        const exited = await cli(folder, ['sync', '--json', '--no-progress', '--log-format', 'json'], variables)
        expect([exited.code, exited.signal], exited.stderr).toEqual([0, null])
        const report = JSON.parse(exited.stdout)
        const runs = join(folder, 'state', 'runs')
        expect(JSON.parse(readFileSync(join(runs, `${report.run}.json`), 'utf8'))).toEqual(report)
        const failures = exited.stderr
          .split('\n')
          .filter(line => line.includes('notification_failed'))
          .map(line => JSON.parse(line))
        expect(failures.map(({ setting, code }) => [setting, code]).sort()).toEqual([
          ['metrics.pushgateway', 'unreachable'],
          ['metrics.textfile', 'unwritten'],
          ['notify.command', 'timeout'],
          ['notify.ping', 'unavailable'],
          ['notify.webhook', 'timeout'],
        ])
        for (const { message, next } of failures) expect(Math.min(message.length, next.length)).toBeGreaterThan(20)
        for (const secret of [HOOK, PING, 'behind-a-made-up-path']) expect(exited.stderr).not.toContain(secret)
        // The command was told all the same, and none of its processes is left.
        expect(JSON.parse(readFileSync(join(folder, 'told.json'), 'utf8'))).toMatchObject({ event: 'success', report })
        const environment = readFileSync(join(folder, 'environment'), 'utf8')
        expect(environment).toContain('OF_THE_COMMAND=is there')
        expect(environment).not.toContain(simulator.token)
        const pids = readFileSync(join(folder, 'pids'), 'utf8').trim().split(' ').map(Number)
        expect(pids).toHaveLength(2)
        for (const pid of pids) expect(isDead({ ...thisProcess(), pid, started: null })).toBe(true)

        // What could not be told is told by the next run, and `check` says so until then.
        listener.answer(PING, response => response.writeHead(404).end('not found'))
        listener.answer(HOOK, response => response.writeHead(500).end())
        const config = { ...loadConfig(join(folder, 'sync.config.yaml'), STREAMS_DECLARED), notify: quiet(listener) }
        const revoked: Fault = { kind: 'status', status: 401, body: { error: 'bad authentication' }, times: 1000 }
        simulator.faults.add(revoked)
        listener.news(HOOK)
        await runSync(config)
        const tries = listener.news(HOOK)
        expect(tries.length).toBeGreaterThan(1)
        const app = createApp(config, { level: 'silent' })
        const checked = await check(app, select(app, STREAMS), new AbortController().signal)
        expect(checked.text).toMatch(/PROBLEM {2}notify: webhook 127\.0\.0\.1:\d+ answered 500/)
        expect(checked.text).toMatch(
          /warning {2}notify: at .* a run could not tell what it had to: webhook .* answered 500/,
        )
        expect(checked.text).toMatch(/warning {2}notify: ping .* does not know the address with \/log/)
        expect(app.secrets.scrub(checked.text)).not.toContain(HOOK)
        listener.answer(HOOK, response => response.end())
        listener.news(HOOK)
        await runSync(config)
        const late = listener.news(HOOK).map(({ body }) => JSON.parse(body) as Message)
        expect(late.map(({ event, problems }) => [event, problems[0]?.code])).toEqual([['failure', 'unauthorised']])
        await runSync(config)
        expect(listener.news(HOOK)).toEqual([])
      }),
    ),
  )
})

test('a run that is ended by SIGTERM tells so in the time that it has, and one that finds it at work tells nothing', async () => {
  await withSimulator({ store: makeStore({ customers: 5, months: 1 }) }, simulator =>
    withListener(listener =>
      withFolder(async folder => {
        const asked = Promise.withResolvers<void>()
        simulator.faults.add({ kind: 'hang', match: ({ path }) => path === '/customers' })
        simulator.faults.before(({ path }) => {
          if (path === '/customers') asked.resolve()
        })
        const told = `notify: { ping: "${listener.url}${PING}", webhook: { url: "${listener.url}${HOOK}" } }\n`
        writeConfig(folder, yamlOf(simulator.url, simulator.token, 'duckdb: warehouse.duckdb', told))
        const first = cli(folder, ['sync', '--no-progress'], {}, async child => {
          await asked.promise
          const second = await cli(folder, ['sync', '--no-progress'])
          expect([second.code, listener.news(HOOK)], second.stderr).toEqual([4, []])
          child.kill('SIGTERM')
        })
        expect((await first).code).toBe(130)
        const messages = listener.news(HOOK).map(({ body }) => JSON.parse(body) as Message)
        expect(messages.map(({ event, exit_code, problems }) => [event, exit_code, problems[0]?.code])).toEqual([
          ['failure', 130, 'interrupted'],
        ])
        expect(listener.news(PING).map(({ path }) => path.slice(PING.length))).toEqual(['/start', '/start', '/fail'])
      }),
    ),
  )
})

const quiet = ({ url }: Listener): Config['notify'] => ({
  ping: `${url}${PING}`,
  webhook: { url: `${url}${HOOK}`, format: 'json', on: ['failure', 'recovery'] },
  command: null,
  maxAgeMs: null,
})

test('`check` tries everybody without telling anybody; Slack, a command, a gateway, `reconcile` and `status` are told in their ways', async () => {
  const store = makeStore({ customers: 5, months: 1 })
  store.advance(Date.now() - store.now().getTime())
  await withSimulator({ store }, simulator =>
    withListener(listener =>
      withFolder(async folder => {
        const destination: DestinationConfig = { kind: 'duckdb', file: join(folder, 'w.duckdb'), schema: 'recharge' }
        const config: Config = {
          ...configFor(simulator, destination, folder),
          streams: STREAMS,
          notify: {
            ping: `${listener.url}${PING}`,
            webhook: { url: `${listener.url}${HOOK}`, format: 'slack', on: ['failure', 'recovery'] },
            command: { run: ['tee', '-a', 'told.jsonl'], on: ['always'], timeoutMs: 10_000 },
            maxAgeMs: 3 * HOUR,
          },
          metrics: { textfile: null, mode: 0o644, pushgateway: `${listener.url}/gateway/`, job: 'warehouse' },
        }
        listener.answer(HOOK, response => response.writeHead(400).end('no_text'))
        const app = createApp(config, { level: 'silent', now: clockFor(config) })
        const checked = await check(app, select(app, STREAMS), new AbortController().signal)
        expect(checked.code, checked.text).toBe(0)
        expect(listener.heard.map(({ method, path, body }) => `${method} ${path} ${body}`).sort()).toEqual([
          'GET /gateway/-/ready ',
          `POST ${PING}/log recharge-sync check`,
          `POST ${HOOK} {}`,
        ])
        listener.answer(HOOK, response => response.end('ok'))
        listener.news(HOOK)

        expect((await runSync(config)).code).toBe(0)
        const [pushed] = listener.news('/gateway/metrics')
        const group = Buffer.from(`duckdb ${destination.file} recharge`).toString('base64url')
        expect([pushed?.method, pushed?.path]).toEqual([
          'PUT',
          `/gateway/metrics/job/warehouse/destination@base64/${group}`,
        ])
        expect(pushed?.body).toMatch(/^# TYPE recharge_sync_last_success_timestamp_seconds gauge$/m)
        expect(listener.news(HOOK)).toEqual([])

        // A value that Recharge does not have.
        await withQuery(destination, query =>
          query(
            `update recharge.customers set first_name = 'by hand' where id = (select min(id) from recharge.customers)`,
          ),
        )
        const compared = () => runReconcile(config, ['customers'])
        expect([(await compared()).code, (await compared()).code]).toEqual([1, 1])
        const texts = listener.news(HOOK).map(({ body }) => JSON.parse(body).text)
        expect(texts).toHaveLength(1)
        expect(texts[0]).toMatch(/\*customers\*: .* differ .*`differs`[\s\S]*reconcile --repair/)
        // A sync shows nothing about that, and is well itself.
        expect((await runSync(config)).code).toBe(0)
        expect(listener.news(HOOK)).toEqual([])
        expect(listener.heard.filter(({ path }) => path.startsWith(PING)).at(-1)?.path).toBe(PING)
        await runReconcile(config, ['customers'], { repair: true })
        expect(JSON.parse(listener.news(HOOK)[0]?.body ?? '{}').text).toContain('all is well again')

        // No run is made any more, which `status --notify` tells, once.
        store.advance(4 * HOUR)
        const looked = async () => {
          const opened = createApp(config, { level: 'silent', now: clockFor(config) })
          const result = await statusThatNotifies(opened, select(opened, null), null)
          await result.after?.()
          return listener.news(HOOK).map(({ body }) => String(JSON.parse(body).text))
        }
        const [behind] = await looked()
        expect(behind).toMatch(/\*customers, orders\*: complete to .*`behind`/)
        expect(await looked()).toEqual([])
        expect((await runSync(config)).code).toBe(0)
        expect(JSON.parse(listener.news(HOOK)[0]?.body ?? '{}').text).toContain('all is well again')
        const told = readFileSync(join(folder, 'told.jsonl'), 'utf8').replaceAll('}{', '}\n{').split('\n')
        expect(told.map(line => JSON.parse(line)).map(({ command, event }) => `${command} ${event}`)).toEqual([
          'sync success',
          'reconcile failure',
          'reconcile still_failing',
          'sync still_failing',
          'reconcile recovery',
          'status failure',
          'status still_failing',
          'sync recovery',
        ])
      }),
    ),
  )
})
