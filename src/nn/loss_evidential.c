/* SPDX-License-Identifier: Apache-2.0
 *
 * Losses on evidence.
 */
#include <math.h>

#include "nn/evidence.h"
#include "nn/loss.h"

vt_tensor *vt_evidence(vt_ctx *ctx, vt_tensor *scores)
{
  return vt_map(ctx, "Exp", vt_clip(ctx, scores, -VT_EVIDENCE_MOST, VT_EVIDENCE_MOST));
}

static vt_tensor *row_sum(vt_ctx *ctx, vt_tensor *x)
{
  return vt_sum_axis(ctx, x, -1, false);
}

vt_tensor *vt_evidential_loss(vt_ctx *ctx, vt_tensor *scores, vt_tensor *labels, vt_evidential_form form,
                              vt_terms terms)
{
  vt_tensor *label = vt_one_hot(ctx, labels, vt_dim(scores, -1)); /* [N, K] */
  vt_tensor *alpha = vt_plus(ctx, vt_evidence(ctx, scores), 1);   /* [N, K] */
  vt_tensor *sum = row_sum(ctx, alpha), *each = sum;              /* [N] */
  vt_tensor *own = row_sum(ctx, vt_mul(ctx, label, alpha));       /* [N] */
  switch (form) {
  case VT_EVIDENTIAL_LOG:
    each = vt_sub_of(ctx, vt_map(ctx, "Log", sum), vt_map(ctx, "Log", own));
    break;
  case VT_EVIDENTIAL_DIGAMMA:
    each = vt_sub_of(ctx, vt_map(ctx, "vt.Digamma", sum), vt_map(ctx, "vt.Digamma", own));
    break;
  case VT_EVIDENTIAL_SQUARED: {
    /* α (S − α) / (S² (S + 1)) = p (1 − p) / (S + 1) with p = α / S */
    vt_tensor *p = vt_div(ctx, alpha, vt_unsqueeze(ctx, sum, -1));
    vt_tensor *error = row_sum(ctx, vt_square(ctx, vt_sub_of(ctx, label, p)));
    vt_tensor *spread = row_sum(ctx, vt_mul(ctx, p, vt_sub_of(ctx, vt_number(ctx, 1), p)));
    each = vt_add(ctx, error, vt_div(ctx, spread, vt_plus(ctx, sum, 1)));
    break;
  }
  }
  return vt_reduce_terms(ctx, each, terms);
}

vt_tensor *vt_evidential_kl(vt_ctx *ctx, vt_tensor *scores, vt_tensor *labels, vt_terms terms)
{
  int64_t classes = vt_dim(scores, -1);
  vt_tensor *excess = vt_evidence(ctx, scores); /* α̃ − 1, [N, K] */
  if (labels) {
    vt_tensor *others = vt_sub_of(ctx, vt_number(ctx, 1), vt_one_hot(ctx, labels, classes));
    excess = vt_mul(ctx, others, excess);
  }
  vt_tensor *alpha = vt_plus(ctx, excess, 1);
  vt_tensor *sum = row_sum(ctx, alpha); /* [N] */
  vt_tensor *norm =
      vt_sub_of(ctx, vt_map(ctx, "vt.Lgamma", sum), row_sum(ctx, vt_map(ctx, "vt.Lgamma", alpha)));
  vt_tensor *slope =
      vt_sub_of(ctx, vt_map(ctx, "vt.Digamma", alpha), vt_unsqueeze(ctx, vt_map(ctx, "vt.Digamma", sum), -1));
  vt_tensor *each = vt_add(ctx, norm, row_sum(ctx, vt_mul(ctx, excess, slope)));
  double flat = 0; /* ln Γ(K) of the flat distribution */
  for (int64_t k = 2; k < classes; k++)
    flat += log((double)k);
  return vt_reduce_terms(ctx, vt_plus(ctx, each, -flat), terms);
}
