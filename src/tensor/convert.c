/* SPDX-License-Identifier: Apache-2.0
 *
 * Half-precision formats and reading single elements of any type.
 */
#include "tensor/tensor.h"

static float float_of(uint32_t bits)
{
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static uint32_t bits_of(float value)
{
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

float vt_f16_to_f32(uint16_t half)
{
  uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = (half >> 10) & 31, mantissa = half & 0x3ff;
  if (exponent == 31) return float_of(sign | 0x7f800000 | mantissa << 13);
  if (exponent) return float_of(sign | (exponent + 112) << 23 | mantissa << 13);
  float value = (float)mantissa * 0x1p-24f;
  return sign ? -value : value;
}

uint16_t vt_f32_to_f16(float value)
{
  uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
  if (magnitude >= 0x477ff000) return (uint16_t)(sign | 0x7c00); /* rounds to infinity */
  if (magnitude < 0x38800000) {
    /* subnormal: the addition of 0.5 lines the mantissa up and rounds it to even */
    return (uint16_t)(sign | (bits_of(float_of(magnitude) + 0.5f) - 0x3f000000));
  }
  uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
  return (uint16_t)(sign | ((rounded - 0x38000000) >> 13));
}

float vt_bf16_to_f32(uint16_t bits)
{
  return float_of((uint32_t)bits << 16);
}

uint16_t vt_f32_to_bf16(float value)
{
  uint32_t bits = bits_of(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

double vt_get_f64(const vt_tensor *tensor, int64_t index)
{
  const void *data = tensor->data;
  switch (tensor->type) {
  case VT_F32:
    return (double)((const float *)data)[index];
  case VT_F64:
    return ((const double *)data)[index];
  case VT_F16:
    return (double)vt_f16_to_f32(((const uint16_t *)data)[index]);
  case VT_BF16:
    return (double)vt_bf16_to_f32(((const uint16_t *)data)[index]);
  case VT_C64:
    return (double)((const float *)data)[2 * index];
  case VT_C128:
    return ((const double *)data)[2 * index];
  case VT_U64:
    return (double)((const uint64_t *)data)[index];
  default:
    return (double)vt_get_i64(tensor, index);
  }
}

int64_t vt_get_i64(const vt_tensor *tensor, int64_t index)
{
  const void *data = tensor->data;
  switch (tensor->type) {
  case VT_I64:
    return ((const int64_t *)data)[index];
  case VT_I32:
    return ((const int32_t *)data)[index];
  case VT_I16:
    return ((const int16_t *)data)[index];
  case VT_I8:
    return ((const int8_t *)data)[index];
  case VT_U8:
    return ((const uint8_t *)data)[index];
  case VT_U16:
    return ((const uint16_t *)data)[index];
  case VT_U32:
    return ((const uint32_t *)data)[index];
  case VT_U64:
    return (int64_t)((const uint64_t *)data)[index];
  case VT_BOOL:
    return ((const uint8_t *)data)[index] != 0;
  case VT_F32:
  case VT_F64:
  case VT_F16:
  case VT_BF16: {
    double value = vt_get_f64(tensor, index);
    if (!(value > -9.2e18)) return value != value ? 0 : INT64_MIN;
    return value < 9.2e18 ? (int64_t)value : INT64_MAX;
  }
  default:
    return 0;
  }
}
