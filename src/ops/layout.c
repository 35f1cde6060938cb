/* SPDX-License-Identifier: Apache-2.0
 *
 * Changing layouts, and running operators in them.
 */
#include "ops/layout.h"

#include "base/context.h"
#include "ops/move.h"
#include "ops/tape.h"

/* ---- one tensor ---- */

static bool has_layouts(const vt_tensor *tensor)
{
  return tensor->rank >= 3;
}

/* Both layouts are the same bytes. */
static bool free_to_turn(const vt_tensor *tensor)
{
  return tensor->dims[1] == 1 || vt_span(tensor, 2, tensor->rank) == 1 || vt_count(tensor) == 0;
}

static void stored_sizes(int rank, const int64_t *dims, int64_t *out)
{
  out[0] = dims[0];
  for (int axis = 2; axis < rank; axis++)
    out[axis - 1] = dims[axis];
  out[rank - 1] = dims[1];
}

static void logical_sizes(int rank, const int64_t *stored, int64_t *out)
{
  out[0] = stored[0];
  out[1] = stored[rank - 1];
  for (int axis = 2; axis < rank; axis++)
    out[axis] = stored[axis - 1];
}

void vt_stored_dims(const vt_tensor *tensor, int64_t dims[VT_MAX_RANK])
{
  if (tensor->layout == VT_STORED_CHANNELS_LAST)
    stored_sizes(tensor->rank, tensor->dims, dims);
  else
    memcpy(dims, tensor->dims, sizeof dims[0] * VT_MAX_RANK);
}

int vt_stored_axis(const vt_tensor *tensor, int axis)
{
  if (tensor->layout == VT_STORED_ROW_MAJOR || axis == 0) return axis;
  return axis == 1 ? tensor->rank - 1 : axis - 1;
}

vt_tensor vt_as_stored(const vt_tensor *tensor)
{
  vt_tensor out = *tensor;
  vt_stored_dims(tensor, out.dims);
  out.layout = VT_STORED_ROW_MAJOR;
  return out;
}

/* Plane by plane, [channels, size] against [size, channels]. */
static void turn(vt_ctx *ctx, const vt_tensor *from, vt_tensor *to)
{
  int64_t batch = from->dims[0], channels = from->dims[1], size = vt_span(from, 2, from->rank);
  vt_move move = {0};
  vt_move_axis(&move, batch, channels * size, channels * size);
  if (to->layout == VT_STORED_CHANNELS_LAST) {
    vt_move_axis(&move, size, channels, 1);
    vt_move_axis(&move, channels, 1, size);
  } else {
    vt_move_axis(&move, channels, size, 1);
    vt_move_axis(&move, size, 1, channels);
  }
  vt_move_run(ctx, &move, vt_type_size(from->type), to->data, from->data);
}

vt_tensor *vt_laid_out(vt_ctx *ctx, vt_tensor *tensor, vt_storage_order layout)
{
  if (tensor->layout == layout || !has_layouts(tensor)) return tensor;
  vt_tensor *out = vt_tensor_empty(ctx);
  if (!out || vt_tensor_set_shape(ctx, out, tensor->type, tensor->rank, tensor->dims) != VT_OK) return NULL;
  out->layout = layout;
  out->tape = tensor->tape;
  out->variable = tensor->variable;
  out->record = tensor->record;
  if (!tensor->data) return out;
  if (free_to_turn(tensor)) {
    vt_tensor_share(out, tensor);
    return out;
  }
  if (vt_tensor_allocate(ctx, out) != VT_OK) return NULL;
  turn(ctx, tensor, out);
  return out;
}

vt_tensor *vt_channels_last(vt_ctx *ctx, vt_tensor *tensor)
{
  return vt_laid_out(ctx, tensor, VT_STORED_CHANNELS_LAST);
}

vt_tensor *vt_row_major(vt_ctx *ctx, vt_tensor *tensor)
{
  return vt_laid_out(ctx, tensor, VT_STORED_ROW_MAJOR);
}

/* ---- many ---- */

bool vt_any_channels_last(vt_tensor *const *tensors, int count)
{
  for (int i = 0; i < count; i++)
    if (tensors[i] && tensors[i]->layout == VT_STORED_CHANNELS_LAST) return true;
  return false;
}

/* Copies of a list of tensors, in one layout. */
static vt_status all_laid_out(vt_ctx *ctx, vt_tensor *const *from, int count, vt_storage_order layout,
                              vt_tensor **to)
{
  for (int i = 0; i < count; i++) {
    to[i] = from[i] ? vt_laid_out(ctx, from[i], layout) : NULL;
    if (from[i] && !to[i]) return VT_ERROR_OUT_OF_MEMORY;
  }
  return VT_OK;
}

/* ---- any order of axes: the operator runs on memory as it is ---- */

/* Rank at which the call can run with channels last, 0: it cannot. */
static int rank_of(vt_tensor *const *inputs, int count)
{
  int last = 0, most = 0;
  for (int i = 0; i < count; i++) {
    if (!inputs[i]) continue;
    if (inputs[i]->rank > most) most = inputs[i]->rank;
    if (inputs[i]->layout == VT_STORED_ROW_MAJOR) continue;
    if (last && inputs[i]->rank != last) return 0;
    last = inputs[i]->rank;
  }
  return last == most ? last : 0;
}

/* A header [batch, sizes…, channels] of `rank` dimensions over the values of `tensor`, whose own may be
 * fewer; a copy where they are stored otherwise. NULL on failure. */
static vt_tensor *turned(vt_ctx *ctx, vt_tensor *tensor, int rank)
{
  int64_t dims[VT_MAX_RANK], stored[VT_MAX_RANK];
  for (int axis = 0; axis < rank; axis++) {
    int own = axis - (rank - tensor->rank);
    dims[axis] = own < 0 ? 1 : tensor->dims[own];
  }
  vt_tensor *wide = vt_tensor_empty(ctx), *out = vt_tensor_empty(ctx);
  if (!wide || !out || vt_tensor_set_shape(ctx, wide, tensor->type, rank, dims) != VT_OK) return NULL;
  wide->layout = tensor->layout;
  if (tensor->data) vt_tensor_share(wide, tensor);
  wide = vt_laid_out(ctx, wide, VT_STORED_CHANNELS_LAST);
  if (!wide) return NULL;
  stored_sizes(rank, dims, stored);
  if (vt_tensor_set_shape(ctx, out, tensor->type, rank, stored) != VT_OK) return NULL;
  if (wide->data) vt_tensor_share(out, wide);
  return out;
}

static vt_status all_turned(vt_ctx *ctx, vt_tensor *const *from, int count, int rank, vt_tensor **to)
{
  for (int i = 0; i < count; i++) {
    to[i] = from[i] ? turned(ctx, from[i], rank) : NULL;
    if (from[i] && !to[i]) return VT_ERROR_OUT_OF_MEMORY;
  }
  return VT_OK;
}

/* `tensor` gets type, shape and values of `stored`, a header [batch, sizes…, channels]. */
static vt_status take_turned(vt_ctx *ctx, vt_tensor *tensor, const vt_tensor *stored)
{
  int64_t dims[VT_MAX_RANK];
  logical_sizes(stored->rank, stored->dims, dims);
  VT_TRY(vt_tensor_set_shape(ctx, tensor, stored->type, stored->rank, dims));
  tensor->layout = VT_STORED_CHANNELS_LAST;
  vt_tensor_share(tensor, stored);
  return VT_OK;
}

static vt_status run_call(vt_ctx *ctx, const vt_call *call, const vt_implementation *implementation)
{
  for (int i = 0; i < call->output_count; i++)
    if (call->outputs[i]) VT_TRY(vt_tensor_allocate(ctx, call->outputs[i]));
  vt_tape *tape = vt_tape_stop(ctx);
  vt_recorder *recorder = ctx->recorder;
  ctx->recorder = NULL;
  vt_status status = implementation->run(ctx, call);
  ctx->recorder = recorder;
  vt_tape_start(ctx, tape);
  return status;
}

static vt_status run_turned(vt_ctx *ctx, const vt_call *call, int rank, vt_tensor **slots)
{
  vt_call inner = *call;
  inner.inputs = slots;
  inner.outputs = slots + call->input_count;
  VT_TRY(all_turned(ctx, call->inputs, call->input_count, rank, slots));
  for (int i = 0; i < call->output_count; i++)
    if (call->outputs[i] && !(inner.outputs[i] = vt_tensor_empty(ctx))) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_call_shape(ctx, &inner));
  VT_TRY(run_call(ctx, &inner, vt_call_implementation(&inner)));
  for (int i = 0; i < call->output_count; i++)
    if (call->outputs[i]) VT_TRY(take_turned(ctx, call->outputs[i], inner.outputs[i]));
  return VT_OK;
}

/* ---- forward ---- */

/* The implementation that takes the call channels-last, after the shape rule has run. NULL: none. */
static const vt_implementation *native(const vt_call *call)
{
  const vt_implementation *list = call->op->implementations;
  if (vt_op_plain_forced() || call->inputs[0]->layout == VT_STORED_ROW_MAJOR) return NULL;
  for (int i = 0; i < VT_OP_IMPLEMENTATIONS && list[i].run; i++)
    if (list[i].channels_last && (!list[i].can || list[i].can(call))) return &list[i];
  return NULL;
}

static void give_layout(const vt_call *call)
{
  for (int i = 0; i < call->output_count; i++)
    if (call->outputs[i] && has_layouts(call->outputs[i])) call->outputs[i]->layout = VT_STORED_CHANNELS_LAST;
}

/* Operators that know one layout; `back`: results are stored channels-last afterwards, for what follows. */
static vt_status run_row_major(vt_ctx *ctx, const vt_call *call, vt_tensor **slots, bool back)
{
  VT_TRY(all_laid_out(ctx, call->inputs, call->input_count, VT_STORED_ROW_MAJOR, slots));
  VT_TRY(vt_apply(ctx, call->op, call->attributes, call->node, call->input_count, slots, call->output_count,
                  call->outputs));
  for (int i = 0; back && i < call->output_count; i++) {
    vt_tensor *output = call->outputs[i];
    if (!output || !has_layouts(output)) continue;
    vt_tensor *turned_output = vt_channels_last(ctx, output);
    if (!turned_output) return VT_ERROR_OUT_OF_MEMORY;
    vt_tensor_share(output, turned_output);
    output->layout = VT_STORED_CHANNELS_LAST;
  }
  return VT_OK;
}

/* Channels-last where the operator keeps that, recorded so. *done says whether it was. */
static vt_status run_channels_last(vt_ctx *ctx, const vt_call *call, vt_tensor **slots, bool *done)
{
  vt_call inner = *call;
  int rank = call->op->flags & VT_OP_ANY_ORDER ? rank_of(call->inputs, call->input_count) : 0;
  inner.inputs = slots;
  *done = true;
  if (rank) {
    /* what is full size and row-major is turned once, for backward too */
    for (int i = 0; i < call->input_count; i++) {
      vt_tensor *input = slots[i] = call->inputs[i];
      bool full = input && input->rank == rank && !free_to_turn(input);
      if (full && !(slots[i] = vt_channels_last(ctx, input))) return VT_ERROR_OUT_OF_MEMORY;
    }
    VT_TRY(run_turned(ctx, &inner, rank, slots + call->input_count));
    return vt_call_tell(ctx, &inner);
  }
  if (call->op->flags & VT_OP_CHANNELS_LAST) {
    bool all = call->op->max_inputs == VT_VARIADIC;
    for (int i = 0; i < call->input_count; i++) {
      vt_tensor *input = call->inputs[i];
      slots[i] = input
                     ? vt_laid_out(ctx, input, i == 0 || all ? VT_STORED_CHANNELS_LAST : VT_STORED_ROW_MAJOR)
                     : NULL;
      if (input && !slots[i]) return VT_ERROR_OUT_OF_MEMORY;
    }
    if (all || call->inputs[0]->layout == VT_STORED_CHANNELS_LAST) {
      VT_TRY(vt_call_shape(ctx, &inner));
      give_layout(&inner);
      const vt_implementation *implementation = native(&inner);
      if (implementation) {
        VT_TRY(run_call(ctx, &inner, implementation));
        return vt_call_tell(ctx, &inner);
      }
    }
  }
  *done = false;
  return VT_OK;
}

vt_status vt_apply_laid_out(vt_ctx *ctx, const vt_call *call)
{
  size_t mark = vt_tensor_mark(ctx), count = (size_t)call->input_count, outputs = (size_t)call->output_count;
  vt_tensor **slots = vt_alloc_zero(ctx, 2 * count + outputs + 1, sizeof *slots);
  bool done = false;
  vt_status status = slots ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = run_channels_last(ctx, call, slots, &done);
  if (status == VT_OK && !done)
    status = run_row_major(ctx, call, slots, call->op->flags & (VT_OP_ANY_ORDER | VT_OP_CHANNELS_LAST));
  vt_free(slots);
  vt_tensor_release(ctx, mark);
  return status;
}

/* ---- backward ---- */

/* The gradient of `input` from that of the turned input. */
static vt_status unturned(vt_ctx *ctx, const vt_tensor *input, vt_tensor **gradient)
{
  vt_tensor *out = vt_tensor_empty(ctx);
  if (!out) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(take_turned(ctx, out, *gradient));
  if (input->layout == VT_STORED_ROW_MAJOR) {
    out = vt_row_major(ctx, out);
    if (!out) return VT_ERROR_OUT_OF_MEMORY;
    return vt_gradient_reshape(ctx, out, input, gradient);
  }
  *gradient = out;
  return VT_OK;
}

static vt_status back_turned(vt_ctx *ctx, const vt_gradient *gradient, int rank, vt_tensor **slots,
                             vt_step_fn step, const void *user)
{
  const vt_call *call = gradient->call;
  vt_call inner = *call;
  inner.inputs = slots;
  inner.outputs = slots + call->input_count;
  vt_tensor **given = inner.outputs + call->output_count;
  vt_gradient turned_gradient = *gradient;
  turned_gradient.call = &inner;
  turned_gradient.output_gradients = given;
  VT_TRY(all_turned(ctx, call->inputs, call->input_count, rank, slots));
  VT_TRY(all_turned(ctx, call->outputs, call->output_count, rank, inner.outputs));
  VT_TRY(all_turned(ctx, gradient->output_gradients, call->output_count, rank, given));
  VT_TRY(step(ctx, &turned_gradient, user));
  for (int i = 0; i < call->input_count; i++)
    if (gradient->input_gradients[i]) VT_TRY(unturned(ctx, call->inputs[i], &gradient->input_gradients[i]));
  return VT_OK;
}

static vt_status back_laid_out(vt_ctx *ctx, const vt_gradient *gradient, vt_storage_order layout,
                               vt_tensor **slots, vt_step_fn step, const void *user)
{
  const vt_call *call = gradient->call;
  vt_call inner = *call, other;
  vt_gradient laid_out = *gradient;
  vt_tensor **given = slots + call->input_count + call->output_count;
  vt_tensor **others = given + call->output_count;
  inner.inputs = slots;
  inner.outputs = slots + call->input_count;
  laid_out.call = &inner;
  laid_out.output_gradients = given;
  if (layout == VT_STORED_ROW_MAJOR) {
    VT_TRY(all_laid_out(ctx, call->inputs, call->input_count, layout, slots));
    VT_TRY(all_laid_out(ctx, call->outputs, call->output_count, layout, inner.outputs));
    if (gradient->reference) { /* the same call, on other values */
      other = *gradient->reference;
      VT_TRY(all_laid_out(ctx, other.inputs, call->input_count, layout, others));
      VT_TRY(all_laid_out(ctx, other.outputs, call->output_count, layout, others + call->input_count));
      other.inputs = others;
      other.outputs = others + call->input_count;
      laid_out.reference = &other;
    }
  } else {
    memcpy(slots, call->inputs, sizeof *slots * (size_t)call->input_count);
    memcpy(inner.outputs, call->outputs, sizeof *slots * (size_t)call->output_count);
  }
  VT_TRY(all_laid_out(ctx, gradient->output_gradients, call->output_count, layout, given));
  return step(ctx, &laid_out, user);
}

vt_status vt_backward_laid_out(vt_ctx *ctx, const vt_gradient *gradient, bool rule, vt_step_fn step,
                               const void *user)
{
  const vt_call *call = gradient->call;
  bool recorded = vt_any_channels_last(call->inputs, call->input_count) ||
                  vt_any_channels_last(call->outputs, call->output_count);
  if (!recorded && !vt_any_channels_last(gradient->output_gradients, call->output_count))
    return step(ctx, gradient, user);
  size_t slots_needed = 2 * (size_t)call->input_count + 3 * (size_t)call->output_count;
  vt_tensor **slots = vt_alloc_zero(ctx, slots_needed + 1, sizeof *slots);
  if (!slots) return VT_ERROR_OUT_OF_MEMORY;
  int rank = recorded && call->op->flags & VT_OP_ANY_ORDER ? rank_of(call->inputs, call->input_count) : 0;
  vt_status status =
      rank && !rule
          ? back_turned(ctx, gradient, rank, slots, step, user)
          : back_laid_out(ctx, gradient, recorded && !rule ? VT_STORED_CHANNELS_LAST : VT_STORED_ROW_MAJOR,
                          slots, step, user);
  vt_free(slots);
  return status;
}
