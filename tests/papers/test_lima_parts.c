/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of the LiMA experiment at their smallest sizes: calls are the table's, the share of the best subset
 * is one, and the chart of searches has all that was measured.
 */
#include <math.h>
#include <unistd.h>

#include "papers/experiments.h"
#include "papers/lima_search.h"
#include "test.h"

static vt_findings *measure(vt_ctx *ctx, const char *id, const char *const *sizes)
{
  const vt_paper *lima = vt_paper_find("lima");
  const vt_paper_piece *part = vt_paper_part(lima, id);
  assert_non_null(part);
  const vt_experiment *experiment = part->experiment;
  void *settings = vt_alloc_zero(ctx, 1, experiment->settings_size);
  vt_findings *findings;
  assert_ok(ctx, vt_profile_settings(ctx, experiment, VT_PROFILE_QUICK, settings));
  for (; *sizes; sizes++)
    assert_ok(ctx,
              vt_params_apply(ctx, experiment->fields, experiment->field_count, settings, "size", *sizes));
  vt_repro_options options = {.profile = VT_PROFILE_QUICK, .seeds = 1, .settings = settings};
  assert_ok(ctx, vt_repro_run(ctx, lima, part, &options, &findings));
  vt_params_free(experiment->fields, experiment->field_count, settings);
  vt_free(settings);
  return findings;
}

static double mean_of(const vt_findings *findings, const char *group, const char *yardstick, const char *arm)
{
  const vt_experiment *e = findings->experiment;
  for (size_t g = 0; g < e->group_count; g++)
    for (size_t y = 0; y < e->yardstick_count; y++)
      for (size_t a = 0; a < e->arm_count; a++)
        if (strcmp(e->groups[g].id, group) == 0 && strcmp(e->yardsticks[y].id, yardstick) == 0 &&
            strcmp(e->arms[a].id, arm) == 0)
          return vt_findings_cell(findings, g, y, a)->mean;
  fail_msg("%s, %s, %s is not declared", group, yardstick, arm);
  return NAN;
}

/* 506 = 504 of the table + full and blank (k = 25, n_p = 8: P = 9, m = 7). */
static void speed(void **state)
{
  vt_findings *found = measure(*state, "speed", (const char *const[]){"items=1", "most_regions=25", NULL});
  assert_near(mean_of(found, "k25", "calls", "lima"), 2 * 9 * 17 + 2 * 8 * 9 + 7 * 8 - 2 + 2, 0);
  assert_near(mean_of(found, "k25", "calls", "greedy"), 25 * 26 + 2, 0);
  assert_near(mean_of(found, "k25", "off", "lima"), 0, 0);
  assert_near(mean_of(found, "k25", "side", "greedy"), 1, 0);
  double side = mean_of(found, "k25", "side", "one-shot");
  assert_true(side >= 0 && side < 1);
  vt_findings_free(found);
}

static void theory(void **state)
{
  vt_findings *found = measure(*state, "theory", (const char *const[]){"items=2", "triples=20", NULL});
  /* coverage is submodular, its complement is not */
  assert_near(mean_of(found, "coverage", "violations", "shown"), 0, 0);
  assert_true(mean_of(found, "coverage", "violations", "function") > 0);
  double greedy = mean_of(found, "games", "ratio", "greedy"),
         random = mean_of(found, "games", "ratio", "random");
  assert_true(random < greedy && greedy <= 1);
  vt_findings_free(found);
}

static void chart(void **state)
{
  vt_ctx *ctx = *state;
  char folder[] = "/tmp/vitrail-chart-XXXXXX", path[96];
  vt_findings *found;
  const vt_paper *lima = vt_paper_find("lima");
  const vt_paper_piece *part = vt_paper_part(lima, "search");
  const vt_experiment *e = part->experiment;
  vt_text text = {0};
  unsigned char *svg;
  size_t size;
  assert_non_null(mkdtemp(folder));
  assert_ok(ctx, vt_findings_new(ctx, lima, part, &found));
  found->seeds_asked = found->seeds_done = 1;
  for (size_t a = 0; a < e->arm_count; a++)
    for (size_t y = 0; y < e->yardstick_count; y++) {
      assert_ok(ctx, vt_grow(ctx, &found->rows, &found->row_capacity, found->row_count, sizeof *found->rows));
      found->rows[found->row_count++] =
          (vt_row){.yardstick = (int)y, .arm = (int)a, .value = y == 2 ? 100. * (double)(a + 1) : .5};
    }
  assert_ok(ctx, vt_findings_judge(ctx, found));
  assert_ok(ctx, vt_lima_search_chart(ctx, found, folder, &text));
  assert_non_null(strstr(text.data, "01-lima-search-scenes.svg"));
  assert_null(strstr(text.data, "photographs"));
  snprintf(path, sizeof path, "%s/01-lima-search-scenes.svg", folder);
  assert_ok(ctx, vt_read_file(ctx, path, 1 << 20, &svg, &size));
  assert_non_null(strstr((const char *)svg, "<svg"));
  vt_free(svg);
  vt_text_free(&text);
  vt_findings_free(found);
  unlink(path);
  rmdir(folder);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(speed, new_context, free_context),
      cmocka_unit_test_setup_teardown(theory, new_context, free_context),
      cmocka_unit_test_setup_teardown(chart, new_context, free_context),
  };
  return cmocka_run_group_tests_name("papers/lima_parts", tests, NULL, NULL);
}
