/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/resnet.h"

#include "ops/layout.h"

static vt_activation activation_of(const vt_resnet_settings *settings)
{
  return settings->activation == VT_NO_ACTIVATION ? VT_RELU : settings->activation;
}

static int64_t or_one(int64_t value)
{
  return value > 0 ? value : 1;
}

/* 3×3, or windows of the stride's size. */
static vt_conv_settings window(int64_t out, int64_t stride, int64_t dilation)
{
  vt_conv_settings conv = {.out = out, .kernel = 3, .stride = stride, .padding = -1, .dilation = dilation};
  if (stride > 2) conv = (vt_conv_settings){.out = out, .kernel = stride, .stride = stride};
  return conv;
}

vt_tensor *vt_residual_block(vt_scope s, vt_tensor *x, vt_resnet_stage stage, double drop_path,
                             const vt_resnet_settings *settings)
{
  vt_ctx *ctx = s.run->ctx;
  vt_activation activation = activation_of(settings);
  int64_t stride = or_one(stage.stride), dilation = or_one(stage.dilation);
  vt_tensor *skip = x, *y;
  y = vt_conv_norm(s, "conv1", "norm1", x, window(stage.width, stride, dilation), settings->norm);
  y = vt_activate(ctx, y, activation);
  y = vt_conv_norm(s, "conv2", "norm2", y, window(stage.width, 1, dilation), settings->norm);
  if (stride > 1 || vt_dim(x, 1) != stage.width)
    skip =
        vt_conv_norm(vt_sub(s, "skip"), "conv", "norm", x,
                     (vt_conv_settings){.out = stage.width, .kernel = 1, .stride = stride}, settings->norm);
  if (drop_path > 0) y = vt_drop_path(s, y, drop_path);
  return vt_activate(ctx, vt_add(ctx, y, skip), activation);
}

static int count_blocks(const vt_resnet_settings *settings)
{
  int64_t count = 0;
  for (int i = 0; i < VT_MOST_MAPS && settings->stages[i].width; i++)
    count += or_one(settings->stages[i].blocks);
  return (int)count;
}

static vt_tensor *run_stage(vt_scope s, vt_tensor *x, int index, int *block, int all,
                            const vt_resnet_settings *settings)
{
  vt_resnet_stage stage = settings->stages[index];
  for (int64_t b = 0; b < or_one(stage.blocks); b++) {
    double drop = settings->drop_path * (double)++*block / (double)all;
    x = vt_residual_block(vt_sub(s, "stages.%d.%d", index, (int)b), x, stage, drop, settings);
    stage.stride = 1;
  }
  return x;
}

vt_maps vt_resnet_stages(vt_scope s, vt_tensor *x, const vt_resnet_settings *settings)
{
  vt_ctx *ctx = s.run->ctx;
  vt_maps out = {0};
  vt_conv_settings stem = {.out = settings->stem ? settings->stem : settings->stages[0].width,
                           .kernel = settings->stem_kernel ? settings->stem_kernel : 3,
                           .stride = or_one(settings->stem_stride),
                           .padding = -1};
  if (!settings->row_major && !vt_is_void(x)) {
    vt_tensor *turned = vt_channels_last(ctx, x);
    x = turned ? turned : vt_void();
  }
  x = vt_conv_norm(vt_sub(s, "stem"), "conv", "norm", x, stem, settings->norm);
  x = vt_name(s, vt_activate(ctx, x, activation_of(settings)), "stem");
  int block = 0, all = count_blocks(settings);
  for (int i = 0; i < VT_MOST_MAPS && settings->stages[i].width; i++) {
    x = run_stage(s, x, i, &block, all, settings);
    char number[16];
    snprintf(number, sizeof number, "%d", i);
    out.maps[out.count++] = x = vt_name(vt_sub(s, "stage"), x, number);
  }
  return out;
}

vt_tensor *vt_resnet(vt_scope s, vt_tensor *x, int64_t classes, const vt_resnet_settings *settings)
{
  vt_ctx *ctx = s.run->ctx;
  vt_maps maps = vt_resnet_stages(s, x, settings);
  x = maps.count ? vt_global_average(ctx, maps.maps[maps.count - 1]) : vt_void();
  x = vt_dropout(vt_sub(s, "head"), vt_name(s, x, "pooled"), settings->dropout);
  return vt_name(s, vt_linear(vt_sub(s, "head"), x, classes, VT_BIAS), "logits");
}

vt_maps vt_dilated_branches(vt_scope s, vt_tensor *x, int64_t out, int count, const int64_t *dilations)
{
  vt_maps maps = {0};
  for (int i = 0; i < count && i < VT_MOST_MAPS; i++) {
    vt_conv_settings conv = {
        .out = out, .kernel = 3, .padding = -1, .dilation = dilations[i], .bias = VT_BIAS};
    maps.maps[maps.count++] = vt_conv(vt_sub(s, "branches.%d", i), x, conv);
  }
  return maps;
}
