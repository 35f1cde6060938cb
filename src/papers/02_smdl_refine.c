/* SPDX-License-Identifier: Apache-2.0
 *
 * 02 SMDL, claim A: a saliency map cut into patches and searched greedily is better than the map, for
 * pictures that the model gets right and for those that it gets wrong.
 */
#include <math.h>

#include "papers/experiments.h"
#include "papers/smdl_refine.h"
#include "papers/smdl_seed.h"

static const vt_field fields[] = {
    {"right", VT_FIELD_INT, offsetof(vt_smdl_sizes, right), "30", VT_RANGE(1, 10000),
     .help = "pictures that the recogniser gets right, of each world and seed"},
    {"wrong", VT_FIELD_INT, offsetof(vt_smdl_sizes, wrong), "12", VT_RANGE(1, 10000),
     .help = "pictures that it gets wrong"},
    {"samples", VT_FIELD_INT, offsetof(vt_smdl_sizes, samples), "500", VT_RANGE(16, 8192),
     .help = "model calls of RISE, and of HSIC"},
    {"steps", VT_FIELD_INT, offsetof(vt_smdl_sizes, steps), "0", VT_RANGE(0, 1e6),
     .help = "training steps of each network; 0: as its recipe says"},
    {"most", VT_FIELD_INT, offsetof(vt_smdl_sizes, most), "2000", VT_RANGE(1, 1e6),
     .help = "pictures looked at for the next one that fits"},
    {"creatures", VT_FIELD_BOOL, offsetof(vt_smdl_sizes, creatures), "true", .help = "the second world, too"},
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

/* ---- one picture ---- */

static vt_status measure_item(vt_repro *repro, const vt_smdl_subject *subject, const vt_smdl_item *picture,
                              int64_t item, bool wrong, int64_t samples)
{
  vt_smdl_case wanted = {.recogniser = subject->recogniser,
                         .network = subject->network,
                         .picture = picture->picture,
                         .mask = picture->mask,
                         .area = picture->area,
                         .target = picture->label,
                         .grid = GRID,
                         .patches = PATCHES};
  return vt_smdl_refine_picture(repro, &wanted, subject->kind->id, item, wrong, samples);
}

static vt_status run(vt_repro *repro, int seed, const void *settings)
{
  return vt_smdl_seed_run(repro, seed, settings, "recogniser", measure_item);
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
    .stages = vt_smdl_stages,
    .stage_count = VT_COUNT(vt_smdl_stages),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .settings_size = sizeof(vt_smdl_sizes),
    .profiles = {"right=5 wrong=3 creatures=false", NULL, "right=100 wrong=40"},
    .seeds = {1, 3, 3},
    .run = run,
};
