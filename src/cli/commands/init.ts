import { resolve } from 'node:path'
import { lines, type Printable, paragraphs } from '../../common/printable.ts'
import { accessOf, isTried, type TokenInformation } from '../../extract/scopes.ts'
import type { Progress } from '../../pipeline/progress.ts'
import { StreamStats } from '../../pipeline/stream-stats.ts'
import { allTables } from '../../schema/table.ts'
import { type App, STREAMS, select } from '../app.ts'
import { completeAnswers, type InitFlags, knownAnswers } from '../config/init/answers.ts'
import { ignoreInGit, isSetUp, refuseExisting, writeFiles } from '../config/init/files.ts'
import { type Scheduler, scheduleOf, scheduleText, usualScheduler } from '../config/init/schedule.ts'
import { type Answers, CONFIG_FILE, settingsOf, USUAL_PLACE } from '../config/init/settings.ts'
import { type Config, configFrom, loadConfig } from '../config/load.ts'
import { thisInstallation } from '../installation.ts'
import { STARTED_AS } from '../started-as.ts'
import { check } from './check.ts'
import { plan } from './plan.ts'
import type { Result } from './result.ts'
import { sync } from './sync.ts'

export interface InitOptions extends InitFlags {
  /** Run the first sync without asking. */
  readonly sync?: true
  readonly schedule?: Scheduler
}

/** What `init` needs of the program around it. */
export interface InitContext {
  readonly environment: NodeJS.ProcessEnv
  /** Whether somebody can be asked. */
  readonly isInteractive: boolean
  /** Makes the parts for a configuration. Its secrets are hidden from then on. */
  createApp(config: Config): App
  /** Shows the progress of the first sync. */
  progressOf(app: App): Progress
  readonly signal: AbortSignal
}

/**
 * Makes the settings of a new installation: finds out what the token may read and whether the destination can be written to,
 * and only then writes the files, all or none of them. Overwrites nothing. In a folder that has settings `--schedule` prints
 * the schedule again.
 */
export async function init(options: InitOptions, context: InitContext): Promise<Result> {
  const folder = resolve('.')
  const { signal } = context
  if (options.schedule && isSetUp(folder)) {
    const schedule = scheduleOf(options.schedule, folder, thisInstallation(), process.getuid?.() === 0)
    return { code: 0, json: { files: [], schedule }, text: scheduleText(schedule) }
  }
  refuseExisting(folder)
  const { answers, token } = await findAnswers(options, context)

  const written = writeFiles(folder, answers)
  const ignored = ignoreInGit(folder, answers)
  const app = context.createApp(loadConfig(CONFIG_FILE, STREAMS, context.environment))
  const selection = select(app, null)
  const found = await check(app, selection, signal)
  const about = found.code === 3 ? null : ((await plan(app, selection, signal)).json as Effort)
  const parts = [
    lines(...written.map(({ file, what }) => `${file.padEnd(16)}  ${what}`), ...ignoredText(ignored)),
    found.text,
  ]
  const isWanted = about !== null && (options.sync ?? (await offerSync(about, parts, context)))
  const ran = isWanted ? await firstSync(app, context) : null
  const kind = options.schedule ?? usualScheduler()
  const schedule = scheduleOf(kind, folder, thisInstallation(), process.getuid?.() === 0)
  return {
    code: ran?.code ?? found.code,
    json: {
      files: written,
      ignored,
      streams: streamsOf(token),
      check: found.json,
      plan: about && { requests: about.requests, minutes: about.minutes },
      sync: ran?.json ?? null,
      schedule,
    },
    text: paragraphs(...parts, ran?.text ?? nextText(about), scheduleText(schedule)),
  }
}

interface Found {
  readonly answers: Answers
  readonly token: TokenInformation
}

/** From flags and environment, and at a terminal by questions. Each is tried at once: a wrong one is asked for again. */
async function findAnswers(options: InitOptions, context: InitContext): Promise<Found> {
  const { environment, isInteractive, signal } = context
  const known = knownAnswers(options, environment)
  const appFor = (answers: Answers): App => context.createApp(configFrom(settingsOf(answers), STREAMS))
  const tokenInformation = (answers: Answers): Promise<TokenInformation> =>
    appFor(answers).source.token(new StreamStats('token_information').requestStats, signal)
  const reach = async (answers: Answers): Promise<void> => {
    await using destination = await appFor(answers).open('read')
    await destination.checkAccess(STREAMS.flatMap(allTables))
  }
  if (!isInteractive) {
    const answers = completeAnswers(known, options)
    const token = await tokenInformation(answers)
    await reach(answers)
    return { answers, token }
  }
  const ask = await import('../config/init/ask.ts')
  ask.begin()
  const { baseUrl } = known
  const { token, seen } = await ask.askToken(
    known,
    given => tokenInformation({ ...USUAL_PLACE, token: given, baseUrl }),
    signal,
  )
  const { readable, missing } = streamsOf(seen)
  ask.say(lines(`The token may read ${readable.length} of ${readable.length + missing.length} streams.`))
  const place = await ask.askDestination(known, chosen => reach({ ...chosen, token, baseUrl }), signal)
  return { answers: { ...place, token, baseUrl }, token: seen }
}

/** Which streams of the usual selection the token may read. */
function streamsOf(token: TokenInformation) {
  const usual = STREAMS.filter(({ optIn }) => !optIn)
  const may = usual.filter(stream => isTried(accessOf(stream, token)))
  return {
    readable: may.map(({ name }) => name),
    missing: usual.filter(stream => !may.includes(stream)).map(({ name }) => name),
  }
}

interface Effort {
  readonly requests: number
  readonly minutes: number
}

const effortText = ({ requests, minutes }: Effort): string =>
  `at least ${requests} ${requests === 1 ? 'request' : 'requests'}, ${minutes < 1 ? 'less than a minute' : `${minutes} minutes`}`

const offerSync = async (effort: Effort, parts: Printable[], context: InitContext): Promise<boolean> => {
  if (!context.isInteractive) return false
  const { confirm, say } = await import('../config/init/ask.ts')
  // What was done so far is shown before the question, and not once more at the end.
  for (const part of parts.splice(0)) say(part)
  return await confirm(`Run the first sync now? It takes ${effortText(effort)}.`, context.signal)
}

async function firstSync(app: App, context: InitContext): Promise<Result> {
  using progress = context.progressOf(app)
  return await sync(app, select(app, null), progress, context.signal)
}

const nextText = (effort: Effort | null): Printable =>
  effort === null
    ? lines(`Nothing can be synced yet: correct what is named above, then run \`${STARTED_AS} check\`.`)
    : lines(`The first sync takes ${effortText(effort)}:`, `  ${STARTED_AS} sync`)

function ignoredText(ignored: readonly string[] | null): string[] {
  if (ignored === null) return ['.gitignore        not written: this folder is in no repository of git']
  return ignored.length === 0 ? [] : [`.gitignore        now leaves out ${ignored.join(', ')}`]
}
