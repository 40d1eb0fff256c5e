// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints what the kernel randomised for this process, one per line: the addresses of its
 * stack and mappings, AT_RANDOM, random bytes, and a UUID.
 */
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "core/ktap.h"

static void say_bytes(const char *what, const unsigned char *bytes)
{
	char hex[33];

	for (int i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	ktap_diag("%s: %s", what, hex);
}

int main(void)
{
	unsigned char bytes[16];
	char uuid[37] = "";
	void *page;
	int fd;

	ktap_start(1);
	page = mmap(NULL, 1 << 16, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(page != MAP_FAILED, "mmap");
	REQUIRE(getrandom(bytes, sizeof(bytes), 0) == sizeof(bytes), "getrandom");
	fd = open("/proc/sys/kernel/random/uuid", O_RDONLY);
	REQUIRE(read(fd, uuid, 36) == 36, "reading an uuid");
	ktap_diag("stack: %p", (void *)getauxval(AT_EXECFN));
	ktap_diag("mappings: %p", page);
	say_bytes("AT_RANDOM", (const unsigned char *)getauxval(AT_RANDOM));
	say_bytes("getrandom", bytes);
	ktap_diag("uuid: %s", uuid);
	ktap_result(0, "everything was drawn");
	return ktap_end();
}
