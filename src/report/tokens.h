/* SPDX-License-Identifier: Apache-2.0
 *
 * Explanations of sequences: the names of their places, and the text in colours.
 */
#ifndef VT_REPORT_TOKENS_H
#define VT_REPORT_TOKENS_H

#include "explain/explanation.h"

typedef struct vt_tokens {
  int count;
  char **labels; /* [count], owned; NULL: no names were given */
} vt_tokens;

/* Places of the explanation's saliency, with names from a text file, a line each (NULL: none). As many
 * lines as places, or VT_ERROR_INVALID_DATA. */
vt_status vt_tokens_read(vt_ctx *ctx, const vt_explanation *explanation, const char *path, vt_tokens *out);
/* The same with names in memory, [count], which are copied; control characters become blanks. Names of
 * another number of places are left out: what varies is no sequence of these then. */
vt_status vt_tokens_name(vt_ctx *ctx, const vt_explanation *explanation, const char *const *names, int count,
                         vt_tokens *out);
void vt_tokens_free(vt_tokens *tokens); /* members only */

/* One HTML file: every place behind a colour, red for values above zero and blue below, symmetric about
 * it, with the number on hover. `force`: overwrite. */
vt_status vt_tokens_write_page(vt_ctx *ctx, const vt_explanation *explanation, const vt_tokens *tokens,
                               bool force, const char *path);
/* The same as a .png picture: lines of text, each place on its colour; places without names get their
 * number. */
vt_status vt_tokens_write_picture(vt_ctx *ctx, const vt_explanation *explanation, const vt_tokens *tokens,
                                  bool force, const char *path);

#endif
