/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution, its transpose and the gradient of their weights by oneDNN.
 */
#include "ops/dnnl_kernels.h"

#include <stdatomic.h>

#include "ops/dnnl_window.h"

/* ---- convolution ---- */

typedef struct conv_plan {
  const vt_window *window;
  bool transposed, has_bias;
  bool serial;         /* for one thread whatever the context says */
  bool x_last, y_last; /* X, Y are channels-last */
  int64_t inputs, outputs, group;
  dnnl_memory_desc_t x, w, bias, y; /* as stored */
} conv_plan;

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
  vt_dnnl_last_axes(window, window->kernel, 0, &dims[axis]);
  for (int i = 0; i < window->axes; i++) {
    taps /= dims[axis];
    strides[axis++] = taps;
  }
  return axis;
}

static bool store_images(dnnl_memory_desc_t *out, int rank, const int64_t *dims, bool last)
{
  return last ? vt_dnnl_channels_last(out, rank, dims) : vt_dnnl_row_major(out, rank, dims);
}

static bool store_layouts(conv_plan *plan)
{
  const vt_window *window = plan->window;
  int64_t dims[VT_MAX_RANK] = {window->batch, plan->inputs}, strides[VT_MAX_RANK];
  vt_dnnl_last_axes(window, window->in, 0, &dims[2]);
  bool ok = store_images(&plan->x, 2 + window->axes, dims, plan->x_last);
  int rank = vt_window_shape(window, plan->outputs, dims);
  ok = ok && store_images(&plan->y, rank, dims, plan->y_last);
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
  CONV_STORED, /* channels-last tensors as they are, by whatever oneDNN has: bits may depend on threads */
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
  case CONV_STORED:
    *x = plan->x;
    *y = plan->y;
    return plan->x_last && plan->y_last;
  case CONV_FIRST:
    *x = plan->x;
    return !plan->x_last && plan->group == 1 && inside < 16 && outside >= 8 && blocks_of_16(y, &plan->y);
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

/* oneDNN 2.6's pointwise kernels gather what strides leave of a channels-last tensor in working memory, for
 * which they ask by channels but which they fill by blocks of 16. */
static bool writes_too_far(const conv_plan *plan, const char *name)
{
  const vt_window *window = plan->window;
  bool strided = false;
  for (int axis = 0; axis < VT_WINDOW_AXES; axis++)
    strided = strided || window->stride[axis] != 1;
  bool filled = plan->inputs / plan->group % 16 == 0 && plan->outputs / plan->group % 16 == 0;
  return strided && !filled && !strncmp(name, "jit_1x1", 7);
}

static bool conv_accepts(const conv_plan *plan, conv_layout layout, const_dnnl_primitive_desc_t descriptor)
{
  const char *name = "";
  if (dnnl_primitive_desc_query(descriptor, dnnl_query_impl_info_str, 0, &name) != dnnl_success) return false;
  if ((layout == CONV_STORED || layout == CONV_ANY) && writes_too_far(plan, name)) return false;
  if (layout == CONV_STORED) return strncmp(name, "ref", 3) != 0;
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
  vt_dnnl_last_axes(window, window->stride, 0, strides);
  vt_dnnl_last_axes(window, window->dilation, 1, dilations); /* oneDNN counts the gaps */
  vt_dnnl_last_axes(window, window->begin, 0, begin);
  vt_dnnl_last_axes(window, window->end, 0, end);
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

vt_status vt_dnnl_conv(vt_ctx *ctx, const vt_window *window, int64_t group, bool transposed,
                       const vt_tensor *x, const vt_tensor *w, const vt_tensor *bias, vt_tensor *y)
{
  conv_plan plan = {.window = window,
                    .transposed = transposed,
                    .has_bias = bias != NULL,
                    .inputs = x->dims[1],
                    .outputs = y->dims[1],
                    .group = group,
                    .x_last = x->layout == VT_STORED_CHANNELS_LAST,
                    .y_last = y->layout == VT_STORED_CHANNELS_LAST};
  vt_dnnl_key key = {0};
  vt_dnnl_primitive *primitive;
  if (!vt_dnnl_ordinary(window) || !store_layouts(&plan)) return VT_ERROR_UNSUPPORTED;
  int64_t head[] = {transposed ? dnnl_deconvolution : dnnl_convolution,
                    plan.has_bias,
                    plan.outputs,
                    group,
                    plan.x_last,
                    plan.y_last};
  vt_dnnl_key_list(&key, head, VT_COUNT(head));
  vt_dnnl_key_window(&key, window);
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

/* ---- gradient of the weights ---- */

static dnnl_status_t describe_weights(const void *user, dnnl_engine_t engine,
                                      const_dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *out)
{
  const conv_plan *plan = user;
  const vt_window *window = plan->window;
  dnnl_dims_t strides, dilations, begin, end;
  vt_dnnl_last_axes(window, window->stride, 0, strides);
  vt_dnnl_last_axes(window, window->dilation, 1, dilations);
  vt_dnnl_last_axes(window, window->begin, 0, begin);
  vt_dnnl_last_axes(window, window->end, 0, end);
  for (int layout = 0; layout < CONV_LAYOUTS; layout++) {
    dnnl_memory_desc_t x, w, y;
    dnnl_convolution_desc_t forward, operation;
    dnnl_primitive_desc_t hint;
    if (!conv_layouts(plan, (conv_layout)layout, &x, &y) || !vt_dnnl_any(&w, plan->w.ndims, plan->w.dims))
      continue;
    dnnl_status_t status =
        dnnl_dilated_convolution_forward_desc_init(&forward, dnnl_forward_training, dnnl_convolution_direct,
                                                   &x, &w, NULL, &y, strides, dilations, begin, end);
    if (status == dnnl_success) status = dnnl_primitive_desc_create(&hint, &forward, attr, engine, NULL);
    if (status != dnnl_success) continue;
    status = dnnl_dilated_convolution_backward_weights_desc_init(&operation, dnnl_convolution_direct, &x, &w,
                                                                 NULL, &y, strides, dilations, begin, end);
    if (status == dnnl_success) status = dnnl_primitive_desc_create(out, &operation, attr, engine, hint);
    dnnl_primitive_desc_destroy(hint);
    if (status == dnnl_out_of_memory) return status;
    if (status != dnnl_success) continue;
    if (conv_accepts(plan, (conv_layout)layout, *out)) return dnnl_success;
    dnnl_primitive_desc_destroy(*out);
  }
  return dnnl_unimplemented;
}

/* Items are cut into parts of equal size, each with a sum of its own on one thread; sums are added in order.
 * Channels of Y of a single item are cut instead, and their rows of W are all there is to write. How many
 * parts follows from shapes alone. */
typedef struct weights_work {
  vt_ctx *ctx;
  conv_plan plan; /* of one part */
  vt_dnnl_primitive *primitive;
  const float *x, *y;
  float *sums; /* [parts, size] */
  int64_t size;
  bool by_channel;
  atomic_int failed; /* a status */
} weights_work;

static void weights_parts(void *user, int64_t first, int64_t last)
{
  weights_work *work = user;
  const conv_plan *plan = &work->plan;
  const vt_window *window = plan->window;
  int64_t x = work->by_channel ? 0 : window->batch * plan->inputs * vt_window_volume(window->in);
  int64_t y = window->batch * plan->outputs * vt_window_volume(window->out);
  vt_ctx *own = vt_ctx_child(work->ctx); /* errors of several threads do not meet */
  vt_status status = own ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int64_t part = first; part < last && status == VT_OK; part++) {
    vt_dnnl_argument arguments[] = {
        {DNNL_ARG_SRC, plan->x, (void *)(uintptr_t)(work->x + part * x), false},
        {DNNL_ARG_DIFF_DST, plan->y, (void *)(uintptr_t)(work->y + part * y), false},
        {DNNL_ARG_DIFF_WEIGHTS, plan->w, work->sums + part * work->size, true}};
    status = vt_dnnl_run(own, work->primitive, arguments, VT_COUNT(arguments));
  }
  vt_ctx_free(own);
  if (status != VT_OK) atomic_store(&work->failed, (int)status);
}

static int64_t parts_of(int64_t batch, int64_t size)
{
  enum { MOST_PARTS = 8, MOST_FLOATS = 8 << 20 };
  for (int64_t parts = MOST_PARTS; parts > 1; parts--)
    if (batch % parts == 0 && parts * size <= MOST_FLOATS) return parts;
  return 1;
}

/* Parts of the channels of Y, 1: not worth it. */
static int64_t channel_parts(const vt_window *window, int64_t group, int64_t outputs)
{
  enum { MOST_PARTS = 4, WHOLE = 32 };
  if (window->batch != 1 || group != 1) return 1;
  for (int64_t parts = MOST_PARTS; parts > 1; parts--)
    if (outputs % (parts * WHOLE) == 0) return parts;
  return 1;
}

VT_CLONES static void add_sums(float *w, const float *sums, int64_t parts, int64_t size)
{
  memcpy(w, sums, (size_t)size * sizeof *w);
  for (int64_t part = 1; part < parts; part++) {
    const float *more = sums + part * size;
#pragma omp simd
    for (int64_t i = 0; i < size; i++)
      w[i] += more[i];
  }
}

/* Channels-last: all threads in one primitive, which splits sums by their number. */
static vt_status weights_together(vt_ctx *ctx, const vt_window *window, int64_t group, const vt_tensor *x,
                                  const vt_tensor *y, vt_tensor *w)
{
  conv_plan plan = {.window = window,
                    .serial = true,
                    .inputs = x->dims[1],
                    .outputs = y->dims[1],
                    .group = group,
                    .x_last = true,
                    .y_last = true};
  vt_dnnl_primitive *primitive;
  vt_dnnl_key key = {0};
  if (!vt_dnnl_ordinary(window) || !store_layouts(&plan)) return VT_ERROR_UNSUPPORTED;
  int64_t head[] = {dnnl_convolution, dnnl_backward_weights, plan.outputs, group, true};
  vt_dnnl_key_list(&key, head, VT_COUNT(head));
  vt_dnnl_key_window(&key, window);
  VT_TRY(vt_dnnl_get(ctx, &key, vt_dnnl_threads(ctx), describe_weights, &plan, &primitive));
  vt_dnnl_argument arguments[] = {{DNNL_ARG_SRC, plan.x, x->data, false},
                                  {DNNL_ARG_DIFF_DST, plan.y, y->data, false},
                                  {DNNL_ARG_DIFF_WEIGHTS, plan.w, w->data, true}};
  vt_status status = vt_dnnl_run(ctx, primitive, arguments, VT_COUNT(arguments));
  vt_dnnl_put(primitive);
  return status;
}

vt_status vt_dnnl_conv_weights(vt_ctx *ctx, const vt_window *window, int64_t group, const vt_tensor *x,
                               const vt_tensor *y, vt_tensor *w)
{
  if (x->layout == VT_STORED_CHANNELS_LAST) return weights_together(ctx, window, group, x, y, w);
  int64_t size = vt_count(w), parts = parts_of(window->batch, size), outputs = y->dims[1];
  int64_t channels = channel_parts(window, group, outputs);
  bool by_channel = channels > 1;
  vt_window part = *window;
  part.batch = window->batch / parts;
  if (by_channel) {
    parts = channels;
    size /= parts;
    outputs /= parts;
  }
  weights_work work = {
      .ctx = ctx,
      .plan = {.window = &part, .serial = true, .inputs = x->dims[1], .outputs = outputs, .group = group},
      .x = x->data,
      .y = y->data,
      .sums = w->data,
      .size = size,
      .by_channel = by_channel};
  vt_dnnl_key key = {0};
  if (!vt_dnnl_ordinary(window) || !store_layouts(&work.plan)) return VT_ERROR_UNSUPPORTED;
  int64_t head[] = {dnnl_convolution, dnnl_backward_weights, work.plan.outputs, group, false};
  vt_dnnl_key_list(&key, head, VT_COUNT(head));
  vt_dnnl_key_window(&key, &part);
  VT_TRY(vt_dnnl_get(ctx, &key, 1, describe_weights, &work.plan, &work.primitive));
  vt_status status = VT_OK;
  if (parts > 1 && !by_channel) {
    work.sums = vt_alloc(ctx, (size_t)(parts * size) * sizeof *work.sums);
    if (!work.sums) status = VT_ERROR_OUT_OF_MEMORY;
  }
  if (status == VT_OK) {
    vt_parallel(ctx, parts, 1, weights_parts, &work);
    status = (vt_status)atomic_load(&work.failed);
    if (status != VT_OK) vt_fail(ctx, status, "the gradient of a convolution's weights failed in oneDNN");
  }
  if (parts > 1 && !by_channel) {
    if (status == VT_OK) add_sums(w->data, work.sums, parts, size);
    vt_free(work.sums);
  }
  vt_dnnl_put(work.primitive);
  return status;
}
