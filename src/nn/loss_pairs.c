/* SPDX-License-Identifier: Apache-2.0
 *
 * Losses: overlap; near and far.
 */
#include <math.h>

#include "nn/loss.h"

/* ---- overlap ---- */

vt_tensor *vt_dice(vt_ctx *ctx, vt_tensor *scores, vt_tensor *targets, vt_dice_settings settings)
{
  double scale = settings.scale > 0 ? settings.scale : 1;
  int rank = scores->rank, count = 0;
  if (rank < 2) {
    if (!vt_is_void(scores))
      (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "dice takes [items, channels, …], not rank %d", rank);
    return vt_void();
  }
  int64_t axes[VT_MAX_RANK];
  if (settings.batch) axes[count++] = 0;
  for (int axis = 2; axis < rank; axis++)
    axes[count++] = axis;
  vt_tensor *p = vt_masked(ctx, scores, settings.mask), *t = targets;
  if (settings.squashing == VT_BY_SIGMOID) p = vt_map(ctx, "Sigmoid", p);
  if (settings.squashing == VT_BY_SOFTMAX) p = vt_softmax(ctx, p, 1);
  p = vt_masked(ctx, p, settings.mask);
  t = vt_masked(ctx, t, settings.mask);
  if (settings.skip_background) {
    p = vt_slice(ctx, p, 1, 1, vt_dim(p, 1));
    t = vt_slice(ctx, t, 1, 1, vt_dim(t, 1));
  }
  vt_tensor *both = vt_mul(ctx, p, t), *all = vt_add(ctx, p, t);
  if (count) {
    both = vt_reduce(ctx, "ReduceSum", both, count, axes, false);
    all = vt_reduce(ctx, "ReduceSum", all, count, axes, false);
  }
  vt_tensor *above = vt_plus(ctx, vt_times(ctx, both, 2 / scale), settings.smooth);
  vt_tensor *below = vt_plus(ctx, vt_times(ctx, all, 1 / scale), settings.smooth);
  return vt_sub_of(ctx, vt_number(ctx, 1), vt_mean_all(ctx, vt_div(ctx, above, below)));
}

enum { BOX_SIDES = 4 };

static vt_tensor *area(vt_ctx *ctx, vt_tensor *const *low, vt_tensor *const *high)
{
  vt_tensor *width = vt_map(ctx, "Relu", vt_sub_of(ctx, high[0], low[0]));
  return vt_mul(ctx, width, vt_map(ctx, "Relu", vt_sub_of(ctx, high[1], low[1])));
}

vt_tensor *vt_giou(vt_ctx *ctx, vt_tensor *boxes, vt_tensor *others)
{
  vt_tensor *a[BOX_SIDES], *b[BOX_SIDES], *inner[BOX_SIDES], *hull[BOX_SIDES];
  vt_split_parts(ctx, boxes, -1, BOX_SIDES, a);
  vt_split_parts(ctx, others, -1, BOX_SIDES, b);
  for (int i = 0; i < BOX_SIDES; i++) {
    inner[i] = i < 2 ? vt_maximum(ctx, a[i], b[i]) : vt_minimum(ctx, a[i], b[i]);
    hull[i] = i < 2 ? vt_minimum(ctx, a[i], b[i]) : vt_maximum(ctx, a[i], b[i]);
  }
  /* so small that only boxes without area feel it */
  vt_tensor *least = vt_number(ctx, 1e-12), *common = area(ctx, inner, inner + 2);
  vt_tensor *sum = vt_add(ctx, area(ctx, a, a + 2), area(ctx, b, b + 2));
  vt_tensor *whole = vt_maximum(ctx, vt_sub_of(ctx, sum, common), least);
  vt_tensor *around = vt_maximum(ctx, area(ctx, hull, hull + 2), least);
  vt_tensor *outside = vt_div(ctx, vt_sub_of(ctx, around, whole), around);
  return vt_squeeze(ctx, vt_sub_of(ctx, vt_div(ctx, common, whole), outside), -1);
}

vt_tensor *vt_giou_loss(vt_ctx *ctx, vt_tensor *boxes, vt_tensor *others, vt_terms terms)
{
  vt_tensor *mask = terms.mask ? vt_unsqueeze(ctx, terms.mask, -1) : NULL;
  vt_tensor *giou = vt_giou(ctx, vt_masked(ctx, boxes, mask), vt_masked(ctx, others, mask));
  return vt_reduce_terms(ctx, vt_sub_of(ctx, vt_number(ctx, 1), giou), terms);
}

/* ---- near and far ---- */

vt_tensor *vt_learned_scale(vt_scope s, double begin, double most)
{
  vt_ctx *ctx = s.run->ctx;
  vt_initial init = {.kind = VT_INIT_CONSTANT, .value = log(1 / begin)};
  vt_tensor *logarithm = vt_param(s, "logit_scale", 0, NULL, init);
  vt_tensor *bound = vt_number(ctx, log(most > 0 ? most : 100));
  return vt_map(ctx, "Exp", vt_minimum(ctx, logarithm, bound));
}

static vt_tensor *numbers(vt_ctx *ctx, vt_tensor *mask)
{
  return mask->type == VT_F32 ? mask : vt_cast(ctx, mask, VT_F32);
}

/* 1 on the diagonal of [rows, columns]. */
static vt_tensor *diagonal(vt_ctx *ctx, int64_t rows, int64_t columns)
{
  vt_tensor *eye = vt_filled(ctx, VT_DIMS(rows, columns), 0);
  if (vt_is_void(eye)) return eye;
  for (int64_t i = 0; i < rows && i < columns; i++)
    ((float *)eye->data)[i * columns + i] = 1;
  return eye;
}

/* Far below any score that softmax would still see, and finite: differences of two stay numbers. */
static const double excluded = -1e9;

static vt_tensor *contrast_rows(vt_ctx *ctx, vt_tensor *scores, vt_tensor *positives, bool together)
{
  vt_tensor *logs = vt_log_softmax(ctx, scores, -1), *counts = vt_sum_axis(ctx, positives, -1, false);
  vt_tensor *has = vt_cast(ctx, counts, VT_BOOL), *rows;
  if (together) {
    vt_tensor *chosen = vt_where(ctx, vt_cast(ctx, positives, VT_BOOL), logs, vt_number(ctx, excluded));
    rows = vt_log_sum_exp(ctx, chosen, -1, false);
  } else {
    vt_tensor *sum = vt_sum_axis(ctx, vt_mul(ctx, positives, logs), -1, false);
    rows = vt_div(ctx, sum, vt_maximum(ctx, counts, vt_number(ctx, 1)));
  }
  return vt_reduce_terms(ctx, vt_map(ctx, "Neg", rows), (vt_terms){.mask = has});
}

vt_tensor *vt_contrast(vt_ctx *ctx, vt_tensor *similarities, vt_contrast_settings settings)
{
  vt_tensor *positives = settings.positives ? numbers(ctx, settings.positives)
                                            : diagonal(ctx, vt_dim(similarities, 0), vt_dim(similarities, 1));
  if (settings.pairs) {
    vt_tensor *part = vt_cast(ctx, numbers(ctx, settings.pairs), VT_BOOL);
    similarities = vt_where(ctx, part, similarities, vt_number(ctx, excluded));
    positives = vt_masked(ctx, positives, part);
  }
  vt_tensor *rows = contrast_rows(ctx, similarities, positives, settings.together);
  if (!settings.symmetric) return rows;
  vt_tensor *turned = vt_transpose(ctx, similarities, VT_DIMS(1, 0));
  positives = vt_transpose(ctx, positives, VT_DIMS(1, 0));
  return vt_times(ctx, vt_add(ctx, rows, contrast_rows(ctx, turned, positives, settings.together)), .5);
}

vt_tensor *vt_info_nce(vt_ctx *ctx, vt_tensor *a, vt_tensor *b, vt_tensor *scale,
                       vt_contrast_settings settings)
{
  vt_tensor *unit_a = vt_normalise(ctx, a, -1, 1e-12), *unit_b = vt_normalise(ctx, b, -1, 1e-12);
  vt_tensor *cosines = vt_matmul(ctx, unit_a, vt_transpose(ctx, unit_b, VT_DIMS(1, 0)));
  return vt_contrast(ctx, vt_mul(ctx, cosines, scale), settings);
}

vt_tensor *vt_triplet(vt_ctx *ctx, vt_tensor *near, vt_tensor *far, double margin, vt_terms terms)
{
  near = vt_masked(ctx, near, terms.mask);
  far = vt_masked(ctx, far, terms.mask);
  vt_tensor *each = vt_map(ctx, "Relu", vt_plus(ctx, vt_sub_of(ctx, near, far), margin));
  return vt_reduce_terms(ctx, each, terms);
}

vt_tensor *vt_margin(vt_ctx *ctx, vt_tensor *distances, vt_tensor *same, vt_tensor *beta, double alpha,
                     vt_tensor *pairs)
{
  vt_tensor *sign = vt_plus(ctx, vt_times(ctx, numbers(ctx, same), 2), -1);
  vt_tensor *beyond = vt_sub_of(ctx, vt_masked(ctx, distances, pairs), beta);
  vt_tensor *each = vt_map(ctx, "Relu", vt_plus(ctx, vt_mul(ctx, sign, beyond), alpha));
  each = vt_masked(ctx, each, pairs);
  vt_tensor *active = vt_cast(ctx, vt_cast(ctx, each, VT_BOOL), VT_F32);
  vt_tensor *count = vt_maximum(ctx, vt_sum_all(ctx, active), vt_number(ctx, 1));
  return vt_div(ctx, vt_sum_all(ctx, each), count);
}

vt_tensor *vt_ranking(vt_ctx *ctx, vt_tensor *taken, vt_tensor *others, bool weighted, vt_terms terms)
{
  taken = vt_masked(ctx, taken, terms.mask);
  others = terms.mask ? vt_masked(ctx, others, vt_unsqueeze(ctx, terms.mask, -1)) : others;
  vt_tensor *behind = vt_sub_of(ctx, others, vt_unsqueeze(ctx, taken, -1));
  /* log(a_j σ(s⁺ − s_j)) = log a_j − softplus(s_j − s⁺) */
  vt_tensor *logs = vt_map(ctx, "Neg", vt_map(ctx, "Softplus", behind));
  double even = vt_dim(others, -1) > 0 ? -log((double)vt_dim(others, -1)) : 0;
  logs = weighted ? vt_add(ctx, logs, vt_log_softmax(ctx, others, -1)) : vt_plus(ctx, logs, even);
  vt_tensor *each = vt_map(ctx, "Neg", vt_log_sum_exp(ctx, logs, -1, false));
  return vt_reduce_terms(ctx, each, terms);
}
