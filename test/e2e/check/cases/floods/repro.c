// SPDX-License-Identifier: GPL-2.0-only
/* Prints 100 MB, then its result. */
#include "core/ktap.h"

#define BYTES	(100L * 1000 * 1000)

int main(void)
{
	char line[100];

	ktap_start(1);
	memset(line, 'x', sizeof(line));
	line[0] = '#';
	line[sizeof(line) - 1] = '\n';
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	for (long n = 0; n < BYTES; n += sizeof(line))
		fwrite(line, sizeof(line), 1, stdout);
	ktap_result(0, "the bug is not here");
	return ktap_end();
}
