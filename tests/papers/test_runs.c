/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs: bytes, interruption, failure half way, profiles, forecasts; pages; the list of papers.
 */
#include "explain/explanation.h"
#include "made_up.h"
#include "papers/experiments.h"

/* result.json without what may differ. */
static char *text_of(vt_ctx *ctx, const vt_findings *findings)
{
  char *text = NULL;
  json_t *json = vt_findings_json(ctx, findings);
  assert_non_null(json);
  assert_int_equal(json_object_del(json, "timing"), 0);
  assert_ok(ctx, vt_json_text(ctx, json, &text));
  json_decref(json);
  return text;
}

static char *measured_text(vt_ctx *ctx, const vt_paper *paper, const vt_paper_piece *part, void *sizes,
                           int threads)
{
  vt_findings *findings;
  vt_repro_options options = {.profile = VT_PROFILE_QUICK, .seeds = 2, .settings = sizes};
  vt_ctx_set_threads(ctx, threads);
  assert_ok(ctx, vt_repro_run(ctx, paper, part, &options, &findings));
  char *text = text_of(ctx, findings);
  vt_findings_free(findings);
  return text;
}

static void same_seed_same_bytes(void **state)
{
  vt_ctx *ctx = *state;
  const vt_paper *lima = vt_paper_find("lima");
  const vt_paper_piece *part = vt_paper_part(lima, "planted");
  assert_non_null(part);
  void *sizes = vt_alloc_zero(ctx, 1, part->experiment->settings_size);
  assert_ok(ctx, vt_profile_settings(ctx, part->experiment, VT_PROFILE_QUICK, sizes));
  assert_ok(ctx,
            vt_params_set(ctx, part->experiment->fields, part->experiment->field_count, sizes, "items", "2"));
  char *first = measured_text(ctx, lima, part, sizes, 1), *second = measured_text(ctx, lima, part, sizes, 2);
  assert_string_equal(first, second);
  assert_non_null(strstr(first, "\"arm\""));
  vt_free(first);
  vt_free(second);
  vt_free(sizes);
}

typedef struct seen {
  int calls, notes, last_done;
  bool complete;
} seen;

static vt_status on_seed(void *user, const vt_findings *findings)
{
  seen *all = user;
  all->calls++;
  all->last_done = findings->seeds_done;
  return VT_OK;
}

static void on_note(void *user, const char *text)
{
  seen *all = user;
  assert_non_null(strstr(text, "left"));
  all->notes++;
}

/* The open seed is dropped, finished ones stay, and the judged result says that it is not complete. */
static void interrupted_runs_stay_valid(void **state)
{
  vt_ctx *ctx = *state;
  for (int stop = 0; stop < 3; stop++) {
    made_up_sizes sizes = made_up_standard();
    vt_findings *findings;
    seen all = {0};
    vt_repro_options options = {.profile = VT_PROFILE_STD,
                                .seeds = 3,
                                .settings = &sizes,
                                .seed_done = on_seed,
                                .note = on_note,
                                .user = &all};
    sizes.stop_at = stop;
    made_up_cancel = 0;
    vt_ctx_set_cancel(ctx, &made_up_cancel);
    assert_ok(ctx, vt_repro_run(ctx, &made_up_paper, made_up_parts, &options, &findings));
    vt_ctx_set_cancel(ctx, NULL);
    assert_int_equal(findings->seeds_done, stop);
    assert_int_equal(findings->row_count, (size_t)stop * 30 * 6);
    assert_string_equal(findings->ended, "interrupted");
    assert_int_equal(findings->overall, stop ? VT_HOLDS : VT_NOT_MEASURED);
    assert_int_equal(all.last_done, stop);
    assert_int_equal(all.notes, stop ? 1 : 0); /* one forecast a stage, after 20 steps */
    char *text = text_of(ctx, findings);
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    assert_true(json_is_false(json_object_get(json, "complete")));
    assert_int_equal(json_array_size(json_object_get(json, "seeds")), stop);
    json_decref(json);
    vt_free(text);
    vt_findings_free(findings);
  }
}

static void failures_name_paper_and_seed(void **state)
{
  made_up_sizes sizes = made_up_standard();
  vt_findings *findings;
  seen all = {0};
  vt_repro_options options = {
      .profile = VT_PROFILE_STD, .seeds = 3, .settings = &sizes, .seed_done = on_seed, .user = &all};
  sizes.fail_at = 1;
  assert_fails(*state, vt_repro_run(*state, &made_up_paper, made_up_parts, &options, &findings),
               VT_ERROR_RUNTIME, "made-up first, seed 1: something broke");
  assert_int_equal(all.last_done, 1); /* seed 0 had been handed over before */
  assert_null(findings);
}

static void profiles(void **state)
{
  made_up_sizes sizes;
  assert_ok(*state, vt_profile_settings(*state, &made_up, VT_PROFILE_QUICK, &sizes));
  assert_int_equal(sizes.items, 5);
  assert_near(sizes.spread, .05, 0);
  assert_ok(*state, vt_profile_settings(*state, &made_up, VT_PROFILE_STD, &sizes));
  assert_int_equal(sizes.items, 30);
  assert_ok(*state, vt_profile_settings(*state, &made_up, VT_PROFILE_FULL, &sizes));
  assert_int_equal(sizes.items, 100);
  assert_near(sizes.spread, .01, 0);
}

/* Allocation failures anywhere are errors and nothing else. */
static void memory_runs_out(void **state)
{
  vt_ctx *ctx = *state;
  bool reached = false;
  for (long n = 1; n < 400 && !reached; n++) {
    made_up_sizes sizes = made_up_standard();
    vt_findings *findings = NULL;
    vt_repro_options options = {.profile = VT_PROFILE_STD, .seeds = 1, .settings = &sizes};
    vt_ctx_fail_allocation(ctx, n);
    vt_status status = vt_repro_run(ctx, &made_up_paper, made_up_parts, &options, &findings);
    vt_ctx_fail_allocation(ctx, 0);
    reached = status == VT_OK;
    if (!reached) assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
    vt_findings_free(findings);
    vt_ctx_clear(ctx);
  }
  assert_true(reached);
}

/* ---- pages ---- */

static void pages_keep_what_people_wrote(void **state)
{
  vt_ctx *ctx = *state;
  char folder[] = "/tmp/vitrail-pages-XXXXXX", path[64], *verdict;
  unsigned char *page;
  size_t size;
  static const char written[] = "# 99 A Paper\n\nOur own words.\n";
  made_up_sizes sizes = made_up_standard();
  vt_findings *findings;
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/99-made-up.md", folder);
  assert_ok(ctx, vt_page_verdict(ctx, &made_up_paper, folder, &verdict));
  assert_string_equal(verdict, "");
  vt_free(verdict);
  assert_ok(ctx, vt_write_file(ctx, path, written, strlen(written)));
  for (int round = 0; round < 2; round++) { /* the second verdict replaces the first */
    sizes.advantage = round ? .06 : .2;
    made_up_measure(ctx, made_up_parts, &sizes, 3, &findings);
    assert_ok(ctx, vt_page_write(ctx, findings, folder));
    vt_findings_free(findings);
    assert_ok(ctx, vt_page_verdict(ctx, &made_up_paper, folder, &verdict));
    assert_string_equal(verdict, round ? "direction holds, margin missed" : "holds");
    vt_free(verdict);
    assert_ok(ctx, vt_read_file(ctx, path, 1 << 20, &page, &size));
    assert_memory_equal(page, written, strlen(written));
    const char *first = strstr((const char *)page, "## The first part");
    assert_non_null(first);
    assert_null(strstr(first + 1, "## The first part"));
    assert_non_null(strstr(first, "### What was not measured\n\n- everything\n"));
    vt_free(page);
  }
  unlink(path);
  rmdir(folder);
}

static const char *place_in(const char *page, const char *title)
{
  const char *place = strstr(page, title);
  assert_non_null(place);
  assert_null(strstr(place + 1, title));
  return place;
}

static vt_status add_more(vt_ctx *ctx, const vt_findings *findings, const char *directory, vt_text *out)
{
  vt_text_addf(ctx, out, "\nMore of %s in %s.\n", findings->part->id, directory);
  return VT_OK;
}

/* Parts come in the order of the paper whatever the order of the runs; the worst verdict is the page's. */
static void parts_share_a_page(void **state)
{
  vt_ctx *ctx = *state;
  char folder[] = "/tmp/vitrail-pages-XXXXXX", path[64], more[96], *verdict;
  unsigned char *page;
  size_t size;
  static const int order[] = {1, 2, 0, 1};
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/99-made-up.md", folder);
  for (int i = 0; i < 4; i++) {
    made_up_sizes sizes = made_up_standard();
    vt_findings *findings;
    if (order[i] == 2) sizes.advantage = .06;
    made_up_measure(ctx, &made_up_parts[order[i]], &sizes, 2, &findings);
    vt_experiment adding = made_up;
    adding.more = add_more;
    if (i == 3) findings->experiment = &adding;
    assert_ok(ctx, vt_page_write(ctx, findings, folder));
    vt_findings_free(findings);
    assert_ok(ctx, vt_page_verdict(ctx, &made_up_paper, folder, &verdict));
    assert_string_equal(verdict, i ? "direction holds, margin missed" : "holds");
    vt_free(verdict);
  }
  assert_ok(ctx, vt_read_file(ctx, path, 1 << 20, &page, &size));
  const char *text = (const char *)page, *second = place_in(text, "## The second part");
  assert_true(place_in(text, "## The first part") < second && second < place_in(text, "## The third part"));
  snprintf(more, sizeof more, "\nMore of second in %s.\n", folder);
  assert_true(place_in(text, more) > second);
  assert_null(strstr(text, "\n\n\n"));
  vt_free(page);
  unlink(path);
  rmdir(folder);
}

/* ---- the list ---- */

static void all_papers_are_listed(void **state)
{
  const vt_paper *paper;
  assert_int_equal(vt_paper_count, 42);
  for (size_t i = 0; i < vt_paper_count; i++) {
    assert_int_equal(vt_papers[i].number, i + 1);
    assert_true(vt_papers[i].minutes > 0 && vt_papers[i].minutes <= 40); /* what std may take */
    assert_ptr_equal(vt_paper_find(vt_papers[i].name), &vt_papers[i]);
    assert_int_equal(vt_papers[i].state == VT_PAPER_NOT_YET, vt_papers[i].part_count == 0);
  }
  assert_ptr_equal(vt_paper_find("01"), &vt_papers[0]);
  assert_null(vt_paper_find("43"));
  assert_fails(*state, vt_paper_choose(*state, "limma", &paper), VT_ERROR_INVALID_ARGUMENT,
               "did you mean 'lima'?");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(same_seed_same_bytes, new_context, free_context),
      cmocka_unit_test_setup_teardown(interrupted_runs_stay_valid, new_context, free_context),
      cmocka_unit_test_setup_teardown(failures_name_paper_and_seed, new_context, free_context),
      cmocka_unit_test_setup_teardown(profiles, new_context, free_context),
      cmocka_unit_test_setup_teardown(memory_runs_out, new_context, free_context),
      cmocka_unit_test_setup_teardown(pages_keep_what_people_wrote, new_context, free_context),
      cmocka_unit_test_setup_teardown(parts_share_a_page, new_context, free_context),
      cmocka_unit_test_setup_teardown(all_papers_are_listed, new_context, free_context),
  };
  return cmocka_run_group_tests_name("papers/runs", tests, NULL, NULL);
}
