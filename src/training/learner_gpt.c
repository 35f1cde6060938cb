/* SPDX-License-Identifier: Apache-2.0
 *
 * A causal language model that learns the next token. Measures: perplexity over all tokens; where the world
 * asks something (fields "answer_position", "correct", "distractor"): how often the right answer has the
 * highest score of the whole vocabulary, and how often it is above the distractor.
 */
#include <math.h>

#include "nn/gpt.h"
#include "nn/loss.h"
#include "ops/layout.h"
#include "training/fit.h"
#include "training/learners.h"
#include "worlds/corpus.h"

typedef struct gpt_settings {
  int64_t width, layers, heads, hidden, window;
  bool rotary;
  double embed_std, dropout;
} gpt_settings;

static const vt_field fields[] = {
    {"width", VT_FIELD_INT, offsetof(gpt_settings, width), "128", VT_RANGE(1, 8192),
     .help = "numbers a token is"},
    {"layers", VT_FIELD_INT, offsetof(gpt_settings, layers), "4", VT_RANGE(1, 64), .help = "blocks"},
    {"heads", VT_FIELD_INT, offsetof(gpt_settings, heads), "4", VT_RANGE(1, 64), .help = "attention heads"},
    {"hidden", VT_FIELD_INT, offsetof(gpt_settings, hidden), "0", VT_RANGE(0, 65536),
     .help = "neurons of each MLP; 0: four times the width"},
    {"window", VT_FIELD_INT, offsetof(gpt_settings, window), "0", VT_RANGE(0, 65536),
     .help = "tokens that a token looks back on, itself among them; 0: all"},
    {"rotary", VT_FIELD_BOOL, offsetof(gpt_settings, rotary), "false",
     .help = "rotary positions instead of learned ones"},
    {"embed_std", VT_FIELD_REAL, offsetof(gpt_settings, embed_std), "0.1", VT_RANGE(0, 10),
     .help = "deviation of the embeddings at the beginning; with small ones names are copied late"},
    {"dropout", VT_FIELD_REAL, offsetof(gpt_settings, dropout), "0", VT_RANGE(0, .9),
     .help = "of what each block adds"},
};

typedef struct gpt_state {
  vt_gpt_settings net;
  const char *fields[8];
} gpt_state;

static vt_tensor *logits_of(vt_scope s, const gpt_state *state, vt_tensor *ids)
{
  return vt_gpt(s, &state->net, &(vt_gpt_inputs){.ids = ids});
}

static void gpt_loss(vt_scope s, const vt_batch *batch, const void *user, vt_losses *losses)
{
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *tokens = vt_batch_get(ctx, batch, "tokens"), *targets = vt_batch_get(ctx, batch, "targets");
  if (!tokens || !targets) return;
  vt_tensor *scores = logits_of(s, user, tokens);
  vt_losses_add(losses, "entropy", vt_cross_entropy(ctx, scores, targets, -1, (vt_entropy_settings){0}), 1);
}

/* ---- measures ---- */

typedef struct tally {
  const gpt_state *state;
  double entropy;
  int64_t tokens, asked, right, above;
} tally;

/* log Σ exp */
static double log_sum(const float *scores, int64_t count)
{
  double high = (double)scores[0], sum = 0;
  for (int64_t i = 1; i < count; i++)
    high = fmax(high, (double)scores[i]);
  for (int64_t i = 0; i < count; i++)
    sum += exp((double)scores[i] - high);
  return high + log(sum);
}

static void count_answer(tally *t, const float *scores, int64_t count, int64_t correct, int64_t distractor)
{
  bool best = true;
  for (int64_t i = 0; i < count; i++)
    if (i != correct && scores[i] >= scores[correct]) best = false;
  t->asked++;
  t->right += best;
  t->above += scores[correct] > scores[distractor];
}

static vt_status count_batch(vt_run *run, const vt_batch *batch, void *user)
{
  tally *t = user;
  vt_ctx *ctx = run->ctx;
  vt_tensor *tokens = vt_batch_get(ctx, batch, "tokens"), *targets = vt_batch_get(ctx, batch, "targets");
  if (!tokens || !targets) return vt_ctx_status(ctx);
  vt_tensor *scores = vt_row_major(ctx, logits_of(vt_root(run), t->state, tokens));
  VT_TRY(vt_ctx_status(ctx));
  int64_t length = vt_dim(tokens, 1), words = t->state->net.vocabulary;
  const float *rows = scores->data;
  for (int64_t i = 0; i < vt_count(targets); i++) {
    int64_t target = vt_get_i64(targets, i);
    if (target < 0) continue;
    t->entropy += log_sum(rows + i * words, words) - (double)rows[i * words + target];
    t->tokens++;
  }
  if (vt_dataset_find(batch->set, "answer_position") < 0) return VT_OK;
  vt_tensor *position = vt_batch_get(ctx, batch, "answer_position"),
            *correct = vt_batch_get(ctx, batch, "correct"),
            *distractor = vt_batch_get(ctx, batch, "distractor");
  if (!position || !correct || !distractor) return vt_ctx_status(ctx);
  for (int64_t i = 0; i < batch->count; i++) {
    int64_t at = vt_get_i64(position, i);
    if (at < 0 || at >= length) continue; /* nothing is asked, or it was cut off */
    count_answer(t, rows + (i * length + at) * words, words, vt_get_i64(correct, i),
                 vt_get_i64(distractor, i));
  }
  return VT_OK;
}

static vt_status gpt_measure(vt_run *run, const vt_dataset *set, int64_t batch, const void *user,
                             vt_measures *out)
{
  tally t = {.state = user};
  VT_TRY(vt_each_batch(run, set, batch, t.state->fields, count_batch, &t));
  if (t.asked) {
    vt_measures_add(out, "accuracy", (double)t.right / (double)t.asked, false);
    vt_measures_add(out, "above distractor", (double)t.above / (double)t.asked, false);
  }
  vt_measures_add(out, "perplexity", t.tokens ? exp(t.entropy / (double)t.tokens) : NAN, true);
  return VT_OK;
}

/* ---- the row ---- */

static vt_status open_gpt(vt_ctx *ctx, vt_learner *learner)
{
  const gpt_settings *settings = learner->settings;
  const vt_dataset_field *tokens, *targets;
  VT_TRY(vt_learner_field(ctx, learner, "tokens", VT_I64, 1, &tokens));
  VT_TRY(vt_learner_field(ctx, learner, "targets", VT_I64, 1, &targets));
  const vt_corpus *corpus = learner->world ? vt_world_corpus(learner->world) : NULL;
  if (!corpus)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s has no vocabulary; a language model learns from a corpus", learner->set->name);
  VT_TRY(vt_fit_heads(ctx, settings->heads, settings->width));
  gpt_state *state = vt_alloc_zero(ctx, 1, sizeof *state);
  if (!state) return VT_ERROR_OUT_OF_MEMORY;
  learner->state = state;
  state->net = (vt_gpt_settings){
      .vocabulary = corpus->word_count,
      .width = settings->width,
      .layers = settings->layers,
      .limit = tokens->dims[0],
      .rotary = settings->rotary,
      .window = settings->window,
      .init_std = settings->embed_std,
      .block = {.heads = settings->heads, .hidden = settings->hidden, .dropout = settings->dropout}};
  static const char *const wanted[] = {"tokens", "targets", "answer_position", "correct", "distractor"};
  int count = 0;
  for (size_t i = 0; i < VT_COUNT(wanted); i++)
    if (vt_dataset_find(learner->set, wanted[i]) >= 0) state->fields[count++] = wanted[i];
  learner->task = (vt_learning_task){
      .id = "next-token", .fields = state->fields, .loss = gpt_loss, .measure = gpt_measure, .user = state};
  return VT_OK;
}

static void close_gpt(vt_learner *learner)
{
  vt_free(learner->state);
}

static void forward_gpt(vt_scope s, const vt_learner *learner, vt_tensor *const *inputs, vt_tensor **outputs)
{
  outputs[0] = logits_of(s, learner->state, inputs[0]);
}

const vt_learner_kind vt_learner_gpt = {
    .id = "gpt",
    .title = "a causal language model that learns the next token",
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .settings_size = sizeof(gpt_settings),
    .open = open_gpt,
    .close = close_gpt,
    .inputs = {{"tokens", {"length"}}},
    .outputs = {"logits"},
    .forward = forward_gpt,
};
