import { expect, test } from 'vitest'
import { deliver, serviceOf } from '../../src/cli/notify/http-target.ts'
import { withListener } from '../support/listener.ts'
import { withProxy } from '../support/proxy.ts'

const post = (url: string, proxy: string | null) => {
  const proxies = proxy === null ? null : { https: null, http: proxy, no: '' }
  const outgoing = { method: 'POST', headers: {}, body: 'what happened' } as const
  return deliver(serviceOf('webhook', 'notify.webhook.url', new URL(url)), new URL(url), outgoing, proxies)
}

test('what is told goes through the proxy, with its body, and one that refuses is named', async () => {
  await withListener(listener =>
    withProxy({ credentials: 'me:hunter22' }, async ({ url, requests }) => {
      const proxy = new URL(url)
      const refused = await post(`${listener.url}/hook`, proxy.href)
      expect(refused).toMatchObject({ code: 'proxy', message: expect.stringContaining('407') })
      expect(listener.heard).toEqual([])
      proxy.username = 'me'
      proxy.password = 'hunter22'
      expect(await post(`${listener.url}/hook`, proxy.href)).toBeNull()
      expect(requests.at(-1)).toBe(`POST ${listener.url}/hook`)
      expect(listener.heard.map(({ path, body }) => [path, body])).toEqual([['/hook', 'what happened']])
    }),
  )
})

test('a redirect is not followed, a refusal is not repeated, and what stands before the host is sent as a header', async () => {
  await withListener(async listener => {
    listener.answer('/moved', response => response.writeHead(302, { Location: `${listener.url}/elsewhere` }).end())
    listener.answer('/gone', response => response.writeHead(410).end('no such hook'))
    const withUser = listener.url.replace('://', '://me:p%40ss@')
    expect(await post(`${withUser}/moved`, null)).toMatchObject({ code: 'redirected' })
    expect(await post(`${listener.url}/gone`, null)).toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/^webhook 127\.0\.0\.1:\d+ answered 410: no such hook$/),
    })
    expect(listener.heard.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/moved', `Basic ${Buffer.from('me:p@ss').toString('base64')}`],
      ['/gone', undefined],
    ])
  })
})
