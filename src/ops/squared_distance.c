/* SPDX-License-Identifier: Apache-2.0
 *
 * vt.SquaredDistance: Y[…, i, j] = Σ_k (X[…, i, k] − C[j, k])² for rows X [rows…, d] and centres C [m, d].
 * The differences themselves are squared: equal rows are at 0 exactly, and near ones keep the digits that
 * ‖x‖² + ‖c‖² − 2 x·c loses.
 *
 *   ∂X = 2 (x · Σ_j g − g · C)     ∂C = 2 (c · Σ_i g − gᵀ · X)
 *
 * ONNX: ReduceSum(Mul(t, t)) with t = Sub(Unsqueeze(X), C), or with MatMul by the identity above.
 */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/plain.h"
#include "ops/product.h"

enum { LANES = 16, ROWS = 4 }; /* a tile: so many centres and rows, whose sums stay in registers */

static vt_status distance_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *x = call->inputs[0], *centres = call->inputs[1];
  char a[160], b[160];
  int64_t dims[VT_MAX_RANK];
  if (x->rank < 1 || centres->rank != 2 || centres->dims[1] != x->dims[x->rank - 1])
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "rows %s and centres %s do not fit; [rows…, features] and [centres, features] are "
                        "needed",
                        vt_shape_text(x, a), vt_shape_text(centres, b));
  memcpy(dims, x->dims, sizeof dims);
  dims[x->rank - 1] = centres->dims[0];
  return vt_set_output(ctx, call, 0, x->type, x->rank, dims);
}

typedef struct distance_job {
  const void *x, *centres;
  void *y;
  int64_t rows, count, features; /* count: of centres */
} distance_job;

#define PLAIN_ROWS(suffix, type)                                                                             \
  static void distance_rows_##suffix(void *user, int64_t first, int64_t last)                                \
  {                                                                                                          \
    const distance_job *job = user;                                                                          \
    for (int64_t row = first; row < last; row++)                                                             \
      for (int64_t j = 0; j < job->count; j++) {                                                             \
        const type *x = (const type *)job->x + row * job->features;                                          \
        const type *centre = (const type *)job->centres + j * job->features;                                 \
        double sum = 0;                                                                                      \
        for (int64_t k = 0; k < job->features; k++) {                                                        \
          double difference = (double)x[k] - (double)centre[k];                                              \
          sum += difference * difference;                                                                    \
        }                                                                                                    \
        ((type *)job->y)[row * job->count + j] = (type)sum;                                                  \
      }                                                                                                      \
  }
PLAIN_ROWS(f32, float)
PLAIN_ROWS(f64, double)

static vt_status distance_plain(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *x = call->inputs[0], *centres = call->inputs[1];
  distance_job job = {x->data,          centres->data,   call->outputs[0]->data, vt_span(x, 0, x->rank - 1),
                      centres->dims[0], centres->dims[1]};
  vt_parallel(ctx, job.rows, 1 + VT_LOOP_GRAIN / (job.count * job.features + 1),
              x->type == VT_F32 ? distance_rows_f32 : distance_rows_f64, &job);
  return VT_OK;
}

typedef float lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

/* `centres` as [features, LANES]: ROWS rows against LANES centres. Each sum goes over k in order. */
VT_CLONES static void distance_tile(const float *const rows[ROWS], const float *centres, int64_t features,
                                    float sums[ROWS][LANES])
{
  lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
  for (int64_t k = 0; k < features; k++) {
    const lanes c = *(const lanes *)(centres + k * LANES);
    const lanes d0 = rows[0][k] - c, d1 = rows[1][k] - c, d2 = rows[2][k] - c, d3 = rows[3][k] - c;
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  *(lanes *)sums[0] = s0;
  *(lanes *)sums[1] = s1;
  *(lanes *)sums[2] = s2;
  *(lanes *)sums[3] = s3;
}

/* Groups of ROWS rows; the last one is filled up with its last row. */
static void distance_groups(void *user, int64_t first, int64_t last)
{
  const distance_job *job = user;
  for (int64_t group = first; group < last; group++)
    for (int64_t j = 0; j < job->count; j += LANES) {
      const float *rows[ROWS];
      float sums[ROWS][LANES];
      int64_t width = job->count - j < LANES ? job->count - j : LANES;
      for (int64_t i = 0; i < ROWS; i++) {
        int64_t row = group * ROWS + i < job->rows ? group * ROWS + i : job->rows - 1;
        rows[i] = (const float *)job->x + row * job->features;
      }
      distance_tile(rows, (const float *)job->centres + j * job->features, job->features, sums);
      for (int64_t i = 0; i < ROWS && group * ROWS + i < job->rows; i++)
        memcpy((float *)job->y + (group * ROWS + i) * job->count + j, sums[i], (size_t)width * sizeof(float));
    }
}

static bool distance_is_f32(const vt_call *call)
{
  return call->inputs[0]->type == VT_F32 && vt_count(call->outputs[0]) > 0 && call->inputs[1]->dims[1] > 0;
}

static vt_status distance_fast(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *x = call->inputs[0], *centres = call->inputs[1];
  int64_t count = centres->dims[0], features = centres->dims[1], blocks = (count + LANES - 1) / LANES;
  const float *from = centres->data;
  float *turned = vt_alloc_zero(ctx, (size_t)(blocks * features), LANES * sizeof *turned);
  if (!turned) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t j = 0; j < count; j++)
    for (int64_t k = 0; k < features; k++)
      turned[(j / LANES * features + k) * LANES + j % LANES] = from[j * features + k];
  distance_job job = {x->data, turned, call->outputs[0]->data, vt_span(x, 0, x->rank - 1), count, features};
  vt_parallel(ctx, (job.rows + ROWS - 1) / ROWS, 1 + VT_LOOP_GRAIN / (ROWS * count * features + 1),
              distance_groups, &job);
  vt_free(turned);
  return VT_OK;
}

/* ---- backward ---- */

/* made = 2 (own · sums − made), sums one a row of `own`. */
#define FINISH(suffix, type)                                                                                 \
  static void distance_finish_##suffix(const type *own, const double *sums, int64_t rows, int64_t features,  \
                                       type *made)                                                           \
  {                                                                                                          \
    for (int64_t i = 0; i < rows; i++) {                                                                     \
      const type sum = (type)sums[i];                                                                        \
      for (int64_t k = 0; k < features; k++)                                                                 \
        made[i * features + k] = 2 * (own[i * features + k] * sum - made[i * features + k]);                 \
    }                                                                                                        \
  }
FINISH(f32, float)
FINISH(f64, double)

/* Gradient of the rows (index 0) or the centres (1). */
static vt_status distance_side(vt_ctx *ctx, const vt_gradient *gradient, int index)
{
  const vt_tensor *own = gradient->call->inputs[index], *other = gradient->call->inputs[1 - index],
                  *from = gradient->output_gradients[0];
  int64_t columns = gradient->call->inputs[1]->dims[0], features = own->dims[own->rank - 1],
          rows = vt_span(from, 0, from->rank - 1), own_rows = index ? columns : rows;
  vt_tensor *made = vt_gradient_new(ctx, gradient, index);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  double *sums = vt_plain_read_or(ctx, NULL, own_rows, 0);
  if (!sums) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++)
      sums[index ? j : i] += from->type == VT_F32 ? (double)((const float *)from->data)[i * columns + j]
                                                  : ((const double *)from->data)[i * columns + j];
  vt_dnnl_product product = {.batch = 1,
                             .rows = own_rows,
                             .inner = index ? rows : columns,
                             .columns = features,
                             .a_transposed = index == 1};
  product.a_step = product.rows * product.inner;
  product.b_step = product.inner * product.columns;
  vt_status status = vt_multiply(ctx, from->type, &product, from->data, other->data, made->data);
  if (status == VT_OK && from->type == VT_F32)
    distance_finish_f32(own->data, sums, own_rows, features, made->data);
  else if (status == VT_OK)
    distance_finish_f64(own->data, sums, own_rows, features, made->data);
  vt_free(sums);
  return status;
}

static vt_status distance_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  for (int index = 0; index < 2; index++)
    if (gradient->wanted[index]) VT_TRY(distance_side(ctx, gradient, index));
  return VT_OK;
}

static double distance_flops(const vt_call *call)
{
  return 3.0 * (double)vt_count(call->outputs[0]) * (double)call->inputs[1]->dims[1];
}

static const vt_op rows[] = {
    {
        .name = "SquaredDistance",
        .domain = "vt",
        .since = 1,
        VT_INPUTS(2, 2),
        VT_OUTPUTS(1, 1),
        .types = {VT_FLOATS | VT_HALVES},
        .same_types = true,
        .shape = distance_shape,
        .implementations = {VT_BY_F32,
                            {"simd", distance_is_f32, distance_fast},
                            {"plain", NULL, distance_plain}},
        .flops = distance_flops,
        .backward = distance_backward,
        .saves = VT_SAVES_INPUT(0) | VT_SAVES_INPUT(1),
    },
};

const vt_op_family vt_ops_squared_distance = {rows, VT_COUNT(rows)};
