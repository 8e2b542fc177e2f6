import { accessSync, chmodSync, constants, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Problem } from '../../common/errors.ts'
import type { ProxyOptions } from '../../extract/proxy.ts'
import { deliver, serviceOf } from './http-target.ts'
import type { MetricsSettings } from './settings.ts'

/** Replaces the file completely or not at all. @returns null: it is written. */
export function writeTextfile(file: string, mode: number, text: string): Problem | null {
  // The collector reads no file with another ending.
  const part = `${file}.part`
  try {
    writeFileSync(part, text, { mode })
    // The program makes its files for this user alone, and this one is for the collector.
    chmodSync(part, mode)
    renameSync(part, file)
    return null
  } catch (error) {
    rmSync(part, { force: true })
    return unwritten(file, error)
  }
}

/** Whether the file could be written. Writes nothing. @returns null: it could. */
export function tryTextfile(file: string): Problem | null {
  try {
    accessSync(dirname(file), constants.W_OK)
    return null
  } catch (error) {
    return unwritten(file, error)
  }
}

const unwritten = (file: string, error: unknown): Problem => {
  const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  return {
    code: 'unwritten',
    message: `the metrics file ${file} cannot be written (${why})`,
    next: `Make ${dirname(file)}, and let this user write there, or name another file as metrics.textfile.`,
  }
}

/**
 * Where the group of this warehouse is in a gateway. Its name has characters that a path may not have, so it is in base64
 * [documented].
 */
export function groupAddress(gateway: string, job: string, destination: string): URL {
  const url = new URL(gateway)
  const group = Buffer.from(destination).toString('base64url')
  url.pathname = `${url.pathname.replace(/\/$/, '')}/metrics/job/${job}/destination@base64/${group}`
  return url
}

/** Replaces the group of this warehouse in the gateway. @returns null: it was taken. */
export async function push(
  { pushgateway, job }: MetricsSettings & { readonly pushgateway: string },
  destination: string,
  text: string,
  proxies: ProxyOptions | null,
): Promise<Problem | null> {
  const url = groupAddress(pushgateway, job, destination)
  const outgoing = { method: 'PUT', headers: { 'Content-Type': 'text/plain; version=0.0.4' }, body: text } as const
  return await deliver(serviceOf('pushgateway', 'metrics.pushgateway', url), url, outgoing, proxies)
}
