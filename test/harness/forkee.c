// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program to be copied by harness/boot/fork, with what QEMU has: threads that wait in
 * different ways, eventfds, ports, a payload. Each line on its agent port wakes the threads
 * and is answered by what they say; "write" writes to memory that it shares with the one it
 * was copied from, and "quit N" ends it.
 */
#include <dlfcn.h>
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
#include <sys/wait.h>
#include <unistd.h>

#define AGENT	5
#define PAGES	512
#define PAGE	4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int asked, answered, counted;
static int bell, echo;

/* Waits in a futex. */
static void *answer(void *arg)
{
	pthread_mutex_lock(&lock);
	for (;;) {
		while (answered == asked)
			pthread_cond_wait(&changed, &lock);
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

static void *end_at_once(void *arg)
{
	return arg;
}

/* A thread of a copy's own can be made, and waited for. */
static int makes_threads(void)
{
	pthread_t other;

	return !pthread_create(&other, NULL, end_at_once, NULL) && !pthread_join(other, NULL);
}

static const char *makes_processes(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid > 0 ? "processes" : errno == EPERM ? "no processes" : strerror(errno);
}

/* How many faults it takes to write to all pages, and whether one was written to before. */
static void write_pages(char *pages)
{
	struct rusage before, after;
	int changed = 0;

	getrusage(RUSAGE_SELF, &before);
	for (int i = 0; i < PAGES; i++)
		changed += ++pages[i * PAGE] != 2;
	getrusage(RUSAGE_SELF, &after);
	dprintf(AGENT, "%ld faults, %d pages of another\n", after.ru_minflt - before.ru_minflt,
		changed);
}

int main(void)
{
	int (*get)(const char *, char **, size_t *, void **) =
		dlsym(RTLD_DEFAULT, "g_file_get_contents");
	int log = open("/dev/fd/4", O_WRONLY), status;
	pthread_t threads[2];
	char *payload, line[64], *pages;
	size_t len;

	bell = eventfd(0, EFD_NONBLOCK);
	echo = eventfd(0, 0);
	if (!get || !get(getenv("KWITNESS_PAYLOAD"), &payload, &len, NULL) || log < 0)
		return 2;
	pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	memset(pages, 1, PAGES * PAGE);
	pthread_create(&threads[0], NULL, answer, NULL);
	pthread_create(&threads[1], NULL, count, NULL);
	for (;;) {
		struct pollfd pfd = { .fd = AGENT, .events = POLLIN };
		eventfd_t one;
		ssize_t n;

		if (ppoll(&pfd, 1, NULL, NULL) < 1 || !pfd.revents)
			continue;
		n = read(AGENT, line, sizeof(line) - 1);
		if (n <= 0)
			return 0;
		line[n] = '\0';
		if (!strcmp(line, "write\n")) {
			write_pages(pages);
			continue;
		}
		if (sscanf(line, "quit %d", &status) == 1) {
			fprintf(stderr, "told to quit\n");
			return status;
		}
		pthread_mutex_lock(&lock);
		asked++;
		pthread_cond_broadcast(&changed);
		while (answered < asked)
			pthread_cond_wait(&changed, &lock);
		pthread_mutex_unlock(&lock);
		eventfd_write(bell, 1);
		eventfd_read(echo, &one);
		dprintf(log, "heard %s", line);
		dprintf(AGENT, "%d answered, %d counted, %s, %s, payload %.8s\n", answered, counted,
			makes_threads() ? "threads" : "no threads", makes_processes(), payload);
	}
}
