/** The file that configures a nightly run: YAML, read by a schema, and the one that --init writes. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'
import { UserError } from '#domain/errors.ts'
import { nightlyConfigSchema, type NightlyConfig } from '#schema/nightly/config.ts'
import { parseData } from '#schema/read.ts'

/** Read a configuration. Throws UserError that names the file, the line or the field. Paths in it are relative to its folder. */
export async function readConfig(path: string): Promise<NightlyConfig> {
  const text = await readFile(path, 'utf8').catch(({ code }: NodeJS.ErrnoException) => {
    throw new UserError(`cannot read ${path}: ${code}`, `kwitness nightly --init ${path} writes one`)
  })
  const config = parseConfig(text, path)
  const inFolder = (name: string): string => resolve(dirname(path), name)
  const { site } = config
  if (site === null) return config
  const severity = site.severity === undefined ? {} : { severity: inFolder(site.severity) }
  return { ...config, site: { ...site, folder: inFolder(site.folder), ...severity } }
}

/** The configuration in a text. Throws UserError that names the line or the field. */
export function parseConfig(text: string, path: string): NightlyConfig {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [error] = document.errors
  if (error) {
    throw new UserError(`${path}:${lines.linePos(error.pos[0]).line} is not YAML: ${error.message.split('\n')[0]}`)
  }
  let data: unknown
  try {
    data = document.toJS({ maxAliasCount: 0 }) ?? {}
  } catch (cause) {
    throw new UserError(`${path} holds an alias, which is not read`, 'write out what it stands for', { cause })
  }
  const { value, problem } = parseData(nightlyConfigSchema, data)
  if (problem === null) return value
  throw new UserError(
    `${path} is not a configuration of kwitness nightly:\n${problem}`,
    'kwitness nightly --init FILE writes one',
  )
}

/** A configuration in which every setting has its default, or an example behind a #. */
export const TEMPLATE = `# Configuration of kwitness nightly: kwitness nightly --config THIS-FILE
# Every setting may be left out; what follows are the defaults, and examples behind a #.

# Names the state, the lock and the notices: two configurations need two names.
name: nightly

# What is asked: as --kernels and --cases of kwitness run take it (kwitness help selectors).
kernels: [default]
cases: [all]

# Ask the mirror for new kernels first.
refresh: true

# No attempt starts that would end later. What is left is said, and comes first in the next night.
budget: 2h

# What is new, what has changed and what is inconclusive always runs. Of all other results, which are reused, so many that were
# not run for the longest time run again, and a random share.
oldest: 20
sample: 0.05

# Guest seconds for each race tried by chance, and its miss probability. A race with a window is decided by every interleaving of
# it, unless \`interleavings\` is false.
# raceSeconds: 30
# maxMissProbability: 1e-6
interleavings: true

# A git tree of Linux, as a further source of claims.
# gitTree: /srv/linux

# How often a regression is run again before it is called one.
confirm: 1

# A static site of the last nights: pages, history and an Atom feed. \`url\` is where the folder is served.
site: null
# site:
#   folder: /var/www/html/kwitness
#   nights: 30
#   url: https://example.org/kwitness/
#   severity: /srv/cvelistV5      # how severe CVEs are, for the page of gaps: as kwitness gaps --severity takes it

notify:
  # changes: silent when nothing changed and nothing went wrong. always: word of every night.
  when: changes
  # How often each delivery is tried, and how long it waits before the second time; then twice as long each time.
  tries: 5
  backoffSeconds: 2
  to: []
  # to:
  #   - kind: mail
  #     from: kwitness <ci@example.org>
  #     to: [kernel-team@example.org]
  #     sendmail: [/usr/sbin/sendmail, -t, -i]
  #   - kind: webhook
  #     shape: slack                # or json
  #     url: { env: SLACK_WEBHOOK } # a text, { env: NAME } or { file: PATH }
  #   - kind: matrix
  #     homeserver: https://matrix.example.org
  #     room: "!abc:example.org"
  #     token: { file: /etc/kwitness/matrix-token }
  #   - kind: command
  #     command: [/usr/local/bin/on-change]
  #     input: json                 # or text, markdown

# What stays. Pinned runs always do (kwitness runs pin), and so does the newest.
retention: {}
# retention:
#   runs: { olderThan: 90d, keep: 30, maxSize: 50G }
#   cache: { olderThan: 60d, maxSize: 40G }
`
