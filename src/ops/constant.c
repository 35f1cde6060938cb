/* SPDX-License-Identifier: Apache-2.0
 *
 * Constant, ConstantOfShape, EyeLike, Range, Shape, Size: outputs that follow from attributes, shapes or a
 * few numbers.
 */
#include "ops/convert.h"
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/plain.h"

#include <math.h>

/* ---- Constant: exactly one of the value attributes ---- */

#define NO_INTEGER      INT64_MIN
#define NO_INTEGER_TEXT "-9223372036854775808"

typedef struct constant_settings {
  vt_tensor *value;
  vt_ints value_ints;
  vt_reals value_floats;
  int64_t value_int;
  double value_float;
} constant_settings;

static const vt_field constant_fields[] = {
    {.name = "value",
     .kind = VT_FIELD_TENSOR,
     .offset = offsetof(constant_settings, value),
     .help = "a tensor"},
    {.name = "value_ints",
     .kind = VT_FIELD_INTS,
     .offset = offsetof(constant_settings, value_ints),
     .help = "a list, as i64"},
    {.name = "value_floats",
     .kind = VT_FIELD_REALS,
     .offset = offsetof(constant_settings, value_floats),
     .help = "a list, as f32"},
    {.name = "value_int",
     .kind = VT_FIELD_INT,
     .offset = offsetof(constant_settings, value_int),
     .fallback = NO_INTEGER_TEXT,
     .help = "one number, as i64"},
    {.name = "value_float",
     .kind = VT_FIELD_REAL,
     .offset = offsetof(constant_settings, value_float),
     .fallback = "0",
     .help = "one number, as f32"},
};

static vt_status constant_shape(vt_ctx *ctx, const vt_call *call)
{
  const constant_settings *settings = call->attributes;
  const vt_tensor *value = settings->value;
  int64_t ints = (int64_t)settings->value_ints.count, floats = (int64_t)settings->value_floats.count;
  if (value) return vt_set_output(ctx, call, 0, value->type, value->rank, value->dims);
  if (settings->value_ints.present) return vt_set_output(ctx, call, 0, VT_I64, 1, &ints);
  if (settings->value_floats.present) return vt_set_output(ctx, call, 0, VT_F32, 1, &floats);
  return vt_set_output(ctx, call, 0, settings->value_int != NO_INTEGER ? VT_I64 : VT_F32, 0, NULL);
}

static vt_status constant_run(vt_ctx *ctx, const vt_call *call)
{
  VT_UNUSED(ctx);
  const constant_settings *settings = call->attributes;
  void *out = call->outputs[0]->data;
  size_t bytes = vt_bytes(call->outputs[0]);
  if (bytes == 0) return VT_OK;
  if (settings->value)
    memcpy(out, settings->value->data, bytes);
  else if (settings->value_ints.present)
    memcpy(out, settings->value_ints.data, bytes);
  else if (settings->value_floats.present)
    for (size_t i = 0; i < settings->value_floats.count; i++)
      ((float *)out)[i] = (float)settings->value_floats.data[i];
  else if (settings->value_int != NO_INTEGER)
    *(int64_t *)out = settings->value_int;
  else
    *(float *)out = (float)settings->value_float;
  return VT_OK;
}

/* ---- ConstantOfShape ---- */

typedef struct fill_settings {
  vt_tensor *value;
} fill_settings;

static const vt_field fill_fields[] = {
    {.name = "value",
     .kind = VT_FIELD_TENSOR,
     .offset = offsetof(fill_settings, value),
     .help = "one element, repeated; without it f32 zero"},
};

static vt_status fill_shape(vt_ctx *ctx, const vt_call *call)
{
  const fill_settings *settings = call->attributes;
  if (settings->value && vt_count(settings->value) != 1) {
    char text[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "value is %s; one element is needed",
                        vt_shape_text(settings->value, text));
  }
  int64_t dims[VT_MAX_RANK];
  int rank;
  VT_TRY(vt_input_ints(ctx, call, 0, dims, VT_MAX_RANK, &rank));
  return vt_set_output(ctx, call, 0, settings->value ? settings->value->type : VT_F32, rank, dims);
}

static vt_status fill_run(vt_ctx *ctx, const vt_call *call)
{
  VT_UNUSED(ctx);
  const fill_settings *settings = call->attributes;
  vt_tensor *output = call->outputs[0];
  char *out = output->data;
  size_t bytes = vt_bytes(output), size = vt_type_size(output->type);
  if (bytes == 0) return VT_OK;
  if (!settings->value) {
    memset(out, 0, bytes);
    return VT_OK;
  }
  /* the part that is filled doubles with each copy */
  memcpy(out, settings->value->data, size);
  for (size_t filled = size; filled < bytes;) {
    size_t more = filled < bytes - filled ? filled : bytes - filled;
    memcpy(out + filled, out, more);
    filled += more;
  }
  return VT_OK;
}

/* ---- EyeLike ---- */

typedef struct eye_settings {
  int64_t dtype, k;
} eye_settings;

static const vt_field eye_fields[] = {
    {.name = "dtype",
     .kind = VT_FIELD_INT,
     .offset = offsetof(eye_settings, dtype),
     .fallback = "0",
     .help = "element type of the output; 0: that of the input"},
    {.name = "k",
     .kind = VT_FIELD_INT,
     .offset = offsetof(eye_settings, k),
     .fallback = "0",
     .help = "which diagonal: above the main one when positive"},
};

static vt_status eye_shape(vt_ctx *ctx, const vt_call *call)
{
  const eye_settings *settings = call->attributes;
  const vt_tensor *input = call->inputs[0];
  vt_type type = input->type;
  if (settings->dtype) VT_TRY(vt_type_attribute(ctx, call, "dtype", settings->dtype, VT_CASTABLE, &type));
  if (input->rank != 2)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "input has %d dimensions; a matrix is needed",
                        input->rank);
  return vt_set_output(ctx, call, 0, type, 2, input->dims);
}

static vt_status eye_run(vt_ctx *ctx, const vt_call *call)
{
  const eye_settings *settings = call->attributes;
  vt_tensor *output = call->outputs[0];
  int64_t rows = output->dims[0], columns = output->dims[1];
  uint8_t one = 1;
  size_t size = vt_type_size(output->type);
  vt_tensor source = {.type = VT_U8, .data = &one};
  vt_tensor cell = {.type = output->type};
  if (vt_bytes(output) > 0) memset(output->data, 0, vt_bytes(output));
  for (int64_t row = 0; row < rows; row++) {
    int64_t column;
    if (__builtin_add_overflow(row, settings->k, &column) || column < 0 || column >= columns) continue;
    cell.data = (char *)output->data + (size_t)(row * columns + column) * size;
    vt_convert(ctx, &source, &cell);
  }
  return VT_OK;
}

/* ---- Range: start, start + delta, … before limit ---- */

static vt_status integer_range_length(vt_ctx *ctx, const vt_call *call, int64_t *length)
{
  __extension__ typedef __int128 wide;
  wide start = vt_get_i64(call->inputs[0], 0), limit = vt_get_i64(call->inputs[1], 0);
  wide delta = vt_get_i64(call->inputs[2], 0);
  if (delta == 0) return vt_call_fail(ctx, call, VT_ERROR_INVALID_ARGUMENT, "delta must not be 0");
  wide steps = delta > 0 ? (limit - start + delta - 1) / delta : (start - limit - delta - 1) / -delta;
  if (steps > INT64_MAX) steps = INT64_MAX;
  *length = steps > 0 ? (int64_t)steps : 0;
  return VT_OK;
}

static vt_status real_range_length(vt_ctx *ctx, const vt_call *call, int64_t *length)
{
  double start = vt_get_f64(call->inputs[0], 0), limit = vt_get_f64(call->inputs[1], 0);
  double delta = vt_get_f64(call->inputs[2], 0);
  double steps = ceil((limit - start) / delta);
  if (delta == 0 || !(steps < 0x1p62))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_ARGUMENT, "no finite number of steps of %g from %g to %g",
                        delta, start, limit);
  *length = steps > 0 ? (int64_t)steps : 0;
  return VT_OK;
}

static vt_status range_shape(vt_ctx *ctx, const vt_call *call)
{
  for (int i = 0; i < 3; i++) {
    if (vt_count(call->inputs[i]) != 1) {
      char text[160];
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "input %d is %s; one number is needed", i,
                          vt_shape_text(call->inputs[i], text));
    }
    VT_TRY(vt_need_value(call, i));
  }
  vt_type type = call->inputs[0]->type;
  int64_t length;
  VT_TRY(VT_FLOATS & VT_T(type) ? real_range_length(ctx, call, &length)
                                : integer_range_length(ctx, call, &length));
  return vt_set_output(ctx, call, 0, type, 1, &length);
}

static vt_status range_run(vt_ctx *ctx, const vt_call *call)
{
  VT_UNUSED(ctx);
  vt_tensor *output = call->outputs[0];
  int64_t count = vt_count(output);
  uint64_t start = (uint64_t)vt_get_i64(call->inputs[0], 0), delta = (uint64_t)vt_get_i64(call->inputs[2], 0);
  double real_start = vt_get_f64(call->inputs[0], 0), real_delta = vt_get_f64(call->inputs[2], 0);
  for (int64_t i = 0; i < count; i++) {
    uint64_t value = start + (uint64_t)i * delta;
    switch (output->type) {
    case VT_F32:
      ((float *)output->data)[i] = (float)(real_start + (double)i * real_delta);
      break;
    case VT_F64:
      ((double *)output->data)[i] = real_start + (double)i * real_delta;
      break;
    case VT_I16:
      ((int16_t *)output->data)[i] = (int16_t)value;
      break;
    case VT_I32:
      ((int32_t *)output->data)[i] = (int32_t)value;
      break;
    default:
      ((int64_t *)output->data)[i] = (int64_t)value;
      break;
    }
  }
  return VT_OK;
}

/* Element i is start + i · delta; the limit only says how many there are. */
static vt_status range_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *from = gradient->output_gradients[0];
  double start = 0, delta = 0;
  for (int64_t i = 0, count = vt_count(from); i < count; i++) {
    start += vt_get_f64(from, i);
    delta += (double)i * vt_get_f64(from, i);
  }
  for (int input = 0; input <= 2; input += 2) {
    if (!gradient->wanted[input]) continue;
    vt_tensor *to = vt_gradient_new(ctx, gradient, input);
    if (!to) return VT_ERROR_OUT_OF_MEMORY;
    vt_plain_write(to, input == 0 ? &start : &delta);
  }
  return VT_OK;
}

/* ---- Shape, Size: need no data ---- */

#define TO_THE_END "9223372036854775807"

typedef struct shape_settings {
  int64_t start, end;
} shape_settings;

static const vt_field shape_fields[] = {
    {.name = "start",
     .kind = VT_FIELD_INT,
     .offset = offsetof(shape_settings, start),
     .fallback = "0",
     .help = "first axis told; negative counts from the end"},
    {.name = "end",
     .kind = VT_FIELD_INT,
     .offset = offsetof(shape_settings, end),
     .fallback = TO_THE_END,
     .help = "axis behind the last told"},
};

/* Axes before 0 and behind the last are cut off, as Python slices do. */
static int clamped_axis(int64_t axis, int rank)
{
  if (axis < 0) axis += rank;
  return axis < 0 ? 0 : axis > rank ? rank : (int)axis;
}

static vt_status shape_shape(vt_ctx *ctx, const vt_call *call)
{
  const shape_settings *settings = call->attributes;
  int rank = call->inputs[0]->rank;
  int64_t count = clamped_axis(settings->end, rank) - clamped_axis(settings->start, rank);
  if (count < 0) count = 0;
  return vt_set_output(ctx, call, 0, VT_I64, 1, &count);
}

static vt_status shape_run(vt_ctx *ctx, const vt_call *call)
{
  VT_UNUSED(ctx);
  const shape_settings *settings = call->attributes;
  int first = clamped_axis(settings->start, call->inputs[0]->rank);
  int64_t *out = call->outputs[0]->data;
  for (int64_t i = 0, count = vt_count(call->outputs[0]); i < count; i++)
    out[i] = call->inputs[0]->dims[first + i];
  return VT_OK;
}

static vt_status size_shape(vt_ctx *ctx, const vt_call *call)
{
  return vt_set_output(ctx, call, 0, VT_I64, 0, NULL);
}

static vt_status size_run(vt_ctx *ctx, const vt_call *call)
{
  VT_UNUSED(ctx);
  *(int64_t *)call->outputs[0]->data = vt_count(call->inputs[0]);
  return VT_OK;
}

/* clang-format off */

static const vt_op rows[] = {
    {
        .name = "Constant", .since = 1, VT_INPUTS(0, 0), VT_OUTPUTS(1, 1),
        VT_SETTINGS(constant_settings, constant_fields), .shape = constant_shape,
        .implementations = {{"plain", NULL, constant_run}},
    },
    {
        .name = "ConstantOfShape", .since = 9, VT_INPUTS(1, 1), VT_OUTPUTS(1, 1),
        VT_SETTINGS(fill_settings, fill_fields), .types = {VT_T(VT_I64)}, .shape = fill_shape,
        .implementations = {{"plain", NULL, fill_run}},
    },
    {
        .name = "EyeLike", .since = 9, VT_INPUTS(1, 1), VT_OUTPUTS(1, 1),
        VT_SETTINGS(eye_settings, eye_fields), .types = {VT_CASTABLE}, .shape = eye_shape,
        .implementations = {{"plain", NULL, eye_run}}, .backward = vt_backward_zero,
    },
    {
        .name = "Range", .since = 11, VT_INPUTS(3, 3), VT_OUTPUTS(1, 1),
        .types = {VT_FLOATS | VT_INDICES | VT_T(VT_I16)}, .same_types = true, .shape = range_shape,
        .implementations = {{"plain", NULL, range_run}}, .backward = range_backward,
    },
    {
        .name = "Shape", .since = 1, VT_INPUTS(1, 1), VT_OUTPUTS(1, 1),
        VT_SETTINGS(shape_settings, shape_fields), .types = {VT_STORED}, .shape = shape_shape,
        .implementations = {{"plain", NULL, shape_run}}, .flags = VT_OP_NOT_REAL,
    },
    {
        .name = "Size", .since = 1, VT_INPUTS(1, 1), VT_OUTPUTS(1, 1),
        .types = {VT_STORED}, .shape = size_shape, .implementations = {{"plain", NULL, size_run}},
        .flags = VT_OP_NOT_REAL,
    },
};
/* clang-format on */

const vt_op_family vt_ops_constant = {rows, VT_COUNT(rows)};
