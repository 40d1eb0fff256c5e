// SPDX-License-Identifier: GPL-2.0-only
/* Resets the machine in the middle of its results, by a reboot. */
#include <sys/reboot.h>

#include "core/ktap.h"

int main(void)
{
	ktap_start(2);
	ktap_result(0, "before the reset");
	reboot(RB_AUTOBOOT);
	ktap_bail("reboot: %s", ktap_errno(errno));
}
