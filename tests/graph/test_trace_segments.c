/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients with little memory: the same bits as with the whole graph on the tape, whatever is hooked,
 * watched, compared or refused; and less memory.
 */
#include "builder.h"
#include "graph/trace.h"
#include "zoo_case.h"

/* A chain of LAYERS times h ← sigmoid(h · w) + h, with a long way around every third layer and one weight for
 * all, so that sums of gradients cross the cuts. */
enum { LAYERS = 24 };

typedef struct chain {
  vt_ctx *ctx;
  builder b;
  vt_tensor *x, *seed;
} chain;

static void chain_build(chain *c, int64_t width)
{
  char in[64], out[64], names[64];
  c->ctx = vt_ctx_new();
  builder_init(&c->b, c->ctx);
  builder_input(&c->b, "h0", VT_F32, 2, DIMS(2, width));
  builder_random(&c->b, "w", 1, DIMS(width), 0.7);
  builder_random(&c->b, "bias", 1, DIMS(width), 0.3);
  for (int i = 0; i < LAYERS; i++) {
    snprintf(names, sizeof names, "h%d w", i);
    snprintf(out, sizeof out, "p%d", i);
    builder_node(&c->b, "Mul", names, out, NULL);
    snprintf(in, sizeof in, "s%d", i);
    builder_node(&c->b, "Sigmoid", out, in, NULL);
    snprintf(names, sizeof names, "s%d %s%d", i, "h", i % 3 ? i : i > 6 ? i - 6 : i);
    snprintf(out, sizeof out, "h%d", i + 1);
    builder_node(&c->b, "Add", names, out, NULL);
  }
  snprintf(names, sizeof names, "h%d bias", LAYERS);
  builder_node(&c->b, "Add", names, "last", NULL);
  builder_node(&c->b, "Shape", "h3", "shape", NULL);
  builder_output(&c->b, "last");
  builder_output(&c->b, "shape");
  for (int i = 0; i < c->b.graph.value_count; i++) /* as the reader would infer, for the cuts */
    if (c->b.graph.values[i].name[0] != 'w' && c->b.graph.values[i].rank < 0) {
      c->b.graph.values[i].rank = 2;
      c->b.graph.values[i].dims[0] = 2;
      c->b.graph.values[i].dims[1] = width;
    }
  c->x = vt_tensor_new(c->ctx, VT_F32, 2, DIMS(2, width));
  c->seed = vt_tensor_new(c->ctx, VT_F32, 2, DIMS(2, width));
  assert_true(c->x && c->seed);
  for (int64_t i = 0; i < 2 * width; i++) {
    ((float *)c->x->data)[i] = (float)vt_random_normal(3, 1, (uint64_t)i);
    ((float *)c->seed->data)[i] = (float)vt_random_normal(3, 2, (uint64_t)i);
  }
}

static void chain_free(chain *c)
{
  builder_free(&c->b);
  vt_ctx_free(c->ctx);
}

static const char *const watched[] = {"h0", "w", "bias", "h7", "p13", "s20"};
enum { WATCHED = VT_COUNT(watched) };

/* Two passes over one run; the gradients of both into `out`. `prepare` sets hooks. */
typedef void (*prepare_fn)(chain *c, vt_trace *trace);

static void gradients(chain *c, int segments, vt_type precision, prepare_fn prepare,
                      vt_tensor *out[2 * WATCHED])
{
  static const char *const of[] = {"last", "h11", "last"};
  const vt_tensor *seeds[] = {c->seed, c->x, c->x};
  vt_trace *trace;
  vt_tensor *found;
  assert_ok(c->ctx, vt_trace_new(c->ctx, &c->b.graph, &trace));
  assert_ok(c->ctx, vt_trace_precision(c->ctx, trace, precision));
  assert_ok(c->ctx, vt_trace_segments(c->ctx, trace, segments));
  for (int i = 0; i < WATCHED; i++)
    assert_ok(c->ctx, vt_trace_watch(c->ctx, trace, watched[i]));
  assert_ok(c->ctx, vt_trace_read(c->ctx, trace, "h11"));
  if (prepare) prepare(c, trace);
  assert_ok(c->ctx, vt_trace_run(c->ctx, trace, &c->x));
  for (int pass = 0; pass < 2; pass++) {
    assert_ok(c->ctx, vt_trace_backward_from(c->ctx, trace, of, seeds, pass ? 3 : 1, NULL, pass == 0));
    for (int i = 0; i < WATCHED; i++) {
      assert_ok(c->ctx, vt_trace_gradient(c->ctx, trace, watched[i], &found));
      out[pass * WATCHED + i] = vt_tensor_keep(c->ctx, found);
    }
  }
  assert_fails(c->ctx, vt_trace_backward(c->ctx, trace, "last", c->seed, false), VT_ERROR_INVALID_ARGUMENT,
               "let go by an earlier backward pass");
  assert_int_equal(vt_trace_tape_bytes(trace), 0);
  vt_trace_free(trace);
}

static void expect_same_bits(prepare_fn prepare, vt_type precision)
{
  static const int counts[] = {2, 3, 5, 9, 1000};
  chain c;
  chain_build(&c, 7);
  vt_tensor *whole[2 * WATCHED], *parts[2 * WATCHED];
  gradients(&c, 1, precision, prepare, whole);
  for (size_t k = 0; k < VT_COUNT(counts); k++) {
    gradients(&c, counts[k], precision, prepare, parts);
    for (int i = 0; i < 2 * WATCHED; i++) {
      assert_true(vt_same_shape(parts[i], whole[i]) && parts[i]->type == precision);
      if (memcmp(parts[i]->data, whole[i]->data, vt_bytes(whole[i])) != 0)
        fail_msg("%d stretches, pass %d: the gradient of '%s' has other bits", counts[k], i / WATCHED + 1,
                 watched[i % WATCHED]);
      vt_tensor_free(parts[i]);
    }
  }
  double sum = 0; /* not all of it zero */
  for (int64_t i = 0; i < vt_count(whole[1]); i++)
    sum += vt_get_f64(whole[1], i) * vt_get_f64(whole[1], i);
  assert_true(sum > 0);
  for (int i = 0; i < 2 * WATCHED; i++)
    vt_tensor_free(whole[i]);
  chain_free(&c);
}

static void the_same_bits(void **state)
{
  VT_UNUSED(state);
  expect_same_bits(NULL, VT_F32);
}

static void the_same_bits_in_double_precision(void **state)
{
  VT_UNUSED(state);
  expect_same_bits(NULL, VT_F64);
}

static vt_status halve(vt_ctx *ctx, void *user, const char *name, vt_tensor *value)
{
  VT_UNUSED(ctx);
  VT_UNUSED(user);
  VT_UNUSED(name);
  for (int64_t i = 0; i < vt_count(value); i++)
    if (value->type == VT_F32)
      ((float *)value->data)[i] /= 2;
    else
      ((double *)value->data)[i] /= 2;
  return VT_OK;
}

static void hooks_that_pass(chain *c, vt_trace *trace)
{
  assert_ok(c->ctx, vt_trace_scale(c->ctx, trace, "h0", 1.5));
  assert_ok(c->ctx, vt_trace_scale(c->ctx, trace, "h9", -2));
  assert_ok(c->ctx, vt_trace_add(c->ctx, trace, "h9", c->seed));
  assert_ok(c->ctx, vt_trace_scale(c->ctx, trace, "w", 0.5));
  assert_ok(c->ctx, vt_trace_edit(c->ctx, trace, "bias", halve, NULL));
}

static void hooks_that_cut(chain *c, vt_trace *trace)
{
  assert_ok(c->ctx, vt_trace_replace(c->ctx, trace, "h7", c->seed));
  assert_ok(c->ctx, vt_trace_edit(c->ctx, trace, "p13", halve, NULL));
  assert_ok(c->ctx, vt_trace_zero(c->ctx, trace, "s16"));
  assert_ok(c->ctx, vt_trace_read(c->ctx, trace, "last")); /* a lazy run makes what is asked for */
  vt_trace_lazy(trace, true);
}

static void the_same_bits_with_hooks(void **state)
{
  VT_UNUSED(state);
  expect_same_bits(hooks_that_pass, VT_F32);
  expect_same_bits(hooks_that_cut, VT_F32);
  expect_same_bits(hooks_that_cut, VT_F64);
}

/* ---- rules, with a run to compare with ---- */

/* Gradient times the difference of what went in. */
static vt_status difference_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  VT_UNUSED(settings);
  vt_tensor *made = vt_gradient_new(ctx, gradient, 0);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  const float *given = gradient->output_gradients[0]->data, *here = gradient->call->inputs[0]->data;
  const float *there = gradient->reference ? gradient->reference->inputs[0]->data : NULL;
  for (int64_t i = 0; i < vt_count(made); i++)
    ((float *)made->data)[i] = given[i] * (there ? here[i] - there[i] : here[i]);
  return VT_OK;
}

static const vt_rule difference = {"difference", difference_backward, NULL, VT_SAVES_INPUT(0)};

static const vt_rule *choose_sigmoid(const void *user, const vt_call *call)
{
  VT_UNUSED(user);
  return strcmp(call->op->name, "Sigmoid") == 0 ? &difference : NULL;
}

static void rules_compare_stretch_by_stretch(void **state)
{
  VT_UNUSED(state);
  static const vt_rule_set set = {"test", choose_sigmoid, NULL};
  static const int counts[][2] = {{1, 1}, {4, 4}, {4, 1}, {1, 4}, {6, 3}}; /* of the run, of the reference */
  chain c;
  chain_build(&c, 7);
  vt_tensor *first = NULL, *found;
  for (size_t k = 0; k < VT_COUNT(counts); k++) {
    vt_trace *traces[2];
    for (int i = 0; i < 2; i++) {
      assert_ok(c.ctx, vt_trace_new(c.ctx, &c.b.graph, &traces[i]));
      assert_ok(c.ctx, vt_trace_segments(c.ctx, traces[i], counts[k][i]));
      assert_ok(c.ctx, vt_trace_watch(c.ctx, traces[i], "h0"));
      vt_trace_rules(traces[i], &set);
      assert_ok(c.ctx, vt_trace_run(c.ctx, traces[i], i ? &c.seed : &c.x));
    }
    static const char *const of[] = {"last"};
    const vt_tensor *seeds[] = {c.seed};
    for (int pass = 0; pass < 2; pass++)
      assert_ok(c.ctx, vt_trace_backward_from(c.ctx, traces[0], of, seeds, 1, traces[1], pass == 0));
    assert_ok(c.ctx, vt_trace_gradient(c.ctx, traces[0], "h0", &found));
    if (!first) first = vt_tensor_keep(c.ctx, found);
    assert_memory_equal(found->data, first->data, vt_bytes(first));
    vt_trace_free(traces[0]);
    vt_trace_free(traces[1]);
  }
  vt_tensor_free(first);
  chain_free(&c);
}

/* ---- memory ---- */

/* Peak of a forward and backward over what was there before; the gradient's first bytes as a fingerprint. */
static uint64_t peak_of(int segments, uint64_t limit, int64_t width, char print[65])
{
  chain c;
  vt_trace *trace;
  vt_tensor *found;
  chain_build(&c, width);
  uint64_t before = vt_ctx_memory_in_use(c.ctx);
  vt_ctx_set_max_memory(c.ctx, limit ? before + limit : 0);
  assert_ok(c.ctx, vt_trace_new(c.ctx, &c.b.graph, &trace));
  assert_ok(c.ctx, vt_trace_segments(c.ctx, trace, segments));
  assert_ok(c.ctx, vt_trace_watch(c.ctx, trace, "h0"));
  assert_ok(c.ctx, vt_trace_run(c.ctx, trace, &c.x));
  assert_ok(c.ctx, vt_trace_backward(c.ctx, trace, "last", c.seed, false));
  assert_ok(c.ctx, vt_trace_gradient(c.ctx, trace, "h0", &found));
  vt_sha256_hex(found->data, vt_bytes(found), print);
  uint64_t peak = vt_ctx_memory_peak(c.ctx) - before;
  vt_trace_free(trace);
  chain_free(&c);
  return peak;
}

static void memory_falls_on_a_chain(void **state)
{
  enum { WIDTH = 1 << 16 }; /* half a megabyte a tensor */
  char whole[65], parts[65], forced[65];
  VT_UNUSED(state);
  uint64_t all = peak_of(1, 0, WIDTH, whole), few = peak_of(5, 0, WIDTH, parts);
  fprintf(stderr, "chain of %d layers: %.1f MB at once, %.1f MB in 5 stretches\n", LAYERS, (double)all / 1e6,
          (double)few / 1e6);
  assert_true(few < all * 8 / 10);
  assert_string_equal(whole, parts);
  /* too little for the whole: it helps itself, and stays below the limit */
  assert_true(peak_of(1, all * 9 / 10, WIDTH, forced) <= all * 9 / 10);
  assert_string_equal(whole, forced);
}

/* What no division helps fails as before, and leaves nothing behind. */
static void too_little_is_told(void **state)
{
  VT_UNUSED(state);
  chain c;
  vt_trace *trace;
  chain_build(&c, 1 << 14);
  assert_ok(c.ctx, vt_trace_new(c.ctx, &c.b.graph, &trace));
  assert_ok(c.ctx, vt_trace_watch(c.ctx, trace, "h0"));
  uint64_t before = vt_ctx_memory_in_use(c.ctx);
  vt_ctx_set_max_memory(c.ctx, before + 200000);
  assert_fails(c.ctx, vt_trace_run(c.ctx, trace, &c.x), VT_ERROR_OUT_OF_MEMORY, "<memory>: ");
  vt_ctx_set_max_memory(c.ctx, 0);
  assert_ok(c.ctx, vt_trace_run(c.ctx, trace, &c.x)); /* and it goes on */
  vt_trace_free(trace);
  chain_free(&c);
}

static vt_status small_run(chain *c)
{
  vt_trace *trace;
  VT_TRY(vt_trace_new(c->ctx, &c->b.graph, &trace));
  vt_status status = vt_trace_segments(c->ctx, trace, 3);
  if (status == VT_OK) status = vt_trace_watch(c->ctx, trace, "w");
  if (status == VT_OK) status = vt_trace_watch(c->ctx, trace, "p13");
  if (status == VT_OK) status = vt_trace_scale(c->ctx, trace, "h4", 2);
  if (status == VT_OK) status = vt_trace_run(c->ctx, trace, &c->x);
  if (status == VT_OK) status = vt_trace_backward(c->ctx, trace, "last", c->seed, true);
  if (status == VT_OK) status = vt_trace_backward(c->ctx, trace, "last", c->seed, false);
  vt_trace_free(trace);
  return status;
}

static void every_allocation_refused(void **state)
{
  VT_UNUSED(state);
  chain c;
  chain_build(&c, 3);
  assert_ok(c.ctx, small_run(&c));
  for (long at = 1;; at++) {
    uint64_t before = vt_ctx_memory_in_use(c.ctx);
    vt_ctx_fail_allocation(c.ctx, at);
    vt_status status = small_run(&c);
    vt_ctx_fail_allocation(c.ctx, 0);
    assert_int_equal(vt_ctx_memory_in_use(c.ctx), before);
    if (status == VT_OK) {
      assert_in_range(at, 500, 20000);
      break;
    }
    if (status != VT_ERROR_OUT_OF_MEMORY || vt_ctx_status(c.ctx) != VT_ERROR_OUT_OF_MEMORY)
      fail_msg("allocation %ld: %s: %s", at, vt_status_name(status), vt_ctx_message(c.ctx));
    vt_ctx_clear(c.ctx);
  }
  chain_free(&c);
}

/* ---- a real one ---- */

static uint64_t lite0_peak(const json_t *model, int segments, char print[65])
{
  zoo_model zoo;
  if (!model || !zoo_open(model, &zoo)) skip();
  vt_trace *trace;
  vt_tensor *logits, *seed, *found;
  uint64_t before = vt_ctx_memory_in_use(zoo.ctx);
  assert_ok(zoo.ctx, vt_trace_new(zoo.ctx, zoo.graph, &trace));
  assert_ok(zoo.ctx, vt_trace_segments(zoo.ctx, trace, segments));
  assert_ok(zoo.ctx, vt_trace_watch(zoo.ctx, trace, "image"));
  assert_ok(zoo.ctx, vt_trace_run(zoo.ctx, trace, zoo.inputs));
  assert_ok(zoo.ctx, vt_trace_value(zoo.ctx, trace, "logits", &logits));
  seed = vt_tensor_new(zoo.ctx, VT_F32, logits->rank, logits->dims);
  memset(seed->data, 0, vt_bytes(seed));
  ((float *)seed->data)[281] = 1;
  assert_ok(zoo.ctx, vt_trace_backward(zoo.ctx, trace, "logits", seed, false));
  assert_ok(zoo.ctx, vt_trace_gradient(zoo.ctx, trace, "image", &found));
  vt_sha256_hex(found->data, vt_bytes(found), print);
  uint64_t peak = vt_ctx_memory_peak(zoo.ctx) - before;
  vt_trace_free(trace);
  zoo_close(&zoo);
  return peak;
}

static void memory_falls_on_efficientnet(void **state)
{
  VT_UNUSED(state);
  char whole[65], parts[65];
  const char *path = shared_path("golden/zoo/zoo.json");
  if (!path) skip();
  json_t *list = json_load_file(path, 0, NULL);
  const json_t *model = json_object_get(json_object_get(list, "models"), "efficientnet_lite0");
  uint64_t all = lite0_peak(model, 1, whole), few = lite0_peak(model, 8, parts);
  json_decref(list);
  fprintf(stderr, "EfficientNet-lite0: %.1f MB at once, %.1f MB in 8 stretches\n", (double)all / 1e6,
          (double)few / 1e6);
  assert_string_equal(whole, parts);
  assert_true(few < all * 8 / 10);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_bits),
      cmocka_unit_test(the_same_bits_in_double_precision),
      cmocka_unit_test(the_same_bits_with_hooks),
      cmocka_unit_test(rules_compare_stretch_by_stretch),
      cmocka_unit_test(memory_falls_on_a_chain),
      cmocka_unit_test(too_little_is_told),
      cmocka_unit_test(every_allocation_refused),
      cmocka_unit_test(memory_falls_on_efficientnet),
  };
  return cmocka_run_group_tests_name("graph/trace_segments", tests, NULL, NULL);
}
