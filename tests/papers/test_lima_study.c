/* SPDX-License-Identifier: Apache-2.0
 *
 * 01 LiMA on subjects: what is measured of a picture, on a model whose answers are known; arms that stand for
 * others; subjects and their pictures; a tiny run of every part.
 */
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "made_up.h"
#include "papers/experiments.h"
#include "papers/lima_seed.h"

/* ---- a model that looks at one cell ---- */

enum { SIDE = 24, CELL = 6, CELLS = 4, PIXELS = SIDE * SIDE, OBJECT = 5 };

static bool in_cell(int pixel, int cell)
{
  return pixel % SIDE / CELL == cell % CELLS && pixel / SIDE / CELL == cell / CELLS;
}

/* Class 0: .05 and .9 times the brightness of the object's cell; class 1: the rest. */
static vt_status predict(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  VT_UNUSED(ctx), VT_UNUSED(user);
  for (int n = 0; n < count; n++) {
    double sum = 0;
    for (int i = 0; i < PIXELS; i++)
      if (in_cell(i, OBJECT)) sum += inputs[(ptrdiff_t)n * 3 * PIXELS + i];
    outputs[2 * n] = (float)(.05 + .9 * sum / (CELL * CELL));
    outputs[2 * n + 1] = 1 - outputs[2 * n];
  }
  return VT_OK;
}

typedef struct planted {
  vt_model *model;
  vt_lima_item item;
} planted;

static planted plant(vt_ctx *ctx, int distractor)
{
  planted p = {0};
  assert_ok(ctx, vt_model_from_function(ctx, predict, NULL, 3, SIDE, SIDE, 2, false, &p.model));
  assert_ok(ctx, vt_image_new(ctx, SIDE, SIDE, 3, &p.item.picture));
  memset(p.item.picture->pixels, 255, 3 * PIXELS);
  p.item.mask = vt_alloc_zero(ctx, PIXELS, 1);
  p.item.distractor = vt_alloc_zero(ctx, PIXELS, 1);
  for (int i = 0; i < PIXELS; i++) {
    p.item.mask[i] = in_cell(i, OBJECT);
    p.item.distractor[i] = distractor >= 0 && in_cell(i, distractor);
    p.item.area += p.item.mask[i];
    p.item.distractor_area += p.item.distractor[i];
  }
  return p;
}

static void uproot(planted *p)
{
  vt_model_free(p->model);
  vt_lima_item_free(&p->item);
}

/* LiMA and the mask find the cell first; curves are those of one step from .05 to .95. */
static void measures_of_a_known_model(void **state)
{
  vt_ctx *ctx = *state;
  planted p = plant(ctx, CELLS * CELLS - 1);
  vt_terms terms = {.regions = "grid:4x4", .fill = "black", .class_score = VT_SCORE_PROBABILITY};
  vt_contender *contenders;
  size_t count;
  assert_ok(ctx, vt_contenders_parse(ctx, "lima,oracle,baseline-order(order=index),grad-cam", &terms,
                                     &contenders, &count));
  vt_lima_study study = {.contenders = contenders,
                         .contender_count = count,
                         .ask = VT_LIMA_ASK_CURVES | VT_LIMA_ASK_PIXELS | VT_LIMA_ASK_PLACES |
                                VT_LIMA_ASK_HIGHEST,
                         .regions = "grid:4x4",
                         .fill = "black"};
  assert_ok(ctx, vt_lima_study_run(ctx, p.model, &p.item, &study));
  assert_near(study.full, .95, 1e-6);
  assert_near(study.blank_score, .05, 1e-6);
  for (int c = 0; c < 2; c++) {
    const vt_lima_said *said = &study.said[c];
    assert_true(said->made);
    assert_int_equal(said->order[0], OBJECT);
    assert_int_equal(said->keep, 1);
    assert_near(said->keep_score, .95, 1e-6);
    assert_near(said->values[VT_LIMA_KEEP_AREA], 1 / 16., 1e-9);
    assert_near(said->values[VT_LIMA_KEEP_REGIONS], 1, 0);
    assert_near(said->values[VT_LIMA_PURITY_FIRST], 1, 0);
    assert_near(said->values[VT_LIMA_PURITY_KEEP], 1, 0);
    assert_near(said->values[VT_LIMA_CHANCE], 1 / 16., 1e-9);
    assert_near(said->values[VT_LIMA_POINTING], 1, 0);
    assert_near(said->values[VT_LIMA_INSERTION], .5 / 16 + .95 * 15 / 16, 1e-6);
    assert_near(said->values[VT_LIMA_DELETION], .5 / 16 + .05 * 15 / 16, 1e-6);
    assert_near(said->values[VT_LIMA_INSERTION_NORMALISED], .5 / 16 + 15 / 16., 1e-6);
    for (int v = VT_LIMA_HIGHEST_25; v <= VT_LIMA_HIGHEST_100; v++)
      assert_near(said->values[v], .95, 1e-6);
  }
  /* row by row: the object is the sixth, the distractor the last */
  const vt_lima_said *rows = &study.said[2];
  assert_int_equal(rows->keep, OBJECT + 1);
  assert_near(rows->values[VT_LIMA_PURITY_KEEP], 1 / 6., 1e-9);
  assert_near(rows->values[VT_LIMA_PURITY_FIRST], 0, 0);
  assert_near(rows->values[VT_LIMA_DISTRACTOR_LAST], 1, 1e-9);
  assert_near(rows->values[VT_LIMA_DISTRACTOR_CHANCE], 1 / 16., 1e-9);
  assert_near(rows->values[VT_LIMA_HIGHEST_25], .05, 1e-6);
  assert_near(rows->values[VT_LIMA_HIGHEST_50], .95, 1e-6);
  /* a function has no layers: said, and no failure of the others */
  assert_false(study.said[3].made);
  assert_true(strlen(study.said[3].why) > 0);
  assert_true(isnan(study.said[3].values[VT_LIMA_INSERTION]));
  vt_lima_study_free(&study);
  vt_contenders_free(contenders, count);
  uproot(&p);
}

static double prefix(vt_ctx *ctx, planted *p, const vt_regions *division, int first, int count,
                     const char *fill, double jitter)
{
  int order[] = {first, 0};
  double score;
  assert_ok(ctx,
            vt_lima_prefix_score(ctx, p->model, &p->item, division, order, count, fill, jitter, 3, &score));
  return score;
}

static void prefixes_under_other_fills(void **state)
{
  vt_ctx *ctx = *state;
  planted p = plant(ctx, -1);
  vt_regions *division;
  assert_ok(ctx, vt_divide(ctx, "grid:4x4", p.item.picture, &division, NULL));
  assert_near(prefix(ctx, &p, division, OBJECT, 0, "black", 0), .05, 1e-6);
  assert_near(prefix(ctx, &p, division, OBJECT, 1, "black", 0), .95, 1e-6);
  assert_near(prefix(ctx, &p, division, 9, 1, "black", 0), .05, 1e-6);
  assert_near(prefix(ctx, &p, division, 9, 1, "white", 0), .95, 1e-6);
  assert_near(prefix(ctx, &p, division, 9, 1, "mean", 0), .95, 1e-6); /* all white */
  double noise = prefix(ctx, &p, division, 9, 1, "noise", 0);         /* half as bright, on average */
  assert_true(noise > .3 && noise < .7);
  /* moved borders take some of the cell, never all: its middle is farther away than that */
  double moved = prefix(ctx, &p, division, OBJECT, 1, "black", 2);
  assert_true(moved > .05 + .9 * 4 / 36 && moved < .95);
  assert_near(moved, prefix(ctx, &p, division, OBJECT, 1, "black", 2), 0);
  vt_regions_free(division);
  uproot(&p);
}

/* ---- arms that stand for others ---- */

static vt_status run_table(vt_repro *repro, int seed, const void *settings)
{
  static const bool baseline[] = {false, true, true, false, false};
  /* [item][arm 1, 2]: the mean of 2 is higher, though 1 wins item 0; arm 2 has no value for item 2 */
  static const double values[3][3] = {{.5, .9, .6}, {.5, .1, .8}, {.5, .3, NAN}};
  vt_lima_table table = {0};
  vt_ctx *ctx = vt_repro_ctx(repro);
  extern const vt_experiment table_experiment;
  VT_UNUSED(seed), VT_UNUSED(settings);
  VT_TRY(vt_repro_stage(repro, "measuring"));
  for (int item = 0; item < 3; item++)
    for (int arm = 0; arm < 3; arm++) {
      VT_TRY(vt_lima_table_add(ctx, &table, arm, 0, 0, item, values[item][arm]));
      VT_TRY(vt_lima_table_add(ctx, &table, arm, 1, 0, item, 1 - values[item][arm]));
    }
  /* a control group in which arm 1 is far better counts for nothing */
  for (int arm = 0; arm < 3; arm++)
    VT_TRY(vt_lima_table_add(ctx, &table, arm, 0, 1, 0, arm == 1 ? 1 : 0));
  assert_near(vt_lima_table_mean(&table, 2, 0, 0), .7, 1e-12);
  vt_status status = vt_lima_table_write(repro, &table_experiment, &table, baseline, 3, 4);
  vt_lima_table_free(&table);
  return status;
}

static const vt_arm table_arms[] = {
    {"ours", "ours"}, {"a", "a"}, {"b", "b"}, {"mean", "mean"}, {"best", "best"}};
const vt_experiment table_experiment = {.coverage = "a test",
                                        .protocol = "",
                                        .not_measured = "",
                                        .arms = table_arms,
                                        .arm_count = VT_COUNT(table_arms),
                                        .yardsticks = made_up_yardsticks,
                                        .yardstick_count = 2,
                                        .groups = made_up_groups,
                                        .group_count = 2,
                                        .stages = made_up_stages,
                                        .stage_count = 1,
                                        .items_independent = true,
                                        .fields = made_up_fields,
                                        .field_count = VT_COUNT(made_up_fields),
                                        .settings_size = sizeof(made_up_sizes),
                                        .seeds = {1, 1, 1},
                                        .run = run_table};

static void mean_and_best(void **state)
{
  vt_ctx *ctx = *state;
  static const vt_paper_piece part = {"test", "test", &table_experiment, VT_IN_ALL};
  static const vt_paper paper = {99, "test", "", "", 1, VT_PAPER_PARTLY, &part, 1};
  made_up_sizes sizes = {.items = 3};
  vt_repro_options options = {.seeds = 1, .settings = &sizes};
  vt_findings *findings;
  assert_ok(ctx, vt_repro_run(ctx, &paper, &part, &options, &findings));
  assert_ok(ctx, vt_findings_judge(ctx, findings));
  assert_near(vt_findings_cell(findings, 0, 0, 3)->mean, (.75 + .45 + .3) / 3, 1e-12);
  assert_int_equal(vt_findings_cell(findings, 0, 0, 3)->values, 3);
  assert_near(vt_findings_cell(findings, 0, 0, 4)->mean, .7, 1e-12); /* b: .7 against .433 */
  assert_near(vt_findings_cell(findings, 0, 1, 4)->mean, .3, 1e-12); /* loss: lower is better, b again */
  assert_near(vt_findings_cell(findings, 1, 0, 4)->mean, 0, 0);
  vt_findings_free(findings);
}

/* ---- subjects ---- */

/* Every picture is either right or wrong; masks are there; the same items for any number of threads. */
static void subjects_and_items(void **state)
{
  enum { LOOKED = 40 };
  vt_ctx *ctx = *state;
  static const char *const ids[] = {"cnn", "sounds", "slides"};
  for (size_t k = 0; k < VT_COUNT(ids); k++) {
    const vt_lima_kind *kind = vt_lima_kind_find(ids[k]);
    vt_lima_training training = {.seed = 1, .steps = 2, .count = 64};
    vt_lima_subject subject;
    vt_lima_item items[2][LOOKED];
    int64_t found[2], next;
    assert_ok(ctx, vt_lima_subject_open(ctx, NULL, kind, &training, &subject));
    assert_true(subject.trained && subject.parameters > 100000);
    assert_true(subject.accuracy >= 0 && subject.accuracy <= 1);
    for (int wrong = 0; wrong < 2; wrong++)
      assert_ok(ctx, vt_lima_items(ctx, &subject, VT_LIMA_TWO, wrong, 0, LOOKED, LOOKED, items[wrong],
                                   &found[wrong], &next));
    assert_int_equal(found[0] + found[1], LOOKED);
    assert_int_equal(next, LOOKED);
    int with_distractor = 0;
    for (int wrong = 0; wrong < 2; wrong++)
      for (int64_t i = 0; i < found[wrong]; i++) {
        vt_lima_item *item = &items[wrong][i];
        assert_int_equal(item->predicted != item->label, wrong);
        assert_true(item->area > 0 && item->probability > 0);
        assert_int_equal(item->picture->channels, strcmp(ids[k], "sounds") == 0 ? 1 : 3);
        with_distractor += item->distractor_area > 0;
        vt_lima_item_free(item);
      }
    assert_true(with_distractor > LOOKED / 2);
    vt_lima_subject_close(&subject);
  }
  assert_null(vt_lima_kind_find("nobody"));
}

/* ---- parts ---- */

static void remove_folder(const char *folder)
{
  DIR *list = opendir(folder);
  char path[512];
  for (struct dirent *entry; list && (entry = readdir(list));) {
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    if (entry->d_name[0] != '.') unlink(path);
  }
  if (list) closedir(list);
  assert_int_equal(rmdir(folder), 0); /* no folder of a training is left in it */
}

static void tiny_parts(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const parts[] = {"faithfulness", "truth", "mistakes"};
  const vt_paper *lima = vt_paper_find("lima");
  char folder[] = "/tmp/vitrail-test-lima-XXXXXX";
  vt_cache *cache;
  assert_non_null(mkdtemp(folder));
  assert_ok(ctx, vt_cache_open(ctx, folder, &cache));
  for (size_t k = 0; k < VT_COUNT(parts); k++) {
    const vt_paper_piece *part = vt_paper_part(lima, parts[k]);
    assert_non_null(part);
    vt_lima_sizes sizes = {.items = 1, .plain = 1, .steps = 2, .count = 64, .subjects = 2, .methods = 1};
    vt_repro_options options = {.profile = VT_PROFILE_QUICK, .seeds = 1, .settings = &sizes, .cache = cache};
    vt_findings *findings;
    vt_text page = {0};
    assert_ok(ctx, vt_repro_run(ctx, lima, part, &options, &findings));
    assert_ok(ctx, vt_findings_judge(ctx, findings));
    assert_null(findings->ended);
    assert_true(findings->row_count > 50);
    for (size_t c = 0; c < findings->experiment->claim_count; c++)
      assert_int_not_equal(findings->claims[c].verdict, VT_HOLDS); /* two steps of training teach nothing */
    assert_ok(ctx, vt_page_text(ctx, findings, NULL, &page));
    assert_non_null(strstr(page.data, "Residual network"));
    vt_text_free(&page);
    vt_findings_free(findings);
  }
  vt_cache_close(cache);
  remove_folder(folder);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(measures_of_a_known_model, new_context, free_context),
      cmocka_unit_test_setup_teardown(prefixes_under_other_fills, new_context, free_context),
      cmocka_unit_test_setup_teardown(mean_and_best, new_context, free_context),
      cmocka_unit_test_setup_teardown(subjects_and_items, new_context, free_context),
      cmocka_unit_test_setup_teardown(tiny_parts, new_context, free_context),
  };
  return cmocka_run_group_tests_name("papers/lima_study", tests, NULL, NULL);
}
