/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention rollout: where the mixing of all blocks, one after the other, takes its tokens from. Abnar,
 * Zuidema: "Quantifying Attention Flow in Transformers", ACL 2020, arXiv 2005.00928.
 *
 *   Â = ½A + ½I, rows normalised     A: heads fused     shown: row of Â_L ··· Â_2 Â_1
 */
#include "attribution/attention.h"
#include "attribution/methods.h"

enum { FUSE_MEAN, FUSE_MAX, FUSE_MIN };

typedef struct rollout_settings {
  int head_fusion;
  double discard_ratio;
  int row;
} rollout_settings;

static const vt_field fields[] = {
    {"head_fusion", VT_FIELD_CHOICE, offsetof(rollout_settings, head_fusion), "mean",
     .choices = "mean|max|min", .help = "how the heads of a block become one pattern"},
    {"discard_ratio", VT_FIELD_REAL, offsetof(rollout_settings, discard_ratio), "0", VT_RANGE(0, 0.999),
     .help = "share of the smallest entries of each fused pattern that are set to zero"},
    VT_ATTENTION_ROW_FIELD(rollout_settings, row),
};

typedef struct rollout {
  const vt_attention *attention;
  const rollout_settings *settings;
  vt_explanation *explanation;
  double *row, *next;   /* [tokens] */
  double *fused;        /* [tokens, tokens] */
  struct entry *sorted; /* [tokens, tokens], NULL: nothing is discarded */
} rollout;

typedef struct entry {
  double value;
  int index;
} entry;

static int by_value(const void *a, const void *b)
{
  const entry *x = a, *y = b;
  if (x->value != y->value) return x->value < y->value ? -1 : 1;
  return x->index - y->index;
}

/* The first entry, which is the class token's of itself, stays. */
static void discard(const rollout *r)
{
  int tokens = r->attention->tokens, count = tokens * tokens;
  for (int i = 0; i < count; i++)
    r->sorted[i] = (entry){r->fused[i], i};
  qsort(r->sorted, (size_t)count, sizeof *r->sorted, by_value);
  int lost = (int)(count * r->settings->discard_ratio);
  for (int i = 0; i < lost; i++)
    if (r->sorted[i].index != 0) r->fused[r->sorted[i].index] = 0;
}

static void fuse(const rollout *r, const vt_heads *pattern)
{
  int tokens = r->attention->tokens, fusion = r->settings->head_fusion;
  for (int i = 0; i < tokens; i++)
    for (int j = 0; j < tokens; j++) {
      double found = vt_heads_at(pattern, 0, i, j);
      for (int h = 1; h < pattern->heads; h++) {
        double value = vt_heads_at(pattern, h, i, j);
        if (fusion == FUSE_MEAN) found += value;
        if ((fusion == FUSE_MAX && value > found) || (fusion == FUSE_MIN && value < found)) found = value;
      }
      r->fused[i * tokens + j] = fusion == FUSE_MEAN ? found / pattern->heads : found;
    }
}

/* row ← row · Â */
static void step(rollout *r)
{
  int tokens = r->attention->tokens;
  memset(r->next, 0, (size_t)tokens * sizeof *r->next);
  for (int i = 0; i < tokens; i++) {
    double sum = 0.5;
    for (int j = 0; j < tokens; j++)
      sum += r->fused[i * tokens + j] / 2;
    for (int j = 0; j < tokens; j++)
      r->next[j] += r->row[i] * (r->fused[i * tokens + j] / 2 + (i == j ? 0.5 : 0)) / sum;
  }
  double *spare = r->row;
  r->row = r->next;
  r->next = spare;
}

/* From the last block to the first, so that one row is carried and not a matrix. */
static vt_status see(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  rollout *r = user;
  const vt_attention *a = r->attention;
  for (int i = a->count - 1; i >= 0; i--) {
    vt_heads pattern;
    VT_TRY(vt_heads_read(ctx, a, a->blocks[i].pattern, sight->values[i], a->tokens, a->tokens, &pattern));
    if (i == a->count - 1)
      VT_TRY(
          vt_attention_rows(ctx, a, r->settings->row, vt_attention_causal(&pattern), r->explanation, r->row));
    fuse(r, &pattern);
    if (r->sorted) discard(r);
    step(r);
  }
  return VT_OK;
}

static vt_status roll(vt_ctx *ctx, rollout *r)
{
  const vt_attention *a = r->attention;
  size_t tokens = (size_t)a->tokens;
  r->row = vt_alloc_zero(ctx, tokens, sizeof *r->row);
  r->next = vt_alloc_zero(ctx, tokens, sizeof *r->next);
  r->fused = vt_alloc_zero(ctx, tokens, tokens * sizeof *r->fused);
  if (!r->row || !r->next || !r->fused) return VT_ERROR_OUT_OF_MEMORY;
  if (r->settings->discard_ratio > 0) {
    r->sorted = vt_alloc_zero(ctx, tokens, tokens * sizeof *r->sorted);
    if (!r->sorted) return VT_ERROR_OUT_OF_MEMORY;
  }
  VT_TRY(vt_attention_look_patterns(ctx, a, r->explanation, false, see, r));
  return vt_attention_map(ctx, a, r->explanation, r->row, false);
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  vt_attention attention;
  VT_TRY(vt_attention_open(ctx, task, &attention));
  rollout r = {.attention = &attention, .settings = settings, .explanation = explanation};
  vt_status status = roll(ctx, &r);
  vt_free(r.row);
  vt_free(r.next);
  vt_free(r.fused);
  vt_free(r.sorted);
  vt_attention_close(&attention);
  return status;
}

const vt_method vt_method_attention_rollout = {
    .id = "attention-rollout",
    .aliases = "rollout|AttentionRollout",
    .title = "Attention rollout",
    .summary =
        "Multiplies the attention patterns of all blocks, each mixed half and half with the token itself, to "
        "see which tokens the answer was gathered from. Needs no gradient and knows no target: the map is "
        "the "
        "same for every class, and what values and feed-forward parts do to the tokens is left out.",
    .citation = "Abnar, S., Zuidema, W. (2020). Quantifying Attention Flow in Transformers. ACL. "
                "arXiv:2005.00928.",
    .cost = "1 forward",
    .place = "model · attention",
    .needs = VT_NEEDS_HOOKS | VT_NEEDS_ATTENTION,
    .settings_size = sizeof(rollout_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .check = vt_attention_check,
    .run = run,
    .calls = vt_attention_one_call,
};
