/* SPDX-License-Identifier: Apache-2.0
 *
 * 01 LiMA, mistakes: run towards the true class of a picture that the model gets wrong, which regions bring
 * the truth back, and are the late ones those that misled it?
 */
#include <math.h>

#include "papers/experiments.h"
#include "papers/lima_seed.h"

static const vt_field fields[] = {VT_LIMA_SIZE_FIELDS("wrong", "20", "0")};

/* clang-format off */
static const vt_arm arms[] = {
    {"lima", "LiMA"}, {"rise", "RISE, 500"}, {"kernel-shap", "KernelSHAP, 1 000"}, {"hsic", "HSIC, 500"},
    {"occlusion", "Occlusion"}, {"grad-cam", "Grad-CAM"}, {"integrated-gradients", "Integrated gradients"},
    {"random", "random order"}, {"oracle", "the object's mask"},
    {"mean", "mean of the attribution baselines"}, {"best", "best attribution baseline"},
};
static const vt_lima_arm how[] = {
    {"lima", VT_LIMA_OURS, true, NULL}, {"rise=rise(n_samples=500)", VT_LIMA_BASELINE, true, NULL},
    {"kernel-shap=kernel-shap(n_samples=1000)", VT_LIMA_BASELINE, true, NULL},
    {"hsic=hsic(n_samples=500)", VT_LIMA_BASELINE, true, NULL},
    {"occlusion=occlusion(window=16,stride=8)", VT_LIMA_BASELINE, true, NULL},
    {"grad-cam", VT_LIMA_BASELINE, true, NULL}, {"integrated-gradients", VT_LIMA_BASELINE, true, NULL},
    {"random", VT_LIMA_REFERENCE, true, NULL}, {"oracle", VT_LIMA_REFERENCE, true, NULL},
    {NULL, VT_LIMA_VIRTUAL, true, NULL}, {NULL, VT_LIMA_VIRTUAL, true, NULL},
};
/* clang-format on */
_Static_assert(VT_COUNT(arms) == VT_COUNT(how), "an arm has a text or stands for others");

enum { ACCURACY = VT_LIMA_VALUES, DISTRACTOR_RATIO };
static const vt_yardstick yardsticks[] = {
    VT_LIMA_YARDSTICKS,
    {"accuracy", "Test items the subject gets right", "", true, 0, 1},
    {"distractor-ratio", "Reversed order on the distractor over the distractor's share", "", true, 0, 1000},
};

static const vt_item_group groups[] = {VT_LIMA_GROUPS};

static const vt_claim claims[] = {
    {"highest-confidence",
     "run towards the true class of mistaken pictures, some prefix has a higher probability of it than with "
     "any "
     "attribution method",
     "abstract: +86.1 % average highest confidence", "highest-100", "lima", "best", NULL, VT_COMPARE_RELATIVE,
     0, .30},
    {"insertion", "and Insertion towards the true class is higher", "table of mistaken samples", "insertion",
     "lima", "best", NULL, VT_COMPARE_DIFFERENCE, 0, 0},
    {"late-regions-mislead",
     "with two things in the picture, the late regions of the order lie on the second one",
     "figures of mistaken samples; the bar is ours", "distractor-ratio", "lima", NULL, NULL, VT_COMPARE_LEVEL,
     1, 2},
};

static const vt_control controls[] = {
    {"subjects-know", "subjects know their classes when nothing tempts them", "accuracy", "lima", NULL, NULL,
     VT_COMPARE_LEVEL, .8, 1, false},
    {"beats-random", "orders matter: LiMA's highest probability is above that of a random order",
     "highest-100", "lima", "random", NULL, VT_COMPARE_DIFFERENCE, .02, INFINITY, false},
    {"random-ignores-distractor", "a random order's late regions lie on the second thing as often as chance",
     "distractor-ratio", "random", NULL, NULL, VT_COMPARE_LEVEL, .5, 1.6, false},
};

static const vt_stage stages[] = {VT_LIMA_STAGES};

/* Two thirds with two things, the rest hard to see; all two things where nothing else is offered. */
static vt_status wrong_items(vt_ctx *ctx, const vt_lima_subject *subject, int64_t count, vt_lima_item *items,
                             int64_t *found)
{
  int64_t two = subject->kind->corrupted[0] ? (2 * count + 2) / 3 : count, more = 0;
  VT_TRY(vt_lima_items(ctx, subject, VT_LIMA_TWO, true, 0, 100 * count + 200, two, items, found, NULL));
  if (*found == count || !subject->kind->corrupted[0]) return VT_OK;
  vt_status status = vt_lima_items(ctx, subject, VT_LIMA_CORRUPTED, true, 0, 100 * count + 200,
                                   count - *found, items + *found, &more, NULL);
  if (status != VT_OK) {
    for (int64_t i = 0; i < *found; i++)
      vt_lima_item_free(&items[i]);
    more = -*found;
  }
  *found += more;
  return status;
}

static vt_status add_ratio(vt_ctx *ctx, vt_lima_seed *seed, int group, int arm, const vt_lima_item *item,
                           const vt_lima_study *study, const vt_lima_said *said)
{
  VT_UNUSED(study);
  if (!item->distractor_area) return VT_OK;
  return vt_lima_table_add(ctx, &seed->table, arm, DISTRACTOR_RATIO, group,
                           seed->table.rows[seed->table.count - 1].item,
                           said->values[VT_LIMA_DISTRACTOR_LAST] / said->values[VT_LIMA_DISTRACTOR_CHANCE]);
}

static vt_status run(vt_repro *repro, int seed, const void *settings)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  vt_lima_seed work = {.experiment = &vt_experiment_lima_mistakes,
                       .how = how,
                       .ask = VT_LIMA_ASK_CURVES | VT_LIMA_ASK_PLACES | VT_LIMA_ASK_HIGHEST,
                       .accuracy = ACCURACY,
                       .items = wrong_items,
                       .more = add_ratio,
                       .repro = repro,
                       .sizes = settings,
                       .seed = seed};
  vt_status status = vt_lima_seed_run(ctx, &work);
  if (status == VT_OK) status = vt_lima_seed_write(&work);
  vt_lima_seed_close(&work);
  return status;
}

const vt_experiment vt_experiment_lima_mistakes = {
    .version = 1,
    .coverage = "mistakes of six small models trained here",
    .protocol = "pictures that the subject gets wrong: two thirds with a second thing of another class "
                "(scenes: a smaller "
                "one; sounds: of the same loudness, so that the label is that of either; slides: of the same "
                "size), the "
                "rest hard to see (scenes: noise; sounds: softer by 16 dB). All methods explain the "
                "probability of the true "
                "class. Equal granularity: every map averaged over the same regions, one step a region, "
                "hidden ones filled "
                "as the search filled. Highest: the largest probability of the true class along the curve "
                "from the blank, "
                "within a share of the area. Distractor: of the second thing's area, as many pixels from the "
                "end of the "
                "order, the share that lies on it.",
    .reading = "a probability of the true class that some prefix reaches says that the evidence is there; "
               "whether it "
               "lies on the thing is told by purity beside it.",
    .not_measured = "- the paper's mistaken samples (ImageNet, VGG-Sound, LC25000 lung)\n"
                    "- early checkpoints as a source of mistakes",
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
    .profiles = {"items=10 subjects=pair", NULL, "items=60"},
    .seeds = {1, 3, 3},
    .run = run,
};
