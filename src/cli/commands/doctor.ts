/** `kwitness doctor`: what this machine has, what is missing, and the one command that installs it. */
import type { Command } from '@commander-js/extra-typings'
import { knownAccelerator, type KnownAccelerator } from '#harness/boot/accelerator/prove.ts'
import { readHost } from '#harness/boot/qemu/host.ts'
import { findDependencies, installCommand, type FoundDependency, type DependencyScope } from '#harness/host/dependencies.ts'
import { folderSpace, inspectMachine, type FolderSpace, type KvmDevice, type Machine } from '#harness/host/machine.ts'
import { hostMirrors } from '#harness/kernels/debian/archive/root.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { helpText } from '../help/text.ts'
import { json, type OptionsOf } from '../options/shared.ts'
import { proofLines } from '../output/accelerator.ts'
import { print } from '../output/streams.ts'

const declareOptions = (command: Command) => command.addOption(json('the diagnosis'))

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .description('Show what this machine has, what is missing, and the command that installs it.')
    .addHelpText('after', HELP)
    .action(async (options) => {
      process.exitCode = await doctor(options)
    })
}

const HELP = helpText({
  exits: { 0: 'cases can run', 3: 'something that cases need is missing' },
  examples: [
    ['for a person', 'kwitness doctor'],
    ['for a program', 'kwitness doctor --json'],
  ],
})

export interface Diagnosis {
  readonly schema: 'kwitness.doctor/1'
  readonly node: { readonly version: string; readonly path: string }
  readonly dependencies: readonly FoundDependency[]
  readonly machine: Machine & {
    /** Addresses that the machine's own apt configuration names, sorted. */
    readonly mirrors: readonly string[]
  }
  /** What guests of earlier runs proved, when and how, and whether the next run believes it; null where none did. */
  readonly accelerator: KnownAccelerator | null
  readonly cache: FolderSpace
  readonly state: FolderSpace
  /** By what needs it: the command that installs what is missing; null when nothing is. */
  readonly install: Readonly<Record<DependencyScope, string | null>>
}

/** Look, print, and give the exit code: 0 when cases can run, 3 when something they need is missing. */
async function doctor(options: OptionsOf<typeof declareOptions>): Promise<number> {
  const diagnosis = await diagnose()
  await print(options.json ? JSON.stringify(diagnosis, null, 2) : formatDiagnosis(diagnosis), options.json)
  return diagnosis.install.guest === null && diagnosis.cache.writable && diagnosis.state.writable ? 0 : 3
}

async function diagnose(): Promise<Diagnosis> {
  const workspace = findWorkspace()
  const [dependencies, machine, mirrors, cache, state] = await Promise.all([
    findDependencies(),
    inspectMachine(),
    hostMirrors(),
    folderSpace(workspace.cache),
    folderSpace(workspace.state),
  ])
  const install = {
    guest: installMissing(dependencies, 'guest'),
    build: installMissing(dependencies, 'build'),
    shell: installMissing(dependencies, 'shell'),
    test: installMissing(dependencies, 'test'),
    optional: installMissing(dependencies, 'optional'),
  }
  return {
    schema: 'kwitness.doctor/1',
    node: { version: process.version, path: process.execPath },
    dependencies,
    machine: { ...machine, mirrors },
    accelerator: install.guest === null ? await provenAccelerator(workspace.cache) : null,
    cache,
    state,
    install,
  }
}

/** Looking at the host takes QEMU and the compiler: null where it cannot be done, as where no guest has proven anything. */
async function provenAccelerator(cache: string): Promise<KnownAccelerator | null> {
  const host = await readHost(cache).catch(() => null)
  return host && knownAccelerator(cache, host)
}

function installMissing(dependencies: readonly FoundDependency[], scope: DependencyScope): string | null {
  const missing = dependencies
    .filter((dependency) => dependency.scope === scope && dependency.path === null)
    .map((dependency) => dependency.package)
  const hasApt = dependencies.some(({ what, path }) => what === 'apt-get' && path !== null)
  return missing.length === 0 ? null : installCommand(missing, process.getuid?.() === 0, hasApt)
}

const KVM_WORDS: Record<KvmDevice, string> = {
  absent: 'no /dev/kvm: guests run under TCG, slower',
  'not allowed': '/dev/kvm is there, but this user may not open it: guests run under TCG, slower',
  opens: '/dev/kvm is there, not yet proven: the first run asks a guest, and falls back to TCG',
}

/** The diagnosis for a reader at a terminal. */
function formatDiagnosis(diagnosis: Diagnosis): string {
  const { node, dependencies, machine, accelerator, cache, state, install } = diagnosis
  const rows = [
    ['Node', `${node.version}, ${node.path}`],
    ['cores', String(machine.cores)],
    ['memory', size(machine.memoryBytes)],
    ...(accelerator ? proofLines(accelerator) : [KVM_WORDS[machine.kvm]]).map((text, at) => [
      at === 0 ? 'accelerator' : '',
      text,
    ]),
    ['cache', space(cache, 'KWITNESS_CACHE')],
    ['state', space(state, 'KWITNESS_STATE')],
    ['mirrors', machine.mirrors.join(', ') || 'none in the apt configuration: name one with --mirror'],
  ]
  return [
    'Needed here:',
    ...dependencies.map(formatDependency),
    '',
    'This machine:',
    ...rows.map(([name = '', text = '']) => `  ${name.padEnd(12)} ${text}`),
    '',
    install.guest === null ? 'All that cases need is there.' : `Something is missing. This installs it:\n  ${install.guest}`,
    ...(install.build === null ? [] : [`Building kernels from source needs more. This installs it:\n  ${install.build}`]),
    ...(install.shell === null ? [] : [`kwitness shell needs more. This installs it:\n  ${install.shell}`]),
    ...(install.test === null ? [] : [`The tests (npm test) need more. This installs it:\n  ${install.test}`]),
    ...(install.optional === null ? [] : [`What is optional is installed by\n  ${install.optional}`]),
  ].join('\n')
}

const SCOPE_WORDS: Record<DependencyScope, string> = {
  guest: '',
  build: ' (building kernels only)',
  shell: ' (kwitness shell only)',
  test: ' (tests only)',
  optional: ' (optional)',
}

function formatDependency(dependency: FoundDependency): string {
  const why = `${dependency.why}${SCOPE_WORDS[dependency.scope]}`
  const { path, version, what } = dependency
  const absent = dependency.scope === 'optional' ? 'none   ' : 'MISSING'
  const title = `${dependency.package.padEnd(24)} ${why}`
  if (path === null) return `  ${absent}  ${title}\n           ${what} is not here`
  return `  found    ${title}\n           ${path}${version === null ? '' : `, version ${version}`}`
}

function space(folder: FolderSpace, variable: string): string {
  if (!folder.writable) return `${folder.path} CANNOT BE WRITTEN by this user: set ${variable} to a folder that can`
  return `${folder.path}: ${folder.usedBytes === null ? 'unknown' : size(folder.usedBytes)} used, ${size(folder.freeBytes)} free`
}

function size(bytes: number): string {
  const gib = bytes / 2 ** 30
  return gib >= 1 ? `${gib.toFixed(1)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`
}
