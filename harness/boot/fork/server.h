/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the fork server know of each other; README.md says what it is. */
#ifndef KWITNESS_FORK_SERVER_H
#define KWITNESS_FORK_SERVER_H

#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* QEMU must not find these instead of functions of its own. */
#pragma GCC visibility push(hidden)

/* threads.c: all threads but the one that forks */

/* Threads made from now on are known; `signal` parks them. */
void threads_begin(int signal);
/*
 * Park all of them. Returns NULL, or why that cannot be done, and then none is parked. Until
 * threads_release() the caller must not allocate memory: a parked thread may hold the lock.
 */
const char *threads_park(void);
/* In the server: let them go on. */
void threads_release(void);
/* In the child: make them again where they were parked. */
void threads_restart(void);

/* pages.c: the memory of a child */

/* Returns NULL, or why the memory of a child would not be its own. */
const char *pages_check(void);
/* Look at what this child wrote, before it ends. */
void pages_learn(pid_t child);
/* In the child: ask at once for what those before it wrote. */
void pages_fetch(void);

/* payload.c: the file that QEMU maps as the payload's memory */

/* Returns NULL, or why no child can have a payload of its own. */
const char *payload_check(void);
/* In the child: its payload (descriptor `fd` of `owner`). Returns 0, or -1 with errno. */
int payload_replace(pid_t owner, int fd);

/* fds.c: what a child must not share with the others */

/* Close what this process inherited by accident. */
void fds_begin(void);
/* Look at what is open now. Returns NULL, or why no child can have its own. */
const char *fds_learn(void);
/* In the child: its own log (descriptor `console` of `owner`), monitor, agent, stderr, eventfds. */
void fds_replace(int id, pid_t owner, int console);
/* Open a descriptor of another process again. Returns it, or -1 with errno. */
int fds_open(pid_t owner, int fd, int flags);

/* sandbox.c: what a child may not do */

/* In the child: no new processes from now on. Returns 0, or -1 with errno. */
int sandbox_enter(void);

/* server.c */

/* Whether this is a descriptor of a child, which the next child closes. */
int is_pidfd(int fd);
/* End this child: `what` failed, for the reason in errno. */
void child_fail(const char *what) __attribute__((noreturn));

#pragma GCC visibility pop

#endif
