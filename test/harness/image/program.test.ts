/** A program is named by the hash of all its inputs. */
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildProgram } from '#harness/image/program.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

test('a changed header beside the source or below the include folder changes the hash of the program', async (t) => {
  const folder = await temporaryFolder(t)
  const [cache, shared, source] = [join(folder, 'cache'), join(folder, 'include'), join(folder, 'case', 'repro.c')]
  await mkdir(join(folder, 'case'))
  await mkdir(join(shared, 'mm'), { recursive: true })
  await writeFile(source, '#include "own.h"\n#include "mm/shared.h"\nint main(void) { return OWN + SHARED; }\n')
  const build = async (own: number, all: number) => {
    await writeFile(join(folder, 'case', 'own.h'), `#define OWN ${own}\n`)
    await writeFile(join(shared, 'mm', 'shared.h'), `#define SHARED ${all}\n`)
    return buildProgram(cache, [source], [shared])
  }
  const built = [await build(1, 1), await build(2, 1), await build(1, 3), await build(1, 1)]
  assert.equal(new Set(built.map(({ sha256 }) => sha256)).size, 3)
  assert.equal(built[3]?.sha256, built[0]?.sha256)
  const [first, second] = await Promise.all(built.slice(0, 2).map(({ path }) => readFile(path)))
  assert.ok(first && second && !first.equals(second))
})
