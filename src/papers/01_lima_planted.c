/* SPDX-License-Identifier: Apache-2.0
 *
 * 01 LiMA: are its orders more faithful than a black-box baseline's, as good as plain greedy search's, and
 * cheaper? A subject is a group with a function that makes its items, so that photographs and trained
 * classifiers are further rows of `subjects`.
 */
#include <math.h>

#include "attribution/attribute.h"
#include "papers/experiments.h"
#include "papers/planted_boxes.h"

typedef struct lima_sizes {
  int64_t items, side, masks;
} lima_sizes;

static const vt_field fields[] = {
    {"items", VT_FIELD_INT, offsetof(lima_sizes, items), "40", VT_RANGE(1, 100000),
     .help = "models planted of each kind and seed"},
    {"side", VT_FIELD_INT, offsetof(lima_sizes, side), "7", VT_RANGE(4, 12),
     .help = "cells along a side of the picture; 7: 49 regions"},
    {"masks", VT_FIELD_INT, offsetof(lima_sizes, masks), "1650", VT_RANGE(10, 1000000),
     .help = "masks of RISE; LiMA makes 1610 calls on 49 regions"},
};

static const vt_arm arms[] = {
    {"lima", "LiMA, bidirectional"},
    {"greedy", "plain greedy search"},
    {"rise", "RISE"},
    {"random", "random order"},
};

static const vt_yardstick yardsticks[] = {
    {"insertion", "Insertion", "", true, 0, 1},
    {"deletion", "Deletion", "", false, 0, 1},
    {"found", "object cells found", "", true, 0, 1},
    {"optimum", "share of the best curve", "", true, 0, 1 + 1e-6}, /* outputs are f32 */
    {"calls", "model calls", "calls", false, 1, 1e12},
};

static const vt_item_group groups[] = {
    {"coverage", "Planted coverage: cells cover elements together, submodular", false},
    {"object", "Planted object: six parts that count more together, six distractors", false},
    {"game", "Planted games of 12 cells, every subset known", false},
    {"blind", "A model that ignores its input", true},
};
static const vt_box_kind subjects[] = {VT_BOX_COVERAGE, VT_BOX_OBJECT, VT_BOX_GAME, VT_BOX_BLIND};

static const vt_claim claims[] = {
    {"insertion-over-baseline",
     "Insertion is higher than that of an attribution baseline with no smaller budget",
     "abstract: +36.3 % on average", "insertion", "lima", "rise", NULL, VT_COMPARE_RELATIVE, 0, .363},
    {"deletion-over-baseline",
     "Deletion is lower than that of an attribution baseline with no smaller budget",
     "abstract: 39.6 % better on average", "deletion", "lima", "rise", NULL, VT_COMPARE_RELATIVE, 0, .396},
    {"fewer-calls", "the search from both ends needs fewer model calls than plain greedy search",
     "abstract: 1.6 times faster", "calls", "lima", "greedy", "coverage", VT_COMPARE_RATIO, 1, 1.6},
    {"insertion-like-greedy", "its Insertion is not below that of plain greedy search by more than 0.02",
     "search from both ends; the bound is ours", "insertion", "lima", "greedy", NULL, VT_COMPARE_DIFFERENCE,
     -.02, -.02},
    {"deletion-like-greedy", "its Deletion is not above that of plain greedy search by more than 0.01",
     "search from both ends; the bound is ours", "deletion", "lima", "greedy", NULL, VT_COMPARE_DIFFERENCE,
     -.01, -.01},
};

static const vt_control controls[] = {
    {"blind-insertion", "on a model that ignores its input no order has a better Insertion", "insertion",
     "lima", "random", "blind", VT_COMPARE_DIFFERENCE, -1e-6, 1e-6, true},
    {"blind-deletion", "nor a better Deletion", "deletion", "lima", "random", "blind", VT_COMPARE_DIFFERENCE,
     -1e-6, 1e-6, true},
    {"beats-random",
     "plain greedy search beats a random order in Insertion: the models can tell orders apart", "insertion",
     "greedy", "random", NULL, VT_COMPARE_DIFFERENCE, .05, INFINITY, false},
    {"finds-the-object", "the object's cells are LiMA's first ones", "found", "lima", NULL, "object",
     VT_COMPARE_LEVEL, .8, INFINITY, false},
    {"random-misses-it", "a random order finds them no more often than chance allows", "found", "random",
     NULL, "object", VT_COMPARE_LEVEL, -INFINITY, .3, false},
    {"near-optimum",
     "of games whose best subsets are known, plain greedy search reaches nearly the best curve", "optimum",
     "greedy", NULL, "game", VT_COMPARE_LEVEL, .95, 1, false},
};

static int64_t search_steps(const void *settings)
{
  return ((const lima_sizes *)settings)->items * (int64_t)VT_COUNT(subjects);
}

static const vt_stage stages[] = {{"orders", "models explained", search_steps}};

/* Settings of one arm, as the command line would write them. */
static vt_status method_of(vt_ctx *ctx, const char *arm, const lima_sizes *sizes, const vt_method **method,
                           void **settings)
{
  const char *id = strcmp(arm, "greedy") == 0 ? "lima" : strcmp(arm, "random") == 0 ? "baseline-order" : arm;
  char masks[32];
  VT_TRY(vt_method_choose(ctx, &vt_methods, id, method, settings));
  const vt_field *list = (*method)->fields;
  size_t count = (*method)->field_count;
  VT_TRY(vt_params_defaults(ctx, list, count, *settings, (*method)->settings_size));
  if (strcmp(arm, "greedy") == 0) return vt_params_set(ctx, list, count, *settings, "search", "greedy");
  if (strcmp(arm, "rise") != 0) return VT_OK;
  snprintf(masks, sizeof masks, "%lld", (long long)sizes->masks);
  return vt_params_set(ctx, list, count, *settings, "n_samples", masks);
}

/* Share of the object's cells among as many first regions. Regions of a grid are its cells, row by row. */
static double found_share(const vt_box *box, const vt_explanation *explanation)
{
  int found = 0;
  for (int i = 0; i < VT_BOX_PARTS; i++)
    for (int j = 0; j < VT_BOX_PARTS; j++)
      found += explanation->order[i] == box->parts[j];
  return (double)found / VT_BOX_PARTS;
}

typedef struct subject {
  vt_box box;
  vt_model *model;
  vt_image *picture;
  const char *group;
  int64_t item;
} subject;

static vt_status record(vt_repro *repro, const subject *of, const char *arm,
                        const vt_explanation *explanation)
{
  VT_TRY(vt_repro_row(repro, arm, "insertion", of->group, of->item, explanation->insertion_auc));
  VT_TRY(vt_repro_row(repro, arm, "deletion", of->group, of->item, explanation->deletion_auc));
  VT_TRY(vt_repro_row(repro, arm, "calls", of->group, of->item, (double)explanation->model_calls));
  if (of->box.kind == VT_BOX_OBJECT)
    VT_TRY(vt_repro_row(repro, arm, "found", of->group, of->item, found_share(&of->box, explanation)));
  if (of->box.kind == VT_BOX_GAME)
    VT_TRY(vt_repro_row(repro, arm, "optimum", of->group, of->item,
                        explanation->insertion_auc / vt_box_best_insertion(&of->box)));
  return VT_OK;
}

static vt_status explain(vt_repro *repro, const subject *of, const char *arm, const lima_sizes *sizes)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  const vt_method *method = NULL;
  void *settings = NULL;
  vt_request request = {0};
  vt_result result = {0};
  vt_status status;
  char grid[32];
  VT_TRY(vt_params_defaults(ctx, vt_request_fields, vt_request_field_count, &request, sizeof request));
  snprintf(grid, sizeof grid, "grid:%dx%d", of->box.rows, of->box.columns);
  VT_TRY_DONE(vt_params_set(ctx, vt_request_fields, vt_request_field_count, &request, "regions", grid));
  VT_TRY_DONE(vt_params_set(ctx, vt_request_fields, vt_request_field_count, &request, "target", "0"));
  request.seed = (int64_t)(vt_repro_seed(repro, of->group, of->item) >> 12);
  VT_TRY_DONE(method_of(ctx, arm, sizes, &method, &settings));
  VT_TRY_DONE(vt_attribute_run(ctx, of->model, of->picture, NULL, method, settings, &request, &result));
  if (result.explanation->partial) { /* nothing but the user ends it early: there is no budget */
    status = vt_check_cancel(ctx);
    if (status == VT_OK) status = vt_fail(ctx, VT_ERROR_RUNTIME, "%s ended early", method->id);
    goto done;
  }
  status = record(repro, of, arm, result.explanation);
done:
  vt_result_free(&result);
  if (settings) vt_params_free(method->fields, method->field_count, settings);
  vt_free(settings);
  vt_params_free(vt_request_fields, vt_request_field_count, &request);
  return status;
}

static vt_status explain_all(vt_repro *repro, size_t group, int64_t item, const lima_sizes *sizes)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  subject of = {.group = groups[group].id, .item = item};
  uint64_t seed = vt_repro_seed(repro, of.group, item);
  VT_TRY(vt_box_plant(ctx, subjects[group], (int)sizes->side, seed, &of.box));
  vt_status status = vt_box_model(ctx, &of.box, &of.model, &of.picture);
  for (size_t arm = 0; status == VT_OK && arm < VT_COUNT(arms); arm++)
    status = explain(repro, &of, arms[arm].id, sizes);
  vt_model_free(of.model);
  vt_image_free(of.picture);
  vt_box_close(&of.box);
  return status;
}

static vt_status run(vt_repro *repro, int seed, const void *settings)
{
  const lima_sizes *sizes = settings;
  VT_UNUSED(seed); /* vt_repro_seed() knows it */
  VT_TRY(vt_repro_stage(repro, "orders"));
  for (int64_t item = 0; item < sizes->items; item++)
    for (size_t group = 0; group < VT_COUNT(groups); group++) {
      VT_TRY(explain_all(repro, group, item, sizes));
      VT_TRY(vt_repro_step(repro));
    }
  return VT_OK;
}

const vt_experiment vt_experiment_lima_planted = {
    .version = 1,
    .coverage = "planted models only",
    .protocol =
        "each item is a new black box on a picture of equal cells, read through its outputs only; regions "
        "are "
        "the cells, hidden ones black; target class 0, probability; LiMA and plain greedy search with the "
        "default weights 20, 5, 0.05, 0.01 (no embedding) and 8 pending; RISE masks on a 7x7 grid, its map "
        "averaged over the cells; curves by protocol lima: one step a region, area over true area. All arms "
        "explain the same models with the same seeds.",
    .reading =
        "these models were made to be explained and are no evidence about networks; the paper's 36.3 % and "
        "39.6 % are averages over many attribution methods on foundation models, RISE alone on planted "
        "models "
        "is not that comparison. It shows that search, scores and curves do what the paper says of them.",
    .not_measured =
        "- photographs and trained subjects: CNN, ViT, two-tower, state-space, sounds, slides (the paper: "
        "eight foundation models, six data sets)\n"
        "- the other attribution baselines: KernelSHAP, HSIC, Sobol, LIME, Occlusion, the Grad-CAM family, "
        "IG\n"
        "- mistaken samples (+86.1 % average highest confidence), wall time against plain greedy search, "
        "ablations, localisation against part masks, other fills",
    .arms = arms,
    .arm_count = VT_COUNT(arms),
    .yardsticks = yardsticks,
    .yardstick_count = VT_COUNT(yardsticks),
    .groups = groups,
    .group_count = VT_COUNT(groups),
    .claims = claims,
    .claim_count = VT_COUNT(claims),
    .controls = controls,
    .control_count = VT_COUNT(controls),
    .stages = stages,
    .stage_count = VT_COUNT(stages),
    .items_independent = true,
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .settings_size = sizeof(lima_sizes),
    .profiles = {"items=8", NULL, "items=200"},
    .seeds = {2, 3, 5},
    .run = run,
};
