import { computed, fivetranView, from } from '../../../src/schema/fivetran-view.ts'
import charges from '../../charges.ts'

export default fivetranView({
  name: 'checkout',
  doc: 'One row for each charge, with its currency. The API has no list of checkouts; models that join a checkout to its charge get the currency from here.',
  of: charges,
  gone: 'left out',
  grain: ['token'],
  columns: {
    token: computed(
      'text',
      'Made of the id of the charge; not the token of a real checkout.',
      "'charge-' || cast(t.id as text)",
    ),
    charge_id: from('id'),
    currency: from('currency'),
  },
})
