import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
const found = NAMES.find(name => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0)

/** Why no browser can be started here; null: one can. */
export const NO_BROWSER: string | null =
  found === undefined ? `none of ${NAMES.join(', ')} is installed: the tests in a browser did not run` : null
if (NO_BROWSER) console.log(NO_BROWSER)

export interface Viewport {
  readonly width: number
  readonly scheme: 'light' | 'dark'
}

/** A page in a browser, and what happened while it was loaded and used. */
export interface Opened {
  readonly page: Page
  /** Messages of the console, and errors. */
  readonly messages: readonly string[]
  /** Addresses that were requested, but for the page itself. */
  readonly requests: readonly string[]
}

/** Starts a browser that is closed with the callback. */
export async function withBrowser<T>(work: (browser: Browser) => Promise<T>): Promise<T> {
  // Without a sandbox: in a container chromium has none as root.
  const browser = await chromium.launch({ executablePath: executable(), args: ['--no-sandbox'] })
  try {
    return await work(browser)
  } finally {
    await browser.close()
  }
}

function executable(): string {
  const { stdout } = spawnSync('sh', ['-c', `command -v ${found}`], { encoding: 'utf8' })
  return stdout.trim()
}

/** Opens a file as a web server gives it: so a browser would also ask for an icon. */
export async function withPage<T>(
  browser: Browser,
  file: string,
  { width, scheme }: Viewport,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const body = readFileSync(file)
  const server = createServer((request, response) => {
    if (request.url === '/') response.setHeader('content-type', 'text/html; charset=utf-8').end(body)
    else response.writeHead(404).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme })
  const messages: string[] = []
  const requests: string[] = []
  page.on('console', message => messages.push(message.text()))
  page.on('pageerror', error => messages.push(error.message))
  page.on('request', request => {
    if (request.url() !== address) requests.push(request.url())
  })
  try {
    await page.goto(address, { waitUntil: 'load' })
    return await work({ page, messages, requests })
  } finally {
    await page.close()
    server.close()
  }
}
