import { request } from 'node:http'
import { createServer } from 'node:https'
import { expect, test } from 'vitest'
import type { Simulator } from '../../src/simulator/server.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { withFolder } from '../support/destinations.ts'
import { whileListening } from '../support/listening.ts'
import { withProxy } from '../support/proxy.ts'
import { makeStore, withSimulator } from '../support/run.ts'
import { CERTIFICATE_FILE, LOCALHOST } from '../support/tls.ts'

const SYNC = ['sync', '--streams', 'customers', '--json', '--log-level', 'trace']
const PASSWORD = 'open-sesame'
const CREDENTIALS = `me:${PASSWORD}`
const CUSTOMERS = 10

const configured = (simulator: Simulator, baseUrl: string, work: (folder: string) => Promise<void>): Promise<void> =>
  withFolder(async folder => {
    writeConfig(
      folder,
      `recharge:\n  token: ${simulator.token}\n  base_url: ${baseUrl}\ndestination:\n  duckdb: warehouse.duckdb\n`,
    )
    await work(folder)
  })

const withStore = (work: (simulator: Simulator) => Promise<void>): Promise<void> =>
  withSimulator({ store: makeStore({ customers: CUSTOMERS, months: 1 }) }, work)

/** The simulator over TLS. */
function withTls({ url }: Simulator, work: (tlsUrl: string) => Promise<void>): Promise<void> {
  const server = createServer(LOCALHOST, ({ url: path = '', headers }, response) => {
    request(new URL(path, url), { headers }, answer => {
      response.writeHead(answer.statusCode ?? 0, answer.rawHeaders)
      answer.pipe(response)
    }).end()
  })
  return whileListening(server, port => work(`https://localhost:${port}`))
}

const withPassword = ({ host }: URL): string => `http://${CREDENTIALS}@${host}`

test('with HTTP_PROXY every request to an http: address goes through the proxy, and the password is not shown', async () => {
  await withStore(simulator =>
    configured(simulator, simulator.url, folder =>
      withProxy({ credentials: CREDENTIALS }, async ({ url, requests }) => {
        const ran = await cli(folder, SYNC, { HTTP_PROXY: withPassword(url) })
        expect(ran.code, ran.stderr).toBe(0)
        expect(JSON.parse(ran.stdout).streams[0]).toMatchObject({ outcome: 'complete', records: CUSTOMERS })
        expect(requests).toEqual(simulator.requests.map(({ path }) => expect.stringContaining(simulator.url + path)))
        expect(requests.length).toBeGreaterThan(1)
        expect(ran.stdout + ran.stderr).not.toContain(PASSWORD)
      }),
    ),
  )
})

test('with HTTPS_PROXY the proxy tunnels to an https: address, over no more connections than requests in flight', async () => {
  await withStore(simulator =>
    withTls(simulator, tlsUrl =>
      configured(simulator, tlsUrl, folder =>
        withProxy({ credentials: CREDENTIALS }, async ({ url, requests }) => {
          const environment = { https_proxy: withPassword(url), NODE_EXTRA_CA_CERTS: CERTIFICATE_FILE }
          const ran = await cli(folder, SYNC, environment)
          expect(ran.code, ran.stderr).toBe(0)
          expect(JSON.parse(ran.stdout).streams[0]).toMatchObject({ outcome: 'complete', records: CUSTOMERS })
          expect(new Set(requests)).toEqual(new Set([`CONNECT ${new URL(tlsUrl).host}`]))
          expect(requests.length).toBeLessThan(simulator.requests.length)
          expect(ran.stdout + ran.stderr).not.toContain(PASSWORD)
        }),
      ),
    ),
  )
})

test('an error body that contains the password of the proxy: the password is in no output', async () => {
  await withStore(simulator =>
    configured(simulator, simulator.url, folder =>
      withProxy({ credentials: CREDENTIALS }, async ({ url }) => {
        simulator.faults.add({ kind: 'status', status: 422, match: '/customers', body: { errors: PASSWORD }, times: 3 })
        const ran = await cli(folder, SYNC, { HTTP_PROXY: withPassword(url) })
        expect(ran.code).toBe(1)
        expect(ran.stdout).toContain('422 [secret]')
        expect(ran.stdout + ran.stderr).not.toContain(PASSWORD)
      }),
    ),
  )
})

test('a host in NO_PROXY is reached directly, and HTTP_PROXY is not for https: addresses', async () => {
  await withStore(simulator =>
    withProxy({}, async ({ url, requests }) => {
      await configured(simulator, simulator.url, async folder => {
        const ran = await cli(folder, SYNC, { HTTP_PROXY: url.href, NO_PROXY: 'localhost,127.0.0.1' })
        expect(ran.code, ran.stderr).toBe(0)
      })
      await withTls(simulator, tlsUrl =>
        configured(simulator, tlsUrl, async folder => {
          const ran = await cli(folder, SYNC, { HTTP_PROXY: url.href, NODE_EXTRA_CA_CERTS: CERTIFICATE_FILE })
          expect(ran.code, ran.stderr).toBe(0)
        }),
      )
      expect(requests).toEqual([])
    }),
  )
})

test('`check` says that a proxy is used, and that it refuses the password, without the password', async () => {
  await withStore(simulator =>
    configured(simulator, simulator.url, async folder => {
      await withProxy({ credentials: CREDENTIALS }, async ({ url }) => {
        const { code, stdout } = await cli(folder, ['check'], { HTTP_PROXY: withPassword(url) })
        expect([code, stdout]).toEqual([0, expect.stringContaining(`proxy: requests go through ${url.host}\n`)])
      })
      await withProxy({ credentials: 'me:another' }, async ({ url }) => {
        const { code, stdout, stderr } = await cli(folder, ['check'], { HTTP_PROXY: withPassword(url) })
        expect(code).toBe(3)
        expect(stdout).toContain(`GET /token_information through the proxy ${url.host}: the proxy answers 407`)
        expect(stdout).toContain('Check the user and the password in HTTPS_PROXY or HTTP_PROXY.')
        expect(stdout + stderr).not.toContain(PASSWORD)
      })
    }),
  )
})

test('a proxy that the program cannot use is an error of the configuration: exit 2, and nothing is contacted', async () => {
  await withStore(simulator =>
    configured(simulator, simulator.url, async folder => {
      const { code, stderr } = await cli(folder, SYNC, { HTTP_PROXY: `socks5://${CREDENTIALS}@127.0.0.1:1080` })
      expect(code).toBe(2)
      expect(stderr).toContain('HTTP_PROXY: a proxy of the kind socks5: cannot be used')
      expect(stderr).not.toContain(PASSWORD)
      expect(simulator.requests).toEqual([])
    }),
  )
})
