/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/maps.h"

static const double epsilon = 1e-5;

static int64_t groups_of(int64_t wanted, int64_t channels)
{
  int64_t groups = wanted > 0 ? wanted : 8;
  while (wanted <= 0 && groups > 1 && channels % groups)
    groups--;
  return groups;
}

vt_tensor *vt_map_norm(vt_scope s, vt_tensor *x, vt_map_norm_settings settings)
{
  switch (settings.kind) {
  case VT_NORM_BATCH:
    return vt_batch_norm(s, x, settings.momentum, settings.frozen);
  case VT_NORM_GROUP:
    return vt_group_norm(s, x, groups_of(settings.groups, vt_dim(x, 1)), epsilon);
  case VT_NORM_INSTANCE:
    return vt_instance_norm(s, x, epsilon);
  case VT_NORM_CHANNEL:
    return vt_channel_norm(s, x, epsilon);
  case VT_NORM_NONE:
    break;
  }
  return x;
}

vt_tensor *vt_conv_norm(vt_scope s, const char *name, const char *norm_name, vt_tensor *x,
                        vt_conv_settings conv, vt_map_norm_settings norm)
{
  conv.bias = norm.kind == VT_NORM_NONE ? VT_BIAS : VT_NO_BIAS;
  return vt_map_norm(vt_sub(s, "%s", norm_name), vt_conv(vt_sub(s, "%s", name), x, conv), norm);
}

vt_tensor *vt_sum_maps(vt_ctx *ctx, const vt_maps *maps)
{
  vt_tensor *sum = maps->count ? maps->maps[0] : vt_void();
  for (int i = 1; i < maps->count; i++)
    sum = vt_add(ctx, sum, maps->maps[i]);
  return sum;
}
