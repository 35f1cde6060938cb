/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of the Reduce operators. Most are dx = f(x) · share with one share an output, made from dy and y
 * and broadcast back over the reduced axes.
 */
#include "ops/elementwise.h"
#include "ops/plain.h"
#include "ops/reduce.h"

/* `tensor` (shaped like the output) with size 1 at each reduced axis, so that it broadcasts to the input. */
static vt_status as_kept(vt_ctx *ctx, const vt_gradient *gradient, const vt_tensor *tensor, vt_tensor *out)
{
  bool reduced[VT_MAX_RANK];
  const vt_tensor *x = gradient->call->inputs[0];
  VT_TRY(vt_reduced_axes(ctx, gradient->call, reduced));
  *out = *tensor;
  out->rank = x->rank;
  for (int axis = 0; axis < x->rank; axis++)
    out->dims[axis] = reduced[axis] ? 1 : x->dims[axis];
  return VT_OK;
}

/* ---- shares: loops over dy and y, of one shape ---- */

VT_FLOAT_LOOPS2(share_of_root, VT_NOTHING, b == 0 ? 0 : a / b)
VT_FLOAT_LOOPS2(share_of_logarithm, VT_NOTHING, a / VT_EXP(b))
VT_FLOAT_LOOPS2(share_of_ties, VT_NOTHING, a / b)

/* ---- from shares to the input: loops over x and share ---- */

VT_FLOAT_LOOPS2(spread_factor, VT_NOTHING, a *b)
VT_FLOAT_LOOPS2(spread_sign, VT_NOTHING, a > 0 ? b : a < 0 ? -b : a == 0 ? 0 : a)
VT_FLOAT_LOOPS2(spread_twice, VT_NOTHING, 2 * a * b)

/* Every element of a row is the share times a constant; the first input is there for its shape alone. */
#define SPREAD_EVENLY(suffix, type)                                                                          \
  VT_CLONES static void spread_evenly_##suffix(const void *const *inputs, const int *steps, void *output,    \
                                               int64_t count, const void *settings)                          \
  {                                                                                                          \
    const type factor = (type) * (const double *)settings, *share = inputs[1];                               \
    type *y = output;                                                                                        \
    if (steps[1]) {                                                                                          \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) y[i] = share[i] * factor;                      \
    } else {                                                                                                 \
      const type value = share[0] * factor;                                                                  \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) y[i] = value;                                  \
    }                                                                                                        \
  }
SPREAD_EVENLY(f32, float)
SPREAD_EVENLY(f64, double)

/* e^(x − y) · dy; an infinite y is not subtracted, so that e^−∞ gives 0. */
#define SPREAD_POWERS(suffix, type)                                                                          \
  VT_CLONES static void spread_powers_##suffix(const void *const *inputs, const int *steps, void *output,    \
                                               int64_t count, const void *settings)                          \
  {                                                                                                          \
    const type *x = inputs[0], *y = inputs[1], *share = inputs[2];                                           \
    type *out = output;                                                                                      \
    (void)settings;                                                                                          \
    if (steps[1]) {                                                                                          \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) out[i] =                                       \
          VT_EXP(x[i] - (y[i] - y[i] == 0 ? y[i] : 0)) * share[i];                                           \
    } else {                                                                                                 \
      const type shift = y[0] - y[0] == 0 ? y[0] : 0, factor = share[0];                                     \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) out[i] = VT_EXP(x[i] - shift) * factor;        \
    }                                                                                                        \
  }
SPREAD_POWERS(f32, float)
SPREAD_POWERS(f64, double)

#define IS_EXTREME(suffix, type)                                                                             \
  VT_LOOP2(VT_CLONES, is_extreme_##suffix, type, type, VT_NOTHING, a == b ? 1 : 0)
IS_EXTREME(f32, float)
IS_EXTREME(f64, double)

#define LOOP(name, tensor) ((tensor)->type == VT_F32 ? name##_f32 : name##_f64)

/* share = loop(dy, y) over the outputs. */
static vt_status make_share(vt_ctx *ctx, const vt_gradient *gradient, vt_loop loop, const vt_tensor *second,
                            vt_tensor **out)
{
  const vt_tensor *dy = gradient->output_gradients[0];
  *out = vt_tensor_new(ctx, dy->type, dy->rank, dy->dims);
  if (!*out) return vt_ctx_status(ctx);
  return vt_walk(ctx, loop, 2, (const vt_tensor *const[]){dy, second}, *out, NULL);
}

/* dx = loop(x, share) over the inputs; `x` NULL: the gradient itself stands in for its shape. */
static vt_status spread(vt_ctx *ctx, const vt_gradient *gradient, vt_loop loop, const vt_tensor *x,
                        const vt_tensor *share, const double *factor)
{
  vt_tensor kept, *made = vt_gradient_new(ctx, gradient, 0);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(as_kept(ctx, gradient, share, &kept));
  return vt_walk(ctx, loop, 2, (const vt_tensor *const[]){x ? x : made, &kept}, made, factor);
}

static vt_status spread_evenly(vt_ctx *ctx, const vt_gradient *gradient, const vt_tensor *share,
                               double factor)
{
  return spread(ctx, gradient, LOOP(spread_evenly, share), NULL, share, &factor);
}

vt_status vt_reduce_sum_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return gradient->wanted[0] ? spread_evenly(ctx, gradient, gradient->output_gradients[0], 1) : VT_OK;
}

vt_status vt_reduce_mean_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *x = gradient->call->inputs[0], *y = gradient->output_gradients[0];
  int64_t outputs = vt_count(y);
  if (!gradient->wanted[0]) return VT_OK;
  double members = outputs ? (double)(vt_count(x) / outputs) : 1;
  return spread_evenly(ctx, gradient, y, 1 / members);
}

vt_status vt_reduce_l1_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *x = gradient->call->inputs[0];
  if (!gradient->wanted[0]) return VT_OK;
  return spread(ctx, gradient, LOOP(spread_sign, x), x, gradient->output_gradients[0], NULL);
}

vt_status vt_reduce_sum_square_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *x = gradient->call->inputs[0];
  if (!gradient->wanted[0]) return VT_OK;
  return spread(ctx, gradient, LOOP(spread_twice, x), x, gradient->output_gradients[0], NULL);
}

/* dx = x · dy / y; 0 where the norm is 0. */
vt_status vt_reduce_l2_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *x = gradient->call->inputs[0];
  vt_tensor *share;
  if (!gradient->wanted[0]) return VT_OK;
  VT_TRY(make_share(ctx, gradient, LOOP(share_of_root, x), gradient->call->outputs[0], &share));
  return spread(ctx, gradient, LOOP(spread_factor, x), x, share, NULL);
}

/* dx = dy / Σx, and Σx = e^y. */
vt_status vt_reduce_log_sum_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *y = gradient->call->outputs[0];
  vt_tensor *share;
  if (!gradient->wanted[0]) return VT_OK;
  VT_TRY(make_share(ctx, gradient, LOOP(share_of_logarithm, y), y, &share));
  return spread_evenly(ctx, gradient, share, 1);
}

vt_status vt_reduce_log_sum_exp_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *x = gradient->call->inputs[0];
  vt_tensor y, dy, *made;
  if (!gradient->wanted[0]) return VT_OK;
  if (!(made = vt_gradient_new(ctx, gradient, 0))) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(as_kept(ctx, gradient, gradient->call->outputs[0], &y));
  VT_TRY(as_kept(ctx, gradient, gradient->output_gradients[0], &dy));
  return vt_walk(ctx, LOOP(spread_powers, x), 3, (const vt_tensor *const[]){x, &y, &dy}, made, NULL);
}

/* ReduceMax, ReduceMin: equal ones share alike. */
vt_status vt_reduce_extreme_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_call *call = gradient->call;
  const vt_tensor *x = call->inputs[0];
  vt_tensor y, *found, *ties, *share;
  if (!gradient->wanted[0]) return VT_OK;
  VT_TRY(as_kept(ctx, gradient, call->outputs[0], &y));
  found = vt_tensor_new(ctx, x->type, x->rank, x->dims);
  if (!found) return vt_ctx_status(ctx);
  VT_TRY(vt_walk(ctx, LOOP(is_extreme, x), 2, (const vt_tensor *const[]){x, &y}, found, NULL));
  VT_TRY(vt_compute(ctx, "ReduceSum", call->attributes, 2, (vt_tensor *[]){found, vt_input(call, 1)}, &ties));
  VT_TRY(make_share(ctx, gradient, LOOP(share_of_ties, x), ties, &share));
  return spread(ctx, gradient, LOOP(spread_factor, x), found, share, NULL);
}

/* ---- ReduceProd: every element gets the product of the others, right with zeros among them ---- */

typedef struct product_work {
  int kept_count, reduced_count; /* axes */
  int64_t kept_dims[VT_MAX_RANK], kept_strides[VT_MAX_RANK];
  int64_t reduced_dims[VT_MAX_RANK], reduced_strides[VT_MAX_RANK];
  int64_t members;
  const double *x, *dy;
  double *out;
} product_work;

static int64_t offset_of(int count, const int64_t *dims, const int64_t *strides, int64_t index)
{
  int64_t offset = 0;
  for (int axis = count - 1; axis >= 0; axis--) {
    offset += index % dims[axis] * strides[axis];
    index /= dims[axis];
  }
  return offset;
}

/* Outputs [first, last): the product of all before a member, then times that of all behind it. */
static void back_products(void *user, int64_t first, int64_t last)
{
  const product_work *work = user;
  for (int64_t output = first; output < last; output++) {
    int64_t base = offset_of(work->kept_count, work->kept_dims, work->kept_strides, output);
    double before = work->dy[output], behind = 1;
    for (int64_t i = 0; i < work->members; i++) {
      int64_t at = base + offset_of(work->reduced_count, work->reduced_dims, work->reduced_strides, i);
      work->out[at] = before;
      before *= work->x[at];
    }
    for (int64_t i = work->members - 1; i >= 0; i--) {
      int64_t at = base + offset_of(work->reduced_count, work->reduced_dims, work->reduced_strides, i);
      work->out[at] *= behind;
      behind *= work->x[at];
    }
  }
}

vt_status vt_reduce_prod_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *input = gradient->call->inputs[0];
  bool reduced[VT_MAX_RANK];
  int64_t strides[VT_MAX_RANK];
  product_work work = {.members = 1};
  if (!gradient->wanted[0]) return VT_OK;
  VT_TRY(vt_reduced_axes(ctx, gradient->call, reduced));
  vt_strides(input, strides);
  for (int axis = 0; axis < input->rank; axis++) {
    int at = reduced[axis] ? work.reduced_count++ : work.kept_count++;
    (reduced[axis] ? work.reduced_dims : work.kept_dims)[at] = input->dims[axis];
    (reduced[axis] ? work.reduced_strides : work.kept_strides)[at] = strides[axis];
    if (reduced[axis]) work.members *= input->dims[axis];
  }
  vt_tensor *made = vt_gradient_new(ctx, gradient, 0);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  if (vt_count(input) == 0) return VT_OK;
  double *x = vt_plain_read(ctx, input), *dy = vt_plain_read(ctx, gradient->output_gradients[0]);
  double *out = vt_plain_read_or(ctx, NULL, vt_count(input), 0);
  bool ready = x && dy && out;
  if (ready) {
    work.x = x;
    work.dy = dy;
    work.out = out;
    vt_parallel(ctx, vt_count(gradient->output_gradients[0]), 1 + 4096 / work.members, back_products, &work);
    vt_plain_write(made, out);
  }
  vt_free(x);
  vt_free(dy);
  vt_free(out);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}
