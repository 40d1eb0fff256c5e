/** The state of a bisection on disk: its request, the answers so far and the runs under way. All else follows from these. */
import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder } from '#store/evidence-folder.ts'
import { nextRunId } from '#store/names.ts'
import { livingOwner, ownToken } from '#harness/support/owner.ts'
import { exists, makeFolder, systemError, whenUnreadable, type Workspace } from '#harness/support/workspace.ts'
import type { BisectRequest } from '#domain/report/bisect.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import type { DataOf } from '#schema/basics.ts'
import { bisectStateSchema } from '#schema/bisect-state.ts'
import { readJson } from '#schema/read.ts'

export type BisectState = DataOf<typeof bisectStateSchema>

/** The state in memory, which is on disk before `save` returns. */
export interface StateFile {
  readonly folder: string
  readonly state: () => BisectState
  readonly save: (changes: Partial<BisectState>) => Promise<void>
}

const rootOf = (workspace: Workspace) => join(workspace.state, 'bisect')

/** Begin a bisection, under the next free name of its day. */
export async function beginState(request: BisectRequest, startedAt: string, workspace: Workspace): Promise<StateFile> {
  const root = rootOf(workspace)
  return onDisk(root, async () => {
    await makeFolder(root)
    for (;;) {
      const id = nextRunId(startedAt, await readdir(root))
      // The process that makes the folder has the name.
      const made = await mkdir(join(root, id)).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false
          throw error
        },
      )
      if (!made) continue
      const fresh = { finished: false, owner: null, plan: null, target: null, rates: [], steps: [], runs: {} }
      const stateFile = createStateFile(join(root, id), { schema: 'kwitness.bisect-state/1', id, startedAt, request, ...fresh })
      await stateFile.save({ owner: ownToken(workspace.state) })
      return stateFile
    }
  })
}

/**
 * Resume a bisection, the newest unfinished one when none is named. Throws UserError when there is none and when another
 * kwitness owns it, InfraError when the one that is named cannot be read.
 */
export async function resumeState(which: string | true, workspace: Workspace): Promise<StateFile> {
  const all = await readStates(workspace)
  const found = which === true ? all.findLast(({ finished }) => !finished) : all.find(({ id }) => id === which)
  if (!found) {
    const damaged = which === true ? null : join(rootOf(workspace), which, 'state.json')
    if (damaged !== null && (await exists(damaged))) {
      throw new InfraError(`${damaged} is damaged, or of another kwitness`, 'start the bisection again without --resume')
    }
    const names = all.map(({ id }) => id).join(', ')
    const what = which === true ? 'unfinished bisection' : `bisection ${which}`
    throw new UserError(`there is no ${what}`, names === '' ? 'start one without --resume' : `there are: ${names}`)
  }
  const owner = livingOwner(workspace.state, found.owner)
  if (owner !== null && found.owner !== ownToken(workspace.state)) {
    const what = `another kwitness (process ${owner}) still owns the bisection ${found.id}`
    throw new UserError(what, 'wait for it, or end it first')
  }
  const stateFile = createStateFile(join(rootOf(workspace), found.id), found)
  await stateFile.save({ owner: ownToken(workspace.state) })
  return stateFile
}

/** Every bisection on disk, oldest first. */
export async function readStates(workspace: Workspace): Promise<BisectState[]> {
  const names = await readdir(rootOf(workspace)).catch(whenUnreadable([]))
  const states = await Promise.all(names.map((name) => readState(join(rootOf(workspace), name))))
  return states.filter((state) => state !== null).toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1))
}

/** The state in a folder; null where there is none that can be read. */
async function readState(folder: string): Promise<BisectState | null> {
  const json = await readFile(join(folder, 'state.json'), 'utf8').catch(whenUnreadable(null))
  return json === null ? null : readJson(bisectStateSchema, json)
}

function createStateFile(folder: string, first: BisectState): StateFile {
  let state = first
  return {
    folder,
    state: () => state,
    save: async (changes) => {
      const next = { ...state, ...changes }
      await onDisk(folder, () => writeDurably(folder, `${JSON.stringify(next, null, 1)}\n`))
      state = next
    },
  }
}

/** Replace the state: after a crash the file holds the old text or the new one. */
async function writeDurably(folder: string, text: string): Promise<void> {
  const temporary = join(folder, 'state.json.tmp')
  const file = await open(temporary, 'w')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, join(folder, 'state.json'))
  await syncFolder(folder)
}

async function onDisk<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw systemError(error, `cannot keep the bisection in ${folder}`) ?? error
  }
}
