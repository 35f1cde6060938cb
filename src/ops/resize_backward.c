/* SPDX-License-Identifier: Apache-2.0
 *
 * Resize: gradients. An interpolation along an axis is a sparse matrix, its gradient the transposed one.
 */
#include "ops/move.h"
#include "ops/resize.h"

/* An axis by input index: its weights stand at starts[i]..starts[i + 1] − 1, by output index. */
typedef struct turned_axis {
  int64_t in, out;
  int64_t *starts, *index;
  double *weights;
} turned_axis;

static void turned_free(turned_axis *turned)
{
  vt_free(turned->starts);
  vt_free(turned->index);
  vt_free(turned->weights);
}

/* Freed by the caller, also after a failure. */
static vt_status turn_axis(vt_ctx *ctx, const vt_resize_axis *axis, turned_axis *out)
{
  int64_t count = axis->out * axis->taps;
  *out = (turned_axis){.in = axis->in, .out = axis->out};
  out->starts = vt_alloc_zero(ctx, (size_t)axis->in + 2, sizeof *out->starts);
  out->index = vt_alloc_zero(ctx, (size_t)count + 1, sizeof *out->index);
  out->weights = vt_alloc_zero(ctx, (size_t)count + 1, sizeof *out->weights);
  if (!out->starts || !out->index || !out->weights) return VT_ERROR_OUT_OF_MEMORY;
  /* counted two places further on: while lists are filled, starts[i + 1] is where the next one of i goes */
  for (int64_t k = 0; k < count; k++)
    if (axis->weights[k] != 0) out->starts[axis->index[k] + 2]++;
  for (int64_t i = 2; i <= axis->in; i++)
    out->starts[i] += out->starts[i - 1];
  for (int64_t k = 0; k < count; k++) {
    if (axis->weights[k] == 0) continue;
    int64_t at = out->starts[axis->index[k] + 1]++;
    out->index[at] = k / axis->taps;
    out->weights[at] = axis->weights[k];
  }
  return VT_OK;
}

/* [outer, out, inner] becomes [outer, in, inner]. A line is one (outer, in) pair. */
typedef struct back_job {
  const turned_axis *axis;
  const void *from;
  void *to;
  int64_t inner;
} back_job;

/* Two loops: along the line where it has a length, else over the weights with the sum in a register. */
#define DEFINE_BACK(name, type)                                                                              \
  VT_CLONES static void name(void *user, int64_t first, int64_t last)                                        \
  {                                                                                                          \
    const back_job *job = user;                                                                              \
    const turned_axis *axis = job->axis;                                                                     \
    int64_t inner = job->inner;                                                                              \
    for (int64_t line = first; line < last; line++) {                                                        \
      const type *from = (const type *)job->from + line / axis->in * axis->out * inner;                      \
      type *to = (type *)job->to + line * inner;                                                             \
      int64_t start = axis->starts[line % axis->in], end = axis->starts[line % axis->in + 1];                \
      double sum = 0;                                                                                        \
      for (int64_t k = start; k < end && inner == 1; k++)                                                    \
        sum += axis->weights[k] * (double)from[axis->index[k]];                                              \
      for (int64_t i = 0; i < inner; i++)                                                                    \
        to[i] = (type)sum;                                                                                   \
      for (int64_t k = start; k < end && inner > 1; k++) {                                                   \
        const type *row = from + axis->index[k] * inner;                                                     \
        type weight = (type)axis->weights[k];                                                                \
        _Pragma("omp simd") for (int64_t i = 0; i < inner; i++) to[i] += weight * row[i];                    \
      }                                                                                                      \
    }                                                                                                        \
  }

DEFINE_BACK(resize_back_f32, float)
DEFINE_BACK(resize_back_f64, double)

/* Axes in the order in which they are worked off: the one that was enlarged most first, so that little is
 * left for the others. */
static int order_axes(const vt_resize_axis *axes, int rank, int *order)
{
  int count = 0;
  for (int axis = 0; axis < rank; axis++) {
    if (axes[axis].identity) continue;
    int at = count++;
    for (; at > 0; at--) {
      const vt_resize_axis *before = &axes[order[at - 1]];
      if ((double)axes[axis].out * (double)before->in <= (double)before->out * (double)axes[axis].in) break;
      order[at] = order[at - 1];
    }
    order[at] = axis;
  }
  return count;
}

static vt_status back_axis(vt_ctx *ctx, const vt_resize_axis *axis, const vt_tensor *now, int at,
                           const void *from, void *to)
{
  turned_axis turned;
  vt_status status = turn_axis(ctx, axis, &turned);
  if (status == VT_OK) {
    back_job job = {&turned, from, to, vt_span(now, at + 1, now->rank)};
    int64_t work = job.inner * (1 + axis->out * axis->taps / axis->in);
    vt_parallel(ctx, vt_span(now, 0, at) * axis->in, (1 << 15) / (work + 1),
                now->type == VT_F32 ? resize_back_f32 : resize_back_f64, &job);
  }
  turned_free(&turned);
  return status;
}

vt_status vt_resize_passes_back(vt_ctx *ctx, const vt_tensor *gradient, vt_tensor *sum,
                                const vt_resize_axis *axes)
{
  int order[VT_MAX_RANK], count = order_axes(axes, sum->rank, order);
  const vt_tensor *now = gradient;
  if (count == 0) memcpy(sum->data, gradient->data, vt_bytes(sum));
  for (int i = 0; i < count; i++) {
    vt_tensor *next = sum;
    if (i < count - 1) {
      int64_t dims[VT_MAX_RANK];
      memcpy(dims, now->dims, sizeof dims);
      dims[order[i]] = axes[order[i]].in;
      next = vt_tensor_new(ctx, sum->type, sum->rank, dims);
      if (!next) return VT_ERROR_OUT_OF_MEMORY;
    }
    VT_TRY(back_axis(ctx, &axes[order[i]], now, order[i], now->data, next->data));
    now = next;
  }
  return VT_OK;
}
