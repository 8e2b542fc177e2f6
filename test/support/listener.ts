import { createServer, type ServerResponse } from 'node:http'
import { whileListening } from './listening.ts'

/** A request as the listener got it. */
export interface Heard {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface Listener {
  readonly url: string
  /** All requests, in the order in which they came whole. */
  readonly heard: readonly Heard[]
  /** Those to paths that begin so and that came since this was asked last. */
  news(path: string): readonly Heard[]
  /** How requests to paths that begin so are answered from now on; otherwise with 200. */
  answer(path: string, how: (response: ServerResponse) => void): void
}

/** A service that listens, of the kind that is told how runs end. */
export async function withListener(work: (listener: Listener) => Promise<void>): Promise<void> {
  const heard: Heard[] = []
  const seen = new Map<string, number>()
  const answers = new Map<string, (response: ServerResponse) => void>()
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', part => {
      body += part
    })
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      heard.push({ method, path, headers, body })
      const [, how] = [...answers].find(([beginning]) => path.startsWith(beginning)) ?? []
      if (how) how(response)
      else response.end('OK')
    })
  })
  await whileListening(server, port =>
    work({
      url: `http://127.0.0.1:${port}`,
      heard,
      news(path) {
        const all = heard.filter(request => request.path.startsWith(path))
        const before = seen.get(path) ?? 0
        seen.set(path, all.length)
        return all.slice(before)
      },
      answer: (path, how) => void answers.set(path, how),
    }),
  )
}
