/* SPDX-License-Identifier: MIT */
/* What every monitor begins with: a profile, the guest's memory, the guest, and the monitor bound to it. */
#ifndef EXAMPLES_ATTACH_H
#define EXAMPLES_ATTACH_H

#include <stdio.h>

#include <semgap/monitor.h>
#include <semgap/source.h>

struct attached {
	struct gap_profile *profile;
	struct gap_source_memory *source;
	struct gap_guest *guest;
	struct gap_monitor *monitor;
};

static inline void detach(struct attached *attached)
{
	gap_monitor_close(attached->monitor);
	gap_guest_close(attached->guest);
	gap_source_memory_close(attached->source);
	gap_profile_close(attached->profile);
}

/* False when it cannot be, which is told. */
static inline int attach(struct attached *attached, const char *profile, const char *memory,
			 const struct gap_plan *plan)
{
	struct gap_error error;

	*attached = (struct attached){NULL, NULL, NULL, NULL};
	if (!gap_profile_open(profile, &attached->profile, &error) &&
	    !gap_source_memory_open(memory, &attached->source, &error) &&
	    !gap_guest_open(gap_source_memory_get(attached->source), attached->profile, NULL,
			    &attached->guest, &error) &&
	    !gap_monitor_open(attached->guest, plan, &attached->monitor, &error))
		return 1;
	fprintf(stderr, "%s\n", error.text);
	detach(attached);
	return 0;
}

/* The exit status of a look at the guest, as semgap's own: 3 when something could not be read. */
static inline int look_status(const struct gap_monitor *monitor)
{
	struct gap_error error;

	if (!gap_monitor_end(monitor, &error))
		return 0;
	fprintf(stderr, "partial: %s (%llu reads failed)\n", error.text,
		(unsigned long long)monitor->failures);
	return 3;
}

#endif
