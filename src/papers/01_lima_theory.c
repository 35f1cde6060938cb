/* SPDX-License-Identifier: Apache-2.0
 *
 * 01 LiMA, part "theory": does F have diminishing returns on a network, and how near does greedy search
 * come to the best subset of four among twelve regions, found by trying all 495?
 */
#include <math.h>

#include "attribution/objective.h"
#include "papers/experiments.h"
#include "papers/lima_bench.h"
#include "papers/planted_boxes.h"

typedef struct theory_sizes {
  int64_t items, triples;
} theory_sizes;

static const vt_field fields[] = {
    {"items", VT_FIELD_INT, offsetof(theory_sizes, items), "20", VT_RANGE(1, 100000),
     .help = "pictures of each kind and seed"},
    {"triples", VT_FIELD_INT, offsetof(theory_sizes, triples), "60", VT_RANGE(1, 100000),
     .help = "triples A, B, v drawn on each picture; four values of F each"},
};

enum { REGIONS = 12, CHOSEN = 4, SUBSETS = 495 };
static const double guarantee = 1 - 1 / 2.718281828459045;

static const vt_arm arms[] = {
    {"greedy", "plain greedy search"}, {"lima", "LiMA, bidirectional"},        {"random", "random order"},
    {"function", "F itself"},          {"shown", "p of the shown part alone"},
};

static const vt_yardstick yardsticks[] = {
    {"ratio", "F of four regions over the best", "", true, 0, 1 + 1e-9},
    {"gain", "the same of what F gains over nothing", "", true, -1e6, 1 + 1e-9},
    {"below", "share below 1 - 1/e", "", false, 0, 1},
    {"violations", "triples without diminishing returns", "", false, 0, 1},
};

enum { SCENES, GAMES, COVERAGE, KINDS };
static const vt_item_group groups[] = {
    {"scenes", "Scenes in 3x4 cells, bundled classifier", false},
    {"games", "Planted games of 12 cells", false},
    {"coverage", "Planted coverage of 4x4 cells: submodular in the shown part", true},
};

static const vt_claim claims[] = {
    {"near-best", "greedy search comes near the best subset of its size",
     "theory: at least 1 - 1/e of it where F is submodular; the margin is ours", "ratio", "greedy", NULL,
     NULL, VT_COMPARE_LEVEL, 1 - 1 / 2.718281828459045, .95},
};

static const vt_control controls[] = {
    {"random-is-worse", "a random order's first four are worse", "ratio", "greedy", "random", NULL,
     VT_COMPARE_DIFFERENCE, .01, INFINITY, false},
    {"sees-submodularity", "where the shown part's score is submodular no triple violates it", "violations",
     "shown", NULL, "coverage", VT_COMPARE_LEVEL, 0, 0, true},
};

static int64_t steps(const void *settings)
{
  return ((const theory_sizes *)settings)->items * KINDS;
}

static const vt_stage stages[] = {{"subsets", "pictures measured", steps}};

/* A picture under a black box, and F of its subsets. */
typedef struct subject {
  const char *group;
  int64_t item;
  uint64_t seed;
  vt_model *model; /* borrowed, like the picture */
  const vt_image *picture;
  int target;
  const char *cells;
  vt_regions *regions;
  vt_image *blank;
  vt_scorer *scorer;
  int count;
} subject;

static vt_status open_scorer(vt_ctx *ctx, subject *s)
{
  vt_scorer_options options = {.target = s->target,
                               .second = VT_CLASS_NONE,
                               .score = VT_SCORE_PROBABILITY,
                               .contrast = VT_CLASS_NONE,
                               .batch = 64};
  VT_TRY(vt_divide(ctx, s->cells, s->picture, &s->regions, NULL));
  s->count = vt_regions_count(s->regions);
  VT_TRY(vt_fill_make(ctx, "black", s->model, s->picture, 0, &s->blank));
  return vt_scorer_new(ctx, s->model, s->picture, s->blank, s->regions, &options, &s->scorer);
}

static void close_scorer(subject *s)
{
  vt_scorer_free(s->scorer);
  vt_image_free(s->blank);
  vt_regions_free(s->regions);
}

/* F of one subset (fewer than 64 regions: a word). `shown` NULL: not wanted, else p of the subset alone. */
static vt_status value_of(vt_ctx *ctx, const subject *s, uint64_t bits, double *value, double *shown)
{
  static const vt_objective_weights weights = {20, 5, .05, 0};
  uint64_t both[2] = {bits, (((uint64_t)1 << s->count) - 1) & ~bits};
  vt_scored scored[2];
  VT_TRY(vt_scorer_subsets(ctx, s->scorer, both, 2, scored));
  *value = vt_objective(&weights, &scored[0], &scored[1], 0);
  if (shown) *shown = scored[0].target;
  return VT_OK;
}

/* ---- diminishing returns ---- */

/* A triple: the first a, the first b > a, and the one after them in a drawn order. */
static vt_status violates(vt_ctx *ctx, const subject *s, int64_t triple, bool *function, bool *shown)
{
  int order[64];
  uint64_t stream = vt_stream("triple", (uint64_t)triple), sets[4] = {0};
  double value[4], part[4];
  vt_random_permutation(s->seed, stream, order, s->count);
  int a = (int)vt_random_below(s->seed, stream, 1u << 20, (uint64_t)(s->count - 1));
  int b = a + 1 + (int)vt_random_below(s->seed, stream, (1u << 20) + 1, (uint64_t)(s->count - 1 - a));
  for (int i = 0; i < b; i++)
    vt_subset_add(&sets[2], order[i]);
  for (int i = 0; i < a; i++)
    vt_subset_add(&sets[0], order[i]);
  sets[1] = sets[0] | (uint64_t)1 << order[b];
  sets[3] = sets[2] | (uint64_t)1 << order[b];
  for (int i = 0; i < 4; i++)
    VT_TRY(value_of(ctx, s, sets[i], &value[i], &part[i]));
  *function = value[3] - value[2] > value[1] - value[0] + 1e-6;
  *shown = part[3] - part[2] > part[1] - part[0] + 1e-6;
  return VT_OK;
}

static vt_status measure_violations(vt_repro *repro, const subject *s, int64_t triples)
{
  int64_t of_function = 0, of_shown = 0;
  for (int64_t i = 0; i < triples; i++) {
    bool function, shown;
    VT_TRY(violates(vt_repro_ctx(repro), s, i, &function, &shown));
    of_function += function;
    of_shown += shown;
  }
  VT_TRY(vt_repro_row(repro, "function", "violations", s->group, s->item,
                      (double)of_function / (double)triples));
  return vt_repro_row(repro, "shown", "violations", s->group, s->item, (double)of_shown / (double)triples);
}

/* ---- the best subset ---- */

static vt_status best_of_all(vt_ctx *ctx, const subject *s, double *best)
{
  int tried = 0;
  *best = -INFINITY;
  for (uint64_t bits = 0; bits < (uint64_t)1 << REGIONS; bits++) {
    int size = 0;
    double value;
    for (int i = 0; i < REGIONS; i++)
      size += bits >> i & 1;
    if (size != CHOSEN) continue;
    VT_TRY(value_of(ctx, s, bits, &value, NULL));
    *best = fmax(*best, value);
    tried++;
  }
  return tried == SUBSETS ? VT_OK : vt_fail(ctx, VT_ERROR_RUNTIME, "%d subsets of four of twelve", tried);
}

static vt_status first_four(vt_ctx *ctx, const subject *s, const char *method, const char *settings,
                            double *value)
{
  const vt_lima_question question = {.model = s->model,
                                     .picture = s->picture,
                                     .target = s->target,
                                     .regions = s->cells,
                                     .method = method,
                                     .settings = settings,
                                     .seed = s->seed};
  vt_result result;
  uint64_t bits = 0;
  VT_TRY(vt_lima_ask(ctx, &question, &result));
  for (int i = 0; i < CHOSEN; i++)
    vt_subset_add(&bits, result.explanation->order[i]);
  vt_result_free(&result);
  return value_of(ctx, s, bits, value, NULL);
}

static vt_status compare_with_best(vt_repro *repro, const subject *s)
{
  static const char *const asked[][3] = {
      {"greedy", "lima", "search=greedy"}, {"lima", "lima", "pending=4"}, {"random", "baseline-order", NULL}};
  vt_ctx *ctx = vt_repro_ctx(repro);
  double best, nothing, value;
  VT_TRY(best_of_all(ctx, s, &best));
  VT_TRY(value_of(ctx, s, 0, &nothing, NULL));
  for (size_t i = 0; i < VT_COUNT(asked); i++) {
    const char *arm = asked[i][0];
    VT_TRY(first_four(ctx, s, asked[i][1], asked[i][2], &value));
    VT_TRY(vt_repro_row(repro, arm, "ratio", s->group, s->item, value / best));
    VT_TRY(vt_repro_row(repro, arm, "below", s->group, s->item, value / best < guarantee));
    VT_TRY(vt_repro_row(repro, arm, "gain", s->group, s->item,
                        best - nothing > 1e-6 ? (value - nothing) / (best - nothing) : NAN));
  }
  return VT_OK;
}

static vt_status measure(vt_repro *repro, subject *s, const theory_sizes *sizes)
{
  vt_status status = open_scorer(vt_repro_ctx(repro), s);
  if (status == VT_OK) status = measure_violations(repro, s, sizes->triples);
  if (status == VT_OK && s->count == REGIONS) status = compare_with_best(repro, s);
  close_scorer(s);
  return status == VT_OK ? vt_repro_step(repro) : status;
}

static vt_status measure_scene(vt_repro *repro, vt_lima_scenes *scenes, subject *s, const theory_sizes *sizes)
{
  vt_part_truth scene;
  VT_TRY(vt_lima_scenes_next(vt_repro_ctx(repro), scenes, &scene));
  s->model = scenes->model;
  s->picture = scene.picture;
  s->target = scene.label;
  s->cells = "grid:3x4";
  vt_status status = measure(repro, s, sizes);
  vt_part_truth_free(&scene);
  return status;
}

static vt_status measure_box(vt_repro *repro, int kind, subject *s, const theory_sizes *sizes)
{
  vt_box box;
  vt_model *model = NULL;
  vt_image *picture = NULL;
  VT_TRY(vt_box_plant(vt_repro_ctx(repro), kind == GAMES ? VT_BOX_GAME : VT_BOX_COVERAGE, 4, s->seed, &box));
  vt_status status = vt_box_model(vt_repro_ctx(repro), &box, &model, &picture);
  s->model = model;
  s->picture = picture;
  s->cells = kind == GAMES ? "grid:3x4" : "grid:4x4";
  if (status == VT_OK) status = measure(repro, s, sizes);
  vt_model_free(model);
  vt_image_free(picture);
  vt_box_close(&box);
  return status;
}

static vt_status measure_all(vt_repro *repro, vt_lima_scenes *scenes, const theory_sizes *sizes)
{
  for (int64_t item = 0; item < sizes->items; item++)
    for (int kind = 0; kind < KINDS; kind++) {
      subject s = {
          .group = groups[kind].id, .item = item, .seed = vt_repro_seed(repro, groups[kind].id, item)};
      VT_TRY(kind == SCENES ? measure_scene(repro, scenes, &s, sizes) : measure_box(repro, kind, &s, sizes));
    }
  return VT_OK;
}

static vt_status run(vt_repro *repro, int seed, const void *settings)
{
  vt_lima_scenes scenes;
  VT_UNUSED(seed); /* vt_repro_seed() knows it */
  VT_TRY(vt_repro_stage(repro, "subsets"));
  VT_TRY(vt_lima_scenes_open(vt_repro_ctx(repro), vt_repro_seed(repro, "scenes", 0), &scenes));
  vt_status status = measure_all(repro, &scenes, settings);
  vt_lima_scenes_close(&scenes);
  return status;
}

const vt_experiment vt_experiment_lima_theory = {
    .version = 1,
    .coverage = "drawn scenes with the bundled classifier, planted games",
    .protocol =
        "F with weights 20, 5, 0.05 (no embedding), black fill, true class, probability. Triples: an order "
        "of the regions is drawn, A its first a, B its first b > a, v the next; a violation is "
        "F(B+v) - F(B) > F(A+v) - F(A) + 1e-6. Best subset: all 495 sets of four of twelve cells, against "
        "the first four of each order (LiMA with 4 pending).",
    .reading =
        "F is no submodular function of a network's input, so that the bound 1 - 1/e promises nothing; "
        "the ratio of F itself is flattered by the part of F that the empty set has, hence the second "
        "row.",
    .not_measured = "- networks of the paper's size; subsets of other sizes than four",
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
    .settings_size = sizeof(theory_sizes),
    .profiles = {"items=6", NULL, "items=100"},
    .seeds = {2, 3, 5},
    .run = run,
};
