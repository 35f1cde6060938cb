/* SPDX-License-Identifier: Apache-2.0
 *
 * Building one call: attributes from settings, the row, the outputs.
 */
#include "nn/eager.h"

#include "base/context.h"
#include "ops/tape.h"

int64_t vt_dim(const vt_tensor *x, int axis)
{
  int at = axis < 0 ? axis + x->rank : axis;
  return at >= 0 && at < x->rank ? x->dims[at] : 0;
}

/* Shared by all contexts and never written. */
static const vt_tensor void_tensor = {.type = VT_F32};

vt_tensor *vt_void(void)
{
  return (vt_tensor *)&void_tensor;
}

bool vt_is_void(const vt_tensor *x)
{
  return x == &void_tensor;
}

static vt_status set_list(vt_ctx *ctx, vt_ints *list, const vt_setting *setting)
{
  size_t count = (size_t)setting->integer;
  vt_free(list->data);
  *list = (vt_ints){.data = vt_alloc(ctx, count * sizeof *list->data), .count = count, .present = true};
  if (!list->data) return VT_ERROR_OUT_OF_MEMORY;
  memcpy(list->data, setting->ints, count * sizeof *list->data);
  return VT_OK;
}

static vt_status set_attribute(vt_ctx *ctx, const vt_op *op, void *attributes, const vt_setting *setting)
{
  const vt_field *field = vt_params_find(op->fields, op->field_count, setting->name);
  if (!field)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s has no attribute '%s'", op->name, setting->name);
  void *slot = (char *)attributes + field->offset;
  if (setting->kind == VT_SET_INT && field->kind == VT_FIELD_INT)
    *(int64_t *)slot = setting->integer;
  else if (setting->kind == VT_SET_INT && field->kind == VT_FIELD_BOOL)
    *(bool *)slot = setting->integer != 0;
  else if (setting->kind == VT_SET_REAL && field->kind == VT_FIELD_REAL)
    *(double *)slot = setting->real;
  else if (setting->kind == VT_SET_INTS && field->kind == VT_FIELD_INTS)
    return set_list(ctx, slot, setting);
  else if (setting->kind == VT_SET_TEXT)
    return vt_params_set(ctx, op->fields, op->field_count, attributes, setting->name, setting->text);
  else
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: attribute '%s' has another type", op->name,
                   setting->name);
  return VT_OK;
}

static void free_attributes(const vt_op *op, void *attributes)
{
  if (!attributes) return;
  vt_params_free(op->fields, op->field_count, attributes);
  vt_free(attributes);
}

static vt_status make_attributes(vt_ctx *ctx, const vt_op *op, int count, const vt_setting *settings,
                                 void **out)
{
  *out = NULL;
  if (!op->attributes_size) return VT_OK;
  void *attributes = vt_alloc_zero(ctx, 1, op->attributes_size);
  if (!attributes) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_params_defaults(ctx, op->fields, op->field_count, attributes, op->attributes_size);
  for (int i = 0; i < count && status == VT_OK; i++)
    status = set_attribute(ctx, op, attributes, &settings[i]);
  if (status != VT_OK) {
    free_attributes(op, attributes);
    return status;
  }
  *out = attributes;
  return VT_OK;
}

static const vt_op *find_row(vt_ctx *ctx, const char *name)
{
  bool own = strncmp(name, "vt.", 3) == 0;
  const vt_op *op = vt_op_find(own ? "vt" : "", own ? name + 3 : name);
  if (!op) (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "no operator '%s' in the table", name);
  return op;
}

void vt_call_outputs(vt_ctx *ctx, const char *name, int input_count, vt_tensor *const *inputs,
                     int setting_count, const vt_setting *settings, int output_count, vt_tensor **outputs)
{
  vt_tensor *made[8] = {0};
  const vt_op *op = NULL;
  void *attributes = NULL;
  vt_status status = vt_ctx_status(ctx);
  if (status == VT_OK && !(op = find_row(ctx, name))) status = vt_ctx_status(ctx);
  if (status == VT_OK) status = make_attributes(ctx, op, setting_count, settings, &attributes);
  for (int i = 0; status == VT_OK && i < output_count; i++)
    if (!(made[i] = vt_tensor_empty(ctx))) status = vt_ctx_status(ctx);
  if (status == VT_OK) status = vt_apply(ctx, op, attributes, "", input_count, inputs, output_count, made);
  /* the tape borrows attributes, so it must own what an eager call made for it */
  if (status == VT_OK && ctx->tape && attributes)
    status = vt_tape_own_attributes(ctx, ctx->tape, op, attributes);
  else
    free_attributes(op, attributes);
  for (int i = 0; i < output_count; i++)
    outputs[i] = status == VT_OK ? made[i] : vt_void();
}

vt_tensor *vt_call_op(vt_ctx *ctx, const char *op, int input_count, vt_tensor *const *inputs,
                      int setting_count, const vt_setting *settings)
{
  vt_tensor *output;
  vt_call_outputs(ctx, op, input_count, inputs, setting_count, settings, 1, &output);
  return output;
}

/* ---- constants ---- */

vt_tensor *vt_filled(vt_ctx *ctx, int rank, const int64_t *dims, double value)
{
  vt_tensor *x = vt_ctx_status(ctx) == VT_OK ? vt_tensor_new(ctx, VT_F32, rank, dims) : NULL;
  if (!x) return vt_void();
  float *data = x->data;
  for (int64_t i = 0; i < vt_count(x); i++)
    data[i] = (float)value;
  return x;
}

vt_tensor *vt_number(vt_ctx *ctx, double value)
{
  return vt_filled(ctx, 0, NULL, value);
}

vt_tensor *vt_integers(vt_ctx *ctx, int count, const int64_t *values)
{
  vt_tensor *x = vt_ctx_status(ctx) == VT_OK ? vt_tensor_new(ctx, VT_I64, 1, &(int64_t){count}) : NULL;
  if (!x) return vt_void();
  if (count) memcpy(x->data, values, (size_t)count * sizeof *values); /* a scalar's shape may be NULL */
  return x;
}

static vt_tensor *integer(vt_ctx *ctx, int64_t value)
{
  vt_tensor *x = vt_ctx_status(ctx) == VT_OK ? vt_tensor_new(ctx, VT_I64, 0, NULL) : NULL;
  if (!x) return vt_void();
  *(int64_t *)x->data = value;
  return x;
}

vt_tensor *vt_range(vt_ctx *ctx, int64_t first, int64_t last)
{
  vt_tensor *inputs[] = {integer(ctx, first), integer(ctx, last), integer(ctx, 1)};
  return vt_call_op(ctx, "Range", 3, inputs, 0, NULL);
}
