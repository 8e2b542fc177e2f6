import type { ServerResponse } from 'node:http'
import type { Fault } from '../faults.ts'
import type { Store } from '../store.ts'
import { type Answer, linkHeader } from './answer.ts'
import type { Bucket } from './bucket.ts'

export interface Delivery {
  readonly response: ServerResponse
  readonly version: string
  readonly requestId: string
  readonly bucket: Bucket
  readonly store: Store
  readonly origin: string
}

/** Sends an answer, unless the fault is one of the connection. */
export function send(
  delivery: Delivery,
  answer: Answer,
  fault: Fault | undefined,
  seen: { status: number; records: number },
): void {
  const { response } = delivery
  // A client that has gone receives nothing, and no page is counted as sent.
  if (fault?.kind === 'hang' || response.destroyed) return
  if (fault?.kind === 'reset') {
    response.socket?.resetAndDestroy()
    return
  }
  seen.status = answer.status
  seen.records = answer.page?.rows.length ?? 0
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
  response.sendDate = false
  response.writeHead(answer.status, { ...headers(delivery, answer, fault), 'content-length': body.length })
  if (fault?.kind === 'truncate') {
    response.write(body.subarray(0, body.length >> 1), () => response.socket?.destroy())
    return
  }
  response.end(body)
}

function headers(delivery: Delivery, answer: Answer, fault: Fault | undefined): Record<string, string> {
  const { version, requestId, bucket, store, origin } = delivery
  const link = answer.page ? linkHeader(answer.page, origin) : undefined
  const off = fault?.kind === 'skew' ? fault.ms : 0
  return {
    'content-type': 'application/json',
    // Dates come from the store's clock, so that a reader's idea of "now" can be tested.
    date: new Date(store.now().getTime() + off).toUTCString(),
    'x-request-id': requestId,
    'x-recharge-limit': bucket.header,
    'x-recharge-version': fault?.kind === 'version' ? fault.version : version,
    ...(link ? { link } : {}),
    ...answer.headers,
  }
}
