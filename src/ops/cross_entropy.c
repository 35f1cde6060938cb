/* SPDX-License-Identifier: Apache-2.0
 *
 * vt.CrossEntropy: the loss that models are trained with. Scores [rows…, classes], targets [rows…] of class
 * numbers, weights [classes] or none. With p the softmax of a row, w its weights and ε label_smoothing,
 *
 *   loss = −(1 − ε) · w[target] · log p[target] − ε / classes · Σ_k w[k] · log p[k]
 *
 * Rows whose target is ignore_index count nothing; the mean divides by the sum of w[target] of the others and
 * is 0 when there are none. Against SoftmaxCrossEntropyLoss: smoothing, classes last, single precision inside
 * a row of f32, work on several threads. Weights count as fixed.
 *
 * ONNX: SoftmaxCrossEntropyLoss of the transposed scores; smoothing by ReduceMean of its log probabilities.
 */
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/plain.h"

enum { REDUCE_NONE, REDUCE_SUM, REDUCE_MEAN, LANES = 16 };

typedef struct entropy_settings {
  int64_t ignore_index;
  double label_smoothing;
  int reduction;
} entropy_settings;

static const vt_field entropy_fields[] = {
    {.name = "ignore_index",
     .kind = VT_FIELD_INT,
     .offset = offsetof(entropy_settings, ignore_index),
     .fallback = "-1",
     .help = "class number of rows that count nothing"},
    {.name = "label_smoothing",
     .kind = VT_FIELD_REAL,
     .offset = offsetof(entropy_settings, label_smoothing),
     .fallback = "0",
     VT_RANGE(0, 1),
     .help = "share of the target that goes to all classes alike"},
    {.name = "reduction",
     .kind = VT_FIELD_CHOICE,
     .offset = offsetof(entropy_settings, reduction),
     .fallback = "mean",
     .choices = "none|sum|mean",
     .help = "one loss a row, their sum, or their weighted mean"},
};

static vt_status entropy_shape(vt_ctx *ctx, const vt_call *call)
{
  const entropy_settings *settings = call->attributes;
  const vt_tensor *scores = call->inputs[0], *targets = call->inputs[1], *weights = vt_input(call, 2);
  char a[160], b[160];
  bool fits = scores->rank >= 1 && targets->rank == scores->rank - 1;
  for (int axis = 0; fits && axis < targets->rank; axis++)
    fits = targets->dims[axis] == scores->dims[axis];
  if (!fits)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "targets %s do not fit scores %s; [rows…] and [rows…, classes] are needed",
                        vt_shape_text(targets, a), vt_shape_text(scores, b));
  if (weights && (weights->rank != 1 || weights->dims[0] != scores->dims[scores->rank - 1] ||
                  weights->type != scores->type))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "weights %s do not fit scores %s; one of the same type for each class is needed",
                        vt_shape_text(weights, a), vt_shape_text(scores, b));
  if (!(settings->label_smoothing >= 0 && settings->label_smoothing <= 1))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_ARGUMENT, "label_smoothing is %g; 0 to 1 are possible",
                        settings->label_smoothing);
  if (settings->reduction != REDUCE_NONE) return vt_set_output(ctx, call, 0, scores->type, 0, NULL);
  return vt_set_output(ctx, call, 0, scores->type, targets->rank, targets->dims);
}

typedef struct entropy_job {
  const vt_tensor *scores, *targets;
  const entropy_settings *settings;
  int64_t rows, classes;
  double *weights;            /* [classes] */
  double weight_sum, counted; /* of all classes; of the targets that count */
  double *losses;             /* [rows] */
  const vt_tensor *given;     /* backward: gradient of the loss */
  vt_tensor *made;
} entropy_job;

static vt_status make_job(vt_ctx *ctx, const vt_call *call, entropy_job *job)
{
  const vt_tensor *scores = call->inputs[0], *targets = call->inputs[1];
  *job = (entropy_job){.scores = scores, .targets = targets, .settings = call->attributes};
  job->rows = vt_count(targets);
  job->classes = scores->dims[scores->rank - 1];
  job->weights = vt_plain_read_or(ctx, vt_input(call, 2), job->classes, 1);
  if (!job->weights) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t k = 0; k < job->classes; k++)
    job->weight_sum += job->weights[k];
  for (int64_t row = 0; row < job->rows; row++) {
    int64_t target = vt_get_i64(targets, row);
    if (target == job->settings->ignore_index) continue;
    if (target < 0 || target >= job->classes)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_ARGUMENT,
                          "target %lld of row %lld is not one of %lld classes", (long long)target,
                          (long long)row, (long long)job->classes);
    job->counted += job->weights[target];
  }
  return VT_OK;
}

/* Σ e^(x − *highest) of a row. In lanes, so that they have one order everywhere. */
#define ROWS(suffix, type)                                                                                   \
  VT_CLONES static double entropy_sum_##suffix(const type *x, int64_t count, type *highest)                  \
  {                                                                                                          \
    type tops[LANES], top = x[0];                                                                            \
    double sums[LANES] = {0}, sum = 0;                                                                       \
    int64_t whole = count - count % LANES;                                                                   \
    for (int lane = 0; lane < LANES; lane++)                                                                 \
      tops[lane] = x[0];                                                                                     \
    for (int64_t i = 0; i < whole; i += LANES) {                                                             \
      _Pragma("omp simd") for (int lane = 0; lane < LANES; lane++) tops[lane] =                              \
          x[i + lane] > tops[lane] ? x[i + lane] : tops[lane];                                               \
    }                                                                                                        \
    for (int64_t i = whole; i < count; i++)                                                                  \
      top = x[i] > top ? x[i] : top;                                                                         \
    for (int lane = 0; lane < LANES; lane++)                                                                 \
      top = tops[lane] > top ? tops[lane] : top;                                                             \
    if (!(top > -INFINITY && top < INFINITY)) top = 0;                                                       \
    for (int64_t i = 0; i < whole; i += LANES) {                                                             \
      _Pragma("omp simd") for (int lane = 0; lane < LANES; lane++) sums[lane] +=                             \
          (double)VT_EXP(x[i + lane] - top);                                                                 \
    }                                                                                                        \
    for (int64_t i = whole; i < count; i++)                                                                  \
      sums[i - whole] += (double)VT_EXP(x[i] - top);                                                         \
    for (int lane = 0; lane < LANES; lane++)                                                                 \
      sum += sums[lane];                                                                                     \
    *highest = top;                                                                                          \
    return sum;                                                                                              \
  }                                                                                                          \
  static void entropy_rows_##suffix(void *user, int64_t first, int64_t last)                                 \
  {                                                                                                          \
    const entropy_job *job = user;                                                                           \
    const double smooth = job->settings->label_smoothing;                                                    \
    for (int64_t row = first; row < last; row++) {                                                           \
      const type *x = (const type *)job->scores->data + row * job->classes;                                  \
      int64_t target = vt_get_i64(job->targets, row);                                                        \
      job->losses[row] = 0;                                                                                  \
      if (target == job->settings->ignore_index) continue;                                                   \
      type top;                                                                                              \
      double offset = log(entropy_sum_##suffix(x, job->classes, &top)) + (double)top, all = 0;               \
      for (int64_t k = 0; smooth > 0 && k < job->classes; k++)                                               \
        all += job->weights[k] * (offset - (double)x[k]);                                                    \
      job->losses[row] = (1 - smooth) * job->weights[target] * (offset - (double)x[target]) +                \
                         smooth * all / (double)job->classes;                                                \
    }                                                                                                        \
  }                                                                                                          \
  /* d[k] = factor · e^(x[k] − top) */                                                                    \
  VT_CLONES static void entropy_softmax_##suffix(const type *x, type *d, int64_t count, type top,            \
                                                 type factor)                                                \
  {                                                                                                          \
    _Pragma("omp simd") for (int64_t k = 0; k < count; k++) d[k] = factor * VT_EXP(x[k] - top);              \
  }                                                                                                          \
  static void entropy_back_##suffix(void *user, int64_t first, int64_t last)                                 \
  {                                                                                                          \
    const entropy_job *job = user;                                                                           \
    const double smooth = job->settings->label_smoothing, part = smooth / (double)job->classes;              \
    for (int64_t row = first; row < last; row++) {                                                           \
      const type *x = (const type *)job->scores->data + row * job->classes;                                  \
      type *d = (type *)job->made->data + row * job->classes;                                                \
      int64_t target = vt_get_i64(job->targets, row);                                                        \
      double given = vt_get_f64(job->given, job->settings->reduction == REDUCE_NONE ? row : 0);              \
      if (target == job->settings->ignore_index) {                                                           \
        memset(d, 0, (size_t)job->classes * sizeof *d);                                                      \
        continue;                                                                                            \
      }                                                                                                      \
      if (job->settings->reduction == REDUCE_MEAN) given = job->counted != 0 ? given / job->counted : 0;     \
      double own = (1 - smooth) * job->weights[target];                                                      \
      type top;                                                                                              \
      double sum = entropy_sum_##suffix(x, job->classes, &top);                                              \
      entropy_softmax_##suffix(x, d, job->classes, top,                                                      \
                               (type)(given * (own + part * job->weight_sum) / sum));                        \
      d[target] -= (type)(given * own);                                                                      \
      for (int64_t k = 0; smooth > 0 && k < job->classes; k++)                                               \
        d[k] -= (type)(given * part * job->weights[k]);                                                      \
    }                                                                                                        \
  }
ROWS(f32, float)
ROWS(f64, double)

static vt_status entropy_run(vt_ctx *ctx, const vt_call *call)
{
  entropy_job job;
  vt_status status = make_job(ctx, call, &job);
  if (status == VT_OK && !(job.losses = vt_plain_read_or(ctx, NULL, job.rows, 0)))
    status = VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    vt_parallel(ctx, job.rows, 1 + VT_LOOP_GRAIN / (job.classes + 1),
                job.scores->type == VT_F32 ? entropy_rows_f32 : entropy_rows_f64, &job);
    double total = 0;
    for (int64_t row = 0; row < job.rows; row++)
      total += job.losses[row];
    if (job.settings->reduction == REDUCE_MEAN) total = job.counted != 0 ? total / job.counted : 0;
    vt_plain_write(call->outputs[0], job.settings->reduction == REDUCE_NONE ? job.losses : &total);
  }
  vt_free(job.weights);
  vt_free(job.losses);
  return status;
}

static vt_status entropy_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  entropy_job job;
  if (!gradient->wanted[0]) return VT_OK;
  vt_status status = make_job(ctx, gradient->call, &job);
  if (status == VT_OK && !(job.made = vt_gradient_new(ctx, gradient, 0))) status = VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    job.given = gradient->output_gradients[0];
    vt_parallel(ctx, job.rows, 1 + VT_LOOP_GRAIN / (job.classes + 1),
                job.made->type == VT_F32 ? entropy_back_f32 : entropy_back_f64, &job);
  }
  vt_free(job.weights);
  return status;
}

static double entropy_flops(const vt_call *call)
{
  return 3.0 * (double)vt_count(call->inputs[0]);
}

static const vt_op rows[] = {
    {
        .name = "CrossEntropy",
        .domain = "vt",
        .since = 1,
        VT_INPUTS(2, 3),
        VT_OUTPUTS(1, 1),
        VT_SETTINGS(entropy_settings, entropy_fields),
        .types = {VT_FLOATS | VT_HALVES, VT_INDICES, VT_FLOATS | VT_HALVES},
        .shape = entropy_shape,
        .implementations = {VT_BY_F32, {"plain", NULL, entropy_run}},
        .flops = entropy_flops,
        .backward = entropy_backward,
        .saves = VT_SAVES_INPUTS,
    },
};

const vt_op_family vt_ops_cross_entropy = {rows, VT_COUNT(rows)};
