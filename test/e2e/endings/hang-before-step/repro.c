// SPDX-License-Identifier: GPL-2.0-only
/* Sleeps forever before its step, which it never enters. */
#include "core/step.h"

int main(void)
{
	ktap_start(1);
	ktap_diag("the step would come next");
	for (;;)
		pause();
}
