/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/attention.h"

#include <math.h>

#include "nn/layers.h"

vt_tensor *vt_projection_linear(vt_scope s, vt_tensor *x, int64_t out, bool no_bias, double std)
{
  return vt_linear_init(s, x, out, no_bias ? VT_NO_BIAS : VT_BIAS, std > 0 ? VT_TRUNCATED(std) : VT_XAVIER);
}

static bool fits(vt_scope s, const vt_attention_settings *settings, int64_t head_width, int64_t key_heads)
{
  if (settings->heads > 0 && key_heads > 0 && settings->heads % key_heads == 0 && head_width > 0) return true;
  (void)vt_fail(s.run->ctx, VT_ERROR_INVALID_ARGUMENT,
                "%s: %lld heads of %lld numbers with %lld key heads; heads are a multiple of key heads",
                s.path, (long long)settings->heads, (long long)head_width, (long long)key_heads);
  return false;
}

/* [batch, tokens, heads · width] → [batch, heads, tokens, width] */
static vt_tensor *to_heads(vt_ctx *ctx, vt_tensor *x, int64_t heads, int64_t width)
{
  return vt_transpose(ctx, vt_reshape(ctx, x, VT_DIMS(0, 0, heads, width)), VT_DIMS(0, 2, 1, 3));
}

/* Each key head serves `times` heads in a row: [batch, key heads, …] → [batch, heads, …]. */
static vt_tensor *repeat_heads(vt_ctx *ctx, vt_tensor *x, int64_t times)
{
  if (times == 1 || vt_is_void(x)) return x;
  int64_t batch = x->dims[0], heads = x->dims[1], tokens = x->dims[2], width = x->dims[3];
  vt_tensor *wide = vt_expand(ctx, vt_unsqueeze(ctx, x, 2), VT_DIMS(batch, heads, times, tokens, width));
  return vt_reshape(ctx, wide, VT_DIMS(batch, heads * times, tokens, width));
}

static vt_tensor *placed(vt_ctx *ctx, vt_tensor *x, vt_tensor *position)
{
  return position ? vt_add(ctx, x, position) : x;
}

vt_tensor *vt_attention(vt_scope s, const vt_attention_settings *settings, const vt_attention_inputs *inputs)
{
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *source = inputs->key ? inputs->key : inputs->query;
  vt_tensor *content = inputs->value ? inputs->value : source;
  if (vt_is_void(inputs->query) || vt_is_void(source)) return vt_void();
  int64_t heads = settings->heads, width = vt_dim(inputs->query, -1);
  int64_t key_heads = settings->key_heads ? settings->key_heads : heads;
  int64_t head_width = settings->head_width ? settings->head_width : heads > 0 ? width / heads : 0;
  if (!fits(s, settings, head_width, key_heads)) return vt_void();
  bool no_bias = settings->no_bias;
  double std = settings->init_std;
  vt_tensor *query_source = placed(ctx, inputs->query, inputs->query_position);
  vt_tensor *key_source = placed(ctx, source, inputs->key_position);
  vt_tensor *q = vt_projection_linear(vt_sub(s, "q_proj"), query_source, heads * head_width, no_bias, std);
  vt_tensor *k = vt_projection_linear(vt_sub(s, "k_proj"), key_source, key_heads * head_width, no_bias, std);
  vt_tensor *v = vt_projection_linear(vt_sub(s, "v_proj"), content, key_heads * head_width, no_bias, std);
  q = vt_name(s, to_heads(ctx, q, heads, head_width), "q");
  k = vt_name(s, to_heads(ctx, k, key_heads, head_width), "k");
  v = vt_name(s, to_heads(ctx, v, key_heads, head_width), "v");
  q = vt_rotate(ctx, q, inputs->rotary_query);
  k = vt_rotate(ctx, k, inputs->rotary_key);
  if (inputs->cache && vt_cache_extend(s, inputs->cache, inputs->layer, &k, &v) != VT_OK) return vt_void();
  k = repeat_heads(ctx, k, heads / key_heads);
  v = repeat_heads(ctx, v, heads / key_heads);
  /* the queries are scaled, not the scores: they are fewer numbers */
  q = vt_times(ctx, q, settings->scale > 0 ? settings->scale : 1 / sqrt((double)head_width));
  vt_tensor *scores = vt_matmul(ctx, q, vt_transpose(ctx, k, VT_DIMS(0, 1, 3, 2))); // [batch, heads, Q, K]
  vt_tensor *mask = vt_mask_additive(ctx, inputs->mask);
  if (mask) scores = vt_add(ctx, scores, mask);
  scores = vt_name(s, scores, "scores");
  vt_tensor *pattern = vt_name(s, vt_softmax(ctx, scores, -1), "pattern");
  pattern = vt_dropout(vt_sub(s, "pattern"), pattern, settings->dropout);
  vt_tensor *z = vt_name(s, vt_matmul(ctx, pattern, v), "z");
  z = vt_reshape(ctx, vt_transpose(ctx, z, VT_DIMS(0, 2, 1, 3)), VT_DIMS(0, 0, heads * head_width));
  vt_tensor *out = vt_projection_linear(vt_sub(s, "out_proj"), z, settings->out ? settings->out : width,
                                        no_bias, settings->out_std > 0 ? settings->out_std : std);
  return vt_name(s, out, "out");
}
