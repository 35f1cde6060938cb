/* SPDX-License-Identifier: Apache-2.0
 *
 * vt.AdaptiveAveragePool: means over bins that share an axis of I places into O parts, of places ⌊i·I/O⌋ …
 * ⌈(i+1)·I/O⌉ − 1 (PyTorch's rule: bins may differ in size and overlap by one). X [N, C, d1, …] with one to
 * three spatial axes, Y [N, C, output_size…].
 *
 * ONNX: a MatMul for each axis, whose matrix holds 1/size where a place belongs to a bin.
 */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/plain.h"

enum { AXES = 3 };

typedef struct adaptive_settings {
  vt_ints output_size;
} adaptive_settings;

static const vt_field adaptive_fields[] = {
    {.name = "output_size",
     .kind = VT_FIELD_INTS,
     .offset = offsetof(adaptive_settings, output_size),
     VT_RANGE(1, 0x7fffffff),
     .help = "bins along each spatial axis",
     .required = true},
};

static vt_status adaptive_shape(vt_ctx *ctx, const vt_call *call)
{
  const adaptive_settings *settings = call->attributes;
  const vt_tensor *x = call->inputs[0];
  const vt_ints *sizes = &settings->output_size;
  char text[160];
  int64_t dims[VT_MAX_RANK];
  if (x->rank < 3 || x->rank > 2 + AXES || sizes->count != (size_t)x->rank - 2)
    return vt_call_fail(
        ctx, call, VT_ERROR_INVALID_MODEL,
        "x is %s and output_size has %zu numbers; [items, channels, 1 to %d axes] and a number "
        "for each of the axes are needed",
        vt_shape_text(x, text), sizes->count, AXES);
  memcpy(dims, x->dims, sizeof dims);
  for (int axis = 2; axis < x->rank; axis++) {
    dims[axis] = sizes->data[axis - 2];
    if (dims[axis] < 1 || dims[axis] > INT32_MAX || x->dims[axis] < 1 || x->dims[axis] > INT32_MAX)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "axis %d of %s cannot be shared into %lld bins",
                          axis, vt_shape_text(x, text), (long long)dims[axis]);
  }
  return vt_set_output(ctx, call, 0, x->type, x->rank, dims);
}

typedef struct adaptive_job {
  int64_t in[AXES], out[AXES]; /* missing axes in front have size 1 */
  const vt_tensor *from;
  vt_tensor *to;
  double *sums; /* backward: of all planes */
} adaptive_job;

static adaptive_job make_job(const vt_tensor *x, const vt_tensor *y)
{
  adaptive_job job = {.in = {1, 1, 1}, .out = {1, 1, 1}};
  for (int axis = 2; axis < x->rank; axis++) {
    job.in[AXES - x->rank + axis] = x->dims[axis];
    job.out[AXES - x->rank + axis] = y->dims[axis];
  }
  return job;
}

typedef struct adaptive_bin {
  int64_t first[AXES], last[AXES];
  double share; /* 1 / places */
} adaptive_bin;

static adaptive_bin make_bin(const adaptive_job *job, int64_t number)
{
  adaptive_bin bin = {.share = 1};
  for (int axis = AXES - 1; axis >= 0; axis--) {
    int64_t i = number % job->out[axis], in = job->in[axis], out = job->out[axis];
    number /= out;
    bin.first[axis] = i * in / out;
    bin.last[axis] = ((i + 1) * in + out - 1) / out;
    bin.share /= (double)(bin.last[axis] - bin.first[axis]);
  }
  return bin;
}

#define POOL(suffix, type)                                                                                   \
  static void adaptive_pool_##suffix(void *user, int64_t first, int64_t last)                                \
  {                                                                                                          \
    const adaptive_job *job = user;                                                                          \
    int64_t places = job->in[0] * job->in[1] * job->in[2], bins = job->out[0] * job->out[1] * job->out[2];   \
    for (int64_t at = first * bins; at < last * bins; at++) {                                                \
      const adaptive_bin bin = make_bin(job, at % bins);                                                     \
      const type *plane = (const type *)job->from->data + at / bins * places;                                \
      double sum = 0;                                                                                        \
      for (int64_t i = bin.first[0]; i < bin.last[0]; i++)                                                   \
        for (int64_t j = bin.first[1]; j < bin.last[1]; j++)                                                 \
          for (int64_t k = bin.first[2]; k < bin.last[2]; k++)                                               \
            sum += (double)plane[(i * job->in[1] + j) * job->in[2] + k];                                     \
      ((type *)job->to->data)[at] = (type)(sum * bin.share);                                                 \
    }                                                                                                        \
  }
POOL(f32, float)
POOL(f64, double)

/* Planes [first, last); a place gets the share of every bin that it is in. */
static void adaptive_return(void *user, int64_t first, int64_t last)
{
  const adaptive_job *job = user;
  int64_t places = job->in[0] * job->in[1] * job->in[2], bins = job->out[0] * job->out[1] * job->out[2];
  for (int64_t at = first * bins; at < last * bins; at++) {
    const adaptive_bin bin = make_bin(job, at % bins);
    double *plane = job->sums + at / bins * places, part = vt_get_f64(job->from, at) * bin.share;
    for (int64_t i = bin.first[0]; i < bin.last[0]; i++)
      for (int64_t j = bin.first[1]; j < bin.last[1]; j++)
        for (int64_t k = bin.first[2]; k < bin.last[2]; k++)
          plane[(i * job->in[1] + j) * job->in[2] + k] += part;
  }
}

static int64_t planes_of(const vt_tensor *x)
{
  return x->dims[0] * x->dims[1];
}

static vt_status adaptive_run(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *x = call->inputs[0];
  adaptive_job job = make_job(x, call->outputs[0]);
  job.from = x;
  job.to = call->outputs[0];
  vt_parallel(ctx, planes_of(x), 1 + VT_LOOP_GRAIN / vt_span(x, 2, x->rank),
              x->type == VT_F32 ? adaptive_pool_f32 : adaptive_pool_f64, &job);
  return VT_OK;
}

static vt_status adaptive_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *x = gradient->call->inputs[0];
  if (!gradient->wanted[0]) return VT_OK;
  vt_tensor *made = vt_gradient_new(ctx, gradient, 0);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  adaptive_job job = make_job(x, gradient->output_gradients[0]);
  job.from = gradient->output_gradients[0];
  job.sums = vt_plain_read_or(ctx, NULL, vt_count(made), 0);
  if (!job.sums) return VT_ERROR_OUT_OF_MEMORY;
  vt_parallel(ctx, planes_of(x), 1 + VT_LOOP_GRAIN / vt_span(x, 2, x->rank), adaptive_return, &job);
  vt_plain_write(made, job.sums);
  vt_free(job.sums);
  return VT_OK;
}

static double adaptive_flops(const vt_call *call)
{
  return (double)vt_count(call->inputs[0]);
}

static const vt_op rows[] = {
    {
        .name = "AdaptiveAveragePool",
        .domain = "vt",
        .since = 1,
        VT_INPUTS(1, 1),
        VT_OUTPUTS(1, 1),
        VT_SETTINGS(adaptive_settings, adaptive_fields),
        .types = {VT_FLOATS | VT_HALVES},
        .shape = adaptive_shape,
        .implementations = {VT_BY_F32, {"plain", NULL, adaptive_run}},
        .flops = adaptive_flops,
        .backward = adaptive_backward,
    },
};

const vt_op_family vt_ops_adaptive_pool = {rows, VT_COUNT(rows)};
