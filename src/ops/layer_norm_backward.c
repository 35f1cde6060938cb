/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of LayerNormalization and RMSNormalization. Mean and deviation of each row are computed again:
 * cheaper than holding them, and exact where the outputs are rounded.
 *
 * With d = 1 / √(variance + epsilon) and g = dy · scale over the n numbers of a row,
 * dx = d · (g − Σg / n − (x − mean) · d² · Σ g (x − mean) / n); without a mean the second term falls away.
 */
#include "ops/layer_norm.h"

#include <math.h>

#include "ops/norm_rows.h"
#include "ops/plain.h"

typedef struct layer_work {
  vt_layer_rows r;
  bool centred;
  double epsilon;
  const vt_tensor *x, *g;
  const vt_tensor *scale;             /* NULL: g has it already */
  vt_tensor *out;                     /* NULL: not wanted */
  const double *of_mean, *of_inverse; /* gradients of outputs 1 and 2; NULL: zero */
  double *means, *inverses;           /* found, [rows] */
  double *sums, *dots;                /* gradients of bias and scale where they cover a row, [size] */
} layer_work;

static void back_rows(void *user, int64_t first, int64_t last)
{
  const layer_work *work = user;
  vt_type type = work->x->type;
  int64_t size = work->r.size;
  double count = (double)size;
  const void *scale = vt_norm_at(work->scale, 0);
  for (int64_t row = first; row < last; row++) {
    const void *x = vt_norm_at(work->x, row * size), *g = vt_norm_at(work->g, row * size);
    double mean = work->centred ? vt_norm_sum(type, x, size) / count : 0, sum = 0, dot = 0;
    double inverse = 1 / sqrt(vt_norm_spread(type, x, size, mean) / count + work->epsilon);
    work->means[row] = mean;
    work->inverses[row] = inverse;
    if (!work->out) continue;
    vt_norm_add_sums(type, g, scale, x, size, mean, &sum, &dot);
    double of_x = -inverse * inverse * inverse * dot / count,
           rest = work->centred ? -inverse * sum / count : 0;
    if (work->of_inverse) of_x -= work->of_inverse[row] * inverse * inverse * inverse / count;
    if (work->of_mean) rest += work->of_mean[row] / count;
    vt_norm_combine(type, g, scale, x, vt_norm_at(work->out, row * size), size, mean, inverse, of_x, rest);
  }
}

/* Σ over rows, for places [first, last) of a row. */
static void back_columns(void *user, int64_t first, int64_t last)
{
  const layer_work *work = user;
  for (int64_t row = 0; row < work->r.rows; row++) {
    int64_t at = row * work->r.size + first;
    vt_norm_add_columns(work->x->type, vt_norm_at(work->g, at), vt_norm_at(work->x, at), last - first,
                        work->means[row], work->inverses[row], work->sums + first, work->dots + first);
  }
}

static vt_status vectors_that_cover(vt_ctx *ctx, const vt_gradient *gradient, layer_work *work)
{
  size_t size = (size_t)work->r.size;
  double *both = vt_alloc_zero(ctx, size, 2 * sizeof *both);
  if (!both) return VT_ERROR_OUT_OF_MEMORY;
  work->sums = both;
  work->dots = both + size;
  vt_parallel(ctx, work->r.size, 128, back_columns, work);
  vt_status status = VT_OK;
  for (int i = 1; i < 3 && status == VT_OK; i++) {
    if (!vt_gradient_wanted(gradient, i)) continue;
    vt_tensor *made = vt_gradient_new(ctx, gradient, i);
    if (made)
      vt_plain_write(made, i == 1 ? work->dots : work->sums);
    else
      status = VT_ERROR_OUT_OF_MEMORY;
  }
  vt_free(both);
  return status;
}

/* Scale and bias of any shape that broadcasts. */
static vt_status vectors_that_broadcast(vt_ctx *ctx, const vt_gradient *gradient, const layer_work *work)
{
  const vt_tensor *x = work->x;
  vt_tensor *dy = (vt_tensor *)(uintptr_t)work->g; /* only read */
  if (vt_gradient_wanted(gradient, 1)) {
    vt_tensor *normal = vt_tensor_new(ctx, x->type, x->rank, x->dims), *product;
    if (!normal) return vt_ctx_status(ctx);
    for (int64_t row = 0; row < work->r.rows; row++) {
      int64_t at = row * work->r.size;
      vt_norm_combine(x->type, vt_norm_at(x, at), NULL, vt_norm_at(x, at), vt_norm_at(normal, at),
                      work->r.size, work->means[row], 0, work->inverses[row], 0);
    }
    VT_TRY(vt_compute(ctx, "Mul", NULL, 2, (vt_tensor *[]){dy, normal}, &product));
    VT_TRY(vt_gradient_reduce(ctx, product, gradient->call->inputs[1], &gradient->input_gradients[1]));
  }
  if (!vt_gradient_wanted(gradient, 2)) return VT_OK;
  return vt_gradient_reduce(ctx, dy, gradient->call->inputs[2], &gradient->input_gradients[2]);
}

static vt_status rows_backward(vt_ctx *ctx, const vt_gradient *gradient, layer_work *work, vt_tensor *dy)
{
  const vt_call *call = gradient->call;
  vt_tensor *scale = call->inputs[1], *scaled = NULL;
  bool vectors = vt_gradient_wanted(gradient, 1) || vt_gradient_wanted(gradient, 2), covers = true;
  for (int i = 1; i < call->input_count; i++)
    covers &= !call->inputs[i] || vt_layer_covers_row(call->inputs[i], work->x, work->r.axis);
  work->g = dy;
  work->scale = scale;
  if (!covers && work->out) {
    VT_TRY(vt_compute(ctx, "Mul", NULL, 2, (vt_tensor *[]){dy, scale}, &scaled));
    work->g = scaled;
    work->scale = NULL;
  }
  vt_parallel(ctx, work->r.rows, 1 + 16384 / work->r.size, back_rows, work);
  work->g = dy;
  if (!vectors) return VT_OK;
  return covers ? vectors_that_cover(ctx, gradient, work) : vectors_that_broadcast(ctx, gradient, work);
}

static vt_status backward(vt_ctx *ctx, const vt_gradient *gradient, bool centred)
{
  const vt_call *call = gradient->call;
  const vt_layer_norm_attributes *attributes = call->attributes;
  const vt_tensor *of_mean = vt_gradient_output(gradient, 1), *of_inverse = vt_gradient_output(gradient, 2);
  layer_work work = {
      .r = vt_layer_rows_of(call), .centred = centred, .epsilon = attributes->epsilon, .x = call->inputs[0]};
  vt_tensor *dy = vt_gradient_output(gradient, 0);
  if (!dy) {
    dy = vt_tensor_new(ctx, work.x->type, work.x->rank, work.x->dims);
    if (!dy) return VT_ERROR_OUT_OF_MEMORY;
    memset(dy->data, 0, vt_bytes(dy));
  }
  if (gradient->wanted[0] && !(work.out = vt_gradient_new(ctx, gradient, 0))) return VT_ERROR_OUT_OF_MEMORY;
  double *mean_gradients = of_mean ? vt_plain_read(ctx, of_mean) : NULL;
  double *inverse_gradients = of_inverse ? vt_plain_read(ctx, of_inverse) : NULL;
  work.of_mean = mean_gradients;
  work.of_inverse = inverse_gradients;
  work.means = vt_plain_read_or(ctx, NULL, work.r.rows, 0);
  work.inverses = vt_plain_read_or(ctx, NULL, work.r.rows, 0);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  if (work.means && work.inverses && (mean_gradients || !of_mean) && (inverse_gradients || !of_inverse))
    status = rows_backward(ctx, gradient, &work, dy);
  vt_free(mean_gradients);
  vt_free(inverse_gradients);
  vt_free(work.means);
  vt_free(work.inverses);
  return status;
}

vt_status vt_layer_norm_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return backward(ctx, gradient, true);
}

vt_status vt_rms_norm_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return backward(ctx, gradient, false);
}
