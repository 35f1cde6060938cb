/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix product and pooling by oneDNN.
 */
#include "ops/dnnl_kernels.h"

#include "ops/dnnl_window.h"

bool vt_dnnl_takes(const vt_tensor *tensor)
{
  dnnl_memory_desc_t layout;
  if (tensor->type != VT_F32) return false;
  if (tensor->rank == 0) return true;
  return vt_dnnl_row_major(&layout, tensor->rank, tensor->dims);
}

bool vt_dnnl_fits(const vt_call *call)
{
  for (int i = 0; i < call->input_count; i++)
    if (call->inputs[i] && !vt_dnnl_takes(call->inputs[i])) return false;
  return call->outputs[0] && vt_dnnl_takes(call->outputs[0]);
}

/* ---- matrix product ---- */

enum {
  LONGEST_SHARED_SUM = 1024,
  FEWEST_SHORT_TERMS = 1 << 22 /* below that, rounding costs what it saves */
};

typedef struct product_plan {
  dnnl_memory_desc_t a, b, bias, y;
  bool has_bias;
  bool shortened; /* A and B are rounded to bf16 */
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

/* Whether the processor multiplies bf16 by itself; elsewhere oneDNN would imitate it, slowly. */
static bool has_short_products(void)
{
  return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}

static dnnl_status_t short_layout(dnnl_memory_desc_t *matrix)
{
  dnnl_memory_desc_t stored = *matrix;
  return dnnl_memory_desc_init_by_tag(matrix, stored.ndims, stored.dims, dnnl_bf16, dnnl_format_tag_any);
}

static dnnl_status_t describe_matmul(const void *user, dnnl_engine_t engine, const_dnnl_primitive_attr_t attr,
                                     dnnl_primitive_desc_t *out)
{
  const product_plan *plan = user;
  dnnl_matmul_desc_t operation;
  dnnl_memory_desc_t a = plan->a, b = plan->b;
  dnnl_status_t status = dnnl_success;
  if (plan->shortened) status = short_layout(&a);
  if (plan->shortened && status == dnnl_success) status = short_layout(&b);
  if (status != dnnl_success) return status;
  status = dnnl_matmul_desc_init(&operation, &a, &b, plan->has_bias ? &plan->bias : NULL, &plan->y);
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
  plan.shortened =
      vt_ctx_short_products(ctx) && rows * inner * columns >= FEWEST_SHORT_TERMS && has_short_products();
  vt_dnnl_key_add(&key, plan.has_bias);
  vt_dnnl_key_add(&key, plan.shortened);
  vt_dnnl_key_layout(&key, &plan.a);
  vt_dnnl_key_layout(&key, &plan.b);
  /* oneDNN 2.6 splits long sums between threads where A is stored transposed (seen with inner sizes of 3 000
   * and more, not with 2 049): bits would depend on threads */
  int threads = product->a_transposed && inner > LONGEST_SHARED_SUM ? 1 : vt_dnnl_threads(ctx);
  VT_TRY(vt_dnnl_get(ctx, &key, threads, describe_matmul, &plan, &primitive));
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
  vt_dnnl_last_axes(window, window->stride, 0, strides);
  vt_dnnl_last_axes(window, window->kernel, 0, kernel);
  vt_dnnl_last_axes(window, window->dilation, 1, dilations);
  vt_dnnl_last_axes(window, window->begin, 0, begin);
  vt_dnnl_last_axes(window, needed, 0, end);
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
  bool last = x->layout == VT_STORED_CHANNELS_LAST;
  bool (*layout_of)(dnnl_memory_desc_t *, int, const int64_t *) =
      last ? vt_dnnl_channels_last : vt_dnnl_row_major;
  if (!vt_dnnl_ordinary(window) || !layout_of(&plan.x, x->rank, x->dims) ||
      !layout_of(&plan.y, y->rank, y->dims))
    return VT_ERROR_UNSUPPORTED;
  vt_dnnl_key_add(&key, dnnl_pooling_v2);
  vt_dnnl_key_add(&key, last);
  vt_dnnl_key_add(&key, pooling);
  vt_dnnl_key_window(&key, window);
  VT_TRY(vt_dnnl_get(ctx, &key, vt_dnnl_threads(ctx), describe_pool, &plan, &primitive));
  vt_dnnl_argument arguments[] = {{DNNL_ARG_SRC, plan.x, x->data, false},
                                  {DNNL_ARG_DST, plan.y, y->data, true}};
  vt_status status = vt_dnnl_run(ctx, primitive, arguments, VT_COUNT(arguments));
  vt_dnnl_put(primitive);
  return status;
}
