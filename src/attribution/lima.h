/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings of the methods that rank regions, for C callers; text forms and defaults stand in the method's
 * table.
 */
#ifndef VT_ATTRIBUTION_LIMA_H
#define VT_ATTRIBUTION_LIMA_H

#include "explain/method.h"

typedef struct vt_lima_settings {
  vt_reals weights; /* consistency, collaboration, confidence, effectiveness */
  int search;       /* vt_search_kind */
  int64_t pending;  /* n_p ≥ 2 */
  int64_t window, masks, groups, width, halves, last, leaders;
  double share, tilt;
} vt_lima_settings;
extern const vt_method vt_method_lima;

typedef struct vt_smdl_settings {
  vt_reals weights;
  int confidence;  /* 0 evidential network, 1 entropy */
  int consistency; /* 0 target's score, 1 cosine with the whole picture, 2 cosine with the class vector */
  int64_t splits;
  char *uncertainty; /* path of the evidential network */
  /* C callers: the network itself, in place of a path; NULL: by path. Borrowed. */
  vt_model *uncertainty_model;
} vt_smdl_settings;
extern const vt_method vt_method_smdl;

typedef struct vt_baseline_order_settings {
  int order; /* 0 random, 1 index */
} vt_baseline_order_settings;
extern const vt_method vt_method_baseline_order;

#endif
