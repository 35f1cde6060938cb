/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules of operators that move, cut and resize.
 */
#include "graph/lift.h"

vt_status vt_lift_pad(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  const Onnx__AttributeProto *value = vt_lift_remove(node, "value");
  VT_TRY(vt_lift_ints_to_input(lift, node, opset < 2 ? "paddings" : "pads", 1));
  if (!value) return VT_OK;
  vt_type type = vt_lift_type(lift, vt_lift_input(node, 0));
  return vt_lift_set_input(lift, node, 2, vt_lift_number(lift, (double)value->f, type));
}

vt_status vt_lift_slice(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  VT_TRY(vt_lift_ints_to_input(lift, node, "starts", 1));
  VT_TRY(vt_lift_ints_to_input(lift, node, "ends", 2));
  return vt_lift_ints_to_input(lift, node, "axes", 3);
}

/* Squeeze, Unsqueeze, reductions: the axes became an input. */
vt_status vt_lift_axes(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  return vt_lift_ints_to_input(lift, node, "axes", 1);
}

vt_status vt_lift_reshape(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  return vt_lift_ints_to_input(lift, node, "shape", 1);
}

/* Up to opset 12 the lengths were an attribute; up to 17 equal parts were meant when there were none. */
vt_status vt_lift_split(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  if (opset < 13) VT_TRY(vt_lift_ints_to_input(lift, node, "split", 1));
  if (vt_lift_input(node, 1)[0]) return VT_OK;
  return vt_lift_set_int(lift, node, "num_outputs", (int64_t)node->n_output);
}

vt_status vt_lift_topk(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  const Onnx__AttributeProto *k = vt_lift_remove(node, "k");
  return k ? vt_lift_set_input(lift, node, 1, vt_lift_ints(lift, &k->i, 1)) : VT_OK;
}

/* Tile of opset 1 repeats one axis: inputs are the copies and the axis. */
vt_status vt_lift_tile(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  if (node->n_input < 3) return VT_OK;
  char *list = vt_lift_ints(lift, (int64_t[]){-1}, 1), *picked[2];
  for (size_t i = 0; i < 2; i++)
    picked[i] = vt_lift_call(lift, "Reshape",
                             vt_lift_call(lift, "Cast", node->input[i + 1], "", "to", VT_I64), list, NULL, 0);
  char *ones = vt_lift_call(lift, "Expand", vt_lift_ints(lift, (int64_t[]){1}, 1),
                            vt_lift_rank(lift, node->input[0]), NULL, 0);
  /* repeats = ones with the copies at the axis: 1 + (copies − 1) · [i = axis] */
  char *indices = vt_lift_call(lift, "CumSum", ones, vt_lift_number(lift, 0, VT_I64), "exclusive", 1);
  char *here =
      vt_lift_call(lift, "Cast", vt_lift_call(lift, "Equal", indices, picked[1], NULL, 0), "", "to", VT_I64);
  char *extra = vt_lift_call(lift, "Sub", picked[0], vt_lift_ints(lift, (int64_t[]){1}, 1), NULL, 0);
  char *repeats = vt_lift_call(lift, "Add", ones, vt_lift_call(lift, "Mul", here, extra, NULL, 0), NULL, 0);
  VT_TRY(vt_lift_set_input(lift, node, 1, repeats));
  node->n_input = 2;
  return VT_OK;
}

vt_status vt_lift_concat(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  return vt_onnx_attribute(node, "axis") ? VT_OK : vt_lift_set_int(lift, node, "axis", 1);
}

static vt_status rename_operator(vt_lift *lift, Onnx__NodeProto *node, const char *name)
{
  node->op_type = vt_arena_copy(&lift->reader->arena, name);
  return node->op_type ? VT_OK : vt_ctx_status(lift->reader->ctx);
}

vt_status vt_lift_scatter(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  return rename_operator(lift, node, "ScatterElements");
}

/* Input 1 holds the scales; they belong at input 2. Coordinates were scaled without an offset. */
static vt_status finish_resize(vt_lift *lift, Onnx__NodeProto *node, const char *scales, const char *rounding)
{
  VT_TRY(vt_lift_set_input(lift, node, 2, scales));
  VT_TRY(vt_lift_set_input(lift, node, 1, ""));
  VT_TRY(vt_lift_set_text(lift, node, "coordinate_transformation_mode", "asymmetric"));
  const Onnx__AttributeProto *mode = vt_onnx_attribute(node, "mode");
  if (mode && mode->s.len == 8 && memcmp(mode->s.data, "bilinear", 8) == 0)
    VT_TRY(vt_lift_set_text(lift, node, "mode", "linear"));
  return vt_lift_set_text(lift, node, "nearest_mode", rounding);
}

vt_status vt_lift_upsample(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  const char *scales = vt_lift_input(node, 1);
  if (opset < 7) {
    const Onnx__AttributeProto *width = vt_lift_remove(node, "width_scale"),
                               *height = vt_lift_remove(node, "height_scale");
    if (!width || !height)
      return vt_fail(lift->reader->ctx, VT_ERROR_INVALID_MODEL,
                     "attributes 'width_scale' and 'height_scale' are needed");
    scales = vt_lift_reals(lift, (float[]){1, 1, height->f, width->f}, 4);
  } else if (opset < 9) {
    const Onnx__AttributeProto *given = vt_lift_remove(node, "scales");
    if (!given) return vt_fail(lift->reader->ctx, VT_ERROR_INVALID_MODEL, "attribute 'scales' is needed");
    scales = vt_lift_reals(lift, given->floats, given->n_floats);
  }
  VT_TRY(rename_operator(lift, node, "Resize"));
  return finish_resize(lift, node, scales, "floor");
}

/* Resize of opset 10 left the rounding open. ONNX Runtime, which set the practice, rounds down when it
 * enlarges and up when it shrinks. */
vt_status vt_lift_resize(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  double scales[VT_MAX_RANK];
  int count = vt_lift_known_reals(lift, vt_lift_input(node, 1), scales);
  bool enlarges = false, shrinks = false;
  for (int i = 0; i < count; i++) {
    enlarges = enlarges || scales[i] > 1;
    shrinks = shrinks || scales[i] < 1;
  }
  if (enlarges && shrinks)
    return vt_fail(
        lift->reader->ctx, VT_ERROR_UNSUPPORTED,
        "Resize of opset 10 that enlarges one axis and shrinks another; export with opset 11 or later");
  return finish_resize(lift, node, vt_lift_input(node, 1), shrinks ? "ceil" : "floor");
}

vt_status vt_lift_grid_sample(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  static const char *const names[][2] = {{"bilinear", "linear"}, {"bicubic", "cubic"}};
  const Onnx__AttributeProto *mode = vt_onnx_attribute(node, "mode");
  for (size_t i = 0; mode && i < VT_COUNT(names); i++)
    if (mode->s.len == strlen(names[i][0]) && memcmp(mode->s.data, names[i][0], mode->s.len) == 0)
      return vt_lift_set_text(lift, node, "mode", names[i][1]);
  return VT_OK;
}

/* Before opset 16 there was no offset of half a pixel. */
vt_status vt_lift_roi_align(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  return vt_lift_set_text(lift, node, "coordinate_transformation_mode", "output_half_pixel");
}
