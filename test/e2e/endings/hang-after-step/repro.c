// SPDX-License-Identifier: GPL-2.0-only
/* Comes through its step and sleeps for ever after it. */
#include "core/step.h"

int main(void)
{
	ktap_start(1);
	step_enter("sleep");
	step_leave("sleep");
	for (;;)
		pause();
}
