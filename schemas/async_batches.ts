import { instant, int, oneOf, required, text } from '../src/schema/column.ts'
import { stream } from '../src/schema/define.ts'

export default stream({
  name: 'async_batches',
  singular: 'async_batch',
  doc: 'One bulk job: many operations of one kind, sent together and worked off in the background.',
  path: '/async_batches',
  list: 'async_batches',
  // It has no filter by time and no order by updated_at. Sorted by id, because an id does not change while the pages are read.
  sort: 'id-asc',
  scopes: ['read_batches'],
  key: 'id',
  sync: { mode: 'full' },
  deletions: { absence: 'scan' },
  columns: {
    id: required(int('Recharge id of the batch.')),
    batch_type: text('Kind of operation, such as discount_create, bulk_plans_update or onetime_delete.'),
    closed_at: instant('When all work on the batch was finished.'),
    created_at: instant('When the batch was created.'),
    deleted_at: instant('When the batch was deleted.'),
    fail_task_count: int('Number of tasks that failed.'),
    status: oneOf(['not_started', 'processing', 'completed', 'failed'], text('Progress of the batch.')),
    submitted_at: instant('When the batch was handed over for work.'),
    success_task_count: int('Number of tasks that succeeded.'),
    total_task_count: int('Number of tasks in the batch, at most 10000.'),
    updated_at: instant('When the batch last changed.'),
    version: text('API version that the tasks are run under.'),
  },
})
