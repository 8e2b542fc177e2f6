import { day, instant, int, references, required, text } from '../src/schema/column.ts'
import { stream } from '../src/schema/define.ts'

export default stream({
  name: 'bundle_selection_preset_schedules',
  singular: 'bundle_selection_preset_schedule',
  doc: 'One collection that a bundle may be filled from, for a range of days.',
  // Path, parameters and members as in Recharge's own demo of this API [client]. Without a bundle product the API lists none.
  path: '/bundle_selections/preset_schedules',
  list: 'bundle_selection_preset_schedules',
  sort: 'created_at-asc',
  // The bundle products have to be listed first, so without their scope no request is sent. Which scope the schedules need
  // beside it is not known [unknown].
  scopes: ['read_bundle_products'],
  plan: 'presets for bundles',
  optional: true,
  key: 'id',
  parent: { stream: 'bundle_products', as: 'bundle_product_id', parameter: true },
  sync: { mode: 'full' },
  deletions: { absence: 'scan' },
  columns: {
    id: required(int('Recharge id of the schedule.')),
    bundle_product_id: references('bundle_products', int('Id of the bundle product that is filled.')),
    // Not in the demo; the list is sorted by it, and every other resource has both [inferred].
    created_at: instant('When the schedule was created.'),
    // Sent as a date or as a date-time; the day is meant [client].
    end_date: day('Last day of the range.'),
    external_collection_id: text('Id of the collection in the commerce platform.'),
    start_date: day('First day of the range, such as the Monday of a week.'),
    updated_at: instant('When the schedule last changed.'),
  },
})
