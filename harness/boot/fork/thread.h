/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel and the C library know of one thread, beside its registers and its stack.
 * fork() leaves it with the thread that called; a thread that is made again gets it back here.
 */
#ifndef KWITNESS_FORK_THREAD_H
#define KWITNESS_FORK_THREAD_H

#include <stddef.h>
#include <sys/types.h>

#pragma GCC visibility push(hidden)

struct thread_state {
	pid_t tid;
	char *pointer;
	/* Where the C library keeps its number. */
	pid_t *number;
	/* What the kernel clears when it ends: its number, or its state (glibc 2.43). */
	int *cleared;
	/* Head of the robust mutexes that it holds (set_robust_list(2)). */
	void *robust;
	size_t robust_size;
};

/* Look at the calling thread. Returns NULL, or why it could not be made again. */
const char *thread_learn(struct thread_state *state);
/* Whether this thread, which is parked or the caller, holds a robust mutex or is about to. */
int thread_holds_robust(const struct thread_state *state);
/* In a child: the calling thread, whose number the kernel has written, is this one now. */
void thread_adopt(struct thread_state *state);
/* In a child, of its first thread: the same, and write its new number. */
void thread_renumber(struct thread_state *state);

#pragma GCC visibility pop

#endif
