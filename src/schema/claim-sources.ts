/** Schemas of src/domain/claim-sources.ts: what was found written about a kernel. */
import { z } from 'zod'
import type { ChangelogSource, ClaimSources, GitTreeSource } from '#domain/claim-sources.ts'
import { list, schemaOf, text } from './basics.ts'

const unavailable = z.object({ unavailable: text })

const changelog = schemaOf<ChangelogSource>()(
  z.object({ sha256: text, build: text, instead: text.nullable(), origin: text.exactOptional() }),
)

const gitTree = schemaOf<GitTreeSource>()(
  z.object({ revision: text, commits: list(z.object({ hash: text, subject: text, lines: list(text) })) }),
)

export const claimSourcesSchema = schemaOf<ClaimSources>()(
  z.object({
    kernel: text,
    changelog: z.union([changelog, unavailable]).nullable(),
    gitTree: z.union([gitTree, unavailable]).nullable(),
  }),
)
