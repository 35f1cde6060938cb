/* SPDX-License-Identifier: Apache-2.0
 *
 * ScatterElements, ScatterND. Updates are applied one after the other, so that with several for one place the
 * last one wins (or is reduced last).
 */
#include "ops/families.h"
#include "ops/move.h"

typedef enum reduction { REDUCE_NONE, REDUCE_ADD, REDUCE_MUL, REDUCE_MIN, REDUCE_MAX } reduction;

typedef struct scatter_attributes {
  int64_t axis; /* ScatterElements only */
  int reduction;
} scatter_attributes;

#define REDUCTION_FIELD                                                                                      \
  {                                                                                                          \
    "reduction", VT_FIELD_CHOICE, offsetof(scatter_attributes, reduction), "none",                           \
        .choices = "none|add|mul|min|max", .help = "how an update meets what is there"                       \
  }

static const vt_field elements_fields[] = {
    {"axis", VT_FIELD_INT, offsetof(scatter_attributes, axis), "0", .help = "axis the indices walk along"},
    REDUCTION_FIELD,
};
static const vt_field nd_fields[] = {REDUCTION_FIELD};

static double reduced(reduction how, double a, double b)
{
  switch (how) {
  case REDUCE_ADD:
    return a + b;
  case REDUCE_MUL:
    return a * b;
  case REDUCE_MIN:
    return b < a || b != b ? b : a; /* NaN stays */
  case REDUCE_MAX:
    return b > a || b != b ? b : a;
  default:
    return b;
  }
}

static float reduced_float(reduction how, float a, float b)
{
  return how == REDUCE_ADD ? a + b : how == REDUCE_MUL ? a * b : (float)reduced(how, (double)a, (double)b);
}

/* Sums and products wrap around, as the narrow types do. */
#define REDUCE_INTEGERS(type)                                                                                \
  do {                                                                                                       \
    type *a = to;                                                                                            \
    const type *b = from;                                                                                    \
    for (int64_t i = 0; i < count; i++)                                                                      \
      a[i] = how == REDUCE_ADD   ? (type)((uint64_t)a[i] + (uint64_t)b[i])                                   \
             : how == REDUCE_MUL ? (type)((uint64_t)a[i] * (uint64_t)b[i])                                   \
             : how == REDUCE_MIN ? (b[i] < a[i] ? b[i] : a[i])                                               \
                                 : (b[i] > a[i] ? b[i] : a[i]);                                              \
  } while (0)

#define REDUCE_HALVES(widen, narrow)                                                                         \
  do {                                                                                                       \
    uint16_t *a = to;                                                                                        \
    const uint16_t *b = from;                                                                                \
    for (int64_t i = 0; i < count; i++)                                                                      \
      a[i] = narrow(reduced_float(how, widen(a[i]), widen(b[i])));                                           \
  } while (0)

/* to[i] = reduction of to[i] and from[i]. */
static void reduce_cells(vt_type type, reduction how, int64_t count, void *to, const void *from)
{
  if (how == REDUCE_NONE) {
    vt_copy_element(to, from, (size_t)count * vt_type_size(type));
    return;
  }
  switch (type) {
  case VT_F32:
    for (int64_t i = 0; i < count; i++)
      ((float *)to)[i] = reduced_float(how, ((float *)to)[i], ((const float *)from)[i]);
    break;
  case VT_F64:
    for (int64_t i = 0; i < count; i++)
      ((double *)to)[i] = reduced(how, ((double *)to)[i], ((const double *)from)[i]);
    break;
  case VT_F16:
    REDUCE_HALVES(vt_f16_to_f32, vt_f32_to_f16);
    break;
  case VT_BF16:
    REDUCE_HALVES(vt_bf16_to_f32, vt_f32_to_bf16);
    break;
  case VT_I64:
    REDUCE_INTEGERS(int64_t);
    break;
  case VT_I32:
    REDUCE_INTEGERS(int32_t);
    break;
  case VT_I16:
    REDUCE_INTEGERS(int16_t);
    break;
  case VT_I8:
    REDUCE_INTEGERS(int8_t);
    break;
  case VT_U64:
    REDUCE_INTEGERS(uint64_t);
    break;
  case VT_U32:
    REDUCE_INTEGERS(uint32_t);
    break;
  case VT_U16:
    REDUCE_INTEGERS(uint16_t);
    break;
  default:
    REDUCE_INTEGERS(uint8_t);
  }
}

static vt_status check_types(vt_ctx *ctx, const vt_call *call)
{
  const scatter_attributes *attributes = call->attributes;
  vt_type data = call->inputs[0]->type, updates = call->inputs[2]->type;
  if (data != updates)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "updates are %s, the data is %s",
                        vt_type_name(updates), vt_type_name(data));
  if (attributes->reduction != REDUCE_NONE && !((VT_NUMBERS | VT_T(VT_F16) | VT_T(VT_BF16)) & VT_T(data)))
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED, "%s cannot be reduced", vt_type_name(data));
  return VT_OK;
}

static vt_status misfit(vt_ctx *ctx, const vt_call *call)
{
  char data[160], indices[160], updates[160];
  return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "indices %s and updates %s do not fit data %s",
                      vt_shape_text(call->inputs[1], indices), vt_shape_text(call->inputs[2], updates),
                      vt_shape_text(call->inputs[0], data));
}

/* ---- ScatterElements ---- */

static vt_status elements_shape(vt_ctx *ctx, const vt_call *call)
{
  const scatter_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *indices = call->inputs[1];
  int axis;
  VT_TRY(check_types(ctx, call));
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, data->rank, &axis));
  bool fits = indices->rank == data->rank && vt_same_shape(indices, call->inputs[2]);
  for (int a = 0; fits && a < data->rank; a++)
    fits = a == axis || indices->dims[a] <= data->dims[a];
  return fits ? vt_shape_same(ctx, call) : misfit(ctx, call);
}

static vt_status elements_run(vt_ctx *ctx, const vt_call *call)
{
  const scatter_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *indices = call->inputs[1], *updates = call->inputs[2];
  vt_tensor *output = call->outputs[0];
  int axis;
  int64_t strides[VT_MAX_RANK], count = vt_count(indices);
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, data->rank, &axis));
  VT_TRY(vt_check_indices(ctx, call, 1, data->dims[axis]));
  VT_TRY(vt_run_copy(ctx, call));
  vt_strides(data, strides);
  size_t size = vt_type_size(data->type);
  if (count == 0) return VT_OK;
  int end = data->rank - 1;
  int64_t width = indices->dims[end], position = 0;
  for (int64_t row = 0; row < count / width; row++) { /* runs along the last axis */
    int64_t rest = row, base = 0;
    for (int a = end - 1; a >= 0; a--) {
      if (a != axis) base += rest % indices->dims[a] * strides[a];
      rest /= indices->dims[a];
    }
    for (int64_t i = 0; i < width; i++, position++) {
      int64_t to =
          base + vt_index_at(indices, position, data->dims[axis]) * strides[axis] + (axis == end ? 0 : i);
      reduce_cells(data->type, (reduction)attributes->reduction, 1, (char *)output->data + (size_t)to * size,
                   (const char *)updates->data + (size_t)position * size);
    }
  }
  return VT_OK;
}

/* ---- ScatterND ---- */

static vt_status nd_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0], *indices = call->inputs[1], *updates = call->inputs[2];
  VT_TRY(check_types(ctx, call));
  if (data->rank < 1 || indices->rank < 1) return misfit(ctx, call);
  int tuples = indices->rank - 1;
  int64_t depth = indices->dims[tuples];
  bool fits = depth <= data->rank && updates->rank == tuples + data->rank - depth;
  for (int a = 0; fits && a < updates->rank; a++)
    fits = updates->dims[a] == (a < tuples ? indices->dims[a] : data->dims[depth + a - tuples]);
  return fits ? vt_shape_same(ctx, call) : misfit(ctx, call);
}

static vt_status nd_run(vt_ctx *ctx, const vt_call *call)
{
  const scatter_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *indices = call->inputs[1], *updates = call->inputs[2];
  vt_tensor *output = call->outputs[0];
  int64_t depth = indices->dims[indices->rank - 1], tuples = vt_span(indices, 0, indices->rank - 1),
          position = 0;
  int64_t cells = vt_span(data, (int)depth, data->rank);
  size_t cell = (size_t)cells * vt_type_size(data->type);
  VT_TRY(vt_run_copy(ctx, call));
  for (int64_t t = 0; t < tuples; t++) {
    int64_t to = 0;
    for (int k = 0; k < depth; k++, position++) {
      int64_t size = data->dims[k], index = vt_index_at(indices, position, size);
      if (index < 0 || index >= size)
        return vt_call_fail(
            ctx, call, VT_ERROR_INVALID_DATA, "index %lld at position %lld is outside axis %d of %lld",
            (long long)vt_get_i64(indices, position), (long long)position, k, (long long)size);
      to = to * size + index;
    }
    reduce_cells(data->type, (reduction)attributes->reduction, cells,
                 (char *)output->data + (size_t)to * cell, (const char *)updates->data + (size_t)t * cell);
  }
  return VT_OK;
}

/* ---- rows ---- */

static const vt_op rows[] = {
    {.name = "ScatterElements",
     .since = 11,
     VT_INPUTS(3, 3),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(scatter_attributes, elements_fields),
     .types = {VT_STORED, VT_INDICES, VT_STORED},
     .shape = elements_shape,
     .implementations = {{"plain", NULL, elements_run}}},
    {.name = "ScatterND",
     .since = 11,
     VT_INPUTS(3, 3),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(scatter_attributes, nd_fields),
     .types = {VT_STORED, VT_INDICES, VT_STORED},
     .shape = nd_shape,
     .implementations = {{"plain", NULL, nd_run}}},
};

const vt_op_family vt_ops_scatter = {rows, VT_COUNT(rows)};
