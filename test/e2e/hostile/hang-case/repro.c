// SPDX-License-Identifier: GPL-2.0-only
/* Sleeps for ever and blocks every signal that can be blocked. SIGKILL ends it. */
#include <signal.h>

#include "core/ktap.h"

int main(void)
{
	sigset_t all;

	ktap_start(2);
	ktap_result(0, "before the hang");
	sigfillset(&all);
	REQUIRE(!sigprocmask(SIG_BLOCK, &all, NULL), "sigprocmask");
	for (;;)
		pause();
}
