/* SPDX-License-Identifier: Apache-2.0
 *
 * 02 SMDL, claim B: what each of the four scores is worth, how far each is from what the theory asks, and
 * whether the patches of a prior are better than plain ones.
 */
#include <jansson.h>
#include <math.h>

#include "attribution/smdl_greedy.h"
#include "papers/experiments.h"
#include "papers/smdl_case.h"
#include "papers/smdl_seed.h"

static const vt_field fields[] = {
    {"right", VT_FIELD_INT, offsetof(vt_smdl_sizes, right), "15", VT_RANGE(1, 10000),
     .help = "pictures that the recogniser gets right, of each world and seed"},
    {"wrong", VT_FIELD_INT, offsetof(vt_smdl_sizes, wrong), "8", VT_RANGE(1, 10000),
     .help = "pictures that it gets wrong"},
    {"samples", VT_FIELD_INT, offsetof(vt_smdl_sizes, samples), "500", VT_RANGE(16, 8192),
     .help = "model calls of HSIC, the prior"},
    {"steps", VT_FIELD_INT, offsetof(vt_smdl_sizes, steps), "0", VT_RANGE(0, 1e6),
     .help = "training steps of each network; 0: as its recipe says"},
    {"most", VT_FIELD_INT, offsetof(vt_smdl_sizes, most), "2000", VT_RANGE(1, 1e6),
     .help = "pictures looked at for the next one that fits"},
    {"creatures", VT_FIELD_BOOL, offsetof(vt_smdl_sizes, creatures), "true", .help = "the second world, too"},
};

static const vt_arm arms[] = {
    {"all", "all four scores"},
    {"no-consistency", "without consistency"},
    {"no-collaboration", "without collaboration"},
    {"no-confidence", "without confidence"},
    {"no-effectiveness", "without effectiveness"},
    {"entropy", "confidence by entropy"},
    {"plain", "all four, plain 4x4 patches"},
    {"f", "F"},
    {"consistency", "consistency"},
    {"collaboration", "collaboration"},
    {"confidence", "confidence"},
    {"effectiveness", "effectiveness"},
};

static const vt_smdl_variant variants[] = {{"1,1,1,1", false}, {"0,1,1,1", false}, {"1,0,1,1", false},
                                           {"1,1,0,1", false}, {"1,1,1,0", false}, {"1,1,1,1", true}};
enum { VARIANTS = VT_COUNT(variants), PLAIN = VARIANTS, FIRST_SCORE = PLAIN + 2, F = PLAIN + 1 };

#define SHARE(id, title, higher)                                                                             \
  {                                                                                                          \
    id, title, "", higher, 0, 1                                                                              \
  }
static const vt_yardstick yardsticks[] = {
    SHARE("insertion", "Insertion", true),
    SHARE("deletion", "Deletion", false),
    {"balance", "Insertion - Deletion", "", true, -1, 1},
    SHARE("highest-25", "wrong: highest p within 25 %", true),
    SHARE("highest-100", "within 100 %", true),
    SHARE("wrong-insertion", "wrong: Insertion", true),
    SHARE("not-submodular", "gains that grow", false),
    SHARE("not-monotone", "steps that fall", false),
    SHARE("accuracy", "accuracy", true),
};

static const vt_item_group groups[] = {
    {"scenes", "scenes: one thing of 12 classes among scraps", false},
    {"creatures", "creatures: 20 look-alike species", false},
};

#define WORSE(id, text, dropped, other)                                                                      \
  {                                                                                                          \
    id, text, "ablation table", "balance", other, dropped, NULL, VT_COMPARE_DIFFERENCE, 0, 0                 \
  }
static const vt_claim claims[] = {
    WORSE("consistency-confidence", "dropping consistency costs more than dropping confidence",
          "no-consistency", "no-confidence"),
    WORSE("consistency-effectiveness", "dropping consistency costs more than dropping effectiveness",
          "no-consistency", "no-effectiveness"),
    WORSE("collaboration-confidence", "dropping collaboration costs more than dropping confidence",
          "no-collaboration", "no-confidence"),
    WORSE("collaboration-effectiveness", "dropping collaboration costs more than dropping effectiveness",
          "no-collaboration", "no-effectiveness"),
    {"prior-insertion", "a prior's patches give a higher Insertion than as many plain patches",
     "ablation of the division", "insertion", "all", "plain", NULL, VT_COMPARE_DIFFERENCE, 0, 0},
    {"prior-deletion", "and a lower Deletion", "ablation of the division", "deletion", "all", "plain", NULL,
     VT_COMPARE_DIFFERENCE, 0, 0},
};

static const vt_control controls[] = {
    {"accuracy", "every recogniser gets at least nine of ten test pictures right", "accuracy", "all", NULL,
     NULL, VT_COMPARE_LEVEL, .9, 1, true},
    {"effectiveness", "effectiveness, a sum over the shown, can break both assumptions and is seen to",
     "not-submodular", "effectiveness", NULL, NULL, VT_COMPARE_LEVEL, .01, 1, false},
};

enum { GRID = 8, PATCHES = 4, REGIONS = GRID * GRID / PATCHES };

/* ---- one picture ---- */

static vt_status rows(vt_repro *repro, const char *arm, const char *group, int64_t item, bool wrong,
                      const vt_smdl_figures *figures)
{
  if (wrong) {
    VT_TRY(vt_repro_row(repro, arm, "highest-25", group, item, figures->highest[0]));
    VT_TRY(vt_repro_row(repro, arm, "highest-100", group, item, figures->highest[3]));
    return vt_repro_row(repro, arm, "wrong-insertion", group, item, figures->insertion);
  }
  VT_TRY(vt_repro_row(repro, arm, "insertion", group, item, figures->insertion));
  VT_TRY(vt_repro_row(repro, arm, "deletion", group, item, figures->deletion));
  return vt_repro_row(repro, arm, "balance", group, item, figures->insertion - figures->deletion);
}

/* How often F and the scores break diminishing returns and monotonicity, of the search with all four. */
static vt_status violation_rows(vt_repro *repro, const char *group, int64_t item, const json_t *details)
{
  static const char *const kinds[2] = {"not_submodular", "not_monotone"}, *const names[2] = {"not-submodular",
                                                                                             "not-monotone"};
  for (int kind = 0; kind < 2; kind++) {
    const json_t *rates = json_object_get(details, kinds[kind]);
    for (int v = 0; v < VT_SMDL_VALUES; v++) {
      const json_t *rate = json_object_get(rates, vt_smdl_value_names[v]);
      const char *arm = arms[v == VT_SMDL_F ? F : FIRST_SCORE + v].id;
      VT_TRY(vt_repro_row(repro, arm, names[kind], group, item,
                          json_is_number(rate) ? json_number_value(rate) : NAN));
    }
  }
  return VT_OK;
}

static vt_status plain_patches(vt_ctx *ctx, const vt_image *picture, vt_regions **out)
{
  return vt_divide(ctx, "grid:4x4", picture, out, NULL);
}

static vt_status measure_case(vt_repro *repro, const vt_smdl_case *of, const char *group, int64_t item,
                              bool wrong, int64_t samples)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  vt_made *map = NULL;
  vt_regions *regions = NULL, *plain = NULL;
  int order[REGIONS];
  char contender[80];
  vt_smdl_figures figures;
  json_t *details = NULL;
  vt_status status;
  snprintf(contender, sizeof contender, "hsic(n_samples=%lld,regions=grid:8x8)", (long long)samples);
  VT_TRY_DONE(vt_smdl_case_prior(ctx, of, contender, &map, &regions));
  for (size_t v = 0; v < VARIANTS; v++) {
    VT_TRY_DONE(vt_smdl_case_refine(ctx, of, regions, &variants[v], order, v == 0 ? &details : NULL));
    VT_TRY_DONE(vt_smdl_case_measure_order(ctx, of, regions, order, &figures));
    VT_TRY_DONE(rows(repro, arms[v].id, group, item, wrong, &figures));
  }
  if (!wrong) VT_TRY_DONE(violation_rows(repro, group, item, details));
  VT_TRY_DONE(plain_patches(ctx, of->picture, &plain));
  VT_TRY_DONE(vt_smdl_case_refine(ctx, of, plain, &variants[0], order, NULL));
  VT_TRY_DONE(vt_smdl_case_measure_order(ctx, of, plain, order, &figures));
  status = rows(repro, arms[PLAIN].id, group, item, wrong, &figures);
done:
  json_decref(details);
  vt_regions_free(regions);
  vt_regions_free(plain);
  vt_made_free(map);
  return status;
}

static vt_status measure_item(vt_repro *repro, const vt_smdl_subject *subject, const vt_smdl_item *found,
                              int64_t item, bool wrong, int64_t samples)
{
  const char *group = subject->kind->id;
  vt_smdl_case wanted = {.recogniser = subject->recogniser,
                         .network = subject->network,
                         .picture = found->picture,
                         .target = found->label,
                         .grid = GRID,
                         .patches = PATCHES},
               of;
  VT_TRY(vt_smdl_case_open(vt_repro_ctx(repro), &wanted, (int64_t)(vt_repro_seed(repro, group, item) >> 12),
                           &of));
  vt_status status = measure_case(repro, &of, group, item, wrong, samples);
  vt_smdl_case_close(&of);
  return status;
}

static vt_status run(vt_repro *repro, int seed, const void *settings)
{
  return vt_smdl_seed_run(repro, seed, settings, "all", measure_item);
}

const vt_experiment vt_experiment_smdl_scores = {
    .version = 1,
    .coverage = "two generated worlds, HSIC as the prior",
    .protocol =
        "subjects, patches and curves as in the refinement; the prior is HSIC on an 8x8 grid. One score at a "
        "time has the weight 0. Gains that grow: share of triples (A, A + the next pick, v) in which v adds "
        "more to the larger set, by more than 1e-6; steps that fall: share of pairs (A, v) in which the "
        "score is lower with v than without; both of the search with all four scores, on pictures that are "
        "right.",
    .reading = "a loss in Insertion - Deletion is measured by probabilities, which is what consistency and "
               "collaboration are made of: the yardstick is theirs.",
    .not_measured = "- divisions by SLICO, SEEDS and SAM\n"
                    "- the cosine form of consistency (it is built: --consistency source|class)\n"
                    "- finer plain patches, which the paper finds better on mistakes at a higher cost",
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
    .stages = vt_smdl_stages,
    .stage_count = VT_COUNT(vt_smdl_stages),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .settings_size = sizeof(vt_smdl_sizes),
    .profiles = {"right=4 wrong=2 creatures=false", NULL, "right=100 wrong=40"},
    .seeds = {1, 3, 3},
    .run = run,
};
