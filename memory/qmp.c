/* SPDX-License-Identifier: MIT */
/* Commands and their answers, over any channel. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory/qmp.h"

static enum gap_status refused(const struct gap_qmp *qmp, const char *command,
			       struct json_object *why, struct gap_error *error)
{
	struct json_object *words = NULL;

	json_object_object_get_ex(why, "desc", &words);
	return gap_fail(error, GAP_UNSUPPORTED, "%s: QEMU refuses %s: %.300s", qmp->name, command,
			words ? json_object_get_string(words) : "(no reason)");
}

static enum gap_status take_answer(const struct gap_qmp *qmp, const char *command,
				   struct json_object *reply, struct json_object **answer,
				   struct gap_error *error)
{
	struct json_object *part = NULL;

	if (json_object_object_get_ex(reply, "error", &part))
		return refused(qmp, command, part, error);
	if (!json_object_object_get_ex(reply, "return", &part))
		return gap_fail(error, GAP_IO, "%s: a reply to %s that is none", qmp->name,
				command);
	if (answer)
		*answer = json_object_get(part);
	return GAP_OK;
}

/* With a descriptor, or -1. */
static enum gap_status execute(const struct gap_qmp *qmp, const char *command,
			       const char *arguments, int fd, struct json_object **answer,
			       struct gap_error *error)
{
	struct json_object *reply = NULL;
	enum gap_status status;
	char text[512];

	if (snprintf(text, sizeof(text), "{\"execute\":\"%s\"%s%s}", command,
		     arguments ? ",\"arguments\":" : "",
		     arguments ? arguments : "") >= (int)sizeof(text))
		return gap_fail(error, GAP_INVALID, "%s: too long a command", qmp->name);
	if (fd < 0)
		status = qmp->exchange(qmp->context, text, &reply, error);
	else
		status = qmp->exchange_file(qmp->context, text, fd, &reply, error);
	if (status)
		return status;
	status = take_answer(qmp, command, reply, answer, error);
	json_object_put(reply);
	return status;
}

enum gap_status gap_qmp_execute(const struct gap_qmp *qmp, const char *command,
				const char *arguments, struct json_object **answer,
				struct gap_error *error)
{
	return execute(qmp, command, arguments, -1, answer, error);
}

enum gap_status gap_qmp_give_file(const struct gap_qmp *qmp, const char *name, int fd,
				  struct gap_error *error)
{
	char arguments[128];

	if (!qmp->exchange_file)
		return gap_fail(error, GAP_UNSUPPORTED,
				"%s: this way to QEMU carries no descriptors", qmp->name);
	snprintf(arguments, sizeof(arguments), "{\"fdname\":\"%s\"}", name);
	return execute(qmp, "getfd", arguments, fd, NULL, error);
}

enum gap_status gap_qmp_human(const struct gap_qmp *qmp, const char *line, char **text,
			      struct gap_error *error)
{
	struct json_object *answer = NULL;
	enum gap_status status;
	char arguments[256];

	snprintf(arguments, sizeof(arguments), "{\"command-line\":\"%s\"}", line);
	status = gap_qmp_execute(qmp, "human-monitor-command", arguments, &answer, error);
	if (status)
		return status;
	if (json_object_is_type(answer, json_type_string))
		*text = strdup(json_object_get_string(answer));
	else
		status = gap_fail(error, GAP_IO, "%s: an answer to \"%s\" that is no text",
				  qmp->name, line);
	json_object_put(answer);
	if (!status && !*text)
		status = gap_fail(error, GAP_NO_MEMORY, "out of memory");
	return status;
}
