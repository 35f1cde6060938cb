/* SPDX-License-Identifier: Apache-2.0
 *
 * ReverseSequence.
 */
#include "ops/families.h"
#include "ops/gradient.h"

typedef struct reverse_attributes {
  int64_t batch_axis, time_axis;
} reverse_attributes;

static const vt_field reverse_fields[] = {
    {"batch_axis", VT_FIELD_INT, offsetof(reverse_attributes, batch_axis), "1", VT_RANGE(0, 1),
     .help = "0 or 1"},
    {"time_axis", VT_FIELD_INT, offsetof(reverse_attributes, time_axis), "0", VT_RANGE(0, 1),
     .help = "the other one of 0 and 1"},
};

static vt_status reverse_shape(vt_ctx *ctx, const vt_call *call)
{
  const reverse_attributes *attributes = call->attributes;
  const vt_tensor *data = call->inputs[0], *lengths = call->inputs[1];
  int64_t batch = attributes->batch_axis;
  if (data->rank < 2 || batch < 0 || batch > 1 || attributes->time_axis != 1 - batch || lengths->rank != 1 ||
      lengths->dims[0] != data->dims[batch]) {
    char a[160], b[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "lengths %s and axes %lld, %lld do not fit data %s", vt_shape_text(lengths, a),
                        (long long)batch, (long long)attributes->time_axis, vt_shape_text(data, b));
  }
  return vt_shape_same(ctx, call);
}

static vt_status reverse(vt_ctx *ctx, const vt_call *call, const vt_tensor *data, vt_tensor *output)
{
  const reverse_attributes *attributes = call->attributes;
  const vt_tensor *lengths = call->inputs[1];
  int64_t batches = data->dims[attributes->batch_axis], steps = data->dims[attributes->time_axis];
  int64_t batch_stride = attributes->batch_axis ? 1 : steps,
          time_stride = attributes->batch_axis ? batches : 1;
  size_t cell = (size_t)vt_span(data, 2, data->rank) * vt_type_size(data->type);
  for (int64_t b = 0; b < batches; b++) {
    int64_t length = vt_get_i64(lengths, b);
    if (length < 0 || length > steps)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_DATA, "length %lld of item %lld is outside 0..%lld",
                          (long long)length, (long long)b, (long long)steps);
    for (int64_t t = 0; t < steps; t++) {
      int64_t from = t < length ? length - 1 - t : t;
      memcpy((char *)output->data + (size_t)(b * batch_stride + t * time_stride) * cell,
             (const char *)data->data + (size_t)(b * batch_stride + from * time_stride) * cell, cell);
    }
  }
  return VT_OK;
}

static vt_status reverse_run(vt_ctx *ctx, const vt_call *call)
{
  return reverse(ctx, call, call->inputs[0], call->outputs[0]);
}

/* Turning twice changes nothing: the way back is the way forth. */
static vt_status reverse_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  if (!gradient->wanted[0]) return VT_OK;
  vt_tensor *to = vt_gradient_new(ctx, gradient, 0);
  if (!to) return VT_ERROR_OUT_OF_MEMORY;
  return reverse(ctx, gradient->call, gradient->output_gradients[0], to);
}

static const vt_op rows[] = {
    {.name = "ReverseSequence",
     .since = 10,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(reverse_attributes, reverse_fields),
     .types = {VT_STORED, VT_INDICES},
     .shape = reverse_shape,
     .implementations = {{"plain", NULL, reverse_run}},
     .backward = reverse_backward,
     .saves = VT_SAVES_INPUT(1)},
};

const vt_op_family vt_ops_reverse = {rows, VT_COUNT(rows)};
