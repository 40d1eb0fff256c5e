// SPDX-License-Identifier: GPL-2.0-only
/*
 * memfd: a file sealed against writing cannot be mapped shared for reading.
 *
 * F_SEAL_WRITE forbids writes. The kernel counted every shared mapping as writable, so
 * even mmap(PROT_READ, MAP_SHARED) of a sealed memfd failed with EPERM, although
 * F_SEAL_FUTURE_WRITE, the weaker seal, allowed it. Since 28464bbb2ddc and its companion
 * commits such a mapping is possible, and can never become writable; 5de195060b2e lost
 * that, and 8ec396d05d1b restored it.
 *
 * The program maps a memfd with either seal for reading. The weaker seal must allow it,
 * and both seals must refuse a writable mapping, which shows that the seal decides.
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

/* Map the file shared, check the contents and unmap it. Returns 0 or errno. */
static int map(int fd, int prot)
{
	size_t size = sysconf(_SC_PAGESIZE);
	char *at = mmap(NULL, size, prot, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return errno;
	REQUIRE(*(volatile char *)at == 'm', "reading the contents of the file");
	REQUIRE(!munmap(at, size), "munmap");
	return 0;
}

/* Self-check: a sealed file cannot be mapped for writing. */
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
		/* A kernel that allows the mapping must never make it writable. */
		char *at = mmap(NULL, size, PROT_READ, MAP_SHARED, write, 0);

		REQUIRE(at != MAP_FAILED, "mapping the file again");
		if (!mprotect(at, size, PROT_READ | PROT_WRITE))
			ktap_bail("a mapping of a memfd with F_SEAL_WRITE was made writable");
	}
	ktap_result(err, "a memfd sealed against writing can be mapped for reading");
	return ktap_end();
}
