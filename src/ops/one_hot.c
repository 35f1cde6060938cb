/* SPDX-License-Identifier: Apache-2.0
 *
 * OneHot.
 */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/move.h"
#include "ops/plain.h"

typedef struct one_hot_attributes {
  int64_t axis;
} one_hot_attributes;

static const vt_field one_hot_fields[] = {
    {"axis", VT_FIELD_INT, offsetof(one_hot_attributes, axis), "-1", .help = "new axis of the output"},
};

static vt_status one_hot_shape(vt_ctx *ctx, const vt_call *call)
{
  const one_hot_attributes *attributes = call->attributes;
  const vt_tensor *indices = call->inputs[0], *depth = call->inputs[1], *values = call->inputs[2];
  int axis;
  int64_t dims[VT_MAX_RANK + 1];
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, indices->rank + 1, &axis));
  if (vt_count(depth) != 1 || vt_count(values) != 2)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "one depth and two values are needed, not %lld and %lld", (long long)vt_count(depth),
                        (long long)vt_count(values));
  VT_TRY(vt_need_value(call, 1));
  for (int a = 0; a <= indices->rank; a++)
    dims[a] = a == axis ? vt_get_i64(depth, 0) : indices->dims[a < axis ? a : a - 1];
  return vt_set_output(ctx, call, 0, values->type, indices->rank + 1, dims);
}

/* An index outside −depth..depth−1 leaves its line at the off value. */
static vt_status one_hot_run(vt_ctx *ctx, const vt_call *call)
{
  const one_hot_attributes *attributes = call->attributes;
  const vt_tensor *indices = call->inputs[0], *values = call->inputs[2];
  vt_tensor *output = call->outputs[0];
  int axis;
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, output->rank, &axis));
  size_t element = vt_type_size(values->type);
  const char *on = (const char *)values->data + element;
  int64_t depth = output->dims[axis], inner = vt_span(output, axis + 1, output->rank),
          count = vt_count(indices);
  vt_fill_elements(output->data, vt_count(output), element, values->data);
  for (int64_t i = 0; i < count; i++) {
    int64_t index = vt_get_i64(indices, i);
    if (index < 0) index += depth;
    if (index < 0 || index >= depth) continue;
    int64_t to = (i / inner * depth + index) * inner + i % inner;
    vt_copy_element((char *)output->data + (size_t)to * element, on, element);
  }
  return VT_OK;
}

/* Both values get the sum of what stands in their places. Indices choose: no gradient. */
static vt_status one_hot_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const one_hot_attributes *attributes = gradient->call->attributes;
  const vt_tensor *indices = gradient->call->inputs[0], *from = gradient->output_gradients[0];
  int axis;
  double sums[2] = {0, 0}; /* off, on */
  if (!vt_gradient_wanted(gradient, 2)) return VT_OK;
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, from->rank, &axis));
  vt_tensor *values = vt_gradient_new(ctx, gradient, 2);
  if (!values) return VT_ERROR_OUT_OF_MEMORY;
  int64_t depth = from->dims[axis], inner = vt_span(from, axis + 1, from->rank), count = vt_count(from);
  for (int64_t i = 0; i < count; i++) {
    int64_t index = vt_get_i64(indices, i / inner / depth * inner + i % inner);
    if (index < 0) index += depth;
    sums[index == i / inner % depth] += vt_get_f64(from, i);
  }
  vt_plain_write(values, sums);
  return VT_OK;
}

static const vt_op rows[] = {
    {.name = "OneHot",
     .since = 9,
     VT_INPUTS(3, 3),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(one_hot_attributes, one_hot_fields),
     .types = {VT_NUMBERS | VT_T(VT_F16), VT_NUMBERS | VT_T(VT_F16), VT_STORED},
     .shape = one_hot_shape,
     .implementations = {{"plain", NULL, one_hot_run}},
     .backward = one_hot_backward,
     .saves = VT_SAVES_INPUT(0)},
};

const vt_op_family vt_ops_one_hot = {rows, VT_COUNT(rows)};
