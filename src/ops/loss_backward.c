/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss. With l the log probabilities, that of
 * target t's loss −w[t] · l[t] is −w[t] at t. Through the softmax a gradient g of l becomes g − e^l · Σ g.
 */
#include "ops/loss.h"

#include <math.h>

#include "ops/elementwise.h"
#include "ops/plain.h"

typedef struct loss_work {
  const vt_tensor *scores, *targets, *weights; /* weights may be NULL */
  const vt_loss_settings *settings;
  int64_t classes, inner;
  const double *offsets; /* vt_loss_offsets(); NULL: the scores are log probabilities already */
  const double *dy;      /* one a target; NULL: the loss has no gradient */
  double *dl; /* like scores: gradients of the log probabilities, turned into those of the scores */
  double *dw; /* [classes] */
} loss_work;

static double weight_of(const loss_work *work, int64_t target)
{
  return work->weights ? vt_get_f64(work->weights, target) : 1;
}

static int64_t column_of(const loss_work *work, int64_t i)
{
  return i / work->inner * work->classes * work->inner + i % work->inner;
}

/* Log probability of target i. */
static double log_probability(const loss_work *work, int64_t i, int64_t target)
{
  int64_t column = column_of(work, i);
  double score = vt_get_f64(work->scores, column + target * work->inner);
  return work->offsets ? score - work->offsets[i] : score;
}

/* The gradient of the loss for each target, whatever the reduction. Of the mean T / W the weights get
 * another −T / W² each time they count, which is left in `dw`. */
static void share_among_targets(const loss_work *work, const vt_tensor *given, double *dy)
{
  int64_t count = vt_count(work->targets);
  double total = 0, total_weight = 0;
  if (work->settings->reduction == VT_LOSS_MEAN)
    for (int64_t i = 0; i < count; i++) {
      int64_t target = vt_get_i64(work->targets, i);
      if (target == work->settings->ignore_index) continue;
      double weight = weight_of(work, target);
      total_weight += weight;
      if (work->weights) total -= weight * log_probability(work, i, target);
    }
  for (int64_t i = 0; i < count; i++) {
    int64_t target = vt_get_i64(work->targets, i);
    dy[i] = vt_get_f64(given, work->settings->reduction == VT_LOSS_NONE ? i : 0);
    if (target == work->settings->ignore_index) continue;
    if (work->settings->reduction == VT_LOSS_MEAN) {
      dy[i] /= total_weight;
      work->dw[target] -= dy[i] * total / total_weight;
    }
  }
}

/* Targets [first, last). */
static void back_targets(void *user, int64_t first, int64_t last)
{
  const loss_work *work = user;
  for (int64_t i = first; i < last; i++) {
    int64_t target = vt_get_i64(work->targets, i), column = column_of(work, i);
    if (work->dy && target != work->settings->ignore_index)
      work->dl[column + target * work->inner] -= weight_of(work, target) * work->dy[i];
    if (!work->offsets) continue;
    double offset = work->offsets[i], sum = 0;
    for (int64_t c = 0; c < work->classes; c++)
      sum += work->dl[column + c * work->inner];
    for (int64_t c = 0; c < work->classes; c++) {
      int64_t at = column + c * work->inner;
      work->dl[at] -= exp(vt_get_f64(work->scores, at) - offset) * sum;
    }
  }
}

/* ---- the loss alone, f32: w · dy · (e^l − 1 at the target), written once ---- */

typedef struct fast_work {
  const loss_work *loss;
  double *shares; /* w · dy of each target */
  float *to;
} fast_work;

/* Scores first..first + count − 1 of one class, or of one column (then offsets do not step). */
VT_CLONES static void loss_back_f32(const float *x, const double *offsets, const double *shares, int step,
                                    int64_t count, float *to)
{
  if (step) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++)
      to[i] = VT_EXP((float)((double)x[i] - offsets[i])) * (float)shares[i];
  } else {
    const double offset = offsets[0];
    const float share = (float)shares[0];
#pragma omp simd
    for (int64_t i = 0; i < count; i++)
      to[i] = VT_EXP((float)((double)x[i] - offset)) * share;
  }
}

static void fast_targets(void *user, int64_t first, int64_t last)
{
  const fast_work *work = user;
  const loss_work *loss = work->loss;
  const float *x = loss->scores->data;
  int64_t inner = loss->inner, classes = loss->classes;
  for (int64_t i = first; i < last; i++) {
    int64_t target = vt_get_i64(loss->targets, i);
    bool counts = target != loss->settings->ignore_index;
    work->shares[i] = counts ? weight_of(loss, target) * loss->dy[i] : 0;
  }
  for (int64_t i = first; i < last;) {
    int64_t column = column_of(loss, i), width = inner - i % inner < last - i ? inner - i % inner : last - i;
    if (inner == 1)
      loss_back_f32(x + column, loss->offsets + i, work->shares + i, 0, classes, work->to + column);
    for (int64_t c = 0; inner > 1 && c < classes; c++)
      loss_back_f32(x + column + c * inner, loss->offsets + i, work->shares + i, 1, width,
                    work->to + column + c * inner);
    i += width;
  }
  for (int64_t i = first; i < last; i++)
    if (work->shares[i] != 0) {
      int64_t at = column_of(loss, i) + vt_get_i64(loss->targets, i) * inner;
      work->to[at] = (float)((double)work->to[at] - work->shares[i]);
    }
}

static vt_status fast_backward(vt_ctx *ctx, const vt_gradient *gradient, const loss_work *loss,
                               double *shares)
{
  vt_tensor *made = vt_gradient_new(ctx, gradient, 0);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  fast_work work = {loss, shares, made->data};
  vt_parallel(ctx, vt_count(loss->targets), 1 + 16384 / (loss->classes + 1), fast_targets, &work);
  return VT_OK;
}

static void back_weights(const loss_work *work)
{
  int64_t count = vt_count(work->targets);
  for (int64_t i = 0; work->dy && i < count; i++) {
    int64_t target = vt_get_i64(work->targets, i);
    if (target != work->settings->ignore_index)
      work->dw[target] -= work->dy[i] * log_probability(work, i, target);
  }
}

static vt_status write_gradient(vt_ctx *ctx, const vt_gradient *gradient, int index, const double *values)
{
  if (!vt_gradient_wanted(gradient, index)) return VT_OK;
  vt_tensor *made = vt_gradient_new(ctx, gradient, index);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  vt_plain_write(made, values);
  return VT_OK;
}

static vt_status backward(vt_ctx *ctx, const vt_gradient *gradient, bool entropy)
{
  const vt_call *call = gradient->call;
  const vt_tensor *scores = call->inputs[0], *loss = vt_gradient_output(gradient, 0);
  loss_work work = {.scores = scores,
                    .targets = call->inputs[1],
                    .weights = vt_input(call, 2),
                    .settings = call->attributes,
                    .classes = scores->dims[1],
                    .inner = vt_span(scores, 2, scores->rank)};
  int64_t count = vt_count(work.targets);
  bool fast = entropy && loss && !vt_gradient_output(gradient, 1) && scores->type == VT_F32;
  double *dy = vt_plain_read_or(ctx, NULL, count, 0), *offsets = NULL;
  if (entropy) work.offsets = offsets = vt_loss_offsets(ctx, scores);
  work.dl = vt_plain_read_or(ctx, fast ? NULL : vt_gradient_output(gradient, 1),
                             fast ? count : vt_count(scores), 0);
  work.dw = vt_plain_read_or(ctx, NULL, work.classes, 0);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  if (dy && work.dl && work.dw && (offsets || !entropy)) {
    if (loss) {
      share_among_targets(&work, loss, dy);
      work.dy = dy;
    }
    status = VT_OK;
    if (fast && gradient->wanted[0]) status = fast_backward(ctx, gradient, &work, work.dl);
    if (!fast) {
      vt_parallel(ctx, count, 1 + 4096 / (work.classes + 1), back_targets, &work);
      status = write_gradient(ctx, gradient, 0, work.dl);
    }
    if (status == VT_OK && vt_gradient_wanted(gradient, 2)) {
      back_weights(&work);
      status = write_gradient(ctx, gradient, 2, work.dw);
    }
  }
  vt_free(dy);
  vt_free(offsets);
  vt_free(work.dl);
  vt_free(work.dw);
  return status;
}

vt_status vt_likelihood_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return backward(ctx, gradient, false);
}

vt_status vt_entropy_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return backward(ctx, gradient, true);
}
