/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking inside: items are handed over in order for any number of threads, the lowest failure ends it, hooks
 * belong to one item.
 */
#include "graph/builder.h"

#include "explain/look.h"

/* y = Σ a·x² + h, h = relu(x) summed; x [1, 4] */
enum { WIDTH = 4, ITEMS = 40 };
static const float factors[WIDTH] = {1, -2, 0.5f, 3};

typedef struct scene {
  vt_ctx *ctx;
  builder b;
  vt_subject subject;
  vt_target target;
  int order[ITEMS], seen;
  double scores[ITEMS], slopes[ITEMS][WIDTH], hidden[ITEMS];
  int fails_to_see[2], zeroed; /* items; −1: none */
  volatile int cancel;
  int cancel_at;
} scene;

static void scene_open(scene *s)
{
  memset(s, 0, sizeof *s);
  s->ctx = vt_ctx_new();
  s->fails_to_see[0] = s->fails_to_see[1] = s->zeroed = s->cancel_at = -1;
  builder *b = &s->b;
  builder_init(b, s->ctx);
  builder_input(b, "x", VT_F32, 2, DIMS(1, WIDTH));
  builder_constant(b, "a", VT_F32, 1, DIMS(WIDTH), factors);
  builder_node(b, "Mul", "x x", "square", NULL);
  builder_node(b, "Mul", "square a", "weighted", NULL);
  builder_node(b, "Relu", "x", "open", NULL);
  builder_node(b, "Add", "weighted open", "both", NULL);
  builder_node(b, "ReduceSum", "both", "y", "keepdims=1");
  builder_output(b, "y");
  s->subject = (vt_subject){.graph = &b->graph,
                            .varying = "x",
                            .type = VT_F32,
                            .rank = 2,
                            .dims = {1, WIDTH},
                            .output = "y",
                            .logits = true};
  s->target = (vt_target){.score = VT_SCORE_LOGIT, .contrast = -1};
}

static void scene_close(scene *s)
{
  builder_free(&s->b);
  vt_tensor_release(s->ctx, 0);
  vt_ctx_free(s->ctx);
}

static double value_of(int item, int i)
{
  return (i % 2 ? -1 : 1) * (0.5 + 0.25 * i + 0.125 * item);
}

static void compose(void *user, int item, float *input)
{
  (void)user;
  for (int i = 0; i < WIDTH; i++)
    input[i] = (float)value_of(item, i);
}

static vt_status see(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  scene *s = user;
  int item = sight->item;
  s->order[s->seen++] = item;
  s->scores[item] = sight->score;
  if (sight->gradient)
    for (int i = 0; i < WIDTH; i++)
      s->slopes[item][i] = vt_get_f64(sight->gradient, i);
  if (sight->values[0]) s->hidden[item] = vt_get_f64(sight->values[0], 0);
  if (item == s->cancel_at) s->cancel = 1;
  if (item == s->fails_to_see[0] || item == s->fails_to_see[1])
    return vt_fail(ctx, VT_ERROR_RUNTIME, "item %d is not wanted", item);
  return VT_OK;
}

static vt_status prepare(vt_ctx *ctx, void *user, int item, vt_trace *trace)
{
  const scene *s = user;
  return item == s->zeroed ? vt_trace_zero(ctx, trace, "weighted") : VT_OK;
}

static vt_status refuse(vt_ctx *ctx, void *user, int item, vt_trace *trace)
{
  (void)user;
  (void)trace;
  return item >= 5 ? vt_fail(ctx, VT_ERROR_INVALID_DATA, "no hooks for item %d", item) : VT_OK;
}

static void check_item(const scene *s, int item, bool zeroed)
{
  double score = 0;
  for (int i = 0; i < WIDTH; i++) {
    double x = value_of(item, i), a = zeroed ? 0 : (double)factors[i];
    score += a * x * x + (x > 0 ? x : 0);
    assert_near(s->slopes[item][i], 2 * a * x + (x > 0), 1e-5);
  }
  assert_near(s->scores[item], score, 1e-3); /* f32 sums of up to 100 */
}

static void test_order(void **unused)
{
  (void)unused;
  static const char *const names[] = {"open"};
  for (int threads = 1; threads <= 3; threads++) {
    scene s;
    scene_open(&s);
    vt_ctx_set_threads(s.ctx, threads);
    vt_look look = {.target = &s.target, .gradient = true, .names = names, .name_count = 1};
    assert_ok(s.ctx, vt_subject_look(s.ctx, &s.subject, ITEMS, &look, compose, see, &s));
    assert_int_equal(s.seen, ITEMS);
    for (int i = 0; i < ITEMS; i++) {
      assert_int_equal(s.order[i], i);
      check_item(&s, i, false);
      assert_near(s.hidden[i], value_of(i, 0), 1e-6);
    }
    scene_close(&s);
  }
}

/* Of several items that fail the lowest is reported, and nothing behind it was handed over. */
static void test_lowest_failure(void **unused)
{
  (void)unused;
  for (int threads = 1; threads <= 3; threads++) {
    scene s;
    scene_open(&s);
    s.fails_to_see[0] = 11;
    s.fails_to_see[1] = 7;
    vt_ctx_set_threads(s.ctx, threads);
    vt_look look = {.target = &s.target, .gradient = true};
    assert_fails(s.ctx, vt_subject_look(s.ctx, &s.subject, ITEMS, &look, compose, see, &s), VT_ERROR_RUNTIME,
                 "item 7 is not wanted");
    assert_int_equal(s.seen, 8);
    look.prepare = refuse;
    s.seen = 0;
    assert_fails(s.ctx, vt_subject_look(s.ctx, &s.subject, ITEMS, &look, compose, see, &s),
                 VT_ERROR_INVALID_DATA, "no hooks for item 5");
    assert_int_equal(s.seen, 5);
    scene_close(&s);
  }
}

static void test_cancel(void **unused)
{
  (void)unused;
  scene s;
  scene_open(&s);
  s.cancel_at = 3;
  vt_ctx_set_cancel(s.ctx, &s.cancel);
  vt_ctx_set_threads(s.ctx, 2);
  vt_look look = {.target = &s.target, .gradient = true};
  assert_int_equal(vt_subject_look(s.ctx, &s.subject, ITEMS, &look, compose, see, &s), VT_ERROR_INTERRUPTED);
  assert_true(s.seen >= 4 && s.seen < ITEMS);
  for (int i = 0; i < s.seen; i++)
    assert_int_equal(s.order[i], i);
  vt_ctx_clear(s.ctx);
  scene_close(&s);
}

/* A hook set for one item is gone for the next. */
static void test_hooks_of_one_item(void **unused)
{
  (void)unused;
  scene s;
  scene_open(&s);
  s.zeroed = 6;
  vt_look look = {.target = &s.target, .gradient = true, .prepare = prepare};
  for (int threads = 1; threads <= 2; threads++) {
    s.seen = 0;
    vt_ctx_set_threads(s.ctx, threads);
    assert_ok(s.ctx, vt_subject_look(s.ctx, &s.subject, ITEMS, &look, compose, see, &s));
    for (int i = 0; i < ITEMS; i++)
      check_item(&s, i, i == s.zeroed);
  }
  scene_close(&s);
}

static void test_misuse(void **unused)
{
  (void)unused;
  static const char *const unknown[] = {"opne"};
  scene s;
  scene_open(&s);
  vt_look none = {.gradient = true}, far = {.target = &s.target, .names = unknown, .name_count = 1},
          alone = {.target = &s.target, .gradient = true, .start = VT_START_DIFFERENCE};
  assert_fails(s.ctx, vt_subject_look(s.ctx, &s.subject, 1, &none, compose, see, &s),
               VT_ERROR_INVALID_ARGUMENT, "needs a target");
  assert_fails(s.ctx, vt_subject_look(s.ctx, &s.subject, 1, &far, compose, see, &s),
               VT_ERROR_INVALID_ARGUMENT, "'open'");
  assert_fails(s.ctx, vt_subject_look(s.ctx, &s.subject, 1, &alone, compose, see, &s),
               VT_ERROR_INVALID_ARGUMENT, "reference");
  s.target.index = 4;
  vt_look outside = {.target = &s.target};
  assert_fails(s.ctx, vt_subject_look(s.ctx, &s.subject, 1, &outside, compose, see, &s),
               VT_ERROR_INVALID_ARGUMENT, "does not fit");
  assert_int_equal(s.seen, 0);
  scene_close(&s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_order),  cmocka_unit_test(test_lowest_failure),
      cmocka_unit_test(test_cancel), cmocka_unit_test(test_hooks_of_one_item),
      cmocka_unit_test(test_misuse),
  };
  return cmocka_run_group_tests_name("explain/look", tests, NULL, NULL);
}
