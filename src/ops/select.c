/* SPDX-License-Identifier: Apache-2.0
 *
 * Compress, NonZero, Unique: the size of the output depends on values.
 */
#include <stdlib.h>

#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/move.h"
#include "ops/order.h"

#define NO_AXIS INT64_MIN /* the attribute is absent: the data counts as one line */

/* ---- Compress ---- */

typedef struct compress_attributes {
  int64_t axis;
} compress_attributes;

static const vt_field compress_fields[] = {
    {"axis", VT_FIELD_INT, offsetof(compress_attributes, axis), "-9223372036854775808",
     .help = "axis to select along; absent: the data is flattened"},
};

/* The data as [outer, size, inner] around the axis; one line when there is none. */
static vt_status split_at_axis(vt_ctx *ctx, const vt_tensor *data, int64_t given, int *axis, int64_t *outer,
                               int64_t *size, int64_t *inner)
{
  *axis = -1;
  *outer = *inner = 1;
  *size = vt_count(data);
  if (given == NO_AXIS) return VT_OK;
  VT_TRY(vt_axis(ctx, "axis", given, data->rank, axis));
  *outer = vt_span(data, 0, *axis);
  *size = data->dims[*axis];
  *inner = vt_span(data, *axis + 1, data->rank);
  return VT_OK;
}

static vt_status compress_shape(vt_ctx *ctx, const vt_call *call)
{
  const compress_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *condition = call->inputs[1];
  int axis;
  int64_t outer, size, inner, dims[VT_MAX_RANK], chosen = 0;
  VT_TRY(split_at_axis(ctx, data, attributes->axis, &axis, &outer, &size, &inner));
  if (condition->rank != 1)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "the condition is not a list");
  VT_TRY(vt_need_value(call, 1));
  for (int64_t i = 0; i < condition->dims[0]; i++) {
    if (!((const uint8_t *)condition->data)[i]) continue;
    if (i >= size)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_DATA, "element %lld is chosen of an axis of %lld",
                          (long long)i, (long long)size);
    chosen++;
  }
  if (axis < 0) return vt_set_output(ctx, call, 0, data->type, 1, &chosen);
  memcpy(dims, data->dims, sizeof dims);
  dims[axis] = chosen;
  return vt_set_output(ctx, call, 0, data->type, data->rank, dims);
}

static vt_status compress_run(vt_ctx *ctx, const vt_call *call)
{
  const compress_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *condition = call->inputs[1];
  int axis;
  int64_t outer, size, inner;
  VT_TRY(split_at_axis(ctx, data, attributes->axis, &axis, &outer, &size, &inner));
  size_t cell = (size_t)inner * vt_type_size(data->type);
  char *to = call->outputs[0]->data;
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < condition->dims[0]; i++) {
      if (!((const uint8_t *)condition->data)[i]) continue;
      vt_copy_element(to, (const char *)data->data + (size_t)(o * size + i) * cell, cell);
      to += cell;
    }
  return VT_OK;
}

/* What `chosen` (indices along the axis) took out of the data goes back; all else is zero. */
static vt_status return_chosen(vt_ctx *ctx, const vt_gradient *gradient, int64_t given, const int64_t *chosen,
                               int64_t count)
{
  vt_tensor *sum = vt_gradient_new(ctx, gradient, 0);
  int axis;
  int64_t outer, size, inner;
  if (!sum) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(split_at_axis(ctx, sum, given, &axis, &outer, &size, &inner));
  vt_tensor to = {.type = sum->type, .rank = 3, .dims = {outer, size, inner}, .data = sum->data};
  vt_tensor from = {.type = sum->type,
                    .rank = 3,
                    .dims = {outer, count, inner},
                    .data = gradient->output_gradients[0]->data};
  const int64_t *maps[VT_MAX_RANK] = {NULL, chosen, NULL};
  return vt_remap_add(ctx, &from, maps, &to);
}

static vt_status compress_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const compress_attributes *attributes = gradient->call->attributes;
  const vt_tensor *condition = gradient->call->inputs[1];
  int64_t count = 0, *chosen = vt_alloc_zero(ctx, (size_t)condition->dims[0] + 1, sizeof *chosen);
  if (!chosen) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < condition->dims[0]; i++)
    if (((const uint8_t *)condition->data)[i]) chosen[count++] = i;
  vt_status status = return_chosen(ctx, gradient, attributes->axis, chosen, count);
  vt_free(chosen);
  return status;
}

/* ---- NonZero ---- */

static bool is_zero(const vt_tensor *data, int64_t index)
{
  if (data->type == VT_F32) return ((const float *)data->data)[index] == 0;
  if (data->type == VT_U64) return ((const uint64_t *)data->data)[index] == 0;
  return vt_get_f64(data, index) == 0;
}

static vt_status nonzero_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  VT_TRY(vt_need_value(call, 0));
  int64_t dims[2] = {data->rank, 0}, count = vt_count(data);
  for (int64_t i = 0; i < count; i++)
    dims[1] += !is_zero(data, i);
  return vt_set_output(ctx, call, 0, VT_I64, 2, dims);
}

static vt_status nonzero_run(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  int64_t *to = call->outputs[0]->data, found = call->outputs[0]->dims[1], count = vt_count(data), next = 0;
  VT_UNUSED(ctx);
  for (int64_t i = 0; i < count && next < found; i++) {
    if (is_zero(data, i)) continue;
    int64_t rest = i;
    for (int axis = data->rank - 1; axis >= 0; axis--) {
      to[axis * found + next] = rest % data->dims[axis];
      rest /= data->dims[axis];
    }
    next++;
  }
  return VT_OK;
}

/* ---- Unique ---- */

typedef struct unique_attributes {
  int64_t axis;
  bool sorted;
} unique_attributes;

static const vt_field unique_fields[] = {
    {"axis", VT_FIELD_INT, offsetof(unique_attributes, axis), "-9223372036854775808",
     .help = "axis whose slices are compared; absent: single elements"},
    {"sorted", VT_FIELD_BOOL, offsetof(unique_attributes, sorted), "true",
     .help = "ascending order; otherwise the order of first appearance"},
};

/* Slices grouped by equality. Lists are owned and freed by groups_free(). */
typedef struct unique_groups {
  int axis;              /* −1: elements of the flattened data */
  int64_t slices, cells; /* slices, elements of each */
  int64_t count;
  int64_t *order;  /* slices in ascending order, equal ones by index */
  int64_t *first;  /* by group: its first slice */
  int64_t *counts; /* by group */
  int64_t *group;  /* by slice */
  vt_tensor dense; /* the slices one behind the other */
  void *copy;      /* data of `dense` when it had to be moved */
} unique_groups;

static void groups_free(unique_groups *groups)
{
  vt_free(groups->order);
  vt_free(groups->first);
  vt_free(groups->counts);
  vt_free(groups->group);
  vt_free(groups->copy);
}

static int compare_slices(const unique_groups *groups, int64_t a, int64_t b)
{
  for (int64_t i = 0; i < groups->cells; i++) {
    uint64_t x = vt_order_key(&groups->dense, a * groups->cells + i),
             y = vt_order_key(&groups->dense, b * groups->cells + i);
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

static int by_value(const void *a, const void *b, void *user)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  int order = compare_slices(user, x, y);
  return order ? order : (x > y) - (x < y);
}

static int by_first(const void *a, const void *b, void *user)
{
  const int64_t *first = user;
  int64_t x = first[*(const int64_t *)a], y = first[*(const int64_t *)b];
  return (x > y) - (x < y);
}

/* Numbers the groups by first appearance instead of by value. */
static vt_status renumber(vt_ctx *ctx, unique_groups *groups)
{
  size_t count = (size_t)groups->count, bytes = count * sizeof(int64_t);
  int64_t *scratch = vt_alloc_zero(ctx, 3 * count + 1, sizeof *scratch);
  if (!scratch) return VT_ERROR_OUT_OF_MEMORY;
  int64_t *order = scratch, *place = order + count, *old = place + count; /* order: old number by new one */
  for (size_t i = 0; i < count; i++)
    order[i] = (int64_t)i;
  qsort_r(order, count, sizeof *order, by_first, groups->first);
  for (size_t i = 0; i < count; i++)
    place[order[i]] = (int64_t)i;
  for (int64_t i = 0; i < groups->slices; i++)
    groups->group[i] = place[groups->group[i]];
  memcpy(old, groups->first, bytes);
  for (size_t i = 0; i < count; i++)
    groups->first[i] = old[order[i]];
  memcpy(old, groups->counts, bytes);
  for (size_t i = 0; i < count; i++)
    groups->counts[i] = old[order[i]];
  vt_free(scratch);
  return VT_OK;
}

/* Brings the slices one behind the other when the axis is not the first one. */
static vt_status line_up(vt_ctx *ctx, const vt_tensor *data, int64_t outer, int64_t inner,
                         unique_groups *groups)
{
  groups->dense = (vt_tensor){.type = data->type, .data = data->data};
  groups->cells = outer * inner;
  if (outer == 1 || vt_count(data) == 0) return VT_OK;
  vt_move move = {0};
  groups->copy = vt_alloc(ctx, vt_bytes(data));
  if (!groups->copy) return VT_ERROR_OUT_OF_MEMORY;
  groups->dense.data = groups->copy;
  vt_move_axis(&move, groups->slices, 0, inner);
  vt_move_axis(&move, outer, 0, groups->slices * inner);
  vt_move_axis(&move, inner, 0, 1);
  vt_move_dense(&move);
  vt_move_run(ctx, &move, vt_type_size(data->type), groups->copy, data->data);
  return VT_OK;
}

static vt_status find_groups(vt_ctx *ctx, const vt_call *call, unique_groups *out)
{
  const unique_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0];
  int64_t outer, inner;
  *out = (unique_groups){0};
  VT_TRY(split_at_axis(ctx, data, attributes->axis, &out->axis, &outer, &out->slices, &inner));
  VT_TRY(line_up(ctx, data, outer, inner, out));
  size_t slices = (size_t)out->slices;
  if (!(out->order = vt_alloc_zero(ctx, slices, sizeof(int64_t))) ||
      !(out->first = vt_alloc_zero(ctx, slices, sizeof(int64_t))) ||
      !(out->counts = vt_alloc_zero(ctx, slices, sizeof(int64_t))) ||
      !(out->group = vt_alloc_zero(ctx, slices, sizeof(int64_t))))
    return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < out->slices; i++)
    out->order[i] = i;
  qsort_r(out->order, slices, sizeof(int64_t), by_value, out);
  for (int64_t i = 0; i < out->slices; i++) {
    if (i == 0 || compare_slices(out, out->order[i - 1], out->order[i]) != 0)
      out->first[out->count++] = out->order[i];
    out->counts[out->count - 1]++;
    out->group[out->order[i]] = out->count - 1;
  }
  return attributes->sorted ? VT_OK : renumber(ctx, out);
}

static vt_status unique_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *data = call->inputs[0];
  unique_groups groups;
  int64_t dims[VT_MAX_RANK];
  vt_status status;
  VT_TRY(vt_need_value(call, 0));
  VT_TRY_DONE(find_groups(ctx, call, &groups));
  memcpy(dims, data->dims, sizeof dims);
  dims[groups.axis < 0 ? 0 : groups.axis] = groups.count;
  VT_TRY_DONE(vt_set_output(ctx, call, 0, data->type, groups.axis < 0 ? 1 : data->rank, dims));
  VT_TRY_DONE(vt_set_output(ctx, call, 1, VT_I64, 1, &groups.count));
  VT_TRY_DONE(vt_set_output(ctx, call, 2, VT_I64, 1, &groups.slices));
  VT_TRY_DONE(vt_set_output(ctx, call, 3, VT_I64, 1, &groups.count));
done:
  groups_free(&groups);
  return status;
}

static void copy_list(const vt_call *call, int output, const int64_t *list, int64_t count)
{
  if (vt_output(call, output)) memcpy(call->outputs[output]->data, list, (size_t)count * sizeof *list);
}

static void copy_slices(const vt_tensor *data, const unique_groups *groups, vt_tensor *output)
{
  int64_t inner = groups->axis < 0 ? 1 : vt_span(data, groups->axis + 1, data->rank);
  int64_t outer = groups->axis < 0 ? 1 : vt_span(data, 0, groups->axis);
  size_t cell = (size_t)inner * vt_type_size(data->type);
  char *to = output->data;
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < groups->count; i++, to += cell)
      memcpy(to, (const char *)data->data + (size_t)(o * groups->slices + groups->first[i]) * cell, cell);
}

static vt_status unique_run(vt_ctx *ctx, const vt_call *call)
{
  unique_groups groups;
  vt_status status;
  VT_TRY_DONE(find_groups(ctx, call, &groups));
  if (call->outputs[0]) copy_slices(call->inputs[0], &groups, call->outputs[0]);
  copy_list(call, 1, groups.first, groups.count);
  copy_list(call, 2, groups.group, groups.slices);
  copy_list(call, 3, groups.counts, groups.count);
done:
  groups_free(&groups);
  return status;
}

/* Values are copies of the first of equal slices: that one gets their gradient. (Where slices are equal,
 * moving one of them makes the output longer, and there is no derivative to be right about.) */
static vt_status unique_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const unique_attributes *attributes = gradient->call->attributes;
  unique_groups groups;
  vt_status status;
  if (!vt_gradient_output(gradient, 0)) return VT_OK;
  VT_TRY_DONE(find_groups(ctx, gradient->call, &groups));
  status = return_chosen(ctx, gradient, attributes->axis, groups.first, groups.count);
done:
  groups_free(&groups);
  return status;
}

/* ---- rows ---- */

static const vt_op rows[] = {
    {.name = "Compress",
     .since = 9,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(compress_attributes, compress_fields),
     .types = {VT_STORED, VT_T(VT_BOOL)},
     .shape = compress_shape,
     .implementations = {{"plain", NULL, compress_run}},
     .backward = compress_backward,
     .saves = VT_SAVES_INPUT(1)},
    {.name = "NonZero",
     .since = 9,
     VT_INPUTS(1, 1),
     VT_OUTPUTS(1, 1),
     .types = {VT_ORDERED},
     .shape = nonzero_shape,
     .implementations = {{"plain", NULL, nonzero_run}},
     .flags = VT_OP_NOT_REAL},
    {.name = "Unique",
     .since = 11,
     VT_INPUTS(1, 1),
     VT_OUTPUTS(1, 4),
     VT_SETTINGS(unique_attributes, unique_fields),
     .types = {VT_ORDERED},
     .shape = unique_shape,
     .implementations = {{"plain", NULL, unique_run}},
     .backward = unique_backward,
     .saves = VT_SAVES_INPUT(0)},
};

const vt_op_family vt_ops_select = {rows, VT_COUNT(rows)};
