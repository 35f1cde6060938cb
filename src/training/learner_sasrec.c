/* SPDX-License-Identifier: Apache-2.0
 *
 * A sequential recommender that learns the next item of a history, at every place, by cross-entropy over
 * all items. Measures: NDCG@10 and hit rate @10 of the item that came, ranked among all items that the user
 * has not taken; the same NDCG of ranking by popularity (how often an item is in the training histories or
 * is what came after them), and the ratio.
 */
#include <math.h>

#include "nn/loss.h"
#include "nn/sasrec.h"
#include "ops/layout.h"
#include "training/fit.h"
#include "training/learners.h"
#include "training/ranking.h"
#include "worlds/sequences.h"

enum { CUT = 10 };

typedef struct sasrec_settings {
  int64_t width, layers, heads, hidden;
  double dropout;
} sasrec_settings;

static const vt_field fields[] = {
    {"width", VT_FIELD_INT, offsetof(sasrec_settings, width), "64", VT_RANGE(1, 4096),
     .help = "numbers an item is"},
    {"layers", VT_FIELD_INT, offsetof(sasrec_settings, layers), "2", VT_RANGE(1, 64), .help = "blocks"},
    {"heads", VT_FIELD_INT, offsetof(sasrec_settings, heads), "2", VT_RANGE(1, 64),
     .help = "attention heads"},
    {"hidden", VT_FIELD_INT, offsetof(sasrec_settings, hidden), "0", VT_RANGE(0, 65536),
     .help = "neurons of each MLP; 0: four times the width"},
    {"dropout", VT_FIELD_REAL, offsetof(sasrec_settings, dropout), "0.2", VT_RANGE(0, .9),
     .help = "of what each block adds"},
};

typedef struct sasrec_state {
  vt_sasrec_settings net;
  float *popularity; /* [items + 1] */
} sasrec_state;

static const char *const loss_fields[] = {"items", "targets", NULL};
static const char *const measure_fields[] = {"items", "target", "history", NULL};

static void sasrec_loss(vt_scope s, const vt_batch *batch, const void *user, vt_losses *losses)
{
  const sasrec_state *state = user;
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *items = vt_batch_get(ctx, batch, "items"), *targets = vt_batch_get(ctx, batch, "targets");
  vt_sasrec_outputs out;
  if (!items || !targets) return;
  vt_sasrec(s, &state->net, items, &out);
  vt_tensor *scores = vt_affine(ctx, out.hidden, out.table, NULL);
  vt_losses_add(losses, "entropy", vt_cross_entropy(ctx, scores, targets, -1, (vt_entropy_settings){0}), 1);
}

/* ---- measures ---- */

typedef struct tally {
  const sasrec_state *state;
  double gain, popular_gain;
  int64_t hits, users;
} tally;

static vt_status count_batch(vt_run *run, const vt_batch *batch, void *user)
{
  tally *t = user;
  vt_ctx *ctx = run->ctx;
  int64_t items = t->state->net.items;
  vt_tensor *ids = vt_batch_get(ctx, batch, "items"), *target = vt_batch_get(ctx, batch, "target"),
            *history = vt_batch_get(ctx, batch, "history");
  vt_sasrec_outputs out;
  if (!ids || !target || !history) return vt_ctx_status(ctx);
  vt_sasrec(vt_root(run), &t->state->net, ids, &out);
  vt_tensor *scores = vt_row_major(ctx, out.logits);
  VT_TRY(vt_ctx_status(ctx));
  int64_t length = vt_dim(history, 1);
  for (int64_t i = 0; i < batch->count; i++) {
    const int64_t *seen = (const int64_t *)history->data + i * length;
    int64_t wanted = vt_get_i64(target, i);
    int rank = vt_unseen_rank((const float *)scores->data + i * (items + 1), items, wanted, seen, length);
    t->gain += vt_gain_at(rank, CUT);
    t->hits += rank < CUT;
    t->popular_gain += vt_gain_at(vt_unseen_rank(t->state->popularity, items, wanted, seen, length), CUT);
    t->users++;
  }
  return VT_OK;
}

static vt_status sasrec_measure(vt_run *run, const vt_dataset *set, int64_t batch, const void *user,
                                vt_measures *out)
{
  tally t = {.state = user};
  VT_TRY(vt_each_batch(run, set, batch, measure_fields, count_batch, &t));
  double users = (double)t.users;
  vt_measures_add(out, "ndcg@10", t.gain / users, false);
  vt_measures_add(out, "hit@10", (double)t.hits / users, false);
  vt_measures_add(out, "popularity ndcg@10", t.popular_gain / users, false);
  vt_measures_add(out, "ratio to popularity", t.popular_gain > 0 ? t.gain / t.popular_gain : NAN, false);
  return VT_OK;
}

/* ---- the row ---- */

static vt_status count_popularity(vt_ctx *ctx, const vt_dataset *set, const vt_dataset_field *history,
                                  sasrec_state *state)
{
  int64_t seen[VT_SEQUENCE_LONGEST + 1], length = history->dims[0]; /* the last is the target */
  void *out[VT_DATASET_FIELDS] = {NULL};
  if (length > VT_SEQUENCE_LONGEST)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: histories of %lld items; at most %d", set->name,
                   (long long)length, VT_SEQUENCE_LONGEST);
  out[vt_dataset_find(set, "history")] = seen;
  out[vt_dataset_find(set, "target")] = seen + length;
  state->popularity = vt_alloc_zero(ctx, (size_t)state->net.items + 1, sizeof *state->popularity);
  if (!state->popularity) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t user = 0; user < set->count; user++) {
    VT_TRY(vt_check_cancel(ctx));
    VT_TRY(set->fill(ctx, set, user, 0, out));
    for (int64_t i = 0; i <= length; i++)
      if (seen[i] > 0 && seen[i] <= state->net.items) state->popularity[seen[i]]++;
  }
  return VT_OK;
}

static vt_status open_sasrec(vt_ctx *ctx, vt_learner *learner)
{
  const sasrec_settings *settings = learner->settings;
  const vt_dataset_field *items, *other, *history;
  VT_TRY(vt_learner_field(ctx, learner, "items", VT_I64, 1, &items));
  VT_TRY(vt_learner_field(ctx, learner, "targets", VT_I64, 1, &other));
  VT_TRY(vt_learner_field(ctx, learner, "target", VT_I64, 0, &other));
  VT_TRY(vt_learner_field(ctx, learner, "history", VT_I64, 1, &history));
  if (!learner->world || learner->world->preset != vt_preset_find("sequences"))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: a recommender learns from world sequences",
                   learner->set->name);
  VT_TRY(vt_fit_heads(ctx, settings->heads, settings->width));
  sasrec_state *state = vt_alloc_zero(ctx, 1, sizeof *state);
  if (!state) return VT_ERROR_OUT_OF_MEMORY;
  learner->state = state;
  state->net = (vt_sasrec_settings){
      .items = vt_sequence_item_count(learner->world),
      .width = settings->width,
      .layers = settings->layers,
      .limit = items->dims[0],
      .block = {.heads = settings->heads, .hidden = settings->hidden, .dropout = settings->dropout}};
  learner->task = (vt_learning_task){.id = "next-item",
                                     .fields = loss_fields,
                                     .loss = sasrec_loss,
                                     .measure = sasrec_measure,
                                     .user = state};
  return count_popularity(ctx, learner->set, history, state);
}

static void close_sasrec(vt_learner *learner)
{
  sasrec_state *state = learner->state;
  if (state) vt_free(state->popularity);
  vt_free(state);
}

static void forward_sasrec(vt_scope s, const vt_learner *learner, vt_tensor *const *inputs,
                           vt_tensor **outputs)
{
  const sasrec_state *state = learner->state;
  vt_sasrec_outputs out;
  vt_sasrec(s, &state->net, inputs[0], &out);
  outputs[0] = out.logits;
  outputs[1] = out.user;
}

const vt_learner_kind vt_learner_sasrec = {
    .id = "sasrec",
    .title = "a recommender that learns the next item of a history",
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .settings_size = sizeof(sasrec_settings),
    .open = open_sasrec,
    .close = close_sasrec,
    .inputs = {{"items", {NULL}}},
    .outputs = {"logits", "user"},
    .forward = forward_sasrec,
};
