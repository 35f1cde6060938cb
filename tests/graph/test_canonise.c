/* SPDX-License-Identifier: Apache-2.0
 *
 * Canonised graphs compute what the original computes, with fewer nodes; what cannot be folded stays.
 */
#include <math.h>

#include "graph/builder.h"
#include "graph/canonise.h"
#include "vitrail/trace.h"

typedef struct folding_case {
  const char *name;
  const char *nodes[3][4]; /* operator, inputs, outputs, attributes; from "x" to "y" */
  int rank;
  int64_t channels; /* of the normalisation */
  int folded;
} folding_case;

static const folding_case cases[] = {
    {"behind Conv",
     {{"Conv", "x k3 b4", "a", "pads=1,1,1,1"}, {"BatchNormalization", "a s b m v", "y", "epsilon=0.01"}},
     4,
     4,
     1},
    {"behind Conv of groups without bias",
     {{"Conv", "x kg -", "a", "group=2"}, {"BatchNormalization", "a s b m v", "y", NULL}},
     4,
     4,
     1},
    {"behind ConvTranspose of groups",
     {{"ConvTranspose", "x kt b4", "a", "group=2"}, {"BatchNormalization", "a s b m v", "y", NULL}},
     4,
     4,
     1},
    {"behind Gemm",
     {{"Gemm", "x g b4", "a", "alpha=0.5 beta=2"}, {"BatchNormalization", "a s b m v", "y", NULL}},
     2,
     4,
     1},
    {"behind turned Gemm without bias",
     {{"Gemm", "x gt", "a", "transB=1"}, {"BatchNormalization", "a s b m v", "y", NULL}},
     2,
     4,
     1},
    {"before Conv without padding",
     {{"BatchNormalization", "x s b m v", "a", NULL}, {"Conv", "a k3 b4", "y", NULL}},
     4,
     4,
     1},
    {"before Conv of groups",
     {{"BatchNormalization", "x s b m v", "a", NULL}, {"Conv", "a kg", "y", "group=2"}},
     4,
     4,
     1},
    {"before padded Conv: stays",
     {{"BatchNormalization", "x s b m v", "a", NULL}, {"Conv", "a k3 b4", "y", "pads=1,1,1,1"}},
     4,
     4,
     0},
    {"before padded Conv, nothing added",
     {{"BatchNormalization", "x s zero zero v", "a", NULL}, {"Conv", "a k3 b4", "y", "pads=1,1,1,1"}},
     4,
     4,
     1},
    {"before Gemm",
     {{"BatchNormalization", "x s b m v", "a", NULL}, {"Gemm", "a g b4", "y", "alpha=0.5 beta=2"}},
     2,
     4,
     1},
    {"two behind one",
     {{"Conv", "x k3 b4", "a", NULL},
      {"BatchNormalization", "a s b m v", "c", NULL},
      {"BatchNormalization", "c s b m v", "y", NULL}},
     4,
     4,
     2},
    {"Conv read twice: stays",
     {{"Conv", "x k3 b4", "a", NULL},
      {"BatchNormalization", "a s b m v", "c", NULL},
      {"Add", "a c", "y", NULL}},
     4,
     4,
     0},
    {"behind Relu: stays",
     {{"Relu", "x", "a", NULL}, {"BatchNormalization", "a s b m v", "y", NULL}},
     4,
     4,
     0},
};

static void build(builder *b, vt_ctx *ctx, const folding_case *c)
{
  builder_init(b, ctx);
  builder_input(b, "x", VT_F32, c->rank, c->rank == 4 ? DIMS(2, 4, 5, 5) : DIMS(3, 4));
  builder_random(b, "k3", 4, DIMS(4, 4, 3, 3), 0.5);
  builder_random(b, "kg", 4, DIMS(4, 2, 2, 2), 0.5);
  builder_random(b, "kt", 4, DIMS(4, 2, 2, 2), 0.5);
  builder_random(b, "g", 2, DIMS(4, 4), 0.5);
  builder_random(b, "gt", 2, DIMS(4, 4), 0.5);
  builder_random(b, "b4", 1, DIMS(4), 1);
  builder_random(b, "s", 1, DIMS(4), 1);
  builder_random(b, "b", 1, DIMS(4), 1);
  builder_random(b, "m", 1, DIMS(4), 1);
  builder_constant(b, "zero", VT_F32, 1, DIMS(4), (const float[]){0, 0, 0, 0});
  builder_constant(b, "v", VT_F32, 1, DIMS(4), (const float[]){0.5, 1, 2, 3});
  for (int i = 0; i < 3 && c->nodes[i][0]; i++)
    builder_node(b, c->nodes[i][0], c->nodes[i][1], c->nodes[i][2], c->nodes[i][3]);
  builder_output(b, "y");
}

static void test_same_function(void **unused)
{
  (void)unused;
  double worst = 0;
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    vt_ctx *ctx = vt_ctx_new();
    builder b;
    vt_graph *graph;
    int folded;
    build(&b, ctx, &cases[i]);
    vt_tensor *x =
        vt_tensor_new(ctx, VT_F32, cases[i].rank, cases[i].rank == 4 ? DIMS(2, 4, 5, 5) : DIMS(3, 4));
    for (int64_t k = 0; k < vt_count(x); k++)
      ((float *)x->data)[k] = (float)vt_random_normal(5, 1, (uint64_t)k);
    vt_tensor *before = vt_tensor_empty(ctx), *after = vt_tensor_empty(ctx);
    assert_ok(ctx, vt_canonise(ctx, &b.graph, &graph, &folded));
    if (folded != cases[i].folded)
      fail_msg("%s: %d folded, expected %d", cases[i].name, folded, cases[i].folded);
    assert_int_equal(graph->node_count, b.graph.node_count - folded);
    assert_ok(ctx, vt_graph_run(ctx, &b.graph, &x, &before));
    assert_ok(ctx, vt_graph_run(ctx, graph, &x, &after));
    assert_true(vt_same_shape(before, after));
    for (int64_t k = 0; k < vt_count(before); k++) {
      double error = fabs(vt_get_f64(before, k) - vt_get_f64(after, k));
      if (!(error <= 2e-5 * fmax(1, fabs(vt_get_f64(before, k)))))
        fail_msg("%s: element %d is off by %g", cases[i].name, (int)k, error);
      worst = fmax(worst, error);
    }
    vt_canonise_free(graph);
    builder_free(&b);
    vt_tensor_release(ctx, 0);
    vt_ctx_free(ctx);
  }
  print_message("# canonised graphs: largest difference of a result %.1e\n", worst);
}

/* Values that mean the same keep their names; the one between a folded pair is gone, and says so. */
static void test_names(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  builder b;
  vt_graph *graph;
  vt_trace *trace;
  vt_tensor *value;
  build(&b, ctx, &cases[0]);
  vt_tensor *x = vt_tensor_new(ctx, VT_F32, 4, DIMS(2, 4, 5, 5));
  memset(x->data, 0, vt_bytes(x));
  assert_ok(ctx, vt_canonise(ctx, &b.graph, &graph, NULL));
  assert_ok(ctx, vt_trace_new(ctx, graph, &trace));
  assert_ok(ctx, vt_trace_read(ctx, trace, "y"));
  assert_ok(ctx, vt_trace_run(ctx, trace, &x));
  assert_ok(ctx, vt_trace_value(ctx, trace, "y", &value));
  assert_ok(ctx, vt_trace_read(ctx, trace, "a"));
  assert_fails(ctx, vt_trace_run(ctx, trace, &x), VT_ERROR_INVALID_ARGUMENT, "made by no node");
  vt_trace_free(trace);
  vt_canonise_free(graph);
  /* an output of the graph stays, whatever stands behind it */
  builder_output(&b, "a");
  int folded;
  assert_ok(ctx, vt_canonise(ctx, &b.graph, &graph, &folded));
  assert_int_equal(folded, 0);
  vt_canonise_free(graph);
  builder_free(&b);
  vt_tensor_release(ctx, 0);
  vt_ctx_free(ctx);
}

/* Whatever allocation fails, nothing is left behind. */
static void test_short_memory(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  builder b;
  build(&b, ctx, &cases[0]);
  uint64_t before = vt_ctx_memory_in_use(ctx);
  bool done = false;
  for (long n = 1; !done && n < 1000; n++) {
    vt_graph *graph;
    vt_ctx_fail_allocation(ctx, n);
    done = vt_canonise(ctx, &b.graph, &graph, NULL) == VT_OK;
    vt_ctx_fail_allocation(ctx, 0);
    vt_canonise_free(graph);
    vt_ctx_clear(ctx);
    assert_int_equal(vt_ctx_memory_in_use(ctx), before);
  }
  assert_true(done);
  builder_free(&b);
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_function), cmocka_unit_test(test_names),
                                     cmocka_unit_test(test_short_memory)};
  return cmocka_run_group_tests_name("graph/canonise", tests, NULL, NULL);
}
