// SPDX-License-Identifier: GPL-2.0-only
/*
 * memfd: a sealed executable file keeps a writable mapping.
 *
 * F_SEAL_EXEC on an executable memfd implies F_SEAL_WRITE, so that an executed file
 * cannot change. But the kernel looked for writable mappings before it added the implied
 * seal: F_SEAL_WRITE alone fails with EBUSY while the file is mapped for writing, whereas
 * F_SEAL_EXEC succeeded, and the file was reported as sealed while its contents could
 * still change. Since 3b041514cb6e F_SEAL_EXEC fails with EBUSY too.
 *
 * The program maps an executable memfd for writing and seals it. If that succeeds, a
 * write must get through before it reports the bug.
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

/* Add a seal to a new file while it is mapped for writing. Returns 0 or errno. */
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
	/* Self-checks: F_SEAL_EXEC implies F_SEAL_WRITE, which a writable mapping prevents. */
	REQUIRE(fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE, "finding F_SEAL_WRITE implied");
	REQUIRE(pwrite(fd, "x", 1, 0) < 0, "finding a write to a sealed file refused");
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
