import { SourceError } from '../common/errors.ts'

const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]+)/i
const NEXT = 'Nothing of it was loaded. Run again; if this persists, look for a proxy that changes Content-Type.'

/**
 * The body in UTF-8, if its Content-Type declares another character set; null: it is in UTF-8 as it is.
 * @throws {SourceError} `truncated`: the character set is not known, or the body is not in it.
 */
export function toUtf8(body: Buffer, contentType: string | null, where: string): Buffer | null {
  const charset = CHARSET.exec(contentType ?? '')?.[1]?.toLowerCase()
  if (charset === undefined || charset === 'utf-8' || charset === 'utf8') return null
  try {
    return Buffer.from(new TextDecoder(charset, { fatal: true }).decode(body))
  } catch (error) {
    const why = error instanceof RangeError ? 'is not known' : 'is not that of the body'
    throw new SourceError('truncated', `${where}: status 200, but the character set ${charset} ${why}`, {
      next: NEXT,
      cause: error,
    })
  }
}
