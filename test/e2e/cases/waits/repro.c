// SPDX-License-Identifier: GPL-2.0-only
/* Never exits by itself; its time limit is an hour. */
#include <unistd.h>

#include "core/ktap.h"

int main(void)
{
	ktap_start(1);
	for (;;)
		pause();
}
