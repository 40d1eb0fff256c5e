// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the root of a guest with a disk: the disk itself, or its first partition with an sshd.
 * The disk of kwitness is read-only; one of a user has a layer above it for what is written.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "init.h"

static const struct {
	const char *type, *magic;
	off_t at;
	/* Where its modules are, if it is not one of kwitness' own. */
	const char *modules;
	/* Where distributions put the root. */
	const char *subvolumes[5];
} file_systems[] = {
	{ "ext4", "\x53\xef", 0x438, NULL, { NULL } },
	{ "xfs", "XFSB", 0, "/modules.xfs", { NULL } },
	{ "btrfs", "_BHRfS_M", 0x10040, "/modules.btrfs",
	  { NULL, "subvol=@", "subvol=root", "subvol=@rootfs", "subvol=@/.snapshots/1/snapshot" } },
};

/* Mount the file system of a partition if it has an sshd: 1, or 0 with nothing mounted. */
static int mount_root(const char *device, int fs, int read_only)
{
	int n = file_systems[fs].subvolumes[1] ? 5 : 1;

	for (int i = 0; i < n; i++) {
		const char *type = file_systems[fs].type, *options = file_systems[fs].subvolumes[i];

		if (mount(device, ROOT, type, read_only ? MS_RDONLY : 0, options)) {
			if (!options)
				say("cannot mount %s: %s: the kernel needs %s", device,
				    strerror(errno), type);
			continue;
		}
		if (!access(ROOT SSHD, F_OK))
			return 1;
		umount(ROOT);
	}
	return 0;
}

static int try_partition(const char *device)
{
	int fd = open(device, O_RDONLY | O_CLOEXEC), read_only = 1;
	char magic[8];

	if (fd < 0)
		return 0;
	ioctl(fd, BLKROGET, &read_only);
	for (size_t i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]); i++) {
		size_t len = strlen(file_systems[i].magic);

		if (pread(fd, magic, len, file_systems[i].at) != (ssize_t)len ||
		    memcmp(magic, file_systems[i].magic, len))
			continue;
		if (file_systems[i].modules)
			load_modules(file_systems[i].modules);
		if (mount_root(device, i, read_only)) {
			close(fd);
			return 1;
		}
	}
	close(fd);
	return 0;
}

static int is_of_disk(const struct dirent *e)
{
	return !strncmp(e->d_name, DISK + strlen("/dev/"), strlen(DISK) - strlen("/dev/"));
}

void find_root(void)
{
	struct dirent **list;
	int n = scandir("/dev", &list, is_of_disk, versionsort);

	for (int i = 0; i < n; i++) {
		char device[300];

		snprintf(device, sizeof(device), "/dev/%s", list[i]->d_name);
		if (try_partition(device))
			return;
	}
	FAIL("no root: no partition of the disk has ext4, xfs or btrfs with " SSHD);
}
