// SPDX-License-Identifier: GPL-2.0-only
/* Passes if it runs as the user of the suite. */
#include <unistd.h>

int main(void)
{
	return getuid() == 65534 ? 0 : 1;
}
