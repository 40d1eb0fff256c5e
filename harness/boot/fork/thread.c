// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel and the C library know of one thread: thread.h says what it is for. */
#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

#include "server.h"
#include "thread.h"

/* Linux, arch/x86/include/uapi/asm/prctl.h */
#define SHSTK_STATUS	0x5005
#define SHSTK_ENABLED	1UL
/* Linux, include/uapi/linux/auxvec.h */
#define RSEQ_ALIGN_TYPE	28
/* Linux, include/uapi/linux/rseq.h: what every kernel takes. */
#define RSEQ_SIZE	32UL
/* glibc, nptl_db/db_info.c: where in its descriptor of a thread debuggers find the number. */
#define NUMBER_FIELD	"_thread_db_pthread_tid"
/* glibc, nptl_db/thread_dbP.h: bits of an element, elements, bytes in front. */
enum { FIELD_BITS, FIELD_COUNT, FIELD_OFFSET };

/* The kernel checks calls against a second stack, which a thread that is made again has not. */
static int has_shadow_stack(void)
{
#ifdef __x86_64__
	unsigned long features = 0;

	return !syscall(SYS_arch_prctl, SHSTK_STATUS, &features) && (features & SHSTK_ENABLED);
#else
	return 0;
#endif
}

/* Searching the descriptor would take any equal number for it. */
static pid_t *find_number(pid_t tid)
{
	const uint32_t *field = dlsym(RTLD_NEXT, NUMBER_FIELD);
	pid_t *number;

	if (!field || field[FIELD_BITS] != 8 * sizeof(*number) || field[FIELD_COUNT] != 1)
		return NULL;
	number = (pid_t *)((char *)pthread_self() + field[FIELD_OFFSET]);
	return *number == tid ? number : NULL;
}

const char *thread_learn(struct thread_state *state)
{
	state->tid = syscall(SYS_gettid);
	state->pointer = __builtin_thread_pointer();
	state->number = find_number(state->tid);
	if (!state->number)
		return "the C library does not tell where it keeps a thread's number";
	if (prctl(PR_GET_TID_ADDRESS, &state->cleared) || !state->cleared)
		return "the kernel does not tell what it clears when a thread ends";
	if (syscall(SYS_get_robust_list, 0, &state->robust, &state->robust_size))
		return "the kernel does not tell a thread's robust mutexes";
	return has_shadow_stack() ? "its threads have shadow stacks" : NULL;
}

int thread_holds_robust(const struct thread_state *state)
{
	const struct robust_list_head *head = state->robust;

	return head && (head->list.next != &head->list || head->list_op_pending);
}

/*
 * glibc registers an area of each thread for restartable sequences, where sched_getcpu() reads
 * the number of the processor; the kernel forgets it for a thread that is made by clone().
 */
static void register_rseq(const struct thread_state *state)
{
#ifdef RSEQ_SIG
	struct rseq *area = (void *)(state->pointer + __rseq_offset);
	unsigned long align = getauxval(RSEQ_ALIGN_TYPE), size = RSEQ_SIZE;

	if (!__rseq_size)
		return;
	/* glibc 2.40 and later have an area as large as the kernel wants it. */
	if (__rseq_size > RSEQ_SIZE && align)
		size = (__rseq_size + align - 1) / align * align;
	if (syscall(SYS_rseq, area, size, 0, RSEQ_SIG))
		area->cpu_id = RSEQ_CPU_ID_REGISTRATION_FAILED;
#else
	(void)state;
#endif
}

static void set_robust(const struct thread_state *state)
{
	if (state->robust && syscall(SYS_set_robust_list, state->robust, state->robust_size))
		child_fail("the robust mutexes of a thread");
}

void thread_adopt(struct thread_state *state)
{
	state->tid = *state->number;
	register_rseq(state);
	set_robust(state);
}

/* rseq stays with the thread that forks (rseq(2)). */
void thread_renumber(struct thread_state *state)
{
	state->tid = syscall(SYS_set_tid_address, state->cleared);
	*state->number = state->tid;
	set_robust(state);
}
