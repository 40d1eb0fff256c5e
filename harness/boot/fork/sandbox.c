// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a child may not do: a child serves one guest, and like any QEMU of ours it starts no
 * process (-sandbox spawn=deny, which the server itself has to do without).
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "server.h"

#if defined(__x86_64__)
#define OWN_ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH	AUDIT_ARCH_AARCH64
#else
#error "the numbers of system calls mean nothing without AUDIT_ARCH of this machine"
#endif

/* Numbers with this bit are calls of the x32 ABI, under the same AUDIT_ARCH (seccomp(2)). */
#define X32_BIT		0x40000000U

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define DENY(error)	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define DENY_CALL(number, error) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), DENY(error)

int sandbox_enter(void)
{
	struct sock_filter code[] = {
		/* A number says nothing before it is known whose numbers these are. */
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0),
		DENY(EPERM),
		LOAD(nr),
#ifdef __x86_64__
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1),
		DENY(EPERM),
		DENY_CALL(SYS_fork, EPERM),
		DENY_CALL(SYS_vfork, EPERM),
#endif
		DENY_CALL(SYS_execve, EPERM),
		DENY_CALL(SYS_execveat, EPERM),
		/* A filter cannot read the flags of clone3; without it glibc takes clone. */
		DENY_CALL(SYS_clone3, ENOSYS),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
		LOAD(args),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0),
		DENY(EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}
