// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: a driver's own mapping is taken for asynchronous write protection.
 *
 * With UFFD_FEATURE_WP_ASYNC (6.7) userfaultfd takes any kind of memory for write
 * protection, and took mappings of drivers with it, whose page tables are none of its
 * business: VM_IO, VM_PFNMAP, VM_MIXEDMAP, VM_DONTEXPAND, and shadow stacks. Since
 * eea59bdf162d these are refused.
 *
 * The mapping asked about is that of an io_uring's rings, which any kernel marks so.
 */
#include "iouring.h"
#include "uffd.h"

/* The VmFlags of the mapping at this address, as /proc/self/smaps has them. */
static void vm_flags(const void *at, char *flags, size_t size)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	unsigned long start, end;
	char line[512];
	int inside = 0;

	must(file, "open of /proc/self/smaps");
	flags[0] = '\0';
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = (uintptr_t)at >= start && (uintptr_t)at < end;
		else if (inside && !strncmp(line, "VmFlags:", 8))
			snprintf(flags, size, "%.*s ", (int)strcspn(line + 8, "\n"), line + 8);
	}
	fclose(file);
	must(flags[0], "finding the flags of a mapping");
}

/* Whether these flags are of a mapping that only its driver knows how to handle. */
static int is_special(const char *flags)
{
	return strstr(flags, " io ") || strstr(flags, " pf ") || strstr(flags, " mm ") ||
	       strstr(flags, " de ");
}

int main(void)
{
	int async = need_uffd(UFFD_FEATURE_WP_ASYNC, "UFFD_FEATURE_WP_ASYNC");
	int plain = need_uffd(0, "no feature");
	size_t size = sysconf(_SC_PAGESIZE);
	char flags[256], *at;
	struct uring ring;
	int err, file;

	err = uring_open(&ring);
	if (err)
		ktap_skip_all("io_uring_setup: %s", ktap_errno(-err));
	ktap_start(1);

	/* Self-check: memory of the usual kinds is taken, private and shared. */
	at = anonymous(size);
	err = uffd_register(async, at, size, UFFDIO_REGISTER_MODE_WP);
	if (err)
		ktap_bail("UFFDIO_REGISTER of anonymous memory: %s", ktap_errno(err));
	vm_flags(at, flags, sizeof(flags));
	must(!is_special(flags), "anonymous memory not being special:%s", flags);
	must(strstr(flags, " uw "), "seeing write protection in flags:%s", flags);
	file = memfd_create("page", MFD_CLOEXEC);
	must(file >= 0 && !ftruncate(file, size), "memfd_create");
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	must(at != MAP_FAILED, "mmap of the memfd");
	err = uffd_register(async, at, size, UFFDIO_REGISTER_MODE_WP);
	if (err)
		ktap_bail("UFFDIO_REGISTER of shared memory: %s", ktap_errno(err));

	/* Self-check: the rings are special, and not what userfaultfd takes in another way. */
	vm_flags(ring.rings, flags, sizeof(flags));
	must(is_special(flags), "the rings being special:%s", flags);
	err = uffd_register(plain, ring.rings, size, UFFDIO_REGISTER_MODE_WP);
	if (err != EINVAL)
		ktap_bail("UFFDIO_REGISTER of the rings, synchronous: %s",
			  err ? ktap_errno(err) : "done");

	err = uffd_register(async, ring.rings, size, UFFDIO_REGISTER_MODE_WP);
	vm_flags(ring.rings, flags, sizeof(flags));
	ktap_diag("rings%s: UFFDIO_REGISTER for asynchronous write protection: %s", flags,
		  err ? ktap_errno(err) : "done");
	if (err && err != EINVAL)
		ktap_bail("UFFDIO_REGISTER of the rings: %s", ktap_errno(err));
	must(!err == !!strstr(flags, " uw "), "the answer going with the flags");
	ktap_result(!err, "a driver's mapping is refused");
	return ktap_end();
}
