/* SPDX-License-Identifier: Apache-2.0
 *
 * MaxUnpool: puts each value back where MaxPool took it from; zeros elsewhere.
 */
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/window.h"

typedef struct unpool_attributes {
  vt_window_attributes window;
} unpool_attributes;

/* Sizes the indices count in: those that follow from kernel, strides and pads. */
static vt_status unpool_window(vt_ctx *ctx, const vt_call *call, vt_window *window)
{
  const unpool_attributes *attributes = call->attributes;
  return vt_window_unpool(ctx, call, &attributes->window, window);
}

static vt_status unpool_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *x = call->inputs[0], *indices = call->inputs[1];
  vt_window window;
  int64_t dims[VT_MAX_RANK], wanted[VT_MAX_RANK];
  char shape[160], other[160];
  int count;
  VT_TRY(unpool_window(ctx, call, &window));
  if (!vt_same_shape(x, indices))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "input 0 is %s, the indices are %s; one index for each value is "
                        "needed",
                        vt_shape_text(x, shape), vt_shape_text(indices, other));
  int rank = vt_window_shape(&window, window.channels, dims);
  VT_TRY(vt_input_ints(ctx, call, 2, wanted, VT_MAX_RANK, &count));
  if (count >= 0) {
    bool fits = count == rank && wanted[0] == dims[0] && wanted[1] == dims[1];
    for (int axis = 2; axis < rank && fits; axis++)
      fits = wanted[axis] >= dims[axis];
    if (!fits)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                          "output_shape does not hold the result of unpooling %s", vt_shape_text(x, shape));
    memcpy(dims, wanted, sizeof dims);
  }
  return vt_set_output(ctx, call, 0, x->type, rank, dims);
}

/* An index counts in the sizes before pooling; a larger output keeps the place, not the
 * number. −1 when it is none. */
static int64_t place_of(const vt_window *window, const vt_tensor *y, int64_t index)
{
  if (index < 0) return -1;
  int64_t place = 0, step = 1, sizes[VT_MAX_RANK];
  int rank = vt_window_shape(window, window->channels, sizes);
  for (int axis = rank - 1; axis >= 0; axis--) {
    int64_t size = sizes[axis];
    place += index % size * step;
    index /= size;
    step *= y->dims[axis];
  }
  return index == 0 ? place : -1;
}

static vt_status unpool_plain(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *x = call->inputs[0];
  const int64_t *indices = call->inputs[1]->data;
  vt_tensor *y = call->outputs[0];
  vt_window window;
  size_t size = vt_type_size(x->type);
  VT_TRY(unpool_window(ctx, call, &window));
  memset(y->data, 0, vt_bytes(y));
  for (int64_t i = 0; i < vt_count(x); i++) {
    int64_t place = place_of(&window, y, indices[i]);
    if (place < 0)
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_DATA, "index %lld at %lld points outside the output",
                          (long long)indices[i], (long long)i);
    memcpy((char *)y->data + (size_t)place * size, (const char *)x->data + (size_t)i * size, size);
  }
  return VT_OK;
}

/* Where two values were put in one place only the last is seen. */
static vt_status unpool_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_call *call = gradient->call;
  const vt_tensor *from = vt_gradient_output(gradient, 0);
  const int64_t *indices = call->inputs[1]->data;
  vt_window window;
  if (!from || !gradient->wanted[0]) return VT_OK;
  VT_TRY(unpool_window(ctx, call, &window));
  vt_tensor *to = vt_gradient_zero(ctx, gradient, 0);
  bool *taken = vt_alloc_zero(ctx, (size_t)vt_count(from), sizeof *taken);
  if (!to || !taken) {
    vt_free(taken);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  size_t size = vt_type_size(to->type);
  for (int64_t i = vt_count(to) - 1; i >= 0; i--) {
    int64_t place = place_of(&window, from, indices[i]); /* the forward call checked it */
    if (place < 0 || taken[place]) continue;
    taken[place] = true;
    memcpy((char *)to->data + (size_t)i * size, (const char *)from->data + (size_t)place * size, size);
  }
  vt_free(taken);
  return VT_OK;
}

static const vt_field unpool_fields[] = {
    {.name = "kernel_shape",
     .kind = VT_FIELD_INTS,
     .offset = offsetof(unpool_attributes, window.kernel_shape),
     .required = true,
     .help = "window size by spatial axis"},
    {.name = "strides",
     .kind = VT_FIELD_INTS,
     .offset = offsetof(unpool_attributes, window.strides),
     .help = "step by spatial axis, 1 when absent"},
    {.name = "pads",
     .kind = VT_FIELD_INTS,
     .offset = offsetof(unpool_attributes, window.pads),
     .help = "padding that was before each spatial axis, then after each"},
};

static const vt_op unpool_ops[] = {
    {.name = "MaxUnpool",
     .since = 9,
     VT_INPUTS(2, 3),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(unpool_attributes, unpool_fields),
     .types = {VT_FLOATS | VT_HALVES, VT_T(VT_I64), VT_T(VT_I64)},
     .shape = unpool_shape,
     .implementations = {{"plain", NULL, unpool_plain}},
     .backward = unpool_backward,
     .saves = VT_SAVES_INPUT(1)},
};

const vt_op_family vt_ops_unpool = {unpool_ops, VT_COUNT(unpool_ops)};
