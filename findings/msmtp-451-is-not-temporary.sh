#!/bin/sh
# msmtp ends with 69 (EX_UNAVAILABLE), not 75 (EX_TEMPFAIL), when the server says "not now" (451) to MAIL FROM.
#
# For a final refusal (550) it ends with 65. A sendmail that exits 75 asks its caller to try again, one that exits 69 has given
# up: who queues mails by the exit code, as a notifier behind `sendmail -t` has to, drops a greylisted mail with msmtp.
#
# Seen with Debian's msmtp 1.8.23-1. Exits 1 when it behaves otherwise, 2 when it cannot be tried.
set -eu

version=1.8.23-1
folder=$(mktemp -d)
server=
trap 'test -z "$server" || kill $server 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq "msmtp=$version" libgsasl18 libntlm0 libsecret-1-0 libglib2.0-0 libgssglue1 libidn12 2>/dev/null || {
  echo "cannot fetch msmtp $version" >&2
  exit 2
}
for package in *.deb; do dpkg-deb -x "$package" tool; done
library=$(dirname "$(find tool -name 'libgsasl.so.18' | head -1)")
cat >server.py <<'PY'
import socket, sys

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    peer, _ = listener.accept()
    lines = peer.makefile("rwb", buffering=0)
    lines.write(b"220 here ESMTP\r\n")
    for line in lines:
        word = line.split()[0].upper() if line.split() else b""
        if word == b"MAIL":
            lines.write(sys.argv[1].encode() + b" said to MAIL FROM\r\n")
        elif word == b"QUIT":
            lines.write(b"221 bye\r\n")
            break
        else:
            lines.write(b"250 yes\r\n")
    peer.close()
PY
code_for() {
  mkfifo "port-$1"
  python3 server.py "$1" >"port-$1" &
  server=$!
  read -r port <"port-$1"
  code=0
  printf 'To: b@example.org\nSubject: a night\n\nwords\n' | LD_LIBRARY_PATH=$library tool/usr/bin/msmtp \
    --file=/dev/null --host=127.0.0.1 --port="$port" --from=a@example.org --read-recipients 2>/dev/null || code=$?
  kill $server 2>/dev/null
  wait $server 2>/dev/null || :
  server=
  echo "$code"
}
temporary=$(code_for 451)
final=$(code_for 550)
echo "msmtp $version: MAIL FROM answered by 451: exit $temporary (EX_TEMPFAIL is 75), by 550: exit $final"
[ "$temporary" = 69 ] && [ "$final" = 65 ]
