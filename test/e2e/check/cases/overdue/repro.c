// SPDX-License-Identifier: GPL-2.0-only
/* Never ends, and ignores what it can of signals. */
#include <signal.h>

#include "core/ktap.h"

int main(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	ktap_start(1);
	for (;;)
		pause();
}
