// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers for the running kernel what limits.h lists for its Debian build. The test writes
 * that file: rows { "5.10.218-1", 'l' } with l = bug, c = no bug, s = skip, b = broken case.
 */
#include <string.h>
#include <sys/utsname.h>

#include "core/ktap.h"

struct limit {
	const char *build;
	char says;
};

#include "limits.h"

/* The word after "Debian" in the version, as in "#1 SMP Debian 5.10.218-1 (2024-06-01)". */
static const char *build_of(char *version)
{
	char *word = strstr(version, "Debian ");

	REQUIRE(word, "no Debian build in %s", version);
	return strtok(word + strlen("Debian "), " ");
}

int main(void)
{
	struct utsname name;
	const char *build;
	char says = 0;
	size_t i;

	ktap_start(1);
	REQUIRE(!uname(&name), "uname");
	build = build_of(name.version);
	for (i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		if (!strcmp(limits[i].build, build))
			says = limits[i].says;
	REQUIRE(says && says != 'b', "%s is not to be judged", build);
	if (says == 's')
		ktap_skip("the release", "does not apply to %s", build);
	else
		ktap_result(says == 'l', "the release");
	return ktap_end();
}
