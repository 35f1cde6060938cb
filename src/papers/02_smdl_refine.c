/* SPDX-License-Identifier: Apache-2.0
 *
 * 02 SMDL, claim A: a saliency map cut into patches and searched greedily is better than the map, for
 * pictures that the model gets right and for those that it gets wrong.
 */
#include <math.h>

#include "papers/experiments.h"
#include "papers/smdl_case.h"
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

enum { SALIENCY, GRAD_CAM, RISE, HSIC, PRIORS };
enum { GRID = 8, PATCHES = 4, REGIONS = GRID * GRID / PATCHES };

/* Arms of a prior: its map, the map's patches in their own order, the same patches ordered by SMDL. */
enum { MAP, OWN_ORDER, REFINED, FORMS };
static const char *const arm_ids[PRIORS + 1][FORMS] = {
    {"saliency", "saliency-patches", "saliency-ours"},
    {"grad-cam", "grad-cam-patches", "grad-cam-ours"},
    {"rise", "rise-patches", "rise-ours"},
    {"hsic", "hsic-patches", "hsic-ours"},
    {"maps", "patches", "ours"},
};

static const vt_arm arms[] = {
    {"saliency", "Saliency"},
    {"saliency-patches", "… its patches"},
    {"saliency-ours", "Saliency + SMDL"},
    {"grad-cam", "Grad-CAM"},
    {"grad-cam-patches", "… its patches"},
    {"grad-cam-ours", "Grad-CAM + SMDL"},
    {"rise", "RISE"},
    {"rise-patches", "… its patches"},
    {"rise-ours", "RISE + SMDL"},
    {"hsic", "HSIC"},
    {"hsic-patches", "… its patches"},
    {"hsic-ours", "HSIC + SMDL"},
    {"maps", "mean of the four maps"},
    {"patches", "mean of their patches"},
    {"ours", "mean of the four + SMDL"},
    {"random", "HSIC's patches in random order"},
    {"recogniser", "recogniser"},
};

#define SHARE(id, title, higher)                                                                             \
  {                                                                                                          \
    id, title, "", higher, 0, 1                                                                              \
  }
static const vt_yardstick yardsticks[] = {
    SHARE("insertion", "Insertion", true),
    SHARE("deletion", "Deletion", false),
    SHARE("shown-5", "p at 5 %", true),
    SHARE("shown-10", "p at 10 %", true),
    SHARE("purity-5", "purity at 5 %", true),
    SHARE("purity-10", "purity at 10 %", true),
    SHARE("highest-25", "wrong: highest p within 25 %", true),
    SHARE("highest-50", "within 50 %", true),
    SHARE("highest-75", "within 75 %", true),
    SHARE("highest-100", "within 100 %", true),
    SHARE("wrong-insertion", "wrong: Insertion", true),
    SHARE("accuracy", "accuracy", true),
};

static const vt_item_group groups[] = {
    {"scenes", "scenes: one thing of 12 classes among scraps", false},
    {"creatures", "creatures: 20 look-alike species", false},
};

#define RELATIVE(id, text, section, yardstick, arm, against, margin)                                         \
  {                                                                                                          \
    id, text, section, yardstick, arm, against, NULL, VT_COMPARE_RELATIVE, 0, margin                         \
  }
#define SMALL(prior, title)                                                                                  \
  {                                                                                                          \
    "small-" prior, "at 10 % of the area " title " + SMDL shows at least what " title " does",               \
        "fewer regions, \"small regions\" in the abstract", "shown-10", prior "-ours", prior, NULL,          \
        VT_COMPARE_DIFFERENCE, 0, 0                                                                          \
  }
static const vt_claim claims[] = {
    RELATIVE("insertion", "SMDL on a map's patches has a higher Insertion than the map, mean of four maps",
             "table of right predictions, + ours", "insertion", "ours", "maps", 0),
    RELATIVE("deletion", "and a lower Deletion", "the same", "deletion", "ours", "maps", 0),
    RELATIVE("hsic-insertion", "HSIC + SMDL has a higher Insertion than HSIC", "abstract: +2.5 %",
             "insertion", "hsic-ours", "hsic", 0),
    RELATIVE("hsic-deletion", "and a lower Deletion", "abstract: -4.9 %", "deletion", "hsic-ours", "hsic", 0),
    RELATIVE("wrong-highest",
             "on mistakes HSIC + SMDL finds a subset that the true class gets a higher score for",
             "abstract: +81.0 % average highest confidence", "highest-100", "hsic-ours", "hsic", .2),
    RELATIVE("wrong-insertion", "and its Insertion towards the true class is higher", "abstract: +18.4 %",
             "wrong-insertion", "hsic-ours", "hsic", 0),
    SMALL("saliency", "Saliency"),
    SMALL("grad-cam", "Grad-CAM"),
    SMALL("rise", "RISE"),
    SMALL("hsic", "HSIC"),
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

/* ---- one picture ---- */

static vt_status measure_prior(vt_repro *repro, const vt_smdl_case *of, int prior, const char *group,
                               int64_t item, bool wrong, int64_t samples, vt_smdl_figures figures[FORMS])
{
  static const char *const contenders[PRIORS] = {"saliency", "grad-cam", "rise(n_samples=%lld)",
                                                 "hsic(n_samples=%lld,regions=grid:8x8)"};
  static const vt_smdl_variant all = {"1,1,1,1", false};
  vt_ctx *ctx = vt_repro_ctx(repro);
  vt_made *map = NULL;
  vt_regions *regions = NULL;
  int order[REGIONS], own[REGIONS], mixed[REGIONS];
  char contender[80];
  vt_status status;
  snprintf(contender, sizeof contender, contenders[prior], (long long)samples);
  VT_TRY_DONE(vt_smdl_case_prior(ctx, of, contender, &map, &regions));
  int count = vt_regions_count(regions);
  for (int i = 0; i < count; i++)
    own[i] = mixed[i] = i;
  VT_TRY_DONE(vt_smdl_case_measure(ctx, of, map, &figures[MAP]));
  VT_TRY_DONE(vt_smdl_case_measure_order(ctx, of, regions, own, &figures[OWN_ORDER]));
  VT_TRY_DONE(vt_smdl_case_refine(ctx, of, regions, &all, order, NULL));
  VT_TRY_DONE(vt_smdl_case_measure_order(ctx, of, regions, order, &figures[REFINED]));
  for (int form = 0; form < FORMS; form++)
    VT_TRY_DONE(vt_smdl_rows(repro, arm_ids[prior][form], group, item, wrong, &figures[form]));
  if (prior == HSIC) {
    uint64_t seed = vt_repro_seed(repro, "random order", item);
    vt_smdl_figures random;
    for (int i = count - 1; i > 0; i--) {
      int j = (int)vt_random_below(seed, 0, (uint64_t)i, (uint64_t)i + 1), kept = mixed[i];
      mixed[i] = mixed[j];
      mixed[j] = kept;
    }
    VT_TRY_DONE(vt_smdl_case_measure_order(ctx, of, regions, mixed, &random));
    status = vt_smdl_rows(repro, "random", group, item, wrong, &random);
  }
done:
  vt_regions_free(regions);
  vt_made_free(map);
  return status;
}

static vt_status measure_picture(vt_repro *repro, const vt_smdl_subject *subject, const vt_smdl_item *found,
                                 int64_t item, bool wrong, int64_t samples)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  const char *group = subject->kind->id;
  vt_smdl_figures figures[PRIORS][FORMS], column[PRIORS], mean;
  vt_smdl_case wanted = {.recogniser = subject->recogniser,
                         .network = subject->network,
                         .picture = found->picture,
                         .mask = found->mask,
                         .area = found->area,
                         .target = found->label,
                         .grid = GRID,
                         .patches = PATCHES},
               of;
  VT_TRY(vt_smdl_case_open(ctx, &wanted, (int64_t)(vt_repro_seed(repro, group, item) >> 12), &of));
  vt_status status = VT_OK;
  for (int prior = 0; prior < PRIORS && status == VT_OK; prior++)
    status = measure_prior(repro, &of, prior, group, item, wrong, samples, figures[prior]);
  for (int form = 0; form < FORMS && status == VT_OK; form++) {
    for (int prior = 0; prior < PRIORS; prior++)
      column[prior] = figures[prior][form];
    mean = vt_smdl_figures_mean(column, PRIORS);
    status = vt_smdl_rows(repro, arm_ids[PRIORS][form], group, item, wrong, &mean);
  }
  vt_smdl_case_close(&of);
  return status;
}

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
    vt_status status = measure_picture(repro, subject, &item, wrong ? APART + i : i, wrong, sizes->samples);
    vt_smdl_item_free(&item);
    VT_TRY(status);
    VT_TRY(vt_repro_step(repro));
  }
  return VT_OK;
}

static vt_status measure_accuracy(vt_repro *repro, const vt_smdl_subject *subject, int seed)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  int right = 0;
  for (int64_t i = 0; i < TESTED; i++) {
    vt_smdl_item item;
    VT_TRY(vt_smdl_item_make(ctx, subject, subject->plain, (int64_t)seed * APART + i, &item));
    right += item.predicted == item.label;
    vt_smdl_item_free(&item);
  }
  return vt_repro_row(repro, "recogniser", "accuracy", subject->kind->id, 0, (double)right / TESTED);
}

static vt_status run(vt_repro *repro, int seed, const void *settings)
{
  const refine_sizes *sizes = settings;
  vt_ctx *ctx = vt_repro_ctx(repro);
  size_t kinds = sizes->creatures ? 2 : 1;
  vt_smdl_subject subjects[2] = {{0}};
  vt_status status;
  VT_TRY_DONE(vt_repro_stage(repro, "subjects"));
  for (size_t k = 0; k < kinds; k++) {
    VT_TRY_DONE(vt_smdl_subject_open(ctx, vt_repro_cache(repro), &vt_smdl_kinds[k], seed, sizes->steps,
                                     &subjects[k]));
    VT_TRY_DONE(vt_repro_step(repro));
  }
  VT_TRY_DONE(vt_repro_stage(repro, "pictures"));
  for (size_t k = 0; k < kinds; k++) {
    VT_TRY_DONE(measure_accuracy(repro, &subjects[k], seed));
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
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .settings_size = sizeof(refine_sizes),
    .profiles = {"right=5 wrong=3 steps=500 creatures=false", NULL, "right=100 wrong=40"},
    .seeds = {1, 3, 3},
    .run = run,
};
