// SPDX-License-Identifier: GPL-2.0-only
/* What a thread that was made again must still be, and what a child must not be able to do. */
#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

#include "forkee.h"

#define X32_BIT		0x40000000

void identity_learn(struct identity *identity)
{
	syscall(SYS_get_robust_list, 0, &identity->robust, &identity->robust_size);
#if defined(__x86_64__) && defined(__GLIBC__)
	/* Unused by glibc (sysdeps/x86_64/nptl/tls.h, __glibc_unused2), in front of its own. */
	*(pid_t *)((char *)__builtin_thread_pointer() + 0x100) = syscall(SYS_gettid);
#endif
}

/* glibc writes the number of a thread into each mutex that it locks. */
static int number_is_right(void)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	int owner;

	pthread_mutex_lock(&mutex);
	owner = mutex.__data.__owner;
	pthread_mutex_unlock(&mutex);
	return owner == syscall(SYS_gettid);
}

/* The kernel refuses an area that it has already (rseq(2)). */
static int rseq_is_registered(void)
{
#ifdef RSEQ_SIG
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	return !__rseq_size || (syscall(SYS_rseq, area, 32, 0, RSEQ_SIG) && errno == EBUSY);
#else
	return 1;
#endif
}

const char *identity_check(const struct identity *identity)
{
	struct identity now = { NULL, 0 };

	if (!number_is_right())
		return "another number";
	if (!rseq_is_registered())
		return "no rseq";
	syscall(SYS_get_robust_list, 0, &now.robust, &now.robust_size);
	if (now.robust != identity->robust || now.robust_size != identity->robust_size)
		return "another robust list";
	return NULL;
}

/* Whether a call that would start a process failed with this error. */
static int is_denied(long pid, int with)
{
	if (!pid)
		_exit(0);
	return pid < 0 && errno == with;
}

#ifdef __x86_64__
static sigjmp_buf no_such_gate;

static void on_fault(int signal)
{
	siglongjmp(no_such_gate, signal);
}

/* getpid by the gate of 32-bit programs: denied, or this kernel has no such gate. */
static int is_denied_32bit(void)
{
	struct sigaction action = { .sa_handler = on_fault }, before;
	long result = -EPERM;

	sigaction(SIGSEGV, &action, &before);
	if (!sigsetjmp(no_such_gate, 1))
		__asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9",
				 "r10", "r11");
	sigaction(SIGSEGV, &before, NULL);
	return (int)result == -EPERM;
}
#endif

const char *sandbox_misses(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	char *none[] = { NULL };

#ifdef __x86_64__
	if (!is_denied(syscall(SYS_fork), EPERM))
		return "fork";
	if (!is_denied(syscall(SYS_vfork), EPERM))
		return "vfork";
	if (!is_denied(syscall(X32_BIT | SYS_getpid), EPERM))
		return "call by x32";
	if (!is_denied_32bit())
		return "call as a 32-bit program";
#endif
	if (!is_denied(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), EPERM))
		return "clone";
	if (!is_denied(syscall(SYS_clone3, &args, sizeof(args)), ENOSYS))
		return "clone3";
	if (!is_denied(execve("/bin/true", none, none), EPERM))
		return "execve";
	return is_denied(syscall(SYS_execveat, -1, "/bin/true", none, none, 0), EPERM) ?
		NULL : "execveat";
}
