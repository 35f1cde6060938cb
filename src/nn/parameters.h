/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of the parameter store, for the files of this room.
 */
#ifndef VT_NN_PARAMETERS_H
#define VT_NN_PARAMETERS_H

#include "graph/names.h"
#include "nn/scope.h"

typedef struct vt_group {
  char *pattern;
  bool frozen;
  double rate, decay;
} vt_group;

typedef struct vt_projection {
  char *pattern;
  vt_projection_fn run;
  const void *user;
} vt_projection;

struct vt_parameters {
  uint64_t seed;
  vt_parameter **items; /* addresses stay as the store grows */
  size_t count, capacity;
  vt_names names;
  bool only_listed; /* frozen unless a group says otherwise */
  vt_group *groups;
  size_t group_count, group_capacity;
  vt_projection *projections;
  size_t projection_count, projection_capacity;
};

/* Takes `value` over when it succeeds. */
vt_status vt_parameters_add(vt_ctx *ctx, vt_parameters *parameters, const char *name, vt_tensor *value,
                            bool state, vt_parameter **out);
/* Fills an f32 tensor. */
void vt_init_fill(vt_tensor *value, vt_initial init, uint64_t seed, const char *name);

#endif
