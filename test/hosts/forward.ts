import { connect, createServer } from 'node:net'

/*
 * Runs inside of a host of the test, and makes ports of the other side answer on this host's loopback: the program takes http
 * on loopback only.
 *   node forward.ts ADDRESS PORT,PORT,…
 */
const [address = '', ports = ''] = process.argv.slice(2)
let waiting = ports.split(',').length
for (const port of ports.split(',').map(Number))
  createServer(inner => {
    const outer = connect(port, address)
    for (const [one, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  }).listen(port, '127.0.0.1', () => {
    waiting -= 1
    if (waiting === 0) console.log('ready')
  })
