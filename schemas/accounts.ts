import { flag, instant, int, required } from '../src/schema/column.ts'
import { stream } from '../src/schema/define.ts'

export default stream({
  name: 'accounts',
  singular: 'account',
  doc: 'One member of staff who has access to the store.',
  path: '/accounts',
  list: 'accounts',
  scopes: ['read_accounts'],
  key: 'id',
  sync: { mode: 'full' },
  deletions: { absence: 'scan' },
  columns: {
    id: required(int('Recharge id of the account.')),
    user_id: int('Id of the user behind the account.'),
    created_at: instant('When the account was created.'),
    invited_at: instant('When the user was invited.'),
    is_owner: flag('Whether this account owns the store.'),
  },
})
