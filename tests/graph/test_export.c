/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing models: every operator that opset 17 lacks or writes in another way, recorded nets, external data,
 * destinations that cannot be written.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "eager_nets.h"
#include "export_case.h"
#include "graph/export.h"
#include "plan_case.h"

/* Rounding of a few operators in another order; sums of up to some hundred numbers. */
#define COMPOSED 2e-6

static void check(builder *b, const char *name, double tolerance)
{
  vt_tensor *inputs[BUILDER_ENDS];
  assert_ok(b->ctx, vt_graph_infer(b->ctx, &b->graph));
  case_inputs(b->ctx, &b->graph, inputs);
  export_check(b->ctx, &b->graph, inputs, name, tolerance, NULL);
  builder_free(b);
}

/* One node on x f32[2,4,5,6] (open batch) and on constants c (as given). */
static void one(vt_ctx *ctx, const char *op, const char *inputs, const char *attributes, const char *name,
                double tolerance)
{
  builder b;
  builder_init(&b, ctx);
  builder_input(&b, "x", VT_F32, 4, DIMS(-1, 4, 5, 6));
  builder_input(&b, "labels", VT_I64, 2, DIMS(2, 4));
  builder_random(&b, "four", 1, DIMS(4), 1);
  builder_random(&b, "four2", 1, DIMS(4), 1);
  builder_random(&b, "six", 1, DIMS(6), 1);
  builder_random(&b, "centres", 2, DIMS(3, 6), 1);
  builder_random(&b, "grid", 4, DIMS(2, 3, 3, 2), 0.6);
  builder_ints(&b, "axes", 2, DIMS(1, -1));
  builder_ints(&b, "none", 0, DIMS(0));
  builder_ints(&b, "pads", 2, DIMS(1, 2));
  builder_ints(&b, "last", 1, DIMS(-1));
  builder_ints(&b, "sizes", 4, DIMS(2, 4, 10, 3));
  builder_scalar(&b, "half", 0.5f);
  builder_node(&b, op, inputs, "y", attributes);
  builder_output(&b, "y");
  /* the second input must be read by something */
  builder_node(&b, "Identity", "labels", "same", NULL);
  builder_output(&b, "same");
  check(&b, name, tolerance);
}

static void later_operators(void **state)
{
  vt_ctx *ctx = *state;
  one(ctx, "Gelu", "x", NULL, "gelu", COMPOSED);
  one(ctx, "Gelu", "x", "approximate=tanh", "gelu_tanh", COMPOSED);
  one(ctx, "Mish", "x", NULL, "mish", COMPOSED);
  one(ctx, "GroupNormalization", "x four four2", "num_groups=2 epsilon=0.001", "group_norm", COMPOSED);
  one(ctx, "RMSNormalization", "x six", NULL, "rms_norm", COMPOSED);
  one(ctx, "RMSNormalization", "x six", "axis=2 epsilon=0.01", "rms_norm_axes", COMPOSED);
}

static void own_operators(void **state)
{
  vt_ctx *ctx = *state;
  one(ctx, "vt.StraightThrough", "x x", NULL, "straight_through", 0);
  one(ctx, "vt.StopGradient", "x", NULL, "stop_gradient", 0);
  one(ctx, "vt.GradientScale", "x", NULL, "gradient_scale", 0);
  one(ctx, "vt.JumpReLU", "x half", NULL, "jump_relu", 0);
  one(ctx, "vt.Step", "x half", NULL, "step", 0);
  one(ctx, "vt.SquaredDistance", "x centres", NULL, "squared_distance", COMPOSED);
  one(ctx, "vt.AdaptiveAveragePool", "x", "output_size=3,4", "adaptive_pool", COMPOSED);
  one(ctx, "vt.AdaptiveAveragePool", "x", "output_size=1,6", "adaptive_pool_one", COMPOSED);
  one(ctx, "vt.SegmentReduce", "x labels", "count=3 mode=sum", "segment_sum", COMPOSED);
  one(ctx, "vt.SegmentReduce", "x labels", "count=6 mode=mean", "segment_mean", COMPOSED);
  one(ctx, "vt.SegmentReduce", "x labels", "count=3 mode=max", "segment_max", 0);
}

/* A recurrence is written as its steps, whose number must be known; items may be open. */
static void scan_of_steps(void **state)
{
  for (int skip = 0; skip < 2; skip++) {
    builder b;
    builder_init(&b, *state);
    builder_input(&b, "u", VT_F32, 3, DIMS(-1, 5, 4));
    builder_input(&b, "delta", VT_F32, 3, DIMS(-1, 5, 4));
    builder_random(&b, "a", 2, DIMS(4, 2), 0.5);
    builder_input(&b, "b", VT_F32, 3, DIMS(-1, 5, 2));
    builder_input(&b, "c", VT_F32, 3, DIMS(-1, 5, 2));
    builder_random(&b, "d", 1, DIMS(4), 1);
    builder_node(&b, "vt.SelectiveScan", skip ? "u delta a b c d" : "u delta a b c", "y", NULL);
    builder_output(&b, "y");
    check(&b, skip ? "scan_skip" : "scan", 1e-5); /* exponentials of sums, five steps deep */
  }
  builder b;
  builder_init(&b, *state);
  builder_input(&b, "u", VT_F32, 3, DIMS(1, -1, 4));
  builder_random(&b, "a", 2, DIMS(4, 2), 0.5);
  builder_input(&b, "b", VT_F32, 3, DIMS(1, -1, 2));
  builder_node(&b, "vt.SelectiveScan", "u u a b b", "y", NULL);
  builder_output(&b, "y");
  assert_ok(b.ctx, vt_graph_infer(b.ctx, &b.graph));
  assert_fails(b.ctx, vt_graph_write(b.ctx, &b.graph, "/tmp/vitrail-export-open-scan.onnx", NULL),
               VT_ERROR_UNSUPPORTED, "number of its steps is open");
  builder_free(&b);
}

/* Three axes to pool, and labels of −1 with rows of one number. */
static void own_operators_at_the_edge(void **state)
{
  builder b;
  builder_init(&b, *state);
  builder_input(&b, "x", VT_F32, 5, DIMS(-1, 2, 5, 4, 7));
  builder_node(&b, "vt.AdaptiveAveragePool", "x", "y", "output_size=3,2,4");
  builder_output(&b, "y");
  check(&b, "adaptive_pool_3d", COMPOSED);
  static const char *const modes[] = {"mode=sum count=3", "mode=mean count=3", "mode=max count=3"};
  for (size_t i = 0; i < VT_COUNT(modes); i++) {
    char name[32];
    builder_init(&b, *state);
    builder_input(&b, "x", VT_F32, 1, DIMS(5));
    builder_ints(&b, "labels", 5, DIMS(2, -1, 0, 2, -1));
    builder_node(&b, "vt.SegmentReduce", "x labels", "y", modes[i]);
    builder_output(&b, "y");
    snprintf(name, sizeof name, "segment_nowhere_%zu", i);
    check(&b, name, COMPOSED);
  }
}

/* The same operator, written in another way. */
static void other_forms(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const reductions[] = {"ReduceL1",   "ReduceL2",        "ReduceLogSumExp",
                                           "ReduceMax",  "ReduceMean",      "ReduceMin",
                                           "ReduceProd", "ReduceSumSquare", "ReduceSum"};
  for (size_t i = 0; i < VT_COUNT(reductions); i++) {
    char name[64];
    snprintf(name, sizeof name, "%s_axes", reductions[i]);
    one(ctx, reductions[i], "x axes", "keepdims=0", name, 0);
    snprintf(name, sizeof name, "%s_all", reductions[i]);
    one(ctx, reductions[i], "x", NULL, name, 0);
    snprintf(name, sizeof name, "%s_none", reductions[i]);
    one(ctx, reductions[i], "x none", NULL, name, 0);
  }
  one(ctx, "ReduceSum", "x none", "noop_with_empty_axes=1", "ReduceSum_noop", 0);
  one(ctx, "GridSample", "x grid", "mode=linear align_corners=1", "grid_linear", 0);
  one(ctx, "GridSample", "x grid", "mode=cubic", "grid_cubic", 0);
  one(ctx, "GridSample", "x grid", "mode=nearest padding_mode=border", "grid_nearest", 0);
  one(ctx, "Pad", "x pads half last", NULL, "pad_axes", 0);
  one(ctx, "Pad", "x pads - last", "mode=reflect", "pad_reflect", 0);
  one(ctx, "Resize", "x - - sizes", "mode=linear", "resize", 0);
  one(ctx, "AveragePool", "x", "kernel_shape=2,2 strides=2,2 ceil_mode=1", "average_pool", 0);
  one(ctx, "LpPool", "x", "kernel_shape=2,3 p=3", "lp_pool", 0);
  one(ctx, "Dropout", "x", NULL, "dropout", 0);
  one(ctx, "LayerNormalization", "x six", "epsilon=0.001", "layer_norm", 0);
  one(ctx, "Softmax", "x", "axis=1", "softmax", 0);
  one(ctx, "Cast", "x", "to=11", "cast", 0);
  one(ctx, "Shape", "x", "start=1 end=-1", "shape", 0);
  one(ctx, "Transpose", "x", "perm=3,0,1,2", "transpose", 0);
  one(ctx, "Flatten", "x", "axis=2", "flatten", 0);
  one(ctx, "MeanVarianceNormalization", "x", NULL, "mean_variance", 0);
}

/* Attributes that are lists of texts; with Tanh, the default, the values would be others. */
static void recurrences(void **state)
{
  builder b;
  builder_init(&b, *state);
  builder_input(&b, "x", VT_F32, 3, DIMS(5, -1, 3));
  builder_random(&b, "w", 3, DIMS(2, 4, 3), 1);
  builder_random(&b, "r", 3, DIMS(2, 4, 4), 1);
  builder_node(&b, "RNN", "x w r", "y h",
               "activations=Relu activations=Sigmoid direction=bidirectional hidden_size=4");
  builder_output(&b, "y");
  builder_output(&b, "h");
  check(&b, "rnn", 0);
}

static void splits(void **state)
{
  static const struct {
    const char *attributes, *name;
  } cases[] = {{"axis=1 num_outputs=2", "split_equal"}, {"axis=2 num_outputs=2", "split_unequal"}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    builder b;
    builder_init(&b, *state);
    builder_input(&b, "x", VT_F32, 3, DIMS(-1, 4, 5));
    builder_node(&b, "Split", "x", "a b", cases[i].attributes);
    builder_output(&b, "b");
    builder_output(&b, "a");
    check(&b, cases[i].name, 0);
  }
}

static void refused(void **state)
{
  vt_ctx *ctx = *state;
  static const struct {
    const char *op, *inputs, *attributes, *told;
  } cases[] = {
      {"BatchNormalization", "x four four four four", "training_mode=1", "training mode"},
      {"Dropout", "x half yes", NULL, "training mode"},
      {"AveragePool", "x", "kernel_shape=2,2 dilations=2,1", "dilations came with opset 19"},
      {"LpPool", "x", "kernel_shape=2,2 ceil_mode=1", "ceil_mode"},
      {"Pad", "x all", "mode=wrap", "'wrap'"},
      {"Resize", "x - scales", "mode=linear antialias=1", "antialias"},
      {"ReduceMax", "x none", "noop_with_empty_axes=1", "reduces no axis"},
      {"CenterCropPad", "x all", NULL, "came with opset 18"},
      {"vt.Lgamma", "x", NULL, "no combination of ONNX operators"},
      {"vt.Digamma", "x", NULL, "'vt_Digamma_0' (vt.Digamma)"},
  };
  char path[] = "/tmp/vitrail-export-refused.onnx";
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    builder b;
    builder_init(&b, ctx);
    builder_input(&b, "x", VT_F32, 4, DIMS(1, 4, 4, 4));
    builder_random(&b, "four", 1, DIMS(4), 1);
    builder_scalar(&b, "half", 0.5f);
    builder_constant(&b, "yes", VT_BOOL, 0, NULL, &(uint8_t){1});
    builder_ints(&b, "all", 8, DIMS(0, 0, 1, 1, 0, 0, 1, 1));
    builder_ints(&b, "none", 0, DIMS(0));
    builder_constant(&b, "scales", VT_F32, 1, DIMS(4), (float[]){1, 1, 0.5f, 0.5f});
    builder_node(&b, cases[i].op, cases[i].inputs, "y", cases[i].attributes);
    for (char *at = b.graph.nodes[0].name; *at; at++)
      if (*at == '.') *at = '_';
    builder_output(&b, "y");
    assert_ok(ctx, vt_graph_infer(ctx, &b.graph));
    assert_fails(ctx, vt_graph_write(ctx, &b.graph, path, NULL), VT_ERROR_UNSUPPORTED, cases[i].told);
    assert_false(vt_file_exists(path));
    builder_free(&b);
  }
}

/* Every row is kept, lowered or refused by name, none by accident: kept ones are no newer than opset 17. */
static void every_row(void **state)
{
  vt_ctx *ctx = *state;
  int kept = 0, other = 0;
  for (size_t f = 0; f < vt_op_family_count; f++)
    for (size_t i = 0; i < vt_op_families[f]->count; i++) {
      const vt_op *op = &vt_op_families[f]->ops[i];
      bool own = op->domain && strcmp(op->domain, "vt") == 0;
      vt_graph *graph, *out = NULL;
      int x, y, inputs[8];
      assert_ok(ctx, vt_graph_new(ctx, "<test>", &graph));
      assert_ok(ctx, vt_graph_add_value(ctx, graph, "x", &x));
      assert_ok(ctx, vt_graph_add_value(ctx, graph, "y", &y));
      for (int k = 0; k < 8; k++)
        inputs[k] = x;
      assert_ok(ctx, vt_graph_add_input(ctx, graph, x));
      assert_ok(ctx, vt_graph_add_node(ctx, graph, op, NULL, "node", op->min_inputs, inputs, 1, &y, NULL));
      assert_ok(ctx, vt_graph_add_output(ctx, graph, y));
      vt_status status = vt_graph_export(ctx, graph, &out);
      if (status != VT_OK) {
        assert_int_equal(status, VT_ERROR_UNSUPPORTED);
        assert_non_null(strstr(vt_ctx_message(ctx), op->name));
        vt_ctx_clear(ctx);
      }
      for (int n = 0; out && n < out->node_count; n++) {
        const vt_op *made = out->nodes[n].op;
        if ((made->domain && strcmp(made->domain, "vt") == 0) || made->since > 17)
          fail_msg("%s becomes %s, which opset 17 lacks", op->name, made->name);
      }
      kept += out && !own && op->since <= 17;
      other += own || op->since > 17;
      vt_graph_free(out);
      vt_graph_free(graph);
    }
  assert_true(kept > 130 && other > 15);
}

/* ---- recorded nets ---- */

static void recorded(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const names[] = {"batch", NULL, NULL, NULL};
  const struct {
    net_fn fn;
    const char *name;
    int rank;
    int64_t dims[4];
  } cases[] = {{conv_net, "net_conv", 4, {2, 3, 12, 12}},
               {attention_net, "net_attention", 3, {2, 6, 16}},
               {gru_net, "net_gru", 3, {2, 5, 6}}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    int64_t dims[4];
    memcpy(dims, cases[i].dims, sizeof dims);
    vt_record *a = net_record(ctx, cases[i].fn, cases[i].rank, dims, names);
    dims[0] = 3;
    vt_record *b = net_record(ctx, cases[i].fn, cases[i].rank, dims, names);
    vt_graph *graph;
    assert_ok(ctx, vt_record_graph_open(ctx, a, b, &graph));
    vt_record_free(a);
    vt_record_free(b);
    net n = {.ctx = ctx};
    dims[0] = 5;
    vt_tensor *x = net_random(&n, "fresh", 1, cases[i].rank, dims);
    export_check(ctx, graph, &x, cases[i].name, 1e-5, NULL); /* group norm, Gelu: a few operators for one */
    vt_graph_free(graph);
  }
}

/* ---- files ---- */

static int count_files(const char *folder)
{
  DIR *open = opendir(folder);
  assert_non_null(open);
  int count = -2; /* . and .. */
  while (readdir(open))
    count++;
  closedir(open);
  return count;
}

static void affine(builder *b, vt_ctx *ctx)
{
  builder_init(b, ctx);
  builder_input(b, "x", VT_F32, 2, DIMS(-1, 32));
  b->graph.values[0].dim_names[0] = vt_strdup(ctx, "batch");
  builder_random(b, "weight", 2, DIMS(32, 40), 1);
  builder_random(b, "bias", 1, DIMS(40), 1);
  builder_random(b, "table", 2, DIMS(7, 40), 1);
  builder_node(b, "Gemm", "x weight bias", "h", NULL);
  builder_node(b, "MatMul", "h back", "z", NULL);
  builder_random(b, "back", 2, DIMS(40, 7), 1);
  builder_node(b, "MatMul", "z table", "y", NULL);
  builder_output(b, "y");
  assert_ok(ctx, vt_graph_infer(ctx, &b->graph));
}

static void affine_free(builder *b)
{
  vt_free(b->graph.values[0].dim_names[0]);
  for (int i = 1; i < b->graph.value_count; i++)
    vt_free(b->graph.values[i].dim_names[0]);
  builder_free(b);
}

static void external_data(void **state)
{
  vt_ctx *ctx = *state;
  char folder[] = "/tmp/vitrail-export-XXXXXX", path[64], data[64];
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/m.onnx", folder);
  snprintf(data, sizeof data, "%s/m.onnx.data", folder);
  builder b;
  affine(&b, ctx);
  vt_graph_write_options options = vt_graph_write_options_default();
  options.external_bytes = 0;
  assert_ok(ctx, vt_graph_write(ctx, &b.graph, path, &options));
  struct stat info;
  assert_int_equal(stat(data, &info), 0);
  /* 32·40, 7·40 and 40·7 floats, each from a multiple of 64 on; the bias of 160 bytes stays inside */
  assert_int_equal(info.st_size, 5120 + 1152 + 1120);
  assert_int_equal(count_files(folder), 2);
  vt_graph *again;
  vt_tensor *inputs[1], *before[1], *after[1];
  assert_ok(ctx, vt_graph_read(ctx, path, NULL, &again));
  assert_string_equal(again->values[again->inputs[0]].dim_names[0], "batch");
  case_inputs(ctx, &b.graph, inputs);
  assert_ok(ctx, vt_graph_run(ctx, &b.graph, inputs, before));
  assert_ok(ctx, vt_graph_run(ctx, again, inputs, after));
  assert_true(vt_same_tensor(before[0], after[0]));
  vt_graph_free(again);
  /* the model cannot be put in place: its data must not stay alone */
  unlink(path);
  unlink(data);
  assert_int_equal(mkdir(path, 0777), 0);
  assert_fails(ctx, vt_graph_write(ctx, &b.graph, path, &options), VT_ERROR_IO, path);
  assert_int_equal(count_files(folder), 1);
  rmdir(path);
  rmdir(folder);
  affine_free(&b);
}

static void broken_destinations(void **state)
{
  vt_ctx *ctx = *state;
  char folder[] = "/tmp/vitrail-export-XXXXXX", path[64];
  assert_non_null(mkdtemp(folder));
  builder b;
  affine(&b, ctx);
  snprintf(path, sizeof path, "%s/missing/m.onnx", folder);
  assert_fails(ctx, vt_graph_write(ctx, &b.graph, path, NULL), VT_ERROR_NO_SUCH_FILE, "missing/m.onnx");
  /* a full disk: the temporary name is a link to the device that is always full */
  char temporary[96];
  snprintf(path, sizeof path, "%s/m.onnx", folder);
  snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
  if (access("/dev/full", W_OK) == 0 && symlink("/dev/full", temporary) == 0)
    assert_fails(ctx, vt_graph_write(ctx, &b.graph, path, NULL), VT_ERROR_IO, "No space left");
  assert_int_equal(count_files(folder), 0);
  if (geteuid() != 0) { /* root may write anywhere */
    assert_int_equal(chmod(folder, 0555), 0);
    assert_fails(ctx, vt_graph_write(ctx, &b.graph, path, NULL), VT_ERROR_IO, "Permission denied");
    assert_int_equal(chmod(folder, 0777), 0);
  }
  /* an older model stays when the new one cannot be written */
  assert_ok(ctx, vt_graph_write(ctx, &b.graph, path, NULL));
  if (access("/dev/full", W_OK) == 0 && symlink("/dev/full", temporary) == 0) {
    vt_graph *again;
    assert_fails(ctx, vt_graph_write(ctx, &b.graph, path, NULL), VT_ERROR_IO, "No space left");
    assert_ok(ctx, vt_graph_read(ctx, path, NULL, &again));
    vt_graph_free(again);
  }
  assert_int_equal(count_files(folder), 1);
  unlink(path);
  rmdir(folder);
  affine_free(&b);
}

/* Every allocation of writing fails once: an error, nothing left over, no file. */
static void allocations(void **state)
{
  vt_ctx *ctx = *state;
  char folder[] = "/tmp/vitrail-export-XXXXXX", path[64];
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/m.onnx", folder);
  builder b;
  affine(&b, ctx);
  uint64_t before = vt_ctx_memory_in_use(ctx);
  long n = 1;
  for (bool failed = true; failed; n++) {
    vt_ctx_fail_allocation(ctx, n);
    vt_status status = vt_graph_write(ctx, &b.graph, path, NULL);
    vt_ctx_fail_allocation(ctx, 0);
    failed = status != VT_OK;
    if (failed && status != VT_ERROR_OUT_OF_MEMORY) fail_msg("allocation %ld: %s", n, vt_ctx_message(ctx));
    vt_ctx_clear(ctx);
    assert_int_equal(vt_ctx_memory_in_use(ctx), before);
    assert_int_equal(count_files(folder), failed ? 0 : 1);
  }
  assert_true(n > 30);
  unlink(path);
  rmdir(folder);
  affine_free(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(later_operators, new_context, free_context),
      cmocka_unit_test_setup_teardown(own_operators, new_context, free_context),
      cmocka_unit_test_setup_teardown(scan_of_steps, new_context, free_context),
      cmocka_unit_test_setup_teardown(own_operators_at_the_edge, new_context, free_context),
      cmocka_unit_test_setup_teardown(other_forms, new_context, free_context),
      cmocka_unit_test_setup_teardown(recurrences, new_context, free_context),
      cmocka_unit_test_setup_teardown(splits, new_context, free_context),
      cmocka_unit_test_setup_teardown(refused, new_context, free_context),
      cmocka_unit_test_setup_teardown(every_row, new_context, free_context),
      cmocka_unit_test_setup_teardown(recorded, new_context, free_context),
      cmocka_unit_test_setup_teardown(external_data, new_context, free_context),
      cmocka_unit_test_setup_teardown(broken_destinations, new_context, free_context),
      cmocka_unit_test_setup_teardown(allocations, new_context, free_context),
  };
  return cmocka_run_group_tests_name("graph/export", tests, NULL, NULL);
}
