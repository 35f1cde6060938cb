/* SPDX-License-Identifier: Apache-2.0
 *
 * Softmax, LogSoftmax, Hardmax along one axis. The maximum is subtracted first, so that nothing overflows;
 * sums of f32 are kept in f64.
 */
#include "ops/softmax.h"
#include "ops/elementwise.h"
#include "ops/families.h"

enum { LANES = 16, COLUMNS = 64 };

static const vt_field softmax_fields[] = {
    {.name = "axis",
     .kind = VT_FIELD_INT,
     .offset = offsetof(vt_softmax_settings, axis),
     .fallback = "-1",
     .help = "the axis that is made to sum to 1; negative counts from the end"},
};

static vt_status softmax_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_softmax_settings *settings = call->attributes;
  int axis;
  /* a scalar is a distribution over one thing */
  if (call->inputs[0]->rank > 0) VT_TRY(vt_axis(ctx, "axis", settings->axis, call->inputs[0]->rank, &axis));
  return vt_shape_same(ctx, call);
}

typedef struct softmax {
  const void *data;
  void *out;
  int64_t length, inner; /* [outer, length, inner] */
  bool logarithm;
} softmax;

/* When the axis is the last: one row, in lanes so that sums have one order everywhere. */
#define SOFTMAX_ROW(suffix, type)                                                                            \
  VT_CLONES static void softmax_row_##suffix(const type *x, type *y, int64_t count, bool logarithm)          \
  {                                                                                                          \
    type tops[LANES], top = x[0];                                                                            \
    double sums[LANES] = {0}, sum = 0;                                                                       \
    int64_t whole = count - count % LANES;                                                                   \
    for (int lane = 0; lane < LANES; lane++)                                                                 \
      tops[lane] = top;                                                                                      \
    for (int64_t i = 0; i < whole; i += LANES) {                                                             \
      _Pragma("omp simd") for (int lane = 0; lane < LANES; lane++) tops[lane] =                              \
          x[i + lane] > tops[lane] ? x[i + lane] : tops[lane];                                               \
    }                                                                                                        \
    for (int lane = 0; lane < LANES; lane++)                                                                 \
      top = tops[lane] > top ? tops[lane] : top;                                                             \
    for (int64_t i = whole; i < count; i++)                                                                  \
      top = x[i] > top ? x[i] : top;                                                                         \
    for (int64_t i = 0; i < whole; i += LANES) {                                                             \
      _Pragma("omp simd") for (int lane = 0; lane < LANES; lane++)                                           \
      {                                                                                                      \
        const type power = VT_EXP(x[i + lane] - top);                                                        \
        sums[lane] += (double)power;                                                                         \
        y[i + lane] = power;                                                                                 \
      }                                                                                                      \
    }                                                                                                        \
    for (int lane = 0; lane < LANES; lane++)                                                                 \
      sum += sums[lane];                                                                                     \
    for (int64_t i = whole; i < count; i++) {                                                                \
      y[i] = VT_EXP(x[i] - top);                                                                             \
      sum += (double)y[i];                                                                                   \
    }                                                                                                        \
    if (logarithm) {                                                                                         \
      const type logarithm_of_sum = (type)log(sum);                                                          \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) y[i] = (x[i] - top) - logarithm_of_sum;        \
    } else {                                                                                                 \
      const type factor = (type)(1 / sum);                                                                   \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) y[i] *= factor;                                \
    }                                                                                                        \
  }

/* Any other axis: up to COLUMNS neighbouring columns together. */
#define SOFTMAX_COLUMNS(suffix, type)                                                                        \
  VT_CLONES static void softmax_columns_##suffix(const type *x, type *y, int64_t count, int64_t stride,      \
                                                 int64_t width, bool logarithm)                              \
  {                                                                                                          \
    type top[COLUMNS];                                                                                       \
    double sum[COLUMNS] = {0};                                                                               \
    for (int64_t j = 0; j < width; j++)                                                                      \
      top[j] = x[j];                                                                                         \
    for (int64_t i = 1; i < count; i++) {                                                                    \
      const type *row = x + i * stride;                                                                      \
      _Pragma("omp simd") for (int64_t j = 0; j < width; j++) top[j] = row[j] > top[j] ? row[j] : top[j];    \
    }                                                                                                        \
    for (int64_t i = 0; i < count; i++) {                                                                    \
      const type *row = x + i * stride;                                                                      \
      type *out = y + i * stride;                                                                            \
      _Pragma("omp simd") for (int64_t j = 0; j < width; j++)                                                \
      {                                                                                                      \
        const type power = VT_EXP(row[j] - top[j]);                                                          \
        sum[j] += (double)power;                                                                             \
        out[j] = power;                                                                                      \
      }                                                                                                      \
    }                                                                                                        \
    for (int64_t j = 0; j < width; j++)                                                                      \
      sum[j] = logarithm ? log(sum[j]) : 1 / sum[j];                                                         \
    for (int64_t i = 0; i < count; i++) {                                                                    \
      const type *row = x + i * stride;                                                                      \
      type *out = y + i * stride;                                                                            \
      if (logarithm)                                                                                         \
        for (int64_t j = 0; j < width; j++)                                                                  \
          out[j] = (row[j] - top[j]) - (type)sum[j];                                                         \
      else                                                                                                   \
        for (int64_t j = 0; j < width; j++)                                                                  \
          out[j] *= (type)sum[j];                                                                            \
    }                                                                                                        \
  }

/* Lines first..last of [outer, inner]. */
#define SOFTMAX_RANGE(suffix, type)                                                                          \
  SOFTMAX_ROW(suffix, type)                                                                                  \
  SOFTMAX_COLUMNS(suffix, type)                                                                              \
  static void softmax_range_##suffix(void *user, int64_t first, int64_t last)                                \
  {                                                                                                          \
    const softmax *job = user;                                                                               \
    for (int64_t line = first; line < last;) {                                                               \
      int64_t column = line % job->inner, start = line / job->inner * job->length * job->inner + column;     \
      int64_t width = job->inner - column < last - line ? job->inner - column : last - line;                 \
      if (width > COLUMNS) width = COLUMNS;                                                                  \
      const type *x = (const type *)job->data + start;                                                       \
      type *y = (type *)job->out + start;                                                                    \
      if (job->inner == 1)                                                                                   \
        softmax_row_##suffix(x, y, job->length, job->logarithm);                                             \
      else                                                                                                   \
        softmax_columns_##suffix(x, y, job->length, job->inner, width, job->logarithm);                      \
      line += width;                                                                                         \
    }                                                                                                        \
  }

SOFTMAX_RANGE(f32, float)
SOFTMAX_RANGE(f64, double)

/* The first of the largest values becomes 1, the others 0. */
#define HARDMAX_RANGE(suffix, type)                                                                          \
  static void hardmax_range_##suffix(void *user, int64_t first, int64_t last)                                \
  {                                                                                                          \
    const softmax *job = user;                                                                               \
    for (int64_t line = first; line < last; line++) {                                                        \
      int64_t start = line / job->inner * job->length * job->inner + line % job->inner, best = 0;            \
      const type *x = (const type *)job->data + start;                                                       \
      type *y = (type *)job->out + start;                                                                    \
      for (int64_t i = 1; i < job->length; i++)                                                              \
        if (x[i * job->inner] > x[best * job->inner]) best = i;                                              \
      for (int64_t i = 0; i < job->length; i++)                                                              \
        y[i * job->inner] = i == best;                                                                       \
    }                                                                                                        \
  }

HARDMAX_RANGE(f32, float)
HARDMAX_RANGE(f64, double)

static vt_status run(vt_ctx *ctx, const vt_call *call, vt_range_fn f32, vt_range_fn f64, bool logarithm)
{
  const vt_tensor *input = call->inputs[0];
  if (vt_is_half(input)) return vt_run_widened(ctx, call);
  const vt_softmax_settings *settings = call->attributes;
  softmax job = {
      .data = input->data, .out = call->outputs[0]->data, .length = 1, .inner = 1, .logarithm = logarithm};
  int axis = 0;
  if (input->rank > 0) {
    VT_TRY(vt_axis(ctx, "axis", settings->axis, input->rank, &axis));
    job.length = input->dims[axis];
    job.inner = vt_span(input, axis + 1, input->rank);
  }
  if (vt_count(input) == 0) return VT_OK;
  vt_parallel(ctx, vt_span(input, 0, axis) * job.inner, 1 + VT_LOOP_GRAIN / job.length,
              input->type == VT_F32 ? f32 : f64, &job);
  return VT_OK;
}

static vt_status softmax_run(vt_ctx *ctx, const vt_call *call)
{
  return run(ctx, call, softmax_range_f32, softmax_range_f64, false);
}

static vt_status log_softmax_run(vt_ctx *ctx, const vt_call *call)
{
  return run(ctx, call, softmax_range_f32, softmax_range_f64, true);
}

static vt_status hardmax_run(vt_ctx *ctx, const vt_call *call)
{
  return run(ctx, call, hardmax_range_f32, hardmax_range_f64, false);
}

/* clang-format off */
#define ROW(operator, function)                                                                              \
    .name = operator, .since = 1, VT_INPUTS(1, 1), VT_OUTPUTS(1, 1),                                         \
    VT_SETTINGS(vt_softmax_settings, softmax_fields),                                                        \
    .types = {VT_FLOATS | VT_HALVES}, .shape = softmax_shape, .implementations = {{"plain", NULL, function}}

static const vt_op rows[] = {
    {ROW("Softmax", softmax_run), .backward = vt_softmax_backward, .saves = VT_SAVES_OUTPUT(0)},
    {ROW("LogSoftmax", log_softmax_run), .backward = vt_log_softmax_backward, .saves = VT_SAVES_OUTPUT(0)},
    {ROW("Hardmax", hardmax_run), .backward = vt_backward_zero},
};
/* clang-format on */

const vt_op_family vt_ops_softmax = {rows, VT_COUNT(rows)};
