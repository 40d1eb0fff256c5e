/** The schema of vm-images/controls/controls.json. */
import { z } from 'zod'
import type { DataOf } from '../basics.ts'
import { sentence, words } from './fields.ts'

const entry = z
  .strictObject({
    series: z.string().regex(/^\d+\.\d+$/, 'a series such as 5.10'),
    fix: z.string().regex(/^[a-z0-9-]+$/, 'a name that SERIES/FIX.patch can have'),
    kind: z.enum(['bad', 'good']),
    case: sentence,
    blinds: words.default([]),
  })
  .refine((control) => !control.blinds.includes(control.case), 'a control cannot blind its own case')

/** A control as the file lists it. */
export type ControlEntry = DataOf<typeof entry>

export const controlsFileSchema = z
  .strictObject({ about: sentence, controls: z.array(entry).min(1) })
  .refine(
    ({ controls }) => new Set(controls.map(({ series, fix }) => `${series}/${fix}`)).size === controls.length,
    'a series has each fix once',
  )
