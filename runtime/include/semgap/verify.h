/* SPDX-License-Identifier: MIT */
/*
 * Signatures of profile images (libsemgap-verify): whether an image is what the holder of a key made,
 * Ed25519. What is verified must be what is opened: read the file into memory, verify it there with
 * gap_verify_image(), and open the same bytes with gap_profile_open_image().
 */
#ifndef SEMGAP_VERIFY_H
#define SEMGAP_VERIFY_H

#include "profile.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GAP_KEY_ID_BYTES 8

struct gap_verify_key;

/**
 * Reads a public key: PEM, as `openssl pkey -in KEY.pem -pubout` writes it. To be closed. GAP_IO;
 * GAP_INVALID (no public key, or not of Ed25519); GAP_UNSUPPORTED (built without OpenSSL); GAP_NO_MEMORY.
 */
GAP_API enum gap_status gap_verify_key_open(const char *path, struct gap_verify_key **key,
					    struct gap_error *error) GAP_MUST_CHECK;
/** The same from the key's 32 bytes, as a monitor may carry them in its code. */
GAP_API enum gap_status gap_verify_key_open_bytes(const uint8_t bytes[32],
						  struct gap_verify_key **key,
						  struct gap_error *error) GAP_MUST_CHECK;
/** NULL is fine. */
GAP_API void gap_verify_key_close(struct gap_verify_key *key);
/** The first bytes of the SHA-256 of the key's 32 bytes: which key a signature says it is of. */
GAP_API void gap_verify_key_id(const struct gap_verify_key *key, uint8_t id[GAP_KEY_ID_BYTES]);

/**
 * Verifies an image in memory, aligned to 8 bytes; a key is used by one thread at a time. GAP_OK: the image
 * is whole and its signature is of this key. GAP_NOT_FOUND: it has no signature. GAP_MISMATCH: the
 * signature is of another key, or not of this image. GAP_CORRUPT and the other errors of
 * gap_profile_open_image(): it is no image, or was altered.
 */
GAP_API enum gap_status gap_verify_image(const void *image, size_t size_bytes,
					 const struct gap_verify_key *key,
					 struct gap_error *error) GAP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
