/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An external module: NAME.c beside repro.c, listed in needs.externalModules of case.json.
 * It is built against the running kernel and lies in the working directory as NAME.ko; if
 * it could not be built, NAME.missing holds a line with the reason.
 *
 *	const char *why = external_module_load("pin_pages");	NULL, or why it failed
 *	external_module_unload("pin_pages");
 */
#ifndef KWITNESS_EXTERNAL_MODULE_H
#define KWITNESS_EXTERNAL_MODULE_H

#include <sys/syscall.h>

#include "core/kernel_module.h"

/* The meaning of an errno of finit_module(2). */
static inline const char *external_module_refusal(int err)
{
	switch (err) {
	case ENOSYS: return "the kernel does not support modules";
	case EPERM: return "module loading is locked down or disabled";
	case ENOEXEC: return "it was built for another kernel";
	case ENOENT: return "the kernel does not export what it needs";
	case EKEYREJECTED:
	case ENOKEY:
	case EBADMSG: return "the kernel accepts only signed modules";
	default: return "the kernel did not accept it";
	}
}

/* Load the module. Returns NULL or why it failed; the next call overwrites the text. */
static inline const char *external_module_load(const char *name)
{
	static char why[256];
	char path[64];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (syscall(SYS_finit_module, fd, "", 0))
			err = errno;
		close(fd);
		if (!err || err == EEXIST)
			return NULL;
		snprintf(why, sizeof(why), "%s: %s (%s)", path, external_module_refusal(err),
			 ktap_errno(err));
		return why;
	}
	snprintf(why, sizeof(why), "%s", kernel_module_missing(name));
	if (!*why)
		snprintf(why, sizeof(why), "neither %s nor %s.missing is here", path, name);
	return why;
}

/* Unload the module, if this kernel supports that. The module must not be in use. */
static inline void external_module_unload(const char *name)
{
	REQUIRE(!syscall(SYS_delete_module, name, O_NONBLOCK) || errno == ENOSYS,
		"delete_module of %s", name);
}

#endif
