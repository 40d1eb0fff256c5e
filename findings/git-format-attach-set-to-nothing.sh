#!/bin/sh
# `format.attach` set to nothing turns attaching on: `git -c format.attach= format-patch` writes MIME attachments.
#
# Who wants to neutralise a user's setting gives it an empty value, as for most settings of git. Here the presence of the key
# counts, and the patch of a commit arrives as a multipart mail, which GNU patch reads all the same and other readers do not.
#
# Seen with Debian's git 1:2.39.5-0+deb12u3. Exits 1 when it behaves otherwise, 2 when it cannot be tried.
set -eu

. "$(dirname "$0")/lib/debian-git.sh"

git init -q -b main tree 2>/dev/null
cd tree
echo one >file && git add file && git -c user.name=a -c user.email=a@example.org commit -q -m 'a change'

kind() { git "$@" format-patch -1 --stdout | sed -n 's/^Content-Type: \([a-z/]*\).*/\1/p' | head -1; }
unset_kind=$(kind)
empty_kind=$(kind -c format.attach=)
echo "git $version: format.attach unset: \"${unset_kind:-no Content-Type}\", set to nothing: \"$empty_kind\""
[ -z "$unset_kind" ] && [ "$empty_kind" = multipart/mixed ]
