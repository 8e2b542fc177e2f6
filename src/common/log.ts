import pino, { type Logger } from 'pino'
import type { Secrets } from './secrets.ts'

export type Log = Logger
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type Level = (typeof LEVELS)[number]

/**
 * Logs JSON lines to stderr. They are written synchronously, so that the last lines before a crash are not lost. Secrets
 * are removed from the finished line, because an error can contain them anywhere.
 */
export function createLog(level: Level, { scrub }: Secrets): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, hooks: { streamWrite: scrub } },
    pino.destination({ fd: 2, sync: true }),
  )
}
