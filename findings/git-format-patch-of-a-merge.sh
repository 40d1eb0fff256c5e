#!/bin/sh
# `git format-patch -1 MERGE` says nothing of the merge: it writes the patch of another commit.
#
# Whoever turns a commit into a patch by its name (a backport, a verification, a mail) gets a change that was never asked for,
# with exit status 0 and no word on stderr. `-1` counts the patches that are written, and merges are passed over on the way.
#
# Seen with Debian's git 1:2.39.5-0+deb12u3. Exits 1 when it behaves otherwise, 2 when it cannot be tried.
set -eu

. "$(dirname "$0")/lib/debian-git.sh"

git init -q -b main tree 2>/dev/null
cd tree
commit() { git -c user.name=a -c user.email=a@example.org commit -q --allow-empty "$@"; }
echo one >file && git add file && commit -m 'the base'
git checkout -q -b side
echo two >other && git add other && commit -m 'a change on the side'
git checkout -q main
echo three >third && git add third && commit -m 'a change on main'
git -c user.name=a -c user.email=a@example.org merge -q --no-ff -m 'the merge' side

subject=$(git format-patch -1 --stdout main 2>stderr | sed -n 's/^Subject: \[PATCH\] //p')
echo "git $version: format-patch -1 of the commit \"$(git log -1 --format=%s main)\" wrote \"$subject\", stderr $(wc -c <stderr) bytes"
[ -n "$subject" ] && [ "$subject" != 'the merge' ] && [ ! -s stderr ]
