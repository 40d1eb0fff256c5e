// SPDX-License-Identifier: GPL-2.0-only
/* Never sees its bug. */
#include "core/ktap.h"

int main(void)
{
	ktap_start(1);
	ktap_result(0, "the bug is not here");
	return ktap_end();
}
