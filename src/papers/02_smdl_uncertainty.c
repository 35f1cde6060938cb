/* SPDX-License-Identifier: Apache-2.0
 *
 * 02 SMDL: does the evidential network know what it does not know? Noise, pictures of which little is left,
 * and pictures of no class it knows against test pictures.
 */
#include <math.h>

#include "attribution/uncertainty.h"
#include "papers/experiments.h"
#include "papers/smdl_subjects.h"
#include "worlds/corrupt.h"

typedef struct uncertainty_sizes {
  int64_t pictures, steps, shown_seeds;
  bool creatures;
} uncertainty_sizes;

static const vt_field fields[] = {
    {"pictures", VT_FIELD_INT, offsetof(uncertainty_sizes, pictures), "150", VT_RANGE(10, 10000),
     .help = "pictures of each kind, world and seed"},
    {"steps", VT_FIELD_INT, offsetof(uncertainty_sizes, steps), "0", VT_RANGE(0, 1e6),
     .help = "training steps of each network; 0: as its recipe says"},
    {"shown_seeds", VT_FIELD_INT, offsetof(uncertainty_sizes, shown_seeds), "1", VT_RANGE(0, 1000),
     .help = "seeds for which a network is also trained with pictures of noise"},
    {"creatures", VT_FIELD_BOOL, offsetof(uncertainty_sizes, creatures), "true",
     .help = "the second world, too"},
};

static const vt_arm arms[] = {
    {"evidential", "u of the evidential network"},
    {"noise-shown", "the same, shown noise in training"},
    {"entropy", "entropy of the recogniser"},
};

#define SHARE(id, title, higher)                                                                             \
  {                                                                                                          \
    id, title, "", higher, 0, 1                                                                              \
  }
static const vt_yardstick yardsticks[] = {
    SHARE("noise", "AUROC: noise", true),
    SHARE("occlusion", "AUROC: a tenth of the blocks", true),
    SHARE("unknown", "AUROC: unknown classes", true),
    SHARE("same", "AUROC: other test pictures", true),
    SHARE("mean", "mean on test pictures", false),
    SHARE("mean-unknown", "mean on unknown classes", true),
    SHARE("accuracy", "accuracy", true),
};

static const vt_item_group groups[] = {
    {"scenes", "scenes: one thing of 12 classes among scraps; unknown: marks that are no thing", false},
    {"creatures", "creatures: 20 look-alike species; unknown: animals of the same parts that are no species",
     false},
};

#define KNOWS(id, yardstick, arm, text)                                                                      \
  {                                                                                                          \
    id, text, "sanity of the evidential network; the bar is ours", yardstick, arm, NULL, NULL,               \
        VT_COMPARE_LEVEL, .5, .8                                                                             \
  }
static const vt_claim claims[] = {
    KNOWS("noise", "noise", "evidential", "u is higher on noise than on test pictures"),
    KNOWS("occlusion", "occlusion", "evidential", "u is higher where nine tenths of the blocks are hidden"),
    KNOWS("unknown", "unknown", "evidential", "u is higher on classes that the network never saw"),
    KNOWS("shown-noise", "noise", "noise-shown", "shown noise in training, u is higher on noise"),
    KNOWS("shown-occlusion", "occlusion", "noise-shown", "and still where nine tenths are hidden"),
    KNOWS("shown-unknown", "unknown", "noise-shown", "and on unknown classes, which it was not shown"),
};

static const vt_control controls[] = {
    {"accuracy", "the evidential network gets at least nine of ten test pictures right", "accuracy",
     "evidential", NULL, NULL, VT_COMPARE_LEVEL, .9, 1, true},
    {"same", "it tells test pictures from other test pictures no better than chance", "same", "evidential",
     NULL, NULL, VT_COMPARE_LEVEL, .4, .6, false},
};

static int64_t steps_of(const void *settings)
{
  return ((const uncertainty_sizes *)settings)->creatures ? 2 : 1;
}

static const vt_stage stages[] = {{"worlds", "networks trained and asked", steps_of}};

/* ---- pictures ---- */

enum { KNOWN, OTHERS, NOISE, OCCLUDED, UNKNOWN, SETS };
enum { APART = 100000, SECOND = 50000 };

typedef struct answers {
  double *u[SETS], *shown[SETS], *entropy[SETS]; /* [count] */
} answers;

static void free_answers(answers *all)
{
  for (int set = 0; set < SETS; set++) {
    vt_free(all->u[set]);
    vt_free(all->shown[set]);
    vt_free(all->entropy[set]);
  }
}

static vt_status make_picture(vt_repro *repro, const vt_smdl_subject *subject, int set, int seed, int64_t i,
                              vt_smdl_item *item)
{
  int64_t index = (int64_t)seed * APART + i + (set == OTHERS ? SECOND : 0);
  uint64_t key = vt_repro_seed(repro, set == NOISE ? "noise" : "occlusion", i);
  VT_TRY(vt_smdl_item_make(vt_repro_ctx(repro), subject, set == UNKNOWN ? subject->unknown : subject->plain,
                           index, item));
  vt_image *picture = item->picture;
  if (set == OCCLUDED) vt_erase_blocks(picture->pixels, picture->width, picture->height, .1, key, NULL);
  for (int p = 0; set == NOISE && p < 3 * picture->width * picture->height; p++)
    picture->pixels[p] = (uint8_t)vt_random_below(key, 0, (uint64_t)p, 256);
  return VT_OK;
}

/* H / ln K of the recogniser's answer. */
static vt_status entropy_of(vt_ctx *ctx, const vt_smdl_subject *subject, const vt_image *picture, double *out)
{
  int classes = vt_model_classes(subject->recogniser);
  double *p = vt_alloc_zero(ctx, (size_t)classes, sizeof *p);
  if (!p) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_smdl_ask(ctx, subject->recogniser, picture, p);
  *out = 0;
  for (int c = 0; c < classes; c++)
    *out -= p[c] > 0 ? p[c] * log(p[c]) / log(classes) : 0;
  vt_free(p);
  return status;
}

static vt_status ask_set(vt_repro *repro, const vt_smdl_subject *subject, vt_model *shown, int set, int seed,
                         int64_t count, answers *out, int64_t *right)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  int classes = vt_model_classes(subject->network);
  out->u[set] = vt_alloc_zero(ctx, (size_t)count, sizeof *out->u[set]);
  out->shown[set] = vt_alloc_zero(ctx, (size_t)count, sizeof *out->shown[set]);
  out->entropy[set] = vt_alloc_zero(ctx, (size_t)count, sizeof *out->entropy[set]);
  double *scores = vt_alloc_zero(ctx, (size_t)classes, sizeof *scores);
  vt_status status =
      out->u[set] && out->shown[set] && out->entropy[set] && scores ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < count && status == VT_OK; i++) {
    vt_smdl_item item = {0};
    int best = 0;
    status = make_picture(repro, subject, set, seed, i, &item);
    const vt_image *picture = item.picture;
    if (status == VT_OK)
      status = vt_uncertainty_pictures(ctx, subject->network, &picture, 1, &out->u[set][i]);
    if (status == VT_OK && shown)
      status = vt_uncertainty_pictures(ctx, shown, &picture, 1, &out->shown[set][i]);
    if (status == VT_OK) status = entropy_of(ctx, subject, picture, &out->entropy[set][i]);
    if (status == VT_OK) status = vt_smdl_ask(ctx, subject->network, picture, scores);
    for (int c = 1; c < classes; c++)
      if (scores[c] > scores[best]) best = c;
    if (set == KNOWN) *right += best == item.label;
    vt_smdl_item_free(&item);
    if (status == VT_OK) status = vt_check_cancel(ctx);
  }
  vt_free(scores);
  return status;
}

/* ---- figures ---- */

/* Chance that one of `high` is above one of `low`, ties half. */
static double auroc(const double *high, const double *low, int64_t count)
{
  double wins = 0;
  for (int64_t i = 0; i < count; i++)
    for (int64_t j = 0; j < count; j++)
      wins += high[i] > low[j] ? 1 : high[i] == low[j] ? .5 : 0;
  return wins / ((double)count * (double)count);
}

static double mean_of(const double *values, int64_t count)
{
  double sum = 0;
  for (int64_t i = 0; i < count; i++)
    sum += values[i];
  return sum / (double)count;
}

static vt_status rows(vt_repro *repro, const char *arm, const char *group, double *const sets[SETS],
                      int64_t count)
{
  static const char *const names[SETS] = {NULL, "same", "noise", "occlusion", "unknown"};
  for (int set = OTHERS; set < SETS; set++)
    VT_TRY(vt_repro_row(repro, arm, names[set], group, 0, auroc(sets[set], sets[KNOWN], count)));
  VT_TRY(vt_repro_row(repro, arm, "mean", group, 0, mean_of(sets[KNOWN], count)));
  return vt_repro_row(repro, arm, "mean-unknown", group, 0, mean_of(sets[UNKNOWN], count));
}

static vt_status measure_world(vt_repro *repro, const vt_smdl_subject *subject, vt_model *shown, int seed,
                               int64_t count)
{
  const char *group = subject->kind->id;
  answers all = {{NULL}, {NULL}, {NULL}};
  int64_t right = 0;
  vt_status status = VT_OK;
  for (int set = 0; set < SETS && status == VT_OK; set++)
    status = ask_set(repro, subject, shown, set, seed, count, &all, &right);
  if (status == VT_OK)
    status = vt_repro_row(repro, "evidential", "accuracy", group, 0, (double)right / (double)count);
  if (status == VT_OK) status = rows(repro, "evidential", group, all.u, count);
  if (status == VT_OK && shown) status = rows(repro, "noise-shown", group, all.shown, count);
  if (status == VT_OK) status = rows(repro, "entropy", group, all.entropy, count);
  free_answers(&all);
  return status;
}

static vt_status run_world(vt_repro *repro, const vt_smdl_kind *kind, int seed,
                           const uncertainty_sizes *sizes)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  vt_smdl_subject subject;
  vt_model *shown = NULL;
  VT_TRY(vt_smdl_subject_open(ctx, vt_repro_cache(repro), kind, seed, sizes->steps, &subject));
  vt_status status = VT_OK;
  if (seed < sizes->shown_seeds)
    status = vt_smdl_noise_shown_open(ctx, vt_repro_cache(repro), kind, seed, sizes->steps, &shown);
  if (status == VT_OK) status = measure_world(repro, &subject, shown, seed, sizes->pictures);
  vt_model_free(shown);
  vt_smdl_subject_close(&subject);
  return status;
}

static vt_status run(vt_repro *repro, int seed, const void *settings)
{
  const uncertainty_sizes *sizes = settings;
  VT_TRY(vt_repro_stage(repro, "worlds"));
  for (int k = 0; k < (sizes->creatures ? 2 : 1); k++) {
    VT_TRY(run_world(repro, &vt_smdl_kinds[k], seed, sizes));
    VT_TRY(vt_repro_step(repro));
  }
  return VT_OK;
}

const vt_experiment vt_experiment_smdl_uncertainty = {
    .version = 1,
    .coverage = "two generated worlds, the log form of the loss",
    .protocol =
        "the evidential networks of the refinement: evidence e = exp(score cut to ±10) in training and use, "
        "loss ln S - ln(e_y + 1), no KL term, blocks erased in half of the training pictures. AUROC: the "
        "chance that u of such a picture is above u of a test picture. Noise: every colour of every pixel "
        "drawn evenly; occlusion: 8x8 blocks made black until a tenth is left, which training went down to "
        "15 % of; unknown: pictures of the same world that show none of the classes. The second network is "
        "trained with an eighth of noise added to every batch, for which all evidence is punished by its KL "
        "divergence from the flat Dirichlet: even colours in squares of 1 to 8 pixels, the finest of which "
        "is what is asked here.",
    .reading =
        "the entropy of the recogniser stands beside it: what the paper's second network has to be better "
        "than to be worth its forwards.",
    .not_measured = "- the squared and digamma forms and the annealed KL term (they are built: objective=, "
                    "annealing=)\n"
                    "- evidential networks of photographs",
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
    .settings_size = sizeof(uncertainty_sizes),
    .profiles = {"pictures=60 creatures=false shown_seeds=0", NULL, "pictures=1000 shown_seeds=3"},
    .seeds = {1, 3, 3},
    .run = run,
};
