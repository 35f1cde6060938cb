/* SPDX-License-Identifier: Apache-2.0
 *
 * Composites: which relevance rule every node of a graph has.
 *
 *   vt_composite *composite;
 *   vt_composite_new(ctx, &subject, &settings, &composite);
 *   look.rules = vt_composite_rules(composite); look.start = VT_START_RELEVANCE;
 *
 * Layers with weights have the rule that the composite names for their kind; all other operators have one
 * rule each, whatever the composite (docs/rules.md).
 */
#ifndef VT_ATTRIBUTION_RULE_COMPOSITE_H
#define VT_ATTRIBUTION_RULE_COMPOSITE_H

#include "attribution/rule_linear.h"
#include "explain/look.h"

typedef enum vt_composite_name {
  VT_COMPOSITE_EPSILON,
  VT_COMPOSITE_EPSILON_PLUS,
  VT_COMPOSITE_EPSILON_GAMMA_BOX,
  VT_COMPOSITE_EPSILON_PLUS_FLAT,
  VT_COMPOSITE_EPSILON_ALPHA2_BETA1,
  VT_COMPOSITE_EPSILON_ALPHA2_BETA1_FLAT,
  VT_COMPOSITE_ALPHA_BETA,
  VT_COMPOSITE_GAMMA
} vt_composite_name;
#define VT_COMPOSITE_CHOICES                                                                                 \
  "epsilon|epsilon-plus|epsilon-gamma-box|epsilon-plus-flat|epsilon-alpha2-beta1|epsilon-alpha2-beta1-flat|" \
  "alpha-beta|gamma"

enum { VT_RULE_OF_COMPOSITE = -1 };

typedef struct vt_composite_settings {
  vt_composite_name name;
  double epsilon, stabilizer, gamma, alpha, beta;
  bool ignore_bias;
  /* vt_linear_kind in place of the composite's for convolutions, matrix products, and the layers that read
   * the input; VT_RULE_OF_COMPOSITE: as the composite says. */
  int convolutions, dense, first;
  const float *low, *high; /* z-box: smallest and largest input, [floats]; NULL: not known */
} vt_composite_settings;

/* zennit's numbers: epsilon and stabilizer 1e-6, gamma 0.25, alpha 2, beta 1. */
vt_composite_settings vt_composite_defaults(vt_composite_name name);

typedef struct vt_composite vt_composite;

/* The subject's graph is borrowed. VT_ERROR_INVALID_ARGUMENT for settings that contradict themselves. */
vt_status vt_composite_new(vt_ctx *ctx, const vt_subject *subject, const vt_composite_settings *settings,
                           vt_composite **out);
void vt_composite_free(vt_composite *composite); /* accepts NULL */
const vt_rule_set *vt_composite_rules(const vt_composite *composite);
/* Rule of node `index` of the graph; NULL: its ordinary gradient, or it does not depend on the input. */
const vt_rule *vt_composite_rule(const vt_composite *composite, int index);

#endif
