/* SPDX-License-Identifier: Apache-2.0
 *
 * The files of a report: complete, described, self-contained, equal for equal results.
 */
#include <ftw.h>

#include "report/example.h"
#include "report/page.h"

static const float rising[COLUMNS] = {-4, -3, -2, -1};

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
  (void)info;
  (void)kind;
  (void)walk;
  return remove(path);
}

static char *read_text(vt_ctx *ctx, const char *folder, const char *name, size_t *size)
{
  unsigned char *bytes = NULL;
  char *path = vt_path_join(ctx, folder, name);
  assert_ok(ctx, vt_read_file(ctx, path, 1 << 26, &bytes, size));
  vt_free(path);
  return (char *)bytes;
}

static bool contains(const char *bytes, size_t size, const char *part)
{
  return memmem(bytes, size, part, strlen(part)) != NULL;
}

static void every_file_is_written(void **state)
{
  (void)state;
  example made;
  char folder[] = "/tmp/vitrail-report-XXXXXX";
  size_t size;
  assert_non_null(mkdtemp(folder));
  example_open(&made, rising);
  assert_ok(made.ctx, vt_report_check(made.ctx, &made.report));
  assert_ok(made.ctx, vt_report_write(made.ctx, &made.report, folder));
  for (const char *const *name = vt_report_files; *name; name++) {
    char *bytes = read_text(made.ctx, folder, *name, &size);
    if (size < 100) fail_msg("%s has %zu bytes", *name, size);
    vt_free(bytes);
  }
  /* pictures say what they show and how it was scaled */
  char *png = read_text(made.ctx, folder, "overlay.png", &size);
  assert_true(contains(png, size, "Scale"));
  assert_true(contains(png, size, "-4 to -1, smallest to largest, clip 0.1 % at each end"));
  assert_true(contains(png, size, "by-hand"));
  assert_true(contains(png, size, "viridis"));
  vt_free(png);
  /* labels.npy and explanation.json speak of the same regions */
  vt_explanation_file file;
  assert_ok(made.ctx, vt_explanation_read(made.ctx, folder, &file));
  assert_int_equal(file.count, COLUMNS);
  assert_memory_equal(file.order, made.explanation->order, COLUMNS * sizeof(int));
  vt_explanation_file_free(&file);
  vt_tensor *saliency;
  char *path = vt_path_join(made.ctx, folder, "saliency.npy");
  assert_ok(made.ctx, vt_npy_read(made.ctx, path, &saliency));
  vt_free(path);
  assert_memory_equal(vt_tensor_data(saliency), made.explanation->saliency, HEIGHT * WIDTH * sizeof(float));
  example_close(&made);
  nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void the_page_is_alone_in_the_world(void **state)
{
  (void)state;
  example made;
  vt_view scene;
  vt_text page;
  example_open(&made, rising);
  assert_ok(made.ctx, vt_report_scene(made.ctx, &made.report, &scene));
  assert_ok(made.ctx, vt_page_html(made.ctx, &made.report, &scene, &page));
  /* the only addresses are names of XML name spaces, which nothing fetches */
  for (const char *at = page.data; (at = strstr(at, "http")); at += 4)
    if (strncmp(at, "http-equiv", 10) != 0 && strncmp(at, "http://www.w3.org/2000/svg", 26) != 0)
      fail_msg("the page refers to %.40s", at);
  assert_null(strstr(page.data, "@import"));
  assert_null(strstr(page.data, "url("));
  assert_non_null(strstr(page.data, "default-src 'none'"));
  assert_null(strstr(page.data, "{{"));
  /* a hostile class name ends no element */
  assert_null(strstr(page.data, "</script><b>"));
  assert_non_null(strstr(page.data, "&lt;/script>&lt;b>&quot;cat&quot; &amp; dog"));
  assert_non_null(strstr(page.data, "\\u003c/script>"));
  vt_text_free(&page);
  example_close(&made);
}

static void page_data_are_the_raw_values(void **state)
{
  (void)state;
  example made;
  vt_view scene;
  json_t *page;
  example_open(&made, rising);
  assert_ok(made.ctx, vt_report_scene(made.ctx, &made.report, &scene));
  assert_ok(made.ctx, vt_page_data(made.ctx, &made.report, &scene, &page));
  vt_text expected = {0};
  vt_text_add_base64(made.ctx, &expected, made.explanation->saliency, HEIGHT * WIDTH * sizeof(float));
  assert_string_equal(json_string_value(json_object_get(page, "map")), expected.data);
  vt_text_free(&expected);
  assert_int_equal(json_integer_value(json_array_get(json_object_get(page, "order"), 0)), 2);
  assert_int_equal(json_array_size(json_object_get(page, "insertion")), COLUMNS + 1);
  assert_int_equal(json_array_size(json_object_get(page, "borders")), COLUMNS - 1);
  assert_true(json_is_null(json_object_get(page, "mistake")));
  json_decref(page);
  example_close(&made);
}

static void base64_is_that_of_rfc_4648(void **state)
{
  (void)state;
  static const char *const pairs[][2] = {{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"}};
  vt_ctx *ctx = vt_ctx_new();
  for (size_t i = 0; i < VT_COUNT(pairs); i++) {
    vt_text text = {0};
    vt_text_add_base64(ctx, &text, pairs[i][0], strlen(pairs[i][0]));
    assert_string_equal(text.data ? text.data : "", pairs[i][1]);
    vt_text_free(&text);
  }
  vt_ctx_free(ctx);
}

/* seconds, threads and batch reach explanation.json and no other file. */
static void pictures_and_pages_do_not_tell_the_time(void **state)
{
  (void)state;
  char folders[2][32] = {"/tmp/vitrail-report-XXXXXX", "/tmp/vitrail-report-XXXXXX"};
  example made;
  example_open(&made, rising);
  for (int i = 0; i < 2; i++) {
    assert_non_null(mkdtemp(folders[i]));
    made.explanation->seconds = 1.5 + 7 * i;
    made.explanation->threads = 1 + i;
    made.explanation->batch = 1 + 63 * i;
    assert_ok(made.ctx, vt_report_write(made.ctx, &made.report, folders[i]));
  }
  for (const char *const *name = vt_report_files; *name; name++) {
    size_t sizes[2];
    char *bytes[2];
    for (int i = 0; i < 2; i++)
      bytes[i] = read_text(made.ctx, folders[i], *name, &sizes[i]);
    bool same = sizes[0] == sizes[1] && memcmp(bytes[0], bytes[1], sizes[0]) == 0;
    if (same == (strcmp(*name, "explanation.json") == 0))
      fail_msg("%s: %s", *name, same ? "the same" : "differs");
    vt_free(bytes[0]);
    vt_free(bytes[1]);
  }
  example_close(&made);
  for (int i = 0; i < 2; i++)
    nftw(folders[i], remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void curves_survive_missing_points(void **state)
{
  (void)state;
  example made;
  char *svg;
  size_t size;
  example_open(&made, rising);
  made.explanation->insertion[2] = made.explanation->deletion[4] = NAN;
  made.explanation->insertion_auc = NAN;
  assert_ok(made.ctx, vt_curves_svg(made.ctx, made.explanation, &svg, &size));
  assert_true(contains(svg, size, "<svg"));
  assert_false(contains(svg, size, "nan "));
  vt_free(svg);
  example_close(&made);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
  (void)state;
  example made;
  example_open(&made, rising);
  assert_fails(made.ctx, vt_report_write(made.ctx, &made.report, "/nowhere/at/all"), VT_ERROR_NO_SUCH_FILE,
               "/nowhere/at/all");
  example_close(&made);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_file_is_written),
      cmocka_unit_test(the_page_is_alone_in_the_world),
      cmocka_unit_test(page_data_are_the_raw_values),
      cmocka_unit_test(base64_is_that_of_rfc_4648),
      cmocka_unit_test(pictures_and_pages_do_not_tell_the_time),
      cmocka_unit_test(curves_survive_missing_points),
      cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
  };
  return cmocka_run_group_tests_name("report/files", tests, NULL, NULL);
}
