/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the fork server know of each other; server.c says what it is. */
#ifndef KWITNESS_FORK_SERVER_H
#define KWITNESS_FORK_SERVER_H

#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* threads.c: all threads but the one that forks */

/* Threads made from now on are known; `signal` parks them. */
void threads_begin(int signal);
/* Returns when all are parked. */
void threads_park(void);
/* In the process they are of: let them go on. */
void threads_release(void);
/* In the copy: make them anew where they were parked. */
void threads_restart(void);

/* pages.c: what a copy will write */

/* Look at what this copy wrote, before it ends. */
void pages_learn(pid_t copy);
/* In the copy: have at once what those before it wrote. */
void pages_fetch(void);

/* fds.c: what a copy must not share with the others */

/* Look at what is open. NULL, or what stands in the way of a copy. */
const char *fds_learn(void);
/* In the copy: its own log (descriptor `console` of `owner`), monitor, agent, stderr, eventfds. */
void fds_replace(int id, pid_t owner, int console);
/* Open a descriptor of another process anew. */
int fds_open(pid_t owner, int fd, int flags);
/* End this copy, saying what it failed at. */
void fds_give_up(const char *what) __attribute__((noreturn));

#endif
