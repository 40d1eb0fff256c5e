// SPDX-License-Identifier: GPL-2.0-only
/*
 * memfd: a file sealed against writing cannot be mapped shared, not even to be read.
 *
 * F_SEAL_WRITE promises that nobody writes. A shared mapping used to be counted as
 * writable by its being shared alone, so even mmap(PROT_READ, MAP_SHARED) of a sealed
 * memfd gave EPERM, although F_SEAL_FUTURE_WRITE, the weaker seal, allowed it. Since
 * 28464bbb2ddc and the commits beside it such a mapping is made, and can never be made
 * writable; 5de195060b2e lost that, and 8ec396d05d1b brought it back.
 *
 * Here a memfd with either seal is mapped for reading. That the weaker seal lets it pass
 * and that both refuse a writable mapping shows that it is the seal that is asked.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "core/need.h"

static int sealed(int seal)
{
	int fd = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	REQUIRE(fd >= 0, "memfd_create");
	REQUIRE(pwrite(fd, "m", 1, 0) == 1, "pwrite to the memfd");
	REQUIRE(!ftruncate(fd, sysconf(_SC_PAGESIZE)), "ftruncate");
	if (seal)
		REQUIRE(!fcntl(fd, F_ADD_SEALS, seal), "adding seal 0x%x", seal);
	return fd;
}

/* Map it shared. Returns 0 or errno. A mapping is checked and taken away again. */
static int map(int fd, int prot)
{
	size_t size = sysconf(_SC_PAGESIZE);
	char *at = mmap(NULL, size, prot, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return errno;
	REQUIRE(*(volatile char *)at == 'm', "reading what the file holds");
	REQUIRE(!munmap(at, size), "munmap");
	return 0;
}

/* A sealed file must refuse to be mapped for writing. */
static void refuses_writing(int fd, const char *seal)
{
	int err = map(fd, PROT_READ | PROT_WRITE);

	if (err != EPERM)
		ktap_bail("mapping a memfd with %s for writing: %s", seal,
			  ktap_outcome(err));
}

int main(void)
{
	int plain = sealed(0), future = sealed(F_SEAL_FUTURE_WRITE), write = sealed(F_SEAL_WRITE);
	size_t size = sysconf(_SC_PAGESIZE);
	int err;

	ktap_start(1);
	REQUIRE(!map(plain, PROT_READ | PROT_WRITE), "mapping a memfd without seals");
	refuses_writing(future, "F_SEAL_FUTURE_WRITE");
	refuses_writing(write, "F_SEAL_WRITE");
	REQUIRE(!map(future, PROT_READ), "mapping a memfd with F_SEAL_FUTURE_WRITE for reading");

	err = map(write, PROT_READ);
	ktap_diag("mapping with F_SEAL_WRITE for reading: %s", ktap_outcome(err));
	if (err && err != EPERM)
		ktap_bail("mapping with F_SEAL_WRITE for reading: %s", ktap_errno(err));
	if (!err) {
		/* A kernel that allows the mapping must still hold what the seal promises. */
		char *at = mmap(NULL, size, PROT_READ, MAP_SHARED, write, 0);

		REQUIRE(at != MAP_FAILED, "mapping once more");
		if (!mprotect(at, size, PROT_READ | PROT_WRITE))
			ktap_bail("a mapping of a memfd with F_SEAL_WRITE was made writable");
	}
	ktap_result(err, "a memfd sealed against writing is mapped for reading");
	return ktap_end();
}
