// SPDX-License-Identifier: GPL-2.0-only
/* Sleeps forever with every signal blocked. Only SIGKILL ends it. */
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
