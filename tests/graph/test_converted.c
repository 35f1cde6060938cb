/* SPDX-License-Identifier: Apache-2.0
 *
 * The converter of tools/: its folded weights equal those of an independently exported graph bit for bit.
 * Skipped when either model is not there (./run demo makes ours).
 */
#include "test.h"

#include "graph/graph.h"

/* Constants that feed convolutions and the classifier, in order of their nodes. */
static int weights_of(const vt_graph *graph, const vt_tensor *out[], int most)
{
  int count = 0;
  for (int n = 0; n < graph->node_count; n++) {
    const vt_node *node = &graph->nodes[n];
    if (strcmp(node->op->name, "Conv") != 0 && strcmp(node->op->name, "Gemm") != 0) continue;
    for (int i = 1; i < 3 && count < most; i++)
      out[count++] = graph->values[node->inputs[i]].constant;
  }
  return count;
}

static void test_same_weights(void **unused)
{
  (void)unused;
  enum { MOST = 256 };
  char ours[4096];
  const char *root = getenv("VITRAIL_SOURCE"), *theirs = shared_path("models/efficientnet_lite0.onnx");
  snprintf(ours, sizeof ours, "%s/models/efficientnet_lite0.onnx", root ? root : ".");
  if (!theirs || access(ours, R_OK) != 0) skip();
  vt_ctx *ctx = vt_ctx_new();
  vt_graph *made, *exported;
  assert_ok(ctx, vt_graph_read(ctx, ours, NULL, &made));
  assert_ok(ctx, vt_graph_read(ctx, theirs, NULL, &exported));
  const vt_tensor *a[MOST], *b[MOST];
  int count = weights_of(made, a, MOST);
  assert_int_equal(count, 100); /* 49 convolutions and the classifier, weight and bias each */
  assert_int_equal(weights_of(exported, b, MOST), count);
  for (int i = 0; i < count; i++) {
    assert_non_null(a[i]);
    assert_non_null(b[i]);
    assert_true(vt_same_shape(a[i], b[i]));
    assert_memory_equal(a[i]->data, b[i]->data, vt_bytes(a[i]));
  }
  vt_graph_free(made);
  vt_graph_free(exported);
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_same_weights),
  };
  return cmocka_run_group_tests_name("graph/converted", tests, NULL, NULL);
}
