/* SPDX-License-Identifier: Apache-2.0
 *
 * Indices as cells of the data.
 */
#include "ops/places.h"

vt_status vt_places_of_elements(vt_ctx *ctx, const vt_call *call, int64_t given, vt_places *out)
{
  const vt_tensor *data = call->inputs[0], *indices = call->inputs[1];
  int axis;
  int64_t strides[VT_MAX_RANK], at[VT_MAX_RANK] = {0}, base = 0;
  *out = (vt_places){.count = vt_count(indices), .cells = vt_count(data), .cell = 1};
  VT_TRY(vt_axis(ctx, "axis", given, data->rank, &axis));
  VT_TRY(vt_check_indices(ctx, call, 1, data->dims[axis]));
  out->list = vt_alloc_zero(ctx, (size_t)out->count + 1, sizeof *out->list);
  if (!out->list) return VT_ERROR_OUT_OF_MEMORY;
  vt_strides(data, strides);
  for (int64_t i = 0; i < out->count; i++) {
    out->list[i] = base + vt_index_at(indices, i, data->dims[axis]) * strides[axis];
    for (int a = data->rank - 1; a >= 0; a--) {
      int64_t step = a == axis ? 0 : strides[a];
      base += step;
      if (++at[a] < indices->dims[a]) break;
      base -= step * at[a];
      at[a] = 0;
    }
  }
  return VT_OK;
}

vt_status vt_places_of_tuples(vt_ctx *ctx, const vt_call *call, int batch, vt_places *out)
{
  const vt_tensor *data = call->inputs[0], *indices = call->inputs[1];
  int depth = (int)indices->dims[indices->rank - 1];
  int64_t batches = vt_span(data, 0, batch), tuples = vt_span(indices, batch, indices->rank - 1);
  int64_t position = 0;
  *out = (vt_places){.count = batches * tuples,
                     .cells = vt_span(data, 0, batch + depth),
                     .cell = vt_span(data, batch + depth, data->rank)};
  out->list = vt_alloc_zero(ctx, (size_t)out->count + 1, sizeof *out->list);
  if (!out->list) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < out->count; i++) {
    int64_t place = i / tuples;
    for (int k = 0; k < depth; k++, position++) {
      int64_t size = data->dims[batch + k], index = vt_index_at(indices, position, size);
      if (index < 0 || index >= size) {
        vt_free(out->list);
        out->list = NULL;
        return vt_call_fail(
            ctx, call, VT_ERROR_INVALID_DATA, "index %lld at position %lld is outside axis %d of %lld",
            (long long)vt_get_i64(indices, position), (long long)position, batch + k, (long long)size);
      }
      place = place * size + index;
    }
    out->list[i] = place;
  }
  return VT_OK;
}

vt_tensor vt_places_view(const vt_tensor *tensor, int64_t count, int64_t cell)
{
  return (vt_tensor){.type = tensor->type, .rank = 2, .dims = {count, cell}, .data = tensor->data};
}
