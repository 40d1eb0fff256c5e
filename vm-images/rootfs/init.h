/* SPDX-License-Identifier: GPL-2.0-only */
/* What PID 1 of a guest with a disk shares between its files. */
#ifndef KWITNESS_INIT_H
#define KWITNESS_INIT_H

#include <stdlib.h>

#define DISK		"/dev/vda"
#define ROOT		"/root"
#define SSHD		"/usr/sbin/sshd"

/* A line in the kernel log. */
__attribute__((format(printf, 1, 2))) void say(const char *fmt, ...);
/* Load the modules of a folder. The names of the files sort in load order. */
void load_modules(const char *dir);
/* Mount the root at ROOT. */
void find_root(void);

#define FAIL(...)			\
	do {				\
		say(__VA_ARGS__);	\
		exit(1);		\
	} while (0)

#endif
