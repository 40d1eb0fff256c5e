#!/bin/sh
# Since glibc 2.43 the word that Linux clears when a thread ends (PR_GET_TID_ADDRESS) no longer holds the thread's number.
#
# clear_child_tid was the field `tid` of the thread's descriptor for twenty years: the word equalled gettid() while the thread
# ran, and what makes threads again in a copy of a process (checkpoint, fork of a threaded program) could find the field by it,
# and register the same word again. In 2.43 it is a word of its own, so both break without an error: the number that glibc keeps
# is not renewed, or the thread's end is never seen. Where the number is, glibc tells debuggers: _thread_db_pthread_tid.
#
# Seen with Debian's libc6 2.36-9+deb12u14 and 2.43-7. Exits 1 when it behaves otherwise, 2 when it cannot be tried.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >word.c <<'C'
#include <pthread.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <gnu/libc-version.h>

static void *say(void *unused)
{
	int *word = NULL;
	pid_t number = syscall(SYS_gettid);

	if (prctl(PR_GET_TID_ADDRESS, &word))
		return unused;
	printf("glibc %s: the word that is cleared %s\n", gnu_get_libc_version(),
	       *word == number ? "holds the thread's number" : "holds something else");
	return unused;
}

int main(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, say, NULL) || pthread_join(thread, NULL);
}
C
cc -o word word.c
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | head -1)
mkdir -p lists/partial cache/archives/partial
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site bookworm main
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site sid main" >sources.list
apt() {
  apt-get -qq -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache" "$@" 2>/dev/null
}
apt update || { echo 'cannot read the index of sid' >&2; exit 2; }
answer() {
  apt download "libc6=$1" || { echo "cannot fetch libc6 $1" >&2; exit 2; }
  dpkg-deb -x libc6_*.deb "libc-$1"
  rm libc6_*.deb
  loader=$(find "libc-$1" -name 'ld-linux-x86-64.so.2' | head -1)
  "$loader" --library-path "$(dirname "$(find "libc-$1" -name libc.so.6 | head -1)")" ./word
}
old=$(answer 2.36-9+deb12u14)
new=$(answer 2.43-7)
printf '%s\n%s\n' "$old" "$new"
[ "$old" = "glibc 2.36: the word that is cleared holds the thread's number" ] &&
  [ "$new" = "glibc 2.43: the word that is cleared holds something else" ]
