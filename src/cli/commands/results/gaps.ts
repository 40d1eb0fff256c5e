/** `kwitness gaps`: what the newest kernel of each supported series lacks. */
import { Option, type Command } from '@commander-js/extra-typings'
import { checkHistory } from '#harness/git-history.ts'
import { renderGapsMarkdown, renderGapsText } from '#render/gaps/text.ts'
import { jsonByLine } from '#render/json.ts'
import { renderGapsPage } from '#render/site/gaps-page.ts'
import { tryPatches } from '#run/gaps/apply.ts'
import { helpText } from '#cli/help/text.ts'
import { readSiteAssets } from '#cli/nightly/site.ts'
import * as shared from '#cli/options/shared.ts'
import { loadGaps } from '#cli/nightly/gaps.ts'
import { writeOut } from '#cli/output/files.ts'
import { print } from '#cli/output/streams.ts'

const FORMATS = ['terminal', 'markdown', 'json', 'html'] as const

const severity = new Option(
  '--severity <path>',
  "how severe each CVE is, by a CVE record (JSON 5), a folder of them, or the JSON of Debian's security tracker",
)

function declareOptions(command: Command) {
  return command
    .addOption(shared.series)
    .addOption(shared.gitTree)
    .addOption(severity)
    .addOption(shared.format(FORMATS))
    .addOption(shared.json('the gaps').conflicts('format'))
    .addOption(shared.out('file to write instead of standard output'))
}

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .argument('[run]', 'a run id, latest, or latest~1', 'latest')
    .description(
      'Show every fix that the newest kernel of each supported series was seen to lack: its CVE, how long mainline has had it, ' +
        'which other series carry it, and what the claim sources say.',
    )
    .addHelpText('after', HELP)
    .action(async (run, options) => {
      process.exitCode = await gaps(run, options)
    })
}

const HELP = helpText({
  remarks: [
    'A series is supported while the mirror has a kernel of it. With --git-tree each gap says whether the upstream commit ' +
      'applies to the release unchanged; kwitness verify builds it and tries it, and a gap names the patch that a stored ' +
      'verification has seen fix it in its series. --severity repeats what the source says: kwitness rates nothing, and a CVE ' +
      'that the source does not rate has none.',
  ],
  exits: { 0: 'the question was answered, whatever is lacking' },
  examples: [
    ['of the newest run', 'kwitness gaps'],
    ['of the newest kernels, asked now', 'kwitness run --kernels series && kwitness gaps'],
    ['how severe are they? by records of a clone', 'kwitness gaps --severity ~/cvelistV5'],
    ['does the commit apply as it is?', 'kwitness gaps --series 6.1 --git-tree ~/linux'],
  ],
})

async function gaps(run: string, options: shared.OptionsOf<typeof declareOptions>): Promise<number> {
  const { gitTree, series, severity: source, out, json } = options
  if (gitTree !== undefined) await checkHistory(gitTree)
  const found = await loadGaps(run, series, source)
  const report = gitTree === undefined ? found : await tryPatches(found, gitTree)
  const format = json ? 'json' : (options.format ?? 'terminal')
  const texts = {
    terminal: () => renderGapsText(report),
    markdown: () => renderGapsMarkdown(report),
    json: () => jsonByLine(report),
    html: async () => renderGapsPage('', report, false, await readSiteAssets()),
  }
  const text = await texts[format]()
  if (out === undefined) await print(text, format !== 'terminal')
  else await writeOut(out, text)
  return 0
}
