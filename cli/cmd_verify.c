/* SPDX-License-Identifier: MIT */
/* semgap verify: whether an image is what the holder of a key made. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "runtime/include/semgap/verify.h"

static const struct option options[] = {
	{"key", required_argument, NULL, 'k'},
	{NULL, 0, NULL, 0},
};

static enum gap_status read_bytes(int file, const char *path, void **image, size_t *size_bytes,
				  struct gap_error *error)
{
	struct stat what;
	size_t got = 0;
	ssize_t more = 1;
	char *bytes;

	if (fstat(file, &what) != 0 || !S_ISREG(what.st_mode))
		return gap_fail(error, GAP_IO, "%.500s: not a regular file", path);
	if (what.st_size > UINT32_MAX)
		return gap_fail(error, GAP_CORRUPT, "%.500s: not a profile image (.gap)", path);
	bytes = malloc((size_t)what.st_size + 1);
	if (!bytes)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	while (more > 0 && got < (size_t)what.st_size) {
		more = read(file, bytes + got, (size_t)what.st_size - got);
		got += more > 0 ? (size_t)more : 0;
	}
	if (more < 0) {
		free(bytes);
		return gap_fail(error, GAP_IO, "%.500s: %s", path, strerror(errno));
	}
	*image = bytes;
	*size_bytes = got;
	return GAP_OK;
}

/* Into memory: what is verified must not change behind our back. */
static enum gap_status read_image(const char *path, void **image, size_t *size_bytes,
				  struct gap_error *error)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum gap_status status;

	if (file < 0)
		return gap_fail(error, GAP_IO, "%.500s: %s", path, strerror(errno));
	status = read_bytes(file, path, image, size_bytes, error);
	close(file);
	return status;
}

static int tell(const char *path, enum gap_status status, const struct gap_verify_key *key,
		const struct gap_error *detail)
{
	uint8_t id[GAP_KEY_ID_BYTES];

	if (status) {
		say("%s: %s", path, detail->text);
		return status == GAP_NOT_FOUND || status == GAP_MISMATCH ? EXIT_FINDING
									 : EXIT_UNUSABLE;
	}
	gap_verify_key_id(key, id);
	printf("%s: signed with key ", path);
	for (size_t i = 0; i < sizeof(id); i++)
		printf("%02x", id[i]);
	putchar('\n');
	return finish_output(EXIT_DONE);
}

static int verify(const char *path, const char *key_path)
{
	struct gap_verify_key *key = NULL;
	struct gap_error error = {{0}};
	size_t size_bytes = 0;
	void *image = NULL;
	enum gap_status status = gap_verify_key_open(key_path, &key, &error);
	int result;

	if (!status)
		status = read_image(path, &image, &size_bytes, &error);
	result = status ? say_failure(status, &error)
			: tell(path, gap_verify_image(image, size_bytes, key, &error), key, &error);
	gap_verify_key_close(key);
	free(image);
	return result;
}

static int run(const struct command *command, int argc, char **argv)
{
	const char *key = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return say_usage(command, "verify: wrong arguments");
		key = optarg;
	}
	if (optind + 1 != argc)
		return say_usage(command, "verify: name one profile");
	if (!key)
		return say_usage(command, "verify: --key PUB.pem is required");
	return verify(argv[optind], key);
}

const struct command command_verify = {
	"verify",
	"verifies the signature of a profile",
	"--key PUB.pem P.gap\n"
	"\n"
	"  --key PUB.pem  the public key: openssl pkey -in KEY.pem -pubout -out PUB.pem\n"
	"\n"
	"Status 1: not signed, or not with this key; 2: the image itself is damaged or altered.\n",
	run,
};
