/* SPDX-License-Identifier: Apache-2.0
 *
 * 01 LiMA, part "ablations": each score alone and left out, how many candidates the back examines, what the
 * regions are and how many, and the weights one by one. One row of `variants` each.
 */
#include <math.h>

#include "metrics/localisation.h"
#include "papers/experiments.h"
#include "papers/lima_bench.h"

typedef struct ablation_sizes {
  int64_t items;
} ablation_sizes;

static const vt_field fields[] = {
    {"items", VT_FIELD_INT, offsetof(ablation_sizes, items), "7", VT_RANGE(1, 100000),
     .help = "scenes explained of each seed, by every variant"},
};

/* All else is as in the first. Regions "parts": the true parts of the scene and the rest. */
static const vt_arm arms[] = {
    {"lima", "LiMA: weights 20, 5, 0.05, 0.01, 8 pending, 7x7 cells"},
    {"only-consistency", "consistency alone"},
    {"only-collaboration", "collaboration alone"},
    {"only-confidence", "confidence alone"},
    {"only-effectiveness", "effectiveness alone"},
    {"no-consistency", "without consistency"},
    {"no-collaboration", "without collaboration"},
    {"no-confidence", "without confidence"},
    {"no-effectiveness", "without effectiveness"},
    {"pending-4", "4 pending"},
    {"pending-12", "12 pending"},
    {"pending-20", "20 pending"},
    {"slico", "SLICO regions"},
    {"seeds", "SEEDS regions"},
    {"parts", "true parts as regions"},
    {"cells-25", "5x5 cells"},
    {"cells-77", "7x11 cells"},
    {"cells-100", "10x10 cells"},
    {"consistency-5", "consistency 5"},
    {"consistency-10", "consistency 10"},
    {"consistency-40", "consistency 40"},
    {"collaboration-2.5", "collaboration 2.5"},
    {"collaboration-10", "collaboration 10"},
    {"collaboration-20", "collaboration 20"},
    {"confidence-0.025", "confidence 0.025"},
    {"confidence-0.1", "confidence 0.1"},
    {"effectiveness-0.005", "effectiveness 0.005"},
    {"effectiveness-0.02", "effectiveness 0.02"},
};

static const struct {
  const char *settings, *regions; /* regions NULL: 7x7 cells */
} variants[VT_COUNT(arms)] = {
    {NULL, NULL},
    {"weights=20,0,0,0", NULL},
    {"weights=0,5,0,0", NULL},
    {"weights=0,0,0.05,0", NULL},
    {"weights=0,0,0,0.01", NULL},
    {"weights=0,5,0.05,0.01", NULL},
    {"weights=20,0,0.05,0.01", NULL},
    {"weights=20,5,0,0.01", NULL},
    {"weights=20,5,0.05,0", NULL},
    {"pending=4", NULL},
    {"pending=12", NULL},
    {"pending=20", NULL},
    {NULL, "slico"},
    {NULL, "seeds"},
    {NULL, "parts"},
    {NULL, "grid:5x5"},
    {NULL, "grid:7x11"},
    {NULL, "grid:10x10"},
    {"weights=5,5,0.05,0.01", NULL},
    {"weights=10,5,0.05,0.01", NULL},
    {"weights=40,5,0.05,0.01", NULL},
    {"weights=20,2.5,0.05,0.01", NULL},
    {"weights=20,10,0.05,0.01", NULL},
    {"weights=20,20,0.05,0.01", NULL},
    {"weights=20,5,0.025,0.01", NULL},
    {"weights=20,5,0.1,0.01", NULL},
    {"weights=20,5,0.05,0.005", NULL},
    {"weights=20,5,0.05,0.02", NULL},
};

static const vt_yardstick yardsticks[] = {
    {"insertion", "Insertion", "", true, 0, 1},
    {"deletion", "Deletion", "", false, 0, 1},
    {"keep", "area that keeps 0.9 of the score", "", false, 0, 1},
    {"purity", "purity of what keeps it", "", true, 0, 1},
    {"calls", "model calls", "calls", false, 1, 1e12},
};

static const vt_item_group groups[] = {{"scenes", "Scenes, bundled classifier", false}};

#define PAIR(name, sentence, where, what, one, other, bar)                                                   \
  {                                                                                                          \
    name, sentence, where, what, one, other, NULL, VT_COMPARE_DIFFERENCE, bar, bar                           \
  }

static const vt_claim claims[] = {
    PAIR("consistency-insertion", "consistency alone has a better Insertion than collaboration alone",
         "ablation of the scores", "insertion", "only-consistency", "only-collaboration", 0),
    PAIR("collaboration-deletion", "collaboration alone has a better Deletion than consistency alone",
         "ablation of the scores", "deletion", "only-collaboration", "only-consistency", 0),
    PAIR("together-insertion", "all scores together are near the better of the two in Insertion (0.02)",
         "ablation of the scores; the bound is ours", "insertion", "lima", "only-consistency", -.02),
    PAIR("together-deletion", "and in Deletion", "ablation of the scores; the bound is ours", "deletion",
         "lima", "only-collaboration", -.02),
    PAIR("pending", "with 20 pending Insertion is not below that with 4 by more than 0.005",
         "ablation of the pending samples; the bound is ours", "insertion", "pending-20", "pending-4", -.005),
    PAIR("regions", "Insertion rises with the number of regions, from 25 to 100",
         "ablation of the region size", "insertion", "cells-100", "cells-25", 0),
};

static const vt_control controls[] = {
    {"confidence-insertion", "without confidence Insertion changes by less than 0.01", "insertion", "lima",
     "no-confidence", NULL, VT_COMPARE_DIFFERENCE, -.01, .01, false},
    {"confidence-deletion", "and Deletion too", "deletion", "lima", "no-confidence", NULL,
     VT_COMPARE_DIFFERENCE, -.01, .01, false},
    {"effectiveness-insertion", "without effectiveness Insertion changes by less than 0.01", "insertion",
     "lima", "no-effectiveness", NULL, VT_COMPARE_DIFFERENCE, -.01, .01, false},
    {"effectiveness-deletion", "and Deletion too", "deletion", "lima", "no-effectiveness", NULL,
     VT_COMPARE_DIFFERENCE, -.01, .01, false},
    {"blind-score", "the confidence alone, which knows no class, is worse in Insertion", "insertion", "lima",
     "only-confidence", NULL, VT_COMPARE_DIFFERENCE, .02, INFINITY, false},
};

static int64_t steps(const void *settings)
{
  return ((const ablation_sizes *)settings)->items * (int64_t)VT_COUNT(arms);
}

static const vt_stage stages[] = {{"variants", "searches", steps}};

static vt_status record(vt_repro *repro, size_t variant, int64_t item, const vt_part_truth *scene,
                        const vt_result *result)
{
  const char *arm = arms[variant].id, *group = groups[0].id;
  const vt_explanation *found = result->explanation;
  double purity = NAN, recall;
  if (found->keep.regions > 0)
    vt_region_purity(result->regions, found->order, found->keep.regions, scene->deciding, &purity, &recall);
  VT_TRY(vt_repro_row(repro, arm, "insertion", group, item, found->insertion_auc));
  VT_TRY(vt_repro_row(repro, arm, "deletion", group, item, found->deletion_auc));
  VT_TRY(vt_repro_row(repro, arm, "keep", group, item, found->keep.regions > 0 ? found->keep.area : NAN));
  VT_TRY(vt_repro_row(repro, arm, "purity", group, item, purity));
  return vt_repro_row(repro, arm, "calls", group, item, (double)found->model_calls);
}

static vt_status run_variant(vt_repro *repro, vt_model *model, const vt_part_truth *scene,
                             const vt_regions *parts, size_t variant, int64_t item)
{
  const char *regions = variants[variant].regions;
  const vt_lima_question question = {.model = model,
                                     .picture = scene->picture,
                                     .target = scene->label,
                                     .regions = regions ? regions : "grid:7x7",
                                     .division = regions && strcmp(regions, "parts") == 0 ? parts : NULL,
                                     .method = "lima",
                                     .settings = variants[variant].settings};
  vt_result result;
  VT_TRY(vt_lima_ask(vt_repro_ctx(repro), &question, &result));
  vt_status status = record(repro, variant, item, scene, &result);
  vt_result_free(&result);
  return status == VT_OK ? vt_repro_step(repro) : status;
}

static vt_status run_scene(vt_repro *repro, vt_model *model, const vt_part_truth *scene, int64_t item)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  vt_regions *parts = NULL;
  const vt_image *picture = scene->picture;
  int32_t *labels = vt_alloc_zero(ctx, (size_t)picture->height * (size_t)picture->width, sizeof *labels);
  if (!labels) return VT_ERROR_OUT_OF_MEMORY;
  vt_part_truth_labels(scene, labels);
  vt_status status = vt_regions_from_labels(ctx, labels, picture->height, picture->width, &parts);
  for (size_t i = 0; i < VT_COUNT(variants) && status == VT_OK; i++)
    status = run_variant(repro, model, scene, parts, i, item);
  vt_regions_free(parts);
  vt_free(labels);
  return status;
}

static vt_status run_all(vt_repro *repro, vt_lima_scenes *scenes, vt_model *model,
                         const ablation_sizes *sizes)
{
  for (int64_t item = 0; item < sizes->items; item++) {
    vt_part_truth scene;
    VT_TRY(vt_lima_scenes_next(vt_repro_ctx(repro), scenes, &scene));
    vt_status status = run_scene(repro, model, &scene, item);
    vt_part_truth_free(&scene);
    VT_TRY(status);
  }
  return VT_OK;
}

static vt_status run(vt_repro *repro, int seed, const void *settings)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  vt_lima_scenes scenes;
  vt_model *model = NULL; /* with an embedding, for effectiveness */
  VT_UNUSED(seed);        /* vt_repro_seed() knows it */
  VT_TRY(vt_repro_stage(repro, "variants"));
  VT_TRY(vt_lima_scenes_open(ctx, vt_repro_seed(repro, "scenes", 0), &scenes));
  vt_status status = vt_model_open_bundled(ctx, NULL, "pooled", &model);
  if (status == VT_OK) status = run_all(repro, &scenes, model, settings);
  vt_model_free(model);
  vt_lima_scenes_close(&scenes);
  return status;
}

const vt_experiment vt_experiment_lima_ablations = {
    .version = 1,
    .coverage = "drawn scenes and the bundled classifier",
    .protocol =
        "scenes of scenes/object that the bundled classifier answers rightly; black fill, true class, "
        "probability; embedding: the pooled features. Every variant changes one thing of the first row and "
        "explains the same scenes. Curves by protocol lima; purity: share of the smallest prefix that keeps "
        "0.9 of the score that lies on the parts that make the class.",
    .reading = "the paper's own figures for these ablations are not known to us, only which it made; the "
               "bounds are ours. Parts as regions are few, and their curves have few points.",
    .not_measured = "- regions of a promptable segmenter: the scene's true parts stand for them",
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
    .settings_size = sizeof(ablation_sizes),
    .profiles = {"items=2", NULL, "items=34"},
    .seeds = {1, 3, 3},
    .run = run,
};
