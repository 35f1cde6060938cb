/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys and values of what a decoder has read.
 */
#include "base/context.h"
#include "nn/attention.h"

vt_status vt_cache_new(vt_ctx *ctx, int64_t layers, int64_t limit, vt_cache **out)
{
  *out = NULL;
  if (layers < 1 || limit < 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a cache of %lld layers and %lld tokens",
                   (long long)layers, (long long)limit);
  vt_cache *cache = vt_alloc_zero(ctx, 1, sizeof *cache);
  if (!cache) return VT_ERROR_OUT_OF_MEMORY;
  *cache = (vt_cache){.layers = layers, .limit = limit};
  cache->keys = vt_alloc_zero(ctx, (size_t)layers, sizeof *cache->keys);
  cache->values = vt_alloc_zero(ctx, (size_t)layers, sizeof *cache->values);
  if (!cache->keys || !cache->values) {
    vt_cache_free(cache);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  *out = cache;
  return VT_OK;
}

void vt_cache_free(vt_cache *cache)
{
  if (!cache) return;
  for (int64_t i = 0; i < cache->layers; i++) {
    if (cache->keys) vt_tensor_free(cache->keys[i]);
    if (cache->values) vt_tensor_free(cache->values[i]);
  }
  vt_free(cache->keys);
  vt_free(cache->values);
  vt_free(cache);
}

static vt_status make_state(vt_ctx *ctx, int64_t batch, int64_t heads, int64_t limit, int64_t width,
                            vt_tensor **out)
{
  VT_TRY(vt_tensor_new_alone(ctx, VT_F32, 4, (int64_t[]){batch, heads, limit, width}, out));
  memset((*out)->data, 0, vt_bytes(*out));
  return VT_OK;
}

/* Writes `fresh` [batch, heads, tokens, width] behind what is there. */
static void write_rows(vt_tensor *state, const vt_tensor *fresh, int64_t at)
{
  int64_t rows = fresh->dims[0] * fresh->dims[1], tokens = fresh->dims[2], width = fresh->dims[3];
  for (int64_t i = 0; i < rows; i++)
    memcpy((float *)state->data + (i * state->dims[2] + at) * width,
           (const float *)fresh->data + i * tokens * width, (size_t)(tokens * width) * sizeof(float));
}

static vt_status extend(vt_scope s, const vt_cache *cache, vt_tensor **state, vt_tensor **fresh)
{
  vt_ctx *ctx = s.run->ctx;
  char have[160], come[160];
  const vt_tensor *x = *fresh;
  if (!*state) VT_TRY(make_state(ctx, x->dims[0], x->dims[1], cache->limit, x->dims[3], state));
  vt_tensor *kept = *state;
  if (kept->dims[0] != x->dims[0] || kept->dims[1] != x->dims[1] || kept->dims[3] != x->dims[3])
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: the cache holds %s, and %s comes", s.path,
                   vt_shape_text(kept, have), vt_shape_text(x, come));
  write_rows(kept, x, cache->length);
  *fresh = vt_slice(ctx, kept, 2, 0, cache->length + x->dims[2]);
  return vt_ctx_status(ctx);
}

vt_status vt_cache_extend(vt_scope s, vt_cache *cache, int64_t layer, vt_tensor **key, vt_tensor **value)
{
  vt_ctx *ctx = s.run->ctx;
  VT_TRY(vt_ctx_status(ctx));
  if (ctx->tape || s.run->record)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s: a cache is written in place, so nothing can be differentiated or recorded with it",
                   s.path);
  if (layer < 0 || layer >= cache->layers)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: layer %lld of a cache of %lld", s.path,
                   (long long)layer, (long long)cache->layers);
  int64_t tokens = vt_dim(*key, 2);
  if (cache->length + tokens > cache->limit)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: %lld tokens more than the %lld that the cache holds",
                   s.path, (long long)(cache->length + tokens - cache->limit), (long long)cache->limit);
  VT_TRY(extend(s, cache, &cache->keys[layer], key));
  return extend(s, cache, &cache->values[layer], value);
}

static vt_status take(vt_ctx *ctx, const vt_cache *cache, vt_tensor **state, const int64_t *rows,
                      int64_t count)
{
  vt_tensor *old = *state, *fresh;
  if (!old) return VT_OK;
  int64_t heads = old->dims[1], width = old->dims[3];
  VT_TRY(make_state(ctx, count, heads, cache->limit, width, &fresh));
  size_t used = (size_t)(cache->length * width) * sizeof(float);
  for (int64_t i = 0; i < count; i++)
    for (int64_t h = 0; h < heads; h++)
      memcpy((float *)fresh->data + (i * heads + h) * cache->limit * width,
             (const float *)old->data + (rows[i] * heads + h) * cache->limit * width, used);
  vt_tensor_free(old);
  *state = fresh;
  return VT_OK;
}

vt_status vt_cache_take(vt_ctx *ctx, vt_cache *cache, const int64_t *rows, int64_t count)
{
  for (int64_t layer = 0; layer < cache->layers; layer++) {
    for (int64_t i = 0; i < count && cache->keys[layer]; i++)
      if (rows[i] < 0 || rows[i] >= cache->keys[layer]->dims[0])
        return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "row %lld of a cache of %lld", (long long)rows[i],
                       (long long)cache->keys[layer]->dims[0]);
    VT_TRY(take(ctx, cache, &cache->keys[layer], rows, count));
    VT_TRY(take(ctx, cache, &cache->values[layer], rows, count));
  }
  return VT_OK;
}
