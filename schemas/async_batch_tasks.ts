import { instant, int, json, mentions, oneOf, references, required, text } from '../src/schema/column.ts'
import { stream } from '../src/schema/define.ts'

export default stream({
  name: 'async_batch_tasks',
  singular: 'async_batch_task',
  doc: 'One operation of a bulk job, with its request and its outcome.',
  path: '/async_batches/{batch_id}/tasks',
  // One client only, no recorded answer [inferred].
  list: 'async_batch_tasks',
  scopes: ['read_batches'],
  key: 'id',
  parent: { stream: 'async_batches', as: 'batch_id' },
  sync: { mode: 'full' },
  deletions: { absence: 'scan' },
  columns: {
    id: required(int('Recharge id of the task.')),
    batch_id: references('async_batches', int('Id of the batch that the task belongs to.')),
    body: mentions(json('What the task asks for; its shape follows the batch_type of the batch.')),
    completed_at: instant('When the task finished, successfully or not.'),
    created_at: instant('When the task was added to its batch.'),
    deleted_at: instant('When the task was deleted.'),
    queued_at: instant('When the task was queued for work.'),
    result: mentions(json('What the operation answered.')),
    started_at: instant('When work on the task began.'),
    status: oneOf(['pending', 'processing', 'success', 'failed'], text('Progress of the task.')),
    updated_at: instant('When the task last changed.'),
  },
})
