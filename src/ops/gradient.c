/* SPDX-License-Identifier: Apache-2.0
 *
 * What backward functions share.
 */
#include "ops/gradient.h"

#include "base/context.h"
#include "ops/columns.h"

vt_tensor *vt_gradient_new(vt_ctx *ctx, const vt_gradient *gradient, int index)
{
  const vt_tensor *input = gradient->call->inputs[index];
  vt_tensor *made = vt_tensor_new(ctx, input->type, input->rank, input->dims);
  if (made) made->layout = input->layout;
  gradient->input_gradients[index] = made;
  return made;
}

vt_tensor *vt_gradient_zero(vt_ctx *ctx, const vt_gradient *gradient, int index)
{
  vt_tensor *made = vt_gradient_new(ctx, gradient, index);
  if (made) memset(made->data, 0, vt_bytes(made));
  return made;
}

bool vt_gradient_wanted(const vt_gradient *gradient, int index)
{
  return index < gradient->call->input_count && gradient->wanted[index];
}

vt_tensor *vt_gradient_output(const vt_gradient *gradient, int index)
{
  return index < gradient->call->output_count ? gradient->output_gradients[index] : NULL;
}

/* The axes of a sum in stretches, kept and summed in turn: kept[0], summed[0], kept[1], summed[1]. False
 * where that takes more stretches. */
static bool find_stretches(const vt_tensor *full, const vt_tensor *like, vt_sums *out)
{
  enum { LONG = 4096 };
  int64_t sizes[4] = {1, 1, 1, 1};
  int at = 0;
  for (int axis = 0; axis < full->rank; axis++) {
    int own = axis - (full->rank - like->rank);
    if (full->dims[axis] == 1) continue;
    int summed = own < 0 || like->dims[own] == 1;
    if (at % 2 != summed && ++at > 3) return false;
    sizes[at] *= full->dims[axis];
  }
  if (at < 2) { /* straight rows */
    sizes[2] = sizes[0];
    sizes[3] = sizes[1];
    sizes[0] = sizes[1] = 1;
    if (sizes[2] == 1 && sizes[3] % LONG == 0) {
      sizes[1] = sizes[3] / LONG;
      sizes[3] = LONG;
    }
  }
  for (int i = 0; i < 2; i++) {
    out->kept[i] = sizes[2 * i];
    out->summed[i] = sizes[2 * i + 1];
  }
  return true;
}

/* Rows of the last axis, added where they belong. `step` is 0 where `like` repeats along that axis. */
#define ADD_ROWS(name, type)                                                                                 \
  static void name(const vt_tensor *full, const int64_t strides[VT_MAX_RANK], double *sums)                  \
  {                                                                                                          \
    const type *row = full->data;                                                                            \
    int last = full->rank - 1;                                                                               \
    int64_t length = full->dims[last], rows = length ? vt_count(full) / length : 0;                          \
    int64_t at[VT_MAX_RANK] = {0}, place = 0;                                                                \
    for (int64_t r = 0; r < rows; r++, row += length) {                                                      \
      if (strides[last])                                                                                     \
        for (int64_t i = 0; i < length; i++)                                                                 \
          sums[place + i] += (double)row[i];                                                                 \
      else {                                                                                                 \
        double sum = 0;                                                                                      \
        for (int64_t i = 0; i < length; i++)                                                                 \
          sum += (double)row[i];                                                                             \
        sums[place] += sum;                                                                                  \
      }                                                                                                      \
      for (int axis = last - 1; axis >= 0; axis--) {                                                         \
        place += strides[axis];                                                                              \
        if (++at[axis] < full->dims[axis]) break;                                                            \
        place -= strides[axis] * full->dims[axis];                                                           \
        at[axis] = 0;                                                                                        \
      }                                                                                                      \
    }                                                                                                        \
  }
ADD_ROWS(add_rows_f32, float)
ADD_ROWS(add_rows_f64, double)

static vt_status reduce_any(vt_ctx *ctx, const vt_tensor *full, vt_tensor *out)
{
  int64_t strides[VT_MAX_RANK], count = vt_count(out);
  double *sums = vt_alloc_zero(ctx, (size_t)count + 1, sizeof *sums);
  if (!sums) return VT_ERROR_OUT_OF_MEMORY;
  vt_broadcast_strides(out, full->rank, full->dims, strides);
  if (full->type == VT_F32)
    add_rows_f32(full, strides, sums);
  else
    add_rows_f64(full, strides, sums);
  for (int64_t i = 0; i < count; i++)
    if (full->type == VT_F32)
      ((float *)out->data)[i] = (float)sums[i];
    else
      ((double *)out->data)[i] = sums[i];
  vt_free(sums);
  return VT_OK;
}

vt_status vt_gradient_reduce(vt_ctx *ctx, vt_tensor *full, const vt_tensor *like, vt_tensor **out)
{
  if (vt_same_shape(full, like)) {
    *out = full;
    return VT_OK;
  }
  *out = vt_tensor_new(ctx, full->type, like->rank, like->dims);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  vt_sums sums = {.type = full->type, .from = full->data, .to = (*out)->data};
  return find_stretches(full, like, &sums) ? vt_sum_axes(ctx, &sums) : reduce_any(ctx, full, *out);
}

vt_status vt_gradient_reshape(vt_ctx *ctx, const vt_tensor *gradient, const vt_tensor *like, vt_tensor **out)
{
  *out = vt_tensor_empty(ctx);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_tensor_set_shape(ctx, *out, gradient->type, like->rank, like->dims));
  vt_tensor_share(*out, gradient);
  return VT_OK;
}

vt_status vt_backward_same(vt_ctx *ctx, const vt_gradient *gradient)
{
  VT_UNUSED(ctx);
  if (gradient->wanted[0]) gradient->input_gradients[0] = vt_gradient_output(gradient, 0);
  return VT_OK;
}

vt_status vt_backward_view(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *from = vt_gradient_output(gradient, 0);
  if (!gradient->wanted[0] || !from) return VT_OK;
  return vt_gradient_reshape(ctx, from, gradient->call->inputs[0], &gradient->input_gradients[0]);
}

vt_status vt_backward_zero(vt_ctx *ctx, const vt_gradient *gradient)
{
  VT_UNUSED(ctx);
  VT_UNUSED(gradient);
  return VT_OK;
}

vt_status vt_compute(vt_ctx *ctx, const char *name, const void *attributes, int input_count,
                     vt_tensor *const *inputs, vt_tensor **output)
{
  enum { LARGEST = 512 };
  _Alignas(16) unsigned char defaults[LARGEST];
  const vt_op *op = vt_op_find(NULL, name);
  if (!op) return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "operator %s is not in the table", name);
  bool own = !attributes && op->attributes_size;
  if (own) {
    if (op->attributes_size > LARGEST)
      return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "%s: attributes of %zu bytes", name, op->attributes_size);
    VT_TRY(vt_params_defaults(ctx, op->fields, op->field_count, defaults, op->attributes_size));
  }
  struct vt_tape *recording = ctx->tape;
  ctx->tape = NULL;
  *output = NULL;
  vt_status status = vt_apply(ctx, op, own ? defaults : attributes, "", input_count, inputs, 1, output);
  ctx->tape = recording;
  if (own) vt_params_free(op->fields, op->field_count, defaults);
  return status;
}
