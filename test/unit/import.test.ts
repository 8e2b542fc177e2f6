import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importable } from '../../src/cli/commands/import.ts'
import { ConfigError } from '../../src/common/errors.ts'
import { type FileItem, readRecords } from '../../src/jobs/import/csv-records.ts'
import { mayBePastRetention } from '../../src/jobs/import/retention.ts'
import { headerKey } from '../../src/schema/export.ts'
import { withFolder } from '../support/destinations.ts'

const charges = importable('charges')

async function read(content: string | Uint8Array): Promise<FileItem[]> {
  return withFolder(async folder => {
    const file = join(folder, 'charges.csv')
    writeFileSync(file, content)
    const all: FileItem[] = []
    for await (const item of readRecords(charges, file)) all.push(item)
    return all
  })
}

const records = async (content: string): Promise<unknown[]> =>
  JSON.parse(JSON.stringify((await read(content)).flatMap(piece => (piece.kind === 'record' ? [piece.record] : []))))

async function refusal(content: string | Uint8Array): Promise<string> {
  const error = await read(content).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ConfigError)) throw error ?? new Error('the file was accepted')
  return error.problems.map(({ line, message }) => `@${line}: ${message}`).join('\n')
}

describe('the form of the file', () => {
  const EXPECTED = [
    { id: '1', note: 'a, "b"\nc', updated_at: '2023-01-01' },
    { id: '2', note: 'plain', updated_at: '2023-01-02' },
  ]
  const ROWS = ['id,note,updated_at', '1,"a, ""b""\nc",2023-01-01', '2,plain,2023-01-02']

  test.each([
    ['ends of lines as on Unix', ROWS.join('\n')],
    ['ends of lines as on Windows', `${ROWS.join('\r\n')}\r\n`],
    ['both in one file', `${ROWS[0]}\r\n${ROWS[1]}\n${ROWS[2]}\r\n`],
    ['a byte order mark', `\u{feff}${ROWS.join('\r\n')}`],
    ['empty lines', `${ROWS.join('\n\n')}\n\n\n`],
    ['every field quoted', '"id","note","updated_at"\n"1","a, ""b""\nc","2023-01-01"\n"2","plain","2023-01-02"'],
    ['spaces and empty fields', `${ROWS.map((row, i) => `${row},${i === 0 ? 'tags' : '  '}`).join('\n')}\n`],
  ])('%s', async (_what, content) => {
    expect(await records(content)).toEqual(EXPECTED)
  })

  test('a character that lies across two chunks of the file is read as one', async () => {
    const note = 'é🫖'.repeat(40_000)
    expect(await records(`id,note,updated_at\n1,x${note},2023-01-01\n`)).toEqual([
      { id: '1', note: `x${note}`, updated_at: '2023-01-01' },
    ])
  })

  test.each([
    ['a quote that is never closed', 'id,note,updated_at\n1,ok,2023-01-01\n2,"open,2023-01-02\n', /^@\d+: .*quote/i],
    [
      'another character set',
      Buffer.from('id,note,updated_at\n1,caf\xe9,2023-01-01\n', 'latin1'),
      /^@null: is not UTF-8/,
    ],
    ['UTF-16', Buffer.from('\u{feff}id,updated_at\n1,2023-01-01\n', 'utf16le'), /^@null: is not UTF-8/],
    ['nothing', '', /^@null: is empty/],
    [
      'no key column',
      'note,updated_at\nx,2023-01-01\n',
      /^@1: has no column for id: one of charge_id, .*The file has note, updated_at.*rename/,
    ],
    [
      'no time of change',
      'charge_id,note\n1,x\n',
      /^@1: has no column for updated_at: one of updated_at, .*processed_at/,
    ],
    [
      'a column twice',
      'Charge ID,updated_at,charge_id\n1,2023-01-01,2\n',
      /^@1: has the column charge_id twice; remove/,
    ],
  ])('%s is refused with the line and the next step', async (_what, content, message) => {
    expect(await refusal(content)).toMatch(message)
  })

  test('a field that never ends does not fill the memory', async () => {
    expect(await refusal(`id,note,updated_at\n1,"${'x'.repeat(9 * 1024 * 1024)}`)).toMatch(
      /^@2: .*record size.*export the file again/i,
    )
  })

  test('a missing file is named', async () => {
    const reading = readRecords(charges, '/nowhere/charges.csv').next()
    await expect(reading).rejects.toThrow('/nowhere/charges.csv: there is no such file')
  })
})

describe('columns', () => {
  test.each(['charge_id', 'Charge ID', ' CHARGE  id ', 'charge-id', 'Charge.Id', '"charge_id"'])(
    '%j is charge_id',
    header => {
      expect(headerKey(header)).toBe('charge_id')
    },
  )

  test('values are at the paths of the API, in lower case where 2021-11 writes them so', async () => {
    const content =
      'Charge ID,Email,Charge Status,Billing City,Shopify Order ID,Processed At\n7,a@b.c,SUCCESS,Graz,55,2023-01-01\n'
    expect(await records(content)).toEqual([
      {
        id: '7',
        customer: { email: 'a@b.c' },
        status: 'success',
        billing_address: { city: 'Graz' },
        external_order_id: { ecommerce: '55' },
        processed_at: '2023-01-01',
        updated_at: '2023-01-01',
      },
    ])
  })

  test('of several headers for one column the first with a value is taken, row by row', async () => {
    const content = 'id,processed_at,updated_at\n1,2023-01-01,2023-02-01\n2,2023-01-02,\n'
    expect((await records(content)).map(record => (record as { updated_at: string }).updated_at)).toEqual([
      '2023-02-01',
      '2023-01-02',
    ])
  })

  test('a column that is not declared is named and kept in a member of its own', async () => {
    const content = 'id,updated_at,Memo,__proto__,customer,Empty\n1,2023-01-01,hello,odd,ours,\n'
    const [layout, record] = await read(content)
    expect(layout?.kind === 'layout' && layout.layout.unknown.map(({ header }) => header)).toEqual([
      'Memo',
      '__proto__',
      'customer',
      'Empty',
    ])
    expect(JSON.stringify(record?.kind === 'record' && record.record)).toBe(
      '{"id":"1","updated_at":"2023-01-01","export":{"Memo":"hello","__proto__":"odd","customer":"ours"}}',
    )
  })

  test('a key that occurs twice is loaded once, and the other row is rejected', async () => {
    const all = await read('id,note,updated_at\n1,a,2023-01-01\n2,b,2023-01-01\n01x,c,2023-01-01\n1,d,2023-01-01\n')
    expect(all.map(({ kind }) => kind)).toEqual(['layout', 'record', 'record', 'reject', 'record'])
    expect(all[3]).toMatchObject({ reject: { key: '1', record: '["1","d","2023-01-01"]' } })
  })

  test('a row of another length than the header is rejected', async () => {
    const all = await read('id,note,updated_at\n1,a\n2,b,2023-01-01\n')
    expect(all[1]).toMatchObject({
      kind: 'reject',
      reject: { key: '1', reason: 'the row has 2 fields and the header has 3' },
    })
    expect(all[2]).toMatchObject({ kind: 'record' })
  })
})

describe('a row for each line', () => {
  const HEADER = 'charge_id,updated_at,total_price,line_item_title,line_item_quantity\n'

  test('consecutive rows of one charge are one record with its lines in order', async () => {
    const content = `${HEADER}1,2023-01-01,5,Tea,1\n1,2023-01-01,5,Cup,2\n2,2023-01-01,7,,\n3,2023-01-01,9,Pot,1\n`
    expect(await records(content)).toEqual([
      {
        id: '1',
        updated_at: '2023-01-01',
        total_price: '5',
        line_items: [
          { title: 'Tea', quantity: '1' },
          { title: 'Cup', quantity: '2' },
        ],
      },
      { id: '2', updated_at: '2023-01-01', total_price: '7', line_items: [] },
      { id: '3', updated_at: '2023-01-01', total_price: '9', line_items: [{ title: 'Pot', quantity: '1' }] },
    ])
  })

  test('rows of one charge that are not consecutive are refused: a part of the lines would be loaded as all', async () => {
    const content = `${HEADER}1,2023-01-01,5,Tea,1\n2,2023-01-01,7,Cup,1\n1,2023-01-01,5,Pot,1\n`
    expect(await refusal(content)).toMatch(/^@4: the rows of 1 do not follow one another.*sort/)
  })

  test('a row of another length than the header is refused', async () => {
    expect(await refusal(`${HEADER}1,2023-01-01,5,Tea,1\n1,2023-01-01,5,Pot\n`)).toMatch(
      /^@3: the row has 4 fields and the header has 5/,
    )
  })

  test('rows without a key are not one charge', async () => {
    const found = await records(`${HEADER},2023-01-01,5,Tea,1\n,2023-01-01,5,Pot,1\n`)
    expect(found).toHaveLength(2)
  })
})

test.each([
  [{ status: 'success' }, true],
  [{ status: 'partially_refunded', processed_at: '' }, true],
  [{ status: 'queued', processed_at: '2023-01-01' }, false],
  [{ status: 'error' }, false],
  [{ processed_at: '2023-01-01' }, true],
  [{ status: ' ', scheduled_at: '2023-01-01' }, false],
  [{}, false],
])('whether %j may be past the retention: %s', (record, expected) => {
  expect(mayBePastRetention(charges, record)).toBe(expected)
})

test('a stream that cannot be imported is named with those that can', () => {
  expect(() => importable('charge')).toThrow('charge cannot be imported, only charges; did you mean charges?')
  expect(() => importable('orders')).toThrow('orders cannot be imported, only charges')
})
