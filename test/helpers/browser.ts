/** Chromium for the tests of the page: the only importer of playwright-core. */
import { access } from 'node:fs/promises'
import { type Browser, chromium } from 'playwright-core'

export const CHROMIUM = '/usr/bin/chromium'

/** Milliseconds for one step of a page, or for the browser to start: nothing takes this long, on the slowest machine. */
export const TIMEOUT_MS = 300_000

/** A headless Chromium that calls nobody, or null where none is installed. The caller closes it. */
export async function openChromium(): Promise<Browser | null> {
  try {
    await access(CHROMIUM)
  } catch {
    return null
  }
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
  return chromium.launch({ executablePath: CHROMIUM, timeout: TIMEOUT_MS, args: ['--no-sandbox', '--disable-gpu', ...quiet] })
}
