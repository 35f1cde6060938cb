/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the time of a session's runs goes, step by step.
 */
#ifndef VT_GRAPH_PROFILE_H
#define VT_GRAPH_PROFILE_H

#include "graph/plan.h"

typedef struct vt_profile_row {
  const char *name; /* node, "" for layout changes; borrowed like the next two */
  const char
      *op; /* ONNX operator; "reorder": a layout change, "copy": an output that is also something else */
  const char
      *implementation; /* "jit:avx512_core" and the like for oneDNN, the row's "plain", "simd", … otherwise */
  double milliseconds; /* mean over the runs */
  double gflop;        /* of one run, multiply-add = 2 */
  vt_tensor shape;     /* of the (first) result, without data */
  int fused;           /* graph nodes that were fused into this step beside the first */
  bool layout_change;
} vt_profile_row;

typedef struct vt_profile {
  vt_profile_row *rows; /* in the order of running; they stay valid while the session lives */
  size_t count;
  int runs;
  double milliseconds; /* mean of a whole run, by the steps' own times */
  double gflop;
  size_t arena_bytes, scratch_bytes;
} vt_profile;

/* Runs the session `warm_up` + `runs` times and times each step of the latter.
 * Free with vt_profile_free(). */
vt_status vt_profile_run(vt_ctx *ctx, vt_session *session, int warm_up, int runs, vt_profile **out);
void vt_profile_free(vt_profile *profile); /* accepts NULL */

/* Means over runs of a traced forward and its backward pass. */
typedef struct vt_gradient_profile {
  double forward_milliseconds, backward_milliseconds;
  uint64_t tape_bytes;  /* values held between the two */
  uint64_t peak_bytes;  /* highest use of the context's memory so far, weights included */
  const char *of, *wrt; /* first float output, first float input; borrowed from the graph */
} vt_gradient_profile;

/* Gradient of the sum of the first float output with respect to the first float input, `warm_up` + `runs`
 * times. `inputs` have data. VT_ERROR_INVALID_ARGUMENT when the graph has no such input or output. */
vt_status vt_profile_gradient(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs, int warm_up,
                              int runs, vt_gradient_profile *out);

#endif
