/* SPDX-License-Identifier: MIT */
/* signing: an image gets a signature as its last section. Verifying is libsemgap-verify's. */
#ifndef SEMGAP_SIGN_H
#define SEMGAP_SIGN_H

#include "runtime/include/semgap/verify.h"

/**
 * Copies a valid image without a signature into fresh memory (free() it) and signs it with the
 * private key in the PEM file @key_path. The same image and key give the same bytes. GAP_IO, GAP_INVALID
 * (no private key, an encrypted one, not of Ed25519; an image that is none or is signed),
 * GAP_UNSUPPORTED (over 4 GiB; built without OpenSSL), GAP_NO_MEMORY.
 */
enum gap_status gap_sign_image(const void *image, size_t size_bytes, const char *key_path,
			       void **signed_image, size_t *signed_bytes,
			       struct gap_error *error) GAP_MUST_CHECK;

#endif
