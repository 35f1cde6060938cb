/* SPDX-License-Identifier: Apache-2.0
 *
 * What plans fuse and in which layouts they work: each case is compared with the trace, and the number of
 * steps that do work (layout changes apart) says whether the fusion happened.
 */
#include "plan_case.h"

static void image(builder *b, vt_ctx *ctx, int64_t items, int64_t channels, int64_t height, int64_t width)
{
  builder_init(b, ctx);
  builder_input(b, "x", VT_F32, 4, DIMS(items, channels, height, width));
}

/* NAME = conv(from) with weights [out, in/group, kernel, kernel] and a bias, made of seeded numbers. */
static void conv(builder *b, const char *from, const char *name, int64_t in, int64_t out, int64_t kernel,
                 const char *attributes)
{
  char weights[32], bias[32], inputs[96];
  snprintf(weights, sizeof weights, "%s.w", name);
  snprintf(bias, sizeof bias, "%s.b", name);
  snprintf(inputs, sizeof inputs, "%s %s %s", from, weights, bias);
  builder_random(b, weights, 4, DIMS(out, in, kernel, kernel), 1.0 / sqrt((double)(in * kernel * kernel)));
  builder_random(b, bias, 1, DIMS(out), 0.5);
  builder_node(b, "Conv", inputs, name, attributes);
}

static void check(vt_ctx *ctx, builder *b, const char *output, size_t steps)
{
  builder_output(b, output);
  case_check(ctx, &b->graph, NULL);
  assert_int_equal(case_work_steps(ctx, &b->graph), steps);
  builder_free(b);
}

static void batch_norm(builder *b, const char *from, const char *name, int64_t channels)
{
  char inputs[160], part[4][32];
  static const char *const parts[] = {"scale", "bias", "mean", "variance"};
  for (int i = 0; i < 4; i++) {
    snprintf(part[i], sizeof part[i], "%s.%s", name, parts[i]);
    builder_random(b, part[i], 1, DIMS(channels), 1);
  }
  float *variance = b->graph.values[builder_value(b, part[3])].constant->data;
  for (int64_t c = 0; c < channels; c++)
    variance[c] = 0.5f + fabsf(variance[c]);
  snprintf(inputs, sizeof inputs, "%s %s %s %s %s", from, part[0], part[1], part[2], part[3]);
  builder_node(b, "BatchNormalization", inputs, name, "epsilon=0.001");
}

static void test_batch_norm(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  image(&b, ctx, 2, 5, 9, 8);
  conv(&b, "x", "c", 5, 24, 3, "pads=1,1,1,1");
  batch_norm(&b, "c", "n", 24);
  builder_node(&b, "Relu", "n", "y", NULL);
  check(ctx, &b, "y", 1);
  /* behind an activation it cannot go into the weights, but stays in the layout of the convolution */
  image(&b, ctx, 2, 5, 9, 8);
  conv(&b, "x", "c", 5, 24, 3, "pads=1,1,1,1");
  builder_node(&b, "Relu", "c", "r", NULL);
  batch_norm(&b, "r", "n", 24);
  builder_node(&b, "Relu", "n", "s", NULL);
  conv(&b, "s", "y", 24, 7, 1, NULL);
  check(ctx, &b, "y", 3);
}

/* x·s + t with constants of one channel or of one number, on either side of the operator. */
static void test_affine(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  image(&b, ctx, 1, 3, 7, 10);
  builder_random(&b, "s", 3, DIMS(20, 1, 1), 1);
  builder_random(&b, "t", 4, DIMS(1, 20, 1, 1), 1);
  builder_scalar(&b, "half", 0.5f);
  conv(&b, "x", "c", 3, 20, 3, "strides=2,2");
  builder_node(&b, "Mul", "s c", "m", NULL);
  builder_node(&b, "Sub", "t m", "d", NULL);
  builder_node(&b, "Div", "d half", "e", NULL);
  builder_node(&b, "Add", "e s", "y", NULL);
  check(ctx, &b, "y", 1);
}

/* Steps that write into memory that an earlier step has written: sums made in place. */
static size_t steps_in_place(vt_ctx *ctx, const vt_graph *graph)
{
  vt_tensor *inputs[BUILDER_ENDS];
  vt_plan *plan;
  case_inputs(ctx, graph, inputs);
  assert_ok(ctx, case_compile(ctx, graph, inputs, NULL, &plan));
  size_t count = 0;
  for (size_t i = 0; i < plan->step_count; i++)
    for (size_t k = 0; k < i; k++) {
      const vt_step *now = &plan->steps[i], *before = &plan->steps[k];
      int a = now->slots[now->slot_count - 1].buffer, b = before->slots[before->slot_count - 1].buffer;
      count += plan->buffers[a].root == plan->buffers[b].root;
    }
  vt_plan_free(plan);
  return count;
}

/* y = relu(conv(a) + a), a = relu(conv(x)); `again`: a is read once more at the end,
 * so its memory must survive. */
static void residual(vt_ctx *ctx, bool again, int64_t channels, size_t steps)
{
  builder b;
  image(&b, ctx, 2, 3, 11, 9);
  conv(&b, "x", "a0", 3, channels, 3, "pads=1,1,1,1");
  builder_node(&b, "Relu", "a0", "a", NULL);
  conv(&b, "a", "b0", channels, channels, 3, "pads=1,1,1,1");
  builder_node(&b, "Relu", "b0", "b", NULL);
  conv(&b, "b", "c", channels, channels, 1, NULL);
  builder_node(&b, "Add", "c a", "sum", NULL);
  builder_node(&b, "Relu", "sum", "d", NULL);
  if (again) conv(&b, "a", "e", channels, channels, 1, NULL);
  builder_node(&b, "Add", again ? "d e" : "d d", "y", NULL);
  builder_output(&b, "y");
  assert_int_equal(steps_in_place(ctx, &b.graph), 1);
  b.graph.output_count = 0;
  check(ctx, &b, "y", steps);
}

static void test_residual(void **state)
{
  residual(*state, false, 16, 4);
  residual(*state, true, 16, 4);
  residual(*state, false, 24, 4);
  residual(*state, true, 21, 4);
}

/* Sums that must not be made in place. */
static void test_residual_aliasing(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  image(&b, ctx, 1, 8, 6, 6); /* the operand is the convolution's own source */
  conv(&b, "x", "a", 8, 32, 1, NULL);
  conv(&b, "a", "c", 32, 32, 1, NULL);
  builder_node(&b, "Add", "a c", "y", NULL);
  check(ctx, &b, "y", 2);
  image(&b, ctx, 1, 32, 6, 6); /* the operand is an input of the graph */
  conv(&b, "x", "c", 32, 32, 1, NULL);
  builder_node(&b, "Add", "c x", "y", NULL);
  check(ctx, &b, "y", 1);
  image(&b, ctx, 1, 8, 6, 6); /* the operand is an output of the graph */
  conv(&b, "x", "a", 8, 32, 1, NULL);
  conv(&b, "x", "c", 8, 32, 3, "pads=1,1,1,1");
  builder_node(&b, "Add", "a c", "y", NULL);
  builder_output(&b, "a");
  check(ctx, &b, "y", 2);
  image(&b, ctx, 1, 8, 6, 6); /* the operand is seen through a view and a transpose later on */
  builder_ints(&b, "flat", 2, DIMS(32, 36));
  conv(&b, "x", "a", 8, 32, 1, NULL);
  conv(&b, "x", "c", 8, 32, 3, "pads=1,1,1,1");
  builder_node(&b, "Transpose", "a", "t", "perm=0,2,3,1");
  builder_node(&b, "Reshape", "a flat", "v", NULL);
  builder_node(&b, "Add", "a c", "sum", NULL);
  builder_node(&b, "Relu", "sum", "y", NULL);
  builder_node(&b, "Exp", "t", "et", NULL);
  builder_node(&b, "Tanh", "v", "tv", NULL);
  builder_output(&b, "et");
  builder_output(&b, "tv");
  builder_output(&b, "y");
  case_check(ctx, &b.graph, NULL);
  builder_free(&b);
}

/* A tensor asked for by name is there, and what surrounds it is still right. */
static void test_wanted_ends_fusion(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const names[] = {"c", "n", "sum", "y"};
  for (size_t i = 0; i < VT_COUNT(names); i++) {
    builder b;
    image(&b, ctx, 2, 6, 7, 7);
    conv(&b, "x", "a", 6, 16, 1, NULL);
    conv(&b, "x", "c", 6, 16, 3, "pads=1,1,1,1");
    batch_norm(&b, "c", "n", 16);
    builder_node(&b, "Add", "n a", "sum", NULL);
    builder_node(&b, "Relu", "sum", "y", NULL);
    builder_output(&b, names[i]); /* by trace the same name is simply an output */
    builder_output(&b, "y");
    case_check(ctx, &b.graph, NULL);
    case_check(ctx, &b.graph, names[i]);
    builder_free(&b);
  }
}

/* ---- activations ---- */

typedef struct follower {
  const char *inputs; /* of the next node: "v" is the value before, "r" the first one, else constants */
  const char *op, *attributes;
} follower;

static void test_activations(void **state)
{
  vt_ctx *ctx = *state;
  static const struct {
    follower nodes[6];
  } rows[] = {
      {{{"v", "Relu", NULL}}},
      {{{"v zero six", "Clip", NULL}}},
      {{{"v - six", "Clip", NULL}}},
      {{{"v", "Sigmoid", NULL}}},
      {{{"v", "Tanh", NULL}}},
      {{{"v", "HardSwish", NULL}}},
      {{{"v", "HardSigmoid", "alpha=0.3 beta=0.4"}}},
      {{{"v", "LeakyRelu", "alpha=0.2"}}},
      {{{"v", "Elu", "alpha=1.5"}}},
      {{{"v", "Gelu", NULL}}},
      {{{"v", "Gelu", "approximate=tanh"}}},
      {{{"v", "Sigmoid", NULL}, {"v r", "Mul", NULL}}},                            /* swish */
      {{{"v half", "Mul", NULL}, {"v", "Sigmoid", NULL}, {"r v", "Mul", NULL}}},   /* swish of half x */
      {{{"v", "HardSigmoid", "alpha=0.16666667 beta=0.5"}, {"v r", "Mul", NULL}}}, /* hard swish */
      {{{"v three", "Add", NULL},
        {"v zero six", "Clip", NULL},
        {"r v", "Mul", NULL},
        {"v six", "Div", NULL}}},
      {{{"v three", "Add", NULL},
        {"v zero six", "Clip", NULL},
        {"v six", "Div", NULL},
        {"r v", "Mul", NULL}}},
      {{{"v root", "Div", NULL},
        {"v", "Erf", NULL},
        {"v one", "Add", NULL},
        {"r v", "Mul", NULL},
        {"v half", "Mul", NULL}}},
      {{{"v root", "Div", NULL},
        {"v", "Erf", NULL},
        {"v one", "Add", NULL},
        {"v half", "Mul", NULL},
        {"r v", "Mul", NULL}}},
      /* the same activation twice with other numbers: oneDNN must not be given both in one chain, whatever it
         costs */
      {{{"v zero six", "Clip", NULL}, {"v zero one", "Clip", NULL}}},
      {{{"v", "Relu", NULL}, {"v half", "Mul", NULL}, {"v one", "Add", NULL}}},
      {{{"v", "Relu", NULL}, {"v half", "Mul", NULL}, {"v", "Tanh", NULL}, {"v one", "Add", NULL}}},
      {{{"v", "HardSigmoid", NULL}, {"v", "HardSigmoid", "alpha=0.3 beta=0.4"}}},
  };
  for (int kind = 0; kind < 3; kind++)
    for (size_t i = 0; i < VT_COUNT(rows); i++) {
      builder b;
      image(&b, ctx, 2, 16, 6, 5);
      builder_scalar(&b, "zero", 0);
      builder_scalar(&b, "half", 0.5f);
      builder_scalar(&b, "one", 1);
      builder_scalar(&b, "three", 3);
      builder_scalar(&b, "six", 6);
      builder_scalar(&b, "root", 1.41421356f);
      if (kind < 2)
        conv(&b, "x", "r", kind == 0 ? 16 : 1, 16, 3, kind == 0 ? "pads=1,1,1,1" : "pads=1,1,1,1 group=16");
      else {
        builder_random(&b, "w", 2, DIMS(5, 12), 1);
        builder_node(&b, "MatMul", "x w", "r", NULL);
      }
      char at[8] = "r", next[8];
      for (int k = 0; k < 6 && rows[i].nodes[k].op; k++) {
        char inputs[64] = "", words[64], *save = NULL;
        snprintf(words, sizeof words, "%s", rows[i].nodes[k].inputs);
        for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
          size_t used = strlen(inputs);
          snprintf(inputs + used, sizeof inputs - used, "%s ", strcmp(word, "v") == 0 ? at : word);
        }
        snprintf(next, sizeof next, "n%d", k);
        builder_node(&b, rows[i].nodes[k].op, inputs, next, rows[i].nodes[k].attributes);
        memcpy(at, next, sizeof at);
      }
      builder_output(&b, at);
      case_check(ctx, &b.graph, NULL);
      size_t steps = case_work_steps(ctx, &b.graph);
      if (i < 18 && steps != 1) fail_msg("row %zu of kind %d: %zu steps instead of 1", i, kind, steps);
      builder_free(&b);
    }
}

/* A gate whose inner value somebody else reads is left alone. */
static void test_gate_with_reader(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  image(&b, ctx, 1, 16, 4, 4);
  conv(&b, "x", "c", 16, 16, 1, NULL);
  builder_node(&b, "Sigmoid", "c", "s", NULL);
  builder_node(&b, "Mul", "c s", "m", NULL);
  builder_node(&b, "Add", "m s", "y", NULL);
  builder_output(&b, "s");
  check(ctx, &b, "y", 4);
}

/* ---- geometry ---- */

static void test_geometry(void **state)
{
  vt_ctx *ctx = *state;
  static const struct {
    int64_t in, out, group, kernel;
    const char *attributes;
  } rows[] = {
      {3, 10, 1, 3, "pads=1,0,2,1 strides=2,1"},
      {16, 16, 1, 3, "dilations=2,2 pads=2,2,2,2"},
      {24, 24, 24, 5, "group=24 pads=2,2,2,2 strides=2,2"},
      {12, 18, 3, 3, "group=3"},
      {32, 32, 2, 1, "group=2"},
      {4, 8, 1, 3, "auto_pad=SAME_UPPER strides=2,2"},
      {4, 8, 1, 4, "auto_pad=SAME_LOWER strides=2,2"},
      {4, 8, 1, 3, "auto_pad=VALID"},
      {1, 1, 1, 2, NULL},
  };
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    builder b;
    image(&b, ctx, 2, rows[i].in, 11, 14);
    conv(&b, "x", "c", rows[i].in / rows[i].group, rows[i].out, rows[i].kernel, rows[i].attributes);
    builder_node(&b, "Relu", "c", "y", NULL);
    check(ctx, &b, "y", 1);
  }
}

/* One and three spatial axes, and images of a single column. */
static void test_other_ranks(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  builder_init(&b, ctx);
  builder_input(&b, "x", VT_F32, 3, DIMS(2, 12, 30));
  builder_random(&b, "w", 3, DIMS(16, 12, 5), 0.2);
  builder_node(&b, "Conv", "x w", "c", "pads=2,2");
  builder_node(&b, "Relu", "c", "r", NULL);
  builder_node(&b, "MaxPool", "r", "y", "kernel_shape=2 strides=2");
  check(ctx, &b, "y", 2);
  builder_init(&b, ctx);
  builder_input(&b, "x", VT_F32, 5, DIMS(1, 4, 5, 6, 7));
  builder_random(&b, "w", 5, DIMS(16, 4, 3, 3, 3), 0.2);
  builder_node(&b, "Conv", "x w", "c", "pads=1,1,1,1,1,1");
  builder_node(&b, "Relu", "c", "r", NULL);
  builder_node(&b, "AveragePool", "r", "y", "kernel_shape=2,2,2");
  check(ctx, &b, "y", 2);
  for (int residual_first = 0; residual_first < 2; residual_first++) {
    builder_init(&b, ctx);
    builder_input(&b, "x", VT_F32, 4, DIMS(2, 16, 40, 1));
    builder_random(&b, "w", 4, DIMS(16, 16, 5, 1), 0.2);
    builder_random(&b, "v", 4, DIMS(16, 16, 3, 1), 0.2);
    builder_node(&b, "Conv", "x w", "a", "pads=2,0,2,0");
    builder_node(&b, "Relu", "a", "ar", NULL);
    builder_node(&b, "Conv", "ar v", "c", "pads=2,0,2,0 dilations=2,1");
    builder_node(&b, "Add", residual_first ? "c x" : "c a", "s", NULL);
    builder_node(&b, "Relu", "s", "y", NULL);
    builder_output(&b, "y");
    case_check(ctx, &b.graph, NULL);
    builder_free(&b);
  }
}

static void test_pads(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  image(&b, ctx, 2, 3, 9, 8);
  builder_ints(&b, "pads", 8, DIMS(0, 0, 0, 1, 0, 0, 1, 2));
  builder_node(&b, "Pad", "x pads", "p", NULL);
  conv(&b, "p", "y", 3, 16, 3, "strides=2,2 pads=1,0,0,1");
  check(ctx, &b, "y", 1);
  image(&b, ctx, 2, 3, 9, 8); /* given as axes, with a value */
  builder_ints(&b, "pads", 4, DIMS(1, 2, 1, 0));
  builder_ints(&b, "axes", 2, DIMS(-1, 2));
  builder_scalar(&b, "zero", 0);
  builder_node(&b, "Pad", "x pads zero axes", "p", NULL);
  conv(&b, "p", "y", 3, 16, 3, NULL);
  check(ctx, &b, "y", 1);
  image(&b, ctx, 2, 3, 9, 8); /* not zeros: a step of its own */
  builder_ints(&b, "pads", 8, DIMS(0, 0, 1, 1, 0, 0, 1, 1));
  builder_scalar(&b, "one", 1);
  builder_node(&b, "Pad", "x pads one", "p", NULL);
  conv(&b, "p", "y", 3, 16, 3, NULL);
  check(ctx, &b, "y", 2);
  image(&b, ctx, 2, 3, 9, 8); /* channels are padded: not the convolution's padding */
  builder_ints(&b, "pads", 8, DIMS(0, 1, 1, 1, 0, 0, 1, 1));
  builder_node(&b, "Pad", "x pads", "p", NULL);
  conv(&b, "p", "y", 4, 16, 3, NULL);
  check(ctx, &b, "y", 2);
  static const struct {
    const char *before, *mode, *pool, *attributes;
    size_t steps;
  } rows[] = {
      {"Relu", "constant", "MaxPool", "kernel_shape=3,3 strides=2,2", 2},
      {"Identity", "constant", "MaxPool", "kernel_shape=3,3 strides=2,2",
       3}, /* zeros among negative numbers count */
      {"Identity", "edge", "MaxPool", "kernel_shape=3,3 strides=2,2", 2},
      {"Identity", "constant", "AveragePool", "kernel_shape=3,3 strides=2,2", 2},
      {"Identity", "constant", "AveragePool", "kernel_shape=3,3 pads=1,1,1,1", 3},
      {"Identity", "constant", "AveragePool", "kernel_shape=3,3 pads=1,1,1,1 count_include_pad=1", 2},
      {"Identity", "edge", "AveragePool", "kernel_shape=3,3", 3},
      {"Identity", "reflect", "MaxPool", "kernel_shape=3,3", 3},
  };
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    char mode[32];
    snprintf(mode, sizeof mode, "mode=%s", rows[i].mode);
    image(&b, ctx, 2, 3, 9, 8);
    builder_ints(&b, "pads", 8, DIMS(0, 0, 0, 1, 0, 0, 1, 0));
    conv(&b, "x", "c", 3, 16, 3, NULL);
    builder_node(&b, rows[i].before, "c", "r", NULL);
    builder_node(&b, "Pad", "r pads", "p", mode);
    builder_node(&b, rows[i].pool, "p", "y", rows[i].attributes);
    check(ctx, &b, "y", rows[i].steps);
  }
}

static void test_pools(void **state)
{
  vt_ctx *ctx = *state;
  static const struct {
    const char *op, *attributes;
  } rows[] = {
      {"MaxPool", "kernel_shape=2,2 strides=2,2"},
      {"MaxPool", "kernel_shape=3,3 strides=2,2 ceil_mode=1"},
      {"MaxPool", "kernel_shape=3,2 pads=1,1,1,0"},
      {"MaxPool", "kernel_shape=2,2 dilations=2,2"},
      {"AveragePool", "kernel_shape=3,3 strides=2,2 pads=1,1,1,1"},
      {"AveragePool", "kernel_shape=3,3 strides=2,2 pads=1,1,1,1 count_include_pad=1"},
      {"AveragePool", "kernel_shape=2,2 strides=2,2 ceil_mode=1"},
      {"AveragePool", "kernel_shape=2,2 strides=2,2 ceil_mode=1 count_include_pad=1"},
      {"GlobalAveragePool", NULL},
      {"GlobalMaxPool", NULL},
  };
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    builder b;
    image(&b, ctx, 2, 3, 9, 11);
    conv(&b, "x", "c", 3, 24, 3, NULL);
    builder_node(&b, rows[i].op, "c", "p", rows[i].attributes);
    conv(&b, "p", "y", 24, 8, 1, NULL);
    check(ctx, &b, "y", 3);
  }
}

/* ---- layouts between steps ---- */

/* Squeeze and excitation: one factor a channel of each item, also with several items. */
static void test_squeeze_excite(void **state)
{
  vt_ctx *ctx = *state;
  for (int64_t items = 1; items <= 3; items += 2)
    for (int64_t channels = 24; channels <= 32; channels += 8) {
      builder b;
      image(&b, ctx, items, 3, 8, 8);
      conv(&b, "x", "c", 3, channels, 3, "pads=1,1,1,1");
      builder_node(&b, "Relu", "c", "r", NULL);
      builder_node(&b, "GlobalAveragePool", "r", "g", NULL);
      conv(&b, "g", "s0", channels, 8, 1, NULL);
      builder_node(&b, "Relu", "s0", "s1", NULL);
      conv(&b, "s1", "s2", 8, channels, 1, NULL);
      builder_node(&b, "HardSigmoid", "s2", "s", NULL);
      builder_node(&b, "Mul", "r s", "m", NULL);
      conv(&b, "m", "y", channels, 16, 1, NULL);
      check(ctx, &b, "y", 6);
    }
}

static void test_concat_and_enlarge(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  image(&b, ctx, 2, 3, 8, 6);
  builder_constant(&b, "scales", VT_F32, 1, DIMS(4), (const float[]){1, 1, 2, 2});
  conv(&b, "x", "a", 3, 16, 3, "pads=1,1,1,1");
  conv(&b, "x", "c", 3, 20, 3, "pads=1,1,1,1 strides=2,2");
  builder_node(&b, "Resize", "c - scales", "e",
               "mode=nearest coordinate_transformation_mode=asymmetric nearest_mode=floor");
  builder_node(&b, "Concat", "a e x", "j", "axis=1");
  conv(&b, "j", "y", 39, 16, 3, NULL);
  check(ctx, &b, "y", 5);
  image(&b, ctx, 2, 3, 8, 6);
  builder_constant(&b, "scales", VT_F32, 1, DIMS(4), (const float[]){1, 1, 3, 2});
  conv(&b, "x", "c", 3, 16, 3, NULL);
  builder_node(&b, "Resize", "c - scales", "y", "mode=nearest");
  check(ctx, &b, "y", 2);
}

/* A graph that stores images channels-last around each convolution, as converters
 * from TensorFlow write it. */
static void test_channels_last(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  builder_init(&b, ctx);
  builder_input(&b, "x", VT_F32, 4, DIMS(2, 9, 8, 3));
  builder_random(&b, "bias", 1, DIMS(16), 1);
  builder_random(&b, "s", 4, DIMS(1, 1, 1, 16), 1);
  builder_node(&b, "Transpose", "x", "x1", "perm=0,3,1,2");
  conv(&b, "x1", "a1", 3, 16, 3, "pads=1,1,1,1");
  builder_node(&b, "Transpose", "a1", "a2", "perm=0,2,3,1");
  builder_node(&b, "Add", "a2 bias", "a3", NULL);
  builder_node(&b, "Mul", "a3 s", "a4", NULL);
  builder_node(&b, "Relu", "a4", "a", NULL);
  builder_node(&b, "Transpose", "a", "c1", "perm=0,3,1,2");
  conv(&b, "c1", "c2", 16, 16, 3, "pads=1,1,1,1");
  builder_node(&b, "Transpose", "c2", "c3", "perm=0,2,3,1");
  builder_node(&b, "Add", "c3 a", "c4", NULL);
  builder_node(&b, "Relu", "c4", "y", NULL);
  check(ctx, &b, "y", 2);
}

static void test_classifier_end(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  image(&b, ctx, 3, 3, 8, 8);
  builder_ints(&b, "axes", 2, DIMS(2, 3));
  builder_random(&b, "w", 2, DIMS(10, 40), 0.3);
  builder_random(&b, "c", 1, DIMS(10), 1);
  conv(&b, "x", "a", 3, 40, 3, "strides=2,2");
  builder_node(&b, "ReduceMean", "a axes", "m", "keepdims=0");
  builder_node(&b, "Gemm", "m w c", "y", "transB=1 alpha=0.5 beta=2");
  check(ctx, &b, "y", 3);
  image(&b, ctx, 3, 3, 8, 8);
  builder_random(&b, "w", 2, DIMS(144, 10), 0.3);
  conv(&b, "x", "a", 3, 16, 3, "strides=2,2");
  builder_node(&b, "Flatten", "a", "f", NULL);
  builder_node(&b, "MatMul", "f w", "y", NULL);
  check(ctx, &b, "y", 2);
}

/* ---- matrix products ---- */

/* A transformer's feed-forward part and attention scores. */
static void test_products(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  builder_init(&b, ctx);
  builder_input(&b, "x", VT_F32, 3, DIMS(2, 5, 24));
  builder_random(&b, "w1", 2, DIMS(24, 40), 0.2);
  builder_random(&b, "b1", 1, DIMS(40), 1);
  builder_random(&b, "w2", 2, DIMS(40, 24), 0.2);
  builder_random(&b, "b2", 1, DIMS(24), 1);
  builder_node(&b, "MatMul", "x w1", "h0", NULL);
  builder_node(&b, "Add", "b1 h0", "h1", NULL);
  builder_node(&b, "Gelu", "h1", "h", NULL);
  builder_node(&b, "MatMul", "h w2", "o0", NULL);
  builder_node(&b, "Add", "o0 b2", "o", NULL);
  builder_node(&b, "Add", "x o", "y", NULL);
  check(ctx, &b, "y", 2);
  builder_init(&b, ctx);
  builder_input(&b, "q", VT_F32, 4, DIMS(2, 5, 3, 8)); /* [items, tokens, heads, width] */
  builder_input(&b, "k", VT_F32, 4, DIMS(2, 5, 3, 8));
  builder_input(&b, "v", VT_F32, 4, DIMS(2, 5, 3, 8));
  builder_scalar(&b, "scale", 0.35355339f);
  builder_ints(&b, "shape", 3, DIMS(2, 5, 24));
  builder_node(&b, "Transpose", "q", "qt", "perm=0,2,1,3");
  builder_node(&b, "Transpose", "k", "kt", "perm=0,2,3,1");
  builder_node(&b, "Transpose", "v", "vt", "perm=0,2,1,3");
  builder_node(&b, "MatMul", "qt kt", "s0", NULL);
  builder_node(&b, "Mul", "s0 scale", "s", NULL);
  builder_node(&b, "Softmax", "s", "p", "axis=-1");
  builder_node(&b, "MatMul", "p vt", "o", NULL);
  builder_node(&b, "Transpose", "o", "ot", "perm=0,2,1,3");
  builder_node(&b, "Reshape", "ot shape", "y", NULL);
  builder_output(&b, "y");
  case_check(ctx, &b.graph, NULL);
  builder_free(&b);
  builder_init(&b, ctx); /* leading axes of different sizes, vectors, a constant first operand */
  builder_input(&b, "x", VT_F32, 3, DIMS(4, 3, 6));
  builder_input(&b, "z", VT_F32, 1, DIMS(6));
  builder_random(&b, "w", 3, DIMS(1, 6, 5), 1);
  builder_random(&b, "a", 2, DIMS(7, 3), 1);
  builder_node(&b, "MatMul", "x w", "p", NULL);
  builder_node(&b, "MatMul", "x z", "q", NULL);
  builder_node(&b, "MatMul", "a x", "r", NULL);
  builder_output(&b, "p");
  builder_output(&b, "q");
  builder_output(&b, "r");
  case_check(ctx, &b.graph, NULL);
  builder_free(&b);
  builder_init(&b, ctx); /* Gemm with everything computed, with A transposed, with a bias a row */
  builder_input(&b, "x", VT_F32, 2, DIMS(6, 4));
  builder_input(&b, "z", VT_F32, 2, DIMS(6, 5));
  builder_random(&b, "rows", 2, DIMS(4, 1), 1);
  builder_node(&b, "Gemm", "x z rows", "y", "transA=1 alpha=2");
  builder_output(&b, "y");
  case_check(ctx, &b.graph, NULL);
  builder_free(&b);
}

/* Infinities and not-a-numbers come out where they do by trace. */
static void test_not_finite(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  image(&b, ctx, 1, 4, 6, 6);
  builder_random(&b, "s", 3, DIMS(16, 1, 1), 1);
  conv(&b, "x", "c", 4, 16, 3, NULL);
  builder_node(&b, "Mul", "c s", "m", NULL);
  builder_node(&b, "Relu", "m", "r", NULL);
  builder_node(&b, "MaxPool", "r", "y", "kernel_shape=2,2 strides=2,2");
  builder_output(&b, "y");
  vt_tensor *inputs[1], *outputs[1] = {NULL};
  vt_plan *plan;
  vt_session *session;
  case_inputs(ctx, &b.graph, inputs);
  ((float *)inputs[0]->data)[0] = INFINITY;
  assert_ok(ctx, vt_graph_run(ctx, &b.graph, inputs, outputs));
  assert_ok(ctx, case_compile(ctx, &b.graph, inputs, NULL, &plan));
  assert_ok(ctx, vt_session_new(ctx, plan, &session));
  case_set(session, &b.graph, inputs);
  assert_ok(ctx, vt_session_run(ctx, session));
  case_equal(vt_plan_output(plan, 0), vt_session_output(session, 0), outputs[0], "y");
  vt_session_free(session);
  vt_plan_free(plan);
  builder_free(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_batch_norm, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_affine, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_residual, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_residual_aliasing, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_wanted_ends_fusion, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_activations, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_gate_with_reader, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_geometry, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_other_ranks, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_pads, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_pools, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_squeeze_excite, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_concat_and_enlarge, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_channels_last, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_classifier_end, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_products, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_not_finite, new_context, free_context),
  };
  return cmocka_run_group_tests_name("graph/plan_fusion", tests, NULL, NULL);
}
