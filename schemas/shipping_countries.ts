import { int, required, text } from '../src/schema/column.ts'
import { child, stream } from '../src/schema/define.ts'

export default stream({
  name: 'shipping_countries',
  singular: 'shipping_country',
  doc: 'One country that the store ships to.',
  version: '2021-01',
  path: '/shop/shipping_countries',
  list: 'shipping_countries',
  pagination: 'whole',
  scopes: ['store_info', 'read_store'],
  optional: true,
  key: 'id',
  sync: { mode: 'full' },
  deletions: { absence: 'scan' },
  columns: {
    id: required(int('Recharge id of the entry.')),
    code: text('Country as two ISO letters.'),
    country_id: int('Recharge id of the country itself.'),
    name: text('Name of the country.'),
  },
  children: {
    provinces: child({
      doc: 'States or provinces of the country.',
      from: 'provinces',
      columns: {
        id: int('Recharge id of the province.'),
        code: text('Short code of the province, such as BC.'),
        name: text('Name of the province.'),
      },
    }),
  },
})
