/* SPDX-License-Identifier: Apache-2.0
 *
 * CSV, TSV, JSON Lines, and data sets of texts.
 */
#include "data/csv.h"
#include "data/jsonl.h"
#include "data/labelled.h"
#include "folder.h"

static vt_csv *parse(vt_ctx *ctx, const char *text, const vt_csv_format *format)
{
  vt_csv *table;
  assert_ok(ctx, vt_csv_parse(ctx, text, strlen(text), format, &table));
  return table;
}

static void test_csv(void **state)
{
  vt_ctx *ctx = *state;
  double number;
  size_t column;
  vt_csv *table =
      parse(ctx, "\xef\xbb\xbfname,\"a,b\",x\r\n\"one \"\"1\"\"\",\"two\nlines\",1.5\r\n,\"\",-3e2", NULL);
  assert_int_equal(vt_csv_rows(table), 2);
  assert_int_equal(vt_csv_columns(table), 3);
  assert_string_equal(vt_csv_name(table, 0), "name");
  assert_string_equal(vt_csv_name(table, 1), "a,b");
  assert_string_equal(vt_csv_cell(table, 0, 0), "one \"1\"");
  assert_string_equal(vt_csv_cell(table, 0, 1), "two\nlines");
  assert_string_equal(vt_csv_cell(table, 1, 0), "");
  assert_string_equal(vt_csv_cell(table, 1, 1), "");
  assert_int_equal(vt_csv_line(table, 0), 2);
  assert_int_equal(vt_csv_line(table, 1), 4);
  assert_ok(ctx, vt_csv_column(ctx, table, "x", &column));
  assert_int_equal(column, 2);
  assert_ok(ctx, vt_csv_number(ctx, table, 1, column, &number));
  assert_true(number == -300);
  assert_fails(ctx, vt_csv_number(ctx, table, 0, 0, &number), VT_ERROR_INVALID_DATA,
               "line 2, column 1: 'one \"1\"' is not a number");
  assert_fails(ctx, vt_csv_column(ctx, table, "y", &column), VT_ERROR_INVALID_ARGUMENT,
               "no column 'y'; there are 'name', 'a,b', 'x'");
  vt_csv_free(table);
  /* tabs: quotes mean nothing; no header; a limit, behind which even nonsense may stand */
  vt_csv_format tabs = {.separator = '\t', .no_header = true, .max_rows = 2};
  table = parse(ctx, "\"it\" 's\t1\nb\t\nonly one\n", &tabs);
  assert_int_equal(vt_csv_rows(table), 2);
  assert_null(vt_csv_name(table, 0));
  assert_string_equal(vt_csv_cell(table, 0, 0), "\"it\" 's");
  assert_string_equal(vt_csv_cell(table, 1, 1), "");
  assert_ok(ctx, vt_csv_column(ctx, table, "1", &column));
  assert_fails(ctx, vt_csv_column(ctx, table, "2", &column), VT_ERROR_INVALID_ARGUMENT, "0 to 1");
  vt_csv_free(table);
  /* one column: an empty line is an empty cell; a header alone is a table without rows */
  table = parse(ctx, "a\n\nb\n", NULL);
  assert_int_equal(vt_csv_rows(table), 2);
  assert_string_equal(vt_csv_cell(table, 1, 0), "b");
  vt_csv_free(table);
  table = parse(ctx, "a,b", NULL);
  assert_int_equal(vt_csv_rows(table), 0);
  vt_csv_free(table);
}

static void test_csv_refused(void **state)
{
  vt_ctx *ctx = *state;
  static const struct {
    const char *text;
    const char *message;
  } rows[] = {
      {"", "an empty table"},
      {"a,b\n1,2\n3\n", "line 3 has 1 columns, the first line 2"},
      {"a,b\n1,2,3\n", "line 2 has 3 columns"},
      {"a,b\n1,2\n\n3,4\n", "line 3 has 1 columns"},
      {"a,b\n1,\"x\ny", "line 2, column 2: the quote that opens here is not closed"},
      {"a,b\n1,\"x\"y\n", "line 2, column 2: text behind the closing quote"},
      {"a,b\n\"1\n\",x\"\n", "line 3, column 2: a quote inside"},
      {"a,b\n1,\xff\n", "line 2 is not UTF-8 text: byte 0xff"},
  };
  vt_csv *table;
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    assert_fails(ctx, vt_csv_parse(ctx, rows[i].text, strlen(rows[i].text), NULL, &table),
                 VT_ERROR_INVALID_DATA, rows[i].message);
    assert_null(table);
  }
  assert_fails(ctx, vt_csv_parse(ctx, "a\0b", 3, NULL, &table), VT_ERROR_INVALID_DATA, "byte 0x00");
  assert_ok(ctx, vt_write_file(ctx, path_of("t.csv"), "a\n\"", 3));
  assert_fails(ctx, vt_csv_read(ctx, path_of("t.csv"), NULL, &table), VT_ERROR_INVALID_DATA, "t.csv: line 2");
  assert_fails(ctx, vt_csv_read(ctx, path_of("absent.csv"), NULL, &table), VT_ERROR_NO_SUCH_FILE,
               "absent.csv");
}

static void test_jsonl(void **state)
{
  vt_ctx *ctx = *state;
  char path[300];
  snprintf(path, sizeof path, "%s", path_of("a.jsonl"));
  json_t *objects[2] = {json_pack("{s:s, s:i}", "z", "line\nend \xc3\xa9", "a", 1), json_object()}, *object;
  assert_ok(ctx, vt_jsonl_write(ctx, path, objects, 2));
  unsigned char *bytes;
  size_t size;
  assert_ok(ctx, vt_read_file(ctx, path, 1 << 20, &bytes, &size));
  assert_string_equal((char *)bytes, "{\"z\":\"line\\nend \xc3\xa9\",\"a\":1}\n{}\n");
  vt_free(bytes);
  vt_jsonl file;
  assert_ok(ctx, vt_jsonl_open(ctx, path, &file));
  for (int i = 0; i < 2; i++) {
    assert_ok(ctx, vt_jsonl_next(ctx, &file, &object));
    assert_true(json_equal(object, objects[i]));
    json_decref(object);
    json_decref(objects[i]);
  }
  assert_ok(ctx, vt_jsonl_next(ctx, &file, &object));
  assert_null(object);
  vt_jsonl_close(&file);
  static const struct {
    const char *text, *message;
  } rows[] = {{"{}\n\n \r\n[1]\n", "a.jsonl: line 4 is no JSON object"},
              {"{}\n{\"a\": 1, \"a\": 2}", "line 2 is no JSON object: duplicate"},
              {"{}\n{}{}", "line 2"}};
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    assert_ok(ctx, vt_write_file(ctx, path, rows[i].text, strlen(rows[i].text)));
    assert_ok(ctx, vt_jsonl_open(ctx, path, &file));
    assert_ok(ctx, vt_jsonl_next(ctx, &file, &object));
    json_decref(object);
    assert_fails(ctx, vt_jsonl_next(ctx, &file, &object), VT_ERROR_INVALID_DATA, rows[i].message);
    vt_jsonl_close(&file);
  }
}

/* ---- texts with a class ---- */

static vt_labelled *read_set(vt_ctx *ctx, const char *name, const char *content, const char *text,
                             const char *label, size_t most)
{
  vt_labelled *set;
  assert_ok(ctx, vt_write_file(ctx, path_of(name), content, strlen(content)));
  assert_ok(ctx, vt_labelled_read(ctx, path_of(name), text, label, most, &set));
  return set;
}

static void test_labelled(void **state)
{
  vt_ctx *ctx = *state;
  /* classes by name in the order of bytes, texts of two columns */
  vt_labelled *set =
      read_set(ctx, "news.csv", "title,description,class\nA,\"b, c\",World\nD,e,Business\nF,g,World\n",
               "title,description", "class", 0);
  assert_int_equal(set->count, 3);
  assert_string_equal(set->texts[0], "A b, c");
  assert_int_equal(set->class_count, 2);
  assert_string_equal(set->classes[0], "Business");
  assert_true(set->labels[0] == 1 && set->labels[1] == 0 && set->labels[2] == 1);
  vt_labelled_free(set);
  /* numbers in the order of numbers; the limit */
  set = read_set(ctx, "s.tsv", "sentence\tlabel\nx \"y\"\t10\nz\t9\nw\t8\n", "sentence", "label", 2);
  assert_int_equal(set->count, 2);
  assert_string_equal(set->classes[0], "9");
  assert_true(set->labels[0] == 1 && set->labels[1] == 0);
  vt_labelled_free(set);
  set = read_set(ctx, "s.jsonl", "{\"t\": \"one\", \"c\": 1}\n{\"t\": \"two\", \"c\": \"0\"}\n", "t", "c", 0);
  assert_true(set->count == 2 && set->labels[0] == 1 && set->labels[1] == 0);
  vt_labelled_free(set);
  assert_fails(ctx, vt_labelled_read(ctx, path_of("s.jsonl"), "u", "c", 0, &set), VT_ERROR_INVALID_DATA,
               "line 1 has no text under \"u\"");
  assert_fails(ctx, vt_labelled_read(ctx, path_of("s.jsonl"), "t", "u", 0, &set), VT_ERROR_INVALID_DATA,
               "no text or integer under \"u\"");
  assert_fails(ctx, vt_labelled_read(ctx, path_of("s.tsv"), "text", "label", 0, &set),
               VT_ERROR_INVALID_ARGUMENT, "no column 'text'");
  assert_fails(ctx, vt_labelled_read(ctx, path_of("s.tsv"), "a,,b", "label", 0, &set),
               VT_ERROR_INVALID_ARGUMENT, "'a,b'");
}

static void test_dataset(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const words[] = {"a", "b", "c"};
  vt_tokenizer *tokenizer;
  assert_ok(ctx, vt_tokenizer_words(ctx, words, 3,
                                    (const char *[]){"unk", "?", "pad", "_", "bos", "<", "eos", ">", NULL},
                                    false, &tokenizer));
  vt_labelled *set = read_set(ctx, "d.tsv", "t\tl\na b\tno\na b c a\tyes\n", "t", "l", 0);
  vt_dataset *data, *shorter;
  assert_ok(ctx, vt_labelled_dataset(ctx, set, tokenizer, 5, "letters", &data));
  assert_int_equal(data->count, 2);
  assert_int_equal(data->class_count, 2);
  assert_string_equal(data->classes[1], "yes");
  static const int64_t tokens[2][5] = {{2, 4, 5, 3, 1}, {2, 4, 5, 6, 3}},
                       mask[2][5] = {{1, 1, 1, 1, 0}, {1, 1, 1, 1, 1}};
  for (int64_t i = 0; i < 2; i++) {
    int64_t t[5], m[5], label;
    assert_ok(ctx, data->fill(ctx, data, i, 0, (void *[]){t, m, &label}));
    assert_memory_equal(t, tokens[i], sizeof t);
    assert_memory_equal(m, mask[i], sizeof m);
    assert_int_equal(label, i);
  }
  assert_int_equal(strlen(data->key), 64);
  assert_ok(ctx, vt_labelled_dataset(ctx, set, tokenizer, 4, "letters", &shorter));
  assert_string_not_equal(data->key, shorter->key);
  vt_dataset_free(shorter);
  vt_dataset_free(data);
  assert_fails(ctx, vt_labelled_dataset(ctx, set, tokenizer, 1, "letters", &data), VT_ERROR_INVALID_ARGUMENT,
               "2 or more");
  vt_labelled_free(set);
  vt_tokenizer_free(tokenizer);
}

/* Real files, where they are. */
static void test_real_files(void **state)
{
  vt_ctx *ctx = *state;
  static const struct {
    const char *path, *text, *label;
    size_t count;
    int classes;
  } rows[] = {{"data/text/sst2_x_dev.tsv", "sentence", "label", 6735, 2},
              {"data/text/ag_news_test.csv", "title,description", "class", 7600, 4}};
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    const char *path = shared_path(rows[i].path);
    if (!path) skip();
    vt_labelled *set;
    assert_ok(ctx, vt_labelled_read(ctx, path, rows[i].text, rows[i].label, 0, &set));
    assert_int_equal(set->count, rows[i].count);
    assert_int_equal(set->class_count, rows[i].classes);
    vt_labelled_free(set);
  }
}

/* Each allocation refused in turn. */
static void test_every_allocation(void **state)
{
  VT_UNUSED(state);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  long n = 0;
  while (status != VT_OK) {
    vt_ctx *ctx = vt_ctx_new();
    vt_labelled *table = NULL, *lines = NULL;
    vt_dataset *data = NULL;
    vt_tokenizer *tokenizer = NULL;
    VT_TRY_DONE(vt_write_file(ctx, path_of("m.csv"), "t,u,l\na,b,no\nb,a,yes\n", 21));
    VT_TRY_DONE(vt_write_file(ctx, path_of("m.jsonl"), "{\"t\":\"a\",\"l\":1}\n", 16));
    vt_ctx_fail_allocation(ctx, ++n);
    VT_TRY_DONE(vt_labelled_read(ctx, path_of("m.csv"), "t,u", "l", 0, &table));
    VT_TRY_DONE(vt_labelled_read(ctx, path_of("m.jsonl"), "t", "l", 0, &lines));
    VT_TRY_DONE(vt_tokenizer_words(ctx, (const char *[]){"a", "b"}, 2, NULL, true, &tokenizer));
    VT_TRY_DONE(vt_labelled_dataset(ctx, table, tokenizer, 4, "m", &data));
  done:
    if (status != VT_OK && status != VT_ERROR_OUT_OF_MEMORY) fail_msg("%ld: %s", n, vt_ctx_message(ctx));
    vt_dataset_free(data);
    vt_labelled_free(table);
    vt_labelled_free(lines);
    vt_tokenizer_free(tokenizer);
    vt_ctx_free(ctx);
    assert_true(n < 2000);
  }
  assert_true(n > 30);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_csv, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_csv_refused, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_jsonl, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_labelled, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_dataset, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_real_files, new_context, free_context),
      cmocka_unit_test(test_every_allocation),
  };
  return cmocka_run_group_tests_name("data/text_files", tests, make_folder, remove_folder);
}
