/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of name patterns in settings: "head.*, norm.*" are globs with commas between.
 */
#ifndef VT_NN_PATTERNS_H
#define VT_NN_PATTERNS_H

#include <stdbool.h>
#include <stddef.h>

/* The next piece up to a comma, blanks around it cut off; false at the end. `text` moves on. */
bool vt_patterns_next(const char **text, const char **start, size_t *length);
/* Whether one of them fits the name. An empty list fits none. */
bool vt_patterns_fit(const char *patterns, const char *name);

#endif
