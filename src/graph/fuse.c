/* SPDX-License-Identifier: Apache-2.0
 *
 * Anchors and how fusions grow from them. Convolutions and matrix products go first and from the last to the
 * first, so that of two branches that meet in a sum the later one takes it, when the other's result is
 * already there.
 */
#include "graph/fuse.h"

#include <float.h>
#include <math.h>

static const vt_tensor *shape_of(const vt_draft *draft, int value)
{
  return &draft->values[value].tensor;
}

static bool constant_f32(const vt_draft *draft, int value)
{
  const vt_tensor *constant = vt_draft_constant(draft, value);
  return constant && constant->type == VT_F32;
}

/* Is a Pad at spatial axes only what makes input 0 of the anchor? Then the anchor pads itself: with
 * zeros, or for a maximum with what changes no maximum, the lowest number or a copy of the edge (which
 * is in the window anyway). */
static void absorb_pad(const vt_draft *draft, const vt_fusions *fusions, vt_fusion *fusion)
{
  int padded = fusion->source, pad = draft->graph->values[padded].producer;
  char buffer[64];
  if (pad < 0 || !draft->live[pad] || !vt_draft_is(draft, pad, "Pad") || fusions->taken[pad] ||
      vt_draft_only_user(draft, padded) != fusion->anchor)
    return;
  const char *mode = vt_attribute_text(&draft->graph->nodes[pad], "mode", "constant", buffer);
  bool constant = strcmp(mode, "constant") == 0, edge = strcmp(mode, "edge") == 0;
  const vt_tensor *pads = vt_draft_constant(draft, vt_draft_input(draft, pad, 1));
  int fill = vt_draft_input(draft, pad, 2), axes_value = vt_draft_input(draft, pad, 3);
  const vt_tensor *axes = vt_draft_constant(draft, axes_value);
  int rank = shape_of(draft, padded)->rank;
  const vt_tensor *filling = vt_draft_constant(draft, fill);
  double with = filling && vt_count(filling) == 1 ? vt_get_f64(filling, 0) : fill < 0 ? 0 : NAN;
  bool neutral = (edge || (constant && with <= -FLT_MAX)) && vt_draft_is(draft, fusion->anchor, "MaxPool");
  fusion->zeros = constant && with == 0;
  if (!pads || !(fusion->zeros || neutral) || (axes_value >= 0 && !axes) ||
      vt_count(pads) != 2 * (axes ? vt_count(axes) : rank))
    return;
  int64_t begin[VT_MAX_RANK] = {0}, end[VT_MAX_RANK] = {0}, count = vt_count(pads) / 2;
  for (int64_t i = 0; i < count; i++) {
    int64_t axis = axes ? vt_get_i64(axes, i) : i;
    if (axis < 0) axis += rank;
    begin[axis] = vt_get_i64(pads, i);
    end[axis] = vt_get_i64(pads, i + count);
  }
  for (int axis = 0; axis < rank; axis++)
    if (begin[axis] < 0 || end[axis] < 0 || (axis < 2 && (begin[axis] || end[axis]))) return;
  for (int axis = 2; axis < rank; axis++) {
    fusion->begin[axis - 2] = begin[axis];
    fusion->end[axis - 2] = end[axis];
  }
  fusion->source = vt_draft_input(draft, pad, 0);
  fusion->parts[fusion->part_count++] = pad;
}

static bool is_anchor(const vt_draft *draft, int node, vt_fusion *fusion)
{
  int source = vt_draft_input(draft, node, 0), output = vt_draft_output(draft, node, 0);
  if (source < 0 || output < 0 || shape_of(draft, source)->type != VT_F32 ||
      shape_of(draft, output)->type != VT_F32)
    return false;
  int rank = shape_of(draft, output)->rank;
  if (vt_count(shape_of(draft, output)) == 0 || vt_count(shape_of(draft, source)) == 0 || rank < 1)
    return false;
  *fusion = (vt_fusion){.anchor = node, .source = source, .output = output, .channel_axis = 1};
  bool image = rank >= 3 && rank <= 5;
  if (vt_draft_is(draft, node, "Conv") && image) {
    fusion->kind = VT_ANCHOR_CONV;
  } else if (vt_draft_is(draft, node, "MatMul") || vt_draft_is(draft, node, "Gemm")) {
    fusion->kind = VT_ANCHOR_MATMUL;
    fusion->channel_axis = rank - 1;
  } else if (vt_draft_is(draft, node, "MaxPool") || vt_draft_is(draft, node, "AveragePool")) {
    fusion->kind = VT_ANCHOR_POOL;
  } else if (image) {
    bool constant = vt_draft_constant(draft, source) != NULL;
    int second = vt_draft_input(draft, node, 1);
    if (vt_draft_is(draft, node, "BatchNormalization")) {
      fusion->kind = VT_ANCHOR_AFFINE;
    } else if (vt_draft_is(draft, node, "Add") || vt_draft_is(draft, node, "Mul") ||
               vt_draft_is(draft, node, "Sub") || vt_draft_is(draft, node, "Div")) {
      bool affine = constant || (second >= 0 && vt_draft_constant(draft, second));
      fusion->kind = affine ? VT_ANCHOR_AFFINE : VT_ANCHOR_BINARY;
      if (affine && constant) fusion->source = second;
    } else {
      return false;
    }
  } else {
    return false;
  }
  fusion->channels = shape_of(draft, output)->dims[fusion->channel_axis];
  return true;
}

/* May constants that follow at once be multiplied into the anchor's weights? */
static bool takes_affine(const vt_draft *draft, const vt_fusion *fusion)
{
  if (fusion->kind == VT_ANCHOR_AFFINE) return true;
  if (fusion->kind != VT_ANCHOR_CONV && fusion->kind != VT_ANCHOR_MATMUL) return false;
  int weights = vt_draft_input(draft, fusion->anchor, 1), bias = vt_draft_input(draft, fusion->anchor, 2);
  if (!constant_f32(draft, weights) || (bias >= 0 && !constant_f32(draft, bias))) return false;
  return fusion->kind == VT_ANCHOR_CONV || shape_of(draft, weights)->rank == 2;
}

/* A node of constant arithmetic: into scale and shift, or as a post when only one number is meant. */
static vt_status grow_affine(vt_ctx *ctx, const vt_draft *draft, vt_fusion *fusion, int node, bool *grown)
{
  *grown = false;
  if (node < 0 || fusion->part_count >= VT_PARTS) return VT_OK;
  size_t count = (size_t)fusion->channels;
  float *scale = vt_alloc_zero(ctx, count, sizeof *scale), *shift = vt_alloc_zero(ctx, count, sizeof *shift);
  if (!scale || !shift) {
    vt_free(scale);
    vt_free(shift);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  bool uniform, from_anchor = node == fusion->anchor;
  int value = from_anchor ? fusion->source : fusion->output;
  if (vt_affine_of(draft, node, value, fusion->channel_axis, fusion->channels, scale, shift, &uniform)) {
    if (fusion->post_count == 0 && takes_affine(draft, fusion)) {
      for (size_t c = 0; fusion->scale && c < count; c++) {
        shift[c] += scale[c] * fusion->shift[c];
        scale[c] *= fusion->scale[c];
      }
      float *old_scale = fusion->scale, *old_shift = fusion->shift;
      fusion->scale = scale;
      fusion->shift = shift;
      scale = old_scale;
      shift = old_shift;
      *grown = true;
    } else if (uniform) {
      *grown = vt_fusion_add_post(fusion, VT_POST_LINEAR, scale[0], shift[0]);
    }
  }
  vt_free(scale);
  vt_free(shift);
  if (*grown && !from_anchor) {
    fusion->parts[fusion->part_count++] = node;
    fusion->output = vt_draft_output(draft, node, 0);
  }
  return VT_OK;
}

/* A transpose changes only where elements lie, which a convolution may choose anyway:
 * what follows it still fuses. */
static bool grow_transpose(const vt_draft *draft, const vt_fusions *fusions, vt_fusion *fusion)
{
  int node = vt_draft_only_user(draft, fusion->output);
  if (fusion->kind != VT_ANCHOR_CONV || node < 0 || fusions->taken[node] ||
      !vt_draft_is(draft, node, "Transpose") || fusion->part_count >= VT_PARTS)
    return false;
  int rank = shape_of(draft, fusion->output)->rank, order[VT_MAX_RANK];
  const vt_ints *permutation = vt_attribute_ints(&draft->graph->nodes[node], "perm");
  for (int axis = 0; axis < rank; axis++) {
    int from = permutation ? (int)permutation->data[axis] : rank - 1 - axis;
    order[axis] = fusion->turned ? fusion->order[from] : from;
    if (order[axis] == 1) fusion->channel_axis = axis;
  }
  memcpy(fusion->order, order, sizeof order);
  fusion->turned = true;
  fusion->parts[fusion->part_count++] = node;
  fusion->output = vt_draft_output(draft, node, 0);
  return true;
}

static vt_status grow(vt_ctx *ctx, const vt_draft *draft, const vt_fusions *fusions, vt_fusion *fusion)
{
  if (fusion->kind == VT_ANCHOR_POOL) return VT_OK;
  for (;;) {
    if (vt_match_activation(draft, fusions, fusion) || vt_match_gate(draft, fusions, fusion)) continue;
    bool grown = false;
    int node = vt_draft_only_user(draft, fusion->output);
    if (node >= 0 && !fusions->taken[node]) VT_TRY(grow_affine(ctx, draft, fusion, node, &grown));
    if (grown || grow_transpose(draft, fusions, fusion)) continue;
    if (fusion->kind != VT_ANCHOR_BINARY && vt_match_residual(draft, fusions, fusion)) continue;
    return VT_OK;
  }
}

static vt_status add_fusion(vt_ctx *ctx, vt_fusions *fusions, vt_fusion *fusion)
{
  vt_status status = vt_grow(ctx, &fusions->list, &fusions->capacity, fusions->count, sizeof *fusion);
  if (status != VT_OK) {
    vt_free(fusion->scale);
    vt_free(fusion->shift);
    return status;
  }
  int last = 0;
  for (int i = 0; i < fusion->part_count; i++) {
    fusions->taken[fusion->parts[i]] = true;
    if (fusion->parts[i] > last) last = fusion->parts[i];
  }
  fusions->last_of[last] = (int)fusions->count;
  fusions->list[fusions->count++] = *fusion;
  return VT_OK;
}

static vt_status consider(vt_ctx *ctx, const vt_draft *draft, vt_fusions *fusions, int node, bool first_round)
{
  vt_fusion fusion;
  if (!draft->live[node] || fusions->taken[node] || !is_anchor(draft, node, &fusion)) return VT_OK;
  bool early = fusion.kind == VT_ANCHOR_CONV || fusion.kind == VT_ANCHOR_MATMUL;
  if (early != first_round) return VT_OK;
  fusion.parts[fusion.part_count++] = node;
  if (fusion.kind == VT_ANCHOR_CONV || fusion.kind == VT_ANCHOR_POOL) absorb_pad(draft, fusions, &fusion);
  bool usable = true;
  if (fusion.kind == VT_ANCHOR_AFFINE) VT_TRY(grow_affine(ctx, draft, &fusion, node, &usable));
  if (!usable) return VT_OK;
  vt_status status = grow(ctx, draft, fusions, &fusion);
  if (status == VT_OK) return add_fusion(ctx, fusions, &fusion);
  vt_free(fusion.scale);
  vt_free(fusion.shift);
  return status;
}

vt_status vt_fuse(vt_ctx *ctx, const vt_draft *draft, vt_fusions *out)
{
  int count = draft->graph->node_count;
  memset(out, 0, sizeof *out);
  out->last_of = vt_alloc_zero(ctx, (size_t)count + 1, sizeof *out->last_of);
  out->taken = vt_alloc_zero(ctx, (size_t)count + 1, sizeof *out->taken);
  if (!out->last_of || !out->taken) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < count; i++)
    out->last_of[i] = -1;
  for (int i = count - 1; i >= 0; i--)
    VT_TRY(consider(ctx, draft, out, i, true));
  for (int i = 0; i < count; i++)
    VT_TRY(consider(ctx, draft, out, i, false));
  return VT_OK;
}

void vt_fusions_free(vt_fusions *fusions)
{
  for (size_t i = 0; i < fusions->count; i++) {
    vt_free(fusions->list[i].scale);
    vt_free(fusions->list[i].shift);
  }
  vt_free(fusions->list);
  vt_free(fusions->last_of);
  vt_free(fusions->taken);
  memset(fusions, 0, sizeof *fusions);
}
