/* SPDX-License-Identifier: Apache-2.0
 *
 * 01 LiMA, part "search": do other searches reach the paper's quality with a third of its model calls? Every
 * strategy with several settings, so that quality can be drawn against calls.
 */
#include <math.h>

#include "papers/experiments.h"
#include "papers/lima_bench.h"
#include "papers/lima_search.h"

typedef struct search_sizes {
  int64_t items, photograph_count;
  char *model, *photographs;
  int half;
} search_sizes;

static const vt_field fields[] = {
    {"items", VT_FIELD_INT, offsetof(search_sizes, items), "12", VT_RANGE(1, 100000),
     .help = "scenes explained of each seed, by every strategy"},
    {"model", VT_FIELD_STRING, offsetof(search_sizes, model), NULL,
     .help = "ONNX classifier of photographs; none: only drawn scenes are explained"},
    {"photographs", VT_FIELD_STRING, offsetof(search_sizes, photographs), NULL,
     .help = "folder of its photographs, with a labels.tsv: file, label, predicted class"},
    {"photograph_count", VT_FIELD_INT, offsetof(search_sizes, photograph_count), "1000", VT_RANGE(1, 100000),
     .help = "at most so many photographs, only in the first seed"},
    {"half", VT_FIELD_CHOICE, offsetof(search_sizes, half), "odd", .choices = "odd|even",
     .help = "which of the rightly answered photographs: settings were chosen on the even ones"},
};

/* Regions are 7x7 cells of scenes, SLICO regions of photographs. */
static const vt_arm arms[] = {
    {"lima", "LiMA: bidirectional, 8 pending"},
    {"lima-third", "… stopped at a third of its calls"},
    {"greedy", "plain greedy search"},
    {"efficient-v1", "EfficientV1"},
    {"one-shot", "one-shot"},
    {"lazy-3", "lazy, window 3"},
    {"lazy-6", "lazy, window 6"},
    {"lazy-12", "lazy, window 12"},
    {"stochastic-0.1", "stochastic, share 0.1"},
    {"stochastic-0.25", "stochastic, share 0.25"},
    {"stochastic-0.5", "stochastic, share 0.5"},
    {"prior-100", "prior of 100 masks, window 3"},
    {"prior-200", "prior of 200 masks, window 5"},
    {"prior-400", "prior of 400 masks, window 8"},
    {"coarse-3", "12 groups, window 3"},
    {"coarse-6", "12 groups, window 6"},
    {"beam-2", "beam of 2"},
    {"backward-small", "backward, all of the last 14, window 3"},
    {"backward", "backward, as it comes"},
    {"backward-large", "backward, all of the last 30, window 8"},
    {"random", "random order"},
};

static const char *const settings_of[VT_COUNT(arms)] = {
    NULL,
    NULL,
    "search=greedy",
    "search=efficient-v1",
    "search=one-shot",
    "search=lazy window=3",
    "search=lazy window=6",
    "search=lazy window=12",
    "search=stochastic share=0.1",
    "search=stochastic share=0.25",
    "search=stochastic share=0.5",
    "search=prior masks=100 window=3",
    "search=prior masks=200 window=5",
    "search=prior masks=400 window=8",
    "search=coarse window=3",
    "search=coarse window=6",
    "search=beam width=2",
    "search=backward last=14 window=3 leaders=2",
    "search=backward",
    "search=backward halves=40 last=30 window=8 leaders=8",
    NULL,
};

static const vt_yardstick yardsticks[] = {
    {"insertion", "Insertion", "", true, 0, 1},
    {"deletion", "Deletion", "", false, 0, 1},
    {"calls", "model calls", "calls", false, 1, 1e12},
};

enum { SCENES, PHOTOGRAPHS };
static const vt_item_group groups[] = {
    {"scenes", "Scenes, bundled classifier, 7x7 cells", false},
    {"photographs", "Photographs, SLICO regions", false},
};

#define GOAL(name, sentence, what, group, comparison, bar)                                                   \
  {                                                                                                          \
    name, sentence, "a goal of ours", what, "backward", "lima", group, comparison, bar, bar                  \
  }

static const vt_claim claims[] = {
    GOAL("insertion-scenes", "by guided backward elimination Insertion stays within 1 % of LiMA's on scenes",
         "insertion", "scenes", VT_COMPARE_RELATIVE, -.01),
    GOAL("deletion-scenes", "Deletion is not above LiMA's by more than 0.01 on scenes", "deletion", "scenes",
         VT_COMPARE_DIFFERENCE, -.01),
    GOAL("insertion-photographs", "Insertion stays within 1 % of LiMA's on photographs", "insertion",
         "photographs", VT_COMPARE_RELATIVE, -.01),
    GOAL("deletion-photographs", "Deletion is not above LiMA's by more than 0.01 on photographs", "deletion",
         "photographs", VT_COMPARE_DIFFERENCE, -.01),
    {"calls", "and that with a third of the model calls", "a goal of ours", "calls", "backward", "lima", NULL,
     VT_COMPARE_RATIO, 1, 3},
};

static const vt_control controls[] = {
    {"cut-short", "LiMA stopped at a third of its calls has a worse Insertion: calls matter", "insertion",
     "lima", "lima-third", NULL, VT_COMPARE_DIFFERENCE, .01, INFINITY, false},
    {"beats-random", "a random order has a worse Insertion", "insertion", "backward", "random", NULL,
     VT_COMPARE_DIFFERENCE, .05, INFINITY, false},
};

static int64_t scene_steps(const void *settings)
{
  return ((const search_sizes *)settings)->items * (int64_t)VT_COUNT(arms);
}

static int64_t photograph_steps(const void *settings)
{
  const search_sizes *sizes = settings;
  return sizes->model && sizes->photographs ? sizes->photograph_count * (int64_t)VT_COUNT(arms) : 0;
}

static const vt_stage stages[] = {{"scenes", "searches on scenes", scene_steps},
                                  {"photographs", "searches on photographs", photograph_steps}};

static vt_status explain(vt_repro *repro, vt_lima_question *question, const char *group, int64_t item)
{
  int64_t third = 0;
  for (size_t i = 0; i < VT_COUNT(arms); i++) {
    const char *arm = arms[i].id;
    vt_result result;
    question->settings = settings_of[i];
    question->method = strcmp(arm, "random") == 0 ? "baseline-order" : "lima";
    question->max_calls = strcmp(arm, "lima-third") == 0 ? third : 0;
    VT_TRY(vt_lima_ask(vt_repro_ctx(repro), question, &result));
    const vt_explanation *found = result.explanation;
    vt_status status = vt_repro_row(repro, arm, "insertion", group, item, found->insertion_auc);
    if (status == VT_OK) status = vt_repro_row(repro, arm, "deletion", group, item, found->deletion_auc);
    if (status == VT_OK) status = vt_repro_row(repro, arm, "calls", group, item, (double)found->model_calls);
    if (i == 0) third = found->model_calls / 3;
    vt_result_free(&result);
    VT_TRY(status);
    VT_TRY(vt_repro_step(repro));
  }
  return VT_OK;
}

static vt_status explain_scenes(vt_repro *repro, vt_lima_scenes *scenes, const search_sizes *sizes)
{
  for (int64_t item = 0; item < sizes->items; item++) {
    vt_part_truth scene;
    VT_TRY(vt_lima_scenes_next(vt_repro_ctx(repro), scenes, &scene));
    vt_lima_question question = {.model = scenes->model,
                                 .picture = scene.picture,
                                 .target = scene.label,
                                 .regions = "grid:7x7",
                                 .seed = vt_repro_seed(repro, "scene", item)};
    vt_status status = explain(repro, &question, groups[SCENES].id, item);
    vt_part_truth_free(&scene);
    VT_TRY(status);
  }
  return VT_OK;
}

static vt_status explain_photograph(vt_repro *repro, vt_model *model, const char *path, int label,
                                    int64_t item)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  vt_image *photograph;
  VT_TRY(vt_image_read(ctx, path, NULL, &photograph));
  vt_lima_question question = {.model = model,
                               .picture = photograph,
                               .target = label,
                               .regions = "slico",
                               .seed = vt_repro_seed(repro, "photograph", item)};
  vt_status status = explain(repro, &question, groups[PHOTOGRAPHS].id, item);
  vt_image_free(photograph);
  return status == VT_OK ? VT_OK : vt_fail_prefix(ctx, "%s", path);
}

/* Lines of labels.tsv after its heading; of those that the model answers rightly, every second. */
static vt_status explain_photographs(vt_repro *repro, vt_model *model, const search_sizes *sizes)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  char path[1024], name[256];
  unsigned char *bytes;
  size_t size;
  int64_t right = 0, item = 0;
  snprintf(path, sizeof path, "%s/labels.tsv", sizes->photographs);
  VT_TRY(vt_read_file(ctx, path, 1 << 24, &bytes, &size));
  const char *text = (const char *)bytes;
  vt_status status = VT_OK;
  for (const char *line = strchr(text, '\n'); line && status == VT_OK; line = strchr(line + 1, '\n')) {
    int label, predicted;
    if (sscanf(line + 1, "%255s %d %d", name, &label, &predicted) != 3 || label != predicted) continue;
    if (right++ % 2 != (sizes->half == 0) || item == sizes->photograph_count) continue;
    snprintf(path, sizeof path, "%s/%s", sizes->photographs, name);
    status = explain_photograph(repro, model, path, label, item++);
  }
  vt_free(bytes);
  return status;
}

static vt_status run_photographs(vt_repro *repro, const search_sizes *sizes)
{
  vt_model *model;
  VT_TRY(vt_repro_stage(repro, "photographs"));
  VT_TRY(vt_model_open(vt_repro_ctx(repro), sizes->model, NULL, NULL, NULL, &model));
  vt_status status = explain_photographs(repro, model, sizes);
  vt_model_free(model);
  return status;
}

static vt_status run(vt_repro *repro, int seed, const void *settings)
{
  const search_sizes *sizes = settings;
  vt_lima_scenes scenes;
  VT_TRY(vt_repro_stage(repro, "scenes"));
  VT_TRY(vt_lima_scenes_open(vt_repro_ctx(repro), vt_repro_seed(repro, "scenes", 0), &scenes));
  vt_status status = explain_scenes(repro, &scenes, sizes);
  vt_lima_scenes_close(&scenes);
  VT_TRY(status);
  bool photographs = seed == 0 && sizes->model && sizes->photographs;
  return photographs ? run_photographs(repro, sizes) : VT_OK;
}

const vt_experiment vt_experiment_lima_search = {
    .version = 1,
    .coverage = "drawn scenes with the bundled classifier; photographs where a model and a folder are given",
    .protocol =
        "scenes of scenes/object that the bundled classifier answers rightly, and photographs that `model` "
        "answers rightly; black fill, true class, probability; weights 20, 5, 0.05, 0.01 (no embedding). "
        "Curves by protocol lima. Calls are those that the search asks for, full and blank included; points "
        "of the curves that a search did not need are counted for it too. Settings of backward elimination "
        "were chosen on the other half of the photographs.",
    .reading = "how far other searches are from LiMA differs from picture to picture; the interval of the "
               "difference "
               "says how much of it is chance.",
    .not_measured = "- photographs, where no model and folder are given",
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
    .settings_size = sizeof(search_sizes),
    .profiles = {"items=4", NULL, "items=40"},
    .seeds = {1, 3, 3},
    .run = run,
    .more = vt_lima_search_chart,
};
