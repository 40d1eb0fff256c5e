// SPDX-License-Identifier: GPL-2.0-only
/* Looks in /proc/modules for the modules of case.json and their dependencies; skips if none. */
#include <stdio.h>
#include <string.h>

#include "core/kernel_module.h"

static int is_loaded(const char *name)
{
	FILE *modules = fopen("/proc/modules", "re");
	char line[512];
	int found = 0;

	REQUIRE(modules != NULL, "opening /proc/modules");
	while (fgets(line, sizeof(line), modules))
		found |= !strcmp(strtok(line, " "), name);
	fclose(modules);
	return found;
}

int main(void)
{
	static const char *const wanted[] = {
		"null_blk", "virtio_net", "net_failover", "failover",
	};

	if (*kernel_module_missing("virtio_net"))
		ktap_skip_all("no module: %s", kernel_module_missing("virtio_net"));
	ktap_start(4);
	for (int i = 0; i < 4; i++)
		ktap_result(!is_loaded(wanted[i]), wanted[i]);
	return ktap_end();
}
