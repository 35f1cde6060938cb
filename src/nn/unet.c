/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/unet.h"

#include "ops/layout.h"

static vt_tensor *two_convolutions(vt_scope s, vt_tensor *x, int64_t width, const vt_unet_settings *settings)
{
  static const char *const names[][2] = {{"conv1", "norm1"}, {"conv2", "norm2"}};
  vt_activation activation = settings->activation == VT_NO_ACTIVATION ? VT_RELU : settings->activation;
  vt_conv_settings conv = {.out = width, .kernel = 3, .padding = -1};
  for (int i = 0; i < 2; i++) {
    x = vt_conv_norm(s, names[i][0], names[i][1], x, conv, settings->norm);
    x = vt_activate(s.run->ctx, x, activation);
  }
  return x;
}

static vt_tensor *rise(vt_scope s, vt_tensor *x, const vt_tensor *skip, int64_t width,
                       const vt_unet_settings *settings)
{
  vt_conv_settings conv = {.out = width, .kernel = 2, .stride = 2, .bias = VT_BIAS};
  if (!settings->resize) return vt_conv_transpose(vt_sub(s, "rise"), x, conv);
  x = vt_resize_to(s.run->ctx, x, vt_dim(skip, 2), vt_dim(skip, 3), "linear");
  conv = (vt_conv_settings){.out = width, .kernel = 3, .padding = -1, .bias = VT_BIAS};
  return vt_conv(vt_sub(s, "rise"), x, conv);
}

/* skip · σ(map(relu(skip' + signal'))), with 1×1 convolutions to half the channels. */
static vt_tensor *gate(vt_scope s, vt_tensor *skip, vt_tensor *signal)
{
  vt_ctx *ctx = s.run->ctx;
  vt_conv_settings conv = {.out = (vt_dim(skip, 1) + 1) / 2, .kernel = 1, .bias = VT_BIAS};
  vt_tensor *sum =
      vt_add(ctx, vt_conv(vt_sub(s, "skip"), skip, conv), vt_conv(vt_sub(s, "signal"), signal, conv));
  conv.out = 1;
  vt_tensor *map = vt_conv(vt_sub(s, "map"), vt_activate(ctx, sum, VT_RELU), conv);
  return vt_mul(ctx, skip, vt_name(s, vt_activate(ctx, map, VT_SIGMOID), "map"));
}

static vt_tensor *named(vt_scope s, vt_tensor *x, const char *group, int level)
{
  char number[16];
  snprintf(number, sizeof number, "%d", level);
  return vt_name(vt_sub(s, "%s", group), x, number);
}

static bool sides_fit(vt_scope s, const vt_tensor *x, int levels, const vt_unet_settings *settings)
{
  int64_t step = (int64_t)1 << (levels - 1);
  char shape[160];
  if (vt_is_void(x)) return false;
  if (x->rank == 4 && (settings->resize || (x->dims[2] % step == 0 && x->dims[3] % step == 0))) return true;
  (void)vt_fail(
      s.run->ctx, VT_ERROR_INVALID_ARGUMENT,
      "%s: a UNet of %d levels takes [items, channels, height, width] with sides that are multiples "
      "of %lld, not %s; use fewer levels or resize",
      s.path[0] ? s.path : "unet", levels, (long long)step, vt_shape_text(x, shape));
  return false;
}

vt_maps vt_unet_maps(vt_scope s, vt_tensor *x, const vt_unet_settings *settings)
{
  vt_ctx *ctx = s.run->ctx;
  vt_maps out = {0};
  while (out.count < VT_MOST_MAPS && settings->widths[out.count])
    out.maps[out.count++] = vt_void();
  if (!out.count || !sides_fit(s, x, out.count, settings)) return out;
  if (!settings->row_major) {
    vt_tensor *turned = vt_channels_last(ctx, x);
    x = turned ? turned : vt_void();
  }
  for (int i = 0; i < out.count; i++) {
    if (i) x = vt_max_pool(ctx, x, 2, 2, 0);
    x = two_convolutions(vt_sub(s, "down.%d", i), x, settings->widths[i], settings);
    out.maps[i] = x = named(s, x, "down", i);
  }
  int bottom = out.count - 1;
  if (settings->dropout > 0)
    out.maps[bottom] = x = vt_dropout(vt_sub(s, "down.%d", bottom), x, settings->dropout);
  for (int i = bottom - 1; i >= 0; i--) {
    vt_scope level = vt_sub(s, "up.%d", i);
    vt_tensor *parts[] = {out.maps[i], rise(level, x, out.maps[i], settings->widths[i], settings)};
    if (settings->gated) parts[0] = gate(vt_sub(level, "gate"), parts[0], parts[1]);
    x = two_convolutions(level, vt_concat(ctx, 1, 2, parts), settings->widths[i], settings);
    out.maps[i] = x = named(s, x, "up", i);
  }
  return out;
}

vt_tensor *vt_unet(vt_scope s, vt_tensor *x, int64_t out, const vt_unet_settings *settings)
{
  vt_maps maps = vt_unet_maps(s, x, settings);
  vt_conv_settings conv = {.out = out, .kernel = 1, .bias = VT_BIAS};
  x = maps.count ? vt_conv(vt_sub(s, "head"), maps.maps[0], conv) : vt_void();
  if (!vt_is_void(x)) x = vt_row_major(s.run->ctx, x);
  return vt_name(s, x ? x : vt_void(), "logits");
}
