/** Bisections of kernels built here: right or wrong, steps, seconds of a step, stated confidence. */
import { loadavg } from 'node:os'
import { readHost } from '#harness/boot/qemu/host.ts'
import { buildInitramfs } from '#harness/image/initramfs.ts'
import { fetchKernel, selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import { inRepository } from '#harness/support/repository.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { stepsFor } from '#analysis/bisect/report.ts'
import type { Bisection } from '#domain/report/bisect.ts'
import { newRepository, type History, type Trouble, type Wanted } from '#test/helpers/kernels/bisect-repository.ts'
import { newPlace, runCli, startCli } from '#test/helpers/cli.ts'
import { acceleratorWords, chooseAccelerator } from './support/accelerator.ts'
import { formatTable, machineLine, median } from './support/figures.ts'
import { measureFloor } from './support/floor.ts'
import { readOptions } from './support/setup.ts'

const HELP = `node bench/bisect.ts [--line LINE] [--commits N] [--races N] [--only WORD] [--seed N] [--accel kvm|tcg] [--json]

Makes a git repository of Debian's source of LINE (default: 5.10) with N commits (default: 64) of harmless edits to mm/ and
fs/, and one patch of vm-images/controls among them in a place drawn by the seed; bisects each history and says whether the
right commit was found, in how many steps, how long one took (the median: build, boot, verdict), and how sure kwitness was.
Histories: a bug that came, a fix that came, a bug beside two commits that do not build, beside one that panics at boot,
beside one that warns of something else; and the gup race N times (default: 5). The base is built first, which takes minutes.
Exit 1 when one is wrong, takes more than ceil(log2) steps and skips, or is less sure than 0.999.`

const values = readOptions(HELP, {
  line: '5.10',
  commits: '64',
  races: '5',
  only: '',
  seed: String(Date.now() % 1e6),
  accel: undefined,
})

interface Scenario extends Pick<Wanted, 'control' | 'change' | 'trouble'> {
  readonly name: string
  readonly case: string
}

const DETERMINISTIC = { control: 'df2cc96e7701', case: 'uffd-copy-vs-fork' }
const history = (name: string, change: 'bug' | 'fix', trouble: Trouble): Scenario => ({ name, change, trouble, ...DETERMINISTIC })
const race = (_: unknown, index: number): Scenario => ({
  name: `race-${index + 1}`,
  change: 'bug',
  trouble: 'none',
  control: '57efa1fe5957',
  case: 'gup-fast-vs-fork',
})
const scenarios = [
  history('bug', 'bug', 'none'),
  history('fix', 'fix', 'none'),
  history('does-not-build', 'bug', 'does-not-build'),
  history('panics', 'bug', 'panics'),
  history('warns', 'bug', 'warns'),
  ...Array.from({ length: Number(values.races) }, race),
].filter(({ name }) => name.includes(values.only))

interface Outcome {
  readonly name: string
  readonly at: number
  readonly right: boolean
  readonly steps: number
  readonly most: number
  readonly confidence: number
  /** Host seconds of each step: its build, and from then to the verdict. */
  readonly built: readonly number[]
  readonly asked: readonly number[]
}

const place = await newPlace()
const seed = Number(values.seed)
const commits = Number(values.commits)
const outcomes: Outcome[] = []
try {
  console.error(`${machineLine()}; seed ${seed}`)
  const base = await runCli(place, ['kernels', 'pull', `tree:debian-${values.line}`])
  if (base.code !== 0) throw new Error(base.stderr)
  const context = { workspace: findWorkspace() }
  await sayGuests(context)
  const repository = await newRepository(values.line, context)
  try {
    for (const [index, scenario] of scenarios.entries()) {
      // Numbers that are far from each other for seeds and scenarios that are near.
      const drawn = 6 + (((seed + 1) * 7919 + index * 104_729) % (commits - 11))
      // What troubles comes next. Behind an odd one of so many it is a commit that the search asks, not one it passes by.
      const at = scenario.trouble === 'none' ? drawn : drawn - (1 - (drawn % 2))
      const made = await repository.make({ ...scenario, line: values.line, commits, at, seed: seed + index })
      outcomes.push(await run(scenario, at, made))
    }

    async function run({ name, case: id }: Scenario, at: number, made: History): Promise<Outcome> {
      const ends = ['--old', made.old, '--new', made.new]
      const words = [
        'bisect',
        '--tree',
        repository.path,
        '--cases',
        id,
        ...ends,
        '--json',
        '--out',
        place.out,
        ...acceleratorWords(values.accel),
      ]
      const { stdout, stderr, code } = await startCli(place, words, [], (text) => process.stderr.write(text)).ended
      if (code !== 0 && code !== 1) throw new Error(`${name} ended with ${code}: ${stderr}`)
      const { end, counts, confidence, steps } = JSON.parse(stdout) as Bisection
      const own = steps.filter(({ role }) => role === 'between')
      const outcome = {
        name,
        at,
        right: end.kind === 'found' && end.commit === made.culprit,
        steps: counts.steps,
        most: stepsFor(counts.candidates) + counts.skipped,
        confidence,
        built: own.map(({ buildSeconds }) => buildSeconds),
        asked: own.map(({ testSeconds }) => testSeconds),
      }
      console.error(describe(outcome))
      return outcome
    }
  } finally {
    await repository.remove()
  }
  const floor = median(await measureFloor(5))
  const all = (pick: (outcome: Outcome) => readonly number[]) => outcomes.flatMap(pick)
  const whole = all(({ built, asked }) => built.map((seconds, index) => seconds + (asked[index] ?? 0)))
  const table = formatTable([
    { what: 'a step', seconds: whole, floor, budget: 15 },
    { what: 'its build', seconds: all(({ built }) => built), floor: 0 },
    { what: 'boot and verdict', seconds: all(({ asked }) => asked), floor },
  ])
  const text = `${outcomes.map(describe).join('\n')}\n\n${table}`
  console.log(values.json ? JSON.stringify({ seed, load: loadavg()[0], outcomes }, null, 2) : text)
  const good = outcomes.filter(({ right, steps, most, confidence }) => right && steps <= most && confidence >= 0.999)
  console.error(`${good.length} of ${outcomes.length} bisections are as they should be`)
  process.exitCode = good.length === outcomes.length ? 0 : 1
} finally {
  await place.remove()
}

/** Say under which accelerator the guests of all steps run: what the base proves here. */
async function sayGuests(context: KernelContext): Promise<void> {
  const { cache } = context.workspace
  const [listed] = await selectKernels([`tree:debian-${values.line}`], context)
  if (!listed) throw new Error(`there is no kernel of ${values.line}`)
  const [image, initramfs, host] = await Promise.all([
    fetchKernel(listed, context),
    buildInitramfs(cache, inRepository('vm-images', 'guest')),
    readHost(cache),
  ])
  await chooseAccelerator(cache, { image, initramfs, host }, values.accel)
}

function describe({ name, at, right, steps, most, confidence, built, asked }: Outcome): string {
  const seconds = median(built.map((one, index) => one + (asked[index] ?? 0))).toFixed(1)
  const sure = Math.floor(confidence * 1e9) / 1e9
  const word = right ? 'right' : 'WRONG'
  return `${word} ${name}: commit ${at}, ${steps} steps (at most ${most}), ${seconds} s a step, confidence ${sure}`
}
