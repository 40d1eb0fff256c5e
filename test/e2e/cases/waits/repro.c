// SPDX-License-Identifier: GPL-2.0-only
/* Never ends by itself: whoever waits for it, waits for an hour. */
#include <unistd.h>

#include "core/ktap.h"

int main(void)
{
	ktap_start(1);
	for (;;)
		pause();
}
