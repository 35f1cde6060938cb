/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading and writing whole tensors as f64 or as 64-bit integers.
 */
#include "ops/plain.h"

static void *array_of(vt_ctx *ctx, int64_t count, size_t size)
{
  size_t bytes;
  if (count < 0 || !vt_size_mul((size_t)count, size, &bytes)) {
    vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory: %lld × %zu bytes asked for", (long long)count, size);
    return NULL;
  }
  return vt_alloc(ctx, bytes);
}

double *vt_plain_read(vt_ctx *ctx, const vt_tensor *tensor)
{
  int64_t count = vt_count(tensor);
  double *values = array_of(ctx, count, sizeof *values);
  if (!values) return NULL;
  if (tensor->type == VT_F32) {
    const float *data = tensor->data;
    for (int64_t i = 0; i < count; i++)
      values[i] = (double)data[i];
  } else {
    for (int64_t i = 0; i < count; i++)
      values[i] = vt_get_f64(tensor, i);
  }
  return values;
}

double *vt_plain_read_or(vt_ctx *ctx, const vt_tensor *tensor, int64_t count, double absent)
{
  if (tensor) return vt_plain_read(ctx, tensor);
  double *values = array_of(ctx, count, sizeof *values);
  if (values)
    for (int64_t i = 0; i < count; i++)
      values[i] = absent;
  return values;
}

void vt_plain_write(vt_tensor *tensor, const double *values)
{
  int64_t count = vt_count(tensor);
  switch (tensor->type) {
  case VT_F32:
    for (int64_t i = 0; i < count; i++)
      ((float *)tensor->data)[i] = (float)values[i];
    break;
  case VT_F64:
    for (int64_t i = 0; i < count; i++)
      ((double *)tensor->data)[i] = values[i];
    break;
  case VT_U8:
    for (int64_t i = 0; i < count; i++)
      ((uint8_t *)tensor->data)[i] = (uint8_t)values[i];
    break;
  case VT_I8:
    for (int64_t i = 0; i < count; i++)
      ((int8_t *)tensor->data)[i] = (int8_t)values[i];
    break;
  case VT_F16:
    for (int64_t i = 0; i < count; i++)
      ((uint16_t *)tensor->data)[i] = vt_f32_to_f16((float)values[i]);
    break;
  case VT_BF16:
    for (int64_t i = 0; i < count; i++)
      ((uint16_t *)tensor->data)[i] = vt_f32_to_bf16((float)values[i]);
    break;
  default: /* rows that use this helper take no other type */
    break;
  }
}

uint64_t *vt_plain_read_bits(vt_ctx *ctx, const vt_tensor *tensor)
{
  int64_t count = vt_count(tensor);
  uint64_t *values = array_of(ctx, count, sizeof *values);
  if (values)
    for (int64_t i = 0; i < count; i++)
      values[i] = (uint64_t)vt_get_i64(tensor, i);
  return values;
}

void vt_plain_write_bits(vt_tensor *tensor, const uint64_t *values)
{
  int64_t count = vt_count(tensor);
  for (int64_t i = 0; i < count; i++)
    switch (vt_type_size(tensor->type)) {
    case 1:
      ((uint8_t *)tensor->data)[i] = (uint8_t)values[i];
      break;
    case 2:
      ((uint16_t *)tensor->data)[i] = (uint16_t)values[i];
      break;
    case 4:
      ((uint32_t *)tensor->data)[i] = (uint32_t)values[i];
      break;
    default:
      ((uint64_t *)tensor->data)[i] = values[i];
      break;
    }
}

bool vt_half_call(const vt_call *call)
{
  return vt_is_half(call->inputs[0]);
}
