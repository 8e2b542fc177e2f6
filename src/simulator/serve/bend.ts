import type { Fault } from '../faults.ts'
import { type Answer, type Page, pageAnswer } from './answer.ts'

/** What a fault makes of the answer that would have gone out. `last` is the page served before from the same path. */
export function bend(answer: Answer, fault: Fault, last: Page | undefined): Answer {
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
    case 'noCursor':
    case 'emptyPage':
    case 'repeatPage':
      return answer.page ? bendPage(answer.page, fault, last) : answer
    default:
      // The rest happens to the headers or to the connection, not to what is said.
      return answer
  }
}

function bendPage(
  page: Page,
  fault: Extract<Fault, { kind: 'noCursor' | 'emptyPage' | 'repeatPage' }>,
  last: Page | undefined,
): Answer {
  if (fault.kind === 'noCursor') return pageAnswer({ ...page, next: null })
  if (fault.kind === 'emptyPage') return pageAnswer({ ...page, rows: [], next: page.here })
  if (!last) return pageAnswer(page)
  return pageAnswer(fault.pointer === 'previous' ? last : { ...page, rows: last.rows })
}
