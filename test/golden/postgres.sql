create schema "recharge";
create table "recharge"."_sync_checkpoints" (
  "stream" text not null,
  "version" bigint not null,
  "watermark" timestamptz,
  "walk" jsonb,
  "shape" text,
  "writer" text,
  "swept" timestamptz,
  "committed_at" timestamptz,
  "counts" jsonb,
  "report" jsonb,
  "rows" bigint,
  "child_rows" jsonb,
  "lost" jsonb,
  "complete_from" timestamptz, constraint "_sync_checkpoints_pkey" primary key ("stream"));
comment on table "recharge"."_sync_checkpoints" is 'Checkpoint of each stream: how far it has been read. Written in the same transaction as the rows.';
comment on column "recharge"."_sync_checkpoints"."stream" is 'Name of the stream.';
comment on column "recharge"."_sync_checkpoints"."version" is 'Number of commits. A commit states the version that it replaces.';
comment on column "recharge"."_sync_checkpoints"."watermark" is 'Every record changed at or before this is in the tables.';
comment on column "recharge"."_sync_checkpoints"."walk" is 'A scan that has not ended: its segments, and how far each was read.';
comment on column "recharge"."_sync_checkpoints"."shape" is 'Hash of the schema of the tables that the last commit wrote to.';
comment on column "recharge"."_sync_checkpoints"."writer" is 'The run that made the last commit.';
comment on column "recharge"."_sync_checkpoints"."swept" is 'When the last list snapshot that ended began.';
comment on column "recharge"."_sync_checkpoints"."committed_at" is 'When the last page of the last commit was read.';
comment on column "recharge"."_sync_checkpoints"."counts" is 'How many records of the last commit were added, changed, unchanged, older, deleted and rejected.';
comment on column "recharge"."_sync_checkpoints"."report" is 'Report of the last run about the stream.';
comment on column "recharge"."_sync_checkpoints"."rows" is 'Rows that the commits have left in the table of the stream, deleted ones included.';
comment on column "recharge"."_sync_checkpoints"."child_rows" is 'The same for the tables of its lists, by table.';
comment on column "recharge"."_sync_checkpoints"."lost" is 'Tables and columns that were dropped and made again since the last commit.';
comment on column "recharge"."_sync_checkpoints"."complete_from" is 'Every record from here on, up to the watermark, is in the tables, but for those in _sync_gaps; 1970-01-01: from the first record on. Counted by processed_at of charges that were processed, by created_at of events, by the cursor of the others. Null until a first scan has ended.';
create table "recharge"."_sync_runs" (
  "run" text not null,
  "started_at" timestamptz not null,
  "finished_at" timestamptz,
  "outcome" text not null,
  "report" jsonb not null, constraint "_sync_runs_pkey" primary key ("run"));
comment on table "recharge"."_sync_runs" is 'One row for each run that wrote to this destination.';
comment on column "recharge"."_sync_runs"."run" is 'Identifier of the run; sorts by time.';
comment on column "recharge"."_sync_runs"."started_at" is 'When the run began.';
comment on column "recharge"."_sync_runs"."finished_at" is 'When the run ended; null while it goes on, and of one that was killed.';
comment on column "recharge"."_sync_runs"."outcome" is 'complete, failed or interrupted; running while it goes on, and of one that was killed.';
comment on column "recharge"."_sync_runs"."report" is 'Report of the run, with all its streams.';
create table "recharge"."_sync_reconciliations" (
  "run" text not null,
  "stream" text not null,
  "reconciled_at" timestamptz not null,
  "method" text not null,
  "bucket" text not null,
  "source_count" bigint not null,
  "warehouse_count" bigint not null,
  "agrees" boolean not null,
  "missing" bigint not null,
  "changed" bigint not null,
  "gone" bigint not null,
  "repaired" bigint not null,
  "keys" jsonb not null, constraint "_sync_reconciliations_pkey" primary key ("run",
  "stream",
  "method",
  "bucket"));
comment on table "recharge"."_sync_reconciliations" is 'Results of reconcile: the source compared with the tables, by stream and bucket.';
comment on column "recharge"."_sync_reconciliations"."run" is 'Identifier of the run; sorts by time.';
comment on column "recharge"."_sync_reconciliations"."stream" is 'Name of the stream.';
comment on column "recharge"."_sync_reconciliations"."reconciled_at" is 'When the comparison of the stream ended.';
comment on column "recharge"."_sync_reconciliations"."method" is 'count: a count of the API is compared with one in SQL. records: every record is compared, value by value.';
comment on column "recharge"."_sync_reconciliations"."bucket" is 'all; a month of creation as YYYY-MM; undated: records without one; or a value of the column counted by.';
comment on column "recharge"."_sync_reconciliations"."source_count" is 'Records at the source, without those it may have forgotten.';
comment on column "recharge"."_sync_reconciliations"."warehouse_count" is 'Rows not marked as deleted, without those the source may have forgotten.';
comment on column "recharge"."_sync_reconciliations"."agrees" is 'Whether source and tables agreed, before any repair.';
comment on column "recharge"."_sync_reconciliations"."missing" is 'Records that the tables lacked.';
comment on column "recharge"."_sync_reconciliations"."changed" is 'Records whose row, or a row of one of their lists, had other values.';
comment on column "recharge"."_sync_reconciliations"."gone" is 'Rows whose record the source did not list.';
comment on column "recharge"."_sync_reconciliations"."repaired" is 'How many of those three were repaired.';
comment on column "recharge"."_sync_reconciliations"."keys" is 'Keys of those three, the first thousand of each.';
create table "recharge"."_sync_rejects" (
  "fingerprint" text not null,
  "stream" text not null,
  "key" text,
  "path" text not null,
  "reason" text not null,
  "record" jsonb not null,
  "source" text,
  "changed_at" timestamptz,
  "rejected_at" timestamptz not null,
  "seen_at" timestamptz,
  "run" text not null, constraint "_sync_rejects_pkey" primary key ("fingerprint"));
comment on table "recharge"."_sync_rejects" is 'Records that could not be loaded, as received. A row is deleted when its record loads in the same or a newer version.';
comment on column "recharge"."_sync_rejects"."fingerprint" is 'SHA-256 of stream, path and record, so that each reject is kept once.';
comment on column "recharge"."_sync_rejects"."stream" is 'Stream that the record came from.';
comment on column "recharge"."_sync_rejects"."key" is 'Key of the record; null where it has none.';
comment on column "recharge"."_sync_rejects"."path" is 'Path of the value that could not be loaded.';
comment on column "recharge"."_sync_rejects"."reason" is 'Why the value cannot be loaded without loss.';
comment on column "recharge"."_sync_rejects"."record" is 'The record as received.';
comment on column "recharge"."_sync_rejects"."source" is '`export` for a record from an imported file; null for one from the API.';
comment on column "recharge"."_sync_rejects"."changed_at" is 'When the record last changed; null where it does not say.';
comment on column "recharge"."_sync_rejects"."rejected_at" is 'When the record was first rejected.';
comment on column "recharge"."_sync_rejects"."seen_at" is 'When the record was last rejected.';
comment on column "recharge"."_sync_rejects"."run" is 'The run that first rejected it.';
create table "recharge"."_sync_seen" (
  "stream" text not null,
  "walk" text not null,
  "what" text not null,
  "key" text not null, constraint "_sync_seen_pkey" primary key ("stream",
  "walk",
  "what",
  "key"));
comment on table "recharge"."_sync_seen" is 'Keys that the scan under way, or the last list snapshot, has read: rows it did not read can be deleted. Not for analysts.';
comment on column "recharge"."_sync_seen"."stream" is 'Name of the stream.';
comment on column "recharge"."_sync_seen"."walk" is 'The scan or list snapshot, named by the instant just before it began.';
comment on column "recharge"."_sync_seen"."what" is 'record; part: a list read to its end; unknown: a record without a key; doubt: a scan that read too few rows; swept: a list snapshot that ended; loss: a scan whose loss is to be confirmed.';
comment on column "recharge"."_sync_seen"."key" is 'Key of the record or name of the part; empty for the others.';
create table "recharge"."_sync_tombstones" (
  "type" text not null,
  "key" text not null,
  "event" text not null,
  "happened_at" timestamptz not null,
  "noted_at" timestamptz not null, constraint "_sync_tombstones_pkey" primary key ("type",
  "key"));
comment on table "recharge"."_sync_tombstones" is 'Records that an event has reported as deleted. A row stays until the next scan of the stream marks the record or reads it.';
comment on column "recharge"."_sync_tombstones"."type" is 'Kind of record, as the event names it.';
comment on column "recharge"."_sync_tombstones"."key" is 'Key of the record.';
comment on column "recharge"."_sync_tombstones"."event" is 'Key of the event.';
comment on column "recharge"."_sync_tombstones"."happened_at" is 'When the event says that it happened.';
comment on column "recharge"."_sync_tombstones"."noted_at" is 'When the event was read.';
create table "recharge"."_sync_gaps" (
  "stream" text not null,
  "from" timestamptz not null,
  "to" timestamptz not null,
  "found_at" timestamptz not null,
  "run" text not null, constraint "_sync_gaps_pkey" primary key ("stream",
  "from"));
comment on table "recharge"."_sync_gaps" is 'Times whose changes the source forgot before a run read them. They cannot be read any more.';
comment on column "recharge"."_sync_gaps"."stream" is 'Name of the stream.';
comment on column "recharge"."_sync_gaps"."from" is 'The stream had been read up to here.';
comment on column "recharge"."_sync_gaps"."to" is 'From here on the source still had all changes.';
comment on column "recharge"."_sync_gaps"."found_at" is 'When a run first found the gap.';
comment on column "recharge"."_sync_gaps"."run" is 'The run that first found it.';
create table "recharge"."_sync_settings" (
  "name" text not null,
  "value" text not null, constraint "_sync_settings_pkey" primary key ("name"));
comment on table "recharge"."_sync_settings" is 'Settings of this warehouse. Whoever can read the salt can test guesses against hashed values.';
comment on column "recharge"."_sync_settings"."name" is 'salt, policies, tables, migrations or store.';
comment on column "recharge"."_sync_settings"."value" is 'salt: 32 random bytes in hex. policies: the columns that are hashed or omitted, as JSON. tables: the tables and columns that this program has made, as JSON. migrations: the columns that it has converted to another type or dropped, as JSON. store: the store that the rows are of, and a salted hash of its token.';
create table "recharge"."_sync_forgotten" (
  "mark" text not null,
  "what" text not null,
  "forgotten_at" timestamptz not null,
  "run" text not null,
  "to_rewrite" jsonb, constraint "_sync_forgotten_pkey" primary key ("mark"));
comment on table "recharge"."_sync_forgotten" is 'Persons that were forgotten, and their records. What arrives of them again is stored without what is personal.';
comment on column "recharge"."_sync_forgotten"."mark" is 'SHA-256 of the salt in _sync_settings and what is marked: an id, or an email address.';
comment on column "recharge"."_sync_forgotten"."what" is 'Name of the stream whose record it is, or email.';
comment on column "recharge"."_sync_forgotten"."forgotten_at" is 'When it was marked.';
comment on column "recharge"."_sync_forgotten"."run" is 'The run that marked it.';
comment on column "recharge"."_sync_forgotten"."to_rewrite" is 'Tables in which old bytes may still be; null: none are.';
create table "recharge"."_sync_columns" (
  "stream" text not null,
  "table_name" text not null,
  "column_name" text not null,
  "path" text not null,
  "kind" text not null,
  "added_at" timestamptz not null,
  "run" text not null, constraint "_sync_columns_pkey" primary key ("table_name",
  "column_name"));
comment on table "recharge"."_sync_columns" is 'Inferred columns: added for fields that no declaration has, with drift: evolve.';
comment on column "recharge"."_sync_columns"."stream" is 'Stream whose records have the field.';
comment on column "recharge"."_sync_columns"."table_name" is 'Table that the column is in.';
comment on column "recharge"."_sync_columns"."column_name" is 'Name of the column.';
comment on column "recharge"."_sync_columns"."path" is 'Path of the field in the record, or in the element of the list.';
comment on column "recharge"."_sync_columns"."kind" is 'Type of its values: int, rate, instant, day, flag, text or json.';
comment on column "recharge"."_sync_columns"."added_at" is 'When the column was added.';
comment on column "recharge"."_sync_columns"."run" is 'The run that added it.';
create table "recharge"."_sync_views" (
  "view_schema" text not null,
  "name" text not null,
  "hash" text not null,
  "columns" jsonb not null,
  "comment" text not null,
  "grants" jsonb not null,
  "refreshed" text, constraint "_sync_views_pkey" primary key ("view_schema",
  "name"));
comment on table "recharge"."_sync_views" is 'The views that this program has made. Not for analysts.';
comment on column "recharge"."_sync_views"."view_schema" is 'Schema that the view is in.';
comment on column "recharge"."_sync_views"."name" is 'Name of the view.';
comment on column "recharge"."_sync_views"."hash" is 'Hash of its text and of its comments; empty: it has to be made again.';
comment on column "recharge"."_sync_views"."columns" is 'Its columns in their order, each with its kind.';
comment on column "recharge"."_sync_views"."comment" is 'Its comment. A view with another one is not of this program.';
comment on column "recharge"."_sync_views"."grants" is 'Statements that give its rights again to a view that was dropped.';
comment on column "recharge"."_sync_views"."refreshed" is 'Hash of what its table was made from; null: the view has no table.';
create table "recharge"."accounts" (
  "id" bigint not null,
  "user_id" bigint,
  "created_at" timestamptz,
  "invited_at" timestamptz,
  "is_owner" boolean,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "accounts_pkey" primary key ("id"));
comment on table "recharge"."accounts" is 'One member of staff who has access to the store.';
comment on column "recharge"."accounts"."id" is 'Recharge id of the account.';
comment on column "recharge"."accounts"."user_id" is 'Id of the user behind the account.';
comment on column "recharge"."accounts"."created_at" is 'When the account was created.';
comment on column "recharge"."accounts"."invited_at" is 'When the user was invited.';
comment on column "recharge"."accounts"."is_owner" is 'Whether this account owns the store.';
comment on column "recharge"."accounts"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."accounts"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."accounts"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."accounts"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."accounts"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."addresses" (
  "id" bigint not null,
  "customer_id" bigint,
  "payment_method_id" bigint,
  "address1" text,
  "address2" text,
  "city" text,
  "company" text,
  "country_code" text,
  "created_at" timestamptz,
  "first_name" text,
  "is_gift" boolean,
  "last_name" text,
  "order_note" text,
  "phone" text,
  "presentment_currency" text,
  "province" text,
  "updated_at" timestamptz,
  "zip" text,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "addresses_pkey" primary key ("id"));
comment on table "recharge"."addresses" is 'One delivery address of a customer, which subscriptions and onetimes are shipped to.';
comment on column "recharge"."addresses"."id" is 'Recharge id of the address.';
comment on column "recharge"."addresses"."customer_id" is 'Id of the customer whose address it is. Joins to customers.id.';
comment on column "recharge"."addresses"."payment_method_id" is 'Id of the payment method that pays for what is shipped here. Joins to payment_methods.id.';
comment on column "recharge"."addresses"."address1" is 'First line of the street.';
comment on column "recharge"."addresses"."address2" is 'Second line of the street.';
comment on column "recharge"."addresses"."city" is 'City of the address.';
comment on column "recharge"."addresses"."company" is 'Company on the address.';
comment on column "recharge"."addresses"."country_code" is 'Country as two ISO letters.';
comment on column "recharge"."addresses"."created_at" is 'When the address was created.';
comment on column "recharge"."addresses"."first_name" is 'Given name on the address.';
comment on column "recharge"."addresses"."is_gift" is 'Whether the address was made to redeem gifts, and serves nothing else.';
comment on column "recharge"."addresses"."last_name" is 'Family name on the address.';
comment on column "recharge"."addresses"."order_note" is 'Note that is copied to the orders shipped here.';
comment on column "recharge"."addresses"."phone" is 'Phone number on the address, as entered.';
comment on column "recharge"."addresses"."presentment_currency" is 'ISO code of the currency that the customer is shown; null where it is that of the store.';
comment on column "recharge"."addresses"."province" is 'State or province of the address.';
comment on column "recharge"."addresses"."updated_at" is 'When the address last changed.';
comment on column "recharge"."addresses"."zip" is 'Postal code of the address.';
comment on column "recharge"."addresses"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."addresses"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."addresses"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."addresses"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."addresses"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."addresses__discounts" (
  "address_id" bigint not null,
  "index" bigint not null,
  "id" bigint,
  "code" text,
  "value" decimal(28, 10),
  "value_type" text, constraint "addresses__discounts_pkey" primary key ("address_id",
  "index"));
comment on table "recharge"."addresses__discounts" is 'Discounts attached to the address.';
comment on column "recharge"."addresses__discounts"."address_id" is 'Key of the row in addresses that owns this one.';
comment on column "recharge"."addresses__discounts"."index" is 'Place in the list, from 0.';
comment on column "recharge"."addresses__discounts"."id" is 'Id of the discount. Joins to discounts.id.';
comment on column "recharge"."addresses__discounts"."code" is 'Code of the discount.';
comment on column "recharge"."addresses__discounts"."value" is 'Size of the discount, in percent or as an amount; see value_type.';
comment on column "recharge"."addresses__discounts"."value_type" is 'How to read value. Known values: percentage, fixed_amount, shipping.';
create table "recharge"."addresses__order_attributes" (
  "address_id" bigint not null,
  "index" bigint not null,
  "name" text,
  "value" text, constraint "addresses__order_attributes_pkey" primary key ("address_id",
  "index"));
comment on table "recharge"."addresses__order_attributes" is 'Extra names and values that are carried to the orders shipped here.';
comment on column "recharge"."addresses__order_attributes"."address_id" is 'Key of the row in addresses that owns this one.';
comment on column "recharge"."addresses__order_attributes"."index" is 'Place in the list, from 0.';
comment on column "recharge"."addresses__order_attributes"."name" is 'Name of the attribute.';
comment on column "recharge"."addresses__order_attributes"."value" is 'Value of the attribute.';
create table "recharge"."addresses__note_attributes" (
  "address_id" bigint not null,
  "index" bigint not null,
  "name" text,
  "value" text, constraint "addresses__note_attributes_pkey" primary key ("address_id",
  "index"));
comment on table "recharge"."addresses__note_attributes" is 'Extra names and values of the address; rc_giftee_email has the email address of the recipient of a gift.';
comment on column "recharge"."addresses__note_attributes"."address_id" is 'Key of the row in addresses that owns this one.';
comment on column "recharge"."addresses__note_attributes"."index" is 'Place in the list, from 0.';
comment on column "recharge"."addresses__note_attributes"."name" is 'Name of the attribute.';
comment on column "recharge"."addresses__note_attributes"."value" is 'Value of the attribute, which may be an email address of somebody who is no customer. Stored as SHA-256 of the salt in _sync_settings and the value.';
create table "recharge"."addresses__shipping_lines_conserved" (
  "address_id" bigint not null,
  "index" bigint not null,
  "code" text,
  "price" decimal(18, 6),
  "title" text, constraint "addresses__shipping_lines_conserved_pkey" primary key ("address_id",
  "index"));
comment on table "recharge"."addresses__shipping_lines_conserved" is 'Manual shipping lines that were once in force and no longer are.';
comment on column "recharge"."addresses__shipping_lines_conserved"."address_id" is 'Key of the row in addresses that owns this one.';
comment on column "recharge"."addresses__shipping_lines_conserved"."index" is 'Place in the list, from 0.';
comment on column "recharge"."addresses__shipping_lines_conserved"."code" is 'Code of the shipping method.';
comment on column "recharge"."addresses__shipping_lines_conserved"."price" is 'Price of the shipping method.';
comment on column "recharge"."addresses__shipping_lines_conserved"."title" is 'Name of the shipping method.';
create table "recharge"."addresses__shipping_lines_override" (
  "address_id" bigint not null,
  "index" bigint not null,
  "code" text,
  "price" decimal(18, 6),
  "title" text, constraint "addresses__shipping_lines_override_pkey" primary key ("address_id",
  "index"));
comment on table "recharge"."addresses__shipping_lines_override" is 'Manual shipping lines in force, which replace the calculated ones.';
comment on column "recharge"."addresses__shipping_lines_override"."address_id" is 'Key of the row in addresses that owns this one.';
comment on column "recharge"."addresses__shipping_lines_override"."index" is 'Place in the list, from 0.';
comment on column "recharge"."addresses__shipping_lines_override"."code" is 'Code of the shipping method.';
comment on column "recharge"."addresses__shipping_lines_override"."price" is 'Price of the shipping method.';
comment on column "recharge"."addresses__shipping_lines_override"."title" is 'Name of the shipping method.';
create table "recharge"."async_batch_tasks" (
  "id" bigint not null,
  "batch_id" bigint,
  "body" jsonb,
  "completed_at" timestamptz,
  "created_at" timestamptz,
  "deleted_at" timestamptz,
  "queued_at" timestamptz,
  "result" jsonb,
  "started_at" timestamptz,
  "status" text,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "async_batch_tasks_pkey" primary key ("id"));
comment on table "recharge"."async_batch_tasks" is 'One operation of a bulk job, with its request and its outcome.';
comment on column "recharge"."async_batch_tasks"."id" is 'Recharge id of the task.';
comment on column "recharge"."async_batch_tasks"."batch_id" is 'Id of the batch that the task belongs to. Joins to async_batches.id.';
comment on column "recharge"."async_batch_tasks"."body" is 'What the task asks for; its shape follows the batch_type of the batch.';
comment on column "recharge"."async_batch_tasks"."completed_at" is 'When the task finished, successfully or not.';
comment on column "recharge"."async_batch_tasks"."created_at" is 'When the task was added to its batch.';
comment on column "recharge"."async_batch_tasks"."deleted_at" is 'When the task was deleted.';
comment on column "recharge"."async_batch_tasks"."queued_at" is 'When the task was queued for work.';
comment on column "recharge"."async_batch_tasks"."result" is 'What the operation answered.';
comment on column "recharge"."async_batch_tasks"."started_at" is 'When work on the task began.';
comment on column "recharge"."async_batch_tasks"."status" is 'Progress of the task. Known values: pending, processing, success, failed.';
comment on column "recharge"."async_batch_tasks"."updated_at" is 'When the task last changed.';
comment on column "recharge"."async_batch_tasks"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."async_batch_tasks"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."async_batch_tasks"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."async_batch_tasks"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."async_batch_tasks"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."async_batches" (
  "id" bigint not null,
  "batch_type" text,
  "closed_at" timestamptz,
  "created_at" timestamptz,
  "deleted_at" timestamptz,
  "fail_task_count" bigint,
  "status" text,
  "submitted_at" timestamptz,
  "success_task_count" bigint,
  "total_task_count" bigint,
  "updated_at" timestamptz,
  "version" text,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "async_batches_pkey" primary key ("id"));
comment on table "recharge"."async_batches" is 'One bulk job: many operations of one kind, sent together and worked off in the background.';
comment on column "recharge"."async_batches"."id" is 'Recharge id of the batch.';
comment on column "recharge"."async_batches"."batch_type" is 'Kind of operation, such as discount_create, bulk_plans_update or onetime_delete.';
comment on column "recharge"."async_batches"."closed_at" is 'When all work on the batch was finished.';
comment on column "recharge"."async_batches"."created_at" is 'When the batch was created.';
comment on column "recharge"."async_batches"."deleted_at" is 'When the batch was deleted.';
comment on column "recharge"."async_batches"."fail_task_count" is 'Number of tasks that failed.';
comment on column "recharge"."async_batches"."status" is 'Progress of the batch. Known values: not_started, processing, completed, failed.';
comment on column "recharge"."async_batches"."submitted_at" is 'When the batch was handed over for work.';
comment on column "recharge"."async_batches"."success_task_count" is 'Number of tasks that succeeded.';
comment on column "recharge"."async_batches"."total_task_count" is 'Number of tasks in the batch, at most 10000.';
comment on column "recharge"."async_batches"."updated_at" is 'When the batch last changed.';
comment on column "recharge"."async_batches"."version" is 'API version that the tasks are run under.';
comment on column "recharge"."async_batches"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."async_batches"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."async_batches"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."async_batches"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."async_batches"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."bundle_products" (
  "id" bigint not null,
  "created_at" timestamptz,
  "custom_prices" boolean,
  "customization_window" bigint,
  "customization_window_disabled_message" text,
  "default_bundle_variant_id" bigint,
  "description" text,
  "external_product_id" text,
  "incentives" jsonb,
  "is_customizable" boolean,
  "layout_settings" jsonb,
  "layout_settings_version" text,
  "max_quantity_per_variant" bigint,
  "price_rule" text,
  "reset_box_contents" boolean,
  "settings" jsonb,
  "title" text,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "bundle_products_pkey" primary key ("id"));
comment on table "recharge"."bundle_products" is 'One product that is sold as a bundle, with the rules for what may be in it.';
comment on column "recharge"."bundle_products"."id" is 'Recharge id of the bundle product.';
comment on column "recharge"."bundle_products"."created_at" is 'When the bundle was created.';
comment on column "recharge"."bundle_products"."custom_prices" is 'Whether the bundle has prices of its own.';
comment on column "recharge"."bundle_products"."customization_window" is 'Days in which customers may change the contents, as far as is known; null: no such window.';
comment on column "recharge"."bundle_products"."customization_window_disabled_message" is 'What customers read when they may not change the contents.';
comment on column "recharge"."bundle_products"."default_bundle_variant_id" is 'Recharge id of the variant that is shown first; see the table of variants.';
comment on column "recharge"."bundle_products"."description" is 'Words about the bundle for customers.';
comment on column "recharge"."bundle_products"."external_product_id" is 'Product id in the commerce platform.';
comment on column "recharge"."bundle_products"."incentives" is 'Tiered discounts of the bundle, as an object.';
comment on column "recharge"."bundle_products"."is_customizable" is 'Whether customers choose the contents.';
comment on column "recharge"."bundle_products"."layout_settings" is 'How the widget in the shop looks, as an object.';
comment on column "recharge"."bundle_products"."layout_settings_version" is 'Version of the form of layout_settings.';
comment on column "recharge"."bundle_products"."max_quantity_per_variant" is 'Most units of one item in the bundle; null: no limit.';
comment on column "recharge"."bundle_products"."price_rule" is 'How the bundle is priced; dynamic: by its contents. Known values: fixed, dynamic.';
comment on column "recharge"."bundle_products"."reset_box_contents" is 'Whether the contents are emptied after each delivery.';
comment on column "recharge"."bundle_products"."settings" is 'How items are listed in the shop, as an object.';
comment on column "recharge"."bundle_products"."title" is 'Name of the bundle.';
comment on column "recharge"."bundle_products"."updated_at" is 'When the bundle last changed.';
comment on column "recharge"."bundle_products"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."bundle_products"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."bundle_products"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."bundle_products"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."bundle_products"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."bundle_products__variants" (
  "bundle_product_id" bigint not null,
  "index" bigint not null,
  "id" bigint,
  "created_at" timestamptz,
  "enabled" boolean,
  "external_variant_id" text,
  "items_count" bigint,
  "option_sources" jsonb,
  "position" bigint,
  "ranges" jsonb,
  "selection_defaults" jsonb,
  "title" text,
  "updated_at" timestamptz, constraint "bundle_products__variants_pkey" primary key ("bundle_product_id",
  "index"));
comment on table "recharge"."bundle_products__variants" is 'Variants of the bundle, such as its sizes.';
comment on column "recharge"."bundle_products__variants"."bundle_product_id" is 'Key of the row in bundle_products that owns this one.';
comment on column "recharge"."bundle_products__variants"."index" is 'Place in the list, from 0.';
comment on column "recharge"."bundle_products__variants"."id" is 'Recharge id of the bundle variant; bundle_selections.bundle_variant_id.';
comment on column "recharge"."bundle_products__variants"."created_at" is 'When the variant was created.';
comment on column "recharge"."bundle_products__variants"."enabled" is 'Whether it can be bought.';
comment on column "recharge"."bundle_products__variants"."external_variant_id" is 'Variant id in the commerce platform.';
comment on column "recharge"."bundle_products__variants"."items_count" is 'Number of items that fill it.';
comment on column "recharge"."bundle_products__variants"."option_sources" is 'Collections that its items are chosen from, with the least and the most units of each.';
comment on column "recharge"."bundle_products__variants"."position" is 'Place among the variants.';
comment on column "recharge"."bundle_products__variants"."ranges" is 'How many items it may have, as a list of ranges.';
comment on column "recharge"."bundle_products__variants"."selection_defaults" is 'Contents where a customer chooses nothing, as a list.';
comment on column "recharge"."bundle_products__variants"."title" is 'Name of the variant.';
comment on column "recharge"."bundle_products__variants"."updated_at" is 'When the variant last changed.';
create table "recharge"."bundle_selection_preset_schedules" (
  "id" bigint not null,
  "bundle_product_id" bigint,
  "created_at" timestamptz,
  "end_date" date,
  "external_collection_id" text,
  "start_date" date,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "bundle_selection_preset_schedules_pkey" primary key ("id"));
comment on table "recharge"."bundle_selection_preset_schedules" is 'One collection that a bundle may be filled from, for a range of days.';
comment on column "recharge"."bundle_selection_preset_schedules"."id" is 'Recharge id of the schedule.';
comment on column "recharge"."bundle_selection_preset_schedules"."bundle_product_id" is 'Id of the bundle product that is filled. Joins to bundle_products.id.';
comment on column "recharge"."bundle_selection_preset_schedules"."created_at" is 'When the schedule was created.';
comment on column "recharge"."bundle_selection_preset_schedules"."end_date" is 'Last day of the range.';
comment on column "recharge"."bundle_selection_preset_schedules"."external_collection_id" is 'Id of the collection in the commerce platform.';
comment on column "recharge"."bundle_selection_preset_schedules"."start_date" is 'First day of the range, such as the Monday of a week.';
comment on column "recharge"."bundle_selection_preset_schedules"."updated_at" is 'When the schedule last changed.';
comment on column "recharge"."bundle_selection_preset_schedules"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."bundle_selection_preset_schedules"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."bundle_selection_preset_schedules"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."bundle_selection_preset_schedules"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."bundle_selection_preset_schedules"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."bundle_selections" (
  "id" bigint not null,
  "bundle_variant_id" bigint,
  "charge_id" bigint,
  "order_id" bigint,
  "purchase_item_id" bigint,
  "created_at" timestamptz,
  "external_product_id" text,
  "external_variant_id" text,
  "is_fallback" boolean,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "bundle_selections_pkey" primary key ("id"));
comment on table "recharge"."bundle_selections" is 'The contents chosen for a bundle: of one past charge, or of the upcoming one.';
comment on column "recharge"."bundle_selections"."id" is 'Recharge id of the selection.';
comment on column "recharge"."bundle_selections"."bundle_variant_id" is 'Recharge id of the bundle variant that is filled. Also sent as `bundle_variant`.';
comment on column "recharge"."bundle_selections"."charge_id" is 'Id of the charge that paid for the contents; null while they are upcoming. Joins to charges.id.';
comment on column "recharge"."bundle_selections"."order_id" is 'Id of the order that shipped the contents. Joins to orders.id.';
comment on column "recharge"."bundle_selections"."purchase_item_id" is 'Id of the subscription or onetime that buys the bundle. Joins to subscriptions.id, or to onetimes.id.';
comment on column "recharge"."bundle_selections"."created_at" is 'When the selection was created.';
comment on column "recharge"."bundle_selections"."external_product_id" is 'Id of the bundle as a product in the commerce platform.';
comment on column "recharge"."bundle_selections"."external_variant_id" is 'Id of the bundle as a variant in the commerce platform.';
comment on column "recharge"."bundle_selections"."is_fallback" is 'Whether the default contents were used because nobody chose.';
comment on column "recharge"."bundle_selections"."updated_at" is 'When the selection last changed.';
comment on column "recharge"."bundle_selections"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."bundle_selections"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."bundle_selections"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."bundle_selections"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."bundle_selections"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."bundle_selections__items" (
  "bundle_selection_id" bigint not null,
  "index" bigint not null,
  "id" bigint,
  "collection_id" text,
  "collection_source" text,
  "created_at" timestamptz,
  "external_product_id" text,
  "external_variant_id" text,
  "price" decimal(18, 6),
  "quantity" bigint,
  "updated_at" timestamptz, constraint "bundle_selections__items_pkey" primary key ("bundle_selection_id",
  "index"));
comment on table "recharge"."bundle_selections__items" is 'Products chosen into the bundle.';
comment on column "recharge"."bundle_selections__items"."bundle_selection_id" is 'Key of the row in bundle_selections that owns this one.';
comment on column "recharge"."bundle_selections__items"."index" is 'Place in the list, from 0.';
comment on column "recharge"."bundle_selections__items"."id" is 'Recharge id of the chosen item.';
comment on column "recharge"."bundle_selections__items"."collection_id" is 'Id of the collection that the product was chosen from.';
comment on column "recharge"."bundle_selections__items"."collection_source" is 'Platform that keeps the collection.';
comment on column "recharge"."bundle_selections__items"."created_at" is 'When the item was chosen.';
comment on column "recharge"."bundle_selections__items"."external_product_id" is 'Product id in the commerce platform.';
comment on column "recharge"."bundle_selections__items"."external_variant_id" is 'Variant id in the commerce platform.';
comment on column "recharge"."bundle_selections__items"."price" is 'Price of the item.';
comment on column "recharge"."bundle_selections__items"."quantity" is 'Number of units.';
comment on column "recharge"."bundle_selections__items"."updated_at" is 'When the item last changed.';
create table "recharge"."charges" (
  "id" bigint not null,
  "address_id" bigint,
  "billing_address_address1" text,
  "billing_address_address2" text,
  "billing_address_city" text,
  "billing_address_company" text,
  "billing_address_country_code" text,
  "billing_address_first_name" text,
  "billing_address_last_name" text,
  "billing_address_phone" text,
  "billing_address_province" text,
  "billing_address_zip" text,
  "charge_attempts" bigint,
  "client_details_browser_ip" text,
  "client_details_user_agent" text,
  "created_at" timestamptz,
  "currency" text,
  "customer_id" bigint,
  "customer_email" text,
  "customer_external_customer_id_ecommerce" text,
  "customer_hash" text,
  "error" text,
  "error_type" text,
  "external_order_id_ecommerce" text,
  "external_transaction_id_payment_processor" text,
  "external_variant_id_not_found" boolean,
  "external_variant_not_found" boolean,
  "has_uncommitted_changes" boolean,
  "last_charge_attempt" timestamptz,
  "merged_at" timestamptz,
  "note" text,
  "orders_count" bigint,
  "original_scheduled_at" date,
  "payment_processor" text,
  "processed_at" timestamptz,
  "retry_date" timestamptz,
  "scheduled_at" date,
  "shipping_address_address1" text,
  "shipping_address_address2" text,
  "shipping_address_city" text,
  "shipping_address_company" text,
  "shipping_address_country_code" text,
  "shipping_address_first_name" text,
  "shipping_address_last_name" text,
  "shipping_address_phone" text,
  "shipping_address_province" text,
  "shipping_address_zip" text,
  "status" text,
  "subtotal_price" decimal(18, 6),
  "tags" text,
  "taxable" boolean,
  "taxes_included" boolean,
  "total_discounts" decimal(18, 6),
  "total_duties" decimal(18, 6),
  "total_line_items_price" decimal(18, 6),
  "total_price" decimal(18, 6),
  "total_refunds" decimal(18, 6),
  "total_tax" decimal(18, 6),
  "total_weight_grams" decimal(28, 10),
  "type" text,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null,
  "_source" text, constraint "charges_pkey" primary key ("id"));
comment on table "recharge"."charges" is 'One attempt to bill a customer, made or scheduled. The API forgets processed ones after 90 days; rows here stay.';
comment on column "recharge"."charges"."id" is 'Recharge id of the charge; a queued one gets a new id whenever it is rebuilt.';
comment on column "recharge"."charges"."address_id" is 'Id of the address that it is shipped to. Joins to addresses.id.';
comment on column "recharge"."charges"."billing_address_address1" is 'First line of the billing street.';
comment on column "recharge"."charges"."billing_address_address2" is 'Second line of the billing street.';
comment on column "recharge"."charges"."billing_address_city" is 'City of the billing address.';
comment on column "recharge"."charges"."billing_address_company" is 'Company on the billing address.';
comment on column "recharge"."charges"."billing_address_country_code" is 'Billing country as two ISO letters.';
comment on column "recharge"."charges"."billing_address_first_name" is 'Given name on the billing address.';
comment on column "recharge"."charges"."billing_address_last_name" is 'Family name on the billing address.';
comment on column "recharge"."charges"."billing_address_phone" is 'Phone number on the billing address, as entered.';
comment on column "recharge"."charges"."billing_address_province" is 'State or province of the billing address.';
comment on column "recharge"."charges"."billing_address_zip" is 'Postal code of the billing address.';
comment on column "recharge"."charges"."charge_attempts" is 'Number of attempts to collect payment; null until one failed.';
comment on column "recharge"."charges"."client_details_browser_ip" is 'IP address of the customer at checkout.';
comment on column "recharge"."charges"."client_details_user_agent" is 'Browser of the customer at checkout.';
comment on column "recharge"."charges"."created_at" is 'When the charge was created.';
comment on column "recharge"."charges"."currency" is 'ISO code of the currency of all amounts.';
comment on column "recharge"."charges"."customer_id" is 'Id of the customer who is billed. Joins to customers.id.';
comment on column "recharge"."charges"."customer_email" is 'Email address of the customer.';
comment on column "recharge"."charges"."customer_external_customer_id_ecommerce" is 'Customer id in the commerce platform; not always a number.';
comment on column "recharge"."charges"."customer_hash" is 'Key of the customer portal; whoever has it can open the account. Stored as SHA-256 of the salt in _sync_settings and the value.';
comment on column "recharge"."charges"."error" is 'What went wrong, in free text of one or more lines.';
comment on column "recharge"."charges"."error_type" is 'Such as CLOSED_MAX_RETRIES_REACHED or CUSTOMER_NEEDS_TO_UPDATE_CARD.';
comment on column "recharge"."charges"."external_order_id_ecommerce" is 'Order id in the commerce platform.';
comment on column "recharge"."charges"."external_transaction_id_payment_processor" is 'Transaction id at the payment processor.';
comment on column "recharge"."charges"."external_variant_id_not_found" is 'Other spelling of external_variant_not_found; normally null.';
comment on column "recharge"."charges"."external_variant_not_found" is 'Whether the commerce platform lacks a variant; mostly null.';
comment on column "recharge"."charges"."has_uncommitted_changes" is 'Whether the charge is waiting to be rebuilt.';
comment on column "recharge"."charges"."last_charge_attempt" is 'When payment was last attempted; null until an attempt failed.';
comment on column "recharge"."charges"."merged_at" is 'When the charge was merged into another.';
comment on column "recharge"."charges"."note" is 'Note on the charge.';
comment on column "recharge"."charges"."orders_count" is 'Number of orders that the charge pays for; above 1 when prepaid.';
comment on column "recharge"."charges"."original_scheduled_at" is 'Day on which the customer was to be billed before the charge was rescheduled.';
comment on column "recharge"."charges"."payment_processor" is 'Payment processor of the charge. Known values: stripe, braintree, authorize, shopify_payments, mollie, adyen, shopify_app_subscription_billing, frictionless, recharge_credits.';
comment on column "recharge"."charges"."processed_at" is 'When payment succeeded.';
comment on column "recharge"."charges"."retry_date" is 'Day of the next attempt, as midnight in America/New_York; convert before taking the date.';
comment on column "recharge"."charges"."scheduled_at" is 'Day on which the customer is, or was, to be billed; in orders the column of this name is an instant.';
comment on column "recharge"."charges"."shipping_address_address1" is 'First line of the shipping street.';
comment on column "recharge"."charges"."shipping_address_address2" is 'Second line of the shipping street.';
comment on column "recharge"."charges"."shipping_address_city" is 'City of the shipping address.';
comment on column "recharge"."charges"."shipping_address_company" is 'Company on the shipping address.';
comment on column "recharge"."charges"."shipping_address_country_code" is 'Shipping country as two ISO letters.';
comment on column "recharge"."charges"."shipping_address_first_name" is 'Given name on the shipping address.';
comment on column "recharge"."charges"."shipping_address_last_name" is 'Family name on the shipping address.';
comment on column "recharge"."charges"."shipping_address_phone" is 'Phone number on the shipping address, as entered.';
comment on column "recharge"."charges"."shipping_address_province" is 'State or province of the shipping address.';
comment on column "recharge"."charges"."shipping_address_zip" is 'Postal code of the shipping address.';
comment on column "recharge"."charges"."status" is 'State of the charge. Known values: queued, pending, pending_manual_payment, success, error, skipped, refunded, partially_refunded.';
comment on column "recharge"."charges"."subtotal_price" is 'total_line_items_price less total_discounts, before tax and shipping.';
comment on column "recharge"."charges"."tags" is 'Tags of the charge, separated by commas.';
comment on column "recharge"."charges"."taxable" is 'Whether the charge is taxed.';
comment on column "recharge"."charges"."taxes_included" is 'Whether prices include tax.';
comment on column "recharge"."charges"."total_discounts" is 'Sum of all discounts, those of the lines included.';
comment on column "recharge"."charges"."total_duties" is 'Sum of import duties.';
comment on column "recharge"."charges"."total_line_items_price" is 'Sum of original_price × quantity of the lines: before discounts, tax and shipping.';
comment on column "recharge"."charges"."total_price" is 'What the customer pays in all: subtotal_price, shipping, tax and duties.';
comment on column "recharge"."charges"."total_refunds" is 'What was paid back so far.';
comment on column "recharge"."charges"."total_tax" is 'Sum of all taxes, as in the tax lines.';
comment on column "recharge"."charges"."total_weight_grams" is 'Weight of all items together in grams; may be a fraction.';
comment on column "recharge"."charges"."type" is 'Where the charge comes from. Known values: checkout, recurring.';
comment on column "recharge"."charges"."updated_at" is 'When the charge last changed.';
comment on column "recharge"."charges"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."charges"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."charges"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."charges"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."charges"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
comment on column "recharge"."charges"."_source" is '`export` where the row was imported from an export of the merchant portal; null where the API gave it.';
create table "recharge"."charges__utm_params" (
  "charge_id" bigint not null,
  "index" bigint not null,
  "utm_campaign" text,
  "utm_content" text,
  "utm_data_source" text,
  "utm_medium" text,
  "utm_source" text,
  "utm_term" text,
  "utm_timestamp" text,
  "utm_time_stamp" text, constraint "charges__utm_params_pkey" primary key ("charge_id",
  "index"));
comment on table "recharge"."charges__utm_params" is 'Marketing sources recorded for the charge.';
comment on column "recharge"."charges__utm_params"."charge_id" is 'Key of the row in charges that owns this one.';
comment on column "recharge"."charges__utm_params"."index" is 'Place in the list, from 0.';
comment on column "recharge"."charges__utm_params"."utm_campaign" is 'Campaign that brought the visit.';
comment on column "recharge"."charges__utm_params"."utm_content" is 'Variant of the advertisement or link.';
comment on column "recharge"."charges__utm_params"."utm_data_source" is 'Where the parameters were captured.';
comment on column "recharge"."charges__utm_params"."utm_medium" is 'Kind of channel, such as email.';
comment on column "recharge"."charges__utm_params"."utm_source" is 'Site or sender that the visit came from.';
comment on column "recharge"."charges__utm_params"."utm_term" is 'Search term behind the visit.';
comment on column "recharge"."charges__utm_params"."utm_timestamp" is 'When the parameters were captured, as the storefront wrote it: with or without an offset.';
comment on column "recharge"."charges__utm_params"."utm_time_stamp" is 'Second spelling of utm_timestamp; normally null.';
create table "recharge"."charges__discounts" (
  "charge_id" bigint not null,
  "index" bigint not null,
  "id" bigint,
  "application_method" text,
  "code" text,
  "value" decimal(28, 10),
  "value_type" text, constraint "charges__discounts_pkey" primary key ("charge_id",
  "index"));
comment on table "recharge"."charges__discounts" is 'Discounts of the charge. Their effect is in the lines too: unit_price is after them, original_price before.';
comment on column "recharge"."charges__discounts"."charge_id" is 'Key of the row in charges that owns this one.';
comment on column "recharge"."charges__discounts"."index" is 'Place in the list, from 0.';
comment on column "recharge"."charges__discounts"."id" is 'Id of the discount. Joins to discounts.id.';
comment on column "recharge"."charges__discounts"."application_method" is 'How the discount got there. Known values: code, automatic.';
comment on column "recharge"."charges__discounts"."code" is 'Code of the discount, or the title of an automatic one.';
comment on column "recharge"."charges__discounts"."value" is 'Size of the discount, in percent or as an amount; see value_type.';
comment on column "recharge"."charges__discounts"."value_type" is 'How to read value. Known values: percentage, fixed_amount, shipping.';
create table "recharge"."charges__line_items" (
  "charge_id" bigint not null,
  "index" bigint not null,
  "purchase_item_id" bigint,
  "purchase_item_type" text,
  "external_product_id_ecommerce" text,
  "external_variant_id_ecommerce" text,
  "external_inventory_policy" text,
  "grams" decimal(28, 10),
  "handle" text,
  "images" jsonb,
  "offer_attributes" jsonb,
  "original_price" decimal(18, 6),
  "properties" jsonb,
  "quantity" bigint,
  "sku" text,
  "tax_due" decimal(18, 6),
  "tax_lines" jsonb,
  "taxable" boolean,
  "taxable_amount" decimal(18, 6),
  "title" text,
  "total_price" decimal(18, 6),
  "unit_price" decimal(18, 6),
  "unit_price_includes_tax" boolean,
  "variant_title" text, constraint "charges__line_items_pkey" primary key ("charge_id",
  "index"));
comment on table "recharge"."charges__line_items" is 'Products that the charge consists of.';
comment on column "recharge"."charges__line_items"."charge_id" is 'Key of the row in charges that owns this one.';
comment on column "recharge"."charges__line_items"."index" is 'Place in the list, from 0.';
comment on column "recharge"."charges__line_items"."purchase_item_id" is 'Id of the subscription or onetime behind the line. Joins to subscriptions.id where purchase_item_type is subscription, or to onetimes.id where purchase_item_type is onetime.';
comment on column "recharge"."charges__line_items"."purchase_item_type" is 'What purchase_item_id is the id of. Known values: subscription, onetime.';
comment on column "recharge"."charges__line_items"."external_product_id_ecommerce" is 'Product id in the commerce platform.';
comment on column "recharge"."charges__line_items"."external_variant_id_ecommerce" is 'Variant id in the commerce platform.';
comment on column "recharge"."charges__line_items"."external_inventory_policy" is 'How the stock of the commerce platform is counted down; null if that is not set. Known values: bypass, decrement_obeying_policy, decrement_ignoring_policy.';
comment on column "recharge"."charges__line_items"."grams" is 'Weight of one unit in grams; may be a fraction.';
comment on column "recharge"."charges__line_items"."handle" is 'Name of the product in its shop URL.';
comment on column "recharge"."charges__line_items"."images" is 'URLs of the images by size: small, medium, large and original.';
comment on column "recharge"."charges__line_items"."offer_attributes" is 'Offer behind the line: its type, such as free_gift, and the source that made it.';
comment on column "recharge"."charges__line_items"."original_price" is 'Price of one unit before discounts.';
comment on column "recharge"."charges__line_items"."properties" is 'Custom names and values of the product, as a list of {name, value}.';
comment on column "recharge"."charges__line_items"."quantity" is 'Number of units.';
comment on column "recharge"."charges__line_items"."sku" is 'Stock keeping unit of the variant.';
comment on column "recharge"."charges__line_items"."tax_due" is 'Tax on the line, all units together.';
comment on column "recharge"."charges__line_items"."tax_lines" is 'Taxes that make up tax_due, as a list of {title, price, rate}.';
comment on column "recharge"."charges__line_items"."taxable" is 'Whether the line is taxed.';
comment on column "recharge"."charges__line_items"."taxable_amount" is 'Part of the price of the line that tax is calculated on, after discounts.';
comment on column "recharge"."charges__line_items"."title" is 'Name of the product.';
comment on column "recharge"."charges__line_items"."total_price" is 'Price of the line, all units together, after discounts and with tax_due.';
comment on column "recharge"."charges__line_items"."unit_price" is 'Price of one unit after discounts; original_price is before them.';
comment on column "recharge"."charges__line_items"."unit_price_includes_tax" is 'Whether unit_price includes tax.';
comment on column "recharge"."charges__line_items"."variant_title" is 'Name of the variant.';
create table "recharge"."charges__order_attributes" (
  "charge_id" bigint not null,
  "index" bigint not null,
  "name" text,
  "value" text, constraint "charges__order_attributes_pkey" primary key ("charge_id",
  "index"));
comment on table "recharge"."charges__order_attributes" is 'Extra names and values that are carried to the orders of the charge.';
comment on column "recharge"."charges__order_attributes"."charge_id" is 'Key of the row in charges that owns this one.';
comment on column "recharge"."charges__order_attributes"."index" is 'Place in the list, from 0.';
comment on column "recharge"."charges__order_attributes"."name" is 'Name of the attribute.';
comment on column "recharge"."charges__order_attributes"."value" is 'Value of the attribute.';
create table "recharge"."charges__shipping_lines" (
  "charge_id" bigint not null,
  "index" bigint not null,
  "code" text,
  "price" decimal(18, 6),
  "source" text,
  "title" text,
  "taxable" boolean,
  "tax_lines" jsonb,
  "retrieved_at" timestamptz,
  "status" text, constraint "charges__shipping_lines_pkey" primary key ("charge_id",
  "index"));
comment on table "recharge"."charges__shipping_lines" is 'Shipping methods of the charge.';
comment on column "recharge"."charges__shipping_lines"."charge_id" is 'Key of the row in charges that owns this one.';
comment on column "recharge"."charges__shipping_lines"."index" is 'Place in the list, from 0.';
comment on column "recharge"."charges__shipping_lines"."code" is 'Code of the shipping method.';
comment on column "recharge"."charges__shipping_lines"."price" is 'Price of the shipping method, before tax.';
comment on column "recharge"."charges__shipping_lines"."source" is 'Who supplied the price.';
comment on column "recharge"."charges__shipping_lines"."title" is 'Name of the shipping method.';
comment on column "recharge"."charges__shipping_lines"."taxable" is 'Whether shipping is taxed.';
comment on column "recharge"."charges__shipping_lines"."tax_lines" is 'Taxes on shipping, as a list of {title, price, rate}.';
comment on column "recharge"."charges__shipping_lines"."retrieved_at" is 'When the price was fetched.';
comment on column "recharge"."charges__shipping_lines"."status" is 'State of the price. Known values: active, pending, queued.';
create table "recharge"."charges__tax_lines" (
  "charge_id" bigint not null,
  "index" bigint not null,
  "title" text,
  "price" decimal(18, 6),
  "rate" decimal(28, 10),
  "unit_price" decimal(18, 6), constraint "charges__tax_lines_pkey" primary key ("charge_id",
  "index"));
comment on table "recharge"."charges__tax_lines" is 'Taxes that make up total_tax.';
comment on column "recharge"."charges__tax_lines"."charge_id" is 'Key of the row in charges that owns this one.';
comment on column "recharge"."charges__tax_lines"."index" is 'Place in the list, from 0.';
comment on column "recharge"."charges__tax_lines"."title" is 'Name of the tax.';
comment on column "recharge"."charges__tax_lines"."price" is 'Amount of the tax.';
comment on column "recharge"."charges__tax_lines"."rate" is 'Rate of the tax as a fraction: 0.0725 is 7.25 percent.';
comment on column "recharge"."charges__tax_lines"."unit_price" is 'Tax on one unit, where given.';
create table "recharge"."collections" (
  "id" bigint not null,
  "created_at" timestamptz,
  "description" text,
  "name" text,
  "sort_order" text,
  "title" text,
  "type" text,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "collections_pkey" primary key ("id"));
comment on table "recharge"."collections" is 'One group of products, from which for example the contents of a bundle are chosen.';
comment on column "recharge"."collections"."id" is 'Recharge id of the collection.';
comment on column "recharge"."collections"."created_at" is 'When the collection was created.';
comment on column "recharge"."collections"."description" is 'Description of the collection.';
comment on column "recharge"."collections"."name" is 'Older name of the field title; normally null.';
comment on column "recharge"."collections"."sort_order" is 'Order of the products inside; manual: that of the list manual_sort_order. Known values: id-asc, id-desc, created_at-asc, created_at-desc, title-asc, title-desc, manual.';
comment on column "recharge"."collections"."title" is 'Name of the collection.';
comment on column "recharge"."collections"."type" is 'How the collection is filled. Known values: manual, automatic.';
comment on column "recharge"."collections"."updated_at" is 'When the collection last changed.';
comment on column "recharge"."collections"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."collections"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."collections"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."collections"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."collections"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."collections__manual_sort_order" (
  "collection_id" bigint not null,
  "index" bigint not null,
  "external_product_id" text, constraint "collections__manual_sort_order_pkey" primary key ("collection_id",
  "index"));
comment on table "recharge"."collections__manual_sort_order" is 'Products of the collection in the order in which somebody put them: index is the place of each.';
comment on column "recharge"."collections__manual_sort_order"."collection_id" is 'Key of the row in collections that owns this one.';
comment on column "recharge"."collections__manual_sort_order"."index" is 'Place in the list, from 0.';
comment on column "recharge"."collections__manual_sort_order"."external_product_id" is 'Product id in the commerce platform.';
create table "recharge"."credit_accounts" (
  "id" bigint not null,
  "customer_id" bigint,
  "store_id" bigint,
  "api_client_id" bigint,
  "api_client_restricted" boolean,
  "available_balance" decimal(18, 6),
  "available_balance_set_store_default_currency_amount" decimal(18, 6),
  "available_balance_set_store_default_currency_currency_code" text,
  "available_balance_set_presentment_currency_amount" decimal(18, 6),
  "available_balance_set_presentment_currency_currency_code" text,
  "created_at" timestamptz,
  "currency_code" text,
  "expires_at" timestamptz,
  "initial_value" decimal(18, 6),
  "name" text,
  "redemption_code" text,
  "type" text,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "credit_accounts_pkey" primary key ("id"));
comment on table "recharge"."credit_accounts" is 'One balance of store credit that a customer can spend.';
comment on column "recharge"."credit_accounts"."id" is 'Recharge id of the credit account.';
comment on column "recharge"."credit_accounts"."customer_id" is 'Id of the customer who owns the credit. Joins to customers.id.';
comment on column "recharge"."credit_accounts"."store_id" is 'Id of the store. Joins to store.id.';
comment on column "recharge"."credit_accounts"."api_client_id" is 'Id of the program that opened the account.';
comment on column "recharge"."credit_accounts"."api_client_restricted" is 'Whether only that program may change the account.';
comment on column "recharge"."credit_accounts"."available_balance" is 'Credit left to spend, in currency_code.';
comment on column "recharge"."credit_accounts"."available_balance_set_store_default_currency_amount" is 'Credit left to spend, in the currency of the store.';
comment on column "recharge"."credit_accounts"."available_balance_set_store_default_currency_currency_code" is 'ISO code of the currency of the store.';
comment on column "recharge"."credit_accounts"."available_balance_set_presentment_currency_amount" is 'Credit left to spend, in the currency that the customer is shown.';
comment on column "recharge"."credit_accounts"."available_balance_set_presentment_currency_currency_code" is 'ISO code of the currency that the customer is shown.';
comment on column "recharge"."credit_accounts"."created_at" is 'When the account was opened.';
comment on column "recharge"."credit_accounts"."currency_code" is 'ISO code of the currency of the account.';
comment on column "recharge"."credit_accounts"."expires_at" is 'When the credit expires; null if it does not.';
comment on column "recharge"."credit_accounts"."initial_value" is 'Credit at the opening, in currency_code. Also sent as `initial_balance`.';
comment on column "recharge"."credit_accounts"."name" is 'Label of the account.';
comment on column "recharge"."credit_accounts"."redemption_code" is 'Code that spends the balance. Stored as SHA-256 of the salt in _sync_settings and the value.';
comment on column "recharge"."credit_accounts"."type" is 'Kind of credit. Known values: reward, manual, gift.';
comment on column "recharge"."credit_accounts"."updated_at" is 'When the account last changed.';
comment on column "recharge"."credit_accounts"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."credit_accounts"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."credit_accounts"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."credit_accounts"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."credit_accounts"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."credit_adjustments" (
  "id" bigint not null,
  "credit_account_id" bigint,
  "amount" decimal(18, 6),
  "created_at" timestamptz,
  "created_by_identifier" text,
  "created_by_resource_id" text,
  "created_by_type" text,
  "currency_code" text,
  "ending_balance" decimal(18, 6),
  "note" text,
  "type" text,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "credit_adjustments_pkey" primary key ("id"));
comment on table "recharge"."credit_adjustments" is 'One movement on a credit account: credit given or credit spent.';
comment on column "recharge"."credit_adjustments"."id" is 'Recharge id of the adjustment.';
comment on column "recharge"."credit_adjustments"."credit_account_id" is 'Id of the credit account that moved. Joins to credit_accounts.id.';
comment on column "recharge"."credit_adjustments"."amount" is 'Size of the movement in currency_code, always positive; type gives the direction.';
comment on column "recharge"."credit_adjustments"."created_at" is 'When the movement was booked.';
comment on column "recharge"."credit_adjustments"."created_by_identifier" is 'Label of whoever made the adjustment.';
comment on column "recharge"."credit_adjustments"."created_by_resource_id" is 'Id of whoever made the adjustment; see created_by_type.';
comment on column "recharge"."credit_adjustments"."created_by_type" is 'Kind of actor that made the adjustment.';
comment on column "recharge"."credit_adjustments"."currency_code" is 'ISO code of the currency of the amounts.';
comment on column "recharge"."credit_adjustments"."ending_balance" is 'Balance of the account after the movement, in currency_code.';
comment on column "recharge"."credit_adjustments"."note" is 'Reason given for the adjustment.';
comment on column "recharge"."credit_adjustments"."type" is 'Direction of the movement: credit adds to the balance, debit takes from it. Known values: credit, debit.';
comment on column "recharge"."credit_adjustments"."updated_at" is 'When the adjustment last changed.';
comment on column "recharge"."credit_adjustments"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."credit_adjustments"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."credit_adjustments"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."credit_adjustments"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."credit_adjustments"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."credit_summaries" (
  "customer_id" bigint not null,
  "currency_code" text,
  "max_redemption_limit" decimal(18, 6),
  "max_redemption_limit_set_presentment_currency_amount" decimal(18, 6),
  "max_redemption_limit_set_presentment_currency_currency_code" text,
  "max_redemption_limit_set_store_default_currency_amount" decimal(18, 6),
  "max_redemption_limit_set_store_default_currency_currency_code" text,
  "total_available_balance" decimal(18, 6),
  "total_available_balance_by_credit_type_gift" decimal(18, 6),
  "total_available_balance_by_credit_type_manual" decimal(18, 6),
  "total_available_balance_by_credit_type_reward" decimal(18, 6),
  "total_available_balance_set_presentment_currency_amount" decimal(18, 6),
  "total_available_balance_set_presentment_currency_currency_code" text,
  "total_available_balance_set_store_default_currency_amount" decimal(18, 6),
  "total_available_balance_set_store_default_currency_cur_bf29f68c" text,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "credit_summaries_pkey" primary key ("customer_id"));
comment on table "recharge"."credit_summaries" is 'The store credit of one customer: the sum, and the accounts that it is made of.';
comment on column "recharge"."credit_summaries"."customer_id" is 'Id of the customer who can spend the credit. Joins to customers.id.';
comment on column "recharge"."credit_summaries"."currency_code" is 'ISO code of the currency of the amounts.';
comment on column "recharge"."credit_summaries"."max_redemption_limit" is 'Most credit that one charge can use, in currency_code; null: no limit.';
comment on column "recharge"."credit_summaries"."max_redemption_limit_set_presentment_currency_amount" is 'The same limit in the currency that the customer sees.';
comment on column "recharge"."credit_summaries"."max_redemption_limit_set_presentment_currency_currency_code" is 'ISO code of the currency that the customer sees.';
comment on column "recharge"."credit_summaries"."max_redemption_limit_set_store_default_currency_amount" is 'The same limit in the currency of the store.';
comment on column "recharge"."credit_summaries"."max_redemption_limit_set_store_default_currency_currency_code" is 'ISO code of the currency of the store.';
comment on column "recharge"."credit_summaries"."total_available_balance" is 'Credit left to spend in all accounts, in currency_code.';
comment on column "recharge"."credit_summaries"."total_available_balance_by_credit_type_gift" is 'The part of it that came from gifts.';
comment on column "recharge"."credit_summaries"."total_available_balance_by_credit_type_manual" is 'The part of it that the store gave by hand.';
comment on column "recharge"."credit_summaries"."total_available_balance_by_credit_type_reward" is 'The part of it that was earned as a reward.';
comment on column "recharge"."credit_summaries"."total_available_balance_set_presentment_currency_amount" is 'Credit left to spend, in the currency that the customer sees.';
comment on column "recharge"."credit_summaries"."total_available_balance_set_presentment_currency_currency_code" is 'ISO code of the currency that the customer sees.';
comment on column "recharge"."credit_summaries"."total_available_balance_set_store_default_currency_amount" is 'Credit left to spend, in the currency of the store.';
comment on column "recharge"."credit_summaries"."total_available_balance_set_store_default_currency_cur_bf29f68c" is 'ISO code of the currency of the store.';
comment on column "recharge"."credit_summaries"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."credit_summaries"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."credit_summaries"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."credit_summaries"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."credit_summaries"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."credit_summaries__credit_details" (
  "credit_summary_id" bigint not null,
  "index" bigint not null,
  "id" bigint,
  "customer_id" bigint,
  "store_id" bigint,
  "api_client_id" bigint,
  "api_client_restricted" boolean,
  "available_balance" decimal(18, 6),
  "available_balance_set_presentment_currency_amount" decimal(18, 6),
  "available_balance_set_presentment_currency_currency_code" text,
  "available_balance_set_store_default_currency_amount" decimal(18, 6),
  "available_balance_set_store_default_currency_currency_code" text,
  "created_at" timestamptz,
  "currency_code" text,
  "expires_at" timestamptz,
  "initial_balance" decimal(18, 6),
  "name" text,
  "redemption_code" text,
  "type" text,
  "updated_at" timestamptz, constraint "credit_summaries__credit_details_pkey" primary key ("credit_summary_id",
  "index"));
comment on table "recharge"."credit_summaries__credit_details" is 'Credit accounts of the customer. The same accounts may be in credit_accounts.';
comment on column "recharge"."credit_summaries__credit_details"."credit_summary_id" is 'Key of the row in credit_summaries that owns this one.';
comment on column "recharge"."credit_summaries__credit_details"."index" is 'Place in the list, from 0.';
comment on column "recharge"."credit_summaries__credit_details"."id" is 'Recharge id of the credit account. Joins to credit_accounts.id.';
comment on column "recharge"."credit_summaries__credit_details"."customer_id" is 'Id of the customer who owns the credit. Joins to customers.id.';
comment on column "recharge"."credit_summaries__credit_details"."store_id" is 'Recharge id of the store. Joins to store.id.';
comment on column "recharge"."credit_summaries__credit_details"."api_client_id" is 'Id of the API client that created the account.';
comment on column "recharge"."credit_summaries__credit_details"."api_client_restricted" is 'Whether only that API client may use the account.';
comment on column "recharge"."credit_summaries__credit_details"."available_balance" is 'Credit left to spend, in currency_code.';
comment on column "recharge"."credit_summaries__credit_details"."available_balance_set_presentment_currency_amount" is 'Credit left to spend, in the currency that the customer sees.';
comment on column "recharge"."credit_summaries__credit_details"."available_balance_set_presentment_currency_currency_code" is 'ISO code of the currency that the customer sees.';
comment on column "recharge"."credit_summaries__credit_details"."available_balance_set_store_default_currency_amount" is 'Credit left to spend, in the currency of the store.';
comment on column "recharge"."credit_summaries__credit_details"."available_balance_set_store_default_currency_currency_code" is 'ISO code of the currency of the store.';
comment on column "recharge"."credit_summaries__credit_details"."created_at" is 'When the account was opened.';
comment on column "recharge"."credit_summaries__credit_details"."currency_code" is 'ISO code of the currency of the account.';
comment on column "recharge"."credit_summaries__credit_details"."expires_at" is 'When the credit expires; null if it does not.';
comment on column "recharge"."credit_summaries__credit_details"."initial_balance" is 'Credit at the opening, in currency_code. Also sent as `initial_value`.';
comment on column "recharge"."credit_summaries__credit_details"."name" is 'Label of the account.';
comment on column "recharge"."credit_summaries__credit_details"."redemption_code" is 'Code that spends the balance. Stored as SHA-256 of the salt in _sync_settings and the value.';
comment on column "recharge"."credit_summaries__credit_details"."type" is 'Kind of credit. Known values: reward, manual, gift.';
comment on column "recharge"."credit_summaries__credit_details"."updated_at" is 'When the account last changed.';
create table "recharge"."customers" (
  "id" bigint not null,
  "apply_credit_to_next_checkout_charge" boolean,
  "apply_credit_to_next_recurring_charge" boolean,
  "apply_credit_to_next_recurring_charge_channel" text,
  "backup_payment_methods_enabled" boolean,
  "can_add_payment_method" boolean,
  "created_at" timestamptz,
  "email" text,
  "external_customer_id_ecommerce" text,
  "first_charge_processed_at" timestamptz,
  "first_name" text,
  "has_payment_method_in_dunning" boolean,
  "has_valid_payment_method" boolean,
  "hash" text,
  "last_name" text,
  "payment_method_fallback_on_failure_disabled" boolean,
  "phone" text,
  "status" text,
  "subscription_related_charge_streak" bigint,
  "subscriptions_active_count" bigint,
  "subscriptions_total_count" bigint,
  "tax_exempt" boolean,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "customers_pkey" primary key ("id"));
comment on table "recharge"."customers" is 'One customer of the store. Deleted ones just stop being listed.';
comment on column "recharge"."customers"."id" is 'Recharge id of the customer.';
comment on column "recharge"."customers"."apply_credit_to_next_checkout_charge" is 'Whether store credit pays for the next checkout.';
comment on column "recharge"."customers"."apply_credit_to_next_recurring_charge" is 'Whether store credit pays for the next renewal.';
comment on column "recharge"."customers"."apply_credit_to_next_recurring_charge_channel" is 'Where apply_credit_to_next_recurring_charge was set, such as customer_portal.';
comment on column "recharge"."customers"."backup_payment_methods_enabled" is 'Whether another payment method may be charged when one fails; may be null.';
comment on column "recharge"."customers"."can_add_payment_method" is 'Whether the customer may store another payment method; may be null.';
comment on column "recharge"."customers"."created_at" is 'When the customer was created; rows from 2021 seem 4 or 5 hours early.';
comment on column "recharge"."customers"."email" is 'Email address, unique in the store.';
comment on column "recharge"."customers"."external_customer_id_ecommerce" is 'Customer id in the commerce platform; not always a number.';
comment on column "recharge"."customers"."first_charge_processed_at" is 'When a charge of the customer first succeeded.';
comment on column "recharge"."customers"."first_name" is 'Given name of the customer.';
comment on column "recharge"."customers"."has_payment_method_in_dunning" is 'Whether a payment method fails and is being retried.';
comment on column "recharge"."customers"."has_valid_payment_method" is 'Whether at least one payment method can be charged.';
comment on column "recharge"."customers"."hash" is 'Key of the customer portal; whoever has it can open the account. Not the fingerprint of the row, which is _hash. Stored as SHA-256 of the salt in _sync_settings and the value.';
comment on column "recharge"."customers"."last_name" is 'Family name of the customer.';
comment on column "recharge"."customers"."payment_method_fallback_on_failure_disabled" is 'Whether no other payment method is charged when one fails, whatever the store allows.';
comment on column "recharge"."customers"."phone" is 'Phone number, as entered.';
comment on column "recharge"."customers"."status" is 'Named by one client, absent from recorded answers. Known values: ACTIVE, INACTIVE.';
comment on column "recharge"."customers"."subscription_related_charge_streak" is 'Number of subscription charges paid in a row.';
comment on column "recharge"."customers"."subscriptions_active_count" is 'Number of active subscriptions; may disagree with the subscriptions table.';
comment on column "recharge"."customers"."subscriptions_total_count" is 'Number of subscriptions ever held, active or not.';
comment on column "recharge"."customers"."tax_exempt" is 'Whether the customer pays no tax.';
comment on column "recharge"."customers"."updated_at" is 'When the customer last changed; counters may move without it.';
comment on column "recharge"."customers"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."customers"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."customers"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."customers"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."customers"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."customers__utm_params" (
  "customer_id" bigint not null,
  "index" bigint not null,
  "utm_campaign" text,
  "utm_content" text,
  "utm_data_source" text,
  "utm_medium" text,
  "utm_source" text,
  "utm_term" text,
  "utm_timestamp" text,
  "utm_time_stamp" text, constraint "customers__utm_params_pkey" primary key ("customer_id",
  "index"));
comment on table "recharge"."customers__utm_params" is 'Marketing sources recorded for the customer.';
comment on column "recharge"."customers__utm_params"."customer_id" is 'Key of the row in customers that owns this one.';
comment on column "recharge"."customers__utm_params"."index" is 'Place in the list, from 0.';
comment on column "recharge"."customers__utm_params"."utm_campaign" is 'Campaign that brought the visit.';
comment on column "recharge"."customers__utm_params"."utm_content" is 'Variant of the advertisement or link.';
comment on column "recharge"."customers__utm_params"."utm_data_source" is 'Where the parameters were captured.';
comment on column "recharge"."customers__utm_params"."utm_medium" is 'Kind of channel, such as email.';
comment on column "recharge"."customers__utm_params"."utm_source" is 'Site or sender that the visit came from.';
comment on column "recharge"."customers__utm_params"."utm_term" is 'Search term behind the visit.';
comment on column "recharge"."customers__utm_params"."utm_timestamp" is 'When the parameters were captured, as the storefront wrote it: with or without an offset.';
comment on column "recharge"."customers__utm_params"."utm_time_stamp" is 'Second spelling of utm_timestamp; normally null.';
create table "recharge"."discounts" (
  "id" bigint not null,
  "applies_to_ids" jsonb,
  "applies_to_purchase_item_type" text,
  "applies_to_resource" text,
  "channel_settings_api_can_apply" boolean,
  "channel_settings_checkout_page_can_apply" boolean,
  "channel_settings_customer_portal_can_apply" boolean,
  "channel_settings_merchant_portal_can_apply" boolean,
  "code" text,
  "created_at" timestamptz,
  "ends_at" timestamptz,
  "external_discount_id_ecommerce" text,
  "external_discount_source" text,
  "prerequisite_subtotal_min" decimal(18, 6),
  "starts_at" timestamptz,
  "status" text,
  "updated_at" timestamptz,
  "usage_limits_first_time_customer_restriction" text,
  "usage_limits_max_subsequent_redemptions" bigint,
  "usage_limits_one_application_per_customer" boolean,
  "usage_limits_redemptions" bigint,
  "value" decimal(28, 10),
  "value_type" text,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "discounts_pkey" primary key ("id"));
comment on table "recharge"."discounts" is 'One discount of the store, with its code and the limits of its use. Deleted ones just stop being listed.';
comment on column "recharge"."discounts"."id" is 'Recharge id of the discount.';
comment on column "recharge"."discounts"."applies_to_ids" is 'Platform ids that the discount is limited to, as a list; empty if not.';
comment on column "recharge"."discounts"."applies_to_purchase_item_type" is 'Items that the discount is for. Known values: ALL, ONETIME, SUBSCRIPTION.';
comment on column "recharge"."discounts"."applies_to_resource" is 'What applies_to_ids are ids of, such as shopify_product or shopify_collection_id.';
comment on column "recharge"."discounts"."channel_settings_api_can_apply" is 'Whether the API may apply it.';
comment on column "recharge"."discounts"."channel_settings_checkout_page_can_apply" is 'Whether it may be used at checkout.';
comment on column "recharge"."discounts"."channel_settings_customer_portal_can_apply" is 'Whether customers may apply it in their portal.';
comment on column "recharge"."discounts"."channel_settings_merchant_portal_can_apply" is 'Whether staff may apply it in the merchant portal.';
comment on column "recharge"."discounts"."code" is 'Code that customers enter.';
comment on column "recharge"."discounts"."created_at" is 'When the discount was created.';
comment on column "recharge"."discounts"."ends_at" is 'When the discount stops being valid; null if it does not.';
comment on column "recharge"."discounts"."external_discount_id_ecommerce" is 'Discount id in the commerce platform.';
comment on column "recharge"."discounts"."external_discount_source" is 'Platform that owns the discount, if not Recharge.';
comment on column "recharge"."discounts"."prerequisite_subtotal_min" is 'Least subtotal that a purchase needs, in the currency of the store.';
comment on column "recharge"."discounts"."starts_at" is 'When the discount becomes valid.';
comment on column "recharge"."discounts"."status" is 'State of the discount. Known values: enabled, disabled, fully_disabled.';
comment on column "recharge"."discounts"."updated_at" is 'When the discount last changed.';
comment on column "recharge"."discounts"."usage_limits_first_time_customer_restriction" is 'Whether only new customers may use it: true, false, or the name of the rule.';
comment on column "recharge"."discounts"."usage_limits_max_subsequent_redemptions" is 'Number of uses allowed after the first.';
comment on column "recharge"."discounts"."usage_limits_one_application_per_customer" is 'Whether each customer may use it only once.';
comment on column "recharge"."discounts"."usage_limits_redemptions" is 'Number of uses so far.';
comment on column "recharge"."discounts"."value" is 'Size of the discount, in percent or as an amount; see value_type.';
comment on column "recharge"."discounts"."value_type" is 'How to read value. Known values: percentage, fixed_amount, shipping.';
comment on column "recharge"."discounts"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."discounts"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."discounts"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."discounts"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."discounts"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."events" (
  "id" bigint not null,
  "customer_id" bigint,
  "object_id" bigint,
  "object_type" text,
  "verb" text,
  "created_at" timestamptz,
  "description" text,
  "source_account_email" text,
  "source_account_id" bigint,
  "source_api_token_id" bigint,
  "source_api_token_name" text,
  "source_origin" text,
  "source_user_type" text,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "events_pkey" primary key ("id"));
comment on table "recharge"."events" is 'One thing that happened to a record, and who did it. The API reaches back 7 days: a longer pause leaves a gap.';
comment on column "recharge"."events"."id" is 'Recharge id of the event.';
comment on column "recharge"."events"."customer_id" is 'Id of the customer concerned. Joins to customers.id.';
comment on column "recharge"."events"."object_id" is 'Id of the record that the event happened to. Joins to addresses.id where object_type is address, or to bundle_selections.id where object_type is bundle_selection, or to charges.id where object_type is charge, or to customers.id where object_type is customer, or to discounts.id where object_type is discount, or to onetimes.id where object_type is onetime, or to orders.id where object_type is order, or to plans.id where object_type is plan, or to subscriptions.id where object_type is subscription.';
comment on column "recharge"."events"."object_type" is 'Kind of that record, such as subscription or charge.';
comment on column "recharge"."events"."verb" is 'What happened, such as cancelled, deleted or failed.';
comment on column "recharge"."events"."created_at" is 'When it happened; the API gives no offset, read as US Eastern.';
comment on column "recharge"."events"."description" is 'The event in a readable sentence.';
comment on column "recharge"."events"."source_account_email" is 'Email of the member of staff who did it.';
comment on column "recharge"."events"."source_account_id" is 'Id of the account of that member of staff. Joins to accounts.id.';
comment on column "recharge"."events"."source_api_token_id" is 'Id of the API token that did it.';
comment on column "recharge"."events"."source_api_token_name" is 'Name of the API token that did it.';
comment on column "recharge"."events"."source_origin" is 'Channel that it came through, such as api.';
comment on column "recharge"."events"."source_user_type" is 'Kind of actor, such as customer.';
comment on column "recharge"."events"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."events"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."events"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."events"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."events"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."events__custom_attributes" (
  "event_id" bigint not null,
  "index" bigint not null,
  "key" text,
  "value" text, constraint "events__custom_attributes_pkey" primary key ("event_id",
  "index"));
comment on table "recharge"."events__custom_attributes" is 'Extra names and values that come with the event.';
comment on column "recharge"."events__custom_attributes"."event_id" is 'Key of the row in events that owns this one.';
comment on column "recharge"."events__custom_attributes"."index" is 'Place in the list, from 0.';
comment on column "recharge"."events__custom_attributes"."key" is 'Name of the attribute.';
comment on column "recharge"."events__custom_attributes"."value" is 'Value of the attribute.';
create table "recharge"."events__updated_attributes" (
  "event_id" bigint not null,
  "index" bigint not null,
  "attribute" text,
  "previous_value" text,
  "value" text, constraint "events__updated_attributes_pkey" primary key ("event_id",
  "index"));
comment on table "recharge"."events__updated_attributes" is 'Fields of the record that the event changed.';
comment on column "recharge"."events__updated_attributes"."event_id" is 'Key of the row in events that owns this one.';
comment on column "recharge"."events__updated_attributes"."index" is 'Place in the list, from 0.';
comment on column "recharge"."events__updated_attributes"."attribute" is 'Name of the field.';
comment on column "recharge"."events__updated_attributes"."previous_value" is 'Value of the field before the change.';
comment on column "recharge"."events__updated_attributes"."value" is 'Value of the field after the change.';
create table "recharge"."gift_purchases" (
  "id" bigint not null,
  "amount" decimal(18, 6),
  "created_at" timestamptz,
  "credit_account_id" bigint,
  "external_gift_product_id_ecommerce" text,
  "external_gift_variant_id_ecommerce" text,
  "external_order_id_ecommerce" text,
  "gift_currency" text,
  "gift_note" text,
  "notification_scheduled_at" timestamptz,
  "notification_sent_at" timestamptz,
  "recipient_customer_id" bigint,
  "redeemable_collection_id" bigint,
  "redeemed_at" timestamptz,
  "redemption_link" text,
  "sender_customer_id" bigint,
  "sender_name" text,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "gift_purchases_pkey" primary key ("id"));
comment on table "recharge"."gift_purchases" is 'One gift that a customer bought for somebody. Whether the API lists them is not confirmed.';
comment on column "recharge"."gift_purchases"."id" is 'Recharge id of the gift.';
comment on column "recharge"."gift_purchases"."amount" is 'Value of the gift, in gift_currency.';
comment on column "recharge"."gift_purchases"."created_at" is 'When the gift was bought.';
comment on column "recharge"."gift_purchases"."credit_account_id" is 'Id of the credit account that holds the value. Joins to credit_accounts.id.';
comment on column "recharge"."gift_purchases"."external_gift_product_id_ecommerce" is 'Id of the gift as a product in the commerce platform.';
comment on column "recharge"."gift_purchases"."external_gift_variant_id_ecommerce" is 'Id of the gift as a variant in the commerce platform.';
comment on column "recharge"."gift_purchases"."external_order_id_ecommerce" is 'Order id in the commerce platform.';
comment on column "recharge"."gift_purchases"."gift_currency" is 'ISO code of the currency of the gift.';
comment on column "recharge"."gift_purchases"."gift_note" is 'Message of the sender to the recipient.';
comment on column "recharge"."gift_purchases"."notification_scheduled_at" is 'When the recipient is to be told.';
comment on column "recharge"."gift_purchases"."notification_sent_at" is 'When the recipient was told.';
comment on column "recharge"."gift_purchases"."recipient_customer_id" is 'Id of the customer who receives the gift. Joins to customers.id.';
comment on column "recharge"."gift_purchases"."redeemable_collection_id" is 'Id of the collection that the gift can be spent on. Joins to collections.id.';
comment on column "recharge"."gift_purchases"."redeemed_at" is 'When the gift was redeemed; null until then.';
comment on column "recharge"."gift_purchases"."redemption_link" is 'Link that redeems the gift; it carries its own login. Stored as SHA-256 of the salt in _sync_settings and the value.';
comment on column "recharge"."gift_purchases"."sender_customer_id" is 'Id of the customer who bought the gift. Joins to customers.id.';
comment on column "recharge"."gift_purchases"."sender_name" is 'Name of the sender, as shown to the recipient.';
comment on column "recharge"."gift_purchases"."updated_at" is 'When the gift last changed.';
comment on column "recharge"."gift_purchases"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."gift_purchases"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."gift_purchases"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."gift_purchases"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."gift_purchases"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."gift_purchases__external_redeemable_product_ids" (
  "gift_purchase_id" bigint not null,
  "index" bigint not null,
  "ecommerce" text, constraint "gift_purchases__external_redeemable_product_ids_pkey" primary key ("gift_purchase_id",
  "index"));
comment on table "recharge"."gift_purchases__external_redeemable_product_ids" is 'Products that the gift can be spent on.';
comment on column "recharge"."gift_purchases__external_redeemable_product_ids"."gift_purchase_id" is 'Key of the row in gift_purchases that owns this one.';
comment on column "recharge"."gift_purchases__external_redeemable_product_ids"."index" is 'Place in the list, from 0.';
comment on column "recharge"."gift_purchases__external_redeemable_product_ids"."ecommerce" is 'Product id in the commerce platform.';
create table "recharge"."metafields" (
  "id" bigint not null,
  "owner_id" bigint,
  "owner_resource" text,
  "created_at" timestamptz,
  "description" text,
  "key" text,
  "namespace" text,
  "updated_at" timestamptz,
  "value" text,
  "value_type" text,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "metafields_pkey" primary key ("id"));
comment on table "recharge"."metafields" is 'One custom value attached to a record. Owners that the token may not read are missing.';
comment on column "recharge"."metafields"."id" is 'Recharge id of the metafield.';
comment on column "recharge"."metafields"."owner_id" is 'Id of the record that the value is attached to. Joins to addresses.id where owner_resource is address, or to charges.id where owner_resource is charge, or to customers.id where owner_resource is customer, or to orders.id where owner_resource is order, or to store.id where owner_resource is store, or to subscriptions.id where owner_resource is subscription.';
comment on column "recharge"."metafields"."owner_resource" is 'Kind of that record. Known values: address, charge, customer, order, store, subscription.';
comment on column "recharge"."metafields"."created_at" is 'When the metafield was created; the API gives no offset, read as US Eastern.';
comment on column "recharge"."metafields"."description" is 'What the value is for, in words of its author.';
comment on column "recharge"."metafields"."key" is 'Name of the value inside its namespace.';
comment on column "recharge"."metafields"."namespace" is 'Group that the name belongs to, often the app that writes it.';
comment on column "recharge"."metafields"."updated_at" is 'When the metafield last changed; the API gives no offset, read as US Eastern.';
comment on column "recharge"."metafields"."value" is 'The value as text, also where value_type says otherwise.';
comment on column "recharge"."metafields"."value_type" is 'How to read value. Known values: string, integer, json_string.';
comment on column "recharge"."metafields"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."metafields"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."metafields"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."metafields"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."metafields"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."onetimes" (
  "id" bigint not null,
  "address_id" bigint,
  "created_at" timestamptz,
  "customer_id" bigint,
  "external_product_id_ecommerce" text,
  "external_variant_id_ecommerce" text,
  "is_cancelled" boolean,
  "next_charge_scheduled_at" date,
  "presentment_currency" text,
  "price" decimal(18, 6),
  "product_title" text,
  "quantity" bigint,
  "sku" text,
  "sku_override" boolean,
  "status" text,
  "subscription_id" bigint,
  "updated_at" timestamptz,
  "variant_title" text,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "onetimes_pkey" primary key ("id"));
comment on table "recharge"."onetimes" is 'One product added to an upcoming charge, once. Cancelled ones are included; see is_cancelled.';
comment on column "recharge"."onetimes"."id" is 'Recharge id of the onetime.';
comment on column "recharge"."onetimes"."address_id" is 'Id of the address that it is shipped to. Joins to addresses.id.';
comment on column "recharge"."onetimes"."created_at" is 'When the onetime was added.';
comment on column "recharge"."onetimes"."customer_id" is 'Id of the customer who buys it. Joins to customers.id.';
comment on column "recharge"."onetimes"."external_product_id_ecommerce" is 'Product id in the commerce platform.';
comment on column "recharge"."onetimes"."external_variant_id_ecommerce" is 'Variant id in the commerce platform.';
comment on column "recharge"."onetimes"."is_cancelled" is 'Whether it was cancelled and will not be charged.';
comment on column "recharge"."onetimes"."next_charge_scheduled_at" is 'Day of the charge that bills it.';
comment on column "recharge"."onetimes"."presentment_currency" is 'ISO code of the currency that the customer is shown; null where it is that of the store.';
comment on column "recharge"."onetimes"."price" is 'Price of one unit before discounts, tax and shipping.';
comment on column "recharge"."onetimes"."product_title" is 'Name of the product.';
comment on column "recharge"."onetimes"."quantity" is 'Number of units.';
comment on column "recharge"."onetimes"."sku" is 'Stock keeping unit of the variant.';
comment on column "recharge"."onetimes"."sku_override" is 'Whether sku was set here instead of following the variant.';
comment on column "recharge"."onetimes"."status" is 'Always onetime where present; named by one client only.';
comment on column "recharge"."onetimes"."subscription_id" is 'Id of a related subscription; named by one client only. Joins to subscriptions.id.';
comment on column "recharge"."onetimes"."updated_at" is 'When the onetime last changed.';
comment on column "recharge"."onetimes"."variant_title" is 'Name of the variant.';
comment on column "recharge"."onetimes"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."onetimes"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."onetimes"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."onetimes"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."onetimes"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."onetimes__properties" (
  "onetime_id" bigint not null,
  "index" bigint not null,
  "name" text,
  "value" text, constraint "onetimes__properties_pkey" primary key ("onetime_id",
  "index"));
comment on table "recharge"."onetimes__properties" is 'Custom names and values of the product, such as an engraving.';
comment on column "recharge"."onetimes__properties"."onetime_id" is 'Key of the row in onetimes that owns this one.';
comment on column "recharge"."onetimes__properties"."index" is 'Place in the list, from 0.';
comment on column "recharge"."onetimes__properties"."name" is 'Name of the property.';
comment on column "recharge"."onetimes__properties"."value" is 'Value of the property.';
create table "recharge"."orders" (
  "id" bigint not null,
  "address_id" bigint,
  "billing_address_address1" text,
  "billing_address_address2" text,
  "billing_address_city" text,
  "billing_address_company" text,
  "billing_address_country_code" text,
  "billing_address_first_name" text,
  "billing_address_last_name" text,
  "billing_address_phone" text,
  "billing_address_province" text,
  "billing_address_zip" text,
  "charge_id" bigint,
  "charge_external_transaction_id_payment_processor" text,
  "charge_payment_processor_name" text,
  "charge_status" text,
  "client_details_browser_ip" text,
  "client_details_user_agent" text,
  "created_at" timestamptz,
  "currency" text,
  "customer_id" bigint,
  "customer_email" text,
  "customer_external_customer_id_ecommerce" text,
  "customer_hash" text,
  "error" text,
  "external_cart_token" text,
  "external_order_id_ecommerce" text,
  "external_order_name_ecommerce" text,
  "external_order_number_ecommerce" text,
  "is_prepaid" boolean,
  "note" text,
  "processed_at" timestamptz,
  "redacted" boolean,
  "scheduled_at" timestamptz,
  "scheduled_on" date,
  "shipping_address_address1" text,
  "shipping_address_address2" text,
  "shipping_address_city" text,
  "shipping_address_company" text,
  "shipping_address_country_code" text,
  "shipping_address_first_name" text,
  "shipping_address_last_name" text,
  "shipping_address_phone" text,
  "shipping_address_province" text,
  "shipping_address_zip" text,
  "status" text,
  "subtotal_price" decimal(18, 6),
  "tags" text,
  "taxable" boolean,
  "total_discounts" decimal(18, 6),
  "total_duties" decimal(18, 6),
  "total_line_items_price" decimal(18, 6),
  "total_price" decimal(18, 6),
  "total_refunds" decimal(18, 6),
  "total_tax" decimal(18, 6),
  "total_weight_grams" decimal(28, 10),
  "type" text,
  "updated_at" timestamptz,
  "hash" text,
  "taxes_included" boolean,
  "shipped_date" timestamptz,
  "cancelled_at" timestamptz,
  "cancel_reason" text,
  "payment_processor" text,
  "orders_count" bigint,
  "has_uncommitted_changes" boolean,
  "error_type" text,
  "retry_date" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "orders_pkey" primary key ("id"));
comment on table "recharge"."orders" is 'One delivery, made or planned. A prepaid charge pays for several, and each may repeat its price: sum revenue over charges.';
comment on column "recharge"."orders"."id" is 'Recharge id of the order.';
comment on column "recharge"."orders"."address_id" is 'Id of the address that it is shipped to. Joins to addresses.id.';
comment on column "recharge"."orders"."billing_address_address1" is 'First line of the billing street.';
comment on column "recharge"."orders"."billing_address_address2" is 'Second line of the billing street.';
comment on column "recharge"."orders"."billing_address_city" is 'City of the billing address.';
comment on column "recharge"."orders"."billing_address_company" is 'Company on the billing address.';
comment on column "recharge"."orders"."billing_address_country_code" is 'Billing country as two ISO letters.';
comment on column "recharge"."orders"."billing_address_first_name" is 'Given name on the billing address.';
comment on column "recharge"."orders"."billing_address_last_name" is 'Family name on the billing address.';
comment on column "recharge"."orders"."billing_address_phone" is 'Phone number on the billing address, as entered.';
comment on column "recharge"."orders"."billing_address_province" is 'State or province of the billing address.';
comment on column "recharge"."orders"."billing_address_zip" is 'Postal code of the billing address.';
comment on column "recharge"."orders"."charge_id" is 'Id of the charge that paid for it; the API may have forgotten that one. Joins to charges.id.';
comment on column "recharge"."orders"."charge_external_transaction_id_payment_processor" is 'Transaction id at the payment processor.';
comment on column "recharge"."orders"."charge_payment_processor_name" is 'Payment processor of the charge. Known values: stripe, braintree, authorize, shopify_payments, mollie, adyen, shopify_app_subscription_billing, frictionless, recharge_credits.';
comment on column "recharge"."orders"."charge_status" is 'State of the charge when the order last changed. Known values: queued, pending, pending_manual_payment, success, error, skipped, refunded, partially_refunded.';
comment on column "recharge"."orders"."client_details_browser_ip" is 'IP address of the customer at checkout.';
comment on column "recharge"."orders"."client_details_user_agent" is 'Browser of the customer at checkout.';
comment on column "recharge"."orders"."created_at" is 'When the order was created.';
comment on column "recharge"."orders"."currency" is 'ISO code of the currency of all amounts.';
comment on column "recharge"."orders"."customer_id" is 'Id of the customer who ordered. Joins to customers.id.';
comment on column "recharge"."orders"."customer_email" is 'Email address of the customer.';
comment on column "recharge"."orders"."customer_external_customer_id_ecommerce" is 'Customer id in the commerce platform; not always a number.';
comment on column "recharge"."orders"."customer_hash" is 'Key of the customer portal; whoever has it can open the account. Stored as SHA-256 of the salt in _sync_settings and the value.';
comment on column "recharge"."orders"."error" is 'What went wrong, in free text.';
comment on column "recharge"."orders"."external_cart_token" is 'Token of the cart in the commerce platform. Stored as SHA-256 of the salt in _sync_settings and the value.';
comment on column "recharge"."orders"."external_order_id_ecommerce" is 'Order id in the commerce platform.';
comment on column "recharge"."orders"."external_order_name_ecommerce" is 'Order name that people see, such as #20417.';
comment on column "recharge"."orders"."external_order_number_ecommerce" is 'Order number in the platform.';
comment on column "recharge"."orders"."is_prepaid" is 'Whether it was paid for in advance, together with others. Its amounts may then be those of the whole charge, or 0.';
comment on column "recharge"."orders"."note" is 'Note on the order.';
comment on column "recharge"."orders"."processed_at" is 'When the order was sent to the commerce platform.';
comment on column "recharge"."orders"."redacted" is 'Whether the personal data of the order was removed; named by the schema of one client only.';
comment on column "recharge"."orders"."scheduled_at" is 'Planned day, as midnight in America/New_York; scheduled_on is the day itself.';
comment on column "recharge"."orders"."scheduled_on" is 'Planned day: that of scheduled_at in US Eastern, in which the API counts days, whatever the zone of the store.';
comment on column "recharge"."orders"."shipping_address_address1" is 'First line of the shipping street.';
comment on column "recharge"."orders"."shipping_address_address2" is 'Second line of the shipping street.';
comment on column "recharge"."orders"."shipping_address_city" is 'City of the shipping address.';
comment on column "recharge"."orders"."shipping_address_company" is 'Company on the shipping address.';
comment on column "recharge"."orders"."shipping_address_country_code" is 'Shipping country as two ISO letters.';
comment on column "recharge"."orders"."shipping_address_first_name" is 'Given name on the shipping address.';
comment on column "recharge"."orders"."shipping_address_last_name" is 'Family name on the shipping address.';
comment on column "recharge"."orders"."shipping_address_phone" is 'Phone number on the shipping address, as entered.';
comment on column "recharge"."orders"."shipping_address_province" is 'State or province of the shipping address.';
comment on column "recharge"."orders"."shipping_address_zip" is 'Postal code of the shipping address.';
comment on column "recharge"."orders"."status" is 'State of the order; refunds do not show here, see charge_status and total_refunds. Known values: success, error, queued, cancelled, pending_charge_status.';
comment on column "recharge"."orders"."subtotal_price" is 'total_line_items_price less total_discounts, before tax and shipping.';
comment on column "recharge"."orders"."tags" is 'Tags of the order, separated by commas.';
comment on column "recharge"."orders"."taxable" is 'Whether the order is taxed.';
comment on column "recharge"."orders"."total_discounts" is 'Sum of all discounts, those of the lines included.';
comment on column "recharge"."orders"."total_duties" is 'Sum of import duties.';
comment on column "recharge"."orders"."total_line_items_price" is 'Sum of original_price × quantity of the lines: before discounts, tax and shipping.';
comment on column "recharge"."orders"."total_price" is 'Price in all: subtotal_price, shipping, tax and duties; of a prepaid order see is_prepaid.';
comment on column "recharge"."orders"."total_refunds" is 'What was paid back so far.';
comment on column "recharge"."orders"."total_tax" is 'Sum of all taxes, as in the tax lines.';
comment on column "recharge"."orders"."total_weight_grams" is 'Weight of all items together in grams; may be a fraction.';
comment on column "recharge"."orders"."type" is 'Where the order comes from. Known values: checkout, recurring.';
comment on column "recharge"."orders"."updated_at" is 'When the order last changed.';
comment on column "recharge"."orders"."hash" is 'Key of the customer portal; normally null. Stored as SHA-256 of the salt in _sync_settings and the value.';
comment on column "recharge"."orders"."taxes_included" is 'Whether prices include tax; normally null.';
comment on column "recharge"."orders"."shipped_date" is 'When the order was shipped; normally null.';
comment on column "recharge"."orders"."cancelled_at" is 'When the order was cancelled; normally null, see status.';
comment on column "recharge"."orders"."cancel_reason" is 'Why the order was cancelled; normally null.';
comment on column "recharge"."orders"."payment_processor" is 'Normally null: charge_payment_processor_name has the payment processor.';
comment on column "recharge"."orders"."orders_count" is 'Number of orders of the same charge; normally null.';
comment on column "recharge"."orders"."has_uncommitted_changes" is 'Whether the order is waiting to be rebuilt; normally null.';
comment on column "recharge"."orders"."error_type" is 'Kind of failure; normally null, see error.';
comment on column "recharge"."orders"."retry_date" is 'Day of the next attempt to bill; normally null.';
comment on column "recharge"."orders"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."orders"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."orders"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."orders"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."orders"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."orders__discounts" (
  "order_id" bigint not null,
  "index" bigint not null,
  "id" bigint,
  "application_method" text,
  "code" text,
  "value" decimal(28, 10),
  "value_type" text, constraint "orders__discounts_pkey" primary key ("order_id",
  "index"));
comment on table "recharge"."orders__discounts" is 'Discounts of the order. Their effect is in the lines too: unit_price is after them, original_price before.';
comment on column "recharge"."orders__discounts"."order_id" is 'Key of the row in orders that owns this one.';
comment on column "recharge"."orders__discounts"."index" is 'Place in the list, from 0.';
comment on column "recharge"."orders__discounts"."id" is 'Id of the discount. Joins to discounts.id.';
comment on column "recharge"."orders__discounts"."application_method" is 'How the discount got there. Known values: code, automatic.';
comment on column "recharge"."orders__discounts"."code" is 'Code of the discount, or the title of an automatic one.';
comment on column "recharge"."orders__discounts"."value" is 'Size of the discount, in percent or as an amount; see value_type.';
comment on column "recharge"."orders__discounts"."value_type" is 'How to read value. Known values: percentage, fixed_amount, shipping.';
create table "recharge"."orders__line_items" (
  "order_id" bigint not null,
  "index" bigint not null,
  "purchase_item_id" bigint,
  "purchase_item_type" text,
  "external_product_id_ecommerce" text,
  "external_variant_id_ecommerce" text,
  "external_inventory_policy" text,
  "grams" decimal(28, 10),
  "handle" text,
  "images" jsonb,
  "offer_attributes" jsonb,
  "original_price" decimal(18, 6),
  "properties" jsonb,
  "quantity" bigint,
  "sku" text,
  "sort_order" bigint,
  "tax_due" decimal(18, 6),
  "tax_lines" jsonb,
  "taxable" boolean,
  "taxable_amount" decimal(18, 6),
  "title" text,
  "total_price" decimal(18, 6),
  "unit_price" decimal(18, 6),
  "unit_price_includes_tax" boolean,
  "variant_title" text, constraint "orders__line_items_pkey" primary key ("order_id",
  "index"));
comment on table "recharge"."orders__line_items" is 'Products that the order consists of.';
comment on column "recharge"."orders__line_items"."order_id" is 'Key of the row in orders that owns this one.';
comment on column "recharge"."orders__line_items"."index" is 'Place in the list, from 0.';
comment on column "recharge"."orders__line_items"."purchase_item_id" is 'Id of the subscription or onetime behind the line. Joins to subscriptions.id where purchase_item_type is subscription, or to onetimes.id where purchase_item_type is onetime.';
comment on column "recharge"."orders__line_items"."purchase_item_type" is 'What purchase_item_id is the id of. Known values: subscription, onetime.';
comment on column "recharge"."orders__line_items"."external_product_id_ecommerce" is 'Product id in the commerce platform.';
comment on column "recharge"."orders__line_items"."external_variant_id_ecommerce" is 'Variant id in the commerce platform.';
comment on column "recharge"."orders__line_items"."external_inventory_policy" is 'How the stock of the commerce platform is counted down; null if that is not set. Known values: bypass, decrement_obeying_policy, decrement_ignoring_policy.';
comment on column "recharge"."orders__line_items"."grams" is 'Weight of one unit in grams; may be a fraction.';
comment on column "recharge"."orders__line_items"."handle" is 'Name of the product in its shop URL.';
comment on column "recharge"."orders__line_items"."images" is 'URLs of the images by size: small, medium, large and original.';
comment on column "recharge"."orders__line_items"."offer_attributes" is 'Offer behind the line: its type, such as free_gift, and the source that made it.';
comment on column "recharge"."orders__line_items"."original_price" is 'Price of one unit before discounts.';
comment on column "recharge"."orders__line_items"."properties" is 'Custom names and values of the product, as a list of {name, value}.';
comment on column "recharge"."orders__line_items"."quantity" is 'Number of units.';
comment on column "recharge"."orders__line_items"."sku" is 'Stock keeping unit of the variant.';
comment on column "recharge"."orders__line_items"."sort_order" is 'Place of the line in the order; named by the schema of one client only.';
comment on column "recharge"."orders__line_items"."tax_due" is 'Tax on the line, all units together.';
comment on column "recharge"."orders__line_items"."tax_lines" is 'Taxes that make up tax_due, as a list of {title, price, rate}.';
comment on column "recharge"."orders__line_items"."taxable" is 'Whether the line is taxed.';
comment on column "recharge"."orders__line_items"."taxable_amount" is 'Part of the price of the line that tax is calculated on, after discounts.';
comment on column "recharge"."orders__line_items"."title" is 'Name of the product.';
comment on column "recharge"."orders__line_items"."total_price" is 'Price of the line, all units together, after discounts and with tax_due.';
comment on column "recharge"."orders__line_items"."unit_price" is 'Price of one unit after discounts; original_price is before them.';
comment on column "recharge"."orders__line_items"."unit_price_includes_tax" is 'Whether unit_price includes tax.';
comment on column "recharge"."orders__line_items"."variant_title" is 'Name of the variant.';
create table "recharge"."orders__order_attributes" (
  "order_id" bigint not null,
  "index" bigint not null,
  "name" text,
  "value" text, constraint "orders__order_attributes_pkey" primary key ("order_id",
  "index"));
comment on table "recharge"."orders__order_attributes" is 'Extra names and values that are carried by the order.';
comment on column "recharge"."orders__order_attributes"."order_id" is 'Key of the row in orders that owns this one.';
comment on column "recharge"."orders__order_attributes"."index" is 'Place in the list, from 0.';
comment on column "recharge"."orders__order_attributes"."name" is 'Name of the attribute.';
comment on column "recharge"."orders__order_attributes"."value" is 'Value of the attribute.';
create table "recharge"."orders__shipping_lines" (
  "order_id" bigint not null,
  "index" bigint not null,
  "code" text,
  "price" decimal(18, 6),
  "retrieved_at" timestamptz,
  "source" text,
  "status" text,
  "title" text,
  "taxable" boolean,
  "tax_lines" jsonb, constraint "orders__shipping_lines_pkey" primary key ("order_id",
  "index"));
comment on table "recharge"."orders__shipping_lines" is 'Shipping methods of the order.';
comment on column "recharge"."orders__shipping_lines"."order_id" is 'Key of the row in orders that owns this one.';
comment on column "recharge"."orders__shipping_lines"."index" is 'Place in the list, from 0.';
comment on column "recharge"."orders__shipping_lines"."code" is 'Code of the shipping method.';
comment on column "recharge"."orders__shipping_lines"."price" is 'Price of the shipping method, before tax.';
comment on column "recharge"."orders__shipping_lines"."retrieved_at" is 'When the price was fetched.';
comment on column "recharge"."orders__shipping_lines"."source" is 'Who supplied the price.';
comment on column "recharge"."orders__shipping_lines"."status" is 'State of the price. Known values: active, pending, queued.';
comment on column "recharge"."orders__shipping_lines"."title" is 'Name of the shipping method.';
comment on column "recharge"."orders__shipping_lines"."taxable" is 'Whether shipping is taxed.';
comment on column "recharge"."orders__shipping_lines"."tax_lines" is 'Taxes on shipping, as a list of {title, price, rate}.';
create table "recharge"."orders__tax_lines" (
  "order_id" bigint not null,
  "index" bigint not null,
  "code" text,
  "title" text,
  "price" decimal(18, 6),
  "rate" decimal(28, 10),
  "unit_price" decimal(18, 6), constraint "orders__tax_lines_pkey" primary key ("order_id",
  "index"));
comment on table "recharge"."orders__tax_lines" is 'Taxes that make up total_tax.';
comment on column "recharge"."orders__tax_lines"."order_id" is 'Key of the row in orders that owns this one.';
comment on column "recharge"."orders__tax_lines"."index" is 'Place in the list, from 0.';
comment on column "recharge"."orders__tax_lines"."code" is 'Code of the tax; named by the schema of one client only.';
comment on column "recharge"."orders__tax_lines"."title" is 'Name of the tax.';
comment on column "recharge"."orders__tax_lines"."price" is 'Amount of the tax.';
comment on column "recharge"."orders__tax_lines"."rate" is 'Rate of the tax as a fraction: 0.0725 is 7.25 percent.';
comment on column "recharge"."orders__tax_lines"."unit_price" is 'Tax on one unit, where given.';
create table "recharge"."payment_methods" (
  "id" bigint not null,
  "customer_id" bigint,
  "billing_address_address1" text,
  "billing_address_address2" text,
  "billing_address_city" text,
  "billing_address_company" text,
  "billing_address_company_name" text,
  "billing_address_country_code" text,
  "billing_address_country" text,
  "billing_address_first_name" text,
  "billing_address_last_name" text,
  "billing_address_name" text,
  "billing_address_phone" text,
  "billing_address_province" text,
  "billing_address_zip" text,
  "created_at" timestamptz,
  "deleted_at" timestamptz,
  "default" boolean,
  "payment_details_brand" text,
  "payment_details_exp_month" bigint,
  "payment_details_exp_year" bigint,
  "payment_details_last4" text,
  "payment_details_card_type" text,
  "payment_details_funding_type" text,
  "payment_details_wallet_type" text,
  "payment_details_paypal_email" text,
  "payment_details_paypal_payer_id" text,
  "payment_type" text,
  "processor_customer_token" text,
  "processor_name" text,
  "processor_payment_method_token" text,
  "status" text,
  "status_reason" text,
  "retry_date" timestamptz,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "payment_methods_pkey" primary key ("id"));
comment on table "recharge"."payment_methods" is 'One way to pay that a customer has stored, such as a card or a PayPal account.';
comment on column "recharge"."payment_methods"."id" is 'Recharge id of the payment method.';
comment on column "recharge"."payment_methods"."customer_id" is 'Id of the customer who pays with it. Joins to customers.id.';
comment on column "recharge"."payment_methods"."billing_address_address1" is 'First line of the billing street.';
comment on column "recharge"."payment_methods"."billing_address_address2" is 'Second line of the billing street.';
comment on column "recharge"."payment_methods"."billing_address_city" is 'City of the billing address.';
comment on column "recharge"."payment_methods"."billing_address_company" is 'Company on the billing address.';
comment on column "recharge"."payment_methods"."billing_address_company_name" is 'Company on the billing address, where it comes under this name.';
comment on column "recharge"."payment_methods"."billing_address_country_code" is 'Billing country as two ISO letters.';
comment on column "recharge"."payment_methods"."billing_address_country" is 'Billing country spelled out.';
comment on column "recharge"."payment_methods"."billing_address_first_name" is 'Given name on the billing address.';
comment on column "recharge"."payment_methods"."billing_address_last_name" is 'Family name on the billing address.';
comment on column "recharge"."payment_methods"."billing_address_name" is 'Whole name on the billing address, where first and family name do not come apart.';
comment on column "recharge"."payment_methods"."billing_address_phone" is 'Phone number on the billing address, as entered.';
comment on column "recharge"."payment_methods"."billing_address_province" is 'State or province of the billing address.';
comment on column "recharge"."payment_methods"."billing_address_zip" is 'Postal code of the billing address.';
comment on column "recharge"."payment_methods"."created_at" is 'When the payment method was stored; the API gives no offset, read as US Eastern.';
comment on column "recharge"."payment_methods"."deleted_at" is 'When the payment method was deleted; the API gives no offset, read as US Eastern.';
comment on column "recharge"."payment_methods"."default" is 'Whether it is what the customer pays with unless told otherwise; may be null.';
comment on column "recharge"."payment_methods"."payment_details_brand" is 'Brand of the card, such as visa.';
comment on column "recharge"."payment_methods"."payment_details_exp_month" is 'Month in which the card expires, 1 to 12.';
comment on column "recharge"."payment_methods"."payment_details_exp_year" is 'Year in which the card expires, with four digits.';
comment on column "recharge"."payment_methods"."payment_details_last4" is 'Last four digits of the card.';
comment on column "recharge"."payment_methods"."payment_details_card_type" is 'Type of the card, as the processor calls it.';
comment on column "recharge"."payment_methods"."payment_details_funding_type" is 'How the card is funded, such as credit.';
comment on column "recharge"."payment_methods"."payment_details_wallet_type" is 'Wallet that holds the card, if any.';
comment on column "recharge"."payment_methods"."payment_details_paypal_email" is 'Email of the PayPal account.';
comment on column "recharge"."payment_methods"."payment_details_paypal_payer_id" is 'Id of the payer at PayPal.';
comment on column "recharge"."payment_methods"."payment_type" is 'Kind of payment method; may be null. Known values: CREDIT_CARD, PAYPAL, PAYPAL_EXPRESS, APPLE_PAY, GOOGLE_PAY, SHOP_PAY, AMAZON_PAY, SEPA_DEBIT, IDEAL, SOFORT, GIROPAY, KLARNA, AFTERPAY_CLEARPAY, INVOICE, STORED_VALUE.';
comment on column "recharge"."payment_methods"."processor_customer_token" is 'Token of the customer at the payment processor. Stored as SHA-256 of the salt in _sync_settings and the value.';
comment on column "recharge"."payment_methods"."processor_name" is 'Payment processor that keeps it. Known values: stripe, braintree, authorize, shopify_payments, mollie, adyen, shopify_app_subscription_billing, frictionless, recharge_credits.';
comment on column "recharge"."payment_methods"."processor_payment_method_token" is 'Token at the processor that can be charged. Stored as SHA-256 of the salt in _sync_settings and the value.';
comment on column "recharge"."payment_methods"."status" is 'Whether it can be charged; may be null. Known values: valid, invalid, not_validated, unvalidated, empty.';
comment on column "recharge"."payment_methods"."status_reason" is 'Why status is invalid.';
comment on column "recharge"."payment_methods"."retry_date" is 'When a failed charge is tried again; named by one client only.';
comment on column "recharge"."payment_methods"."updated_at" is 'When the payment method last changed; the API gives no offset, read as US Eastern.';
comment on column "recharge"."payment_methods"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."payment_methods"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."payment_methods"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."payment_methods"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."payment_methods"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."payment_sources" (
  "id" bigint,
  "position" bigint not null,
  "customer_id" bigint not null,
  "billing_address_address1" text,
  "billing_address_address2" text,
  "billing_address_city" text,
  "billing_address_company" text,
  "billing_address_country" text,
  "billing_address_first_name" text,
  "billing_address_last_name" text,
  "billing_address_phone" text,
  "billing_address_province" text,
  "billing_address_zip" text,
  "card_brand" text,
  "card_exp_month" bigint,
  "card_exp_year" bigint,
  "card_last4" text,
  "cardholder_name" text,
  "has_card_error_in_dunning" boolean,
  "payment_type" text,
  "processor_name" text,
  "status" text,
  "status_reason" text,
  "created_at" timestamptz,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "payment_sources_pkey" primary key ("customer_id",
  "position"));
comment on table "recharge"."payment_sources" is 'One way to pay of a customer, in its 2021-01 form. Prefer payment_methods where the plan has it.';
comment on column "recharge"."payment_sources"."id" is 'Recharge id of the payment source, where it has one.';
comment on column "recharge"."payment_sources"."position" is 'Place of the source in the list of its customer, from 0.';
comment on column "recharge"."payment_sources"."customer_id" is 'Id of the customer who pays with it. Joins to customers.id.';
comment on column "recharge"."payment_sources"."billing_address_address1" is 'First line of the billing street.';
comment on column "recharge"."payment_sources"."billing_address_address2" is 'Second line of the billing street.';
comment on column "recharge"."payment_sources"."billing_address_city" is 'City of the billing address.';
comment on column "recharge"."payment_sources"."billing_address_company" is 'Company on the billing address.';
comment on column "recharge"."payment_sources"."billing_address_country" is 'Billing country spelled out.';
comment on column "recharge"."payment_sources"."billing_address_first_name" is 'Given name on the billing address.';
comment on column "recharge"."payment_sources"."billing_address_last_name" is 'Family name on the billing address.';
comment on column "recharge"."payment_sources"."billing_address_phone" is 'Phone number on the billing address, as entered.';
comment on column "recharge"."payment_sources"."billing_address_province" is 'State or province of the billing address.';
comment on column "recharge"."payment_sources"."billing_address_zip" is 'Postal code of the billing address.';
comment on column "recharge"."payment_sources"."card_brand" is 'Brand of the card, such as visa.';
comment on column "recharge"."payment_sources"."card_exp_month" is 'Month in which the card expires, 1 to 12.';
comment on column "recharge"."payment_sources"."card_exp_year" is 'Year in which the card expires, with four digits.';
comment on column "recharge"."payment_sources"."card_last4" is 'Last four digits of the card.';
comment on column "recharge"."payment_sources"."cardholder_name" is 'Name on the card.';
comment on column "recharge"."payment_sources"."has_card_error_in_dunning" is 'Whether the card fails and is being retried.';
comment on column "recharge"."payment_sources"."payment_type" is 'Kind of payment, as 2021-01 names it.';
comment on column "recharge"."payment_sources"."processor_name" is 'Payment processor that keeps it, such as stripe.';
comment on column "recharge"."payment_sources"."status" is 'Whether it can be charged.';
comment on column "recharge"."payment_sources"."status_reason" is 'Why it cannot be charged, if so.';
comment on column "recharge"."payment_sources"."created_at" is 'When the payment source was stored.';
comment on column "recharge"."payment_sources"."updated_at" is 'When the payment source last changed.';
comment on column "recharge"."payment_sources"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."payment_sources"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."payment_sources"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."payment_sources"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."payment_sources"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."plans" (
  "id" bigint not null,
  "channel_settings_api_display" boolean,
  "channel_settings_checkout_page_display" boolean,
  "channel_settings_checkout_page_experiment_display" boolean,
  "channel_settings_customer_portal_display" boolean,
  "channel_settings_merchant_portal_display" boolean,
  "charge_creation_day_of_month" bigint,
  "charge_creation_day_of_week" bigint,
  "created_at" timestamptz,
  "deleted_at" timestamptz,
  "discount_amount" decimal(28, 10),
  "discount_type" text,
  "external_plan_group_id" text,
  "external_plan_id" text,
  "external_plan_name" text,
  "external_product_id_ecommerce" text,
  "external_variant_ids" jsonb,
  "has_variant_restrictions" boolean,
  "max_queued_charges" bigint,
  "product_quantity" bigint,
  "recurring_discount_after_cycle" bigint,
  "recurring_discount_amount" decimal(28, 10),
  "recurring_discount_type" text,
  "sort_order" bigint,
  "subscription_preferences_apply_cutoff_date_to_checkout" boolean,
  "subscription_preferences_charge_interval_frequency" bigint,
  "subscription_preferences_cutoff_day_of_month" bigint,
  "subscription_preferences_cutoff_day_of_week" bigint,
  "subscription_preferences_expire_after_specific_number__7986697e" bigint,
  "subscription_preferences_interval_unit" text,
  "subscription_preferences_order_day_of_month" bigint,
  "subscription_preferences_order_day_of_week" bigint,
  "subscription_preferences_order_interval_frequency" bigint,
  "title" text,
  "type" text,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "plans_pkey" primary key ("id"));
comment on table "recharge"."plans" is 'One way in which a product can be bought: by subscription, prepaid or once, and how often.';
comment on column "recharge"."plans"."id" is 'Recharge id of the plan.';
comment on column "recharge"."plans"."channel_settings_api_display" is 'Whether the API offers the plan.';
comment on column "recharge"."plans"."channel_settings_checkout_page_display" is 'Whether the checkout offers the plan.';
comment on column "recharge"."plans"."channel_settings_checkout_page_experiment_display" is 'Whether an experiment at checkout offers the plan.';
comment on column "recharge"."plans"."channel_settings_customer_portal_display" is 'Whether the customer portal offers the plan.';
comment on column "recharge"."plans"."channel_settings_merchant_portal_display" is 'Whether the merchant portal offers the plan.';
comment on column "recharge"."plans"."charge_creation_day_of_month" is 'Day of the month on which charges are made, 1 to 31, if fixed.';
comment on column "recharge"."plans"."charge_creation_day_of_week" is 'Weekday on which charges are made, 0 to 6, if fixed.';
comment on column "recharge"."plans"."created_at" is 'When the plan was created.';
comment on column "recharge"."plans"."deleted_at" is 'When the plan was deleted; whether deleted ones stay listed is unconfirmed.';
comment on column "recharge"."plans"."discount_amount" is 'Size of the discount that the plan grants; see discount_type.';
comment on column "recharge"."plans"."discount_type" is 'How to read discount_amount. Known values: percentage, fixed_amount, shipping.';
comment on column "recharge"."plans"."external_plan_group_id" is 'Id of the selling plan group in the commerce platform.';
comment on column "recharge"."plans"."external_plan_id" is 'Id of the selling plan in the commerce platform.';
comment on column "recharge"."plans"."external_plan_name" is 'Name of the selling plan in the commerce platform.';
comment on column "recharge"."plans"."external_product_id_ecommerce" is 'Product id in the commerce platform.';
comment on column "recharge"."plans"."external_variant_ids" is 'Ids of the variants that the plan covers, as a list of texts.';
comment on column "recharge"."plans"."has_variant_restrictions" is 'Whether the plan covers only the variants in external_variant_ids.';
comment on column "recharge"."plans"."max_queued_charges" is 'Most charges of a subscription that wait for their day at a time.';
comment on column "recharge"."plans"."product_quantity" is 'Number of units that are bought together, where the plan sells more than one.';
comment on column "recharge"."plans"."recurring_discount_after_cycle" is 'Number of charges after which the recurring discount begins.';
comment on column "recharge"."plans"."recurring_discount_amount" is 'Size of the recurring discount; see recurring_discount_type.';
comment on column "recharge"."plans"."recurring_discount_type" is 'How to read recurring_discount_amount. Known values: percentage, fixed_amount, shipping.';
comment on column "recharge"."plans"."sort_order" is 'Place of the plan among those of its product.';
comment on column "recharge"."plans"."subscription_preferences_apply_cutoff_date_to_checkout" is 'Whether the cutoff day also counts for the first order, at checkout.';
comment on column "recharge"."plans"."subscription_preferences_charge_interval_frequency" is 'Number of interval units from one charge to the next. Also sent as `charge_interval_frequency`.';
comment on column "recharge"."plans"."subscription_preferences_cutoff_day_of_month" is 'Day of the month by which to order for the coming date.';
comment on column "recharge"."plans"."subscription_preferences_cutoff_day_of_week" is 'Weekday, as a number, by which to order for the coming date.';
comment on column "recharge"."plans"."subscription_preferences_expire_after_specific_number__7986697e" is 'Number of charges after which a subscription ends; null if it does not.';
comment on column "recharge"."plans"."subscription_preferences_interval_unit" is 'Unit of both intervals. Also sent as `interval_unit`. Known values: day, week, month.';
comment on column "recharge"."plans"."subscription_preferences_order_day_of_month" is 'Day of the month on which orders are made, if fixed.';
comment on column "recharge"."plans"."subscription_preferences_order_day_of_week" is 'Weekday, as a number, on which orders are made, if fixed.';
comment on column "recharge"."plans"."subscription_preferences_order_interval_frequency" is 'Number of interval units from one order to the next. Also sent as `order_interval_frequency`.';
comment on column "recharge"."plans"."title" is 'Name of the plan.';
comment on column "recharge"."plans"."type" is 'How the product is bought. Known values: subscription, prepaid, prepaid_v2, onetime, membership_subscription.';
comment on column "recharge"."plans"."updated_at" is 'When the plan last changed.';
comment on column "recharge"."plans"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."plans"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."plans"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."plans"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."plans"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."plans__pricing_progression" (
  "plan_id" bigint not null,
  "index" bigint not null,
  "recurring_discount_after_cycle" bigint,
  "recurring_discount_amount" decimal(28, 10),
  "recurring_discount_type" text, constraint "plans__pricing_progression_pkey" primary key ("plan_id",
  "index"));
comment on table "recharge"."plans__pricing_progression" is 'How the price of a subscription changes as it goes on: each row is a discount and when it begins.';
comment on column "recharge"."plans__pricing_progression"."plan_id" is 'Key of the row in plans that owns this one.';
comment on column "recharge"."plans__pricing_progression"."index" is 'Place in the list, from 0.';
comment on column "recharge"."plans__pricing_progression"."recurring_discount_after_cycle" is 'Number of charges after which the discount begins.';
comment on column "recharge"."plans__pricing_progression"."recurring_discount_amount" is 'Size of the discount; see recurring_discount_type.';
comment on column "recharge"."plans__pricing_progression"."recurring_discount_type" is 'How to read recurring_discount_amount. Known values: percentage, fixed_amount, shipping.';
create table "recharge"."plans__translations" (
  "plan_id" bigint not null,
  "index" bigint not null,
  "language" text,
  "title" text, constraint "plans__translations_pkey" primary key ("plan_id",
  "index"));
comment on table "recharge"."plans__translations" is 'The name of the plan in other languages.';
comment on column "recharge"."plans__translations"."plan_id" is 'Key of the row in plans that owns this one.';
comment on column "recharge"."plans__translations"."index" is 'Place in the list, from 0.';
comment on column "recharge"."plans__translations"."language" is 'Code of the language, such as fr.';
comment on column "recharge"."plans__translations"."title" is 'Name of the plan in it.';
create table "recharge"."products" (
  "id" bigint not null,
  "collection_id" bigint,
  "created_at" timestamptz,
  "discount_amount" decimal(28, 10),
  "discount_type" text,
  "handle" text,
  "images_large" text,
  "images_medium" text,
  "images_original" text,
  "images_small" text,
  "product_id" bigint,
  "shopify_product_id" bigint,
  "subscription_defaults_apply_cutoff_date_to_checkout" boolean,
  "subscription_defaults_charge_interval_frequency" bigint,
  "subscription_defaults_cutoff_day_of_month" bigint,
  "subscription_defaults_cutoff_day_of_week" bigint,
  "subscription_defaults_expire_after_specific_number_of_charges" bigint,
  "subscription_defaults_modifiable_properties" jsonb,
  "subscription_defaults_number_charges_until_expiration" bigint,
  "subscription_defaults_order_day_of_month" bigint,
  "subscription_defaults_order_day_of_week" bigint,
  "subscription_defaults_order_interval_frequency_options" jsonb,
  "subscription_defaults_order_interval_unit" text,
  "subscription_defaults_storefront_purchase_options" text,
  "title" text,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "products_pkey" primary key ("id"));
comment on table "recharge"."products" is 'One product with its 2021-01 subscription rules. Announced to end on 2025-06-30; plans replaces it.';
comment on column "recharge"."products"."id" is 'Recharge id of the product.';
comment on column "recharge"."products"."collection_id" is 'Id of the collection that the product is in. Joins to collections.id.';
comment on column "recharge"."products"."created_at" is 'When the product was created; the API gives no offset, read as US Eastern.';
comment on column "recharge"."products"."discount_amount" is 'Size of the discount for subscribers; see discount_type.';
comment on column "recharge"."products"."discount_type" is 'How to read discount_amount. Known values: percentage, fixed_amount, shipping.';
comment on column "recharge"."products"."handle" is 'Name of the product in its shop URL.';
comment on column "recharge"."products"."images_large" is 'URL of the large image.';
comment on column "recharge"."products"."images_medium" is 'URL of the medium image.';
comment on column "recharge"."products"."images_original" is 'URL of the image as uploaded.';
comment on column "recharge"."products"."images_small" is 'URL of the small image.';
comment on column "recharge"."products"."product_id" is 'Product id in the commerce platform; repeats shopify_product_id.';
comment on column "recharge"."products"."shopify_product_id" is 'Product id in the commerce platform.';
comment on column "recharge"."products"."subscription_defaults_apply_cutoff_date_to_checkout" is 'Whether the cutoff day also counts for the first order, at checkout.';
comment on column "recharge"."products"."subscription_defaults_charge_interval_frequency" is 'Number of interval units from one charge to the next.';
comment on column "recharge"."products"."subscription_defaults_cutoff_day_of_month" is 'Day of the month by which to order for the coming date.';
comment on column "recharge"."products"."subscription_defaults_cutoff_day_of_week" is 'Weekday, as a number, by which to order for the coming date.';
comment on column "recharge"."products"."subscription_defaults_expire_after_specific_number_of_charges" is 'Number of charges after which a subscription ends; null if it does not.';
comment on column "recharge"."products"."subscription_defaults_modifiable_properties" is 'Names of the properties that customers may change, as a list.';
comment on column "recharge"."products"."subscription_defaults_number_charges_until_expiration" is 'Older name of the number of charges after which a subscription ends.';
comment on column "recharge"."products"."subscription_defaults_order_day_of_month" is 'Day of the month on which orders are made, if fixed.';
comment on column "recharge"."products"."subscription_defaults_order_day_of_week" is 'Weekday, as a number, on which orders are made, if fixed.';
comment on column "recharge"."products"."subscription_defaults_order_interval_frequency_options" is 'Intervals that customers may choose, as a list of numbers in text.';
comment on column "recharge"."products"."subscription_defaults_order_interval_unit" is 'Unit of the intervals. Known values: day, week, month.';
comment on column "recharge"."products"."subscription_defaults_storefront_purchase_options" is 'What the shop offers. Known values: subscription_and_onetime, subscription_only, onetime_only, inactive.';
comment on column "recharge"."products"."title" is 'Name of the product.';
comment on column "recharge"."products"."updated_at" is 'When the product last changed; the API gives no offset, read as US Eastern.';
comment on column "recharge"."products"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."products"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."products"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."products"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."products"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."retention_strategies" (
  "id" bigint not null,
  "cancellation_flow_type" text,
  "created_at" timestamptz,
  "discount_code" text,
  "incentive_type" text,
  "prevention_text" text,
  "reason" text,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "retention_strategies_pkey" primary key ("id"));
comment on table "recharge"."retention_strategies" is 'What the store offers a customer who is about to cancel for a given reason.';
comment on column "recharge"."retention_strategies"."id" is 'Recharge id of the strategy.';
comment on column "recharge"."retention_strategies"."cancellation_flow_type" is 'What is being cancelled. Known values: subscription, membership.';
comment on column "recharge"."retention_strategies"."created_at" is 'When the strategy was created.';
comment on column "recharge"."retention_strategies"."discount_code" is 'Code of the discount offered, if the incentive is one.';
comment on column "recharge"."retention_strategies"."incentive_type" is 'What is offered. Known values: delay_subscription, discount, skip_charge, swap_product.';
comment on column "recharge"."retention_strategies"."prevention_text" is 'Words shown to the customer with the offer.';
comment on column "recharge"."retention_strategies"."reason" is 'Reason for cancelling that the strategy answers.';
comment on column "recharge"."retention_strategies"."updated_at" is 'When the strategy last changed.';
comment on column "recharge"."retention_strategies"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."retention_strategies"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."retention_strategies"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."retention_strategies"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."retention_strategies"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."shipping_countries" (
  "id" bigint not null,
  "code" text,
  "country_id" bigint,
  "name" text,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "shipping_countries_pkey" primary key ("id"));
comment on table "recharge"."shipping_countries" is 'One country that the store ships to.';
comment on column "recharge"."shipping_countries"."id" is 'Recharge id of the entry.';
comment on column "recharge"."shipping_countries"."code" is 'Country as two ISO letters.';
comment on column "recharge"."shipping_countries"."country_id" is 'Recharge id of the country itself.';
comment on column "recharge"."shipping_countries"."name" is 'Name of the country.';
comment on column "recharge"."shipping_countries"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."shipping_countries"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."shipping_countries"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."shipping_countries"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."shipping_countries"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."shipping_countries__provinces" (
  "shipping_country_id" bigint not null,
  "index" bigint not null,
  "id" bigint,
  "code" text,
  "name" text, constraint "shipping_countries__provinces_pkey" primary key ("shipping_country_id",
  "index"));
comment on table "recharge"."shipping_countries__provinces" is 'States or provinces of the country.';
comment on column "recharge"."shipping_countries__provinces"."shipping_country_id" is 'Key of the row in shipping_countries that owns this one.';
comment on column "recharge"."shipping_countries__provinces"."index" is 'Place in the list, from 0.';
comment on column "recharge"."shipping_countries__provinces"."id" is 'Recharge id of the province.';
comment on column "recharge"."shipping_countries__provinces"."code" is 'Short code of the province, such as BC.';
comment on column "recharge"."shipping_countries__provinces"."name" is 'Name of the province.';
create table "recharge"."shop" (
  "id" bigint not null,
  "allow_customers_to_skip_delivery" boolean,
  "checkout_logo_url" text,
  "created_at" timestamptz,
  "currency" text,
  "customer_portal_domain" text,
  "disabled_currencies_historical" jsonb,
  "domain" text,
  "email" text,
  "enabled_presentment_currencies" jsonb,
  "external_platform" text,
  "iana_timezone" text,
  "my_shopify_domain" text,
  "name" text,
  "payment_processor" text,
  "platform_domain" text,
  "shop_email" text,
  "shop_phone" text,
  "subscriptions_enabled" boolean,
  "test_mode" boolean,
  "timezone" text,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "shop_pkey" primary key ("id"));
comment on table "recharge"."shop" is 'The store as one row, in its 2021-01 form, which has settings that the store table lacks.';
comment on column "recharge"."shop"."id" is 'Recharge id of the store.';
comment on column "recharge"."shop"."allow_customers_to_skip_delivery" is 'Whether customers may skip a delivery.';
comment on column "recharge"."shop"."checkout_logo_url" is 'URL of the logo at checkout.';
comment on column "recharge"."shop"."created_at" is 'When the store was created in Recharge.';
comment on column "recharge"."shop"."currency" is 'ISO code of the currency of the store.';
comment on column "recharge"."shop"."customer_portal_domain" is 'Domain of the customer portal; empty if it has none of its own.';
comment on column "recharge"."shop"."disabled_currencies_historical" is 'ISO codes of currencies once shown and now off, as a list.';
comment on column "recharge"."shop"."domain" is 'Domain of the shop that customers see.';
comment on column "recharge"."shop"."email" is 'Email address of the store.';
comment on column "recharge"."shop"."enabled_presentment_currencies" is 'ISO codes of the currencies that customers can be shown, as a list.';
comment on column "recharge"."shop"."external_platform" is 'Commerce platform that the store runs on, such as shopify.';
comment on column "recharge"."shop"."iana_timezone" is 'Zone of the merchant, such as America/Los_Angeles; not the zone of API times.';
comment on column "recharge"."shop"."my_shopify_domain" is 'Domain that Shopify gave the shop.';
comment on column "recharge"."shop"."name" is 'Name of the store.';
comment on column "recharge"."shop"."payment_processor" is 'Payment processor of the store, such as stripe.';
comment on column "recharge"."shop"."platform_domain" is 'Domain of the shop on its commerce platform.';
comment on column "recharge"."shop"."shop_email" is 'Email address of the shop on its platform.';
comment on column "recharge"."shop"."shop_phone" is 'Phone number of the shop.';
comment on column "recharge"."shop"."subscriptions_enabled" is 'Whether the store sells subscriptions.';
comment on column "recharge"."shop"."test_mode" is 'Whether the store is a test store.';
comment on column "recharge"."shop"."timezone" is 'Zone of the merchant in readable form.';
comment on column "recharge"."shop"."updated_at" is 'When the settings last changed.';
comment on column "recharge"."shop"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."shop"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."shop"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."shop"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."shop"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."shop__enabled_presentment_currencies_symbols" (
  "shop_id" bigint not null,
  "index" bigint not null,
  "currency" text,
  "location" text,
  "suffix" text,
  "symbol" text, constraint "shop__enabled_presentment_currencies_symbols_pkey" primary key ("shop_id",
  "index"));
comment on table "recharge"."shop__enabled_presentment_currencies_symbols" is 'How amounts are written in each currency that customers can be shown.';
comment on column "recharge"."shop__enabled_presentment_currencies_symbols"."shop_id" is 'Key of the row in shop that owns this one.';
comment on column "recharge"."shop__enabled_presentment_currencies_symbols"."index" is 'Place in the list, from 0.';
comment on column "recharge"."shop__enabled_presentment_currencies_symbols"."currency" is 'ISO code of the currency.';
comment on column "recharge"."shop__enabled_presentment_currencies_symbols"."location" is 'Where the symbol stands: before or after the amount.';
comment on column "recharge"."shop__enabled_presentment_currencies_symbols"."suffix" is 'Text that follows the amount.';
comment on column "recharge"."shop__enabled_presentment_currencies_symbols"."symbol" is 'Symbol of the currency.';
create table "recharge"."store" (
  "id" bigint not null,
  "checkout_logo_url" text,
  "checkout_platform" text,
  "created_at" timestamptz,
  "currency" text,
  "customer_portal_base_url" text,
  "default_api_version" text,
  "disabled_currencies_historical" jsonb,
  "email" text,
  "enabled_presentment_currencies" jsonb,
  "external_platform" text,
  "identifier" text,
  "merchant_portal_base_url" text,
  "name" text,
  "phone" text,
  "province" text,
  "timezone_iana_name" text,
  "timezone_name" text,
  "updated_at" timestamptz,
  "weight_unit" text,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "store_pkey" primary key ("id"));
comment on table "recharge"."store" is 'The store itself, as one row.';
comment on column "recharge"."store"."id" is 'Recharge id of the store.';
comment on column "recharge"."store"."checkout_logo_url" is 'URL of the logo at checkout.';
comment on column "recharge"."store"."checkout_platform" is 'Platform whose checkout customers go through.';
comment on column "recharge"."store"."created_at" is 'When the store was created in Recharge.';
comment on column "recharge"."store"."currency" is 'ISO code of the currency of the store.';
comment on column "recharge"."store"."customer_portal_base_url" is 'URL under which customers find their portal.';
comment on column "recharge"."store"."default_api_version" is 'API version of requests that name none: 2021-01 or 2021-11.';
comment on column "recharge"."store"."disabled_currencies_historical" is 'ISO codes of currencies once shown and now off, as a list.';
comment on column "recharge"."store"."email" is 'Email address of the store.';
comment on column "recharge"."store"."enabled_presentment_currencies" is 'ISO codes of the currencies that customers can be shown, as a list.';
comment on column "recharge"."store"."external_platform" is 'Commerce platform that the store runs on, such as shopify.';
comment on column "recharge"."store"."identifier" is 'Name that identifies the store on its platform.';
comment on column "recharge"."store"."merchant_portal_base_url" is 'URL under which staff find the merchant portal.';
comment on column "recharge"."store"."name" is 'Name of the store.';
comment on column "recharge"."store"."phone" is 'Phone number of the store.';
comment on column "recharge"."store"."province" is 'State or province of the store.';
comment on column "recharge"."store"."timezone_iana_name" is 'Zone of the merchant; not the zone of API times.';
comment on column "recharge"."store"."timezone_name" is 'Zone of the merchant in readable form.';
comment on column "recharge"."store"."updated_at" is 'When the settings last changed.';
comment on column "recharge"."store"."weight_unit" is 'Unit in which the store gives weights, such as g.';
comment on column "recharge"."store"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."store"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."store"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."store"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."store"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."store__enabled_presentment_currencies_symbols" (
  "store_id" bigint not null,
  "index" bigint not null,
  "currency" text,
  "location" text,
  "suffix" text,
  "symbol" text, constraint "store__enabled_presentment_currencies_symbols_pkey" primary key ("store_id",
  "index"));
comment on table "recharge"."store__enabled_presentment_currencies_symbols" is 'How amounts are written in each currency that customers can be shown.';
comment on column "recharge"."store__enabled_presentment_currencies_symbols"."store_id" is 'Key of the row in store that owns this one.';
comment on column "recharge"."store__enabled_presentment_currencies_symbols"."index" is 'Place in the list, from 0.';
comment on column "recharge"."store__enabled_presentment_currencies_symbols"."currency" is 'ISO code of the currency.';
comment on column "recharge"."store__enabled_presentment_currencies_symbols"."location" is 'Where the symbol stands: before or after the amount.';
comment on column "recharge"."store__enabled_presentment_currencies_symbols"."suffix" is 'Text that follows the amount.';
comment on column "recharge"."store__enabled_presentment_currencies_symbols"."symbol" is 'Symbol of the currency.';
create table "recharge"."subscriptions" (
  "id" bigint not null,
  "addon_parent_subscription_id" bigint,
  "address_id" bigint,
  "customer_id" bigint,
  "cancellation_reason" text,
  "cancellation_reason_comments" text,
  "cancelled_at" timestamptz,
  "charge_interval_frequency" bigint,
  "created_at" timestamptz,
  "expire_after_specific_number_of_charges" bigint,
  "external_product_id_ecommerce" text,
  "external_variant_id_ecommerce" text,
  "has_queued_charges" boolean,
  "is_digital" boolean,
  "is_prepaid" boolean,
  "is_skippable" boolean,
  "is_swappable" boolean,
  "max_retries_reached" boolean,
  "next_charge_scheduled_at" date,
  "order_day_of_month" bigint,
  "order_day_of_week" bigint,
  "order_interval_frequency" bigint,
  "order_interval_unit" text,
  "plan_id" bigint,
  "presentment_currency" text,
  "price" decimal(18, 6),
  "product_title" text,
  "quantity" bigint,
  "sku" text,
  "sku_override" boolean,
  "status" text,
  "updated_at" timestamptz,
  "variant_title" text,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "subscriptions_pkey" primary key ("id"));
comment on table "recharge"."subscriptions" is 'One product that a customer receives again and again. Deleted in the merchant portal it stays listed.';
comment on column "recharge"."subscriptions"."id" is 'Recharge id of the subscription.';
comment on column "recharge"."subscriptions"."addon_parent_subscription_id" is 'Id of the subscription that this one is an add-on of; null if it is none. Joins to subscriptions.id.';
comment on column "recharge"."subscriptions"."address_id" is 'Id of the address that it is shipped to. Joins to addresses.id.';
comment on column "recharge"."subscriptions"."customer_id" is 'Id of the customer who subscribes. Joins to customers.id.';
comment on column "recharge"."subscriptions"."cancellation_reason" is 'Reason given for cancelling, in short.';
comment on column "recharge"."subscriptions"."cancellation_reason_comments" is 'What the customer wrote about cancelling, up to 1024 characters.';
comment on column "recharge"."subscriptions"."cancelled_at" is 'When it was cancelled; null while it is not.';
comment on column "recharge"."subscriptions"."charge_interval_frequency" is 'Number of order_interval_unit from one charge to the next.';
comment on column "recharge"."subscriptions"."created_at" is 'When the subscription was created.';
comment on column "recharge"."subscriptions"."expire_after_specific_number_of_charges" is 'Number of charges after which it ends; null if it does not.';
comment on column "recharge"."subscriptions"."external_product_id_ecommerce" is 'Product id in the commerce platform.';
comment on column "recharge"."subscriptions"."external_variant_id_ecommerce" is 'Variant id in the commerce platform.';
comment on column "recharge"."subscriptions"."has_queued_charges" is 'Whether a charge is waiting for its day.';
comment on column "recharge"."subscriptions"."is_digital" is 'Whether nothing is shipped.';
comment on column "recharge"."subscriptions"."is_prepaid" is 'Whether one charge pays for several orders.';
comment on column "recharge"."subscriptions"."is_skippable" is 'Whether the customer may skip a delivery.';
comment on column "recharge"."subscriptions"."is_swappable" is 'Whether the customer may swap the product for another.';
comment on column "recharge"."subscriptions"."max_retries_reached" is 'Whether payment failed until no retry was left.';
comment on column "recharge"."subscriptions"."next_charge_scheduled_at" is 'Day of the next charge; null when none is planned.';
comment on column "recharge"."subscriptions"."order_day_of_month" is 'Day of the month on which orders are made, if fixed.';
comment on column "recharge"."subscriptions"."order_day_of_week" is 'Weekday on which orders are made, if fixed; 0 is Monday.';
comment on column "recharge"."subscriptions"."order_interval_frequency" is 'Number of order_interval_unit from one order to the next.';
comment on column "recharge"."subscriptions"."order_interval_unit" is 'Unit of both intervals. Old subscriptions may have another spelling of it, such as Days. Known values: day, week, month.';
comment on column "recharge"."subscriptions"."plan_id" is 'Id of the plan that it was bought with; named by client models only. Joins to plans.id.';
comment on column "recharge"."subscriptions"."presentment_currency" is 'ISO code of the currency that the customer is shown; null where it is that of the store.';
comment on column "recharge"."subscriptions"."price" is 'Price of one unit in one charge, before discounts, tax and shipping. Of a prepaid subscription it is for all orders of the charge.';
comment on column "recharge"."subscriptions"."product_title" is 'Name of the product.';
comment on column "recharge"."subscriptions"."quantity" is 'Number of units in each order.';
comment on column "recharge"."subscriptions"."sku" is 'Stock keeping unit, if set here; null where it follows the variant.';
comment on column "recharge"."subscriptions"."sku_override" is 'Whether sku was set here instead of following the variant.';
comment on column "recharge"."subscriptions"."status" is 'State of the subscription; expired: it has had all its charges, onetime: it has no intervals. Known values: active, cancelled, expired, onetime.';
comment on column "recharge"."subscriptions"."updated_at" is 'When it last changed; a moved next charge may not count.';
comment on column "recharge"."subscriptions"."variant_title" is 'Name of the variant.';
comment on column "recharge"."subscriptions"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."subscriptions"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."subscriptions"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."subscriptions"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."subscriptions"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create table "recharge"."subscriptions__utm_params" (
  "subscription_id" bigint not null,
  "index" bigint not null,
  "utm_campaign" text,
  "utm_content" text,
  "utm_data_source" text,
  "utm_medium" text,
  "utm_source" text,
  "utm_term" text,
  "utm_timestamp" text,
  "utm_time_stamp" text, constraint "subscriptions__utm_params_pkey" primary key ("subscription_id",
  "index"));
comment on table "recharge"."subscriptions__utm_params" is 'Marketing sources recorded for the subscription.';
comment on column "recharge"."subscriptions__utm_params"."subscription_id" is 'Key of the row in subscriptions that owns this one.';
comment on column "recharge"."subscriptions__utm_params"."index" is 'Place in the list, from 0.';
comment on column "recharge"."subscriptions__utm_params"."utm_campaign" is 'Campaign that brought the visit.';
comment on column "recharge"."subscriptions__utm_params"."utm_content" is 'Variant of the advertisement or link.';
comment on column "recharge"."subscriptions__utm_params"."utm_data_source" is 'Where the parameters were captured.';
comment on column "recharge"."subscriptions__utm_params"."utm_medium" is 'Kind of channel, such as email.';
comment on column "recharge"."subscriptions__utm_params"."utm_source" is 'Site or sender that the visit came from.';
comment on column "recharge"."subscriptions__utm_params"."utm_term" is 'Search term behind the visit.';
comment on column "recharge"."subscriptions__utm_params"."utm_timestamp" is 'When the parameters were captured, as the storefront wrote it: with or without an offset.';
comment on column "recharge"."subscriptions__utm_params"."utm_time_stamp" is 'Second spelling of utm_timestamp; normally null.';
create table "recharge"."subscriptions__properties" (
  "subscription_id" bigint not null,
  "index" bigint not null,
  "name" text,
  "value" text, constraint "subscriptions__properties_pkey" primary key ("subscription_id",
  "index"));
comment on table "recharge"."subscriptions__properties" is 'Custom names and values of the product, such as an engraving.';
comment on column "recharge"."subscriptions__properties"."subscription_id" is 'Key of the row in subscriptions that owns this one.';
comment on column "recharge"."subscriptions__properties"."index" is 'Place in the list, from 0.';
comment on column "recharge"."subscriptions__properties"."name" is 'Name of the property.';
comment on column "recharge"."subscriptions__properties"."value" is 'Value of the property.';
create table "recharge"."webhooks" (
  "id" bigint not null,
  "address" text,
  "included_objects" jsonb,
  "topic" text,
  "version" text,
  "created_at" timestamptz,
  "updated_at" timestamptz,
  "_synced_at" timestamptz not null,
  "_deleted_at" timestamptz,
  "_deleted_by" text,
  "_extra" jsonb,
  "_hash" bigint not null, constraint "webhooks_pkey" primary key ("id"));
comment on table "recharge"."webhooks" is 'A subscription of some endpoint to an event topic of the store.';
comment on column "recharge"."webhooks"."id" is 'Recharge id of the webhook.';
comment on column "recharge"."webhooks"."address" is 'URL that Recharge calls.';
comment on column "recharge"."webhooks"."included_objects" is 'Related objects that the payload brings along, as a list of names.';
comment on column "recharge"."webhooks"."topic" is 'Event that triggers the call, such as charge/paid.';
comment on column "recharge"."webhooks"."version" is 'API version whose shapes the payload follows.';
comment on column "recharge"."webhooks"."created_at" is 'When the webhook was registered.';
comment on column "recharge"."webhooks"."updated_at" is 'When the registration last changed.';
comment on column "recharge"."webhooks"."_synced_at" is 'When this row last changed in the warehouse. Set by the load.';
comment on column "recharge"."webhooks"."_deleted_at" is 'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.';
comment on column "recharge"."webhooks"."_deleted_by" is 'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.';
comment on column "recharge"."webhooks"."_extra" is 'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.';
comment on column "recharge"."webhooks"."_hash" is 'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.';
create index on "recharge"."accounts" ("_synced_at");
create index on "recharge"."addresses" ("customer_id");
create index on "recharge"."addresses" ("payment_method_id");
create index on "recharge"."addresses" ("updated_at");
create index on "recharge"."addresses" ("_synced_at");
create index on "recharge"."addresses__discounts" ("id");
create index on "recharge"."async_batch_tasks" ("batch_id");
create index on "recharge"."async_batch_tasks" ("updated_at");
create index on "recharge"."async_batch_tasks" ("_synced_at");
create index on "recharge"."async_batches" ("updated_at");
create index on "recharge"."async_batches" ("_synced_at");
create index on "recharge"."bundle_products" ("updated_at");
create index on "recharge"."bundle_products" ("_synced_at");
create index on "recharge"."bundle_products__variants" ("updated_at");
create index on "recharge"."bundle_selection_preset_schedules" ("bundle_product_id");
create index on "recharge"."bundle_selection_preset_schedules" ("updated_at");
create index on "recharge"."bundle_selection_preset_schedules" ("_synced_at");
create index on "recharge"."bundle_selections" ("charge_id");
create index on "recharge"."bundle_selections" ("order_id");
create index on "recharge"."bundle_selections" ("purchase_item_id");
create index on "recharge"."bundle_selections" ("updated_at");
create index on "recharge"."bundle_selections" ("_synced_at");
create index on "recharge"."bundle_selections__items" ("updated_at");
create index on "recharge"."charges" ("address_id");
create index on "recharge"."charges" ("customer_id");
create index on "recharge"."charges" ("updated_at");
create index on "recharge"."charges" ("_synced_at");
create index on "recharge"."charges__discounts" ("id");
create index on "recharge"."charges__line_items" ("purchase_item_id");
create index on "recharge"."collections" ("updated_at");
create index on "recharge"."collections" ("_synced_at");
create index on "recharge"."credit_accounts" ("customer_id");
create index on "recharge"."credit_accounts" ("store_id");
create index on "recharge"."credit_accounts" ("updated_at");
create index on "recharge"."credit_accounts" ("_synced_at");
create index on "recharge"."credit_adjustments" ("credit_account_id");
create index on "recharge"."credit_adjustments" ("updated_at");
create index on "recharge"."credit_adjustments" ("_synced_at");
create index on "recharge"."credit_summaries" ("_synced_at");
create index on "recharge"."credit_summaries__credit_details" ("id");
create index on "recharge"."credit_summaries__credit_details" ("customer_id");
create index on "recharge"."credit_summaries__credit_details" ("store_id");
create index on "recharge"."credit_summaries__credit_details" ("updated_at");
create index on "recharge"."customers" ("updated_at");
create index on "recharge"."customers" ("_synced_at");
create index on "recharge"."discounts" ("updated_at");
create index on "recharge"."discounts" ("_synced_at");
create index on "recharge"."events" ("customer_id");
create index on "recharge"."events" ("object_id");
create index on "recharge"."events" ("created_at");
create index on "recharge"."events" ("source_account_id");
create index on "recharge"."events" ("_synced_at");
create index on "recharge"."gift_purchases" ("credit_account_id");
create index on "recharge"."gift_purchases" ("recipient_customer_id");
create index on "recharge"."gift_purchases" ("redeemable_collection_id");
create index on "recharge"."gift_purchases" ("sender_customer_id");
create index on "recharge"."gift_purchases" ("updated_at");
create index on "recharge"."gift_purchases" ("_synced_at");
create index on "recharge"."metafields" ("owner_id");
create index on "recharge"."metafields" ("updated_at");
create index on "recharge"."metafields" ("_synced_at");
create index on "recharge"."onetimes" ("address_id");
create index on "recharge"."onetimes" ("customer_id");
create index on "recharge"."onetimes" ("subscription_id");
create index on "recharge"."onetimes" ("updated_at");
create index on "recharge"."onetimes" ("_synced_at");
create index on "recharge"."orders" ("address_id");
create index on "recharge"."orders" ("charge_id");
create index on "recharge"."orders" ("customer_id");
create index on "recharge"."orders" ("updated_at");
create index on "recharge"."orders" ("_synced_at");
create index on "recharge"."orders__discounts" ("id");
create index on "recharge"."orders__line_items" ("purchase_item_id");
create index on "recharge"."payment_methods" ("customer_id");
create index on "recharge"."payment_methods" ("updated_at");
create index on "recharge"."payment_methods" ("_synced_at");
create index on "recharge"."payment_sources" ("updated_at");
create index on "recharge"."payment_sources" ("_synced_at");
create index on "recharge"."plans" ("updated_at");
create index on "recharge"."plans" ("_synced_at");
create index on "recharge"."products" ("collection_id");
create index on "recharge"."products" ("updated_at");
create index on "recharge"."products" ("_synced_at");
create index on "recharge"."retention_strategies" ("updated_at");
create index on "recharge"."retention_strategies" ("_synced_at");
create index on "recharge"."shipping_countries" ("_synced_at");
create index on "recharge"."shop" ("updated_at");
create index on "recharge"."shop" ("_synced_at");
create index on "recharge"."store" ("updated_at");
create index on "recharge"."store" ("_synced_at");
create index on "recharge"."subscriptions" ("addon_parent_subscription_id");
create index on "recharge"."subscriptions" ("address_id");
create index on "recharge"."subscriptions" ("customer_id");
create index on "recharge"."subscriptions" ("plan_id");
create index on "recharge"."subscriptions" ("updated_at");
create index on "recharge"."subscriptions" ("_synced_at");
create index on "recharge"."webhooks" ("updated_at");
create index on "recharge"."webhooks" ("_synced_at");
