/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A child that shares the parent's memory and stays until released. A byte that it sends
 * after a step of the parent proves that it was alive during that step.
 *
 *	if (child_fork(&child)) {			true in the child
 *		child_notify(&child, 'r');
 *		child_wait_release(&child);
 *		child_exit();
 *	}
 *	child_wait_for(&child);				in the parent
 *	child_release(&child);				lets it continue
 *	child_join(&child);
 *
 * A child whose parent died exits, because its pipe ends.
 */
#ifndef KWITNESS_CHILD_H
#define KWITNESS_CHILD_H

#include <fcntl.h>
#include <sys/wait.h>

#include "core/ktap.h"

struct child {
	pid_t pid;
	int up[2], down[2];
};

/* Fork. Returns 1 in the child, 0 in the parent. */
static inline int child_fork(struct child *child)
{
	REQUIRE(!pipe2(child->up, O_CLOEXEC) && !pipe2(child->down, O_CLOEXEC), "pipe");
	child->pid = fork();
	REQUIRE(child->pid >= 0, "fork");
	close(child->pid ? child->up[1] : child->up[0]);
	close(child->pid ? child->down[0] : child->down[1]);
	return !child->pid;
}

/* In the child: send the parent a byte. */
static inline void child_notify(const struct child *child, unsigned char byte)
{
	REQUIRE(write(child->up[1], &byte, 1) == 1, "write to the parent");
}

/* In the child: wait until the parent releases it. */
static inline void child_wait_release(const struct child *child)
{
	char byte;

	if (read(child->down[0], &byte, 1) != 1)
		_exit(KTAP_BROKEN);
}

__attribute__((noreturn))
static inline void child_exit(void)
{
	_exit(0);
}

/* In the parent: wait for the next byte of the child. */
static inline unsigned char child_wait_for(const struct child *child)
{
	unsigned char byte;

	REQUIRE(read(child->up[0], &byte, 1) == 1, "read from the child");
	return byte;
}

/* In the parent: let the child continue. */
static inline void child_release(const struct child *child)
{
	REQUIRE(write(child->down[1], "", 1) == 1, "write to the child");
}

/* In the parent: reap the child, which must have called child_exit(). */
static inline void child_join(const struct child *child)
{
	int status;

	REQUIRE(waitpid(child->pid, &status, 0) == child->pid, "waitpid");
	REQUIRE(!status, "the child, which ended with status 0x%x,", status);
	close(child->up[0]);
	close(child->down[1]);
}

#endif
