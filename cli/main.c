/* SPDX-License-Identifier: MIT */
/* The semgap command: finds the subcommand's row and runs it. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static const struct command *const commands[] = {
	&command_extract,      &command_infer,  &command_score, &command_info,
	&command_show,         &command_find,   &command_emit,  &command_scan,
	&command_check_header, &command_verify, &command_guest,
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_commands(FILE *stream)
{
	fputs("usage: semgap COMMAND [ARGUMENTS]\n\n"
	      "Profiles of Linux kernels: what one build looks like in memory, for monitors that "
	      "look "
	      "from outside.\n\n",
	      stream);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(stream, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\nsemgap COMMAND --help tells of each; man semgap of all.\n", stream);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* guest has a help for each of its views. */
static bool has_own_help(const struct command *command)
{
	return command == &command_guest;
}

static int help(int argc, char **argv)
{
	const struct command *command = argc > 2 ? find_command(argv[2]) : NULL;

	if (command && has_own_help(command)) {
		char option[] = "--help";

		return command->run(command, 2, (char *[]){argv[2], option, NULL});
	}
	if (command)
		return print_help(command);
	print_commands(stdout);
	return finish_output(EXIT_DONE);
}

/* getopt() begins its words with the program's name: ours. */
static int run_command(const struct command *command, int argc, char **argv)
{
	char name[64];

	snprintf(name, sizeof(name), "semgap: %s", command->name);
	argv[0] = name;
	return command->run(command, argc, argv);
}

int main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		print_commands(stderr);
		return EXIT_UNUSABLE;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
		puts("semgap " SEMGAP_VERSION);
		return finish_output(EXIT_DONE);
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return help(argc, argv);
	command = find_command(argv[1]);
	if (!command) {
		say("there is no command \"%s\"", argv[1]);
		print_commands(stderr);
		return EXIT_UNUSABLE;
	}
	for (int i = 2; !has_own_help(command) && i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return print_help(command);
	return run_command(command, argc - 1, argv + 1);
}
