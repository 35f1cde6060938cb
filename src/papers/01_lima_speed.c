/* SPDX-License-Identifier: Apache-2.0
 *
 * 01 LiMA, part "speed": how many model calls and how much time the search from both ends saves against plain
 * greedy search, what that costs in faithfulness, and how well both agree about which regions belong to the
 * front.
 */
#include <math.h>

#include "attribution/search.h"
#include "papers/experiments.h"
#include "papers/lima_bench.h"

typedef struct speed_sizes {
  int64_t items, most_regions;
} speed_sizes;

static const vt_field fields[] = {
    {"items", VT_FIELD_INT, offsetof(speed_sizes, items), "12", VT_RANGE(1, 100000),
     .help = "scenes explained of each seed and number of regions"},
    {"most_regions", VT_FIELD_INT, offsetof(speed_sizes, most_regions), "100", VT_RANGE(25, 100),
     .help = "divisions into more regions than this are left out"},
};

enum { PENDING = 8 };

static const vt_arm arms[] = {
    {"lima", "LiMA, bidirectional"},
    {"greedy", "plain greedy search"},
    {"efficient-v1", "EfficientV1: both ends from the same round"},
    {"one-shot", "one-shot: regions by F alone"},
};

static const vt_yardstick yardsticks[] = {
    {"calls", "model calls", "calls", false, 1, 1e12},
    {"off", "calls more than the table's", "calls", false, -1e6, 1e6},
    {"seconds", "time", "s", false, 0, 1e9},
    {"insertion", "Insertion", "", true, 0, 1},
    {"deletion", "Deletion", "", false, 0, 1},
    {"side", "regions on the same side as by plain greedy search", "", true, 0, 1},
    {"gap", "boundary gap", "", true, -25, 25},
};

static const struct {
  const char *regions;
  int count;
} divisions[] = {{"grid:5x5", 25}, {"grid:6x6", 36},  {"grid:7x7", 49},
                 {"grid:8x8", 64}, {"grid:7x11", 77}, {"grid:10x10", 100}};

static const vt_item_group groups[] = {
    {"k25", "Scenes in 25 regions", false}, {"k36", "Scenes in 36 regions", false},
    {"k49", "Scenes in 49 regions", false}, {"k64", "Scenes in 64 regions", false},
    {"k77", "Scenes in 77 regions", false}, {"k100", "Scenes in 100 regions", false},
};

static const vt_claim claims[] = {
    {"calls", "the search from both ends needs fewer model calls than plain greedy search at 64 regions",
     "abstract: 1.6 times faster", "calls", "lima", "greedy", "k64", VT_COMPARE_RATIO, 1, 1.6},
    {"time", "and that much less time at 64 regions", "abstract: 1.6 times faster; the bound is ours",
     "seconds", "lima", "greedy", "k64", VT_COMPARE_RATIO, 1, 1.5},
    {"insertion", "Insertion is not below that of plain greedy search by more than 0.02",
     "search from both ends; the bound is ours", "insertion", "lima", "greedy", NULL, VT_COMPARE_DIFFERENCE,
     -.02, -.02},
    {"deletion", "Deletion is not above that of plain greedy search by more than 0.01",
     "search from both ends; the bound is ours", "deletion", "lima", "greedy", NULL, VT_COMPARE_DIFFERENCE,
     -.01, -.01},
    {"time-49", "at 49 regions the ratio of times is at least 90 % of that of calls, 1.523",
     "abstract: 1.6 times faster; the bound is ours", "seconds", "lima", "greedy", "k49", VT_COMPARE_RATIO, 1,
     .9 * 1.523},
    {"boundary-error", "four fifths of the regions stand on the side where plain greedy search has them",
     "abstract: both ends at once keep the error at the boundary small; the bound is ours", "side", "lima",
     NULL, NULL, VT_COMPARE_LEVEL, .5, .8},
    {"boundary", "more of them do than by one-shot ranking",
     "abstract: both ends at once keep the error at the boundary small", "side", "lima", "one-shot", NULL,
     VT_COMPARE_DIFFERENCE, 0, 0},
};

static const vt_control controls[] = {
    {"table", "calls are those of the table, exactly (those of full and blank apart)", "off", "lima", NULL,
     NULL, VT_COMPARE_LEVEL, 0, 0, true},
    {"table-greedy", "and those of plain greedy search k(k + 1)", "off", "greedy", NULL, NULL,
     VT_COMPARE_LEVEL, 0, 0, true},
};

static int used_divisions(const speed_sizes *sizes)
{
  int count = 0;
  while (count < (int)VT_COUNT(divisions) && divisions[count].count <= sizes->most_regions)
    count++;
  return count;
}

static int64_t steps(const void *settings)
{
  return ((const speed_sizes *)settings)->items * used_divisions(settings);
}

static const vt_stage stages[] = {{"orders", "scenes explained", steps}};

/* Model calls of the table (01-lima §5), and regions of the front. */
static int64_t table_calls(const char *arm, int regions, int *front)
{
  static const vt_search_kind kinds[VT_COUNT(arms)] = {VT_SEARCH_BIDIRECTIONAL, VT_SEARCH_GREEDY,
                                                       VT_SEARCH_EFFICIENT_V1, VT_SEARCH_ONE_SHOT};
  vt_search_options options = {.pending = PENDING};
  for (size_t i = 0; i < VT_COUNT(arms); i++)
    if (strcmp(arms[i].id, arm) == 0) options.kind = kinds[i];
  int rounds = regions > PENDING ? (regions - PENDING + 1) / 2 : 0;
  *front = regions - rounds;
  return vt_search_calls(&options, regions);
}

/* Share of the regions on the same side of the boundary as in `reference`. */
static double same_side(const int *order, const int *reference, int count, int front)
{
  int other = 0;
  for (int i = 0; i < front; i++) {
    bool same = false;
    for (int j = 0; j < front; j++)
      same |= order[i] == reference[j];
    other += !same;
  }
  return 1 - 2. * other / count;
}

/* F of the first j regions without its small terms, from the curves. */
static double value_of(const vt_explanation *found, int j)
{
  return 20 * found->insertion[j] + 5 * (1 - found->deletion[j]);
}

/* Mean gain of the last three of the front less that of the first three of the back. */
static double boundary_gap(const vt_explanation *found, int count, int front)
{
  if (front < 3 || front + 3 > count) return NAN;
  double last = value_of(found, front) - value_of(found, front - 3),
         first = value_of(found, front + 3) - value_of(found, front);
  return (last - first) / 3;
}

typedef struct place {
  const char *group;
  int64_t item;
  int regions;
} place;

static vt_status record(vt_repro *repro, const place *at, const char *arm, const vt_explanation *found,
                        const int *reference)
{
  int front;
  int64_t table = table_calls(arm, at->regions, &front) + 2;
  VT_TRY(vt_repro_row(repro, arm, "calls", at->group, at->item, (double)found->model_calls));
  VT_TRY(vt_repro_row(repro, arm, "off", at->group, at->item, (double)(found->model_calls - table)));
  VT_TRY(vt_repro_row(repro, arm, "seconds", at->group, at->item, found->method_seconds));
  VT_TRY(vt_repro_row(repro, arm, "insertion", at->group, at->item, found->insertion_auc));
  VT_TRY(vt_repro_row(repro, arm, "deletion", at->group, at->item, found->deletion_auc));
  VT_TRY(vt_repro_row(repro, arm, "side", at->group, at->item,
                      same_side(found->order, reference, at->regions, front)));
  return vt_repro_row(repro, arm, "gap", at->group, at->item, boundary_gap(found, at->regions, front));
}

static vt_status explain(vt_repro *repro, const vt_lima_scenes *scenes, const vt_part_truth *scene,
                         int division, int64_t item)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  static const char *const settings[VT_COUNT(arms)] = {"pending=8", "search=greedy", "search=efficient-v1",
                                                       "search=one-shot"};
  const place at = {groups[division].id, item, divisions[division].count};
  vt_result results[VT_COUNT(arms)] = {{0}};
  vt_status status = VT_OK;
  size_t done = 0;
  for (; done < VT_COUNT(arms) && status == VT_OK; done += status == VT_OK) {
    const vt_lima_question question = {.model = scenes->model,
                                       .picture = scene->picture,
                                       .target = scene->label,
                                       .regions = divisions[division].regions,
                                       .method = "lima",
                                       .settings = settings[done]};
    status = vt_lima_ask(ctx, &question, &results[done]);
  }
  for (size_t i = 0; i < VT_COUNT(arms) && status == VT_OK; i++)
    status = record(repro, &at, arms[i].id, results[i].explanation, results[1].explanation->order);
  for (size_t i = 0; i < done; i++)
    vt_result_free(&results[i]);
  return status;
}

static vt_status explain_all(vt_repro *repro, vt_lima_scenes *scenes, const speed_sizes *sizes)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  for (int64_t item = 0; item < sizes->items; item++) {
    vt_part_truth scene;
    VT_TRY(vt_lima_scenes_next(ctx, scenes, &scene));
    vt_status status = VT_OK;
    for (int division = 0; status == VT_OK && division < used_divisions(sizes); division++) {
      status = explain(repro, scenes, &scene, division, item);
      if (status == VT_OK) status = vt_repro_step(repro);
    }
    vt_part_truth_free(&scene);
    VT_TRY(status);
  }
  return VT_OK;
}

static vt_status run(vt_repro *repro, int seed, const void *settings)
{
  vt_lima_scenes scenes;
  VT_UNUSED(seed); /* vt_repro_seed() knows it */
  VT_TRY(vt_repro_stage(repro, "orders"));
  VT_TRY(vt_lima_scenes_open(vt_repro_ctx(repro), vt_repro_seed(repro, "scenes", 0), &scenes));
  vt_status status = explain_all(repro, &scenes, settings);
  vt_lima_scenes_close(&scenes);
  return status;
}

const vt_experiment vt_experiment_lima_speed = {
    .version = 1,
    .coverage = "drawn scenes and the bundled classifier",
    .protocol =
        "scenes of scenes/object that the bundled classifier answers rightly, cut into equal cells, black "
        "fill, true class, probability; default weights 20, 5, 0.05, 0.01 (no embedding), 8 pending; curves "
        "by protocol lima. The boundary of k regions stands after k − P, P the rounds from both ends; side: "
        "share of the regions on the same side of it as in the order of plain greedy search; "
        "boundary gap: mean gain of F of the last three regions before it less that of the first three "
        "after it, on the final prefixes, small terms of F left out. "
        "Calls of EfficientV1 and one-shot include the curve points that they did not need.",
    .reading = "times are of the method alone on one machine, with whatever else runs there; the call counts "
               "are exact on any.",
    .not_measured = "- times on large models and on accelerators, where batches cost differently",
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
    .settings_size = sizeof(speed_sizes),
    .profiles = {"items=6 most_regions=64", NULL, "items=50"},
    .seeds = {2, 3, 5},
    .run = run,
};
