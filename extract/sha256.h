/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4), for the digests of inputs. */
#ifndef SEMGAP_SHA256_H
#define SEMGAP_SHA256_H

#include <stddef.h>
#include <stdint.h>

void gap_sha256(const void *data, size_t size_bytes, uint8_t digest[32]);

#endif
