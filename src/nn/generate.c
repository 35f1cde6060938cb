/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/generate.h"

#include "base/context.h"

vt_tensor *vt_gpt_step(vt_scope s, const void *gpt_settings, vt_tensor *ids, vt_cache *cache)
{
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *hidden = vt_gpt_hidden(s, gpt_settings, &(vt_gpt_inputs){.ids = ids, .cache = cache});
  int64_t count = vt_dim(hidden, 1);
  return vt_gpt_logits(s, gpt_settings, vt_squeeze(ctx, vt_slice(ctx, hidden, 1, count - 1, count), 1));
}

void vt_generated_free(vt_generated *generated)
{
  vt_free(generated->ids);
  vt_free(generated->lengths);
  vt_free(generated->log_p);
  *generated = (vt_generated){0};
}

static vt_status check_request(vt_scope s, const vt_tensor *prompt, const vt_generate_settings *settings)
{
  vt_ctx *ctx = s.run->ctx;
  char shape[160];
  VT_TRY(vt_ctx_status(ctx));
  if (s.run->training || s.run->record || ctx->tape)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "text is generated outside of training, recording and tapes");
  if (prompt->type != VT_I64 || prompt->rank != 2 || prompt->dims[0] < 1 || prompt->dims[1] < 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a prompt is i64 [batch, tokens], not %s",
                   vt_shape_text(prompt, shape));
  if (settings->new_tokens < 1 || settings->layers < 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%lld new tokens from a model of %lld layers",
                   (long long)settings->new_tokens, (long long)settings->layers);
  if (settings->limit > 0 && prompt->dims[1] + settings->new_tokens > settings->limit)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "a prompt of %lld tokens and %lld new ones, and the model takes %lld together",
                   (long long)prompt->dims[1], (long long)settings->new_tokens, (long long)settings->limit);
  if (settings->sample && settings->beams > 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "beam search does not sample");
  return VT_OK;
}

static vt_status make_room(vt_ctx *ctx, int64_t batch, const vt_generate_settings *settings,
                           vt_generated *out)
{
  size_t cells;
  *out = (vt_generated){.batch = batch, .length = settings->new_tokens};
  if (!vt_size_mul((size_t)batch, (size_t)settings->new_tokens, &cells))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "too many new tokens");
  out->ids = vt_alloc_zero(ctx, cells, sizeof *out->ids);
  out->lengths = vt_alloc_zero(ctx, (size_t)batch, sizeof *out->lengths);
  out->log_p = vt_alloc_zero(ctx, (size_t)batch, sizeof *out->log_p);
  if (!out->ids || !out->lengths || !out->log_p) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < cells; i++)
    out->ids[i] = settings->pad;
  return VT_OK;
}

/* ---- one token for every row ---- */

typedef struct decoding {
  vt_scope s;
  vt_step_logits_fn step;
  const void *model;
  const vt_generate_settings *settings;
  const vt_tensor *prompt;
  vt_cache *cache; /* NULL: none */
  vt_generated *out;
} decoding;

/* What the model has not read: the prompt, then the last token; without a cache all of it. */
static vt_tensor *unread(const decoding *d, int64_t made)
{
  vt_ctx *ctx = d->s.run->ctx;
  int64_t batch = d->out->batch, given = d->prompt->dims[1], room = d->out->length;
  int64_t first = d->cache && made ? given + made - 1 : 0, count = given + made - first;
  vt_tensor *ids = vt_tensor_new(ctx, VT_I64, 2, (int64_t[]){batch, count});
  if (!ids) return vt_void();
  for (int64_t b = 0; b < batch; b++)
    for (int64_t i = 0; i < count; i++) {
      int64_t at = first + i;
      ((int64_t *)ids->data)[b * count + i] = at < given ? ((const int64_t *)d->prompt->data)[b * given + at]
                                                         : d->out->ids[b * room + at - given];
    }
  return ids;
}

static bool ended(const decoding *d, int64_t row)
{
  const vt_generated *out = d->out;
  int64_t length = out->lengths[row];
  return length > 0 && d->settings->eos >= 0 && out->ids[row * out->length + length - 1] == d->settings->eos;
}

static vt_status choose_all(const decoding *d, const vt_tensor *logits, int64_t made, int64_t *open)
{
  vt_ctx *ctx = d->s.run->ctx;
  vt_generated *out = d->out;
  int64_t words = vt_dim(logits, 1);
  char shape[160];
  VT_TRY(vt_ctx_status(ctx));
  if (logits->type != VT_F32 || logits->rank != 2 || logits->dims[0] != out->batch || words < 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "logits of a step are f32 [%lld, vocabulary], not %s",
                   (long long)out->batch, vt_shape_text(logits, shape));
  VT_TRY(vt_check_finite(ctx, logits, "logits"));
  for (int64_t b = 0; b < out->batch; b++) {
    if (ended(d, b)) continue;
    const float *row = (const float *)logits->data + b * words;
    vt_status status;
    double uniform = vt_random_uniform(d->settings->seed, vt_stream("generate", (uint64_t)b), (uint64_t)made);
    int64_t id = vt_choose(ctx, row, words, d->settings, uniform, &status);
    VT_TRY(status);
    out->ids[b * out->length + made] = id;
    out->lengths[b] = made + 1;
    out->log_p[b] += row[id] - vt_log_total(row, words);
    *open += !ended(d, b);
  }
  return VT_OK;
}

static vt_status decode(const decoding *d)
{
  vt_ctx *ctx = d->s.run->ctx;
  int64_t open = d->out->batch;
  for (int64_t made = 0; made < d->settings->new_tokens && open > 0; made++) {
    VT_TRY(vt_check_cancel(ctx));
    size_t mark = vt_tensor_mark(ctx);
    vt_tensor *ids = unread(d, made);
    open = 0;
    vt_status status = choose_all(d, d->step(d->s, d->model, ids, d->cache), made, &open);
    vt_tensor_release(ctx, mark);
    VT_TRY(status);
  }
  return VT_OK;
}

/* ---- all of it ---- */

static vt_status decode_beams(vt_scope s, vt_step_logits_fn step, const void *model, const vt_tensor *prompt,
                              const vt_generate_settings *settings, vt_generated *out)
{
  vt_ctx *ctx = s.run->ctx;
  int64_t tokens = prompt->dims[1];
  for (int64_t b = 0; b < out->batch; b++) {
    vt_tensor *row = vt_tensor_new(ctx, VT_I64, 2, (int64_t[]){1, tokens});
    if (!row) return vt_ctx_status(ctx);
    memcpy(row->data, (const int64_t *)prompt->data + b * tokens, vt_bytes(row));
    VT_TRY(vt_beam_search(s, step, model, row, settings, out->ids + b * out->length, &out->lengths[b],
                          &out->log_p[b]));
  }
  return VT_OK;
}

/* Cuts the rows to the longest text. */
static void cut(vt_generated *out)
{
  int64_t most = 0;
  for (int64_t b = 0; b < out->batch; b++)
    most = out->lengths[b] > most ? out->lengths[b] : most;
  for (int64_t b = 0; b < out->batch; b++)
    memmove(out->ids + b * most, out->ids + b * out->length, (size_t)most * sizeof *out->ids);
  out->length = most;
}

vt_status vt_generate(vt_scope s, vt_step_logits_fn step, const void *model, vt_tensor *prompt,
                      const vt_generate_settings *settings, vt_generated *out)
{
  vt_ctx *ctx = s.run->ctx;
  *out = (vt_generated){0};
  VT_TRY(check_request(s, prompt, settings));
  vt_run_begin(s.run);
  decoding d = {s, step, model, settings, prompt, NULL, out};
  vt_status status = make_room(ctx, prompt->dims[0], settings, out);
  if (status == VT_OK && settings->beams <= 1 && !settings->no_cache)
    status = vt_cache_new(ctx, settings->layers, prompt->dims[1] + settings->new_tokens, &d.cache);
  if (status == VT_OK)
    status = settings->beams > 1 ? decode_beams(s, step, model, prompt, settings, out) : decode(&d);
  vt_cache_free(d.cache);
  if (status == VT_OK)
    cut(out);
  else
    vt_generated_free(out);
  return status;
}
