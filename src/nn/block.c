/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/block.h"

#include <math.h>

#include "nn/layers.h"

vt_tensor *vt_norm(vt_scope s, vt_tensor *x, vt_norm_kind kind, double epsilon)
{
  double small = epsilon > 0 ? epsilon : 1e-5;
  return kind == VT_NORM_RMS ? vt_rms_norm(s, x, small) : vt_layer_norm(s, x, small);
}

static double out_std(const vt_block_settings *settings)
{
  if (settings->out_depth <= 0) return settings->init_std;
  return settings->init_std / sqrt(2 * (double)settings->out_depth);
}

vt_tensor *vt_mlp(vt_scope s, vt_tensor *x, const vt_block_settings *settings)
{
  vt_ctx *ctx = s.run->ctx;
  int64_t width = vt_dim(x, -1), hidden = settings->hidden ? settings->hidden : 4 * width;
  vt_activation activation = settings->activation ? settings->activation : VT_GELU;
  double std = settings->init_std;
  bool no_bias = settings->no_bias;
  vt_tensor *up = vt_projection_linear(vt_sub(s, "fc1"), x, hidden, no_bias, std);
  vt_tensor *post;
  if (settings->gated) {
    vt_tensor *gate = vt_projection_linear(vt_sub(s, "gate"), x, hidden, no_bias, std);
    post = vt_mul(ctx, vt_activate(ctx, vt_name(s, gate, "pre"), activation), up);
  } else
    post = vt_activate(ctx, vt_name(s, up, "pre"), activation);
  post = vt_name(s, post, "post");
  return vt_name(s, vt_projection_linear(vt_sub(s, "fc2"), post, width, no_bias, out_std(settings)), "out");
}

/* ---- the three parts ---- */

typedef struct vt_block_run {
  vt_scope s;
  const vt_block_settings *settings;
  const vt_block_inputs *inputs;
} block_run;

static vt_tensor *normed(const block_run *run, vt_tensor *x, const char *name)
{
  vt_scope s = run->s;
  return vt_name(s, vt_norm(vt_sub(s, "%s", name), x, run->settings->norm, run->settings->epsilon), name);
}

/* What a part adds, with its noise. */
static vt_tensor *added(const block_run *run, vt_tensor *x, vt_tensor *part, const char *name)
{
  vt_scope s = vt_sub(run->s, "%s", name);
  part = vt_dropout(s, part, run->settings->dropout);
  return vt_add(run->s.run->ctx, x, vt_drop_path(s, part, run->settings->drop_path));
}

static vt_attention_settings attention_settings(const vt_block_settings *settings, int64_t width)
{
  return (vt_attention_settings){
      .heads = settings->heads,
      .key_heads = settings->key_heads,
      .head_width = settings->head_width,
      .out = width,
      .no_bias = settings->no_bias,
      .init_std = settings->init_std,
      .out_std = out_std(settings),
      .dropout = settings->pattern_dropout,
  };
}

static vt_tensor *look_at_itself(const block_run *run, vt_tensor *x)
{
  const vt_block_inputs *inputs = run->inputs;
  vt_attention_settings settings = attention_settings(run->settings, vt_dim(x, -1));
  vt_attention_inputs own = {
      .query = x,
      .query_position = inputs->position,
      .key_position = inputs->position,
      .mask = inputs->mask,
      .rotary_query = inputs->rotary,
      .rotary_key = inputs->rotary,
      .cache = inputs->cache,
      .layer = inputs->layer,
  };
  return vt_attention(vt_sub(run->s, "attn"), &settings, &own);
}

static vt_tensor *look_at_context(const block_run *run, vt_tensor *x)
{
  const vt_block_inputs *inputs = run->inputs;
  vt_attention_settings settings = attention_settings(run->settings, vt_dim(x, -1));
  vt_attention_inputs other = {
      .query = x,
      .key = inputs->context,
      .query_position = inputs->position,
      .key_position = inputs->context_position,
      .mask = inputs->context_mask,
      .rotary_query = inputs->rotary_query,
      .rotary_key = inputs->rotary_context,
  };
  return vt_attention(vt_sub(run->s, "cross"), &settings, &other);
}

static vt_tensor *think(const block_run *run, vt_tensor *x)
{
  return vt_mlp(vt_sub(run->s, "mlp"), x, run->settings);
}

static vt_tensor *part(const block_run *run, vt_tensor *x, const char *norm, const char *name,
                       vt_tensor *(*compute)(const block_run *, vt_tensor *))
{
  if (run->settings->post_norm) return normed(run, added(run, x, compute(run, x), name), norm);
  return added(run, x, compute(run, normed(run, x, norm)), name);
}

vt_tensor *vt_transformer_block(vt_scope s, vt_tensor *x, const vt_block_settings *settings,
                                const vt_block_inputs *inputs)
{
  static const vt_block_inputs nothing = {0};
  block_run run = {s, settings, inputs ? inputs : &nothing};
  x = vt_name(s, x, "resid_pre");
  if (!settings->no_self) x = part(&run, x, "norm1", "attn", look_at_itself);
  if (run.inputs->context) {
    x = vt_name(s, x, "resid_cross");
    x = part(&run, x, "norm_cross", "cross", look_at_context);
  }
  if (!settings->no_mlp) {
    x = vt_name(s, x, "resid_mid");
    x = part(&run, x, "norm2", "mlp", think);
  }
  return vt_name(s, x, "resid_post");
}

vt_tensor *vt_transformer_blocks(vt_scope s, vt_tensor *x, int64_t count, const vt_block_settings *settings,
                                 const vt_block_inputs *inputs, vt_tensor **hidden)
{
  vt_block_inputs own = inputs ? *inputs : (vt_block_inputs){0};
  for (int64_t i = 0; i < count; i++) {
    own.layer = i;
    x = vt_transformer_block(vt_sub(s, "blocks.%lld", (long long)i), x, settings, &own);
    if (hidden) hidden[i] = x;
  }
  return x;
}

void vt_two_way(vt_scope s, const vt_block_settings *settings, vt_tensor **tokens, vt_tensor *token_position,
                vt_tensor **map, vt_tensor *map_position)
{
  vt_block_settings looking = *settings;
  looking.no_self = looking.no_mlp = true;
  *tokens = vt_transformer_block(
      vt_sub(s, "tokens"), *tokens, settings,
      &(vt_block_inputs){.position = token_position, .context = *map, .context_position = map_position});
  *map = vt_transformer_block(
      vt_sub(s, "map"), *map, &looking,
      &(vt_block_inputs){.position = map_position, .context = *tokens, .context_position = token_position});
}
