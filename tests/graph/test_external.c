/* SPDX-License-Identifier: Apache-2.0
 *
 * External data: read from the model's folder, refused from anywhere else.
 */
#include <sys/stat.h>

#include "graph/graph.h"
#include "onnx_writer.h"

static const int64_t two_by_three[2] = {2, 3};
static const float weights[6] = {1, 2, 3, 4, 5, 6};

typedef struct fixture {
  vt_ctx *ctx;
  char root[64]; /* holds `model/` and `secret.bin` beside it */
  char path[4096];
} fixture;

static char *join(fixture *f, const char *name)
{
  snprintf(f->path, sizeof f->path, "%s/%s", f->root, name);
  return f->path;
}

static int set_up(void **state)
{
  fixture *f = calloc(1, sizeof *f);
  f->ctx = vt_ctx_new();
  strcpy(f->root, "/tmp/vitrail-test-XXXXXX");
  assert_non_null(mkdtemp(f->root));
  assert_int_equal(mkdir(join(f, "model"), 0700), 0);
  assert_ok(f->ctx, vt_write_file(f->ctx, join(f, "secret.bin"), weights, sizeof weights));
  assert_ok(f->ctx, vt_write_file(f->ctx, join(f, "model/weights.bin"), "\1\2\3\4", 4));
  *state = f;
  return 0;
}

static int tear_down(void **state)
{
  fixture *f = *state;
  static const char *const names[] = {"model/weights.bin",
                                      "model/link.bin",
                                      "model/inside.bin",
                                      "model/m.onnx",
                                      "model/sub/w.bin",
                                      "model/sub",
                                      "model",
                                      "secret.bin",
                                      ""};
  for (size_t i = 0; i < VT_COUNT(names); i++)
    remove(join(f, names[i]));
  vt_ctx_free(f->ctx);
  free(f);
  return 0;
}

/* Writes a model whose weight w lies at `location`; y = x + w. Returns its path. */
static const char *write_model(fixture *f, const char *location, const char *offset, const char *length)
{
  const char *keys[] = {"location", "offset", "length"}, *values[] = {location, offset, length};
  pb graph = onnx_graph(f->ctx, 2, two_by_three), tensor = {0};
  for (int i = 0; i < 2; i++)
    pb_int(f->ctx, &tensor, 1, two_by_three[i]);
  pb_int(f->ctx, &tensor, 2, VT_F32);
  pb_text(f->ctx, &tensor, 8, "w");
  pb_int(f->ctx, &tensor, 14, 1);
  for (int i = 0; i < 3; i++) {
    pb entry = {0};
    if (!values[i]) continue;
    pb_text(f->ctx, &entry, 1, keys[i]);
    pb_text(f->ctx, &entry, 2, values[i]);
    pb_message(f->ctx, &tensor, 13, &entry);
  }
  pb_message(f->ctx, &graph, ONNX_INITIALIZER, &tensor);
  pb node = onnx_node(f->ctx, "Add", "sum", "x w", "y");
  pb_message(f->ctx, &graph, ONNX_NODE, &node);
  pb model = onnx_model(f->ctx, 21, &graph);
  assert_ok(f->ctx, vt_write_file(f->ctx, join(f, "model/m.onnx"), model.data, model.length));
  vt_text_free(&model);
  return f->path;
}

static void refused(fixture *f, const char *path, vt_status expected, const char *part)
{
  vt_graph *graph;
  assert_fails(f->ctx, vt_graph_read(f->ctx, path, NULL, &graph), expected, part);
}

static void accepted(fixture *f, const char *path)
{
  vt_graph *graph;
  assert_ok(f->ctx, vt_graph_read(f->ctx, path, NULL, &graph));
  const vt_value *value = &graph->values[vt_graph_find(graph, "w")];
  assert_memory_equal(value->constant->data, weights, sizeof weights);
  assert_int_equal(graph->parameter_count, 6);
  vt_graph_free(graph);
}

static void put(fixture *f, const char *name, size_t before)
{
  unsigned char bytes[64] = {0};
  memcpy(bytes + before, weights, sizeof weights);
  assert_ok(f->ctx, vt_write_file(f->ctx, join(f, name), bytes, before + sizeof weights));
}

static void beside_the_model(void **state)
{
  fixture *f = *state;
  put(f, "model/weights.bin", 0);
  accepted(f, write_model(f, "weights.bin", NULL, NULL));
  accepted(f, write_model(f, "./weights.bin", "0", "24"));
}

static void at_an_offset_in_a_folder_below(void **state)
{
  fixture *f = *state;
  assert_int_equal(mkdir(join(f, "model/sub"), 0700), 0);
  put(f, "model/sub/w.bin", 16);
  accepted(f, write_model(f, "sub/w.bin", "16", "24"));
}

static void a_link_that_stays_inside(void **state)
{
  fixture *f = *state;
  put(f, "model/inside.bin", 0);
  assert_int_equal(symlink("inside.bin", join(f, "model/link.bin")), 0);
  accepted(f, write_model(f, "link.bin", NULL, NULL));
}

static void above_the_folder(void **state)
{
  fixture *f = *state;
  refused(f, write_model(f, "../secret.bin", NULL, NULL), VT_ERROR_INVALID_MODEL,
          "lies outside the model's folder");
  refused(f, write_model(f, "sub/../../secret.bin", NULL, NULL), VT_ERROR_INVALID_MODEL, "lies outside");
  refused(f, write_model(f, "..", NULL, NULL), VT_ERROR_INVALID_MODEL, "lies outside");
}

static void absolute_path(void **state)
{
  fixture *f = *state;
  char secret[4096];
  snprintf(secret, sizeof secret, "%s/secret.bin", f->root);
  refused(f, write_model(f, secret, NULL, NULL), VT_ERROR_INVALID_MODEL, "lies outside the model's folder");
}

static void a_link_that_leads_out(void **state)
{
  fixture *f = *state;
  assert_int_equal(symlink("../secret.bin", join(f, "model/link.bin")), 0);
  refused(f, write_model(f, "link.bin", NULL, NULL), VT_ERROR_INVALID_MODEL,
          "is a link to outside the model's folder");
}

static void no_such_file(void **state)
{
  refused(*state, write_model(*state, "nothing.bin", NULL, NULL), VT_ERROR_NO_SUCH_FILE, "nothing.bin");
}

static void a_folder(void **state)
{
  refused(*state, write_model(*state, ".", NULL, NULL), VT_ERROR_INVALID_MODEL, "");
}

static void too_short(void **state)
{
  refused(*state, write_model(*state, "weights.bin", NULL, NULL), VT_ERROR_INVALID_MODEL,
          "has 4 bytes; 24 at offset 0");
}

static void offset_beyond_the_end(void **state)
{
  fixture *f = *state;
  put(f, "model/weights.bin", 0);
  refused(f, write_model(f, "weights.bin", "8", NULL), VT_ERROR_INVALID_MODEL, "24 at offset 8");
  refused(f, write_model(f, "weights.bin", "9223372036854775807", NULL), VT_ERROR_INVALID_MODEL,
          "offset 9223372036854775807");
  refused(f, write_model(f, "weights.bin", "-8", NULL), VT_ERROR_INVALID_MODEL,
          "offset '-8', which is no size");
  refused(f, write_model(f, "weights.bin", "four", NULL), VT_ERROR_INVALID_MODEL, "offset 'four'");
}

static void length_that_does_not_fit(void **state)
{
  fixture *f = *state;
  put(f, "model/weights.bin", 0);
  refused(f, write_model(f, "weights.bin", "0", "20"), VT_ERROR_INVALID_MODEL,
          "20 bytes where the shape needs 24");
}

static void no_location(void **state)
{
  refused(*state, write_model(*state, NULL, NULL, NULL), VT_ERROR_INVALID_MODEL, "without a location");
}

static void larger_than_allowed(void **state)
{
  fixture *f = *state;
  put(f, "model/weights.bin", 0);
  const char *path = write_model(f, "weights.bin", NULL, NULL);
  struct stat info;
  assert_int_equal(stat(path, &info), 0);
  vt_graph_options options = vt_graph_options_default();
  options.max_bytes = (uint64_t)info.st_size + 23;
  vt_graph *graph;
  assert_fails(f->ctx, vt_graph_read(f->ctx, path, &options, &graph), VT_ERROR_OUT_OF_MEMORY,
               "larger than is allowed");
  options.max_bytes = (uint64_t)info.st_size - 1;
  assert_fails(f->ctx, vt_graph_read(f->ctx, path, &options, &graph), VT_ERROR_INVALID_MODEL, "more than");
}

static void from_memory(void **state)
{
  fixture *f = *state;
  unsigned char *bytes;
  size_t size;
  vt_graph *graph;
  assert_ok(f->ctx, vt_read_file(f->ctx, write_model(f, "weights.bin", NULL, NULL), 1 << 20, &bytes, &size));
  assert_fails(f->ctx, vt_graph_parse(f->ctx, bytes, size, NULL, NULL, &graph), VT_ERROR_INVALID_MODEL,
               "has no folder");
  vt_free(bytes);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(beside_the_model),
      CASE(at_an_offset_in_a_folder_below),
      CASE(a_link_that_stays_inside),
      CASE(above_the_folder),
      CASE(absolute_path),
      CASE(a_link_that_leads_out),
      CASE(no_such_file),
      CASE(a_folder),
      CASE(too_short),
      CASE(offset_beyond_the_end),
      CASE(length_that_does_not_fit),
      CASE(no_location),
      CASE(larger_than_allowed),
      CASE(from_memory),
  };
  return cmocka_run_group_tests_name("graph/external", tests, NULL, NULL);
}
