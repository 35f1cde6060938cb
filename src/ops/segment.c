/* SPDX-License-Identifier: Apache-2.0
 *
 * vt.SegmentReduce: rows brought together by label. x [batch…, N, rest…], labels [batch…, N] of numbers below
 * `count`, or −1 for rows that belong nowhere; y [batch…, count, rest…] holds the sum, mean or maximum of the
 * rows of each label, 0 where there are none. The gradient of a maximum goes to the first row that has it.
 *
 * ONNX: ScatterElements with reduction add or max into zeros (max: into the lowest number, then Where), the
 * mean divided by a scattered count.
 */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/plain.h"

enum { SEGMENT_SUM, SEGMENT_MEAN, SEGMENT_MAX, COLUMNS = 64 };

typedef struct segment_settings {
  int64_t count;
  int mode;
} segment_settings;

static const vt_field segment_fields[] = {
    {.name = "count",
     .kind = VT_FIELD_INT,
     .offset = offsetof(segment_settings, count),
     VT_RANGE(0, 0x7fffffff),
     .help = "labels are numbers below this",
     .required = true},
    {.name = "mode",
     .kind = VT_FIELD_CHOICE,
     .offset = offsetof(segment_settings, mode),
     .fallback = "sum",
     .choices = "sum|mean|max",
     .help = "what is kept of the rows of a label"},
};

/* x [outer, rows, inner] and y [outer, count, inner]. */
static vt_status segment_shape(vt_ctx *ctx, const vt_call *call)
{
  const segment_settings *settings = call->attributes;
  const vt_tensor *x = call->inputs[0], *labels = call->inputs[1];
  char a[160], b[160];
  bool fits = labels->rank >= 1 && labels->rank <= x->rank;
  for (int axis = 0; fits && axis < labels->rank; axis++)
    fits = labels->dims[axis] == x->dims[axis];
  if (!fits)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "labels %s do not fit x %s; [batch…, rows] and [batch…, rows, rest…] are needed",
                        vt_shape_text(labels, a), vt_shape_text(x, b));
  if (settings->count < 0)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_ARGUMENT, "count is %lld; it must be 0 or more",
                        (long long)settings->count);
  int64_t dims[VT_MAX_RANK];
  memcpy(dims, x->dims, sizeof dims);
  dims[labels->rank - 1] = settings->count;
  return vt_set_output(ctx, call, 0, x->type, x->rank, dims);
}

typedef struct segment_job {
  const vt_tensor *x, *labels;
  int mode;
  int64_t outer, rows, count, inner, blocks; /* blocks of COLUMNS in inner */
  double *values;                            /* of y: sums or maxima */
  double *sizes;                             /* rows of each label, [outer, count] */
  int64_t *winners;                          /* max: row, by element of y; −1: none */
  const vt_tensor *from;
} segment_job;

static vt_status make_job(vt_ctx *ctx, const vt_call *call, segment_job *job)
{
  const segment_settings *settings = call->attributes;
  const vt_tensor *x = call->inputs[0], *labels = call->inputs[1];
  *job = (segment_job){.x = x, .labels = labels, .mode = settings->mode, .count = settings->count};
  job->outer = vt_span(x, 0, labels->rank - 1);
  job->rows = labels->dims[labels->rank - 1];
  job->inner = vt_span(x, labels->rank, x->rank);
  job->blocks = (job->inner + COLUMNS - 1) / COLUMNS;
  job->sizes = vt_plain_read_or(ctx, NULL, job->outer * job->count, 0);
  if (!job->sizes) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0, all = vt_count(labels); i < all; i++) {
    int64_t label = vt_get_i64(labels, i);
    if (label < -1 || label >= job->count)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_ARGUMENT,
                          "label %lld at place %lld is neither -1 nor below count %lld", (long long)label,
                          (long long)i, (long long)job->count);
    if (label >= 0) job->sizes[i / job->rows * job->count + label]++;
  }
  return VT_OK;
}

/* Columns [*start, *start + width) of item `*item`. */
static int64_t block_of(const segment_job *job, int64_t number, int64_t *item, int64_t *start)
{
  *item = number / job->blocks;
  *start = number % job->blocks * COLUMNS;
  return job->inner - *start < COLUMNS ? job->inner - *start : COLUMNS;
}

/* Of a mean: every element of `values`, which are like y, by the rows of its label. */
static void divide(const segment_job *job, double *values)
{
  for (int64_t place = 0; job->mode == SEGMENT_MEAN && place < job->outer * job->count; place++)
    for (int64_t i = 0; job->sizes[place] > 0 && i < job->inner; i++)
      values[place * job->inner + i] /= job->sizes[place];
}

static void free_job(segment_job *job)
{
  vt_free(job->values);
  vt_free(job->sizes);
  vt_free(job->winners);
}

#define COLLECT(suffix, type)                                                                                \
  static void segment_collect_##suffix(void *user, int64_t first, int64_t last)                              \
  {                                                                                                          \
    const segment_job *job = user;                                                                           \
    for (int64_t number = first; number < last; number++) {                                                  \
      int64_t item, start, width = block_of(job, number, &item, &start);                                     \
      for (int64_t row = 0; row < job->rows; row++) {                                                        \
        int64_t label = vt_get_i64(job->labels, item * job->rows + row);                                     \
        if (label < 0) continue;                                                                             \
        const type *x = (const type *)job->x->data + (item * job->rows + row) * job->inner + start;          \
        int64_t place = (item * job->count + label) * job->inner + start;                                    \
        double *sums = job->values + place;                                                                  \
        int64_t *winners = job->winners ? job->winners + place : NULL;                                       \
        for (int64_t i = 0; i < width; i++)                                                                  \
          if (!winners)                                                                                      \
            sums[i] += (double)x[i];                                                                         \
          else if (winners[i] < 0 || (double)x[i] > sums[i] || (x[i] != x[i] && sums[i] == sums[i])) {       \
            sums[i] = (double)x[i];                                                                          \
            winners[i] = row;                                                                                \
          }                                                                                                  \
      }                                                                                                      \
    }                                                                                                        \
  }
COLLECT(f32, float)
COLLECT(f64, double)

/* Sums or maxima into job->values, and of maxima the rows. */
static vt_status collect(vt_ctx *ctx, segment_job *job)
{
  int64_t count = job->outer * job->count * job->inner;
  job->values = vt_plain_read_or(ctx, NULL, count, 0);
  if (!job->values) return VT_ERROR_OUT_OF_MEMORY;
  if (job->mode == SEGMENT_MAX) {
    job->winners = vt_alloc_zero(ctx, (size_t)count + 1, sizeof *job->winners);
    if (!job->winners) return VT_ERROR_OUT_OF_MEMORY;
    for (int64_t i = 0; i < count; i++)
      job->winners[i] = -1;
  }
  vt_parallel(ctx, job->outer * job->blocks, 1 + VT_LOOP_GRAIN / (job->rows * COLUMNS + 1),
              job->x->type == VT_F32 ? segment_collect_f32 : segment_collect_f64, job);
  return VT_OK;
}

static vt_status segment_run(vt_ctx *ctx, const vt_call *call)
{
  segment_job job;
  vt_status status = make_job(ctx, call, &job);
  if (status == VT_OK) status = collect(ctx, &job);
  if (status == VT_OK) {
    divide(&job, job.values);
    vt_plain_write(call->outputs[0], job.values);
  }
  free_job(&job);
  return status;
}

/* Every row gets the gradient of its label. */
static vt_status return_rows(vt_ctx *ctx, const segment_job *job, double *to)
{
  double *gradients = vt_plain_read(ctx, job->from);
  if (!gradients) return VT_ERROR_OUT_OF_MEMORY;
  divide(job, gradients);
  for (int64_t at = 0; at < job->outer * job->rows; at++) {
    int64_t label = vt_get_i64(job->labels, at);
    if (label < 0) continue;
    memcpy(to + at * job->inner, gradients + (at / job->rows * job->count + label) * job->inner,
           (size_t)job->inner * sizeof *to);
  }
  vt_free(gradients);
  return VT_OK;
}

static vt_status return_winners(vt_ctx *ctx, segment_job *job, double *to)
{
  VT_TRY(collect(ctx, job));
  for (int64_t at = 0, item_size = job->count * job->inner; at < job->outer * item_size; at++)
    if (job->winners[at] >= 0)
      to[(at / item_size * job->rows + job->winners[at]) * job->inner + at % job->inner] =
          vt_get_f64(job->from, at);
  return VT_OK;
}

static vt_status segment_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  segment_job job;
  if (!gradient->wanted[0]) return VT_OK;
  vt_tensor *made = vt_gradient_new(ctx, gradient, 0);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  double *to = NULL;
  vt_status status = make_job(ctx, gradient->call, &job);
  if (status == VT_OK && !(to = vt_plain_read_or(ctx, NULL, vt_count(made), 0)))
    status = VT_ERROR_OUT_OF_MEMORY;
  job.from = gradient->output_gradients[0];
  if (status == VT_OK)
    status = job.mode == SEGMENT_MAX ? return_winners(ctx, &job, to) : return_rows(ctx, &job, to);
  if (status == VT_OK) vt_plain_write(made, to);
  vt_free(to);
  free_job(&job);
  return status;
}

static double segment_flops(const vt_call *call)
{
  return (double)vt_count(call->inputs[0]);
}

static const vt_op rows[] = {
    {
        .name = "SegmentReduce",
        .domain = "vt",
        .since = 1,
        VT_INPUTS(2, 2),
        VT_OUTPUTS(1, 1),
        VT_SETTINGS(segment_settings, segment_fields),
        .types = {VT_FLOATS | VT_HALVES, VT_INDICES},
        .shape = segment_shape,
        .implementations = {VT_BY_F32, {"plain", NULL, segment_run}},
        .flops = segment_flops,
        .backward = segment_backward,
        .saves = VT_SAVES_INPUT(0) | VT_SAVES_INPUT(1),
    },
};

const vt_op_family vt_ops_segment = {rows, VT_COUNT(rows)};
