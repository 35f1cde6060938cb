/* SPDX-License-Identifier: Apache-2.0
 *
 * Class names from files.
 */
#ifndef VT_DATA_LABELS_H
#define VT_DATA_LABELS_H

#include <jansson.h>

#include "base/base.h"

/* One name a line, or a TSV whose first column is the class index and whose last is the name. Lists that end
 * in .json: an array of names. `labels` and each name in it belong to the caller (vt_labels_free). */
vt_status vt_labels_read(vt_ctx *ctx, const char *path, char ***labels, int *count);
/* The same from a JSON array of strings, or an object from index to string. */
vt_status vt_labels_from_json(vt_ctx *ctx, const json_t *list, char ***labels, int *count);
void vt_labels_free(char **labels, int count);

#endif
