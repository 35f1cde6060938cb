/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Lines: one object a line.
 */
#ifndef VT_DATA_JSONL_H
#define VT_DATA_JSONL_H

#include <jansson.h>

#include "base/base.h"

/* Objects of a file, one after the other. */
typedef struct vt_jsonl {
  const char *path; /* borrowed, for messages */
  char *text;       /* owned */
  size_t size, at, line;
} vt_jsonl;

/* `path` must outlive the reader. Close with vt_jsonl_close(). */
vt_status vt_jsonl_open(vt_ctx *ctx, const char *path, vt_jsonl *out);
/* The next object (new reference), NULL behind the last. Blank lines are passed over; what is no object is an
 * error that names the line. */
vt_status vt_jsonl_next(vt_ctx *ctx, vt_jsonl *file, json_t **out);
void vt_jsonl_close(vt_jsonl *file);

/* Appends an object and a line feed; keys keep their order. NaN and infinities cannot be in it. */
vt_status vt_jsonl_add(vt_ctx *ctx, vt_text *text, const json_t *object);
/* Writes objects, whole or not at all. */
vt_status vt_jsonl_write(vt_ctx *ctx, const char *path, json_t *const *objects, size_t count);

#endif
