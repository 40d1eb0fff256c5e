/** A bisection as a shell script for users who have its git repository and kwitness, but not its case. */
import type { BisectRequest } from '#domain/report/bisect.ts'

const WIDTH = 100

/** A word for a shell. */
export const quote = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`

/** The script. `archive` is the folder of the case as a tar in base64; `log` is the git bisect log so far, maybe empty. */
export function renderBisectScript(request: BisectRequest, archive: string, log: string): string {
  const {
    tree,
    old,
    new: newer,
    paths,
    firstParent,
    terms,
    knownMarks,
    case: theCase,
    configs,
    maxMissProbability,
    raceSeconds,
    seed,
  } = request
  const caseOptions = [
    '--cases',
    theCase.id,
    ...configs.flatMap((config) => ['--config', config]),
    '--max-miss-probability',
    String(maxMissProbability),
    '--race-seconds',
    String(raceSeconds),
    '--seed',
    seed,
  ].map(quote)
  const start = [
    `--term-old=${terms.old}`,
    `--term-new=${terms.new}`,
    ...(firstParent ? ['--first-parent'] : []),
    newer.commit,
    old.commit,
    '--',
    ...paths,
  ].map(quote)
  const mark = (word: string) => (commit: string) => `git bisect ${quote(word)} ${commit}\n`
  const marks = [...knownMarks.old.map(mark(terms.old)), ...knownMarks.skip.map(mark('skip'))]
  const place = tree.replaceAll(/["$`\\}]/g, String.raw`\$&`)
  const lines = archive.match(new RegExp(`.{1,${WIDTH}}`, 'g')) ?? []
  const comments = log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `# | ${line}`)
  return `#!/bin/sh
# Finds the commit between two ends where ${theCase.id} changes its answer. Written by kwitness bisect --export.
#
#   SCRIPT [GIT]    GIT: a repository that has both ends (${oneWord(old.name)} and ${oneWord(newer.name)})
#
# It needs git, and kwitness in PATH or named by KWITNESS. It does not write to GIT. The case is inside.
${comments.length > 0 ? `# The git bisect log at the time of the export:\n${comments.join('\n')}\n` : ''}set -eu
kwitness=\${KWITNESS:-kwitness}
tree="\${1:-${place}}"
objects=$(cd "$tree" && readlink -f -- "$(git rev-parse --git-path objects)")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/cases"
base64 -d <<'END_OF_CASE' | tar -xz -C "$work/cases"
${lines.join('\n')}
END_OF_CASE
# A repository of its own, which uses the objects of GIT as alternates.
git init --quiet --bare "$work/git"
printf '%s\\n' "$objects" >"$work/git/objects/info/alternates"
cd "$work/git"
git update-ref --no-deref HEAD ${quote(newer.commit)}
step() {
	code=0
	"$kwitness" bisect-step --tree "$work/git" --catalogue "$work/cases" --rev "$1" ${caseOptions.join(' ')} || code=$?
}
step ${quote(old.commit)}
old=$code
step ${quote(newer.commit)}
case $old-$code in
0-1) find=bug ;;
1-0) find=fix ;;
*)
	echo "both ends must give different answers: old $old, new $code (0 no bug, 1 shows the bug, 125 untestable)" >&2
	exit 1
	;;
esac
git bisect start ${start.join(' ')}
${marks.join('')}\
git bisect run "$kwitness" bisect-step --tree "$work/git" --catalogue "$work/cases" --find "$find" ${caseOptions.join(' ')}
git bisect log
`
}

/** A name inside a comment. */
const oneWord = (text: string): string => text.replaceAll(/[^\w.+~^/@-]/g, '?')
