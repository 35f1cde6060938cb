/* SPDX-License-Identifier: Apache-2.0
 *
 * Rollout weighed by gradients. Chefer, Gur, Wolf: "Generic Attention-model Explainability for Interpreting
 * Bi-Modal and Encoder-Decoder Transformers", ICCV 2021, arXiv 2103.15679, the rule for self-attention.
 *
 *   Ā = mean over heads of max(∇A ⊙ A, 0)     R ← R + Ā·R, from R = I     shown: row of R − I
 */
#include "attribution/attention.h"
#include "attribution/methods.h"

typedef struct chefer_settings {
  int row;
} chefer_settings;

static const vt_field fields[] = {VT_ATTENTION_ROW_FIELD(chefer_settings, row)};

typedef struct chefer {
  const vt_attention *attention;
  const chefer_settings *settings;
  vt_explanation *explanation;
  double *weights;    /* [tokens] of the rows shown */
  double *row, *more; /* [tokens] */
} chefer;

/* row ← row + row · Ā */
static void step(chefer *c, const vt_heads *pattern, const vt_heads *gradient)
{
  int tokens = c->attention->tokens;
  memset(c->more, 0, (size_t)tokens * sizeof *c->more);
  for (int i = 0; i < tokens; i++) {
    if (c->row[i] == 0) continue;
    for (int j = 0; j < tokens; j++) {
      double sum = 0;
      for (int h = 0; h < pattern->heads; h++) {
        double product = vt_heads_at(pattern, h, i, j) * vt_heads_at(gradient, h, i, j);
        sum += product < 0 ? 0 : product;
      }
      c->more[j] += c->row[i] * sum / pattern->heads;
    }
  }
  for (int j = 0; j < tokens; j++)
    c->row[j] += c->more[j];
}

/* R is (I + Ā_L) ··· (I + Ā_1): a row of it is carried from the last block to the first. */
static vt_status see(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  chefer *c = user;
  const vt_attention *a = c->attention;
  for (int i = a->count - 1; i >= 0; i--) {
    vt_heads pattern, gradient;
    int value = a->blocks[i].pattern;
    VT_TRY(vt_heads_read(ctx, a, value, sight->values[i], a->tokens, a->tokens, &pattern));
    VT_TRY(vt_heads_read(ctx, a, value, sight->gradients[i], a->tokens, a->tokens, &gradient));
    if (i == a->count - 1) {
      VT_TRY(vt_attention_rows(ctx, a, c->settings->row, vt_attention_causal(&pattern), c->explanation,
                               c->weights));
      memcpy(c->row, c->weights, (size_t)a->tokens * sizeof *c->row);
    }
    step(c, &pattern, &gradient);
  }
  for (int t = 0; t < a->tokens; t++)
    c->row[t] -= c->weights[t];
  return VT_OK;
}

static vt_status roll(vt_ctx *ctx, chefer *c)
{
  const vt_attention *a = c->attention;
  c->weights = vt_alloc_zero(ctx, (size_t)a->tokens, sizeof *c->weights);
  c->row = vt_alloc_zero(ctx, (size_t)a->tokens, sizeof *c->row);
  c->more = vt_alloc_zero(ctx, (size_t)a->tokens, sizeof *c->more);
  if (!c->weights || !c->row || !c->more) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_attention_look_patterns(ctx, a, c->explanation, true, see, c));
  return vt_attention_map(ctx, a, c->explanation, c->row, false);
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  vt_attention attention;
  VT_TRY(vt_attention_open(ctx, task, &attention));
  chefer c = {.attention = &attention, .settings = settings, .explanation = explanation};
  vt_status status = roll(ctx, &c);
  vt_free(c.weights);
  vt_free(c.row);
  vt_free(c.more);
  vt_attention_close(&attention);
  return status;
}

const vt_method vt_method_gradient_rollout = {
    .id = "gradient-rollout",
    .aliases = "chefer|transformer-explainability|gradient-weighted-attention-rollout|generic-attention",
    .title = "Gradient-weighted attention rollout (Chefer)",
    .summary =
        "Attention rollout in which each pattern counts as far as raising it would raise the target: "
        "positive "
        "parts of gradient times attention, gathered over all blocks. Depends on the class explained; shows "
        "support only, never what speaks against it.",
    .citation = "Chefer, H., Gur, S., Wolf, L. (2021). Generic Attention-model Explainability for "
                "Interpreting Bi-Modal and Encoder-Decoder Transformers. ICCV. arXiv:2103.15679.",
    .cost = "1 gradient",
    .place = "model · attention",
    .needs = VT_NEEDS_GRADIENTS | VT_NEEDS_ATTENTION,
    .settings_size = sizeof(chefer_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .check = vt_attention_check,
    .run = run,
    .calls = vt_attention_one_call,
};
