// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest of a fork server runs this before the first fork: the everyday calls of cases, so that
 * TCG translates the kernel's code behind them once for all children. It leaves nothing behind
 * and asks nothing of the kernel that a shell would not.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SIZE	(64 * 4096UL)

static void read_file(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY);

	while (fd >= 0 && read(fd, text, sizeof(text)) > 0)
		;
	close(fd);
}

/* Faults, copies on write and goes: this many times, since code is chained when it ran before. */
static void fork_once(char *mem)
{
	pid_t pid;

	memset(mem, 1, SIZE);
	pid = fork();
	if (!pid) {
		memset(mem, 2, SIZE);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	mem[0] = 3;
}

static void *thread(void *arg)
{
	struct timespec ts = { .tv_nsec = 1000 };

	sched_yield();
	nanosleep(&ts, NULL);
	return arg;
}

static void map_memory(void)
{
	char *mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	fork_once(mem);
	mprotect(mem, SIZE / 2, PROT_READ);
	mprotect(mem, SIZE / 2, PROT_READ | PROT_WRITE);
	madvise(mem, SIZE, MADV_DONTNEED);
	fork_once(mem);
	mem = mremap(mem, SIZE, 2 * SIZE, MREMAP_MAYMOVE);
	munmap(mem, 2 * SIZE);
}

static void share_memory(void)
{
	int fd = memfd_create("warm-up", 0);
	char *mem;

	if (fd < 0 || ftruncate(fd, SIZE))
		return;
	mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	fork_once(mem);
	munmap(mem, SIZE);
	close(fd);
}

int main(void)
{
	struct pollfd pfd;
	pthread_t other;
	int fds[2];
	char byte = 0;

	printf("TAP version 13\n1..1\n");
	fflush(stdout);
	map_memory();
	share_memory();
	read_file("/proc/self/status");
	read_file("/proc/self/smaps");
	if (!pipe(fds)) {
		pfd = (struct pollfd){ .fd = fds[0], .events = POLLIN };
		if (write(fds[1], &byte, 1) == 1 && poll(&pfd, 1, -1) == 1)
			(void)!read(fds[0], &byte, 1);
	}
	if (!pthread_create(&other, NULL, thread, NULL))
		pthread_join(other, NULL);
	printf("ok 1 - warmed up\n");
	return 0;
}
