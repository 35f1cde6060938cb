/* SPDX-License-Identifier: Apache-2.0
 *
 * How a person names what takes part: [LABEL=]ID[:ARGUMENT][@VARIANT][(NAME=VALUE,…)].
 */
#ifndef VT_COMPARISON_NAMED_H
#define VT_COMPARISON_NAMED_H

#include "base/params.h"

typedef struct vt_named {
  char *label;    /* as given, otherwise the text itself without its label */
  char *id;       /* "rise" */
  char *argument; /* behind a colon, to the end of the text; NULL: none */
  char *variant;  /* behind an at sign; NULL: none */
  vt_texts set;   /* "NAME=VALUE" each; a piece without an equals sign goes on with the value before it */
} vt_named;

/* "quick=rise@captum(n_samples=500,grid_size=8)" into its parts. VT_ERROR_INVALID_ARGUMENT for an empty id, a
 * parenthesis that does not close, or text behind it. Members are freed with vt_named_free(). */
vt_status vt_named_parse(vt_ctx *ctx, const char *text, vt_named *out);
void vt_named_free(vt_named *named);

/* A list at its commas, those in parentheses left alone, blanks around entries dropped. Adds to `out`. */
vt_status vt_named_split(vt_ctx *ctx, const char *list, vt_texts *out);

#endif
