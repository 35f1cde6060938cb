/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions and matrix products as oneDNN primitives with what follows them fused in.
 *
 * A residual sum can be done in two ways: ADD reads the other operand beside the result; SUM starts from a
 * result that already holds it, which needs that operand's memory for good. SUM is used when nobody reads the
 * operand afterwards.
 */
#include "graph/lower.h"

/* ---- posts ---- */

vt_post_plan vt_lower_posts(const vt_lowering *l, const vt_fusion *fusion, bool in_place)
{
  vt_post_plan plan = {.count = fusion->post_count, .sum_value = VT_NO_VALUE};
  memcpy(plan.posts, fusion->posts, sizeof fusion->posts);
  for (int i = 0; i < plan.count; i++)
    if (plan.posts[i].kind == VT_POST_ADD && in_place && plan.sum_value < 0 &&
        vt_lower_disposable(l, plan.posts[i].value)) {
      plan.posts[i].kind = VT_POST_SUM;
      plan.sum_value = plan.posts[i].value;
    }
  return plan;
}

static double fusion_flops(const vt_lowering *l, const vt_fusion *fusion)
{
  double flops = 0;
  for (int i = 0; i < fusion->part_count; i++)
    flops += vt_draft_flops(l->draft, fusion->parts[i]);
  return flops;
}

/* A primitive's view of a result as the fusion's output has it, behind transposes that were taken in. */
static vt_status turn(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion, vt_view *view)
{
  if (!fusion->turned) return VT_OK;
  vt_layout *layout;
  VT_TRY(vt_layout_permute(ctx, view, fusion->order, &layout));
  if (!layout)
    return vt_fail(ctx, VT_ERROR_RUNTIME, "oneDNN cannot describe a transposed tensor of %d dimensions",
                   view->rank);
  VT_TRY(vt_plan_own_layout(ctx, l->plan, layout));
  *view = vt_view_of(vt_lower_shape(l, fusion->output), layout);
  return VT_OK;
}

/* The memory that the result goes to: new, or that of the operand which is added to it. */
static vt_status find_target(vt_ctx *ctx, vt_lowering *l, int operand, const vt_view *result, int *target)
{
  if (operand < 0) return vt_lower_new(ctx, l, result, target);
  vt_view now = vt_lower_view(l, operand, l->own[operand]);
  if (!vt_view_same_layout(&now, result)) return vt_lower_as(ctx, l, operand, result, true, target);
  *target = l->own[operand];
  return VT_OK;
}

static vt_status finish_buffers(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion,
                                const vt_primitive *primitive, const vt_post_plan *posts, int *buffers,
                                int count, vt_view *result)
{
  for (int i = 0; i < posts->count; i++)
    if (posts->posts[i].kind == VT_POST_ADD) {
      vt_view wanted = vt_primitive_argument(primitive, count);
      VT_TRY(turn(ctx, l, fusion, &wanted));
      VT_TRY(vt_lower_as(ctx, l, posts->posts[i].value, &wanted, false, &buffers[count++]));
    }
  *result = vt_primitive_argument(primitive, count);
  VT_TRY(turn(ctx, l, fusion, result));
  return find_target(ctx, l, posts->sum_value, result, &buffers[count]);
}

vt_status vt_lower_finish(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion, vt_primitive *primitive,
                          const vt_post_plan *posts, int *buffers, int count)
{
  vt_view result;
  vt_status status = finish_buffers(ctx, l, fusion, primitive, posts, buffers, count, &result);
  if (status != VT_OK) {
    vt_primitive_free(primitive);
    return status;
  }
  int target = buffers[vt_primitive_argument_count(primitive) - 1], old = posts->sum_value;
  VT_TRY(vt_lower_primitive(ctx, l, fusion->anchor, primitive, buffers, fusion_flops(l, fusion),
                            fusion->part_count - 1));
  if (old >= 0) l->own[old] = l->rows[old] = -1; /* overwritten */
  return vt_lower_made(ctx, l, fusion->output, &result, target);
}

/* ---- weights ---- */

/* weights·scale and bias·scale + shift, where the channel of an element is (index / inner)
 * mod channels. New arrays. */
static vt_status prepare(vt_ctx *ctx, const vt_fusion *fusion, const vt_tensor *weights, int64_t inner,
                         double factor, const vt_tensor *bias, double bias_factor, float **scaled,
                         float **bias_out)
{
  int64_t count = vt_count(weights);
  *scaled = vt_alloc(ctx, (size_t)count * sizeof(float));
  *bias_out = vt_alloc_zero(ctx, (size_t)fusion->channels, sizeof(float));
  if (!*scaled || !*bias_out) return VT_ERROR_OUT_OF_MEMORY;
  const float *from = weights->data;
  for (int64_t i = 0; i < count; i++) {
    double scale = fusion->scale ? fusion->scale[i / inner % fusion->channels] : 1;
    (*scaled)[i] = (float)(from[i] * scale * factor);
  }
  for (int64_t c = 0; c < fusion->channels; c++) {
    double b = bias ? bias_factor * ((const float *)bias->data)[vt_count(bias) == 1 ? 0 : c] : 0;
    (*bias_out)[c] = (float)(fusion->scale ? b * fusion->scale[c] + fusion->shift[c] : b);
  }
  return VT_OK;
}

/* ---- convolution ---- */

/* Padding of a window operator as it comes out of its attributes and shapes; an absorbed Pad is added. */
static bool conv_geometry(const vt_lowering *l, const vt_fusion *fusion, vt_conv_spec *spec)
{
  const vt_node *node = &l->draft->graph->nodes[fusion->anchor];
  const vt_tensor *weights = vt_lower_shape(l, vt_draft_input(l->draft, fusion->anchor, 1));
  const vt_ints *strides = vt_attribute_ints(node, "strides"),
                *dilations = vt_attribute_ints(node, "dilations");
  const vt_ints *pads = vt_attribute_ints(node, "pads");
  int spatial = spec->source.rank - 2;
  char buffer[64];
  const char *automatic = vt_attribute_text(node, "auto_pad", "NOTSET", buffer);
  bool same_upper = strcmp(automatic, "SAME_UPPER") == 0, same_lower = strcmp(automatic, "SAME_LOWER") == 0;
  bool given = !same_upper && !same_lower && strcmp(automatic, "VALID") != 0;
  for (int i = 0; i < spatial; i++) {
    spec->strides[i] = strides ? strides->data[i] : 1;
    spec->dilations[i] = dilations ? dilations->data[i] : 1;
    spec->begin[i] = fusion->begin[i];
    spec->end[i] = fusion->end[i];
    if (given && pads) {
      spec->begin[i] += pads->data[i];
      spec->end[i] += pads->data[i + spatial];
    }
    int64_t window = (weights->dims[i + 2] - 1) * spec->dilations[i] + 1, in = spec->source.dims[i + 2];
    if (same_upper || same_lower) {
      if (fusion->begin[i] || fusion->end[i]) return false; /* the automatic padding counts the padded size */
      int64_t total = (spec->result.dims[i + 2] - 1) * spec->strides[i] + window - in;
      if (total < 0) total = 0;
      spec->begin[i] = same_upper ? total / 2 : total - total / 2;
      spec->end[i] = total - spec->begin[i];
    }
  }
  return true;
}

/* oneDNN's loops run along the last axis; a convolution over a single column is one over a single row. */
static bool stands_upright(const vt_conv_spec *spec)
{
  return spec->source.rank == 4 && spec->source.dims[3] == 1 && spec->result.dims[3] == 1 &&
         spec->result.dims[2] > 1;
}

static void swap_numbers(int64_t *a, int64_t *b)
{
  int64_t keep = *a;
  *a = *b;
  *b = keep;
}

static void lay_down(vt_conv_spec *spec, vt_fusion *fusion)
{
  swap_numbers(&spec->source.dims[2], &spec->source.dims[3]);
  swap_numbers(&spec->result.dims[2], &spec->result.dims[3]);
  swap_numbers(&spec->weights.dims[spec->weights.rank - 2], &spec->weights.dims[spec->weights.rank - 1]);
  swap_numbers(&spec->strides[0], &spec->strides[1]);
  swap_numbers(&spec->dilations[0], &spec->dilations[1]);
  swap_numbers(&spec->begin[0], &spec->begin[1]);
  swap_numbers(&spec->end[0], &spec->end[1]);
  for (int axis = 0; axis < 4; axis++) {
    int from = fusion->turned ? fusion->order[axis] : axis;
    fusion->order[axis] = from == 2 ? 3 : from == 3 ? 2 : from;
  }
  fusion->turned = true;
}

static vt_status conv_buffers(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion,
                              const vt_primitive *primitive, const vt_conv_spec *spec, bool laid,
                              int *buffers)
{
  int weights = vt_draft_input(l->draft, fusion->anchor, 1),
      bias = vt_draft_input(l->draft, fusion->anchor, 2);
  const vt_tensor *constant = vt_draft_constant(l->draft, weights);
  vt_view wanted = vt_primitive_argument(primitive, 0);
  if (laid && wanted.layout) {
    vt_layout *layout;
    VT_TRY(vt_layout_permute(ctx, &wanted, (const int[]){0, 1, 3, 2}, &layout));
    if (!layout) return vt_fail(ctx, VT_ERROR_RUNTIME, "oneDNN cannot describe a transposed image");
    VT_TRY(vt_plan_own_layout(ctx, l->plan, layout));
    wanted = vt_view_of(vt_lower_shape(l, fusion->source), layout);
  }
  VT_TRY(vt_lower_as(ctx, l, fusion->source, &wanted, false, &buffers[0]));
  if (spec->weights.any) {
    float *scaled = NULL, *shift = NULL;
    vt_status status = prepare(ctx, fusion, constant, vt_span(constant, 1, constant->rank), 1,
                               vt_draft_constant(l->draft, bias), 1, &scaled, &shift);
    wanted = vt_primitive_argument(primitive, 1);
    if (status == VT_OK) status = vt_lower_constant(ctx, l, scaled, &wanted, &buffers[1]);
    if (status == VT_OK && spec->bias) {
      wanted = vt_primitive_argument(primitive, 2);
      status = vt_lower_constant(ctx, l, shift, &wanted, &buffers[2]);
    }
    vt_free(scaled);
    vt_free(shift);
    return status;
  }
  VT_TRY(vt_lower_rows(ctx, l, weights, &buffers[1]));
  return spec->bias ? vt_lower_rows(ctx, l, bias, &buffers[2]) : VT_OK;
}

vt_status vt_lower_conv(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion, bool *done)
{
  int weights = vt_draft_input(l->draft, fusion->anchor, 1),
      bias = vt_draft_input(l->draft, fusion->anchor, 2);
  const vt_tensor *w = vt_lower_shape(l, weights);
  int64_t group = (int64_t)vt_attribute_number(&l->draft->graph->nodes[fusion->anchor], "group", 1);
  bool constant = vt_draft_constant(l->draft, weights) && (bias < 0 || vt_draft_constant(l->draft, bias));
  if (w->type != VT_F32 || w->rank != vt_lower_shape(l, fusion->source)->rank || group < 1) return VT_OK;
  vt_conv_spec spec = {.source = vt_view_of(vt_lower_shape(l, fusion->source), NULL),
                       .result =
                           vt_view_of(vt_lower_shape(l, vt_draft_output(l->draft, fusion->anchor, 0)), NULL),
                       .weights = {.rank = w->rank, .any = constant}};
  spec.source.any = spec.result.any = true;
  if (l->own[fusion->source] >= 0) /* how it lies now, as a hint */
    spec.source.layout = l->plan->buffers[l->own[fusion->source]].layout;
  spec.bias = bias >= 0 || fusion->shift;
  memcpy(spec.weights.dims, w->dims, sizeof w->dims);
  if (group > 1) {
    spec.grouped = true;
    spec.weights.rank = w->rank + 1;
    spec.weights.dims[0] = group;
    spec.weights.dims[1] = w->dims[0] / group;
    for (int axis = 1; axis < w->rank; axis++)
      spec.weights.dims[axis + 1] = w->dims[axis];
  }
  if (!conv_geometry(l, fusion, &spec)) return VT_OK;
  vt_fusion laid; /* the same with rows and columns exchanged */
  bool upright = stands_upright(&spec);
  if (upright) {
    laid = *fusion;
    lay_down(&spec, &laid);
    fusion = &laid;
  }
  vt_primitive *primitive = NULL;
  vt_post_plan posts;
  for (int in_place = 1; in_place >= 0 && !primitive; in_place--) {
    posts = vt_lower_posts(l, fusion, in_place);
    VT_TRY(vt_primitive_conv(ctx, l->plan->engine, &spec, posts.posts, posts.count, &primitive));
  }
  if (!primitive) return VT_OK;
  int buffers[VT_POSTS + 4];
  vt_status status = conv_buffers(ctx, l, fusion, primitive, &spec, upright, buffers);
  if (status != VT_OK) {
    vt_primitive_free(primitive);
    return status;
  }
  *done = true;
  return vt_lower_finish(ctx, l, fusion, primitive, &posts, buffers, spec.bias ? 3 : 2);
}

/* ---- matrix products ---- */

typedef struct product {
  vt_view a, b, result;
  bool bias, constant; /* b is constant and prepared */
  double alpha, beta;
  bool transposed; /* Gemm: b is stored [N, K] */
} product;

/* Constant weights of two axes serve all leading axes of a at once: [.., M, K] is [.. · M, K]. */
static bool with_weights(const vt_lowering *l, const vt_fusion *fusion, product *p)
{
  const vt_node *node = &l->draft->graph->nodes[fusion->anchor];
  const vt_tensor *a = vt_lower_shape(l, fusion->source);
  const vt_tensor *b = vt_draft_constant(l->draft, vt_draft_input(l->draft, fusion->anchor, 1));
  int c = vt_draft_input(l->draft, fusion->anchor, 2);
  const vt_tensor *bias = vt_draft_constant(l->draft, c);
  if (!b || b->rank != 2 || b->type != VT_F32 || a->rank < 2) return false;
  p->alpha = p->beta = 1;
  if (vt_draft_is(l->draft, fusion->anchor, "Gemm")) {
    if (vt_attribute_number(node, "transA", 0) != 0) return false;
    p->transposed = vt_attribute_number(node, "transB", 0) != 0;
    p->alpha = vt_attribute_number(node, "alpha", 1);
    p->beta = vt_attribute_number(node, "beta", 1);
    if (c >= 0) {
      int64_t count = bias ? vt_count(bias) : 0;
      bool along_rows = bias && bias->rank == 2 && bias->dims[0] != 1;
      if (!bias || bias->type != VT_F32 || (count != 1 && count != fusion->channels) ||
          (along_rows && count != 1))
        return false;
    }
  }
  int64_t depth = a->dims[a->rank - 1], rows = vt_count(a) / depth, columns = b->dims[p->transposed ? 0 : 1];
  p->a = (vt_view){.rank = 2, .dims = {rows, depth}};
  p->b = (vt_view){.rank = 2, .dims = {depth, columns}, .any = true};
  p->result = (vt_view){.rank = 2, .dims = {rows, columns}};
  p->bias = bias || fusion->shift;
  p->constant = true;
  return true;
}

/* Two computed tensors of equal leading axes, each read where it lies when oneDNN can. */
static bool of_two(const vt_lowering *l, const vt_fusion *fusion, product *p)
{
  int second = vt_draft_input(l->draft, fusion->anchor, 1);
  if (!vt_draft_is(l->draft, fusion->anchor, "MatMul") || second < 0) return false;
  const vt_tensor *a = vt_lower_shape(l, fusion->source), *b = vt_lower_shape(l, second);
  if (b->type != VT_F32 || a->rank != b->rank || a->rank < 2 || a->rank > 6) return false;
  for (int axis = 0; axis < a->rank - 2; axis++)
    if (a->dims[axis] != b->dims[axis]) return false;
  for (int i = 0; i < fusion->post_count; i++)
    if (fusion->posts[i].kind == VT_POST_ADD && a->rank > 2) return false;
  if (vt_count(a) == 0 || vt_count(b) == 0) return false;
  p->a = vt_view_of(a, NULL);
  p->b = vt_view_of(b, NULL);
  p->result = vt_view_of(vt_lower_shape(l, fusion->output), NULL);
  return true;
}

static vt_status weights_buffers(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion,
                                 const vt_primitive *primitive, const product *p, int *buffers)
{
  const vt_tensor *b = vt_draft_constant(l->draft, vt_draft_input(l->draft, fusion->anchor, 1));
  const vt_tensor *bias = vt_draft_constant(l->draft, vt_draft_input(l->draft, fusion->anchor, 2));
  float *scaled = NULL, *shift = NULL, *turned = NULL;
  int64_t depth = p->b.dims[0], columns = p->b.dims[1];
  vt_status status =
      prepare(ctx, fusion, b, p->transposed ? depth : 1, p->alpha, bias, p->beta, &scaled, &shift);
  if (status == VT_OK && p->transposed) {
    turned = vt_alloc(ctx, (size_t)(depth * columns) * sizeof(float));
    if (!turned) status = VT_ERROR_OUT_OF_MEMORY;
    for (int64_t k = 0; turned && k < depth; k++)
      for (int64_t n = 0; n < columns; n++)
        turned[k * columns + n] = scaled[n * depth + k];
  }
  vt_view wanted = vt_primitive_argument(primitive, 1);
  if (status == VT_OK) status = vt_lower_constant(ctx, l, turned ? turned : scaled, &wanted, &buffers[1]);
  if (status == VT_OK && p->bias) {
    wanted = vt_primitive_argument(primitive, 2);
    status = vt_lower_constant(ctx, l, shift, &wanted, &buffers[2]);
  }
  vt_free(scaled);
  vt_free(shift);
  vt_free(turned);
  return status;
}

vt_status vt_lower_matmul(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion, bool *done)
{
  product p = {.alpha = 1};
  if (!with_weights(l, fusion, &p) && (fusion->scale || !of_two(l, fusion, &p))) return VT_OK;
  int second = vt_draft_input(l->draft, fusion->anchor, 1), buffers[VT_POSTS + 4], own_a, own_b;
  vt_primitive *primitive = NULL;
  vt_post_plan posts = {.count = 0};
  VT_TRY(vt_lower_own(ctx, l, fusion->source, &own_a));
  if (!p.constant) {
    VT_TRY(vt_lower_own(ctx, l, second, &own_b));
    /* transposed operands are read through their strides, without a copy, when oneDNN has a fast way */
    product where = p;
    where.a = vt_lower_view(l, fusion->source, own_a);
    where.b = vt_lower_view(l, second, own_b);
    posts = vt_lower_posts(l, fusion, false);
    VT_TRY(vt_primitive_matmul(ctx, l->plan->engine, &where.a, &where.b, false, &p.result, posts.posts,
                               posts.count, &primitive));
    buffers[0] = own_a;
    buffers[1] = own_b;
  }
  if (!primitive) {
    for (int in_place = 1; in_place >= 0 && !primitive; in_place--) {
      posts = vt_lower_posts(l, fusion, in_place);
      VT_TRY(vt_primitive_matmul(ctx, l->plan->engine, &p.a, &p.b, p.bias, &p.result, posts.posts,
                                 posts.count, &primitive));
    }
    if (!primitive) return VT_OK;
    vt_status status = vt_lower_rows(ctx, l, fusion->source, &buffers[0]);
    if (status == VT_OK && p.constant) status = weights_buffers(ctx, l, fusion, primitive, &p, buffers);
    if (status == VT_OK && !p.constant) status = vt_lower_rows(ctx, l, second, &buffers[1]);
    if (status != VT_OK) {
      vt_primitive_free(primitive);
      return status;
    }
  }
  *done = true;
  return vt_lower_finish(ctx, l, fusion, primitive, &posts, buffers, p.bias ? 3 : 2);
}

vt_status vt_lower_fusion(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion, bool *done)
{
  *done = false;
  switch (fusion->kind) {
  case VT_ANCHOR_CONV:
    return vt_lower_conv(ctx, l, fusion, done);
  case VT_ANCHOR_MATMUL:
    return vt_lower_matmul(ctx, l, fusion, done);
  case VT_ANCHOR_POOL:
    return vt_lower_pool(ctx, l, fusion, done);
  case VT_ANCHOR_AFFINE:
    return vt_lower_affine(ctx, l, fusion, done);
  case VT_ANCHOR_BINARY:
    return vt_lower_binary(ctx, l, fusion, done);
  }
  return VT_OK;
}
