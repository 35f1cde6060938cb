/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution, matrix product and pooling by oneDNN.
 */
#include "ops/dnnl_kernels.h"

#include "ops/dnnl.h"

static bool fits(const vt_tensor *tensor)
{
  dnnl_memory_desc_t layout;
  if (tensor->type != VT_F32) return false;
  if (tensor->rank == 0) return true;
  return vt_dnnl_row_major(&layout, tensor->rank, tensor->dims);
}

bool vt_dnnl_fits(const vt_call *call)
{
  for (int i = 0; i < call->input_count; i++)
    if (call->inputs[i] && !fits(call->inputs[i])) return false;
  return call->outputs[0] && fits(call->outputs[0]);
}

/* Settings beyond any real model's overflow the 32-bit offsets inside oneDNN's kernels. */
static bool ordinary(const vt_window *window)
{
  for (int i = 0; i < VT_WINDOW_AXES; i++)
    if (window->kernel[i] > INT16_MAX || window->stride[i] > INT16_MAX || window->dilation[i] > INT16_MAX ||
        window->begin[i] > INT16_MAX || window->end[i] > INT16_MAX || window->end[i] < INT16_MIN)
      return false;
  return true;
}

/* ---- convolution ---- */

typedef struct conv_plan {
  const vt_window *window;
  bool transposed, has_bias;
  bool serial; /* for one thread whatever the context says */
  int64_t inputs, outputs, group;
  dnnl_memory_desc_t x, w, bias, y; /* as stored */
} conv_plan;

/* The last `axes` of three sizes, less `minus` each. */
static void last_axes(const vt_window *window, const int64_t sizes[3], int64_t minus, int64_t *out)
{
  for (int i = 0; i < window->axes; i++)
    out[i] = sizes[VT_WINDOW_AXES - window->axes + i] - minus;
}

/* Weights as oneDNN numbers their axes: [group,] outputs, inputs, taps. A transposed convolution stores
 * inputs first. */
static int weight_axes(const conv_plan *plan, int64_t dims[VT_MAX_RANK], int64_t strides[VT_MAX_RANK])
{
  const vt_window *window = plan->window;
  int64_t outputs = plan->outputs / plan->group, inputs = plan->inputs / plan->group;
  int64_t taps = vt_window_volume(window->kernel);
  int axis = 0;
  if (plan->group > 1) {
    dims[axis] = plan->group;
    strides[axis++] = outputs * inputs * taps;
  }
  dims[axis] = outputs;
  strides[axis++] = plan->transposed ? taps : inputs * taps;
  dims[axis] = inputs;
  strides[axis++] = plan->transposed ? outputs * taps : taps;
  last_axes(window, window->kernel, 0, &dims[axis]);
  for (int i = 0; i < window->axes; i++) {
    taps /= dims[axis];
    strides[axis++] = taps;
  }
  return axis;
}

static bool store_layouts(conv_plan *plan)
{
  const vt_window *window = plan->window;
  int64_t dims[VT_MAX_RANK] = {window->batch, plan->inputs}, strides[VT_MAX_RANK];
  last_axes(window, window->in, 0, &dims[2]);
  bool ok = vt_dnnl_row_major(&plan->x, 2 + window->axes, dims);
  int rank = vt_window_shape(window, plan->outputs, dims);
  ok = ok && vt_dnnl_row_major(&plan->y, rank, dims);
  ok = ok && vt_dnnl_row_major(&plan->bias, 1, &plan->outputs);
  rank = weight_axes(plan, dims, strides);
  return ok && vt_dnnl_strided(&plan->w, rank, dims, strides);
}

/* Layouts to try for X and Y, in order; that of the weights is always oneDNN's choice.
 *
 * Tensors come and go row-major, and blocks of 16 channels are the cheapest to make from that: with the
 * reorders counted a 56² 64→256 pointwise layer takes 0.48 ms, 0.66 through channels-last, which is what
 * "any" gives. A second reason: on "any" oneDNN 2.6 may run brgconv, which cuts rows of Y by the number of
 * threads and adds the taps that lie in padding in another order at the cuts, or a matrix product that splits
 * its sums: bits then depend on threads (12 of 2 093 random shapes, 0 of 200 for the jit kernels). Where
 * nothing else is there, such a kernel runs on one thread always. */
typedef enum conv_layout {
  CONV_FIRST,  /* few input channels: X as stored, Y in blocks */
  CONV_BLOCKS, /* both in blocks that are full */
  CONV_ANY,    /* oneDNN's choice, unless it is one whose bits depend on threads */
  CONV_PADDED, /* both in blocks, filled up with zeros */
  CONV_LAYOUTS
} conv_layout;

static bool blocks_of_16(dnnl_memory_desc_t *out, const dnnl_memory_desc_t *stored)
{
  static const dnnl_format_tag_t tags[] = {dnnl_aBc16b, dnnl_aBcd16b, dnnl_aBcde16b};
  return dnnl_memory_desc_init_by_tag(out, stored->ndims, stored->dims, dnnl_f32, tags[stored->ndims - 3]) ==
         dnnl_success;
}

/* X and Y for one try. False when the layout makes no sense for this convolution. */
static bool conv_layouts(const conv_plan *plan, conv_layout layout, dnnl_memory_desc_t *x,
                         dnnl_memory_desc_t *y)
{
  int64_t inside = plan->inputs / plan->group, outside = plan->outputs / plan->group;
  bool by_channel = inside == 1 && outside == 1;
  switch (layout) {
  case CONV_FIRST:
    *x = plan->x;
    return plan->group == 1 && inside < 16 && outside >= 8 && blocks_of_16(y, &plan->y);
  case CONV_BLOCKS:
    if (by_channel ? plan->group % 16 != 0 : inside % 16 != 0 || outside % 16 != 0) return false;
    return blocks_of_16(x, &plan->x) && blocks_of_16(y, &plan->y);
  case CONV_ANY:
    return vt_dnnl_any(x, plan->x.ndims, plan->x.dims) && vt_dnnl_any(y, plan->y.ndims, plan->y.dims);
  default:
    return blocks_of_16(x, &plan->x) && blocks_of_16(y, &plan->y);
  }
}

/* Whether the bits of a kernel that oneDNN chose depend on the number of threads. */
static bool depends_on_threads(const conv_plan *plan, const char *name)
{
  bool rows_padded = plan->window->begin[VT_WINDOW_AXES - 1] > 0 || plan->window->end[VT_WINDOW_AXES - 1] > 0;
  return strstr(name, "gemm") || (rows_padded && strncmp(name, "brgconv:", 8) == 0);
}

static bool conv_accepts(const conv_plan *plan, conv_layout layout, const_dnnl_primitive_desc_t descriptor)
{
  const char *name = "";
  if (dnnl_primitive_desc_query(descriptor, dnnl_query_impl_info_str, 0, &name) != dnnl_success) return false;
  if (layout == CONV_ANY) return plan->serial || !depends_on_threads(plan, name);
  return strncmp(name, "jit", 3) == 0;
}

static dnnl_status_t describe_layout(const conv_plan *plan, conv_layout layout, dnnl_engine_t engine,
                                     const_dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *out)
{
  const vt_window *window = plan->window;
  dnnl_memory_desc_t x, w, y;
  dnnl_dims_t strides, dilations, begin, end;
  if (!conv_layouts(plan, layout, &x, &y) || !vt_dnnl_any(&w, plan->w.ndims, plan->w.dims))
    return dnnl_invalid_arguments;
  last_axes(window, window->stride, 0, strides);
  last_axes(window, window->dilation, 1, dilations); /* oneDNN counts the gaps */
  last_axes(window, window->begin, 0, begin);
  last_axes(window, window->end, 0, end);
  const dnnl_memory_desc_t *bias = plan->has_bias ? &plan->bias : NULL;
  if (plan->transposed) {
    dnnl_deconvolution_desc_t operation;
    dnnl_status_t status = dnnl_dilated_deconvolution_forward_desc_init(
        &operation, dnnl_forward_inference, dnnl_deconvolution_direct, &x, &w, bias, &y, strides, dilations,
        begin, end);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &operation, attr, engine, NULL) : status;
  }
  dnnl_convolution_desc_t operation;
  dnnl_status_t status =
      dnnl_dilated_convolution_forward_desc_init(&operation, dnnl_forward_inference, dnnl_convolution_direct,
                                                 &x, &w, bias, &y, strides, dilations, begin, end);
  return status == dnnl_success ? dnnl_primitive_desc_create(out, &operation, attr, engine, NULL) : status;
}

static dnnl_status_t describe_conv(const void *user, dnnl_engine_t engine, const_dnnl_primitive_attr_t attr,
                                   dnnl_primitive_desc_t *out)
{
  const conv_plan *plan = user;
  for (int layout = 0; layout < CONV_LAYOUTS; layout++) {
    if (plan->serial && layout != CONV_ANY) continue;
    dnnl_status_t status = describe_layout(plan, (conv_layout)layout, engine, attr, out);
    if (status != dnnl_success && status != dnnl_unimplemented && status != dnnl_invalid_arguments)
      return status;
    if (status != dnnl_success) continue;
    if (conv_accepts(plan, (conv_layout)layout, *out)) return dnnl_success;
    dnnl_primitive_desc_destroy(*out);
  }
  return dnnl_unimplemented;
}

static void window_key(vt_dnnl_key *key, const vt_window *window)
{
  int64_t head[] = {window->axes, window->batch, window->channels};
  vt_dnnl_key_list(key, head, VT_COUNT(head));
  const int64_t *lists[] = {window->in,       window->out,   window->kernel, window->stride,
                            window->dilation, window->begin, window->end};
  for (size_t i = 0; i < VT_COUNT(lists); i++)
    vt_dnnl_key_list(key, lists[i], VT_WINDOW_AXES);
}

vt_status vt_dnnl_conv(vt_ctx *ctx, const vt_window *window, int64_t group, bool transposed,
                       const vt_tensor *x, const vt_tensor *w, const vt_tensor *bias, vt_tensor *y)
{
  conv_plan plan = {.window = window,
                    .transposed = transposed,
                    .has_bias = bias != NULL,
                    .inputs = x->dims[1],
                    .outputs = y->dims[1],
                    .group = group};
  vt_dnnl_key key = {0};
  vt_dnnl_primitive *primitive;
  if (!ordinary(window) || !store_layouts(&plan)) return VT_ERROR_UNSUPPORTED;
  int64_t head[] = {transposed ? dnnl_deconvolution : dnnl_convolution, plan.has_bias, plan.outputs, group};
  vt_dnnl_key_list(&key, head, VT_COUNT(head));
  window_key(&key, window);
  vt_status status = vt_dnnl_get(ctx, &key, vt_dnnl_threads(ctx), describe_conv, &plan, &primitive);
  if (status == VT_ERROR_UNSUPPORTED) {
    plan.serial = true;
    vt_dnnl_key_add(&key, plan.serial);
    status = vt_dnnl_get(ctx, &key, 1, describe_conv, &plan, &primitive);
  }
  VT_TRY(status);
  vt_dnnl_argument arguments[] = {{DNNL_ARG_SRC, plan.x, x->data, false},
                                  {DNNL_ARG_WEIGHTS, plan.w, w->data, false},
                                  {DNNL_ARG_DST, plan.y, y->data, true},
                                  {DNNL_ARG_BIAS, plan.bias, bias ? bias->data : NULL, false}};
  status = vt_dnnl_run(ctx, primitive, arguments, bias ? 4 : 3);
  vt_dnnl_put(primitive);
  return status;
}

/* ---- matrix product ---- */

typedef struct product_plan {
  dnnl_memory_desc_t a, b, bias, y;
  bool has_bias;
} product_plan;

/* [batch, first, second], stored with the last two axes swapped when `transposed`. */
static bool matrix_layout(dnnl_memory_desc_t *out, int64_t batch, int64_t first, int64_t second,
                          bool transposed, int64_t step)
{
  int64_t dims[] = {batch, first, second};
  int64_t strides[] = {step, transposed ? 1 : second, transposed ? first : 1};
  /* one matrix needs no third axis, and oneDNN is faster without */
  int from = batch == 1 ? 1 : 0;
  return vt_dnnl_strided(out, 3 - from, dims + from, strides + from);
}

static dnnl_status_t describe_matmul(const void *user, dnnl_engine_t engine, const_dnnl_primitive_attr_t attr,
                                     dnnl_primitive_desc_t *out)
{
  const product_plan *plan = user;
  dnnl_matmul_desc_t operation;
  dnnl_status_t status =
      dnnl_matmul_desc_init(&operation, &plan->a, &plan->b, plan->has_bias ? &plan->bias : NULL, &plan->y);
  return status == dnnl_success ? dnnl_primitive_desc_create(out, &operation, attr, engine, NULL) : status;
}

vt_status vt_dnnl_matmul(vt_ctx *ctx, const vt_dnnl_product *product, const float *a, const float *b,
                         const float *bias, float *y)
{
  int64_t rows = product->rows, inner = product->inner, columns = product->columns, batch = product->batch;
  product_plan plan = {.has_bias = bias != NULL};
  vt_dnnl_key key = {0};
  vt_dnnl_primitive *primitive;
  if (!matrix_layout(&plan.a, batch, rows, inner, product->a_transposed, product->a_step) ||
      !matrix_layout(&plan.b, batch, inner, columns, product->b_transposed, product->b_step) ||
      !matrix_layout(&plan.y, batch, rows, columns, false, rows * columns) ||
      !matrix_layout(&plan.bias, 1, 1, columns, false, columns))
    return VT_ERROR_UNSUPPORTED;
  if (batch > 1 && (bias || !product->a_step || !product->b_step)) return VT_ERROR_UNSUPPORTED;
  vt_dnnl_key_add(&key, dnnl_matmul);
  vt_dnnl_key_add(&key, plan.has_bias);
  vt_dnnl_key_layout(&key, &plan.a);
  vt_dnnl_key_layout(&key, &plan.b);
  VT_TRY(vt_dnnl_get(ctx, &key, vt_dnnl_threads(ctx), describe_matmul, &plan, &primitive));
  vt_dnnl_argument arguments[] = {{DNNL_ARG_SRC, plan.a, (void *)(uintptr_t)a, false},
                                  {DNNL_ARG_WEIGHTS, plan.b, (void *)(uintptr_t)b, false},
                                  {DNNL_ARG_DST, plan.y, y, true},
                                  {DNNL_ARG_BIAS, plan.bias, (void *)(uintptr_t)bias, false}};
  vt_status status = vt_dnnl_run(ctx, primitive, arguments, bias ? 4 : 3);
  vt_dnnl_put(primitive);
  return status;
}

/* ---- pooling ---- */

typedef struct pool_plan {
  const vt_window *window;
  vt_dnnl_pooling pooling;
  dnnl_memory_desc_t x, y;
} pool_plan;

static dnnl_status_t describe_pool(const void *user, dnnl_engine_t engine, const_dnnl_primitive_attr_t attr,
                                   dnnl_primitive_desc_t *out)
{
  static const dnnl_alg_kind_t kinds[] = {[VT_DNNL_MAX] = dnnl_pooling_max,
                                          [VT_DNNL_AVERAGE] = dnnl_pooling_avg_exclude_padding,
                                          [VT_DNNL_AVERAGE_PADDED] = dnnl_pooling_avg_include_padding};
  const pool_plan *plan = user;
  const vt_window *window = plan->window;
  dnnl_pooling_v2_desc_t operation;
  dnnl_dims_t strides, kernel, dilations, begin, end;
  int64_t needed[VT_WINDOW_AXES]; /* padding behind that the last window sees; not the same as given: rest,
                                     ceil_mode */
  for (int i = 0; i < VT_WINDOW_AXES; i++)
    needed[i] = (window->out[i] - 1) * window->stride[i] + (window->kernel[i] - 1) * window->dilation[i] + 1 -
                window->in[i] - window->begin[i];
  last_axes(window, window->stride, 0, strides);
  last_axes(window, window->kernel, 0, kernel);
  last_axes(window, window->dilation, 1, dilations);
  last_axes(window, window->begin, 0, begin);
  last_axes(window, needed, 0, end);
  dnnl_status_t status =
      dnnl_pooling_v2_forward_desc_init(&operation, dnnl_forward_inference, kinds[plan->pooling], &plan->x,
                                        &plan->y, strides, kernel, dilations, begin, end);
  return status == dnnl_success ? dnnl_primitive_desc_create(out, &operation, attr, engine, NULL) : status;
}

vt_status vt_dnnl_pool(vt_ctx *ctx, const vt_window *window, vt_dnnl_pooling pooling, const vt_tensor *x,
                       vt_tensor *y)
{
  pool_plan plan = {window, pooling};
  vt_dnnl_key key = {0};
  vt_dnnl_primitive *primitive;
  if (!ordinary(window) || !vt_dnnl_row_major(&plan.x, x->rank, x->dims) ||
      !vt_dnnl_row_major(&plan.y, y->rank, y->dims))
    return VT_ERROR_UNSUPPORTED;
  vt_dnnl_key_add(&key, dnnl_pooling_v2);
  vt_dnnl_key_add(&key, pooling);
  window_key(&key, window);
  VT_TRY(vt_dnnl_get(ctx, &key, vt_dnnl_threads(ctx), describe_pool, &plan, &primitive));
  vt_dnnl_argument arguments[] = {{DNNL_ARG_SRC, plan.x, x->data, false},
                                  {DNNL_ARG_DST, plan.y, y->data, true}};
  vt_status status = vt_dnnl_run(ctx, primitive, arguments, VT_COUNT(arguments));
  vt_dnnl_put(primitive);
  return status;
}
