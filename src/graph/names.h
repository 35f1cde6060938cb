/* SPDX-License-Identifier: Apache-2.0
 *
 * A map from names to small integers. Names are borrowed and must outlive the map.
 */
#ifndef VT_GRAPH_NAMES_H
#define VT_GRAPH_NAMES_H

#include "base/base.h"

typedef struct vt_names_slot {
  const char *name; /* NULL: empty */
  int value;
} vt_names_slot;

typedef struct vt_names {
  vt_names_slot *slots;
  size_t capacity, count; /* capacity is a power of two, or 0 */
} vt_names;

/* Number kept under `name`, −1 when there is none. */
int vt_names_find(const vt_names *names, const char *name);
/* Keeps `value` under `name`, over an older one. */
vt_status vt_names_put(vt_ctx *ctx, vt_names *names, const char *name, int value);
void vt_names_free(vt_names *names);

#endif
