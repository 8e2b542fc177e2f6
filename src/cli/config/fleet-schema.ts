import { z } from 'zod'
import { configSchema, flag, name, positiveDuration, postgresAddress, whole } from './schema.ts'

const MEGABYTES = { MB: 1, GB: 1024 } as const

const memory = z
  .string()
  .regex(/^\d+(MB|GB)$/, 'an amount of memory, such as 512MB or 2GB')
  .transform(text => Number.parseInt(text, 10) * MEGABYTES[text.slice(-2) as keyof typeof MEGABYTES])
  .refine(megabytes => megabytes >= 128, 'at least 128MB')

/** It names a folder, and a schema where none is given. */
export const storeNameSchema = z
  .string('a name, such as acme')
  .regex(/^[a-z][a-z0-9_-]{0,57}$/, 'a lower-case name of at most 58 letters, digits, - and _, such as acme')
  .refine(text => text !== 'runs', 'another name: runs is a folder of the program')

/** Five fields: minute, hour, day of the month, month, day of the week. Whether each can be, the queue says. */
export const scheduleSchema = z
  .string('a cron expression in quotes')
  .regex(/^\s*\S+(\s+\S+){4}\s*$/, 'a cron expression with five fields, such as 17 * * * *')

/** The settings of a fleet beside its stores, and beside what they share. Their descriptions become the JSON Schema. */
export const fleetSchema = z.strictObject({
  at_once: whole
    .optional()
    .describe(
      'Stores that are worked on at the same time, each in a process of its own. Default: the number of cores.',
    ),
  stalled: positiveDuration
    .default(30 * 60_000)
    .describe('How long the run of a store may show no progress before its process is ended. Default: 30m.'),
  memory: memory
    .optional()
    .describe("Most memory for the objects of one store's process, such as 512MB. Default: what Node takes."),
  env_file: z.string().min(1).optional().describe('File with variables that this file names; relative to this file.'),
  rollup: flag
    .default(true)
    .describe('Whether views over all stores are made, in Postgres in the schema recharge_all. Default: true.'),
  queue: z
    .strictObject({
      postgres: postgresAddress.describe('Address of the Postgres database that holds the queue.'),
      schema: name.default('recharge_queue').describe('Schema of the queue.'),
    })
    .optional()
    .describe('The queue of fleet schedule, work and enqueue.'),
  defaults: z
    .object({}, 'an object with settings of sync.config.yaml')
    .optional()
    .describe('Settings of sync.config.yaml that all stores share, and schedule.'),
  stores: z
    .unknown()
    .optional()
    .describe('Stores, each with its name and whatever differs from the defaults: recharge.token above all.'),
})

export type FleetSettings = z.infer<typeof fleetSchema>

/** The JSON Schema of the file, for editors: a store has the settings of `sync.config.yaml`, and needs none of them but a name. */
export function fleetJsonSchema(): object {
  const settings = withoutRequired(z.toJSONSchema(configSchema, { io: 'input' })) as {
    readonly $schema: string
    readonly properties: object
  }
  const { $schema, properties } = settings
  const schedule = { type: 'string', description: 'When the queue runs the store: five fields of cron, in UTC.' }
  const ofStore = { type: 'object', additionalProperties: false, properties: { ...properties, schedule } }
  const name = { type: 'string', description: 'Name of the store: of its folder, and of its schema in Postgres.' }
  const fleet = z.toJSONSchema(fleetSchema, { io: 'input' })
  return {
    $schema,
    ...fleet,
    properties: {
      ...fleet.properties,
      defaults: { ...ofStore, description: 'Settings that all stores share.' },
      stores: {
        type: 'array',
        minItems: 1,
        items: { ...ofStore, required: ['name'], properties: { name, ...ofStore.properties } },
      },
    },
    required: ['stores'],
  }
}

/** Without what is required, and without defaults: both hold for the whole of a store's settings. */
function withoutRequired(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutRequired)
  if (typeof schema !== 'object' || schema === null) return schema
  const kept = Object.entries(schema).filter(
    ([key, value]) => !(key === 'required' && Array.isArray(value)) && key !== 'default',
  )
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutRequired(value)]))
}
