/** What others say of the severity of a CVE: its record (CVE JSON 5), and the security tracker of Debian. Only what is used. */
import { z } from 'zod'
import { text } from '../basics.ts'

const cvss = z.object({ version: text, vectorString: text, baseScore: z.number().min(0).max(10), baseSeverity: text.optional() })

const container = z.object({
  providerMetadata: z.object({ shortName: text.optional() }).optional(),
  metrics: z
    .array(
      z.object({
        cvssV4_0: cvss.optional(),
        cvssV3_1: cvss.optional(),
        cvssV3_0: cvss.optional(),
        cvssV2_0: cvss.optional(),
      }),
    )
    .optional(),
})

/** A record of a CVE, of https://github.com/CVEProject/cvelistV5 or of the kernel's CNA. */
export const cveRecordSchema = z.object({
  dataType: z.literal('CVE_RECORD'),
  cveMetadata: z.object({ cveId: text }),
  containers: z.object({ cna: container.optional(), adp: z.array(container).optional() }),
})

/** The source package linux in https://security-tracker.debian.org/tracker/data/json. */
export const debianTrackerSchema = z.object({
  linux: z.record(
    text,
    z.object({ releases: z.record(text, z.object({ repositories: z.record(text, text), urgency: text.optional() })).optional() }),
  ),
})
