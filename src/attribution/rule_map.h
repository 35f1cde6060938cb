/* SPDX-License-Identifier: Apache-2.0
 *
 * One run and one backward pass under a rule set: what every method built on backward rules does.
 */
#ifndef VT_ATTRIBUTION_RULE_MAP_H
#define VT_ATTRIBUTION_RULE_MAP_H

#include "explain/map.h"

typedef struct vt_rule_request {
  const vt_rule_set *rules;
  const vt_graph
      *graph; /* in place of the subject's: the same tensors by name (graph/canonise.h). NULL: its own */
  int start;  /* VT_START_… */
  const float *reference; /* VT_START_DIFFERENCE: [floats] */
  int precision;          /* 0: f32, 1: f64 */
} vt_rule_request;

/* What the rules made of the target at the picture explained, [floats] in the layout of the varying tensor,
 * in f64; the caller frees it. */
vt_status vt_rule_map(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                      const vt_rule_request *request, double **out);
/* The same, with the score, and what a relevance started with: Σ output · derivative of the target. */
typedef struct vt_rule_start {
  double score, relevance;
} vt_rule_start;
vt_status vt_rule_map_start(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                            const vt_rule_request *request, double **out, vt_rule_start *start);

/* The setting that all of these methods have. */
typedef struct vt_rule_precision {
  int precision;
} vt_rule_precision;
#define VT_RULE_PRECISION_FIELD(type, member)                                                                \
  {                                                                                                          \
    "precision", VT_FIELD_CHOICE, offsetof(type, member), "f32",                                             \
        .choices = "f32|f64",                                                                                \
        .help = "numbers the model is run in; f64 is slow, and settles which side of a kink a value is on"   \
  }
extern const vt_field vt_rule_precision_fields[1];
#define VT_RULE_PRECISION_SETTINGS                                                                           \
  .settings_size = sizeof(vt_rule_precision), .fields = vt_rule_precision_fields, .field_count = 1

/* vt_method.calls of these methods: one. */
int64_t vt_rule_one_call(const void *settings, int regions, bool embedding);

#endif
