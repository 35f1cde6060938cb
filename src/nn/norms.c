/* SPDX-License-Identifier: Apache-2.0
 *
 * Normalisation layers.
 */
#include "nn/layers.h"

typedef struct scale_shift {
  vt_tensor *scale, *shift;
} scale_shift;

static scale_shift scale_shift_of(vt_scope s, int64_t width)
{
  return (scale_shift){vt_param(s, "weight", 1, &width, VT_ONES), vt_param(s, "bias", 1, &width, VT_ZEROS)};
}

vt_tensor *vt_batch_norm(vt_scope s, vt_tensor *x, double momentum, bool frozen)
{
  vt_ctx *ctx = s.run->ctx;
  int64_t channels = vt_dim(x, 1);
  scale_shift own = scale_shift_of(s, channels);
  vt_tensor *mean = vt_state(s, "running_mean", 1, &channels, VT_ZEROS);
  vt_tensor *variance = vt_state(s, "running_var", 1, &channels, VT_ONES);
  vt_tensor *inputs[] = {x, own.scale, own.shift, mean, variance}, *outputs[3];
  if (!s.run->training || frozen) return vt_call_op(ctx, "BatchNormalization", 5, inputs, 0, NULL);
  /* ONNX weighs the old statistics, and moves the variance by the biased one of the batch */
  vt_setting settings[] = {VT_INT("training_mode", 1),
                           VT_REAL("momentum", 1 - (momentum > 0 ? momentum : .1))};
  vt_call_outputs(ctx, "BatchNormalization", 5, inputs, 2, settings, 3, outputs);
  vt_state_write(s, "running_mean", outputs[1]);
  vt_state_write(s, "running_var", outputs[2]);
  return outputs[0];
}

vt_tensor *vt_layer_norm(vt_scope s, vt_tensor *x, double epsilon)
{
  scale_shift own = scale_shift_of(s, vt_dim(x, -1));
  vt_tensor *inputs[] = {x, own.scale, own.shift};
  return vt_call_op(s.run->ctx, "LayerNormalization", 3, inputs, 1, &VT_REAL("epsilon", epsilon));
}

vt_tensor *vt_channel_norm(vt_scope s, vt_tensor *x, double epsilon)
{
  vt_ctx *ctx = s.run->ctx;
  int64_t last[VT_MAX_RANK] = {0}, first[VT_MAX_RANK] = {0};
  int rank = x->rank;
  if (rank < 2) return vt_layer_norm(s, x, epsilon);
  for (int i = 1; i < rank - 1; i++)
    last[i] = i + 1;
  last[rank - 1] = 1;
  first[1] = rank - 1;
  for (int i = 2; i < rank; i++)
    first[i] = i - 1;
  return vt_transpose(ctx, vt_layer_norm(s, vt_transpose(ctx, x, rank, last), epsilon), rank, first);
}

vt_tensor *vt_rms_norm(vt_scope s, vt_tensor *x, double epsilon)
{
  int64_t width = vt_dim(x, -1);
  vt_tensor *inputs[] = {x, vt_param(s, "weight", 1, &width, VT_ONES)};
  vt_setting settings[] = {VT_REAL("epsilon", epsilon), VT_INT("axis", -1)};
  return vt_call_op(s.run->ctx, "RMSNormalization", 2, inputs, 2, settings);
}

vt_tensor *vt_group_norm(vt_scope s, vt_tensor *x, int64_t groups, double epsilon)
{
  scale_shift own = scale_shift_of(s, vt_dim(x, 1));
  vt_tensor *inputs[] = {x, own.scale, own.shift};
  vt_setting settings[] = {VT_REAL("epsilon", epsilon), VT_INT("num_groups", groups)};
  return vt_call_op(s.run->ctx, "GroupNormalization", 3, inputs, 2, settings);
}

vt_tensor *vt_instance_norm(vt_scope s, vt_tensor *x, double epsilon)
{
  scale_shift own = scale_shift_of(s, vt_dim(x, 1));
  vt_tensor *inputs[] = {x, own.scale, own.shift};
  return vt_call_op(s.run->ctx, "InstanceNormalization", 3, inputs, 1, &VT_REAL("epsilon", epsilon));
}
