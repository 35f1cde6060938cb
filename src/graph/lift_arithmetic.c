/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules of elementwise operators, normalisation and softmax.
 */
#include "graph/lift.h"

/* Up to opset 6 the second input was laid along the first from `axis` on; from 7 on shapes are aligned at
 * their ends, so sizes of 1 are put behind it. Without an axis it was aligned at the end already. */
vt_status vt_lift_broadcast(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  vt_lift_remove(node, "broadcast");
  const Onnx__AttributeProto *given = vt_lift_remove(node, "axis");
  if (!given || node->n_input < 2) return VT_OK;
  const char *a = node->input[0], *b = node->input[1];
  char *axis = vt_lift_ints(lift, &given->i, 1), *rank = vt_lift_rank(lift, b);
  /* an axis from the end counts in the first input: its rank cancels */
  char *room = given->i < 0 ? vt_lift_call(lift, "Neg", axis, "", NULL, 0)
                            : vt_lift_call(lift, "Sub", vt_lift_rank(lift, a), axis, NULL, 0);
  return vt_lift_set_input(lift, node, 1,
                           vt_lift_append_ones(lift, b, vt_lift_call(lift, "Sub", room, rank, NULL, 0)));
}

/* Up to opset 6 a slope for each channel was a plain list. */
vt_status vt_lift_prelu(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  if (node->n_input < 2) return VT_OK;
  const char *x = node->input[0], *slope = node->input[1];
  char *inner =
      vt_lift_call(lift, "Sub", vt_lift_rank(lift, x), vt_lift_ints(lift, (int64_t[]){1}, 1), NULL, 0);
  char *count = vt_lift_call(lift, "Sub", inner, vt_lift_rank(lift, slope), NULL, 0);
  count = vt_lift_call(lift, "Max", count, vt_lift_ints(lift, (int64_t[]){0}, 1), NULL, 0);
  return vt_lift_set_input(lift, node, 1, vt_lift_append_ones(lift, slope, count));
}

vt_status vt_lift_gemm(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(lift);
  VT_UNUSED(opset);
  vt_lift_remove(node, "broadcast");
  return VT_OK;
}

vt_status vt_lift_clip(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  static const char *const names[2] = {"min", "max"};
  vt_type type = vt_lift_type(lift, vt_lift_input(node, 0));
  for (size_t i = 0; i < 2; i++) {
    const Onnx__AttributeProto *bound = vt_lift_remove(node, names[i]);
    if (bound) VT_TRY(vt_lift_set_input(lift, node, i + 1, vt_lift_number(lift, (double)bound->f, type)));
  }
  return VT_OK;
}

/* Up to opset 5 the type was told by its name. */
vt_status vt_lift_cast(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  static const char *const names[] = {"UNDEFINED", "FLOAT",  "UINT8",     "INT8",      "UINT16",  "INT16",
                                      "INT32",     "INT64",  "STRING",    "BOOL",      "FLOAT16", "DOUBLE",
                                      "UINT32",    "UINT64", "COMPLEX64", "COMPLEX128"};
  const Onnx__AttributeProto *to = vt_onnx_attribute(node, "to");
  if (!to || !to->has_s) return VT_OK;
  for (size_t i = 0; i < VT_COUNT(names); i++)
    if (strlen(names[i]) == to->s.len && memcmp(names[i], to->s.data, to->s.len) == 0)
      return vt_lift_set_int(lift, node, "to", (int64_t)i);
  return vt_fail(lift->reader->ctx, VT_ERROR_INVALID_MODEL, "attribute 'to' names no element type");
}

/* Up to opset 11 there was no training_mode: inference. Inference hands the input on, and as an Identity it
 * can be folded where Dropout, which may be random, must not be. */
vt_status vt_lift_dropout(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  if (opset < 12) {
    vt_lift_remove(node, "ratio");
    vt_lift_remove(node, "is_test");
  }
  bool mask = node->n_output > 1 && node->output[1][0], trains = vt_lift_input(node, 2)[0] != 0;
  if (mask || trains || node->n_input == 0) return VT_OK;
  node->n_input = 1;
  node->n_output = node->n_output > 1 ? 1 : node->n_output;
  vt_lift_remove(node, "seed");
  node->op_type = vt_arena_copy(&lift->reader->arena, "Identity");
  return node->op_type ? VT_OK : vt_ctx_status(lift->reader->ctx);
}

/* spatial = 0: statistics for each position of a sample, shaped like a sample. (x − mean) / √(var + ε) ·
 * scale + bias. */
static vt_status per_position(vt_lift *lift, Onnx__NodeProto *node)
{
  vt_type type = vt_lift_type(lift, vt_lift_input(node, 0));
  const Onnx__AttributeProto *given = vt_lift_remove(node, "epsilon");
  char *epsilon = vt_lift_number(lift, given ? (double)given->f : 1e-5, type);
  char *deviation = vt_lift_call(
      lift, "Sqrt", vt_lift_call(lift, "Add", vt_lift_input(node, 4), epsilon, NULL, 0), "", NULL, 0);
  char *centred = vt_lift_call(lift, "Sub", vt_lift_input(node, 0), vt_lift_input(node, 3), NULL, 0);
  char *scaled = vt_lift_call(lift, "Mul", vt_lift_call(lift, "Div", centred, deviation, NULL, 0),
                              vt_lift_input(node, 1), NULL, 0);
  VT_TRY(vt_lift_set_input(lift, node, 0, scaled));
  VT_TRY(vt_lift_set_input(lift, node, 1, vt_lift_input(node, 2)));
  node->n_input = 2;
  node->n_attribute = 0;
  node->op_type = vt_arena_copy(&lift->reader->arena, "Add");
  return node->op_type ? VT_OK : vt_ctx_status(lift->reader->ctx);
}

/* Up to opset 13 the number of outputs tells training from inference. */
vt_status vt_lift_batch_norm(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  vt_lift_remove(node, "is_test");
  int64_t spatial = opset < 9 ? vt_lift_remove_int(node, "spatial", 1) : 1;
  size_t named = node->n_output;
  while (named > 1 && !node->output[named - 1][0])
    named--;
  node->n_output = named;
  if (named > 3 || (named > 1 && !spatial))
    return vt_fail(lift->reader->ctx, VT_ERROR_UNSUPPORTED, "saved statistics of training are not supported");
  if (named > 1) return vt_lift_set_int(lift, node, "training_mode", 1);
  if (spatial || node->n_input < 5) return VT_OK;
  return per_position(lift, node);
}

/* Up to opset 20 scale and bias were given for each group; now they are given for each channel. */
vt_status vt_lift_group_norm(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  const Onnx__AttributeProto *groups = vt_onnx_attribute(node, "num_groups");
  if (!groups || node->n_input < 3) return VT_OK;
  char *group_count = vt_lift_ints(lift, &groups->i, 1);
  char *shape = vt_lift_call(lift, "Shape", node->input[0], "", NULL, 0);
  char *channels = vt_lift_call(lift, "Gather", shape, vt_lift_ints(lift, (int64_t[]){1}, 1), "axis", 0);
  char *each = vt_lift_call(lift, "Div", channels, group_count, NULL, 0);
  char *square = vt_lift_call(lift, "Concat", group_count, each, "axis", 0);
  for (size_t i = 1; i <= 2; i++) {
    char *column =
        vt_lift_call(lift, "Unsqueeze", node->input[i], vt_lift_ints(lift, (int64_t[]){1}, 1), NULL, 0);
    char *spread = vt_lift_call(lift, "Expand", column, square, NULL, 0);
    VT_TRY(vt_lift_set_input(
        lift, node, i,
        vt_lift_call(lift, "Reshape", spread, vt_lift_ints(lift, (int64_t[]){-1}, 1), NULL, 0)));
  }
  return VT_OK;
}

/* Up to opset 12 the input was taken as a matrix, cut at `axis` (1), and each row summed to 1. */
vt_status vt_lift_softmax(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  int64_t axis = vt_lift_remove_int(node, "axis", 1);
  int rank = vt_lift_known_rank(lift, vt_lift_input(node, 0));
  if (axis == -1 || (rank > 0 && axis == rank - 1)) return vt_lift_set_int(lift, node, "axis", -1);
  const char *x = vt_lift_input(node, 0);
  char *shape = vt_lift_call(lift, "Shape", x, "", NULL, 0);
  VT_TRY(vt_lift_set_input(lift, node, 0, vt_lift_call(lift, "Flatten", x, "", "axis", axis)));
  VT_TRY(vt_lift_set_int(lift, node, "axis", -1));
  return vt_lift_then(lift, node, "Reshape", shape, "allowzero", 1);
}

/* LpPool and GlobalLpPool of opset 1 had a real p. */
vt_status vt_lift_pool_norm(vt_lift *lift, Onnx__NodeProto *node, int64_t opset)
{
  VT_UNUSED(opset);
  const Onnx__AttributeProto *p = vt_onnx_attribute(node, "p");
  if (!p || !p->has_f) return VT_OK;
  if (!(p->f >= 1 && p->f <= 1000) || p->f != (float)(int)p->f)
    return vt_fail(lift->reader->ctx, VT_ERROR_UNSUPPORTED,
                   "p = %g; whole numbers from 1 to 1000 are supported", (double)p->f);
  return vt_lift_set_int(lift, node, "p", (int64_t)p->f);
}
