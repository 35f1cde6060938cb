/* SPDX-License-Identifier: Apache-2.0
 *
 * Losses: what counts; classes; yes or no; numbers.
 */
#include "nn/loss.h"

static vt_tensor *binary(vt_ctx *ctx, const char *op, vt_tensor *a, vt_tensor *b)
{
  return vt_call_op(ctx, op, 2, (vt_tensor *[]){a, b}, 0, NULL);
}

/* ---- what counts ---- */

static vt_tensor *truth(vt_ctx *ctx, vt_tensor *mask)
{
  return mask->type == VT_BOOL ? mask : vt_cast(ctx, mask, VT_BOOL);
}

vt_tensor *vt_masked(vt_ctx *ctx, vt_tensor *x, vt_tensor *mask)
{
  return mask ? vt_where(ctx, truth(ctx, mask), x, vt_number(ctx, 0)) : x;
}

vt_tensor *vt_reduce_terms(vt_ctx *ctx, vt_tensor *each, vt_terms terms)
{
  if (terms.weights) each = vt_mul(ctx, each, terms.weights);
  if (terms.mask) each = vt_masked(ctx, each, terms.mask);
  if (terms.reduction == VT_EACH) return each;
  if (terms.reduction == VT_SUM) return vt_sum_all(ctx, each);
  if (!terms.mask) return vt_mean_all(ctx, each);
  vt_tensor *ones = vt_filled(ctx, each->rank, each->dims, 1);
  vt_tensor *count = vt_sum_all(ctx, vt_masked(ctx, ones, terms.mask));
  return vt_div(ctx, vt_sum_all(ctx, each), vt_maximum(ctx, count, vt_number(ctx, 1)));
}

/* ---- classes ---- */

/* [N, C, sizes…] → [N, sizes…, C]. */
static vt_tensor *classes_last(vt_ctx *ctx, vt_tensor *x, int axis)
{
  int64_t order[VT_MAX_RANK];
  if (axis < 1 || axis >= x->rank) {
    if (!vt_is_void(x))
      (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "scores of rank %d have no class axis %d", x->rank, axis);
    return vt_void();
  }
  if (axis == x->rank - 1) return x;
  for (int i = 0, at = 0; i < x->rank; i++)
    if (i != axis) order[at++] = i;
  order[x->rank - 1] = axis;
  return vt_transpose(ctx, x, x->rank, order);
}

vt_tensor *vt_cross_entropy(vt_ctx *ctx, vt_tensor *scores, vt_tensor *targets, int64_t ignore,
                            vt_entropy_settings settings)
{
  static const char *const reductions[] = {"mean", "sum", "none"};
  vt_terms terms = settings.terms;
  if (settings.axis) scores = classes_last(ctx, scores, settings.axis);
  if (terms.mask) {
    vt_tensor *nothing = vt_cast(ctx, vt_filled(ctx, 0, NULL, (double)ignore), targets->type);
    targets = vt_where(ctx, truth(ctx, terms.mask), targets, nothing);
  }
  vt_tensor *inputs[] = {scores, targets, settings.classes};
  vt_setting list[] = {VT_INT("ignore_index", ignore), VT_REAL("label_smoothing", settings.smoothing),
                       VT_TEXT("reduction", terms.weights ? "none" : reductions[terms.reduction])};
  vt_tensor *loss = vt_call_op(ctx, "vt.CrossEntropy", settings.classes ? 3 : 2, inputs, 3, list);
  if (!terms.weights) return loss;
  vt_tensor *number = vt_cast(ctx, vt_filled(ctx, 0, NULL, (double)ignore), targets->type);
  vt_tensor *ignored = vt_equal(ctx, targets, number);
  terms.mask = vt_map(ctx, "Not", ignored);
  return vt_reduce_terms(ctx, loss, terms);
}

static vt_tensor *row_sum(vt_ctx *ctx, vt_tensor *x)
{
  return vt_sum_axis(ctx, x, -1, false);
}

/* A mask over rows as one over [rows…, classes]. */
static vt_tensor *over_rows(vt_ctx *ctx, vt_tensor *x, vt_tensor *mask)
{
  return mask ? vt_masked(ctx, x, vt_unsqueeze(ctx, mask, -1)) : x;
}

vt_tensor *vt_soft_cross_entropy(vt_ctx *ctx, vt_tensor *scores, vt_tensor *shares, vt_terms terms)
{
  scores = over_rows(ctx, scores, terms.mask);
  shares = over_rows(ctx, shares, terms.mask);
  vt_tensor *product = vt_mul(ctx, shares, vt_log_softmax(ctx, scores, -1));
  return vt_reduce_terms(ctx, vt_map(ctx, "Neg", row_sum(ctx, product)), terms);
}

vt_tensor *vt_entropy(vt_ctx *ctx, vt_tensor *scores, vt_terms terms)
{
  vt_tensor *logs = vt_log_softmax(ctx, over_rows(ctx, scores, terms.mask), -1);
  vt_tensor *product = vt_mul(ctx, vt_map(ctx, "Exp", logs), logs);
  return vt_reduce_terms(ctx, vt_map(ctx, "Neg", row_sum(ctx, product)), terms);
}

vt_tensor *vt_kl(vt_ctx *ctx, vt_tensor *p_scores, vt_tensor *q_scores, vt_kl_settings settings)
{
  double t = settings.temperature > 0 ? settings.temperature : 1;
  vt_tensor *logs[2], *scores[] = {p_scores, q_scores};
  for (int i = 0; i < 2; i++) {
    vt_tensor *x = over_rows(ctx, scores[i], settings.terms.mask);
    logs[i] = vt_log_softmax(ctx, t != 1 ? vt_times(ctx, x, 1 / t) : x, -1);
  }
  vt_tensor *weight = vt_map(ctx, "Exp", logs[0]);
  if (settings.symmetric) weight = vt_sub_of(ctx, weight, vt_map(ctx, "Exp", logs[1]));
  vt_tensor *rows = row_sum(ctx, vt_mul(ctx, weight, vt_sub_of(ctx, logs[0], logs[1])));
  return vt_reduce_terms(ctx, t != 1 ? vt_times(ctx, rows, t * t) : rows, settings.terms);
}

/* ---- yes or no ---- */

/* positive · t · softplus(−x) + (1 − t) · softplus(x) */
static vt_tensor *binary_terms(vt_ctx *ctx, vt_tensor *x, vt_tensor *t, vt_tensor *positive)
{
  vt_tensor *yes = vt_mul(ctx, t, vt_map(ctx, "Softplus", vt_map(ctx, "Neg", x)));
  vt_tensor *no = vt_mul(ctx, vt_sub_of(ctx, vt_number(ctx, 1), t), vt_map(ctx, "Softplus", x));
  return vt_add(ctx, positive ? vt_mul(ctx, yes, positive) : yes, no);
}

vt_tensor *vt_binary_cross_entropy(vt_ctx *ctx, vt_tensor *scores, vt_tensor *targets, vt_tensor *positive,
                                   vt_terms terms)
{
  vt_tensor *x = vt_masked(ctx, scores, terms.mask), *t = vt_masked(ctx, targets, terms.mask);
  return vt_reduce_terms(ctx, binary_terms(ctx, x, t, positive), terms);
}

vt_tensor *vt_focal(vt_ctx *ctx, vt_tensor *scores, vt_tensor *targets, double alpha, double gamma,
                    vt_terms terms)
{
  vt_tensor *x = vt_masked(ctx, scores, terms.mask), *t = vt_masked(ctx, targets, terms.mask);
  vt_tensor *each = binary_terms(ctx, x, t, NULL);
  /* 1 − p_t = p (1 − t) + (1 − p) t; 1 − p as σ(−x), which keeps its digits */
  vt_tensor *p = vt_map(ctx, "Sigmoid", x), *rest = vt_map(ctx, "Sigmoid", vt_map(ctx, "Neg", x));
  vt_tensor *other = vt_sub_of(ctx, vt_number(ctx, 1), t);
  vt_tensor *wrong = vt_add(ctx, vt_mul(ctx, p, other), vt_mul(ctx, rest, t));
  if (gamma == 2)
    each = vt_mul(ctx, each, vt_square(ctx, wrong));
  else if (gamma != 0)
    each = vt_mul(ctx, each, binary(ctx, "Pow", wrong, vt_number(ctx, gamma)));
  if (alpha >= 0) each = vt_mul(ctx, each, vt_plus(ctx, vt_times(ctx, t, 2 * alpha - 1), 1 - alpha));
  return vt_reduce_terms(ctx, each, terms);
}

/* ---- numbers ---- */

vt_tensor *vt_distance_loss(vt_ctx *ctx, vt_distance distance, vt_tensor *prediction, vt_tensor *target,
                            double size, vt_terms terms)
{
  vt_tensor *d = vt_masked(ctx, vt_sub_of(ctx, prediction, target), terms.mask), *each = d;
  switch (distance) {
  case VT_SQUARED:
    each = vt_square(ctx, d);
    break;
  case VT_ABSOLUTE:
    each = vt_map(ctx, "Abs", d);
    break;
  case VT_HUBER: {
    /* with c = min(|d|, δ): c (|d| − c / 2) */
    vt_tensor *a = vt_map(ctx, "Abs", d), *c = vt_minimum(ctx, a, vt_number(ctx, size > 0 ? size : 1));
    each = vt_mul(ctx, c, vt_sub_of(ctx, a, vt_times(ctx, c, .5)));
    break;
  }
  case VT_CHARBONNIER: {
    double epsilon = size > 0 ? size : 1e-3;
    each = vt_map(ctx, "Sqrt", vt_plus(ctx, vt_square(ctx, d), epsilon * epsilon));
    break;
  }
  }
  return vt_reduce_terms(ctx, each, terms);
}

vt_tensor *vt_total_variation(vt_ctx *ctx, vt_tensor *x, bool squared)
{
  vt_tensor *sum = NULL;
  for (int axis = -2; axis < 0; axis++) {
    int64_t size = vt_dim(x, axis);
    if (size < 2) continue; /* nothing to compare */
    vt_tensor *d = vt_sub_of(ctx, vt_slice(ctx, x, axis, 1, size), vt_slice(ctx, x, axis, 0, size - 1));
    vt_tensor *mean = vt_mean_all(ctx, squared ? vt_square(ctx, d) : vt_map(ctx, "Abs", d));
    sum = sum ? vt_add(ctx, sum, mean) : mean;
  }
  return sum ? sum : vt_number(ctx, 0);
}
