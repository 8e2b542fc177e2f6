import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { whileListening } from './listening.ts'

export interface ProxyBehaviour {
  /** The user and password that it demands; default: none. */
  readonly credentials?: string
  /** What it does with a request instead of passing it on: answers a status, closes the connection, or never answers. */
  readonly refusal?: number | 'close' | 'hang'
  /** How many requests it does that to; default: all. */
  readonly times?: number
}

export interface RunningProxy {
  /** Its address, without credentials. */
  readonly url: URL
  /** What was requested of it: `CONNECT localhost:443`, `GET http://127.0.0.1:80/charges`. */
  readonly requests: readonly string[]
}

/** A proxy on loopback: tunnels by CONNECT, and requests with the whole address. */
export async function withProxy(
  { credentials, refusal, times = Infinity }: ProxyBehaviour,
  work: (proxy: RunningProxy) => Promise<void>,
): Promise<void> {
  const requests: string[] = []
  const sockets = new Set<Duplex>()
  const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`
  /** The status to answer, or null where the request has been dealt with; undefined: it is to be passed on. */
  const refuse = ({ method, url, headers, socket }: IncomingMessage): number | null | undefined => {
    requests.push(`${method} ${url}`)
    const applied = requests.length > times ? undefined : refusal
    if (applied === 'close') socket.destroy()
    if (applied === 'close' || applied === 'hang') return null
    return headers['proxy-authorization'] === expected ? applied : 407
  }
  const server = createServer((incoming: IncomingMessage, response: ServerResponse) => {
    const refused = refuse(incoming)
    if (refused === null) return
    if (refused !== undefined) return void response.writeHead(refused).end()
    const { method, url = '', headers } = incoming
    const { 'proxy-authorization': _, ...passed } = headers
    const outgoing = request(url, { method, headers: passed }, answer => {
      response.writeHead(answer.statusCode ?? 0, answer.rawHeaders)
      answer.pipe(response)
    }).on('error', () => response.destroy())
    incoming.pipe(outgoing)
  })
  server.on('connect', (incoming: IncomingMessage, client: Duplex) => {
    client.on('error', () => {})
    const refused = refuse(incoming)
    sockets.add(client)
    if (refused === null) return
    if (refused !== undefined) return void client.end(`HTTP/1.1 ${refused} No\r\n\r\n`)
    const { hostname, port } = new URL(`http://${incoming.url}`)
    const upstream = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      client.pipe(upstream).pipe(client)
    }).on('error', () => client.destroy())
    sockets.add(upstream)
  })
  await whileListening(server, async port => {
    try {
      await work({ url: new URL(`http://127.0.0.1:${port}`), requests })
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  })
}
