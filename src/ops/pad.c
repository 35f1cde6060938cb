/* SPDX-License-Identifier: Apache-2.0
 *
 * Pad.
 */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/move.h"
#include "ops/plain.h"

typedef enum pad_mode { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP } pad_mode;

typedef struct pad_attributes {
  int mode;
} pad_attributes;

static const vt_field pad_fields[] = {
    {"mode", VT_FIELD_CHOICE, offsetof(pad_attributes, mode), "constant",
     .choices = "constant|reflect|edge|wrap", .help = "what stands in the new elements"},
};

typedef struct pad_widths {
  int64_t begin[VT_MAX_RANK], end[VT_MAX_RANK]; /* elements added; negative: taken away */
} pad_widths;

static vt_status pad_margins(vt_ctx *ctx, const vt_call *call, pad_widths *out)
{
  const vt_tensor *data = call->inputs[0];
  int64_t pads[2 * VT_MAX_RANK], axes[VT_MAX_RANK];
  int count, axis_count;
  bool seen[VT_MAX_RANK] = {false};
  VT_TRY(vt_input_ints(ctx, call, 1, pads, 2 * VT_MAX_RANK, &count));
  VT_TRY(vt_input_ints(ctx, call, 3, axes, VT_MAX_RANK, &axis_count));
  int padded = axis_count >= 0 ? axis_count : data->rank;
  if (count != 2 * padded)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "%d pads given for %d axes; two for each are needed", count, padded);
  *out = (pad_widths){{0}, {0}};
  for (int i = 0; i < padded; i++) {
    int axis;
    VT_TRY(vt_axis(ctx, "axes", axis_count >= 0 ? axes[i] : i, data->rank, &axis));
    if (seen[axis]) return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "axis %d is listed twice", axis);
    seen[axis] = true;
    out->begin[axis] = pads[i];
    out->end[axis] = pads[i + padded];
  }
  return VT_OK;
}

/* Size of an axis after padding, −1 when it is negative or does not fit. */
static int64_t padded_size(int64_t size, int64_t begin, int64_t end)
{
  if (begin > INT64_MAX / 4 || end > INT64_MAX / 4 || begin < -INT64_MAX / 4 || end < -INT64_MAX / 4)
    return -1;
  return size + begin + end < 0 ? -1 : size + begin + end;
}

static vt_status pad_shape(vt_ctx *ctx, const vt_call *call)
{
  const pad_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *value = vt_input(call, 2);
  pad_widths margins;
  int64_t dims[VT_MAX_RANK];
  if (value && (value->type != data->type || vt_count(value) > 1)) {
    char shape[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "the value is %s; one %s is needed",
                        vt_shape_text(value, shape), vt_type_name(data->type));
  }
  VT_TRY(pad_margins(ctx, call, &margins));
  for (int axis = 0; axis < data->rank; axis++) {
    int64_t begin = margins.begin[axis], end = margins.end[axis], size = data->dims[axis];
    dims[axis] = padded_size(size, begin, end);
    if (dims[axis] < 0)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                          "pads %lld and %lld do not fit an axis of size %lld", (long long)begin,
                          (long long)end, (long long)size);
    int64_t left = size + (begin < 0 ? begin : 0) + (end < 0 ? end : 0); /* of the input, after cropping */
    if (attributes->mode != PAD_CONSTANT && left <= 0 && dims[axis] > 0)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "axis %d has nothing to pad from", axis);
  }
  return vt_set_output(ctx, call, 0, data->type, data->rank, dims);
}

/* Remainder that is never negative. */
static int64_t wrapped(int64_t index, int64_t period)
{
  int64_t rest = index % period;
  return rest < 0 ? rest + period : rest;
}

/* Fills `map` with the input index of each output index of an axis, −1 where the constant stands. */
static void pad_map(pad_mode mode, int64_t size, int64_t begin, int64_t end, int64_t *map)
{
  int64_t low = begin < 0 ? -begin : 0, high = end < 0 ? size + end : size; /* what cropping leaves */
  int64_t left = high - low, total = size + begin + end;
  for (int64_t i = 0; i < total; i++) {
    int64_t index = i - begin - low; /* 0..left−1 inside */
    if (index < 0 || index >= left) {
      if (mode == PAD_CONSTANT) {
        map[i] = -1;
        continue;
      }
      if (mode == PAD_EDGE) index = index < 0 ? 0 : left - 1;
      if (mode == PAD_WRAP) index = wrapped(index, left);
      if (mode == PAD_REFLECT && left == 1) index = 0;
      if (mode == PAD_REFLECT && left > 1) {
        index = wrapped(index, 2 * (left - 1));
        if (index >= left) index = 2 * (left - 1) - index;
      }
    }
    map[i] = low + index;
  }
}

/* Index lists of the padded axes, in one allocation that the caller frees with vt_free(). */
static vt_status pad_maps(vt_ctx *ctx, const vt_call *call, const int64_t *maps[VT_MAX_RANK], int64_t **lists)
{
  const pad_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *output = call->outputs[0];
  pad_widths margins;
  int64_t total = 0;
  VT_TRY(pad_margins(ctx, call, &margins));
  for (int axis = 0; axis < data->rank; axis++)
    total += output->dims[axis];
  int64_t *next = *lists = vt_alloc_zero(ctx, (size_t)total + 1, sizeof *next);
  if (!next) return VT_ERROR_OUT_OF_MEMORY;
  for (int axis = 0; axis < data->rank; axis++) {
    maps[axis] = NULL;
    if (!margins.begin[axis] && !margins.end[axis]) continue;
    pad_map((pad_mode)attributes->mode, data->dims[axis], margins.begin[axis], margins.end[axis], next);
    maps[axis] = next;
    next += output->dims[axis];
  }
  return VT_OK;
}

static const char zero[16]; /* of any type */

/* The part of the input that a constant frames, as a copy to its place in the output. */
typedef struct framed {
  vt_move move;
  int64_t to, from; /* first elements */
  bool whole;       /* nothing of the input is cropped */
} framed;

static vt_status find_framed(vt_ctx *ctx, const vt_call *call, framed *out)
{
  const vt_tensor *data = call->inputs[0], *output = call->outputs[0];
  pad_widths margins;
  int64_t to[VT_MAX_RANK], from[VT_MAX_RANK];
  VT_TRY(pad_margins(ctx, call, &margins));
  *out = (framed){.whole = true};
  vt_strides(output, to);
  vt_strides(data, from);
  for (int axis = 0; axis < data->rank; axis++) {
    int64_t begin = margins.begin[axis], end = margins.end[axis];
    int64_t low = begin < 0 ? -begin : 0, left = data->dims[axis] - low + (end < 0 ? end : 0);
    out->whole = out->whole && begin >= 0 && end >= 0;
    vt_move_axis(&out->move, left > 0 ? left : 0, to[axis], from[axis]);
    if (left <= 0) continue;
    out->from += low * from[axis];
    out->to += (begin > 0 ? begin : 0) * to[axis];
  }
  return VT_OK;
}

static vt_status frame_with_constant(vt_ctx *ctx, const vt_call *call, const void *constant)
{
  const vt_tensor *data = call->inputs[0];
  vt_tensor *output = call->outputs[0];
  size_t size = vt_type_size(data->type);
  framed part;
  VT_TRY(find_framed(ctx, call, &part));
  if (memcmp(constant, zero, size) == 0)
    memset(output->data, 0, vt_bytes(output));
  else
    vt_fill_elements(output->data, vt_count(output), size, constant);
  vt_move_run(ctx, &part.move, size, (char *)output->data + (size_t)part.to * size,
              (const char *)data->data + (size_t)part.from * size);
  return VT_OK;
}

static vt_status unframe(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *padded = gradient->output_gradients[0];
  size_t size = vt_type_size(padded->type);
  framed part;
  VT_TRY(find_framed(ctx, gradient->call, &part));
  vt_tensor *data = vt_gradient_new(ctx, gradient, 0);
  if (!data) return VT_ERROR_OUT_OF_MEMORY;
  if (!part.whole) memset(data->data, 0, vt_bytes(data));
  vt_move_turn(&part.move);
  vt_move_run(ctx, &part.move, size, (char *)data->data + (size_t)part.from * size,
              (const char *)padded->data + (size_t)part.to * size);
  return VT_OK;
}

static vt_status pad_run(vt_ctx *ctx, const vt_call *call)
{
  const pad_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *value = vt_input(call, 2);
  vt_tensor *output = call->outputs[0];
  const int64_t *maps[VT_MAX_RANK] = {NULL};
  int64_t *lists;
  const void *constant = value && vt_count(value) == 1 ? value->data : zero;
  if (vt_count(output) == 0) return VT_OK;
  if (attributes->mode == PAD_CONSTANT && data->rank > 0) return frame_with_constant(ctx, call, constant);
  VT_TRY(pad_maps(ctx, call, maps, &lists));
  vt_status status = vt_remap(ctx, data, output, maps, constant);
  vt_free(lists);
  return status;
}

/* The constant gets the sum of what stands in the new elements. */
static vt_status pad_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const pad_attributes *attributes = gradient->call->attributes;
  const vt_tensor *padded = gradient->output_gradients[0];
  const int64_t *maps[VT_MAX_RANK] = {NULL};
  int64_t *lists;
  if (attributes->mode == PAD_CONSTANT && padded->rank > 0 && !vt_gradient_wanted(gradient, 2)) {
    if (gradient->wanted[0]) return unframe(ctx, gradient);
    return VT_OK;
  }
  VT_TRY(pad_maps(ctx, gradient->call, maps, &lists));
  vt_status status = VT_OK;
  if (gradient->wanted[0]) {
    vt_tensor *sum = vt_gradient_new(ctx, gradient, 0);
    status = sum ? vt_remap_add(ctx, padded, maps, sum) : VT_ERROR_OUT_OF_MEMORY;
  }
  if (status == VT_OK && vt_gradient_wanted(gradient, 2)) {
    vt_tensor *value = vt_gradient_new(ctx, gradient, 2);
    if (!value)
      status = VT_ERROR_OUT_OF_MEMORY;
    else if (vt_count(value) == 1)
      vt_plain_write(value, (const double[]){vt_remap_constant_sum(padded, maps)});
  }
  vt_free(lists);
  return status;
}

static const vt_op rows[] = {
    {.name = "Pad",
     .since = 1,
     VT_INPUTS(2, 4),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(pad_attributes, pad_fields),
     .types = {VT_STORED, VT_INDICES, VT_STORED, VT_INDICES},
     .shape = pad_shape,
     .implementations = {{"plain", NULL, pad_run}},
     .backward = pad_backward,
     .saves = VT_SAVES_INPUT(1) | VT_SAVES_INPUT(3)},
};

const vt_op_family vt_ops_pad = {rows, VT_COUNT(rows)};
