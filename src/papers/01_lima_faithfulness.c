/* SPDX-License-Identifier: Apache-2.0
 *
 * 01 LiMA, faithfulness: Insertion, Deletion and the smallest prefix that keeps the decision, against every
 * attribution method, on models trained here; localisation printed beside them.
 */
#include <math.h>

#include "papers/experiments.h"
#include "papers/lima_seed.h"

static const vt_field fields[] = {VT_LIMA_SIZE_FIELDS("right", "20", "10")};

/* 1 650 samples are what LiMA's calls on 49 regions come to. */
/* clang-format off */
static const vt_arm arms[] = {
    {"lima", "LiMA"}, {"greedy", "plain greedy search"},
    {"rise", "RISE, 500"}, {"kernel-shap", "KernelSHAP, 1 000"}, {"hsic", "HSIC, 500"}, {"sobol", "Sobol"},
    {"lime", "LIME, 1 000"}, {"occlusion", "Occlusion"}, {"grad-cam", "Grad-CAM"}, {"grad-cam-pp", "Grad-CAM++"},
    {"score-cam", "Score-CAM"}, {"integrated-gradients", "Integrated gradients"}, {"smoothgrad", "SmoothGrad"},
    {"input-x-gradient", "Input × gradient"}, {"saliency", "Saliency"},
    {"attention-rollout", "Attention rollout"}, {"vit-cx", "ViT-CX"}, {"grad-eclip", "Grad-ECLIP"},
    {"rise-equal", "RISE, LiMA's calls"}, {"kernel-shap-equal", "KernelSHAP, LiMA's calls"},
    {"hsic-equal", "HSIC, LiMA's calls"}, {"lime-equal", "LIME, LiMA's calls"},
    {"random", "random order"}, {"oracle", "the object's mask"},
    {"mean", "mean of the attribution baselines"}, {"best", "best attribution baseline"},
};
static const vt_lima_arm how[] = {
    {"lima", VT_LIMA_OURS, true, NULL}, {"greedy=lima(search=greedy)", VT_LIMA_OURS, true, NULL},
    {"rise=rise(n_samples=500)", VT_LIMA_BASELINE, true, NULL}, {"kernel-shap=kernel-shap(n_samples=1000)", VT_LIMA_BASELINE, true, NULL},
    {"hsic=hsic(n_samples=500)", VT_LIMA_BASELINE, true, NULL}, {"sobol", VT_LIMA_BASELINE, false, NULL},
    {"lime=lime(n_samples=1000)", VT_LIMA_BASELINE, false, NULL}, {"occlusion=occlusion(window=16,stride=8)", VT_LIMA_BASELINE, true, NULL},
    {"grad-cam", VT_LIMA_BASELINE, true, NULL}, {"grad-cam-pp", VT_LIMA_BASELINE, false, NULL},
    {"score-cam", VT_LIMA_BASELINE, false, NULL}, {"integrated-gradients", VT_LIMA_BASELINE, true, NULL}, {"smoothgrad", VT_LIMA_BASELINE, false, NULL},
    {"input-x-gradient", VT_LIMA_BASELINE, false, NULL}, {"saliency", VT_LIMA_BASELINE, false, NULL},
    {"attention-rollout", VT_LIMA_BASELINE, false, "attention-rollout"}, {"vit-cx", VT_LIMA_BASELINE, false, "vit-cx"},
    {"grad-eclip", VT_LIMA_BASELINE, false, "grad-eclip"},
    {"rise-equal=rise(n_samples=1650)", VT_LIMA_SECOND_BUDGET, false, NULL},
    {"kernel-shap-equal=kernel-shap(n_samples=1650)", VT_LIMA_SECOND_BUDGET, false, NULL},
    {"hsic-equal=hsic(n_samples=1650)", VT_LIMA_SECOND_BUDGET, false, NULL},
    {"lime-equal=lime(n_samples=1650)", VT_LIMA_SECOND_BUDGET, false, NULL},
    {"random", VT_LIMA_REFERENCE, true, NULL}, {"oracle", VT_LIMA_REFERENCE, true, NULL},
    {NULL, VT_LIMA_VIRTUAL, true, NULL}, {NULL, VT_LIMA_VIRTUAL, true, NULL},
};
_Static_assert(VT_COUNT(arms) == VT_COUNT(how), "an arm has a text or stands for others");
/* clang-format on */

enum { ACCURACY = VT_LIMA_VALUES, FIRST_OR_SECOND };
static const vt_yardstick yardsticks[] = {
    VT_LIMA_YARDSTICKS,
    {"accuracy", "Test items the subject gets right", "", true, 0, 1},
    {"first-or-second", "First or second of all attribution methods, Insertion and Deletion", "", true, 0, 1},
};

static const vt_item_group groups[] = {VT_LIMA_GROUPS};

static const vt_claim claims[] = {
    {"insertion-over-mean",
     "Insertion is higher than the mean of the attribution methods', each map as it is, pooled over subjects",
     "abstract: +36.3 %", "pixel-insertion", "lima", "mean", NULL, VT_COMPARE_RELATIVE, 0, .30},
    {"deletion-over-mean", "and Deletion is lower", "abstract: 39.6 % better", "pixel-deletion", "lima",
     "mean", NULL, VT_COMPARE_RELATIVE, 0, .30},
    {"best-insertion",
     "when every map is averaged over the same regions, no attribution method has an Insertion higher by "
     "more "
     "than .01",
     "the bar is ours", "insertion", "lima", "best", NULL, VT_COMPARE_DIFFERENCE, -.01, -.01},
    {"best-deletion", "and none has a lower Deletion", "the bar is ours", "deletion", "lima", "best", NULL,
     VT_COMPARE_DIFFERENCE, 0, 0},
    {"fewer-regions",
     "the smallest prefix that keeps .9 of the score covers less of the picture than that of any attribution "
     "method",
     "title: minimal subset", "keep-area", "lima", "best", NULL, VT_COMPARE_DIFFERENCE, 0, 0},
    {"generalises",
     "it is first or second in Insertion and in Deletion at equal granularity on most subjects",
     "eight models; 6 of 8 is our bar", "first-or-second", "lima", NULL, NULL, VT_COMPARE_LEVEL, .5, .75},
};

static const vt_control controls[] = {
    {"subjects-know", "subjects know their classes: share of test items that they get right", "accuracy",
     "lima", NULL, NULL, VT_COMPARE_LEVEL, .8, 1, false},
    {"beats-random", "the curves can tell orders apart: LiMA beats a random order", "insertion", "lima",
     "random", NULL, VT_COMPARE_DIFFERENCE, .05, INFINITY, false},
    {"oracle-hits", "masks and maps lie upon each other: the mask as a map always hits", "pointing", "oracle",
     NULL, NULL, VT_COMPARE_LEVEL, .99, 1, false},
    {"random-misses", "a random order hits the object no more often than its area lets it", "pointing",
     "random", NULL, NULL, VT_COMPARE_LEVEL, -INFINITY, .35, false},
};

static const vt_stage stages[] = {VT_LIMA_STAGES};

/* Whether at most one baseline is ahead of LiMA, in Insertion and in Deletion. */
static double first_or_second(const vt_lima_table *table, int group)
{
  int ahead[2] = {0, 0};
  const int yardstick[2] = {VT_LIMA_INSERTION, VT_LIMA_DELETION};
  for (int y = 0; y < 2; y++) {
    double ours = vt_lima_table_mean(table, 0, yardstick[y], group);
    if (isnan(ours)) return NAN;
    for (int a = 0; a < (int)VT_COUNT(arms); a++) {
      if (how[a].role != VT_LIMA_BASELINE) continue;
      double theirs = vt_lima_table_mean(table, a, yardstick[y], group);
      ahead[y] += y == 0 ? theirs > ours : theirs < ours;
    }
  }
  return ahead[0] <= 1 && ahead[1] <= 1;
}

static vt_status run(vt_repro *repro, int seed, const void *settings)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  vt_lima_seed work = {.experiment = &vt_experiment_lima_faithfulness,
                       .how = how,
                       .ask = VT_LIMA_ASK_CURVES | VT_LIMA_ASK_PIXELS | VT_LIMA_ASK_PLACES,
                       .accuracy = ACCURACY,
                       .repro = repro,
                       .sizes = settings,
                       .seed = seed};
  vt_status status = vt_lima_seed_run(ctx, &work);
  for (int group = 0; group < VT_LIMA_GROUP_COUNT && status == VT_OK; group++)
    if (work.there[group])
      status = vt_lima_table_add(ctx, &work.table, 0, FIRST_OR_SECOND, group, -1,
                                 first_or_second(&work.table, group));
  if (status == VT_OK) status = vt_lima_seed_write(&work);
  vt_lima_seed_close(&work);
  return status;
}

const vt_experiment vt_experiment_lima_faithfulness = {
    .version = 1,
    .coverage = "six small models trained here, on generated pictures and sounds",
    .protocol =
        "subjects are trained from scratch with blocks of half of their pictures erased, so that composites "
        "are "
        "nothing new to them; the same without erased blocks stand apart and count in no claim. Every method "
        "explains the probability of the class (methods that look inside: its logit) of pictures that the "
        "subject gets right, with the same hidden colour (black; for sounds the noise floor). SLICO regions, "
        "49 "
        "on 64 × 64 pixels; sounds: 8 × 8 cells. LiMA: weights 20, 5, .05, .01 (the last one counts where "
        "there "
        "is an embedding), 8 pending. Pixel granularity: 50 equal steps of pixels for all, maps as they are. "
        "Equal granularity: every map averaged over LiMA's regions, one step a region, area over true area. "
        "Best attribution baseline: for each yardstick the one with the best mean over all subjects of the "
        "seed. "
        "The mean of the attribution baselines leaves out random order, mask and second budgets.",
    .reading =
        "on a network that never saw holes the search can win Insertion without finding the object: it may "
        "pick "
        "an arbitrary collage of patches that triggers the class. So Insertion and Deletion are to be read "
        "beside purity and pointing of the same row, and beside those of the subjects without erased blocks. "
        "Where the blank picture itself is given the class, curves begin high; normalised ones stand beside "
        "them. "
        "These are models of some hundred thousand numbers; the paper's are foundation models.",
    .not_measured = "- the paper's models and data sets (CLIP, ImageBind, LanguageBind, QuiltNet, ImageNet, "
                    "VGG-Sound, …)\n"
                    "- real photographs: subjects 7 and 8 stand in a part of their own",
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
    .items_independent = false,
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .settings_size = sizeof(vt_lima_sizes),
    .profiles = {"items=10 plain=0 subjects=pair methods=core", NULL, "items=100 plain=40"},
    .seeds = {1, 3, 3},
    .run = run,
};
