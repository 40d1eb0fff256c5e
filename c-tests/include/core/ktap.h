/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The output of a reproducer: KTAP on standard output.
 *
 *	ktap_start(2);
 *	REQUIRE(!ftruncate(fd, size), "ftruncate to %zu", size);
 *	ktap_diag("read %d bytes", n);			before the result it belongs to
 *	ktap_result(bug_seen, "copy is refused");
 *	ktap_skip("poison is refused", "UFFDIO_POISON: %s", ktap_errno(err));
 *	return ktap_end();
 *
 * Polarity: "not ok" = the bug was reproduced, "ok" = not reproduced this time, SKIP =
 * not applicable to this kernel. A program never prints "fixed": one attempt without the
 * bug proves nothing. A step or self-check that fails means that the program is broken,
 * so it bails out; that is no statement about the kernel.
 */
#ifndef KWITNESS_KTAP_H
#define KWITNESS_KTAP_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Exit status: 4 as in kselftest; 99 has no other meaning. */
enum { KTAP_NOT_SEEN = 0, KTAP_SEEN = 1, KTAP_SKIPPED = 4, KTAP_BROKEN = 99 };

/* The last line of the stream: without it the stream was cut off. */
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

/* The name of the result of a call, which is 0 ("done") or errno. */
static inline const char *ktap_outcome(int err)
{
	return err ? ktap_errno(err) : "done";
}

/* Print a text as diagnostics, "# " before each line. Preserves errno. */
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

/* End the program as broken. May be called from any thread. */
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
 * Bail out unless a step succeeds that works on every kernel this program runs on. The
 * text names what was tried, " failed" and the errno (if set) are appended.
 */
#define REQUIRE(ok, fmt, ...) do {								\
	errno = 0;									\
	if (!(ok))									\
		ktap_bail("line %d: " fmt " failed%s%s", __LINE__, ##__VA_ARGS__,	\
			  errno ? ": " : "", errno ? ktap_errno(errno) : "");		\
} while (0)

/* Start the stream and print the number of planned results. */
static inline void ktap_start(int planned)
{
	/* Line buffered, so that complete lines survive a kernel crash. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	ktap.planned = planned;
	printf("KTAP version 1\n1..%d\n", planned);
}

/* Report a test: "not ok" where the oracle saw the bug. Returns bug_seen. */
static inline int ktap_result(int bug_seen, const char *name)
{
	printf("%sok %d %s\n", bug_seen ? "not " : "", ++ktap.done, name);
	ktap.seen += !!bug_seen;
	return bug_seen;
}

/* Report a test that does not apply here, with the reason. */
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

/* Print the statistics of a race so far, before the result they belong to. */
static inline void ktap_trials(unsigned long trials, unsigned long hits)
{
	printf("# kwitness: trials=%lu hits=%lu\n", trials, hits);
}

/* Print the trigger that a race used, before its statistics. */
static inline void ktap_trigger(const char *name)
{
	printf("# kwitness: trigger=%s\n", name);
}

/* End the stream. Returns the exit status for main(). */
static inline int ktap_end(void)
{
	if (ktap.done != ktap.planned)
		ktap_bail("%d tests planned, %d reported", ktap.planned, ktap.done);
	printf(KTAP_END);
	if (ktap.seen)
		return KTAP_SEEN;
	return ktap.skipped == ktap.done ? KTAP_SKIPPED : KTAP_NOT_SEEN;
}

/* Skip the whole program. Replaces ktap_start(). */
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
