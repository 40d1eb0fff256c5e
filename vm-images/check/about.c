// SPDX-License-Identifier: GPL-2.0-only
/* The head of the stream: which machine and kernel this is. */
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

/*
 * Print the value of the first line NAME=... or "NAME : ..." of a file, without quotes; with
 * an empty name its first line.
 */
static void print_field(const char *path, const char *name, char sign, const char *label)
{
	FILE *file = fopen(path, "re");
	size_t len = strlen(name);
	char line[512], *value;

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, len) || !strchr(line, sign))
			continue;
		value = len ? strchr(line, sign) + 1 : line;
		value += strspn(value, " \t\"'");
		value[strcspn(value, "\"'\n")] = 0;
		output_line("# %s: %s", label, value);
		break;
	}
	if (file)
		fclose(file);
}

void about_print(const struct options *options, const char *limits, const char *isolation)
{
	struct sysinfo info = { 0 };
	struct utsname name;
	time_t now = time(NULL);
	char started[32];

	uname(&name);
	sysinfo(&info);
	strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	output_line("# kwitness-check: %d", CHECK_PROTOCOL);
	output_line("# host: %s", name.nodename);
	output_line("# release: %s", name.release);
	output_line("# build: %s", name.version);
	output_line("# machine: %s", name.machine);
	print_field("/etc/os-release", "PRETTY_NAME", '=', "os");
	print_field("/etc/os-release", "ID", '=', "os-id");
	print_field("/proc/version_signature", "", ' ', "signature");
	print_field("/proc/cpuinfo", "model name", ':', "cpu");
	output_line("# cpus: %d", get_nprocs());
	output_line("# memory-mib: %llu", (unsigned long long)info.totalram * info.mem_unit >> 20);
	output_line("# uid: %d", (int)geteuid());
	output_line("# started: %s", started);
	output_line("# seed: %s", options->seed);
	output_line("# limits: %s", limits);
	output_line("# name-spaces: %s", isolation ? isolation : "mount, ipc");
}

/* Whether a file has this word, between anything that is not part of a name. */
static int has_word(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	char line[4096];
	int found = 0;

	while (file && !found && fgets(line, sizeof(line), file)) {
		for (char *at = strtok(line, " \t\n/"); at && !found; at = strtok(NULL, " \t\n/")) {
			char *end = strstr(at, ".ko");

			if (end)
				*end = 0;
			found = !strcmp(at, word);
		}
	}
	if (file)
		fclose(file);
	return found;
}

int about_has_module(const char *name)
{
	static const char *const lists[] = {
		"/proc/modules", "/proc/misc", "/proc/devices", "/proc/filesystems",
	};
	struct utsname kernel;
	char path[256];

	for (size_t n = 0; n < sizeof(lists) / sizeof(*lists); n++)
		if (has_word(lists[n], name))
			return 1;
	uname(&kernel);
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.builtin", kernel.release);
	return has_word(path, name);
}
