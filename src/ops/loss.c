/* SPDX-License-Identifier: Apache-2.0
 *
 * NegativeLogLikelihoodLoss, SoftmaxCrossEntropyLoss. Scores [batch, classes, d1, …], targets [batch, d1, …]
 * of class numbers, optional weights [classes]. One target's loss is −weight · log probability; ignored
 * targets count nothing. The mean divides by the sum of the weights that count.
 */
#include "ops/loss.h"
#include "ops/elementwise.h"
#include "ops/families.h"

#define IGNORE_NOTHING "-9223372036854775808"

static const vt_field loss_fields[] = {
    {.name = "ignore_index",
     .kind = VT_FIELD_INT,
     .offset = offsetof(vt_loss_settings, ignore_index),
     .fallback = IGNORE_NOTHING,
     .help = "class number of targets that count nothing"},
    {.name = "reduction",
     .kind = VT_FIELD_CHOICE,
     .offset = offsetof(vt_loss_settings, reduction),
     .fallback = "mean",
     .choices = "none|sum|mean",
     .help = "one loss a target, their sum, or their weighted mean"},
};

static vt_status loss_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_loss_settings *settings = call->attributes;
  const vt_tensor *scores = call->inputs[0], *targets = call->inputs[1], *weights = vt_input(call, 2);
  char a[160], b[160];
  bool fits = scores->rank >= 2 && targets->rank == scores->rank - 1 && targets->dims[0] == scores->dims[0];
  for (int axis = 2; fits && axis < scores->rank; axis++)
    fits = targets->dims[axis - 1] == scores->dims[axis];
  if (!fits)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "targets %s do not fit scores %s; [batch, …] and [batch, classes, …] are needed",
                        vt_shape_text(targets, b), vt_shape_text(scores, a));
  if (weights && (weights->rank != 1 || weights->dims[0] != scores->dims[1] || weights->type != scores->type))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "weights %s do not fit scores %s; one of the same type for each class is needed",
                        vt_shape_text(weights, b), vt_shape_text(scores, a));
  if (vt_output(call, 1)) VT_TRY(vt_set_output(ctx, call, 1, scores->type, scores->rank, scores->dims));
  if (settings->reduction != VT_LOSS_NONE) return vt_set_output(ctx, call, 0, scores->type, 0, NULL);
  return vt_set_output(ctx, call, 0, scores->type, targets->rank, targets->dims);
}

static void put(vt_tensor *tensor, int64_t index, double value)
{
  if (tensor->type == VT_F32)
    ((float *)tensor->data)[index] = (float)value;
  else
    ((double *)tensor->data)[index] = value;
}

/* ---- log softmax, as the number to subtract from each score of a column ---- */

enum { LANES = 16, COLUMNS = 64 };

static double log_of_sum(const vt_tensor *scores, int64_t start, int64_t classes, int64_t inner)
{
  double top = -INFINITY, sum = 0;
  for (int64_t c = 0; c < classes; c++) {
    double score = vt_get_f64(scores, start + c * inner);
    if (score > top) top = score;
  }
  if (!isfinite(top)) top = 0;
  for (int64_t c = 0; c < classes; c++)
    sum += exp(vt_get_f64(scores, start + c * inner) - top);
  return top + log(sum);
}

/* Of f32 scores that stand side by side: sums are f64 in lanes, so that they have one order everywhere. */
VT_CLONES static double loss_row_f32(const float *x, int64_t count)
{
  float tops[LANES], top = -INFINITY;
  double sums[LANES] = {0}, sum = 0;
  int64_t whole = count - count % LANES;
  for (int lane = 0; lane < LANES; lane++)
    tops[lane] = top;
  for (int64_t i = 0; i < whole; i += LANES) {
#pragma omp simd
    for (int lane = 0; lane < LANES; lane++)
      tops[lane] = x[i + lane] > tops[lane] ? x[i + lane] : tops[lane];
  }
  for (int64_t i = whole; i < count; i++)
    tops[i - whole] = x[i] > tops[i - whole] ? x[i] : tops[i - whole];
  for (int lane = 0; lane < LANES; lane++)
    top = tops[lane] > top ? tops[lane] : top;
  if (!isfinite(top)) top = 0;
  for (int64_t i = 0; i < whole; i += LANES) {
#pragma omp simd
    for (int lane = 0; lane < LANES; lane++)
      sums[lane] += (double)VT_EXP(x[i + lane] - top);
  }
  for (int64_t i = whole; i < count; i++)
    sums[i - whole] += (double)VT_EXP(x[i] - top);
  for (int lane = 0; lane < LANES; lane++)
    sum += sums[lane];
  return (double)top + log(sum);
}

/* Of up to COLUMNS neighbouring columns. */
VT_CLONES static void loss_columns_f32(const float *x, int64_t classes, int64_t stride, int64_t width,
                                       double *offsets)
{
  float top[COLUMNS];
  double sum[COLUMNS] = {0};
  for (int64_t j = 0; j < width; j++)
    top[j] = -INFINITY;
  for (int64_t c = 0; c < classes; c++) {
    const float *row = x + c * stride;
#pragma omp simd
    for (int64_t j = 0; j < width; j++)
      top[j] = row[j] > top[j] ? row[j] : top[j];
  }
  for (int64_t j = 0; j < width; j++)
    if (!isfinite(top[j])) top[j] = 0;
  for (int64_t c = 0; c < classes; c++) {
    const float *row = x + c * stride;
#pragma omp simd
    for (int64_t j = 0; j < width; j++)
      sum[j] += (double)VT_EXP(row[j] - top[j]);
  }
  for (int64_t j = 0; j < width; j++)
    offsets[j] = (double)top[j] + log(sum[j]);
}

typedef struct offsets_work {
  const vt_tensor *scores;
  int64_t classes, inner;
  double *offsets;
} offsets_work;

/* Columns [first, last), counted over the batch. */
static void some_offsets(void *user, int64_t first, int64_t last)
{
  const offsets_work *work = user;
  int64_t inner = work->inner, classes = work->classes;
  while (first < last) {
    int64_t column = first % inner, start = first / inner * classes * inner + column, width = 1;
    if (work->scores->type != VT_F32) {
      work->offsets[first] = log_of_sum(work->scores, start, classes, inner);
    } else if (inner == 1) {
      work->offsets[first] = loss_row_f32((const float *)work->scores->data + start, classes);
    } else {
      width = inner - column < last - first ? inner - column : last - first;
      if (width > COLUMNS) width = COLUMNS;
      loss_columns_f32((const float *)work->scores->data + start, classes, inner, width,
                       work->offsets + first);
    }
    first += width;
  }
}

double *vt_loss_offsets(vt_ctx *ctx, const vt_tensor *scores)
{
  offsets_work work = {scores, scores->dims[1], vt_span(scores, 2, scores->rank), NULL};
  int64_t columns = scores->dims[0] * work.inner;
  work.offsets = vt_alloc_zero(ctx, columns > 0 ? (size_t)columns : 1, sizeof *work.offsets);
  if (work.offsets) vt_parallel(ctx, columns, 1 + 16384 / (work.classes + 1), some_offsets, &work);
  return work.offsets;
}

/* Losses from log probabilities: scores − offsets (NULL: the scores are log probabilities already). */
static vt_status losses(vt_ctx *ctx, const vt_call *call, const double *offsets)
{
  const vt_loss_settings *settings = call->attributes;
  const vt_tensor *scores = call->inputs[0], *targets = call->inputs[1], *weights = vt_input(call, 2);
  vt_tensor *output = call->outputs[0];
  int64_t classes = scores->dims[1], inner = vt_span(scores, 2, scores->rank), count = vt_count(targets);
  double total = 0, total_weight = 0;
  for (int64_t i = 0; i < count; i++) {
    int64_t target = vt_get_i64(targets, i);
    double loss = 0;
    if (target != settings->ignore_index) {
      if (target < 0 || target >= classes)
        return vt_call_fail(ctx, call, VT_ERROR_INVALID_ARGUMENT, "target %lld is not one of %lld classes",
                            (long long)target, (long long)classes);
      double weight = weights ? vt_get_f64(weights, target) : 1;
      double score = vt_get_f64(scores, (i / inner * classes + target) * inner + i % inner);
      loss = -weight * (offsets ? score - offsets[i] : score);
      total_weight += weight;
      total += loss;
    }
    if (settings->reduction == VT_LOSS_NONE) put(output, i, loss);
  }
  if (settings->reduction == VT_LOSS_SUM) put(output, 0, total);
  if (settings->reduction == VT_LOSS_MEAN) put(output, 0, total / total_weight);
  return VT_OK;
}

static vt_status likelihood_run(vt_ctx *ctx, const vt_call *call)
{
  if (vt_is_half(call->inputs[0])) return vt_run_widened(ctx, call);
  return losses(ctx, call, NULL);
}

static vt_status entropy_run(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *scores = call->inputs[0];
  vt_tensor *log_probabilities = vt_output(call, 1);
  if (vt_is_half(scores)) return vt_run_widened(ctx, call);
  int64_t classes = scores->dims[1], inner = vt_span(scores, 2, scores->rank),
          columns = log_probabilities ? vt_count(call->inputs[1]) : 0;
  double *offsets = vt_loss_offsets(ctx, scores);
  if (!offsets) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < columns; i++) {
    int64_t start = i / inner * classes * inner + i % inner;
    for (int64_t c = 0; c < classes; c++)
      put(log_probabilities, start + c * inner, vt_get_f64(scores, start + c * inner) - offsets[i]);
  }
  vt_status status = losses(ctx, call, offsets);
  vt_free(offsets);
  return status;
}

/* clang-format off */
#define ROW(operator, outputs_allowed, function, backward_function)                                          \
  {                                                                                                          \
    .name = operator, .since = 12, VT_INPUTS(2, 3), VT_OUTPUTS(1, outputs_allowed),                          \
    VT_SETTINGS(vt_loss_settings, loss_fields),                                                              \
    .types = {VT_FLOATS | VT_HALVES, VT_INDICES, VT_FLOATS | VT_HALVES},                                     \
    .shape = loss_shape, .implementations = {{"plain", NULL, function}},                                     \
    .backward = backward_function, .saves = VT_SAVES_INPUTS                                                  \
  }
static const vt_op rows[] = {
    ROW("NegativeLogLikelihoodLoss", 1, likelihood_run, vt_likelihood_backward),
    ROW("SoftmaxCrossEntropyLoss", 2, entropy_run, vt_entropy_backward),
};
/* clang-format on */

const vt_op_family vt_ops_loss = {rows, VT_COUNT(rows)};
