/* SPDX-License-Identifier: Apache-2.0
 *
 * 01 LiMA, truth: does the smallest prefix that keeps the decision lie on what makes the class, and does its
 * score outlive other fills and moved borders, or is it a collage?
 */
#include <math.h>

#include "papers/experiments.h"
#include "papers/lima_seed.h"

static const vt_field fields[] = {VT_LIMA_SIZE_FIELDS("right", "20", "20")};

/* clang-format off */
static const vt_arm arms[] = {
    {"lima", "LiMA"}, {"kernel-shap", "KernelSHAP, 1 000"}, {"rise", "RISE, 500"}, {"grad-cam", "Grad-CAM"},
    {"random", "random order"}, {"oracle", "the object's mask"},
};
static const vt_lima_arm how[] = {
    {"lima", VT_LIMA_OURS, true, NULL},
    {"kernel-shap=kernel-shap(n_samples=1000)", VT_LIMA_BASELINE, true, NULL},
    {"rise=rise(n_samples=500)", VT_LIMA_BASELINE, true, NULL}, {"grad-cam", VT_LIMA_BASELINE, true, NULL},
    {"random", VT_LIMA_REFERENCE, true, NULL}, {"oracle", VT_LIMA_REFERENCE, true, NULL},
};
/* clang-format on */
_Static_assert(VT_COUNT(arms) == VT_COUNT(how), "every arm has a text");

enum {
  ACCURACY = VT_LIMA_VALUES,
  RATIO,
  SURVIVES,
  SURVIVES_MEAN,
  SURVIVES_BLUR,
  SURVIVES_NOISE,
  SURVIVES_JITTER
};
static const vt_yardstick yardsticks[] = {
    VT_LIMA_YARDSTICKS,
    {"accuracy", "Test items the subject gets right", "", true, 0, 1},
    {"purity-ratio", "Purity of the smallest prefix over the object's share", "", true, 0, 1000},
    {"survival", "Share of the prefix's score that survives, mean of four", "", true, 0, 1},
    {"survival-mean", "… mean colour elsewhere", "", true, 0, 1},
    {"survival-blur", "… blurred picture elsewhere", "", true, 0, 1},
    {"survival-noise", "… noise elsewhere", "", true, 0, 1},
    {"survival-jitter", "… borders moved by up to 2 pixels", "", true, 0, 1},
};

static const vt_item_group groups[] = {VT_LIMA_GROUPS};

static const vt_claim claims[] = {
    {"pure",
     "the smallest prefix that keeps .9 of the score is 2.5 times as pure as chance: its pixels lie on the "
     "object",
     "figures; the bar is ours", "purity-ratio", "lima", NULL, NULL, VT_COMPARE_LEVEL, 1, 2.5},
    {"first-region", "the first region lies on the object", "figures; the bar is ours", "purity-first",
     "lima", NULL, NULL, VT_COMPARE_LEVEL, .2, .6},
    {"survives",
     "the prefix's score survives mean colour, blur and noise in place of the fill, and borders moved by up "
     "to 2 "
     "pixels",
     "not in the paper", "survival", "lima", NULL, NULL, VT_COMPARE_LEVEL, .2, .6},
};

static const vt_control controls[] = {
    {"subjects-know", "subjects know their classes: share of test items that they get right", "accuracy",
     "lima", NULL, NULL, VT_COMPARE_LEVEL, .8, 1, false},
    {"random-is-chance", "the prefix of a random order is about as pure as chance", "purity-ratio", "random",
     NULL, NULL, VT_COMPARE_LEVEL, .5, 1.6, false},
    {"oracle-is-pure", "the first region by the object's mask lies on it", "purity-first", "oracle", NULL,
     NULL, VT_COMPARE_LEVEL, .8, 1, false},
};

static const vt_stage stages[] = {VT_LIMA_STAGES};

/* ---- the collage check ---- */

static double share(double score, double of)
{
  return score < of ? score / of : 1;
}

static vt_status check_collage(vt_ctx *ctx, vt_lima_seed *seed, int group, int arm, const vt_lima_item *item,
                               const vt_lima_study *study, const vt_lima_said *said)
{
  static const struct {
    const char *fill;
    double jitter;
  } ways[] = {{"mean", 0}, {"blur", 0}, {"noise", 0}, {NULL, 2}};
  double sum = 0, chance = said->values[VT_LIMA_CHANCE], purity = said->values[VT_LIMA_PURITY_KEEP];
  int64_t number = seed->table.rows[seed->table.count - 1].item;
  VT_TRY(vt_lima_table_add(ctx, &seed->table, arm, RATIO, group, number, chance > 0 ? purity / chance : NAN));
  if (said->keep == 0 || said->keep_score <= 0) return VT_OK; /* nothing at all keeps the decision */
  for (size_t w = 0; w < VT_COUNT(ways); w++) {
    double score;
    VT_TRY(vt_lima_prefix_score(ctx, seed->subjects[group].model, item, study->division, said->order,
                                said->keep, ways[w].fill ? ways[w].fill : study->fill, ways[w].jitter,
                                vt_repro_seed(seed->repro, "collage", item->index), &score));
    sum += share(score, said->keep_score);
    VT_TRY(vt_lima_table_add(ctx, &seed->table, arm, SURVIVES_MEAN + (int)w, group, number,
                             share(score, said->keep_score)));
  }
  return vt_lima_table_add(ctx, &seed->table, arm, SURVIVES, group, number, sum / (double)VT_COUNT(ways));
}

static vt_status run(vt_repro *repro, int seed, const void *settings)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  vt_lima_seed work = {.experiment = &vt_experiment_lima_truth,
                       .how = how,
                       .ask = VT_LIMA_ASK_CURVES | VT_LIMA_ASK_PLACES,
                       .accuracy = ACCURACY,
                       .more = check_collage,
                       .repro = repro,
                       .sizes = settings,
                       .seed = seed};
  vt_status status = vt_lima_seed_run(ctx, &work);
  if (status == VT_OK) status = vt_lima_seed_write(&work);
  vt_lima_seed_close(&work);
  return status;
}

const vt_experiment vt_experiment_lima_truth = {
    .version = 1,
    .coverage = "six small models trained here, whose pictures have exact masks",
    .protocol =
        "as in faithfulness; the mask is that of the thing (sounds: the event's box; slides: the structure "
        "that "
        "decides). Of each order, at equal granularity, the smallest prefix with .9 of the whole picture's "
        "probability is taken; prefixes of no region, where the blank alone keeps it, are left out. Collage "
        "check: "
        "the prefix's regions stay and everything else becomes the picture's mean colour, the blurred "
        "picture, "
        "noise of all colours, or the same fill with borders moved smoothly by up to 2 pixels; survival is "
        "the "
        "probability over that with the fill of the search, at most 1.",
    .reading =
        "the subjects without erased blocks are a warning and have no bar: there an order can have the best "
        "Insertion and yet lie beside the object. Noise of all colours is nothing that any subject saw in "
        "training.",
    .not_measured = "- parts of things one by one: docs/part_truth.md\n"
                    "- real photographs, which have no exact masks",
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
    .profiles = {"items=10 plain=10 subjects=pair", NULL, "items=100 plain=100"},
    .seeds = {1, 3, 3},
    .run = run,
};
