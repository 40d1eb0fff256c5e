/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel module of the case's own: NAME.c beside repro.c, named in needs.externalModules of
 * case.json. It was built for the running kernel and lies in the working directory as
 * NAME.ko; where it could not be built, NAME.missing holds a line that says why.
 *
 *	const char *why = external_module_load("pin_pages");		NULL, or why it is not there
 *	external_module_unload("pin_pages");
 */
#ifndef KWITNESS_EXTERNAL_MODULE_H
#define KWITNESS_EXTERNAL_MODULE_H

#include <sys/syscall.h>

#include "core/kernel_module.h"

/* What the kernel means by an errno of finit_module(2). */
static inline const char *external_module_refusal(int err)
{
	switch (err) {
	case ENOSYS: return "the kernel takes no modules";
	case EPERM: return "modules are locked down, or turned off until the next boot";
	case ENOEXEC: return "it was built for another kernel";
	case ENOENT: return "the kernel does not export what it needs";
	case EKEYREJECTED:
	case ENOKEY:
	case EBADMSG: return "the kernel takes signed modules only";
	default: return "the kernel did not take it";
	}
}

/* Load the module. Returns NULL, or why that cannot be, which the next call overwrites. */
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

/* Take the module out again, as far as this kernel can. Nothing may be using it. */
static inline void external_module_unload(const char *name)
{
	REQUIRE(!syscall(SYS_delete_module, name, O_NONBLOCK) || errno == ENOSYS,
		"delete_module of %s", name);
}

#endif
