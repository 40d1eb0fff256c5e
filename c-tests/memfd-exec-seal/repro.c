// SPDX-License-Identifier: GPL-2.0-only
/*
 * memfd: sealing an executable file leaves a mapping that still writes to it.
 *
 * F_SEAL_EXEC on an executable memfd implies F_SEAL_WRITE, so that what runs can no longer
 * change. But whether somebody has it mapped for writing was asked before the seal was
 * implied: F_SEAL_WRITE by itself gives EBUSY then, F_SEAL_EXEC succeeded, and the file
 * said that it is sealed while its bytes could still be changed. Since 3b041514cb6e the
 * order is right and it gives EBUSY too.
 *
 * Here an executable memfd is mapped for writing and sealed. If that succeeds, a write
 * must be seen to get through before the bug counts as seen.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "core/need.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

static int executable(void)
{
	int fd = memfd_create("executable", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0)
		ktap_skip_all("memfd_create with MFD_EXEC: %s", ktap_errno(errno));
	if (ftruncate(fd, sysconf(_SC_PAGESIZE)))
		ktap_bail("ftruncate: %s", ktap_errno(errno));
	return fd;
}

/* Add a seal to a fresh file while it is mapped for writing. Returns 0 or errno. */
static int seal_mapped(int seal, int *fd, char **at)
{
	*fd = executable();
	*at = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	REQUIRE(*at != MAP_FAILED, "mmap of the memfd");
	return fcntl(*fd, F_ADD_SEALS, seal) ? errno : 0;
}

int main(void)
{
	int fd = executable(), err, seals;
	char *at, byte;

	if (fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC))
		ktap_skip_all("adding F_SEAL_EXEC: %s", ktap_errno(errno));

	ktap_start(1);
	/* Self-checks: it implies F_SEAL_WRITE, and that seal minds the mapping. */
	REQUIRE(fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE, "finding F_SEAL_WRITE implied");
	REQUIRE(pwrite(fd, "x", 1, 0) < 0, "being refused to write to a sealed file");
	err = seal_mapped(F_SEAL_WRITE, &fd, &at);
	if (err != EBUSY)
		ktap_bail("F_SEAL_WRITE on a mapped file: %s", ktap_outcome(err));

	err = seal_mapped(F_SEAL_EXEC, &fd, &at);
	if (err && err != EBUSY)
		ktap_bail("F_SEAL_EXEC on a mapped file: %s", ktap_errno(err));
	seals = fcntl(fd, F_GET_SEALS);
	REQUIRE(!(seals & F_SEAL_WRITE) == !!err, "finding the seals added, not 0x%x,", seals);
	at[0] = 'w';
	REQUIRE(pread(fd, &byte, 1, 0) == 1, "pread of the memfd");
	REQUIRE(byte == 'w', "writing through the mapping");
	ktap_diag("F_SEAL_EXEC on a file mapped for writing: %s, seals 0x%x, a write got through",
		  ktap_outcome(err), seals);
	ktap_result(!err, "an executable file mapped for writing is not sealed");
	return ktap_end();
}
