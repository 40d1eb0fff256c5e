// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program to be forked by harness/boot/fork, with what QEMU has: threads that wait in different
 * ways, eventfds, ports, a payload. Each line on its agent port wakes the threads and is answered
 * by what they say; "write" writes to memory that it shares with its server, "die" ends a thread
 * that holds a lock, "quit N" ends the program. Its arguments add what no child can have for its
 * own (forkee_traits.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forkee.h"

#define AGENT	5
#define PAGES	512
#define PAGE	4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int asked, answered, counted, is_dying;
static const char *wrong;
static int bell, echo;
static pthread_mutex_t robust;

/* Waits in a futex. */
static void *answer(void *arg)
{
	struct identity own;

	identity_learn(&own);
	pthread_mutex_lock(&lock);
	for (;;) {
		while (answered == asked)
			pthread_cond_wait(&changed, &lock);
		wrong = identity_check(&own);
		answered++;
		pthread_cond_broadcast(&changed);
	}
	return arg;
}

/* Waits in a poll of a descriptor that would be shared. */
static void *count(void *arg)
{
	for (;;) {
		struct pollfd pfd = { .fd = bell, .events = POLLIN };
		eventfd_t rings;

		poll(&pfd, 1, -1);
		if (eventfd_read(bell, &rings))
			continue;
		counted += rings;
		eventfd_write(echo, 1);
	}
	return arg;
}

/* Ends when it is told to, with a lock that the kernel has to let go. */
static void *die(void *arg)
{
	pthread_mutex_lock(&lock);
	while (!is_dying)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	pthread_mutex_lock(&robust);
	return arg;
}

static void *end_at_once(void *arg)
{
	return arg;
}

/* A thread of a child's own can be made, and waited for. */
static int makes_threads(void)
{
	pthread_t other;

	return !pthread_create(&other, NULL, end_at_once, NULL) && !pthread_join(other, NULL);
}

/* How many faults it takes to write to all pages, and whether one was written to before. */
static void write_pages(char *pages)
{
	struct rusage before, after;
	int others = 0;

	getrusage(RUSAGE_SELF, &before);
	for (int i = 0; i < PAGES; i++)
		others += ++pages[i * PAGE] != 2;
	getrusage(RUSAGE_SELF, &after);
	dprintf(AGENT, "%ld faults, %d pages of another\n", after.ru_minflt - before.ru_minflt,
		others);
}

static void end_thread(pthread_t thread)
{
	int err;

	pthread_mutex_lock(&lock);
	is_dying = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	err = pthread_join(thread, NULL);
	dprintf(AGENT, "joined: %s, locked: %s\n", strerror(err),
		strerror(pthread_mutex_lock(&robust)));
	pthread_mutex_consistent(&robust);
	pthread_mutex_unlock(&robust);
}

static void wake_threads(int log, const char *line, const char *payload)
{
	const char *missed;
	eventfd_t one;

	pthread_mutex_lock(&lock);
	asked++;
	pthread_cond_broadcast(&changed);
	while (answered < asked)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	eventfd_write(bell, 1);
	eventfd_read(echo, &one);
	missed = sandbox_misses();
	dprintf(log, "heard %s", line);
	dprintf(AGENT, "%d answered, %d counted, %s, %s, may %s, payload %.8s\n", answered, counted,
		wrong ? wrong : "itself", makes_threads() ? "threads" : "no threads",
		missed ? missed : "start nothing", payload);
}

static void make_threads(pthread_t threads[3])
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attr);
	pthread_create(&threads[0], NULL, answer, NULL);
	pthread_create(&threads[1], NULL, count, NULL);
	pthread_create(&threads[2], NULL, die, NULL);
}

/* As QEMU maps a memory backend. Returns NULL if it cannot. */
static char *map_payload(void)
{
	int fd = open(getenv("KWITNESS_PAYLOAD"), O_RDWR | O_CLOEXEC);
	struct stat file;
	void *map;

	if (fd < 0 || fstat(fd, &file))
		return NULL;
	map = mmap(NULL, file.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	close(fd);
	return map == MAP_FAILED ? NULL : map;
}

int main(int argc, char **argv)
{
	int log = open("/dev/fd/4", O_WRONLY), status;
	char *payload = map_payload(), line[64], *pages;
	pthread_t threads[3];

	bell = eventfd(0, EFD_NONBLOCK);
	echo = eventfd(0, 0);
	if (!payload || log < 0)
		return 2;
	pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	memset(pages, 1, PAGES * PAGE);
	make_threads(threads);
	if (argc == 3 && trait_add(argv[1], atoi(argv[2])))
		return 3;
	for (;;) {
		struct pollfd pfd = { .fd = AGENT, .events = POLLIN };
		ssize_t n;

		if (ppoll(&pfd, 1, NULL, NULL) < 1 || !pfd.revents)
			continue;
		n = read(AGENT, line, sizeof(line) - 1);
		if (n <= 0)
			return 0;
		line[n] = '\0';
		if (!strcmp(line, "write\n")) {
			write_pages(pages);
		} else if (!strcmp(line, "die\n")) {
			end_thread(threads[2]);
		} else if (sscanf(line, "quit %d", &status) == 1) {
			fprintf(stderr, "told to quit\n");
			return status;
		} else {
			wake_threads(log, line, payload);
		}
	}
}
