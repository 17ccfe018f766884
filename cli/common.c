/* SPDX-License-Identifier: MIT */
/* What the commands share: words, statuses, progress, the frame of JSON. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"

static void say_list(const char *before, const char *format, va_list arguments)
{
	end_progress();
	fflush(stdout);
	fputs(before, stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_list("semgap: ", format, arguments);
	va_end(arguments);
}

void say_warning(void *context, const char *text)
{
	(void)context;
	end_progress();
	fprintf(stderr, "semgap: warning: %s\n", text);
}

int say_failure(enum gap_status status, const struct gap_error *error)
{
	say("%s", error && error->text[0] ? error->text : gap_status_name(status));
	return status == GAP_PARTIAL ? EXIT_PARTIAL : EXIT_UNUSABLE;
}

int say_usage(const struct command *command, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_list("semgap: ", format, arguments);
	va_end(arguments);
	fprintf(stderr, "usage: semgap %s %.*s\n", command->name,
		(int)strcspn(command->usage, "\n"), command->usage);
	return EXIT_UNUSABLE;
}

int print_help(const struct command *command)
{
	printf("semgap %s: %s\n\nusage: semgap %s %s", command->name, command->summary,
	       command->name, command->usage);
	return finish_output(EXIT_DONE);
}

/* ---- progress ---- */

static struct {
	struct timespec started;
	long last_ms;
	bool begun, shown;
} progress;

static long elapsed_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!progress.begun) {
		progress.started = now;
		progress.begun = true;
	}
	return (now.tv_sec - progress.started.tv_sec) * 1000 +
	       (now.tv_nsec - progress.started.tv_nsec) / 1000000;
}

bool show_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
	long now = elapsed_ms();

	(void)context;
	if (now < 1000 || now - progress.last_ms < 100 || !isatty(STDERR_FILENO))
		return true;
	progress.last_ms = now;
	progress.shown = true;
	if (total)
		fprintf(stderr, "\r\033[K%s: %3u %%", what, (unsigned)(done * 100 / total));
	else
		fprintf(stderr, "\r\033[K%s …", what);
	fflush(stderr);
	return true;
}

void end_progress(void)
{
	if (progress.shown)
		fputs("\r\033[K", stderr);
	progress.shown = false;
}

bool colour_wanted(void)
{
	const char *terminal = getenv("TERM"), *refused = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(refused && *refused) && terminal &&
	       strcmp(terminal, "dumb") != 0;
}

/* ---- output ---- */

void json_begin(struct gap_json *json, const char *schema, bool partial, const char *warning,
		const char *rows)
{
	*json = (struct gap_json){.stream = stdout};
	gap_json_open(json, '{');
	gap_json_key_name(json, "schema", schema);
	gap_json_key(json, "partial");
	gap_json_bool(json, partial);
	gap_json_key(json, "warnings");
	gap_json_open(json, '[');
	if (warning && *warning)
		gap_json_name(json, warning);
	gap_json_close(json, ']');
	gap_json_key(json, rows);
	gap_json_open(json, '[');
}

void json_end(struct gap_json *json)
{
	gap_json_close(json, ']');
	gap_json_close(json, '}');
	fputc('\n', json->stream);
}

int finish_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	say("cannot write the output: %s", strerror(errno));
	return EXIT_UNUSABLE;
}

struct gap_profile *open_profile(const char *path)
{
	struct gap_profile *profile = NULL;
	struct gap_error error;
	enum gap_status status = gap_profile_open(path, &profile, &error);

	if (status)
		say_failure(status, &error);
	return profile;
}

enum gap_status find_type_and_member(const struct gap_profile *profile, const char *text,
				     gap_type_id *type, const char **member,
				     struct gap_error *error)
{
	size_t length = strlen(text);
	bool by_file = strchr(text, '@') != NULL;
	struct gap_error other;
	enum gap_status first = GAP_OK, status = GAP_OK;
	char name[1024];

	if (length >= sizeof(name))
		return gap_fail(error, GAP_INVALID, "a name of %zu bytes is too long", length);
	/* The longest part that is a type: the file of a qualifier has dots, a member path too. */
	for (size_t cut = length; cut > 0; cut--) {
		if (cut < length && text[cut] != '.')
			continue;
		memcpy(name, text, cut);
		name[cut] = '\0';
		status = gap_profile_find_type(profile, name, type, first ? &other : error);
		if (status != GAP_NOT_FOUND && status != GAP_INVALID) {
			if (first && error)
				*error = other;
			*member = text[cut] ? text + cut + 1 : "";
			if (!status && text[cut] && !**member)
				return gap_fail(error, GAP_INVALID,
						"%.300s: no member after the dot", text);
			return status;
		}
		if (!first) {
			first = status;
			if (error)
				other = *error;
		}
	}
	/* Nothing: with a file, the whole was meant as the type; else what stands before the first dot. */
	if (by_file || !error)
		return first;
	*error = other;
	return status;
}
