/** `kwitness cases`: the catalogue, one case of it, and a new one from the template. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from '#harness/support/workspace.ts'
import type { Case, Fix, SymptomEnding } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import { CATALOGUE, readCatalogue, selectCases } from '#run/prepare/catalogue.ts'
import { print } from '../output/files.ts'

const hashWords = (commit: Fix['commit']): string =>
  commit === 'unknown' ? 'hash not known' : (commit?.slice(0, 12) ?? 'never merged')
const fixWords = ({ commit, subject, cve }: Fix): string => [`${hashWords(commit)} ("${subject}")`, ...cve].join(' ')

const endingWords = (ending: SymptomEnding): string =>
  ending.kind === 'hang' ? `a hang of the ${ending.of}` : `a report of the kernel, /${ending.title}/`

/** List the catalogue. */
export async function listCases(options: { readonly json?: true }): Promise<number> {
  const cases = await readCatalogue(CATALOGUE)
  const line = (one: Case): string => `${one.id.padEnd(28)} ${one.witness.padEnd(14)} ${one.title}`
  await print(
    options.json
      ? JSON.stringify(
          cases.map(({ folder: _, ...one }) => one),
          null,
          2,
        )
      : cases.map(line).join('\n'),
  )
  return 0
}

/** Show one case. */
export async function showCase(id: string, options: { readonly json?: true }): Promise<number> {
  for (const one of selectCases(await readCatalogue(CATALOGUE), [id])) {
    const { folder, ...data } = one
    const { needs, claim } = one
    const releases = [`mainline ${claim.mainline ?? 'never'}`, ...Object.values(claim.stable)].join(', ')
    const modules = needs.modules.map(({ name, until }) => `, module ${name}${until === null ? '' : ` before ${until}`}`).join('')
    const lines = [
      `${one.id}: ${one.title}`,
      ...one.fixes.map((fix) => `  fix         ${fixWords(fix)}`),
      `  introduced  ${one.introduced ?? 'not known'}`,
      `  symptom     ${one.symptom}`,
      ...(one.symptomEnding ? [`  ends by     ${endingWords(one.symptomEnding)}`] : []),
      ...(one.destructive ? ['  destructive where the bug is, it hurts the kernel that it runs on'] : []),
      `  witness     ${one.witness}, about ${one.timing.expectedSeconds} s in the guest, at most ${one.timing.timeoutSeconds} s`,
      `  needs       ${needs.cpus} vCPU, ${needs.memoryMiB} MiB${modules}`,
      `  claim       ${releases} (${claim.source})`,
      `  proof       ${one.proof}`,
      ...one.references.map((reference) => `  see         ${reference}`),
      `  source      ${join(folder, 'repro.c')}`,
    ]
    await print(options.json ? JSON.stringify(data, null, 2) : lines.join('\n'))
  }
  return 0
}

/** Make a new case from the template: it builds and runs as it is. Throws UserError for a bad or taken id. */
export async function newCase(id: string): Promise<number> {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(id))
    throw new UserError(`${id} is no case id`, 'small letters, digits and single hyphens, as in uffd-fork-event')
  const folder = join(CATALOGUE, id)
  if (await exists(folder)) throw new UserError(`${folder} is there already`)
  await mkdir(folder)
  await cp(join(CATALOGUE, '_template'), folder, { recursive: true })
  for (const name of ['case.json', 'repro.c']) {
    const path = join(folder, name)
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll('TEMPLATE', id))
  }
  await print(`${folder}\n  fill in case.json and repro.c, then: kwitness run --kernels debian:6.12.* --cases ${id}`)
  return 0
}
