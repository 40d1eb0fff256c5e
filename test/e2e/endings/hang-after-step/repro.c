// SPDX-License-Identifier: GPL-2.0-only
/* Leaves its step and sleeps forever after it. */
#include "core/step.h"

int main(void)
{
	ktap_start(1);
	step_enter("sleep");
	step_leave("sleep");
	for (;;)
		pause();
}
