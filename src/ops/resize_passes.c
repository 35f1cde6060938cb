/* SPDX-License-Identifier: Apache-2.0
 *
 * Resize: the sums.
 */
#include "ops/move.h"
#include "ops/resize.h"

/* ---- one pass an axis ---- */

/* The data as [outer, in, inner] becomes [outer, out, inner]. A line is one (outer, out) pair. */
typedef struct pass_job {
  const vt_resize_axis *axis;
  const void *from;
  void *to;
  int64_t inner;
} pass_job;

/* Two loops: along the line where it has a length, else over the taps with the sum in a register. */
#define DEFINE_PASS(name, type)                                                                              \
  VT_CLONES static void name(void *user, int64_t first, int64_t last)                                        \
  {                                                                                                          \
    const pass_job *job = user;                                                                              \
    const vt_resize_axis *axis = job->axis;                                                                  \
    int64_t inner = job->inner;                                                                              \
    for (int64_t line = first; line < last; line++) {                                                        \
      const int64_t *index = axis->index + line % axis->out * axis->taps;                                    \
      const double *weights = axis->weights + line % axis->out * axis->taps;                                 \
      const type *from = (const type *)job->from + line / axis->out * axis->in * inner;                      \
      type *to = (type *)job->to + line * inner, sum = 0;                                                    \
      for (int64_t t = 0; t < axis->taps && inner == 1; t++)                                                 \
        sum += (type)weights[t] * from[index[t]];                                                            \
      for (int64_t i = 0; i < inner; i++)                                                                    \
        to[i] = sum;                                                                                         \
      for (int64_t t = 0; t < axis->taps && inner > 1; t++) {                                                \
        const type *row = from + index[t] * inner;                                                           \
        type weight = (type)weights[t];                                                                      \
        if (weight == 0) continue;                                                                           \
        _Pragma("omp simd") for (int64_t i = 0; i < inner; i++) to[i] += weight * row[i];                    \
      }                                                                                                      \
    }                                                                                                        \
  }

DEFINE_PASS(pass_f32, float)
DEFINE_PASS(pass_f64, double)

/* Axes in the order in which they are worked off: the one that shrinks most first, of equals the last one. */
static int order_axes(const vt_resize_axis *axes, int rank, int *order)
{
  int count = 0;
  for (int axis = rank - 1; axis >= 0; axis--) {
    if (axes[axis].identity) continue;
    int at = count++;
    for (; at > 0; at--) {
      const vt_resize_axis *before = &axes[order[at - 1]];
      if ((double)axes[axis].out / (double)axes[axis].in >= (double)before->out / (double)before->in) break;
      order[at] = order[at - 1];
    }
    order[at] = axis;
  }
  return count;
}

/* All passes in one type; `from` and `to` hold elements of it. */
static vt_status run_passes(vt_ctx *ctx, const vt_tensor *shape, const vt_resize_axis *axes, vt_type type,
                            const void *from, void *to)
{
  int order[VT_MAX_RANK], count = order_axes(axes, shape->rank, order);
  vt_tensor now = {.type = type, .rank = shape->rank};
  memcpy(now.dims, shape->dims, sizeof now.dims);
  void *between = NULL; /* what the last pass wrote, when that was not `to` */
  for (int i = 0; i < count; i++) {
    int axis = order[i];
    vt_tensor next = {0};
    int64_t dims[VT_MAX_RANK];
    memcpy(dims, now.dims, sizeof dims);
    dims[axis] = axes[axis].out;
    vt_status status = vt_tensor_set_shape(ctx, &next, type, now.rank, dims);
    void *target = i == count - 1 ? to : status == VT_OK ? vt_alloc(ctx, vt_bytes(&next)) : NULL;
    if (!target) {
      vt_free(between);
      return VT_ERROR_OUT_OF_MEMORY;
    }
    pass_job job = {&axes[axis], from, target, vt_span(&now, axis + 1, now.rank)};
    vt_parallel(ctx, vt_span(&now, 0, axis) * axes[axis].out, (1 << 15) / (job.inner * axes[axis].taps + 1),
                type == VT_F32 ? pass_f32 : pass_f64, &job);
    vt_free(between);
    between = target == to ? NULL : target;
    from = target;
    now = next;
  }
  if (count == 0) memcpy(to, from, vt_bytes(&now));
  return VT_OK;
}

static double saturated(double value, double low, double high)
{
  return value != value ? 0 : value < low ? low : value > high ? high : value;
}

#define STORE_INTEGERS(type, low, high)                                                                      \
  for (int64_t i = 0; i < count; i++)                                                                        \
    ((type *)output->data)[i] = (type)saturated(values[i], low, high);                                       \
  break

static void store(const double *values, vt_tensor *output)
{
  int64_t count = vt_count(output);
  switch (output->type) {
  case VT_F16:
    for (int64_t i = 0; i < count; i++)
      ((uint16_t *)output->data)[i] = vt_f32_to_f16((float)values[i]);
    break;
  case VT_BF16:
    for (int64_t i = 0; i < count; i++)
      ((uint16_t *)output->data)[i] = vt_f32_to_bf16((float)values[i]);
    break;
  case VT_U8:
    STORE_INTEGERS(uint8_t, 0, UINT8_MAX);
  case VT_I8:
    STORE_INTEGERS(int8_t, INT8_MIN, INT8_MAX);
  case VT_U16:
    STORE_INTEGERS(uint16_t, 0, UINT16_MAX);
  case VT_I16:
    STORE_INTEGERS(int16_t, INT16_MIN, INT16_MAX);
  case VT_U32:
    STORE_INTEGERS(uint32_t, 0, UINT32_MAX);
  case VT_I32:
    STORE_INTEGERS(int32_t, INT32_MIN, INT32_MAX);
  case VT_U64:
    STORE_INTEGERS(uint64_t, 0, 0x1.fffffffffffffp63);
  default:
    STORE_INTEGERS(int64_t, -0x1p63, 0x1.fffffffffffffp62);
  }
}

vt_status vt_resize_passes(vt_ctx *ctx, const vt_tensor *data, vt_tensor *output, const vt_resize_axis *axes)
{
  if (data->type == VT_F32 || data->type == VT_F64)
    return run_passes(ctx, data, axes, data->type, data->data, output->data);
  int64_t count = vt_count(data);
  double *wide = vt_alloc_zero(ctx, (size_t)count, sizeof *wide);
  double *result = vt_alloc_zero(ctx, (size_t)vt_count(output), sizeof *result);
  vt_status status = wide && result ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    for (int64_t i = 0; i < count; i++)
      wide[i] = vt_get_f64(data, i);
    status = run_passes(ctx, data, axes, VT_F64, wide, result);
  }
  if (status == VT_OK) store(result, output);
  vt_free(wide);
  vt_free(result);
  return status;
}

/* ---- both last axes in one sweep ---- */

/* Output rows of all planes. Each task keeps the input rows it needs, already resized along x, in a ring. */
typedef struct fused_job {
  const vt_resize_axis *rows, *columns;
  const float *from;
  float *to;
  int32_t *column_index; /* [tap, out]: column by column side by side */
  float *column_weights; /* [tap, out] */
  float *ring;           /* task · slots · columns.out */
  int64_t *held;         /* task · slots: input row of a slot, −1 none */
  int64_t slots, grain;
} fused_job;

VT_CLONES static void squeeze_row(const float *from, float *to, int64_t out, int64_t taps,
                                  const int32_t *index, const float *weights)
{
  if (taps == 2) {
    const int32_t *right = index + out;
    const float *right_weights = weights + out;
#pragma omp simd
    for (int64_t i = 0; i < out; i++)
      to[i] = weights[i] * from[index[i]] + right_weights[i] * from[right[i]];
    return;
  }
  for (int64_t i = 0; i < out; i++)
    to[i] = 0;
  for (int64_t t = 0; t < taps; t++, index += out, weights += out)
#pragma omp simd
    for (int64_t i = 0; i < out; i++)
      to[i] += weights[i] * from[index[i]];
}

VT_CLONES static void scale_row(float *to, const float *from, int64_t count, float weight)
{
#pragma omp simd
  for (int64_t i = 0; i < count; i++)
    to[i] = weight * from[i];
}

VT_CLONES static void add_row(float *to, const float *from, int64_t count, float weight)
{
#pragma omp simd
  for (int64_t i = 0; i < count; i++)
    to[i] += weight * from[i];
}

/* The resized input row `row` of a plane, from the ring when it is there. */
static const float *ring_row(const fused_job *job, float *ring, int64_t *held, const float *plane,
                             int64_t row)
{
  int64_t slot = row % job->slots, out = job->columns->out;
  if (held[slot] != row) {
    squeeze_row(plane + row * job->columns->in, ring + slot * out, out, job->columns->taps, job->column_index,
                job->column_weights);
    held[slot] = row;
  }
  return ring + slot * out;
}

static void fused_rows(void *user, int64_t first, int64_t last)
{
  const fused_job *job = user;
  const vt_resize_axis *rows = job->rows;
  int64_t out = job->columns->out, before = -1;
  float *ring = job->ring + first / job->grain * job->slots * out;
  int64_t *held = job->held + first / job->grain * job->slots;
  for (int64_t line = first; line < last; line++) {
    int64_t plane = line / rows->out, y = line % rows->out;
    const float *from = job->from + plane * rows->in * job->columns->in;
    float *to = job->to + line * out;
    if (plane != before)
      for (int64_t s = 0; s < job->slots; s++)
        held[s] = -1;
    before = plane;
    bool empty = true;
    for (int64_t t = 0; t < rows->taps; t++) {
      float weight = (float)rows->weights[y * rows->taps + t];
      if (weight == 0) continue; /* whole coordinates need one row only */
      const float *row = ring_row(job, ring, held, from, rows->index[y * rows->taps + t]);
      if (empty)
        scale_row(to, row, out, weight);
      else
        add_row(to, row, out, weight);
      empty = false;
    }
    if (empty) memset(to, 0, (size_t)out * sizeof *to);
  }
}

vt_status vt_resize_fused(vt_ctx *ctx, const vt_tensor *data, vt_tensor *output, const vt_resize_axis *axes)
{
  fused_job job = {.rows = &axes[data->rank - 2],
                   .columns = &axes[data->rank - 1],
                   .from = data->data,
                   .to = output->data};
  int64_t lines = vt_span(output, 0, output->rank - 1), out = job.columns->out, taps = job.columns->taps;
  int64_t threads = vt_ctx_threads(ctx);
  if (job.columns->in > INT32_MAX) return vt_resize_passes(ctx, data, output, axes);
  if (threads < 1 || lines * out < 1 << 14) threads = 1;
  job.slots = job.rows->taps < job.rows->in ? job.rows->taps : job.rows->in;
  job.grain = (lines + threads - 1) / threads;
  job.column_index = vt_alloc_zero(ctx, (size_t)(out * taps), sizeof *job.column_index);
  job.column_weights = vt_alloc_zero(ctx, (size_t)(out * taps), sizeof *job.column_weights);
  job.ring = vt_alloc_zero(ctx, (size_t)(threads * job.slots), (size_t)out * sizeof *job.ring);
  job.held = vt_alloc_zero(ctx, (size_t)(threads * job.slots), sizeof *job.held);
  bool ready = job.column_index && job.column_weights && job.ring && job.held;
  if (ready) {
    for (int64_t i = 0; i < out; i++)
      for (int64_t t = 0; t < taps; t++) {
        job.column_index[t * out + i] = (int32_t)job.columns->index[i * taps + t];
        job.column_weights[t * out + i] = (float)job.columns->weights[i * taps + t];
      }
    vt_parallel(ctx, lines, job.grain, fused_rows, &job);
  }
  vt_free(job.column_index);
  vt_free(job.column_weights);
  vt_free(job.ring);
  vt_free(job.held);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}
