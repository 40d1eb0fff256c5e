// SPDX-License-Identifier: GPL-2.0-only
/* Text that is not KTAP, and the words of a panic that did not happen. */
#include <stdio.h>

int main(void)
{
	printf("Testing events on anon... done\n");
	printf("Testing events on shmem... skipped [reason: not today]\n");
	printf("Kernel panic - not syncing: only words\n");
	printf("[FAIL]\tmarked test\n[PASS]\tother test\n");
	printf("Userfaults unit tests: pass=2, skip=1, fail=1 (total=4)\n");
	return 1;
}
