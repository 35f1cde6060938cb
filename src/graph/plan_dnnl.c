/* SPDX-License-Identifier: Apache-2.0
 *
 * Plans on oneDNN (C API 2.6). This file and ops/dnnl.c are the only ones that know it.
 *
 * Every primitive takes its scratchpad from the caller, so that one block serves a whole session.
 * Implementations that oneDNN calls "ref" are plain loops: the builders then answer "cannot".
 */
#include "graph/plan_dnnl.h"

#include "ops/dnnl.h"

struct vt_layout {
  dnnl_memory_desc_t desc;
};

struct vt_engine {
  dnnl_engine_t engine;
};

struct vt_lane {
  dnnl_stream_t stream;
};

typedef struct argument {
  int role;        /* DNNL_ARG_… */
  vt_layout run;   /* as the primitive takes it */
  vt_layout shown; /* as the plan knows it: the same memory, other axes after merge_items() */
} argument;

struct vt_primitive {
  dnnl_primitive_t primitive;
  char name[64];
  size_t scratch;
  dnnl_memory_desc_t scratch_desc;
  int argument_count;
  argument arguments[];
};

struct vt_bound {
  const vt_primitive *primitive;
  int count;
  dnnl_exec_arg_t arguments[];
};

static vt_status fail(vt_ctx *ctx, dnnl_status_t status, const char *what)
{
  return vt_dnnl_check(ctx, status, what);
}

vt_status vt_engine_new(vt_ctx *ctx, vt_engine **out)
{
  *out = NULL;
  vt_engine *engine = vt_alloc_zero(ctx, 1, sizeof *engine);
  if (!engine) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_dnnl_engine(ctx, &engine->engine);
  if (status != VT_OK) {
    vt_free(engine);
    return status;
  }
  *out = engine;
  return VT_OK;
}

void vt_engine_free(vt_engine *engine)
{
  vt_free(engine); /* what it points to is the process's */
}

/* ---- views and layouts ---- */

vt_view vt_view_of(const vt_tensor *tensor, const vt_layout *layout)
{
  vt_view view = {.rank = tensor->rank, .layout = layout};
  memcpy(view.dims, tensor->dims, sizeof view.dims);
  return view;
}

static bool describe(dnnl_memory_desc_t *desc, const vt_view *view)
{
  if (view->rank < 1 || view->rank > VT_MAX_RANK) return false;
  if (view->any) return vt_dnnl_any(desc, view->rank, view->dims);
  if (!view->layout) return vt_dnnl_row_major(desc, view->rank, view->dims);
  *desc = view->layout->desc;
  return true;
}

/* Strides of sizes of one are arbitrary; they are made equal before two descriptions are compared. */
static void normalise(dnnl_memory_desc_t *desc)
{
  if (desc->format_kind != dnnl_blocked) return;
  for (int axis = 0; axis < desc->ndims; axis++) {
    bool blocked = false;
    for (int k = 0; k < desc->format_desc.blocking.inner_nblks; k++)
      if (desc->format_desc.blocking.inner_idxs[k] == axis) blocked = true;
    if (desc->padded_dims[axis] == 1 && !blocked) desc->format_desc.blocking.strides[axis] = 1;
  }
}

static bool same(const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b)
{
  dnnl_memory_desc_t x = *a, y = *b;
  normalise(&x);
  normalise(&y);
  return dnnl_memory_desc_equal(&x, &y);
}

bool vt_view_same_layout(const vt_view *a, const vt_view *b)
{
  if (!a->layout && !b->layout) return true;
  dnnl_memory_desc_t x, y;
  return describe(&x, a) && describe(&y, b) && same(&x, &y);
}

size_t vt_view_bytes(const vt_view *view)
{
  dnnl_memory_desc_t desc;
  return describe(&desc, view) ? dnnl_memory_desc_get_size(&desc) : 0;
}

bool vt_view_is_dense(const vt_view *view)
{
  if (!view->layout) return true;
  size_t elements = 1;
  for (int axis = 0; axis < view->rank; axis++)
    elements *= (size_t)view->dims[axis];
  return vt_view_bytes(view) == elements * sizeof(float);
}

bool vt_view_is_rows(const vt_view *view)
{
  if (!view->layout) return true;
  const dnnl_memory_desc_t *desc = &view->layout->desc;
  if (!vt_view_is_dense(view)) return false;
  dnnl_memory_desc_t rows;
  if (!vt_dnnl_row_major(&rows, desc->ndims, desc->dims)) return false;
  if (same(desc, &rows)) return true;
  /* blocks of channels over a single position: c/16 blocks of 16 are simply c in a row */
  const dnnl_blocking_desc_t *blocks = &desc->format_desc.blocking;
  if (desc->format_kind != dnnl_blocked || blocks->inner_nblks != 1 || blocks->inner_idxs[0] != 1)
    return false;
  for (int axis = 2; axis < desc->ndims; axis++)
    if (desc->dims[axis] != 1) return false;
  return blocks->strides[1] == blocks->inner_blks[0] &&
         (desc->dims[0] == 1 || blocks->strides[0] == desc->dims[1]);
}

vt_status vt_layout_copy(vt_ctx *ctx, const vt_layout *layout, vt_layout **out)
{
  *out = vt_alloc(ctx, sizeof **out);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  **out = *layout;
  return VT_OK;
}

void vt_layout_free(vt_layout *layout)
{
  vt_free(layout);
}

vt_status vt_layout_permute(vt_ctx *ctx, const vt_view *view, const int *permutation, vt_layout **out)
{
  *out = NULL;
  dnnl_memory_desc_t from, to;
  if (!describe(&from, view)) return VT_OK;
  int inverse[VT_MAX_RANK]; /* oneDNN: axis i of the source becomes axis inverse[i] */
  for (int axis = 0; axis < view->rank; axis++)
    inverse[permutation[axis]] = axis;
  if (dnnl_memory_desc_permute_axes(&to, &from, inverse) != dnnl_success) return VT_OK;
  vt_layout layout = {to};
  return vt_layout_copy(ctx, &layout, out);
}

/* ---- making primitives ---- */

static const dnnl_alg_kind_t activations[] = {
    [VT_POST_RELU] = dnnl_eltwise_relu,
    [VT_POST_CLIP] = dnnl_eltwise_clip,
    [VT_POST_SIGMOID] = dnnl_eltwise_logistic,
    [VT_POST_TANH] = dnnl_eltwise_tanh,
    [VT_POST_ELU] = dnnl_eltwise_elu,
    [VT_POST_SWISH] = dnnl_eltwise_swish,
    [VT_POST_HARDSWISH] = dnnl_eltwise_hardswish,
    [VT_POST_GELU_ERF] = dnnl_eltwise_gelu_erf,
    [VT_POST_GELU_TANH] = dnnl_eltwise_gelu_tanh,
    [VT_POST_LINEAR] = dnnl_eltwise_linear,
};

typedef struct roles {
  int count;
  int *list;
  int buffer[VT_POSTS + 4];
} roles;

/* Attributes with user scratchpad and the posts; adds the roles of their operands. */
static dnnl_status_t make_attributes(const vt_post *posts, int post_count, const dnnl_memory_desc_t *result,
                                     dnnl_primitive_attr_t *attributes, roles *r)
{
  dnnl_status_t status = dnnl_primitive_attr_create(attributes);
  if (status != dnnl_success) return status;
  status = dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user);
  dnnl_post_ops_t chain = NULL;
  if (status == dnnl_success && post_count > 0) status = dnnl_post_ops_create(&chain);
  for (int i = 0; i < post_count && status == dnnl_success; i++) {
    const vt_post *post = &posts[i];
    if (post->kind == VT_POST_SUM) {
      status = dnnl_post_ops_append_sum(chain, 1.0f);
    } else if (post->kind == VT_POST_ADD || post->kind == VT_POST_CHANNEL) {
      dnnl_memory_desc_t operand = *result;
      if (post->kind == VT_POST_CHANNEL) {
        dnnl_dims_t sizes = {0};
        for (int axis = 0; axis < result->ndims; axis++)
          sizes[axis] = axis == 1 ? result->dims[1] : 1;
        vt_dnnl_row_major(&operand, result->ndims, sizes);
      }
      status = dnnl_post_ops_append_binary(chain, dnnl_binary_add, &operand);
      r->list[r->count++] = DNNL_ARG_ATTR_MULTIPLE_POST_OP(i) | DNNL_ARG_SRC_1;
    } else {
      status = dnnl_post_ops_append_eltwise(chain, 1.0f, activations[post->kind], post->alpha, post->beta);
    }
  }
  if (status == dnnl_success && chain) status = dnnl_primitive_attr_set_post_ops(*attributes, chain);
  if (chain) dnnl_post_ops_destroy(chain);
  return status;
}

/* Takes the descriptor apart into a vt_primitive. `plain_is_fine`: implementations
 * called "ref" are taken too. */
static vt_status finish(vt_ctx *ctx, dnnl_primitive_desc_t descriptor, const roles *r, bool plain_is_fine,
                        vt_primitive **out)
{
  const char *name = "";
  dnnl_primitive_desc_query(descriptor, dnnl_query_impl_info_str, 0, &name);
  if (!plain_is_fine && strncmp(name, "ref", 3) == 0) return VT_OK;
  vt_primitive *primitive = vt_alloc_zero(ctx, 1, sizeof *primitive + (size_t)r->count * sizeof(argument));
  if (!primitive) return VT_ERROR_OUT_OF_MEMORY;
  snprintf(primitive->name, sizeof primitive->name, "%s", name);
  primitive->argument_count = r->count;
  for (int i = 0; i < r->count; i++) {
    const dnnl_memory_desc_t *desc =
        dnnl_primitive_desc_query_md(descriptor, dnnl_query_exec_arg_md, r->list[i]);
    if (!desc) {
      vt_free(primitive);
      return VT_OK;
    }
    primitive->arguments[i].role = r->list[i];
    primitive->arguments[i].run.desc = primitive->arguments[i].shown.desc = *desc;
  }
  const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(descriptor, dnnl_query_scratchpad_md, 0);
  if (scratch) {
    primitive->scratch_desc = *scratch;
    primitive->scratch = dnnl_memory_desc_get_size(scratch);
  }
  dnnl_status_t status = dnnl_primitive_create(&primitive->primitive, descriptor);
  if (status != dnnl_success) {
    vt_free(primitive);
    return status == dnnl_unimplemented ? VT_OK : fail(ctx, status, name);
  }
  *out = primitive;
  return VT_OK;
}

/* The fastest implementation by oneDNN's own order, or the fastest whose name begins with `wanted`. */
static dnnl_status_t choose(vt_engine *engine, const void *operation, const_dnnl_primitive_attr_t attributes,
                            const char *wanted, dnnl_primitive_desc_t *out)
{
  dnnl_primitive_desc_iterator_t iterator;
  dnnl_status_t status =
      dnnl_primitive_desc_iterator_create(&iterator, operation, attributes, engine->engine, NULL);
  while (status == dnnl_success) {
    const char *name = "";
    *out = dnnl_primitive_desc_iterator_fetch(iterator);
    if (!*out) status = dnnl_out_of_memory;
    if (!*out || !wanted) break;
    dnnl_primitive_desc_query(*out, dnnl_query_impl_info_str, 0, &name);
    if (strncmp(name, wanted, strlen(wanted)) == 0) break;
    dnnl_primitive_desc_destroy(*out);
    *out = NULL;
    status = dnnl_primitive_desc_iterator_next(iterator);
  }
  dnnl_primitive_desc_iterator_destroy(iterator);
  return status;
}

/* From an operation's description to a primitive. `wanted`: see choose(). */
static vt_status make(vt_ctx *ctx, vt_engine *engine, const void *operation, const char *wanted,
                      const vt_post *posts, int post_count, const dnnl_memory_desc_t *result, roles *r,
                      vt_primitive **out)
{
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t descriptor = NULL;
  dnnl_status_t made = make_attributes(posts, post_count, result, &attributes, r);
  r->list[r->count++] = DNNL_ARG_DST;
  if (made == dnnl_success) made = choose(engine, operation, attributes, wanted, &descriptor);
  vt_status status = VT_OK;
  if (made == dnnl_success)
    status = finish(ctx, descriptor, r, false, out);
  else if (made == dnnl_out_of_memory)
    status = fail(ctx, made, "a primitive's description");
  if (descriptor) dnnl_primitive_desc_destroy(descriptor);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  return status;
}

static roles start(const int *first, int count)
{
  roles r = {.count = count};
  for (int i = 0; i < count; i++)
    r.buffer[i] = first[i];
  return r;
}

static vt_status make_conv(vt_ctx *ctx, vt_engine *engine, const vt_conv_spec *spec, const char *wanted,
                           const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *result,
                           const vt_post *posts, int post_count, vt_primitive **out)
{
  dnnl_memory_desc_t weights, bias;
  vt_view bias_view = {.rank = 1, .dims = {spec->result.dims[1]}};
  if (!describe(&weights, &spec->weights) || !describe(&bias, &bias_view)) return VT_OK;
  dnnl_dims_t dilations = {0};
  for (int i = 0; i < spec->source.rank - 2; i++)
    dilations[i] = spec->dilations[i] - 1;
  dnnl_convolution_desc_t operation;
  if (dnnl_dilated_convolution_forward_desc_init(&operation, dnnl_forward_inference, dnnl_convolution_direct,
                                                 source, &weights, spec->bias ? &bias : NULL, result,
                                                 spec->strides, dilations, spec->begin,
                                                 spec->end) != dnnl_success)
    return VT_OK;
  roles r = start((const int[]){DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS}, spec->bias ? 3 : 2);
  r.list = r.buffer;
  return make(ctx, engine, &operation, wanted, posts, post_count, result, &r, out);
}

/* [N, C, spatial…] with channels next to each other. */
static bool describe_channels_last(dnnl_memory_desc_t *desc, const vt_view *view)
{
  dnnl_dims_t sizes = {0}, strides = {0};
  int64_t step = view->dims[1];
  for (int axis = view->rank - 1; axis >= 2; axis--) {
    strides[axis] = step;
    step *= view->dims[axis];
  }
  strides[0] = step;
  strides[1] = 1;
  for (int axis = 0; axis < view->rank; axis++)
    sizes[axis] = view->dims[axis];
  return dnnl_memory_desc_init_by_strides(desc, view->rank, sizes, dnnl_f32, strides) == dnnl_success;
}

/* oneDNN offers its batched-product kernel first for depthwise convolutions; on channels-last images its
 * older direct kernel took 0.055 ms where that took 0.060 (672 channels, 5x5 at 14x14), 0.068 : 0.086 (144,
 * 3x3 at 56x56). */
static vt_status make_depthwise(vt_ctx *ctx, vt_engine *engine, const vt_conv_spec *spec,
                                const vt_post *posts, int post_count, vt_primitive **out)
{
  dnnl_memory_desc_t now, source, result;
  vt_view there = spec->source;
  there.any = false;
  if (!spec->grouped || spec->weights.dims[1] != 1 || spec->weights.dims[2] != 1 || !there.layout ||
      !describe(&now, &there) || !describe_channels_last(&source, &spec->source) ||
      !describe_channels_last(&result, &spec->result) || !same(&now, &source))
    return VT_OK;
  return make_conv(ctx, engine, spec, "jit_dw", &source, &result, posts, post_count, out);
}

vt_status vt_primitive_conv(vt_ctx *ctx, vt_engine *engine, const vt_conv_spec *spec, const vt_post *posts,
                            int post_count, vt_primitive **out)
{
  *out = NULL;
  VT_TRY(make_depthwise(ctx, engine, spec, posts, post_count, out));
  if (*out) return VT_OK;
  dnnl_memory_desc_t source, result;
  if (!describe(&source, &spec->source) || !describe(&result, &spec->result)) return VT_OK;
  return make_conv(ctx, engine, spec, NULL, &source, &result, posts, post_count, out);
}

vt_status vt_primitive_matmul(vt_ctx *ctx, vt_engine *engine, const vt_view *a, const vt_view *b, bool bias,
                              const vt_view *result, const vt_post *posts, int post_count, vt_primitive **out)
{
  *out = NULL;
  dnnl_memory_desc_t source, weights, bias_desc, dst;
  vt_view bias_view = {.rank = result->rank};
  for (int axis = 0; axis < result->rank; axis++)
    bias_view.dims[axis] = 1;
  bias_view.dims[result->rank - 1] = result->dims[result->rank - 1];
  if (!describe(&source, a) || !describe(&weights, b) || !describe(&bias_desc, &bias_view) ||
      !describe(&dst, result))
    return VT_OK;
  dnnl_matmul_desc_t operation;
  if (dnnl_matmul_desc_init(&operation, &source, &weights, bias ? &bias_desc : NULL, &dst) != dnnl_success)
    return VT_OK;
  roles r = start((const int[]){DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS}, bias ? 3 : 2);
  r.list = r.buffer;
  return make(ctx, engine, &operation, NULL, posts, post_count, &dst, &r, out);
}

vt_status vt_primitive_pool(vt_ctx *ctx, vt_engine *engine, const vt_pool_spec *spec, vt_primitive **out)
{
  static const dnnl_alg_kind_t algorithms[] = {
      [VT_POOL_MAX] = dnnl_pooling_max,
      [VT_POOL_MEAN] = dnnl_pooling_avg_exclude_padding,
      [VT_POOL_MEAN_WITH_PADDING] = dnnl_pooling_avg_include_padding,
  };
  *out = NULL;
  dnnl_memory_desc_t source, result;
  if (!describe(&source, &spec->source) || !describe(&result, &spec->result)) return VT_OK;
  dnnl_pooling_desc_t operation;
  if (dnnl_pooling_forward_desc_init(&operation, dnnl_forward_inference, algorithms[spec->kind], &source,
                                     &result, spec->strides, spec->kernel, spec->begin,
                                     spec->end) != dnnl_success)
    return VT_OK;
  roles r = start((const int[]){DNNL_ARG_SRC}, 1);
  r.list = r.buffer;
  return make(ctx, engine, &operation, NULL, NULL, 0, &result, &r, out);
}

/* [N, C, …] as [1, N·C, …] over the same memory: "one number a channel of each item" becomes "one a channel",
 * for which oneDNN has fast code. False when padding or the order of axes is in the way. */
static bool merge_items(dnnl_memory_desc_t *desc)
{
  dnnl_blocking_desc_t *blocks = &desc->format_desc.blocking;
  if (desc->format_kind != dnnl_blocked || desc->ndims < 2 || desc->dims[1] != desc->padded_dims[1] ||
      blocks->inner_nblks > 1 || (blocks->inner_nblks == 1 && blocks->inner_idxs[0] != 1))
    return false;
  int64_t block = blocks->inner_nblks ? blocks->inner_blks[0] : 1;
  if (blocks->strides[0] != desc->dims[1] / block * blocks->strides[1]) return false;
  blocks->strides[0] *= desc->dims[0];
  desc->dims[1] = desc->padded_dims[1] = desc->dims[0] * desc->dims[1];
  desc->dims[0] = desc->padded_dims[0] = 1;
  return true;
}

vt_status vt_primitive_binary(vt_ctx *ctx, vt_engine *engine, vt_binary_kind kind, const vt_view *a,
                              const vt_view *b, const vt_view *result, const vt_post *posts, int post_count,
                              vt_primitive **out)
{
  static const dnnl_alg_kind_t algorithms[] = {
      [VT_BINARY_ADD] = dnnl_binary_add,      [VT_BINARY_SUBTRACT] = dnnl_binary_sub,
      [VT_BINARY_MULTIPLY] = dnnl_binary_mul, [VT_BINARY_DIVIDE] = dnnl_binary_div,
      [VT_BINARY_MAXIMUM] = dnnl_binary_max,  [VT_BINARY_MINIMUM] = dnnl_binary_min,
  };
  *out = NULL;
  dnnl_memory_desc_t first, second, dst;
  if (!describe(&first, a) || !describe(&second, b) || !describe(&dst, result)) return VT_OK;
  dnnl_memory_desc_t shown[3] = {first, second, dst};
  bool merged = b->dims[0] > 1 && b->dims[b->rank - 1] != a->dims[a->rank - 1];
  if (merged && (!merge_items(&first) || !merge_items(&second) || !merge_items(&dst))) return VT_OK;
  dnnl_binary_desc_t operation;
  if (dnnl_binary_desc_init(&operation, algorithms[kind], &first, &second, &dst) != dnnl_success)
    return VT_OK;
  roles r = start((const int[]){DNNL_ARG_SRC_0, DNNL_ARG_SRC_1}, 2);
  r.list = r.buffer;
  VT_TRY(make(ctx, engine, &operation, NULL, posts, post_count, &dst, &r, out));
  vt_primitive *made = *out;
  for (int i = 0; merged && made && i < made->argument_count; i++)
    made->arguments[i].shown.desc = shown[i < 2 ? i : 2];
  return VT_OK;
}

vt_status vt_primitive_enlarge(vt_ctx *ctx, vt_engine *engine, const vt_view *source, const vt_view *result,
                               vt_primitive **out)
{
  *out = NULL;
  dnnl_memory_desc_t from, to;
  if (!describe(&from, source) || !describe(&to, result)) return VT_OK;
  dnnl_resampling_desc_t operation;
  if (dnnl_resampling_forward_desc_init(&operation, dnnl_forward_inference, dnnl_resampling_nearest, NULL,
                                        &from, &to) != dnnl_success)
    return VT_OK;
  roles r = start((const int[]){DNNL_ARG_SRC}, 1);
  r.list = r.buffer;
  return make(ctx, engine, &operation, NULL, NULL, 0, &to, &r, out);
}

vt_status vt_primitive_concat(vt_ctx *ctx, vt_engine *engine, int axis, const vt_view *sources, int count,
                              const vt_view *result, vt_primitive **out)
{
  *out = NULL;
  dnnl_memory_desc_t *descs = vt_alloc_zero(ctx, (size_t)count, sizeof *descs);
  roles r = {.list = vt_alloc_zero(ctx, (size_t)count + 1, sizeof(int))};
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t descriptor = NULL;
  vt_status status = descs && r.list ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  dnnl_memory_desc_t dst;
  bool fits = status == VT_OK && describe(&dst, result);
  for (int i = 0; fits && i < count; i++) {
    fits = describe(&descs[i], &sources[i]);
    r.list[r.count++] = DNNL_ARG_MULTIPLE_SRC + i;
  }
  if (fits && make_attributes(NULL, 0, &dst, &attributes, &r) == dnnl_success) {
    r.list[r.count++] = DNNL_ARG_DST;
    if (dnnl_concat_primitive_desc_create(&descriptor, &dst, count, axis, descs, attributes,
                                          engine->engine) == dnnl_success)
      status = finish(ctx, descriptor, &r, true, out);
  }
  if (descriptor) dnnl_primitive_desc_destroy(descriptor);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  vt_free(descs);
  vt_free(r.list);
  return status;
}

vt_status vt_primitive_reorder(vt_ctx *ctx, vt_engine *engine, const vt_view *source, const vt_view *result,
                               vt_primitive **out)
{
  *out = NULL;
  dnnl_memory_desc_t from, to;
  if (!describe(&from, source) || !describe(&to, result))
    return vt_fail(ctx, VT_ERROR_RUNTIME, "oneDNN cannot describe a tensor of %d dimensions", source->rank);
  roles r = start((const int[]){DNNL_ARG_FROM, DNNL_ARG_TO}, 2);
  r.list = r.buffer;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t descriptor = NULL;
  vt_status status = VT_OK;
  dnnl_status_t made = make_attributes(NULL, 0, &to, &attributes, &r);
  if (made == dnnl_success)
    made = dnnl_reorder_primitive_desc_create(&descriptor, &from, engine->engine, &to, engine->engine,
                                              attributes);
  if (made == dnnl_success)
    status = finish(ctx, descriptor, &r, true, out);
  else
    status = fail(ctx, made, "a change of layout");
  if (status == VT_OK && !*out) status = fail(ctx, dnnl_unimplemented, "a change of layout");
  if (descriptor) dnnl_primitive_desc_destroy(descriptor);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  return status;
}

void vt_primitive_free(vt_primitive *primitive)
{
  if (!primitive) return;
  dnnl_primitive_destroy(primitive->primitive);
  vt_free(primitive);
}

int vt_primitive_argument_count(const vt_primitive *primitive)
{
  return primitive->argument_count;
}

vt_view vt_primitive_argument(const vt_primitive *primitive, int index)
{
  const vt_layout *layout = &primitive->arguments[index].shown;
  vt_view view = {.rank = layout->desc.ndims};
  for (int axis = 0; axis < view.rank; axis++)
    view.dims[axis] = layout->desc.dims[axis];
  dnnl_memory_desc_t rows;
  if (!vt_dnnl_row_major(&rows, view.rank, view.dims) || !same(&rows, &layout->desc)) view.layout = layout;
  return view;
}

const char *vt_primitive_name(const vt_primitive *primitive)
{
  return primitive->name;
}

size_t vt_primitive_scratch(const vt_primitive *primitive)
{
  return primitive->scratch;
}

/* ---- running ---- */

vt_status vt_lane_new(vt_ctx *ctx, vt_engine *engine, vt_lane **out)
{
  *out = NULL;
  vt_lane *lane = vt_alloc_zero(ctx, 1, sizeof *lane);
  if (!lane) return VT_ERROR_OUT_OF_MEMORY;
  dnnl_status_t status = dnnl_stream_create(&lane->stream, engine->engine, dnnl_stream_default_flags);
  if (status != dnnl_success) {
    vt_free(lane);
    return fail(ctx, status, "stream");
  }
  *out = lane;
  return VT_OK;
}

void vt_lane_free(vt_lane *lane)
{
  if (!lane) return;
  dnnl_stream_destroy(lane->stream);
  vt_free(lane);
}

vt_status vt_bound_new(vt_ctx *ctx, vt_engine *engine, const vt_primitive *primitive, void *const *memory,
                       void *scratch, vt_bound **out)
{
  *out = NULL;
  size_t count = (size_t)primitive->argument_count;
  vt_bound *bound = vt_alloc_zero(ctx, 1, sizeof *bound + (count + 1) * sizeof(dnnl_exec_arg_t));
  if (!bound) return VT_ERROR_OUT_OF_MEMORY;
  bound->primitive = primitive;
  dnnl_status_t status = dnnl_success;
  for (size_t i = 0; i < count && status == dnnl_success; i++) {
    dnnl_exec_arg_t *slot = &bound->arguments[bound->count];
    slot->arg = primitive->arguments[i].role;
    status = dnnl_memory_create(&slot->memory, &primitive->arguments[i].run.desc, engine->engine, memory[i]);
    if (status == dnnl_success) bound->count++;
  }
  if (status == dnnl_success && primitive->scratch > 0) {
    dnnl_exec_arg_t *slot = &bound->arguments[bound->count];
    slot->arg = DNNL_ARG_SCRATCHPAD;
    status = dnnl_memory_create(&slot->memory, &primitive->scratch_desc, engine->engine, scratch);
    if (status == dnnl_success) bound->count++;
  }
  if (status != dnnl_success) {
    vt_bound_free(bound);
    return fail(ctx, status, "memory of a primitive");
  }
  *out = bound;
  return VT_OK;
}

void vt_bound_free(vt_bound *bound)
{
  if (!bound) return;
  for (int i = 0; i < bound->count; i++)
    dnnl_memory_destroy(bound->arguments[i].memory);
  vt_free(bound);
}

vt_status vt_bound_run(vt_ctx *ctx, const vt_bound *bound, vt_lane *lane)
{
  dnnl_status_t status =
      dnnl_primitive_execute(bound->primitive->primitive, lane->stream, bound->count, bound->arguments);
  return status == dnnl_success ? VT_OK : fail(ctx, status, bound->primitive->name);
}
