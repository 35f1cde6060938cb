/* SPDX-License-Identifier: Apache-2.0
 *
 * Recorded eager calls as graphs: the same numbers by trace and plan, names, open sizes, and what is refused.
 */
#include "base/context.h"
#include "eager_nets.h"
#include "ops/layout.h"
#include "vitrail/trace.h"

#define BATCH() ((const char *const[]){"batch", NULL, NULL, NULL})

static void check_fixed(vt_ctx *ctx, net_fn fn, int rank, const int64_t *dims)
{
  vt_record *record = net_record(ctx, fn, rank, dims, NULL);
  vt_graph *graph;
  assert_ok(ctx, vt_record_graph(ctx, record, &graph));
  vt_record_free(record); /* the graph stands alone */
  net_check(ctx, graph, fn, rank, dims);
  vt_tensor *outputs[1],
      *x = vt_tensor_new(ctx, VT_F32, rank, (int64_t[]){dims[0] + 1, dims[1], dims[2], 12});
  assert_fails(ctx, vt_graph_run(ctx, graph, &x, outputs), VT_ERROR_INVALID_ARGUMENT, "input 'x'");
  vt_graph_free(graph);
}

static vt_graph *open_graph(vt_ctx *ctx, net_fn fn, int rank, const int64_t *dims, const int64_t *others,
                            const char *const *names)
{
  vt_record *a = net_record(ctx, fn, rank, dims, names), *b = net_record(ctx, fn, rank, others, names);
  vt_graph *graph;
  assert_ok(ctx, vt_record_graph_open(ctx, a, b, &graph));
  vt_record_free(a);
  vt_record_free(b);
  return graph;
}

static void sizes_as_recorded(void **state)
{
  check_fixed(*state, conv_net, 4, DIMS(2, 3, 12, 12));
  check_fixed(*state, attention_net, 3, DIMS(2, 6, 16));
  check_fixed(*state, gru_net, 3, DIMS(1, 5, 6));
}

/* Recorded at 2 and 3 items, run at 1, 2 and 7. */
static void open_batch(void **state)
{
  vt_ctx *ctx = *state;
  const struct {
    net_fn fn;
    int rank;
    int64_t dims[4];
  } cases[] = {{conv_net, 4, {2, 3, 12, 12}}, {attention_net, 3, {2, 6, 16}}, {gru_net, 3, {2, 5, 6}}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    int64_t dims[4], others[4];
    memcpy(dims, cases[i].dims, sizeof dims);
    memcpy(others, cases[i].dims, sizeof dims);
    others[0] = 3;
    vt_graph *graph = open_graph(ctx, cases[i].fn, cases[i].rank, dims, others, BATCH());
    assert_int_equal(graph->values[graph->inputs[0]].dims[0], -1);
    assert_string_equal(graph->values[graph->inputs[0]].dim_names[0], "batch");
    assert_int_equal(graph->values[graph->outputs[0]].dims[0], -1);
    for (int64_t batch = 1; batch <= 7; batch += batch == 1 ? 1 : 5) {
      dims[0] = batch;
      net_check(ctx, graph, cases[i].fn, cases[i].rank, dims);
    }
    vt_graph_free(graph);
  }
}

/* Two open sizes, products of them, integers of 32 bits, a range, slices to the end. */
static vt_tensor *two_sizes(net *n, vt_tensor *x)
{
  int64_t batch = x->dims[0], length = x->dims[1];
  vt_tensor *flat = CALL(n, "Reshape", NULL, x, INTS(n, batch * length, 4));
  vt_tensor *range = vt_tensor_new(n->ctx, VT_I32, 1, DIMS(length));
  for (int64_t i = 0; i < length; i++)
    ((int32_t *)range->data)[i] = (int32_t)(5 - i);
  vt_tensor *ramp = CALL(n, "Cast", "to=1", range);
  vt_tensor *first = CALL(n, "Slice", NULL, flat, INTS(n, length), INTS(n, batch * length), INTS(n, 0));
  vt_tensor *scaled = CALL(n, "Mul", NULL, CALL(n, "Reshape", NULL, flat, INTS(n, batch, length, 4)),
                           CALL(n, "Unsqueeze", NULL, ramp, INTS(n, 1)));
  vt_tensor *sum = CALL(n, "ReduceSum", "keepdims=0", first, INTS(n, 0));
  int64_t count = 2 * length;
  vt_tensor *tile = CALL(n, "Tile", NULL, sum, vt_tensor_borrow(n->ctx, VT_I64, 1, DIMS(1), &count));
  vt_tensor *rows = CALL(n, "Reshape", NULL, tile, INTS(n, 2, length, 4));
  vt_tensor *wide =
      CALL(n, "Expand", NULL, net_filled(n, 2, 3, DIMS(1, length, 4)), INTS(n, batch, length, 4));
  return CALL(n, "Add", NULL, CALL(n, "Add", NULL, scaled, wide),
              CALL(n, "ReduceMean", "keepdims=0", rows, INTS(n, 0)));
}

static void several_open_sizes(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const names[] = {"batch", "length", NULL};
  vt_graph *graph = open_graph(ctx, two_sizes, 3, DIMS(2, 5, 4), DIMS(3, 11, 4), names);
  net_check(ctx, graph, two_sizes, 3, DIMS(2, 5, 4));
  net_check(ctx, graph, two_sizes, 3, DIMS(4, 3, 4));
  net_check(ctx, graph, two_sizes, 3, DIMS(2, 9, 4));
  vt_graph_free(graph);
  /* 2 → 4 and 5 → 10: nobody can tell which of them a constant follows */
  vt_record *a = net_record(ctx, two_sizes, 3, DIMS(2, 6, 4), names);
  vt_record *b = net_record(ctx, two_sizes, 3, DIMS(4, 12, 4), names);
  assert_fails(ctx, vt_record_graph_open(ctx, a, b, &graph), VT_ERROR_INVALID_ARGUMENT, "other ratios");
  assert_null(graph);
  vt_record_free(a);
  vt_record_free(b);
}

/* Integers alone, types other than f32, several outputs of one node, outputs that are inputs or twice. */
static void types_and_ends(void **state)
{
  vt_ctx *ctx = *state;
  net n = {.ctx = ctx};
  assert_ok(ctx, vt_record_new(ctx, &n.record));
  vt_record_start(ctx, n.record);
  vt_tensor *x = INTS(&n, 3, 1, 2), *parts[2];
  assert_ok(ctx, vt_record_input(ctx, n.record, x, "x", NULL));
  net_calls(&n, "TopK", "axis=0", 2, (vt_tensor *[]){CALL(&n, "Add", NULL, x, x), INTS(&n, 2)}, 2, parts);
  vt_tensor *odd = CALL(&n, "Equal", NULL, parts[1], INTS(&n, 0));
  CALL(&n, "Neg", NULL, parts[0]); /* nobody needs it */
  assert_ok(ctx, vt_record_output(ctx, n.record, parts[0], "values"));
  assert_ok(ctx, vt_record_output(ctx, n.record, parts[0], "again"));
  assert_ok(ctx, vt_record_output(ctx, n.record, odd, "first"));
  assert_ok(ctx, vt_record_output(ctx, n.record, x, "same"));
  vt_record_stop(ctx);
  vt_graph *graph;
  assert_ok(ctx, vt_record_graph(ctx, n.record, &graph));
  vt_record_free(n.record);
  assert_int_equal(graph->output_count, 4);
  for (int i = 0; i < graph->node_count; i++)
    assert_string_not_equal(graph->nodes[i].op->name, "Neg");
  vt_tensor *outputs[4], *y = INTS(&n, 10, 30, 20);
  assert_ok(ctx, vt_graph_run(ctx, graph, &y, outputs));
  assert_int_equal(vt_get_i64(outputs[0], 0), 60);
  assert_int_equal(vt_get_i64(outputs[1], 1), 40);
  assert_int_equal(outputs[2]->type, VT_BOOL);
  assert_int_equal(vt_get_i64(outputs[2], 0), 0); /* the largest is at 1, the next at 2 */
  assert_int_equal(vt_get_i64(outputs[3], 2), 20);
  assert_int_equal(strlen(vt_graph_sha256(graph)), 64);
  vt_graph_free(graph);
}

/* Hooks act where a name was given; a name met again is counted; parameters have theirs. */
static void names_are_hooks(void **state)
{
  vt_ctx *ctx = *state;
  vt_record *record = net_record(ctx, attention_net, 3, DIMS(2, 6, 16), NULL);
  vt_graph *graph;
  vt_trace *trace;
  assert_ok(ctx, vt_record_graph(ctx, record, &graph));
  vt_record_free(record);
  static const char *const names[] = {"blocks.0.resid_pre",
                                      "blocks.0.attn.hook_pattern",
                                      "blocks.0.resid_post",
                                      "blocks.0.resid_post#2",
                                      "q.weight",
                                      "embed"};
  for (size_t i = 0; i < VT_COUNT(names); i++)
    if (vt_graph_find(graph, names[i]) < 0) fail_msg("no value '%s'", names[i]);
  assert_true(graph->parameter_count >= 4 * 256 + 7 * 16);
  net n = {.ctx = ctx};
  vt_tensor *x = net_random(&n, "fresh", 1, 3, DIMS(2, 6, 16)), *out, *plain = attention_net(&n, x);
  assert_ok(ctx, vt_trace_new(ctx, graph, &trace));
  assert_ok(ctx, vt_trace_zero(ctx, trace, "blocks.0.resid_post#2"));
  assert_ok(ctx, vt_trace_run(ctx, trace, &x));
  assert_ok(ctx, vt_trace_value(ctx, trace, "y", &out));
  for (int64_t i = 0; i < vt_count(out); i++)
    assert_true(vt_get_f64(out, i) == 0);
  assert_ok(ctx, vt_trace_unhook(ctx, trace, NULL));
  assert_ok(ctx, vt_trace_scale(ctx, trace, "blocks.0.attn.hook_pattern", 0.5));
  assert_ok(ctx, vt_trace_watch(ctx, trace, "q.weight"));
  assert_ok(ctx, vt_trace_run(ctx, trace, &x));
  assert_ok(ctx, vt_trace_value(ctx, trace, "y", &out));
  assert_false(vt_same_tensor(out, plain));
  assert_ok(ctx, vt_trace_backward(ctx, trace, "y", out, false));
  assert_true(vt_trace_reached(trace, "q.weight"));
  vt_trace_free(trace);
  vt_graph_free(graph);
}

/* A recorded run of another graph is part of the recording; gradients are not. */
static void runs_and_gradients(void **state)
{
  vt_ctx *ctx = *state;
  vt_record *record = net_record(ctx, gru_net, 3, DIMS(2, 5, 6), NULL);
  vt_graph *inner, *outer;
  assert_ok(ctx, vt_record_graph(ctx, record, &inner));
  vt_record_free(record);
  net n = {.ctx = ctx};
  vt_tape *tape;
  vt_tensor *x = net_random(&n, "fresh", 1, 3, DIMS(2, 5, 6)), *y;
  assert_ok(ctx, vt_tape_new(ctx, &tape));
  assert_ok(ctx, vt_record_new(ctx, &n.record));
  vt_record_start(ctx, n.record);
  assert_ok(ctx, vt_record_input(ctx, n.record, x, "x", NULL));
  assert_ok(ctx, vt_graph_run(ctx, inner, &x, &y));
  vt_tape_start(ctx, tape);
  assert_ok(ctx, vt_tape_watch(ctx, tape, y));
  vt_tensor *z = CALL(&n, "Mul", NULL, y, y);
  vt_tape_stop(ctx);
  assert_ok(ctx, vt_tape_backward(ctx, tape, &z, &y, 1, NULL));
  assert_ptr_equal(ctx->recorder, n.record);
  assert_ok(ctx, vt_record_output(ctx, n.record, z, "z"));
  assert_fails(ctx, vt_record_output(ctx, n.record, vt_tape_gradient(tape, y), "gradient"),
               VT_ERROR_INVALID_ARGUMENT, "output 'gradient' is no result of a recorded call");
  vt_record_stop(ctx);
  vt_tape_free(tape);
  assert_ok(ctx, vt_record_graph(ctx, n.record, &outer));
  vt_record_free(n.record);
  assert_int_equal(outer->node_count, inner->node_count + 1);
  vt_tensor *fresh = net_random(&n, "more", 1, 3, DIMS(2, 5, 6)), *a, *b;
  assert_ok(ctx, vt_graph_run(ctx, outer, &fresh, &a));
  assert_ok(ctx, vt_graph_run(ctx, inner, &fresh, &b));
  for (int64_t i = 0; i < vt_count(a); i++)
    assert_true(((float *)a->data)[i] == ((float *)b->data)[i] * ((float *)b->data)[i]);
  vt_graph_free(outer);
  vt_graph_free(inner);
}

/* What was made while nothing was recorded is frozen, even under a header that bore a number before. */
static void pauses_freeze(void **state)
{
  vt_ctx *ctx = *state;
  net n = {.ctx = ctx};
  assert_ok(ctx, vt_record_new(ctx, &n.record));
  vt_record_start(ctx, n.record);
  vt_tensor *x = net_filled(&n, 3, 1, DIMS(2)), *two = net_filled(&n, 2, 1, DIMS(2)), *out, *made = NULL;
  assert_ok(ctx, vt_record_input(ctx, n.record, x, "x", NULL));
  const vt_op *add = vt_op_find(NULL, "Add");
  assert_ok(ctx, vt_apply(ctx, add, NULL, "", 2, (vt_tensor *[]){x, two}, 1, &made));
  assert_ptr_equal(vt_record_stop(ctx), n.record);
  assert_null(vt_record_stop(ctx));
  assert_ok(ctx, vt_apply(ctx, add, NULL, "", 2, (vt_tensor *[]){x, x}, 1, &made)); /* 6, frozen */
  vt_record_start(ctx, n.record);
  assert_ok(ctx, vt_record_output(ctx, n.record, CALL(&n, "Add", NULL, x, made), "y"));
  vt_record_stop(ctx);
  vt_graph *graph;
  assert_ok(ctx, vt_record_graph(ctx, n.record, &graph));
  vt_record_free(n.record);
  vt_tensor *hundred = net_filled(&n, 100, 1, DIMS(2));
  assert_ok(ctx, vt_graph_run(ctx, graph, &hundred, &out));
  assert_true(vt_get_f64(out, 0) == 106);
  vt_graph_free(graph);
}

/* ---- what cannot be opened ---- */

static vt_tensor *scaled_by_batch(net *n, vt_tensor *x)
{
  return CALL(n, "Mul", NULL, x, net_filled(n, 1 / (float)x->dims[0], 0, NULL));
}

static vt_tensor *other_calls(net *n, vt_tensor *x)
{
  return CALL(n, x->dims[0] > 2 ? "Relu" : "Tanh", NULL, x);
}

static vt_tensor *other_attribute(net *n, vt_tensor *x)
{
  char text[32];
  snprintf(text, sizeof text, "alpha=%g", 0.1 * (double)x->dims[0]);
  return CALL(n, "LeakyRelu", text, x);
}

static vt_tensor *other_wiring(net *n, vt_tensor *x)
{
  vt_tensor *a = CALL(n, "Tanh", NULL, x), *b = CALL(n, "Relu", NULL, x);
  return CALL(n, "Sub", NULL, x->dims[0] > 2 ? a : b, CALL(n, "Mul", NULL, a, b));
}

static vt_tensor *other_numbers(net *n, vt_tensor *x)
{
  return CALL(n, "Add", NULL, x, net_random(n, "noise", 1, 2, DIMS(x->dims[0], 4)));
}

static vt_tensor *square_of_batch(net *n, vt_tensor *x)
{
  int64_t size = x->dims[0] * x->dims[0] + 1;
  return CALL(n, "Expand", NULL, CALL(n, "ReduceSum", "keepdims=0", x), INTS(n, size));
}

static vt_tensor *parameter_of_batch(net *n, vt_tensor *x)
{
  return CALL(n, "Mul", NULL, x, net_param(n, "per_item", 1, 2, DIMS(x->dims[0], 1)));
}

static vt_tensor *fewer_calls(net *n, vt_tensor *x)
{
  for (int64_t i = 0; i < x->dims[0]; i++)
    x = CALL(n, "Tanh", NULL, x);
  return x;
}

static void refusals(void **state)
{
  vt_ctx *ctx = *state;
  const struct {
    net_fn fn;
    const char *told;
  } cases[] = {{scaled_by_batch, "input 1 of the node that makes 'y' (Mul"},
               {other_calls, "(Tanh, call 0) differs between the two recordings: the other one calls Relu"},
               {other_attribute, "attribute 'alpha'"},
               {other_wiring, "(Sub, call 3) differs between the two recordings: input 0"},
               {other_numbers, "not the same numbers repeated"},
               {square_of_batch, "5 and 10 are no common multiple"},
               {parameter_of_batch, "a parameter is the same at every size"},
               {fewer_calls, "goes on where the first one ends"}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    vt_record *a = net_record(ctx, cases[i].fn, 2, DIMS(2, 4), BATCH());
    vt_record *b = net_record(ctx, cases[i].fn, 2, DIMS(3, 4), BATCH());
    vt_graph *graph;
    assert_fails(ctx, vt_record_graph_open(ctx, a, b, &graph), VT_ERROR_INVALID_ARGUMENT, cases[i].told);
    assert_null(graph);
    vt_record_free(a);
    vt_record_free(b);
  }
}

static void refused_sizes(void **state)
{
  vt_ctx *ctx = *state;
  vt_record *two = net_record(ctx, other_numbers, 2, DIMS(2, 4), BATCH());
  vt_record *one = net_record(ctx, other_numbers, 2, DIMS(1, 4), BATCH());
  vt_record *named_not = net_record(ctx, other_numbers, 2, DIMS(3, 4), NULL);
  vt_graph *graph;
  assert_fails(ctx, vt_record_graph_open(ctx, two, one, &graph), VT_ERROR_INVALID_ARGUMENT,
               "'batch' was 2 and 1");
  assert_fails(ctx, vt_record_graph_open(ctx, two, two, &graph), VT_ERROR_INVALID_ARGUMENT,
               "'batch' was 2 and 2");
  assert_fails(ctx, vt_record_graph_open(ctx, named_not, two, &graph), VT_ERROR_INVALID_ARGUMENT,
               "has no name");
  vt_record_free(two);
  vt_record_free(one);
  vt_record_free(named_not);
}

static void wrong_use(void **state)
{
  vt_ctx *ctx = *state;
  net n = {.ctx = ctx};
  vt_graph *graph;
  assert_ok(ctx, vt_record_new(ctx, &n.record));
  assert_fails(ctx, vt_record_graph(ctx, n.record, &graph), VT_ERROR_INVALID_ARGUMENT, "no output");
  vt_record_start(ctx, n.record);
  vt_tensor *x = net_filled(&n, 3, 1, DIMS(2));
  assert_ok(ctx, vt_record_input(ctx, n.record, x, "x", NULL));
  vt_tensor *y = CALL(&n, "Neg", NULL, x);
  assert_fails(ctx, vt_record_constant(ctx, n.record, y, "w"), VT_ERROR_INVALID_ARGUMENT,
               "'w' is no constant");
  assert_fails(ctx, vt_record_output(ctx, n.record, y, "x"), VT_ERROR_INVALID_ARGUMENT, "output 'x'");
  assert_fails(ctx, vt_record_output(ctx, n.record, net_filled(&n, 1, 0, NULL), "z"),
               VT_ERROR_INVALID_ARGUMENT, "output 'z' is no result");
  assert_fails(ctx, vt_record_name(ctx, n.record, vt_tensor_empty(ctx), "v"), VT_ERROR_INVALID_ARGUMENT,
               "no values");
  vt_tensor *w = net_filled(&n, 1, 1, DIMS(2)), *v = net_filled(&n, 2, 1, DIMS(2));
  assert_ok(ctx, vt_record_constant(ctx, n.record, w, "w"));
  assert_ok(ctx, vt_record_constant(ctx, n.record, w, "w"));
  assert_fails(ctx, vt_record_constant(ctx, n.record, v, "w"), VT_ERROR_INVALID_ARGUMENT, "parameter 'w'");
  vt_record_stop(ctx);
  vt_record_free(n.record);
}

/* Calls in the other layout are the same calls, and a constant in it the same numbers. */
static vt_tensor *channels_last_net(net *n, vt_tensor *x)
{
  vt_tensor *y = vt_channels_last(n->ctx, x);
  y = CALL(n, "Conv", NULL, y, net_param(n, "w", 0.3, 4, DIMS(4, 3, 3, 3)));
  y = CALL(n, "Add", NULL, y, vt_channels_last(n->ctx, net_random(n, "map", 1, 4, DIMS(1, 4, 6, 6))));
  y = CALL(n, "MaxPool", "kernel_shape=2,2", CALL(n, "Relu", NULL, y));
  y = CALL(n, "Transpose", "perm=0,2,3,1", y);
  return vt_row_major(n->ctx, CALL(n, "Tanh", NULL, vt_channels_last(n->ctx, y)));
}

static void layouts(void **state)
{
  vt_ctx *ctx = *state;
  vt_graph *graph;
  vt_record *record = net_record(ctx, channels_last_net, 4, DIMS(2, 3, 8, 8), NULL);
  assert_ok(ctx, vt_record_graph(ctx, record, &graph));
  vt_record_free(record);
  assert_int_equal(graph->node_count, 6);
  net n = {.ctx = ctx};
  vt_tensor *x = net_random(&n, "fresh", 1, 4, DIMS(2, 3, 8, 8)), *expected = channels_last_net(&n, x), *out;
  assert_ok(ctx, vt_graph_run(ctx, graph, &x, &out));
  assert_true(vt_same_shape(out, expected));
  for (int64_t i = 0; i < vt_count(out);
       i++) /* other kernels: rounding of sums of 27 products, through tanh */
    assert_near(vt_get_f64(out, i), vt_get_f64(expected, i), 1e-6);
  vt_graph_free(graph);
}

/* A reshape that no operator made is noticed: the shapes of the graph are not those recorded. */
static void reshaped_by_hand(void **state)
{
  vt_ctx *ctx = *state;
  net n = {.ctx = ctx};
  vt_graph *graph;
  assert_ok(ctx, vt_record_new(ctx, &n.record));
  vt_record_start(ctx, n.record);
  vt_tensor *x = net_filled(&n, 3, 2, DIMS(2, 4));
  assert_ok(ctx, vt_record_input(ctx, n.record, x, "x", NULL));
  vt_tensor *y = CALL(&n, "Neg", NULL, x);
  assert_ok(ctx, vt_tensor_set_shape(ctx, y, VT_F32, 1, DIMS(8)));
  assert_ok(ctx, vt_record_output(ctx, n.record, CALL(&n, "Exp", NULL, y), "y"));
  vt_record_stop(ctx);
  assert_fails(ctx, vt_record_graph(ctx, n.record, &graph), VT_ERROR_INVALID_ARGUMENT,
               "the node that makes 'y' (Exp, call 1) gave f32[8], but the graph gives f32[2,4]");
  vt_record_free(n.record);
}

/* Every allocation of recording and of making the graph fails once: an error, and nothing left over. */
static void allocations(void **state)
{
  vt_ctx *ctx = *state;
  net n = {.ctx = ctx};
  static const char *const names[] = {"batch", NULL};
  for (int i = 0; i < 64; i++) /* room in the context's list of tensors */
    assert_non_null(vt_tensor_empty(ctx));
  vt_tensor_release(ctx, 0);
  uint64_t before = vt_ctx_memory_in_use(ctx);
  long count = 0;
  for (bool failed = true; failed; count++) {
    vt_tensor *xs[2], *token = net_filled(&n, 2, 2, DIMS(1, 3));
    vt_record *records[2] = {NULL, NULL};
    vt_graph *graph = NULL;
    const vt_op *expand = vt_op_find(NULL, "Expand"), *add = vt_op_find(NULL, "Add");
    for (int k = 0; k < 2; k++)
      xs[k] = net_filled(&n, 1, 2, DIMS(k + 2, 3));
    vt_tensor *targets[] = {INTS(&n, 2, 3), INTS(&n, 3, 3)};
    vt_ctx_fail_allocation(ctx, count + 1);
    vt_status status = VT_OK;
    for (int k = 0; k < 2 && status == VT_OK; k++) {
      vt_tensor *wide = NULL, *sum = NULL;
      status = vt_record_new(ctx, &records[k]);
      if (status == VT_OK) vt_record_start(ctx, records[k]);
      if (status == VT_OK) status = vt_record_input(ctx, records[k], xs[k], "x", names);
      if (status == VT_OK) status = vt_record_constant(ctx, records[k], token, "token");
      if (status == VT_OK)
        status = vt_apply(ctx, expand, NULL, "", 2, (vt_tensor *[]){token, targets[k]}, 1, &wide);
      if (status == VT_OK) status = vt_apply(ctx, add, NULL, "", 2, (vt_tensor *[]){xs[k], wide}, 1, &sum);
      if (status == VT_OK) status = vt_record_name(ctx, records[k], sum, "sum");
      if (status == VT_OK) status = vt_record_output(ctx, records[k], sum, "y");
      vt_record_stop(ctx);
    }
    if (status == VT_OK) status = vt_record_graph_open(ctx, records[0], records[1], &graph);
    vt_ctx_fail_allocation(ctx, 0);
    failed = status != VT_OK;
    if (failed && status != VT_ERROR_OUT_OF_MEMORY)
      fail_msg("allocation %ld: %s", count, vt_ctx_message(ctx));
    vt_ctx_clear(ctx);
    vt_graph_free(graph);
    vt_record_free(records[0]);
    vt_record_free(records[1]);
    vt_tensor_release(ctx, 0);
    assert_int_equal(vt_ctx_memory_in_use(ctx), before);
  }
  assert_true(count > 100);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(sizes_as_recorded, new_context, free_context),
      cmocka_unit_test_setup_teardown(open_batch, new_context, free_context),
      cmocka_unit_test_setup_teardown(several_open_sizes, new_context, free_context),
      cmocka_unit_test_setup_teardown(types_and_ends, new_context, free_context),
      cmocka_unit_test_setup_teardown(names_are_hooks, new_context, free_context),
      cmocka_unit_test_setup_teardown(runs_and_gradients, new_context, free_context),
      cmocka_unit_test_setup_teardown(pauses_freeze, new_context, free_context),
      cmocka_unit_test_setup_teardown(refusals, new_context, free_context),
      cmocka_unit_test_setup_teardown(refused_sizes, new_context, free_context),
      cmocka_unit_test_setup_teardown(wrong_use, new_context, free_context),
      cmocka_unit_test_setup_teardown(layouts, new_context, free_context),
      cmocka_unit_test_setup_teardown(reshaped_by_hand, new_context, free_context),
      cmocka_unit_test_setup_teardown(allocations, new_context, free_context),
  };
  return cmocka_run_group_tests_name("graph/record", tests, NULL, NULL);
}
