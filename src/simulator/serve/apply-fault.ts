import type { Fault, RequestSeen } from '../faults.ts'
import { type Answer, type Page, pageAnswer } from './answer.ts'

/** The answer after a fault has changed it. @param last the page that the same path gave before. */
export function applyFault(answer: Answer, fault: Fault, request: RequestSeen, last: Page | undefined): Answer {
  switch (fault.kind) {
    case 'status':
      return {
        status: fault.status,
        body: typeof fault.body === 'string' ? fault.body : fault.body === undefined ? '' : JSON.stringify(fault.body),
        headers: fault.headers ?? {},
      }
    case 'body':
      return { status: 200, body: JSON.stringify(fault.body) }
    case 'empty':
      return { status: 200, body: '' }
    case 'malformed':
      return { status: 200, body: answer.body.slice(0, Math.ceil(answer.body.length / 2)) }
    case 'rewrite': {
      const { status, headers = {}, page } = answer
      const given = { status, headers, body: Buffer.from(answer.body) }
      return { ...given, ...fault.rewrite(given, request), ...(page ? { page } : {}) }
    }
    case 'noCursor':
    case 'emptyPage':
    case 'repeatPage':
      return answer.page ? applyToPage(answer.page, fault, last) : answer
    default:
      // The other faults change headers or the connection; `delivery.ts` applies those.
      return answer
  }
}

function applyToPage(
  page: Page,
  fault: Extract<Fault, { kind: 'noCursor' | 'emptyPage' | 'repeatPage' }>,
  last: Page | undefined,
): Answer {
  if (fault.kind === 'noCursor') return pageAnswer({ ...page, next: null })
  if (fault.kind === 'emptyPage') return pageAnswer({ ...page, rows: [], next: page.here })
  if (!last) return pageAnswer(page)
  return pageAnswer(fault.pointer === 'previous' ? last : { ...page, rows: last.rows })
}
