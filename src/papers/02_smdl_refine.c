/* SPDX-License-Identifier: Apache-2.0
 *
 * 02 SMDL, claim A: a saliency map cut into patches and searched greedily is better than the map, for
 * pictures that the model gets right and for those that it gets wrong.
 */
#include <math.h>

#include "papers/experiments.h"
#include "papers/smdl_refine.h"
#include "papers/smdl_subjects.h"

typedef struct refine_sizes {
  int64_t right, wrong, samples, steps, most;
  bool creatures;
} refine_sizes;

static const vt_field fields[] = {
    {"right", VT_FIELD_INT, offsetof(refine_sizes, right), "30", VT_RANGE(1, 10000),
     .help = "pictures that the recogniser gets right, of each world and seed"},
    {"wrong", VT_FIELD_INT, offsetof(refine_sizes, wrong), "12", VT_RANGE(1, 10000),
     .help = "pictures that it gets wrong"},
    {"samples", VT_FIELD_INT, offsetof(refine_sizes, samples), "500", VT_RANGE(16, 8192),
     .help = "model calls of RISE, and of HSIC"},
    {"steps", VT_FIELD_INT, offsetof(refine_sizes, steps), "0", VT_RANGE(0, 1e6),
     .help = "training steps of each network; 0: as its recipe says"},
    {"most", VT_FIELD_INT, offsetof(refine_sizes, most), "2000", VT_RANGE(1, 1e6),
     .help = "pictures looked at for the next one that fits"},
    {"creatures", VT_FIELD_BOOL, offsetof(refine_sizes, creatures), "true", .help = "the second world, too"},
};

enum { GRID = 8, PATCHES = 4 };

static const vt_item_group groups[] = {
    {"scenes", "scenes: one thing of 12 classes among scraps", false},
    {"creatures", "creatures: 20 look-alike species", false},
};

static const vt_control controls[] = {
    {"accuracy", "every recogniser gets at least nine of ten test pictures right", "accuracy", "recogniser",
     NULL, NULL, VT_COMPARE_LEVEL, .9, 1, true},
    {"not-coarsening", "the gain in Insertion is not that of patches in place of pixels", "insertion", "ours",
     "patches", NULL, VT_COMPARE_DIFFERENCE, 0, INFINITY, false},
    {"not-coarsening-deletion", "nor is that in Deletion", "deletion", "ours", "patches", NULL,
     VT_COMPARE_DIFFERENCE, 0, INFINITY, false},
    {"beats-random", "the same patches in random order have a clearly lower Insertion", "insertion",
     "hsic-ours", "random", NULL, VT_COMPARE_DIFFERENCE, .05, INFINITY, false},
    {"knows-orders", "and so has HSIC's own order of them a higher one than random", "insertion",
     "hsic-patches", "random", NULL, VT_COMPARE_DIFFERENCE, .02, INFINITY, false},
};

static int64_t training_steps(const void *settings)
{
  return ((const refine_sizes *)settings)->creatures ? 2 : 1;
}

static int64_t picture_steps(const void *settings)
{
  const refine_sizes *sizes = settings;
  return (sizes->right + sizes->wrong) * (sizes->creatures ? 2 : 1);
}

static const vt_stage stages[] = {{"subjects", "networks trained", training_steps},
                                  {"pictures", "pictures explained", picture_steps}};

/* ---- one seed ---- */

enum { APART = 100000, TESTED = 300 }; /* items of different seeds never meet */

static vt_status measure_items(vt_repro *repro, const vt_smdl_subject *subject, int seed, bool wrong,
                               const refine_sizes *sizes)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  int64_t index = (int64_t)seed * APART, count = wrong ? sizes->wrong : sizes->right;
  for (int64_t i = 0; i < count; i++) {
    vt_smdl_item item;
    bool found;
    const vt_world *world = wrong ? subject->damaged : subject->plain;
    VT_TRY(vt_smdl_item_next(ctx, subject, world, wrong, sizes->most, &index, &item, &found));
    if (!found) break;
    vt_smdl_case wanted = {.recogniser = subject->recogniser,
                           .network = subject->network,
                           .picture = item.picture,
                           .mask = item.mask,
                           .area = item.area,
                           .target = item.label,
                           .grid = GRID,
                           .patches = PATCHES};
    vt_status status = vt_smdl_refine_picture(repro, &wanted, subject->kind->id, wrong ? APART + i : i, wrong,
                                              sizes->samples);
    vt_smdl_item_free(&item);
    VT_TRY(status);
    VT_TRY(vt_repro_step(repro));
  }
  return VT_OK;
}

static vt_status run(vt_repro *repro, int seed, const void *settings)
{
  const refine_sizes *sizes = settings;
  vt_ctx *ctx = vt_repro_ctx(repro);
  size_t kinds = sizes->creatures ? 2 : 1;
  vt_smdl_subject subjects[2] = {{0}};
  double accuracy;
  vt_status status;
  VT_TRY_DONE(vt_repro_stage(repro, "subjects"));
  for (size_t k = 0; k < kinds; k++) {
    VT_TRY_DONE(vt_smdl_subject_open(ctx, vt_repro_cache(repro), &vt_smdl_kinds[k], seed, sizes->steps,
                                     &subjects[k]));
    VT_TRY_DONE(vt_repro_step(repro));
  }
  VT_TRY_DONE(vt_repro_stage(repro, "pictures"));
  for (size_t k = 0; k < kinds; k++) {
    VT_TRY_DONE(vt_smdl_accuracy(ctx, &subjects[k], (int64_t)seed * APART, TESTED, &accuracy));
    VT_TRY_DONE(vt_repro_row(repro, "recogniser", "accuracy", subjects[k].kind->id, 0, accuracy));
    VT_TRY_DONE(measure_items(repro, &subjects[k], seed, false, sizes));
    VT_TRY_DONE(measure_items(repro, &subjects[k], seed, true, sizes));
  }
done:
  for (size_t k = 0; k < kinds; k++)
    vt_smdl_subject_close(&subjects[k]);
  return status;
}

const vt_experiment vt_experiment_smdl_refine = {
    .version = 1,
    .coverage = "two generated worlds, one kind of network",
    .protocol = "a residual network of three stages (0.2 M numbers) for each world and seed, and an "
                "evidential network of "
                "the same architecture, both trained with blocks erased in half of the pictures. Each prior "
                "map (Saliency "
                "and Grad-CAM of the logit, RISE, HSIC on an 8x8 grid, as many model calls each) is judged "
                "as it is, as "
                "its own patches (8x8, sorted by the map, 4 a region, 16 regions) and as the greedy order of "
                "the same "
                "regions by SMDL (all weights 1; confidence of the evidential network; effectiveness on what "
                "the head "
                "reads; consistency by probability). Insertion and Deletion: vitrail-50, black for all. "
                "Mistakes: test "
                "pictures under noise that the network gets wrong; the target is the true class. Purity: "
                "share of the "
                "first 5 or 10 % of the pixels in the mask (scenes: the thing; creatures: the parts that "
                "tell the species "
                "from its nearest neighbour).",
    .reading = "purity has no bar: a network can be won over by a collage of patches, and a high Insertion "
               "does not say "
               "that the object was found. Maps rank single pixels, refined maps rank regions of four "
               "patches: the rows "
               "'its patches' are the map at the granularity of its refinement.",
    .not_measured =
        "- face and bird photographs (Celeb-A, VGG-Face2, CUB-200-2011) and their networks\n"
        "- the other priors of the scripts: Grad-CAM++, Score-CAM, LIME, KernelSHAP, IG, SmoothGrad, Sobol\n"
        "- divisions by SLICO, SEEDS and SAM",
    .arms = vt_smdl_arms,
    .arm_count = VT_SMDL_ARMS,
    .yardsticks = vt_smdl_yardsticks,
    .yardstick_count = VT_SMDL_YARDSTICKS,
    .groups = groups,
    .group_count = VT_COUNT(groups),
    .claims = vt_smdl_claims,
    .claim_count = VT_SMDL_CLAIMS,
    .controls = controls,
    .control_count = VT_COUNT(controls),
    .stages = stages,
    .stage_count = VT_COUNT(stages),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .settings_size = sizeof(refine_sizes),
    .profiles = {"right=5 wrong=3 creatures=false", NULL, "right=100 wrong=40"},
    .seeds = {1, 3, 3},
    .run = run,
};
