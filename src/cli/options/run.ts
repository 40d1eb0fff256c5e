/** From the options of a command to the request that a run is prepared from. */
import type { Command } from '@commander-js/extra-typings'
import { resolve } from 'node:path'
import type { RunRequest } from '#run/prepare/prepare.ts'
import {
  cases,
  catalogue,
  certaintyOptions,
  fork,
  interleavings,
  kernels,
  machineOptions,
  reportFolder,
  snapshot,
  userland,
  type OptionsOf,
} from './shared.ts'
import { given } from './values.ts'

function requestOptions(command: Command) {
  return certaintyOptions(
    machineOptions(
      command
        .addOption(kernels)
        .addOption(cases)
        .addOption(catalogue)
        .addOption(snapshot)
        .addOption(fork)
        .addOption(userland)
        .addOption(interleavings)
        .addOption(reportFolder),
    ),
  )
}

/** As much of a request as a command has options for. */
export type RequestOptions = Partial<OptionsOf<typeof requestOptions>>

/** What a run is to be: without options the default set of kernels and every case. */
export function runRequest(options: RequestOptions): RunRequest {
  const { kernels: selectors = ['default'], cases: ids = ['all'], accel, maxMissProbability } = options
  const {
    snapshot: fromSnapshot = true,
    fork: mayFork = true,
    catalogue: folder,
    seed,
    raceSeconds,
    out,
    interleavings: every = true,
    userland: around,
  } = options
  return {
    kernels: selectors,
    cases: ids,
    noSnapshot: !fromSnapshot,
    ...(mayFork ? {} : { noFork: true }),
    ...(every ? {} : { races: 'by chance' as const }),
    ...(out === undefined ? {} : { out: resolve(out) }),
    ...given({ catalogue: folder, seed, accelerator: accel, maxMissProbability, raceSeconds, userland: around }),
  }
}
