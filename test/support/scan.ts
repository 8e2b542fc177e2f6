import { CellWriter } from '../../src/common/cell-writer.ts'
import type { JsonMembers } from '../../src/common/json-body.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { FieldIndex } from '../../src/transform/scanner/field-index.ts'
import { scanPage } from '../../src/transform/scanner/page-scanner.ts'
import { recordScanner } from '../../src/transform/scanner/record-scanner.ts'
import { runSync } from '../../src/transform/yield-to-event-loop.ts'

/** The scanner's result for a body without the parser: its members, and whether each record was scanned; null: no result. */
export function scanBody(
  stream: Stream,
  body: Buffer,
): { readonly members: JsonMembers; readonly scanned: readonly boolean[] } | null {
  const scan = recordScanner(stream)
  if (scan === null) throw new Error(`${stream.name} has no scanner`)
  const fields = new FieldIndex()
  const writer = new CellWriter()
  const scanned: boolean[] = []
  fields.json.open(body)
  const members = runSync(
    scanPage(fields.json, stream.list, at => {
      const record = scan(fields, at, writer)
      scanned.push(record !== null)
      return record === null ? fields.json.pastValue(at) : fields.ended
    }),
  )
  return members === null ? null : { members, scanned }
}
