// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of a guest with a disk: the program of its initramfs. It loads the modules that the disk
 * and the network need, mounts the root (root.c), brings up the network, starts sshd and reaps
 * what ends. The files below /kwitness of the initramfs (keys, sshd_config) come
 * to /run/kwitness. A failure ends it, which panics the kernel, and the log says why.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <net/if.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

#define OWN		"/run/kwitness"
#define DISK_SECONDS	60

static int kmsg = -1;

void say(const char *fmt, ...)
{
	char text[256] = "<5>kwitness: ";
	size_t used = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + used, sizeof(text) - used - 1, fmt, ap);
	va_end(ap);
	strcat(text, "\n");
	/* Not by dprintf(), which gives up where lseek() fails with EINVAL, as here. */
	if (kmsg >= 0 && write(kmsg, text, strlen(text)) < 0)
		_exit(1);
}

static int visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* The names of the files sort in load order. They are removed, because they occupy memory. */
void load_modules(const char *dir)
{
	struct dirent **list;
	int n = scandir(dir, &list, visible, alphasort);

	for (int i = 0; i < n; i++) {
		char path[300];
		int fd;

		snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
			say("module %s did not load: %s", list[i]->d_name, strerror(errno));
		close(fd);
		unlink(path);
	}
}

/* Wait until the kernel has made the node of the disk. */
static void wait_for_disk(void)
{
	struct pollfd pfd = { .fd = inotify_init1(IN_CLOEXEC), .events = POLLIN };
	time_t end = time(NULL) + DISK_SECONDS;
	char events[4096];

	inotify_add_watch(pfd.fd, "/dev", IN_CREATE);
	while (access(DISK, F_OK)) {
		if (time(NULL) >= end || poll(&pfd, 1, DISK_SECONDS * 1000) <= 0)
			FAIL("no disk: the kernel needs virtio_blk and virtio_pci");
		if (read(pfd.fd, events, sizeof(events)) < 0)
			FAIL("inotify: %s", strerror(errno));
	}
	close(pfd.fd);
}

static void copy(const char *from, const char *to, mode_t mode)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	char chunk[4096];
	ssize_t n;

	while ((n = read(in, chunk, sizeof(chunk))) > 0)
		if (write(out, chunk, n) != n)
			FAIL("%s: %s", to, strerror(errno));
	if (n < 0 || in < 0 || out < 0)
		FAIL("%s: %s", to, strerror(errno));
	close(in);
	close(out);
}

static void copy_own(void)
{
	DIR *dir = opendir("/kwitness");
	struct dirent *e;

	if (!dir)
		FAIL("/kwitness: %s", strerror(errno));
	mkdir(ROOT OWN, 0700);
	while ((e = readdir(dir))) {
		char from[300], to[300];

		if (!visible(e))
			continue;
		snprintf(from, sizeof(from), "/kwitness/%s", e->d_name);
		snprintf(to, sizeof(to), ROOT OWN "/%s", e->d_name);
		copy(from, to, 0600);
	}
	closedir(dir);
}

static const struct {
	const char *type, *at, *options;
} mounts[] = {
	{ "devtmpfs", "/dev", NULL },
	{ "devpts", "/dev/pts", "mode=0620,ptmxmode=0666" },
	{ "proc", "/proc", NULL },
	{ "sysfs", "/sys", NULL },
	{ "debugfs", "/sys/kernel/debug", NULL },
	{ "tmpfs", "/tmp", "mode=1777" },
	{ "tmpfs", "/var/tmp", "mode=1777" },
	{ "tmpfs", "/dev/shm", "mode=1777" },
	{ "tmpfs", "/case", NULL },
};

static void enter_root(void)
{
	if (chdir(ROOT) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		FAIL("cannot enter the root of the disk: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].at, 0755);
		/* A kernel may lack debugfs; a case that needs it checks. */
		mount(mounts[i].type, mounts[i].at, mounts[i].type, 0, mounts[i].options);
	}
}

/* QEMU's user network expects its guest at 10.0.2.15. */
static void set_up(int fd, const char *name, const char *address)
{
	struct ifreq req = { .ifr_flags = 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&req.ifr_addr;

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	in->sin_family = AF_INET;
	inet_pton(AF_INET, address, &in->sin_addr);
	if (ioctl(fd, SIOCSIFADDR, &req))
		FAIL("%s: %s: the kernel needs virtio_net and virtio_pci", name, strerror(errno));
	if (strcmp(name, "lo")) {
		inet_pton(AF_INET, "255.255.255.0", &in->sin_addr);
		ioctl(fd, SIOCSIFNETMASK, &req);
	}
	req.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &req))
		FAIL("%s: %s", name, strerror(errno));
}

static void start_network(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		FAIL("no network: %s", strerror(errno));
	set_up(fd, "lo", "127.0.0.1");
	set_up(fd, "eth0", "10.0.2.15");
	close(fd);
}

/* An old kernel would let sshd wait for random numbers, which a guest has no source of. */
static void seed_random(void)
{
	struct {
		struct rand_pool_info info;
		char bytes[64];
	} pool = { .info = { .entropy_count = 256, .buf_size = sizeof(pool.bytes) } };
	int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	memcpy(pool.bytes, &now, sizeof(now));
	ioctl(fd, RNDADDENTROPY, &pool);
	ioctl(fd, RNDRESEEDCRNG, 0);
	close(fd);
}

/* Where the payload of an attempt lies in memory: the last word of the kernel's command line. */
static void note_payload(const char *address)
{
	int fd = open(OWN "/payload-address", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	dprintf(fd, "%s\n", address);
	close(fd);
}

static void start_sshd(void)
{
	mkdir("/run/sshd", 0755);
	if (fork())
		return;
	setsid();
	dup2(open("/dev/null", O_RDWR), 0);
	dup2(0, 1);
	dup2(open(OWN "/sshd.log", O_WRONLY | O_CREAT, 0600), 2);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	say("starting sshd");
	execl(SSHD, SSHD, "-D", "-e", "-f", OWN "/sshd_config", NULL);
	say(SSHD ": %s", strerror(errno));
	_exit(127);
}

int main(int argc, char **argv)
{
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	/* An initramfs without a console brings no standard streams. */
	for (int fd = 0; fd >= 0 && fd < 3;)
		fd = open("/dev/null", O_RDWR);
	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	load_modules("/modules");
	wait_for_disk();
	find_root();
	if (mount("tmpfs", ROOT "/run", "tmpfs", 0, "mode=0755"))
		FAIL("cannot mount /run: %s", strerror(errno));
	copy_own();
	enter_root();
	note_payload(argc > 1 ? argv[argc - 1] : "");
	start_network();
	seed_random();
	start_sshd();
	for (;;)
		if (wait(NULL) < 0)
			pause();
}
