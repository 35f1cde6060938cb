/* SPDX-License-Identifier: Apache-2.0
 *
 * Cast, CastLike, Identity, and the conversion that other families use.
 */
#include "ops/convert.h"
#include "ops/families.h"
#include "ops/gradient.h"

#include <math.h>

enum { BLOCK = 512, GRAIN = 32768 };

/* A conversion goes through f64, i64 or u64, whichever holds every value of the source. */
typedef union block {
  double f64[BLOCK];
  int64_t i64[BLOCK];
  uint64_t u64[BLOCK];
} block;

/* clang-format off */
#define LOAD(type, target)                                                                                   \
  for (int64_t i = 0; i < count; i++) out->target[i] = ((const type *)data)[first + i]

static void load(const vt_tensor *from, int64_t first, int64_t count, block *out)
{
  const void *data = from->data;
  switch (from->type) {
  case VT_F32: LOAD(float, f64); return;
  case VT_F64: LOAD(double, f64); return;
  case VT_I8: LOAD(int8_t, i64); return;
  case VT_I16: LOAD(int16_t, i64); return;
  case VT_I32: LOAD(int32_t, i64); return;
  case VT_I64: LOAD(int64_t, i64); return;
  case VT_U8: LOAD(uint8_t, i64); return;
  case VT_U16: LOAD(uint16_t, i64); return;
  case VT_U32: LOAD(uint32_t, i64); return;
  case VT_U64: LOAD(uint64_t, u64); return;
  case VT_BOOL:
    for (int64_t i = 0; i < count; i++) out->i64[i] = ((const uint8_t *)data)[first + i] != 0;
    return;
  case VT_F16:
    for (int64_t i = 0; i < count; i++) out->f64[i] = (double)vt_f16_to_f32(((const uint16_t *)data)[first + i]);
    return;
  case VT_BF16:
    for (int64_t i = 0; i < count; i++) out->f64[i] = (double)vt_bf16_to_f32(((const uint16_t *)data)[first + i]);
    return;
  default: return;
  }
}
/* clang-format on */

/* f64 to f32 rounded to odd (towards zero, lowest bit set when inexact): rounding that again to 8 or 11 bits
 * gives the nearest value, which rounding to nearest twice would not. */
static float odd_f32(double value)
{
  float rounded = (float)value;
  if ((double)rounded == value || value != value) return rounded;
  uint32_t bits;
  memcpy(&bits, &rounded, sizeof bits);
  if (fabs((double)rounded) > fabs(value)) bits--;
  bits |= 1;
  memcpy(&rounded, &bits, sizeof bits);
  return rounded;
}

static double odd_f64(int64_t value)
{
  double rounded = (double)value;
  __extension__ typedef __int128 wide;
  wide error = (wide)rounded - (wide)value;
  if (error == 0) return rounded;
  uint64_t bits;
  memcpy(&bits, &rounded, sizeof bits);
  if ((error > 0) == (value > 0)) bits--;
  bits |= 1;
  memcpy(&rounded, &bits, sizeof bits);
  return rounded;
}

static int64_t whole(double value)
{
  if (value != value) return 0;
  if (value >= 0x1p63) return INT64_MAX;
  return value <= -0x1p63 ? INT64_MIN : (int64_t)value;
}

static uint64_t whole_unsigned(double value)
{
  if (value >= 0x1p64) return UINT64_MAX;
  return value >= 0x1p63 ? (uint64_t)value : (uint64_t)whole(value);
}

/* clang-format off */
#define STORE(type, expression)                                                                              \
  for (int64_t i = 0; i < count; i++) ((type *)data)[first + i] = (type)(expression)

static void store_real(const double *in, vt_tensor *to, int64_t first, int64_t count)
{
  void *data = to->data;
  switch (to->type) {
  case VT_F32: STORE(float, in[i]); return;
  case VT_F64: STORE(double, in[i]); return;
  case VT_F16: STORE(uint16_t, vt_f32_to_f16(odd_f32(in[i]))); return;
  case VT_BF16: STORE(uint16_t, vt_f32_to_bf16(odd_f32(in[i]))); return;
  case VT_I8: STORE(int8_t, whole(in[i])); return;
  case VT_I16: STORE(int16_t, whole(in[i])); return;
  case VT_I32: STORE(int32_t, whole(in[i])); return;
  case VT_I64: STORE(int64_t, whole(in[i])); return;
  case VT_U8: STORE(uint8_t, whole(in[i])); return;
  case VT_U16: STORE(uint16_t, whole(in[i])); return;
  case VT_U32: STORE(uint32_t, whole(in[i])); return;
  case VT_U64: STORE(uint64_t, whole_unsigned(in[i])); return;
  case VT_BOOL: STORE(uint8_t, in[i] != 0); return;
  default: return;
  }
}

static void store_integer(const int64_t *in, vt_tensor *to, int64_t first, int64_t count)
{
  void *data = to->data;
  switch (to->type) {
  case VT_F32: STORE(float, in[i]); return;
  case VT_F64: STORE(double, in[i]); return;
  case VT_F16: STORE(uint16_t, vt_f32_to_f16(odd_f32(odd_f64(in[i])))); return;
  case VT_BF16: STORE(uint16_t, vt_f32_to_bf16(odd_f32(odd_f64(in[i])))); return;
  case VT_I8: STORE(int8_t, in[i]); return;
  case VT_I16: STORE(int16_t, in[i]); return;
  case VT_I32: STORE(int32_t, in[i]); return;
  case VT_I64: STORE(int64_t, in[i]); return;
  case VT_U8: STORE(uint8_t, in[i]); return;
  case VT_U16: STORE(uint16_t, in[i]); return;
  case VT_U32: STORE(uint32_t, in[i]); return;
  case VT_U64: STORE(uint64_t, in[i]); return;
  case VT_BOOL: STORE(uint8_t, in[i] != 0); return;
  default: return;
  }
}
/* clang-format on */

/* Beyond i64 the value is halved with the lost bit kept: twice the result is rounded the same. */
static float odd_f32_of_u64(uint64_t value)
{
  if (value <= INT64_MAX) return odd_f32(odd_f64((int64_t)value));
  return 2.0f * odd_f32(odd_f64((int64_t)(value >> 1 | (value & 1))));
}

/* clang-format off */
/* To integers and bool u64 goes the way of i64. */
static void store_unsigned(const uint64_t *in, vt_tensor *to, int64_t first, int64_t count)
{
  void *data = to->data;
  switch (to->type) {
  case VT_F32: STORE(float, in[i]); return;
  case VT_F64: STORE(double, in[i]); return;
  case VT_F16: STORE(uint16_t, vt_f32_to_f16(odd_f32_of_u64(in[i]))); return;
  case VT_BF16: STORE(uint16_t, vt_f32_to_bf16(odd_f32_of_u64(in[i]))); return;
  default: {
    block wrapped;
    for (int64_t i = 0; i < count; i++) wrapped.i64[i] = (int64_t)in[i];
    store_integer(wrapped.i64, to, first, count);
  }
  }
}
/* clang-format on */

typedef struct conversion {
  const vt_tensor *from;
  vt_tensor *to;
} conversion;

static void convert_range(void *user, int64_t first, int64_t last)
{
  const conversion *job = user;
  vt_type type = job->from->type;
  bool real = type == VT_F32 || type == VT_F64 || type == VT_F16 || type == VT_BF16;
  block values;
  for (int64_t start = first; start < last; start += BLOCK) {
    int64_t count = last - start < BLOCK ? last - start : BLOCK;
    load(job->from, start, count, &values);
    if (real)
      store_real(values.f64, job->to, start, count);
    else if (type == VT_U64)
      store_unsigned(values.u64, job->to, start, count);
    else
      store_integer(values.i64, job->to, start, count);
  }
}

void vt_convert(vt_ctx *ctx, const vt_tensor *from, vt_tensor *to)
{
  if (from->type == to->type) {
    if (vt_bytes(to)) memcpy(to->data, from->data, vt_bytes(to));
    return;
  }
  conversion job = {from, to};
  vt_parallel(ctx, vt_count(to), GRAIN, convert_range, &job);
}

const vt_tensor *vt_converted(vt_ctx *ctx, const vt_tensor *tensor, vt_type type)
{
  if (tensor->type == type) return tensor;
  vt_tensor *fresh = vt_tensor_new(ctx, type, tensor->rank, tensor->dims);
  if (fresh) vt_convert(ctx, tensor, fresh);
  return fresh;
}

vt_status vt_type_attribute(vt_ctx *ctx, const vt_call *call, const char *what, int64_t value,
                            uint32_t allowed, vt_type *out)
{
  *out = value > 0 && value <= VT_BF16 ? (vt_type)value : VT_UNDEFINED;
  if (*out != VT_UNDEFINED && (allowed & VT_T(*out))) return VT_OK;
  return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED,
                      "%s is element type %lld (%s), which is not supported here", what, (long long)value,
                      vt_type_name(*out));
}

/* ---- Cast, CastLike ---- */

typedef struct cast_settings {
  int64_t to;
  int64_t saturate; /* of the 8-bit float types, which are not stored here */
} cast_settings;

static const vt_field cast_fields[] = {
    {.name = "to",
     .kind = VT_FIELD_INT,
     .offset = offsetof(cast_settings, to),
     .required = true,
     .help = "element type of the output (TensorProto.DataType)"},
    {.name = "saturate",
     .kind = VT_FIELD_INT,
     .offset = offsetof(cast_settings, saturate),
     .fallback = "1",
     .help = "out-of-range rule of 8-bit float types; without effect on others"},
};

static const vt_field cast_like_fields[] = {
    {.name = "saturate",
     .kind = VT_FIELD_INT,
     .offset = offsetof(cast_settings, saturate),
     .fallback = "1",
     .help = "out-of-range rule of 8-bit float types; without effect on others"},
};

static vt_status cast_shape(vt_ctx *ctx, const vt_call *call)
{
  const cast_settings *settings = call->attributes;
  const vt_tensor *input = call->inputs[0];
  vt_type type;
  VT_TRY(vt_type_attribute(ctx, call, "to", settings->to, VT_CASTABLE, &type));
  return vt_set_output(ctx, call, 0, type, input->rank, input->dims);
}

static vt_status cast_like_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *input = call->inputs[0];
  return vt_set_output(ctx, call, 0, call->inputs[1]->type, input->rank, input->dims);
}

static vt_status cast_run(vt_ctx *ctx, const vt_call *call)
{
  vt_convert(ctx, call->inputs[0], call->outputs[0]);
  return VT_OK;
}

/* Between real types; what goes through integers or bool has none. */
static vt_status cast_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  if (!vt_gradient_wanted(gradient, 0)) return VT_OK;
  vt_tensor *made = vt_gradient_new(ctx, gradient, 0);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  vt_convert(ctx, vt_gradient_output(gradient, 0), made);
  return VT_OK;
}

/* ---- Identity ---- */

static vt_status identity_run(vt_ctx *ctx, const vt_call *call)
{
  VT_UNUSED(ctx);
  if (vt_bytes(call->outputs[0]) > 0 && call->outputs[0]->data != call->inputs[0]->data)
    memcpy(call->outputs[0]->data, call->inputs[0]->data, vt_bytes(call->outputs[0]));
  return VT_OK;
}

static const vt_op rows[] = {
    {
        .name = "Cast",
        .since = 1,
        VT_INPUTS(1, 1),
        VT_OUTPUTS(1, 1),
        VT_SETTINGS(cast_settings, cast_fields),
        .types = {VT_CASTABLE},
        .shape = cast_shape,
        .implementations = {{"plain", NULL, cast_run}},
        .backward = cast_backward,
    },
    {
        .name = "CastLike",
        .since = 15,
        VT_INPUTS(2, 2),
        VT_OUTPUTS(1, 1),
        VT_SETTINGS(cast_settings, cast_like_fields),
        .types = {VT_CASTABLE, VT_CASTABLE},
        .shape = cast_like_shape,
        .implementations = {{"plain", NULL, cast_run}},
        .backward = cast_backward,
    },
    {
        .name = "Identity",
        .since = 1,
        VT_INPUTS(1, 1),
        VT_OUTPUTS(1, 1),
        .types = {VT_STORED},
        .flags = VT_OP_VIEW | VT_OP_ELEMENTWISE,
        .shape = vt_shape_same,
        .implementations = {{"plain", NULL, identity_run}},
        .backward = vt_backward_same,
    },
};

const vt_op_family vt_ops_cast = {rows, VT_COUNT(rows)};
