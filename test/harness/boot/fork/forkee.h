/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the program that test/harness/forks.test.ts forks. */
#ifndef KWITNESS_FORKEE_H
#define KWITNESS_FORKEE_H

#include <stddef.h>

/* What the kernel and the C library know of a thread. */
struct identity {
	void *robust;
	size_t robust_size;
};

/* Look at the calling thread, and put its number where only a search would find it. */
void identity_learn(struct identity *identity);
/* Returns NULL, or what is not the calling thread's any more. */
const char *identity_check(const struct identity *identity);

/* Returns NULL, or the first way to start a process that is not denied. */
const char *sandbox_misses(void);

/* Have so many of what stands in the way of a fork. Returns 0, or -1 for an unknown name. */
int trait_add(const char *name, int count);

#endif
