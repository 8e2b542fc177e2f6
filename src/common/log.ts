import pino, { type Logger } from 'pino'
import type { Secrets } from './secrets.ts'

export type Log = Logger
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type Level = (typeof LEVELS)[number]

/**
 * JSON lines on stderr. Written at once, not from a worker: the last lines before an end are those that matter.
 * Secrets are taken out of the finished line, because they can hide anywhere in an error.
 */
export function createLog(level: Level, { scrub }: Secrets): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, hooks: { streamWrite: scrub } },
    pino.destination({ fd: 2, sync: true }),
  )
}
