/* SPDX-License-Identifier: MIT */
/* In place of everything else here where libclang was not there at build: says so. */
#include "cfront/cfront.h"

enum gap_status gap_cfront_open(const char *path, const struct gap_cfront_options *options,
				struct gap_cfront_unit **unit, struct gap_error *error)
{
	(void)options;
	(void)unit;
	return gap_fail(error, GAP_UNSUPPORTED,
			"%.300s: this semgap was built without libclang, which reads C sources "
			"(Debian: libclang-dev)",
			path);
}

void gap_cfront_close(struct gap_cfront_unit *unit)
{
	(void)unit;
}

/* Without a unit that could be opened none of these is ever called. */
enum gap_status gap_cfront_records(struct gap_cfront_unit *unit, gap_cfront_record_visit *visit,
				   void *context, struct gap_error *error)
{
	(void)unit;
	(void)visit;
	(void)context;
	return gap_fail(error, GAP_UNSUPPORTED, "built without libclang");
}

enum gap_status gap_cfront_graph(struct gap_cfront_unit *unit,
				 const struct gap_cfront_graph *request, struct gap_error *error)
{
	(void)unit;
	(void)request;
	return gap_fail(error, GAP_UNSUPPORTED, "built without libclang");
}

void gap_cfront_enumerators(struct gap_cfront_unit *unit, gap_cfront_enumerator_visit *visit,
			    void *context)
{
	(void)unit;
	(void)visit;
	(void)context;
}

enum gap_status gap_cfront_uses(struct gap_cfront_unit *unit, struct gap_wanted *wanted,
				void (*complain)(void *context, const char *text), void *context,
				struct gap_error *error)
{
	(void)unit;
	(void)wanted;
	(void)complain;
	(void)context;
	return gap_fail(error, GAP_UNSUPPORTED, "built without libclang");
}

enum gap_status gap_cfront_arguments_find(const char *database, const char *source,
					  struct gap_cfront_arguments *arguments,
					  struct gap_error *error)
{
	(void)source;
	(void)arguments;
	return gap_fail(error, GAP_UNSUPPORTED, "%.300s: this semgap was built without libclang",
			database);
}

void gap_cfront_macros(struct gap_cfront_unit *unit, const char *prefix,
		       gap_cfront_macro_visit *visit, void *context)
{
	(void)unit;
	(void)prefix;
	(void)visit;
	(void)context;
}
