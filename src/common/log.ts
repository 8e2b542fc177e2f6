import pino, { type Logger } from 'pino'
import type { Secrets } from './secrets.ts'

export type Log = Logger
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type Level = (typeof LEVELS)[number]

/** Takes the lines of a log. */
export interface LogWriter {
  /** @param line one JSON object, and the end of the line. */
  write(line: string): void
}

/** Writes to stderr synchronously, so that the last lines before a crash are not lost. */
export const stderrWriter = (): LogWriter => pino.destination({ fd: 2, sync: true })

/**
 * Logs JSON lines. Secrets are removed from the finished line, because an error can contain them anywhere.
 * @param writer default: stderr.
 */
export function createLog(level: Level, { scrub }: Secrets, writer = stderrWriter()): Log {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, hooks: { streamWrite: scrub } }, writer)
}
