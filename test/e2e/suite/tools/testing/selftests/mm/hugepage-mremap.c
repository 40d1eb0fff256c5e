// SPDX-License-Identifier: GPL-2.0-only
/* Passes if the huge pages are there and hugetlbfs is mounted at the given path. */
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#define HUGETLBFS_MAGIC	0x958458f6

int main(int argc, char **argv)
{
	FILE *pool = fopen("/proc/sys/vm/nr_hugepages", "r");
	char *slash = argc == 2 ? strrchr(argv[1], '/') : NULL;
	struct statfs fs;
	int pages = 0;

	if (!pool || !slash || fscanf(pool, "%d", &pages) != 1)
		return 1;
	*slash = 0;
	return pages == 128 && !statfs(argv[1], &fs) && fs.f_type == HUGETLBFS_MAGIC ? 0 : 1;
}
