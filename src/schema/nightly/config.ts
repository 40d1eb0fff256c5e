/** The configuration of a nightly run, as a person writes it. Unknown keys are refused: a misspelt one would be ignored. */
import { z } from 'zod'
import { list, text, type DataOf } from '../basics.ts'

const filled = text.min(1)
const duration = text.regex(/^\d{1,6}(?:\.\d+)?[smhdw]$/, 'give a number and a unit, s, m, h, d or w: 2h, 30d')
const size = text.regex(/^\d{1,15}(?:\.\d+)?[KMGT]?(?:i?B)?$/i, 'give a number of bytes, with K, M, G or T: 5G')
const several = z.array(filled).min(1).readonly()

const secret = z.union([filled, z.strictObject({ file: filled }), z.strictObject({ env: filled })])

const name = text.regex(/^[A-Za-z0-9][\w-]{0,63}$/, 'give letters, digits, - and _, at most 64')
const address = text.regex(/^[^\r\n]*@[^\r\n]+$/, 'give a mail address')

const target = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('command'),
    name: name.default('command'),
    command: several,
    input: z.enum(['json', 'text', 'markdown']).default('json'),
  }),
  z.strictObject({
    kind: z.literal('webhook'),
    name: name.default('webhook'),
    shape: z.enum(['json', 'slack']).default('json'),
    url: secret,
    headers: z.record(text.regex(/^[A-Za-z0-9-]+$/), secret).default({}),
  }),
  z.strictObject({ kind: z.literal('matrix'), name: name.default('matrix'), homeserver: z.url(), room: filled, token: secret }),
  z.strictObject({
    kind: z.literal('mail'),
    name: name.default('mail'),
    from: address,
    to: z.array(address).min(1).readonly(),
    sendmail: several.default(['/usr/sbin/sendmail', '-t', '-i']),
  }),
])

const retention = z.strictObject({
  olderThan: duration.exactOptional(),
  keep: z.int().min(1).exactOptional(),
  maxSize: size.exactOptional(),
})

const notify = z.strictObject({
  when: z.enum(['changes', 'always']).default('changes'),
  tries: z.int().min(1).max(20).default(5),
  backoffSeconds: z.number().min(0).max(60).default(2),
  to: list(target)
    .default([])
    .refine((targets) => new Set(targets.map((one) => one.name)).size === targets.length, {
      message: 'two targets have the same name: give each a `name` of its own',
    }),
})

export const nightlyConfigSchema = z.strictObject({
  name: name.default('nightly'),
  kernels: several.default(['default']),
  cases: several.default(['all']),
  refresh: z.boolean().default(true),
  budget: duration.default('2h'),
  sample: z.number().min(0).max(1).default(0.05),
  oldest: z.int().min(0).default(20),
  raceSeconds: z.number().min(1).max(86_400).exactOptional(),
  maxMissProbability: z.number().min(1e-12).max(0.5).exactOptional(),
  interleavings: z.boolean().default(true),
  gitTree: filled.exactOptional(),
  confirm: z.int().min(0).max(5).default(1),
  site: z
    .strictObject({
      folder: filled,
      nights: z.int().min(1).max(1000).default(30),
      url: z.url().exactOptional(),
      severity: filled.exactOptional(),
    })
    .nullable()
    .default(null),
  notify: notify.prefault({}),
  retention: z.strictObject({ runs: retention.exactOptional(), cache: retention.exactOptional() }).default({}),
})

export type NightlyConfig = DataOf<typeof nightlyConfigSchema>
export type NotifyTarget = NightlyConfig['notify']['to'][number]
