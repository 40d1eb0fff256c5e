// SPDX-License-Identifier: GPL-2.0-only
/* Prints what a reproducer can print, one mode per argument, to test the reader against ktap.h. */
#include "core/need.h"
#include "core/step.h"

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "skip-all"))
		ktap_skip_all("needs %d moons", 2);
	if (!strcmp(what, "early"))
		REQUIRE(!close(-1), "closing nothing");
	need_cpus(1);
	ktap_start(2);
	if (!strcmp(what, "step") || !strcmp(what, "stuck")) {
		step_notify("first-step");
		if (!strcmp(what, "stuck"))
			return 0;
		step_leave("first-step");
	}
	ktap_diag("first line\nsecond %s", "line");
	ktap_trials(400, !strcmp(what, "seen"));
	ktap_result(!strcmp(what, "seen"), "first");
	if (!strcmp(what, "short"))
		return ktap_end();
	if (!strcmp(what, "broken"))
		REQUIRE(!close(-1), "closing %d", -1);
	if (!strcmp(what, "cut"))
		return 0;
	ktap_skip("second", "UFFDIO_MOVE: %s", ktap_errno(EINVAL));
	return ktap_end();
}
