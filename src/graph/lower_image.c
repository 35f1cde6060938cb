/* SPDX-License-Identifier: Apache-2.0
 *
 * What keeps image tensors in the layout of the convolutions around it: pooling, arithmetic, concatenation,
 * enlarging, transposes. None of these pays when the tensor is row-major already: the operator rows do that
 * themselves.
 */
#include "graph/lower.h"

/* Made by something that chose its own layout, and not known in rows? */
static bool lies_apart(const vt_lowering *l, int value)
{
  return value >= 0 && l->own[value] >= 0 && l->rows[value] < 0;
}

static vt_view own_view(const vt_lowering *l, int value)
{
  return vt_lower_view(l, value, l->own[value]);
}

/* A step of one source, the value's own buffer, and a result of the primitive's choice. */
static vt_status emit_simple(vt_ctx *ctx, vt_lowering *l, int node, vt_primitive *primitive, int source,
                             int output, double flops, int fused)
{
  vt_view wanted = vt_primitive_argument(primitive, 0), result = vt_primitive_argument(primitive, 1);
  int buffers[2];
  vt_status status = vt_lower_as(ctx, l, source, &wanted, false, &buffers[0]);
  if (status == VT_OK) status = vt_lower_new(ctx, l, &result, &buffers[1]);
  if (status != VT_OK) {
    vt_primitive_free(primitive);
    return status;
  }
  VT_TRY(vt_lower_primitive(ctx, l, node, primitive, buffers, flops, fused));
  return vt_lower_made(ctx, l, output, &result, buffers[1]);
}

/* ---- pooling ---- */

static bool never_negative(const vt_lowering *l, int value)
{
  for (int i = 0; i < 8 && value >= 0; i++) {
    int node = l->draft->graph->values[value].producer;
    const vt_tensor *low = node >= 0 ? vt_draft_constant(l->draft, vt_draft_input(l->draft, node, 1)) : NULL;
    if (vt_draft_is(l->draft, node, "Relu") || vt_draft_is(l->draft, node, "Sigmoid")) return true;
    if (vt_draft_is(l->draft, node, "Clip")) return low && vt_count(low) == 1 && vt_get_f64(low, 0) >= 0;
    if (!vt_draft_is(l->draft, node, "Transpose") && !vt_draft_is(l->draft, node, "MaxPool")) return false;
    value = vt_draft_input(l->draft, node, 0);
  }
  return false;
}

/* Fills lengths and padding; the end padding is what the result's size implies. False for forms oneDNN does
 * not have. */
static bool pool_geometry(const vt_lowering *l, const vt_fusion *fusion, bool mean, vt_pool_spec *spec)
{
  const vt_node *node = &l->draft->graph->nodes[fusion->anchor];
  const vt_ints *kernel = vt_attribute_ints(node, "kernel_shape"),
                *strides = vt_attribute_ints(node, "strides");
  const vt_ints *pads = vt_attribute_ints(node, "pads"), *dilations = vt_attribute_ints(node, "dilations");
  bool with_padding = vt_attribute_number(node, "count_include_pad", 0) != 0;
  int spatial = spec->source.rank - 2;
  char buffer[64];
  if (!kernel || strcmp(vt_attribute_text(node, "auto_pad", "NOTSET", buffer), "NOTSET") != 0) return false;
  bool padded = false, absorbed = false;
  for (int i = 0; i < spatial; i++) {
    if (dilations && dilations->data[i] != 1) return false;
    int64_t begin = pads ? pads->data[i] : 0, end = pads ? pads->data[i + spatial] : 0;
    if (begin || end) padded = true;
    if (fusion->begin[i] || fusion->end[i]) absorbed = true;
    spec->kernel[i] = kernel->data[i];
    spec->strides[i] = strides ? strides->data[i] : 1;
    spec->begin[i] = begin + fusion->begin[i];
    spec->end[i] = (spec->result.dims[i + 2] - 1) * spec->strides[i] + spec->kernel[i] -
                   spec->source.dims[i + 2] - spec->begin[i];
    int64_t declared = end + fusion->end[i];
    /* windows beyond the declared padding (ceil_mode) count differently in each library */
    if (spec->end[i] > declared && mean && (with_padding || absorbed)) return false;
    if (spec->begin[i] >= spec->kernel[i] || spec->end[i] >= spec->kernel[i]) return false;
  }
  /* an absorbed Pad puts real zeros there: they count in a mean, and in a maximum
   * unless nothing is below zero */
  if (absorbed && (mean ? padded && !with_padding : fusion->zeros && !never_negative(l, fusion->source)))
    return false;
  spec->kind = !mean ? VT_POOL_MAX : with_padding || absorbed ? VT_POOL_MEAN_WITH_PADDING : VT_POOL_MEAN;
  return true;
}

vt_status vt_lower_pool(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion, bool *done)
{
  bool mean = vt_draft_is(l->draft, fusion->anchor, "AveragePool");
  if (!lies_apart(l, fusion->source) || vt_draft_output(l->draft, fusion->anchor, 1) >= 0) return VT_OK;
  vt_pool_spec spec = {.source = own_view(l, fusion->source),
                       .result = vt_view_of(vt_lower_shape(l, fusion->output), NULL)};
  spec.result.any = true;
  if (spec.source.rank < 3 || spec.source.rank > 5 || !pool_geometry(l, fusion, mean, &spec)) return VT_OK;
  vt_primitive *primitive;
  VT_TRY(vt_primitive_pool(ctx, l->plan->engine, &spec, &primitive));
  if (!primitive) return VT_OK;
  *done = true;
  return emit_simple(ctx, l, fusion->anchor, primitive, fusion->source, fusion->output,
                     vt_draft_flops(l->draft, fusion->anchor), fusion->part_count - 1);
}

/* GlobalAveragePool, GlobalMaxPool, or ReduceMean over all spatial axes. */
static vt_status lower_global(vt_ctx *ctx, vt_lowering *l, int node, bool *done)
{
  bool max = vt_draft_is(l->draft, node, "GlobalMaxPool"), reduce = vt_draft_is(l->draft, node, "ReduceMean");
  if (!max && !reduce && !vt_draft_is(l->draft, node, "GlobalAveragePool")) return VT_OK;
  int source = vt_draft_input(l->draft, node, 0);
  if (!lies_apart(l, source)) return VT_OK;
  vt_pool_spec spec = {.source = own_view(l, source), .kind = max ? VT_POOL_MAX : VT_POOL_MEAN};
  int rank = spec.source.rank;
  if (rank < 3 || rank > 5) return VT_OK;
  if (reduce) {
    const vt_tensor *axes = vt_draft_constant(l->draft, vt_draft_input(l->draft, node, 1));
    unsigned found = 0;
    for (int64_t i = 0; axes && i < vt_count(axes); i++) {
      int64_t axis = vt_get_i64(axes, i);
      found |= 1u << (axis < 0 ? axis + rank : axis);
    }
    if (found != ((1u << rank) - 1 - 3)) return VT_OK;
  }
  spec.result = spec.source;
  spec.result.layout = NULL;
  spec.result.any = true;
  for (int axis = 2; axis < rank; axis++) {
    spec.kernel[axis - 2] = spec.source.dims[axis];
    spec.strides[axis - 2] = 1;
    spec.result.dims[axis] = 1;
  }
  vt_primitive *primitive;
  VT_TRY(vt_primitive_pool(ctx, l->plan->engine, &spec, &primitive));
  if (!primitive) return VT_OK;
  *done = true;
  return emit_simple(ctx, l, node, primitive, source, vt_draft_output(l->draft, node, 0),
                     vt_draft_flops(l->draft, node), 0);
}

/* ---- arithmetic ---- */

static bool image_view(const vt_lowering *l, int value, vt_view *view)
{
  *view = own_view(l, value);
  return view->rank >= 3 && view->rank <= 5;
}

vt_status vt_lower_affine(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion, bool *done)
{
  vt_view a;
  if (!lies_apart(l, fusion->source) || !image_view(l, fusion->source, &a)) return VT_OK;
  vt_view b = {.rank = a.rank}, result = a;
  for (int axis = 0; axis < a.rank; axis++)
    b.dims[axis] = axis == 1 ? a.dims[1] : 1;
  vt_fusion whole = *fusion; /* scale by the primitive, shift as its first post */
  if (whole.post_count >= VT_POSTS) return VT_OK;
  memmove(whole.posts + 1, whole.posts, sizeof *whole.posts * (size_t)whole.post_count);
  whole.posts[0] = (vt_post){VT_POST_CHANNEL, 0, 0, VT_NO_VALUE};
  whole.post_count++;
  vt_post_plan posts = vt_lower_posts(l, &whole, false);
  vt_primitive *primitive;
  VT_TRY(vt_primitive_binary(ctx, l->plan->engine, VT_BINARY_MULTIPLY, &a, &b, &result, posts.posts,
                             posts.count, &primitive));
  if (!primitive) return VT_OK;
  int buffers[VT_POSTS + 4] = {l->own[fusion->source]};
  vt_status status = vt_lower_constant(ctx, l, fusion->scale, &b, &buffers[1]);
  if (status == VT_OK) status = vt_lower_constant(ctx, l, fusion->shift, &b, &buffers[2]);
  if (status != VT_OK) {
    vt_primitive_free(primitive);
    return status;
  }
  *done = true;
  return vt_lower_finish(ctx, l, fusion, primitive, &posts, buffers, 3);
}

vt_status vt_lower_binary(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion, bool *done)
{
  static const struct {
    const char *name;
    vt_binary_kind kind;
    bool commutes;
  } kinds[] = {
      {"Add", VT_BINARY_ADD, true},
      {"Sub", VT_BINARY_SUBTRACT, false},
      {"Mul", VT_BINARY_MULTIPLY, true},
      {"Div", VT_BINARY_DIVIDE, false},
  };
  size_t k = 0;
  while (k < VT_COUNT(kinds) && !vt_draft_is(l->draft, fusion->anchor, kinds[k].name))
    k++;
  int a = vt_draft_input(l->draft, fusion->anchor, 0), b = vt_draft_input(l->draft, fusion->anchor, 1);
  if (k == VT_COUNT(kinds) || a < 0 || b < 0) return VT_OK;
  const vt_tensor *shape = vt_lower_shape(l, fusion->output);
  if (!vt_same_shape(vt_lower_shape(l, a), shape) && kinds[k].commutes) {
    int swap = a;
    a = b;
    b = swap;
  }
  if (!vt_same_shape(vt_lower_shape(l, a), shape) || vt_lower_shape(l, b)->rank != shape->rank) return VT_OK;
  bool equal = vt_same_shape(vt_lower_shape(l, b), shape);
  if (!lies_apart(l, a) && !(equal && lies_apart(l, b))) return VT_OK;
  int own;
  VT_TRY(vt_lower_own(ctx, l, a, &own));
  VT_TRY(vt_lower_own(ctx, l, b, &own));
  vt_view first = own_view(l, lies_apart(l, a) ? a : b), second = first, result = first;
  if (!equal) { /* one number a channel (of each item) */
    second = vt_view_of(vt_lower_shape(l, b), NULL);
    for (int axis = 2; axis < second.rank; axis++)
      if (second.dims[axis] != 1) return VT_OK;
    if (l->rows[b] < 0) second.layout = own_view(l, b).layout;
    vt_view rows = own_view(l, b);
    if (vt_view_is_rows(&rows)) second.layout = NULL;
  }
  vt_post_plan posts = vt_lower_posts(l, fusion, false);
  vt_primitive *primitive = NULL;
  VT_TRY(vt_primitive_binary(ctx, l->plan->engine, kinds[k].kind, &first, &second, &result, posts.posts,
                             posts.count, &primitive));
  if (!primitive) return VT_OK;
  int buffers[VT_POSTS + 4];
  vt_status status = vt_lower_as(ctx, l, a, &first, false, &buffers[0]);
  if (status == VT_OK) status = vt_lower_as(ctx, l, b, &second, false, &buffers[1]);
  if (status != VT_OK) {
    vt_primitive_free(primitive);
    return status;
  }
  *done = true;
  return vt_lower_finish(ctx, l, fusion, primitive, &posts, buffers, 2);
}

/* ---- moving ---- */

static vt_status lower_concat(vt_ctx *ctx, vt_lowering *l, int node, bool *done)
{
  const vt_node *n = &l->draft->graph->nodes[node];
  int count = n->input_count, output = vt_draft_output(l->draft, node, 0);
  bool apart = false;
  if (!vt_draft_is(l->draft, node, "Concat") || output < 0 || vt_lower_shape(l, output)->type != VT_F32)
    return VT_OK;
  for (int i = 0; i < count; i++) {
    int value = vt_draft_input(l->draft, node, i);
    if (value < 0 || vt_count(vt_lower_shape(l, value)) == 0) return VT_OK;
    if (lies_apart(l, value)) apart = true;
  }
  if (!apart) return VT_OK;
  vt_view *views = vt_alloc_zero(ctx, (size_t)count, sizeof *views);
  int *buffers = vt_alloc_zero(ctx, (size_t)count + 1, sizeof *buffers);
  vt_status status = views && buffers ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < count && status == VT_OK; i++) {
    int value = vt_draft_input(l->draft, node, i);
    status = vt_lower_own(ctx, l, value, &buffers[i]);
    if (status == VT_OK) views[i] = own_view(l, value);
  }
  vt_view result = vt_view_of(vt_lower_shape(l, output), NULL);
  result.any = true;
  int64_t axis = (int64_t)vt_attribute_number(n, "axis", 0);
  vt_primitive *primitive = NULL;
  if (status == VT_OK)
    status = vt_primitive_concat(ctx, l->plan->engine, (int)(axis < 0 ? axis + result.rank : axis), views,
                                 count, &result, &primitive);
  if (status == VT_OK && primitive) {
    *done = true;
    result = vt_primitive_argument(primitive, count);
    status = vt_lower_new(ctx, l, &result, &buffers[count]);
    if (status != VT_OK)
      vt_primitive_free(primitive);
    else
      status = vt_lower_primitive(ctx, l, node, primitive, buffers, 0, 0);
    if (status == VT_OK) status = vt_lower_made(ctx, l, output, &result, buffers[count]);
  }
  vt_free(views);
  vt_free(buffers);
  return status;
}

/* No copy: the same memory, described with its axes exchanged. Whoever wants rows makes the copy. */
static vt_status lower_transpose(vt_ctx *ctx, vt_lowering *l, int node, bool *done)
{
  int from = vt_draft_input(l->draft, node, 0), to = vt_draft_output(l->draft, node, 0), own;
  if (!vt_draft_is(l->draft, node, "Transpose") || from < 0 || to < 0) return VT_OK;
  const vt_tensor *shape = vt_lower_shape(l, from);
  if (shape->type != VT_F32 || shape->rank < 2 || vt_count(shape) == 0) return VT_OK;
  const vt_ints *order = vt_attribute_ints(&l->draft->graph->nodes[node], "perm");
  int permutation[VT_MAX_RANK];
  for (int axis = 0; axis < shape->rank; axis++)
    permutation[axis] = order ? (int)order->data[axis] : shape->rank - 1 - axis;
  VT_TRY(vt_lower_own(ctx, l, from, &own));
  vt_view view = own_view(l, from);
  vt_layout *layout;
  VT_TRY(vt_layout_permute(ctx, &view, permutation, &layout));
  if (!layout) return VT_OK;
  VT_TRY(vt_plan_own_layout(ctx, l->plan, layout));
  int alias, root = l->plan->buffers[own].root;
  VT_TRY(vt_plan_add_buffer(ctx, l->plan, l->plan->buffers[own].bytes, &alias));
  vt_view result = vt_view_of(vt_lower_shape(l, to), layout);
  bool rows = vt_view_is_rows(&result);
  vt_buffer *buffer = &l->plan->buffers[alias];
  buffer->root = root;
  buffer->layout = rows ? NULL : layout;
  const vt_draft_value *v = &l->draft->values[to];
  l->plan->buffers[root].pending += v->use_count + (v->exposed ? 1 : 0);
  l->own[to] = alias;
  l->rows[to] = rows ? alias : -1;
  *done = true;
  return VT_OK;
}

/* Resize to whole multiples by the nearest neighbour, in the forms in which all coordinate rules agree. */
static vt_status lower_enlarge(vt_ctx *ctx, vt_lowering *l, int node, bool *done)
{
  if (!vt_draft_is(l->draft, node, "Resize")) return VT_OK;
  const vt_node *n = &l->draft->graph->nodes[node];
  int from = vt_draft_input(l->draft, node, 0), to = vt_draft_output(l->draft, node, 0);
  char buffer[64], other[64], third[64];
  if (!lies_apart(l, from) || to < 0 ||
      strcmp(vt_attribute_text(n, "mode", "nearest", buffer), "nearest") != 0)
    return VT_OK;
  const char *rule = vt_attribute_text(n, "coordinate_transformation_mode", "half_pixel", other);
  const char *rounding = vt_attribute_text(n, "nearest_mode", "round_prefer_floor", third);
  bool floor_from_corner = strcmp(rule, "asymmetric") == 0 && strcmp(rounding, "floor") == 0;
  bool round_from_centre = (strcmp(rule, "half_pixel") == 0 || strcmp(rule, "pytorch_half_pixel") == 0) &&
                           strncmp(rounding, "round_prefer", 12) == 0;
  if (!floor_from_corner && !round_from_centre) return VT_OK;
  vt_view source = own_view(l, from), result = vt_view_of(vt_lower_shape(l, to), NULL);
  result.any = true;
  if (source.rank < 3 || source.rank > 5 || source.dims[0] != result.dims[0] ||
      source.dims[1] != result.dims[1])
    return VT_OK;
  for (int axis = 2; axis < source.rank; axis++)
    if (result.dims[axis] % source.dims[axis] != 0) return VT_OK;
  vt_primitive *primitive;
  VT_TRY(vt_primitive_enlarge(ctx, l->plan->engine, &source, &result, &primitive));
  if (!primitive) return VT_OK;
  *done = true;
  return emit_simple(ctx, l, node, primitive, from, to, vt_draft_flops(l->draft, node), 0);
}

vt_status vt_lower_image(vt_ctx *ctx, vt_lowering *l, int node, bool *done)
{
  *done = false;
  VT_TRY(lower_global(ctx, l, node, done));
  if (!*done) VT_TRY(lower_concat(ctx, l, node, done));
  if (!*done) VT_TRY(lower_transpose(ctx, l, node, done));
  if (!*done) VT_TRY(lower_enlarge(ctx, l, node, done));
  return VT_OK;
}
