import { fork } from 'node:child_process'
import { getContainerRuntimeClient } from 'testcontainers'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** A server on which the tests may create and drop databases. */
    postgres: string
  }
}

type Stop = () => Promise<void>

/**
 * A real Postgres for the whole run: the one in TEST_DATABASE_URL, else a container if a container runtime answers, else
 * the one installed by npm. Without any of them the run fails.
 */
export default async function setup(project: TestProject): Promise<Stop> {
  const given = process.env.TEST_DATABASE_URL
  const { url, stop, what } = given
    ? { url: given, stop: async () => {}, what: 'TEST_DATABASE_URL' }
    : ((await container()) ?? (await embedded()))
  console.log(`Postgres for the tests: ${what}`)
  project.provide('postgres', url)
  return stop
}

async function container(): Promise<{ url: string; stop: Stop; what: string } | null> {
  try {
    await getContainerRuntimeClient()
  } catch {
    return null
  }
  try {
    const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
    const started = await new PostgreSqlContainer('postgres:18-alpine').start()
    return {
      url: started.getConnectionUri(),
      what: 'a container',
      stop: async () => {
        await started.stop()
      },
    }
  } catch (error) {
    console.log(`A container runtime answers, but no container starts (${error}); using the Postgres from npm.`)
    return null
  }
}

/** The Postgres from npm, in a process of its own: the package changes the exit code of its process, a failure into 0. */
export async function embedded(): Promise<{ url: string; stop: Stop; restart: Stop; what: string }> {
  const child = fork(new URL('./postgres-process.ts', import.meta.url), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', message => resolve(String(message)))
    child.once('exit', code => reject(new Error(`the Postgres from npm did not start (exit ${code})`)))
  })
  return {
    url,
    what: 'the one from npm, where no container runs',
    restart: () =>
      new Promise<void>(resolve => {
        child.once('message', () => resolve())
        child.send('restart')
      }),
    stop: async () => {
      child.disconnect()
      await ended
    },
  }
}
