/** `kwitness serve`: stored runs in a browser, one that is under way live. */
import { readFile } from 'node:fs/promises'
import { Option, type Command } from '@commander-js/extra-typings'
import { findWorkspace } from '#harness/support/workspace.ts'
import { UserError } from '#domain/errors.ts'
import { helpText } from '#cli/help/text.ts'
import type { OptionsOf } from '#cli/options/shared.ts'
import { readPort } from '#cli/options/values.ts'
import { checkAccess } from '#cli/serve/guard.ts'
import { serve as startServer } from '#cli/serve/server.ts'
import { untilStopped } from '#cli/terminal/signals.ts'

const DEFAULT_PORT = 8042

const declareOptions = (command: Command) =>
  command
    .option('--listen <address>', 'address to listen on; one that other machines reach wants a token', '127.0.0.1')
    .addOption(new Option('--port <n>', 'port to listen on, 0 for any that is free').argParser(readPort).default(DEFAULT_PORT))
    .option('--token-file <file>', 'file with the token that a reader must have (or KWITNESS_TOKEN in the environment)')

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .description(
      'Serve the stored runs to browsers, read-only: the page of each, what changed since the run before, and one that is ' +
        'under way as it goes on. Loopback by default; any other address wants a token.',
    )
    .addHelpText('after', HELP)
    .action(async (options) => {
      process.exitCode = await serve(options)
    })
}

const HELP = helpText({
  remarks: [
    'With a token, open the address with ?token=TOKEN once: a cookie keeps it. Programs send it as a bearer. There is no ' +
      'encryption: put a proxy with TLS before it where the network is not yours.',
  ],
  examples: [
    ['on this machine', 'kwitness serve'],
    ['for others, with a token', 'openssl rand -hex 16 > token; kwitness serve --listen 0.0.0.0 --token-file token'],
  ],
})

/** Serve until a signal, and give the exit code. */
async function serve({ listen: host, port, tokenFile }: OptionsOf<typeof declareOptions>): Promise<number> {
  const token = await readToken(tokenFile)
  checkAccess(host, token)
  const { state } = findWorkspace()
  await untilStopped(async (signal) => {
    const onTrouble = (text: string): void => console.error(`kwitness: ${text}`)
    const { url, ended } = await startServer({ host, port, token, state, signal, onTrouble })
    console.error(`kwitness: serving ${state} at ${url}${token === undefined ? '' : '?token=...'}; Ctrl-C ends it`)
    await ended
  })
  return 0
}

/** The token of a file, or of the environment. Throws UserError for a file that cannot be read or is empty. */
async function readToken(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return process.env['KWITNESS_TOKEN']
  const text = await readFile(file, 'utf8').catch(({ code }: NodeJS.ErrnoException) => {
    throw new UserError(`cannot read ${file}: ${code}`, 'name a file with a token on its first line')
  })
  const [token = ''] = text.trim().split('\n')
  if (token === '') throw new UserError(`${file} is empty`, 'name a file with a token on its first line')
  return token
}
