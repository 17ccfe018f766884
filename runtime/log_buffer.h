/* SPDX-License-Identifier: MIT */
/* The log as it was before the ring buffer: records one behind the other. For log.c. */
#ifndef SEMGAP_LOG_BUFFER_H
#define SEMGAP_LOG_BUFFER_H

#include "semgap/log.h"

/** As gap_log_init() and gap_log_next(), for kernels whose profile has struct printk_log. */
enum gap_status gap_log_buffer_init(struct gap_log *log, struct gap_guest *guest,
				    struct gap_error *error) GAP_MUST_CHECK;
int gap_log_buffer_next(struct gap_log *log, struct gap_log_record *record);

#endif
