import type { Server as HttpServer } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'

/** Lets a server listen on a port of 127.0.0.1 while `work` runs. Of one that speaks no HTTP, `work` ends the connections. */
export async function whileListening(
  server: Server | HttpServer | TlsServer,
  work: (port: number) => Promise<void>,
): Promise<void> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  try {
    await work((server.address() as AddressInfo).port)
  } finally {
    if ('closeAllConnections' in server) server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
}
