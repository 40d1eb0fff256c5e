// SPDX-License-Identifier: GPL-2.0-only
/* Enters its step and sleeps forever in it. */
#include "core/step.h"

int main(void)
{
	ktap_start(1);
	step_enter("sleep");
	for (;;)
		pause();
}
