import type { StoreRecord } from '../../src/simulator/record.ts'
import { easternText } from '../../src/simulator/time.ts'

const HEADER = [
  'Charge ID',
  'Customer ID',
  'Email',
  'Charge Status',
  'Processed At',
  'Updated At',
  'Total Price',
  'Line Item Title',
  'Line Item Quantity',
  'Line Item Price',
  'Warehouse Memo',
]

type Line = Readonly<Record<string, unknown>>

/** An export of charges as the merchant portal may write it: one line for each line item, status in capitals, times without offset. */
export function chargesCsv(charges: readonly StoreRecord[], eol: '\n' | '\r\n' = '\r\n'): string {
  const rows = charges.flatMap(charge => {
    const customer = charge.customer as Line
    const lines = charge.line_items as readonly Line[]
    return (lines.length > 0 ? lines : [{}]).map((line: Line) => [
      charge.id,
      customer.id,
      customer.email,
      String(charge.status).toUpperCase(),
      wall(charge.processed_at),
      wall(charge.updated_at),
      charge.total_price,
      line.title === undefined ? '' : `${line.title}, "as ordered"\nsecond line`,
      line.quantity,
      line.unit_price,
      'kept',
    ])
  })
  return `\u{feff}${[HEADER, ...rows].map(row => row.map(quoted).join(',')).join(eol)}${eol}`
}

const wall = (at: unknown): string => (typeof at === 'string' ? easternText(Date.parse(at)).replace('T', ' ') : '')

function quoted(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
