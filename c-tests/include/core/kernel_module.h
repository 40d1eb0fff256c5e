/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A module of the kernel that case.json lists in needs.modules. The agent loads it before
 * the program starts; if it is not available, NAME.missing in the working directory holds
 * a line with the reason.
 */
#ifndef KWITNESS_KERNEL_MODULE_H
#define KWITNESS_KERNEL_MODULE_H

#include <fcntl.h>

#include "core/ktap.h"

/* Why the module is missing, "" if no reason is given. The next call overwrites it. */
static inline const char *kernel_module_missing(const char *name)
{
	static char why[256];
	char path[64];
	FILE *note;

	snprintf(path, sizeof(path), "%s.missing", name);
	note = fopen(path, "re");
	if (!note || !fgets(why, sizeof(why), note))
		*why = 0;
	if (note)
		fclose(note);
	why[strcspn(why, "\n")] = 0;
	return why;
}

/* Skip if the device of a module cannot be opened. Call it before ktap_start(). */
static inline void need_device(const char *path, const char *module)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), err = errno;
	const char *why = kernel_module_missing(module);

	if (fd < 0)
		ktap_skip_all("open of %s: %s%s%s", path, ktap_errno(err), *why ? ": " : "", why);
	close(fd);
}

#endif
