import { connect, createServer, type Socket } from 'node:net'

/** A proxy that can be shut, all its connections with it, and opened again at the same port. */
export async function gated(url: string): Promise<{ url: string; shut(): void; reopen(): Promise<void> }> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer(near => {
    const far = connect(Number(target.port), target.hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    near.pipe(far).pipe(near)
  })
  const listen = (port: number): Promise<void> => new Promise(resolve => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  let shut = false
  return {
    url: target.href.replace(`:${target.port}/`, `:${port}/`),
    shut() {
      if (shut) return
      shut = true
      server.close()
      for (const socket of sockets) socket.destroy()
    },
    reopen: () => (server.listening ? Promise.resolve() : listen(port)),
  }
}
