/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a reproducer says, as KTAP on standard output:
 *
 *	ktap_start(2);
 *	REQUIRE(!ftruncate(fd, size), "ftruncate to %zu", size);
 *	ktap_diag("read %d bytes", n);			before the result they belong to
 *	ktap_result(bug_seen, "copy is refused");
 *	ktap_skip("poison is refused", "UFFDIO_POISON: %s", ktap_errno(err));
 *	return ktap_end();
 *
 * Polarity: "not ok" = the bug was seen, "ok" = not seen this time, SKIP = this
 * kernel cannot be asked. A clean attempt alone proves nothing, so no program says
 * more than that. When a step or a self-check fails the program itself is broken
 * and bails out: that is never an answer about the kernel.
 */
#ifndef KWITNESS_KTAP_H
#define KWITNESS_KTAP_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Exit status: 4 as in kselftest, 99 because nothing else claims it. */
enum { KTAP_NOT_SEEN = 0, KTAP_SEEN = 1, KTAP_SKIPPED = 4, KTAP_BROKEN = 99 };

/* The stream's last line: a stream without it was cut. */
#define KTAP_END "# kwitness: end of tests\n"

static struct {
	int planned, done, seen, skipped;
} ktap;

/* The name of an errno value, "EAGAIN". */
static inline const char *ktap_errno(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "unknown errno";
}

/* The same of what a call gives: "done" for 0. */
static inline const char *ktap_outcome(int err)
{
	return err ? ktap_errno(err) : "done";
}

/* Print a text with "# " before each of its lines. errno survives. */
__attribute__((format(printf, 1, 2)))
static inline void ktap_diag(const char *fmt, ...)
{
	char text[1024], *rest = text, *line;
	int err = errno;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	while ((line = strsep(&rest, "\n")))
		printf("# %s\n", line);
	errno = err;
}

/* End the attempt as broken, from any thread. */
__attribute__((format(printf, 1, 2), noreturn))
static inline void ktap_bail(const char *fmt, ...)
{
	va_list ap;

	printf("%sBail out! ", ktap.planned ? "" : "KTAP version 1\n");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n" KTAP_END);
	fflush(stdout);
	_exit(KTAP_BROKEN);
}

/*
 * A step that cannot fail on any kernel this program is asked about; if it does the
 * program is broken. The text says what was tried, errno is added when it is set.
 */
#define REQUIRE(ok, fmt, ...) do {								\
	errno = 0;									\
	if (!(ok))									\
		ktap_bail("line %d: " fmt " failed%s%s", __LINE__, ##__VA_ARGS__,	\
			  errno ? ": " : "", errno ? ktap_errno(errno) : "");		\
} while (0)

/* Begin the stream and announce the number of results. */
static inline void ktap_start(int planned)
{
	/* Line by line, so that a crash of the kernel leaves the last whole line visible. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	ktap.planned = planned;
	printf("KTAP version 1\n1..%d\n", planned);
}

/* Report a test; bug_seen is the witness. Returns bug_seen. */
static inline int ktap_result(int bug_seen, const char *name)
{
	printf("%sok %d %s\n", bug_seen ? "not " : "", ++ktap.done, name);
	ktap.seen += !!bug_seen;
	return bug_seen;
}

/* Report a test that cannot be asked here, with the probe's own words. */
__attribute__((format(printf, 2, 3)))
static inline void ktap_skip(const char *name, const char *fmt, ...)
{
	va_list ap;

	printf("ok %d %s # SKIP ", ++ktap.done, name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	ktap.skipped++;
}

/* Statistics of a race so far. Goes before the result it belongs to. */
static inline void ktap_trials(unsigned long trials, unsigned long hits)
{
	printf("# kwitness: trials=%lu hits=%lu\n", trials, hits);
}

/* The road that a race took. Goes before its statistics. */
static inline void ktap_trigger(const char *name)
{
	printf("# kwitness: trigger=%s\n", name);
}

/* End the stream. Returns the exit status of main. */
static inline int ktap_end(void)
{
	if (ktap.done != ktap.planned)
		ktap_bail("%d tests planned, %d reported", ktap.planned, ktap.done);
	printf(KTAP_END);
	if (ktap.seen)
		return KTAP_SEEN;
	return ktap.skipped == ktap.done ? KTAP_SKIPPED : KTAP_NOT_SEEN;
}

/* In place of ktap_start(): skip the whole program. */
__attribute__((format(printf, 1, 2), noreturn))
static inline void ktap_skip_all(const char *fmt, ...)
{
	va_list ap;

	printf("KTAP version 1\n1..0 # SKIP ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n" KTAP_END);
	fflush(stdout);
	_exit(KTAP_SKIPPED);
}

#endif
