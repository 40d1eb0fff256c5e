// SPDX-License-Identifier: GPL-2.0-only
/* Dies of a signal before its result. */
#include <signal.h>

#include "core/ktap.h"

int main(void)
{
	ktap_start(1);
	raise(SIGKILL);
	return ktap_end();
}
