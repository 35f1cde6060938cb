/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions: several at once, in OpenMP regions and in plain threads, give the bytes of one alone; real models
 * by plan and by trace; allocations that fail among oneDNN's steps.
 */
#include <omp.h>
#include <pthread.h>

#include "graph/profile.h"
#include "plan_case.h"

/* A small network with a convolution, a sum made in place, a pool, a product and an operator of the table. */
static void small_network(builder *b, vt_ctx *ctx)
{
  builder_init(b, ctx);
  builder_input(b, "x", VT_F32, 4, DIMS(2, 3, 20, 17));
  builder_random(b, "w1", 4, DIMS(24, 3, 3, 3), 0.3);
  builder_random(b, "w2", 4, DIMS(24, 1, 3, 3), 0.3);
  builder_random(b, "w3", 2, DIMS(24, 10), 0.3);
  builder_random(b, "b3", 1, DIMS(10), 1);
  builder_ints(b, "axes", 2, DIMS(2, 3));
  builder_node(b, "Conv", "x w1", "c1", "pads=1,1,1,1 strides=2,2");
  builder_node(b, "Relu", "c1", "r1", NULL);
  builder_node(b, "Conv", "r1 w2", "c2", "pads=1,1,1,1 group=24");
  builder_node(b, "Add", "c2 r1", "s", NULL);
  builder_node(b, "MaxPool", "s", "p", "kernel_shape=2,2");
  builder_node(b, "ReduceMean", "p axes", "m", "keepdims=0");
  builder_node(b, "Gemm", "m w3 b3", "g", NULL);
  builder_node(b, "Softmax", "g", "y", "axis=-1");
  builder_output(b, "y");
  builder_output(b, "s");
}

enum { WORKERS = 4, RUNS = 6 };

typedef struct worker {
  const vt_plan *plan;
  const vt_graph *graph;
  vt_ctx *ctx;
  int number;
  vt_status status;
  unsigned char *bytes; /* outputs of every run, one after the other */
} worker;

static size_t output_bytes(const vt_plan *plan)
{
  size_t bytes = 0;
  for (int i = 0; i < vt_plan_output_count(plan); i++)
    bytes += vt_bytes(vt_plan_output(plan, i));
  return bytes;
}

/* Run r of every worker has the same input, made from r. */
static void fill(vt_session *session, const vt_plan *plan, int run)
{
  float *x = vt_session_input(session, 0);
  size_t count = plan->buffers[plan->inputs[0]].bytes / sizeof(float);
  for (size_t i = 0; i < count; i++)
    x[i] = (float)vt_random_normal(3, (uint64_t)run, i);
}

static void *work(void *argument)
{
  worker *w = argument;
  vt_session *session = NULL;
  w->status = vt_session_new(w->ctx, w->plan, &session);
  unsigned char *to = w->bytes;
  for (int run = 0; run < RUNS && w->status == VT_OK; run++) {
    fill(session, w->plan, run);
    w->status = vt_session_run(w->ctx, session);
    for (int i = 0; i < vt_plan_output_count(w->plan); i++) {
      size_t bytes = vt_bytes(vt_plan_output(w->plan, i));
      memcpy(to, vt_session_output(session, i), bytes);
      to += bytes;
    }
  }
  vt_session_free(session);
  return NULL;
}

static void start_workers(vt_ctx *ctx, const vt_plan *plan, const vt_graph *graph, worker *workers)
{
  for (int i = 0; i < WORKERS; i++) {
    workers[i] = (worker){.plan = plan, .graph = graph, .ctx = vt_ctx_child(ctx), .number = i};
    workers[i].bytes = malloc(RUNS * output_bytes(plan));
    assert_true(workers[i].ctx && workers[i].bytes);
  }
}

static void compare_workers(const vt_plan *plan, worker *workers)
{
  for (int i = 0; i < WORKERS; i++) {
    if (workers[i].status != VT_OK) fail_msg("worker %d: %s", i, vt_ctx_message(workers[i].ctx));
    assert_memory_equal(workers[i].bytes, workers[0].bytes, RUNS * output_bytes(plan));
  }
}

static void test_parallel(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  small_network(&b, ctx);
  vt_tensor *inputs[1];
  vt_plan *plan;
  worker workers[WORKERS];
  case_inputs(ctx, &b.graph, inputs);
  assert_ok(ctx, case_compile(ctx, &b.graph, inputs, NULL, &plan));
  start_workers(ctx, plan, &b.graph, workers);
  work(&workers[0]); /* alone */
  unsigned char *alone = workers[0].bytes;
  workers[0].bytes = malloc(RUNS * output_bytes(plan));
  assert_non_null(workers[0].bytes);
#pragma omp parallel num_threads(WORKERS)
  work(&workers[omp_get_thread_num()]);
  compare_workers(plan, workers);
  assert_memory_equal(workers[0].bytes, alone, RUNS * output_bytes(plan));
  pthread_t threads[WORKERS];
  for (int i = 0; i < WORKERS; i++) {
    memset(workers[i].bytes, 0, RUNS * output_bytes(plan));
    assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
  }
  for (int i = 0; i < WORKERS; i++)
    pthread_join(threads[i], NULL);
  compare_workers(plan, workers);
  assert_memory_equal(workers[0].bytes, alone, RUNS * output_bytes(plan));
  for (int i = 0; i < WORKERS; i++) {
    free(workers[i].bytes);
    vt_ctx_free(workers[i].ctx);
  }
  free(alone);
  vt_plan_free(plan);
  builder_free(&b);
}

/* A plan of two threads agrees with the trace, too. */
static void test_two_threads(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  small_network(&b, ctx);
  vt_tensor *inputs[1], *outputs[2] = {NULL}, shape;
  vt_tensor *shapes[1] = {&shape};
  vt_plan *plan;
  vt_session *session;
  case_inputs(ctx, &b.graph, inputs);
  shape = *inputs[0];
  shape.data = NULL;
  assert_ok(ctx, vt_graph_run(ctx, &b.graph, inputs, outputs));
  assert_ok(ctx, vt_plan_compile(ctx, &b.graph, shapes, 2, NULL, 0, &plan));
  assert_ok(ctx, vt_session_new(ctx, plan, &session));
  case_set(session, &b.graph, inputs);
  assert_ok(ctx, vt_session_run(ctx, session));
  for (int i = 0; i < 2; i++)
    case_equal(vt_plan_output(plan, i), vt_session_output(session, i), outputs[i], "output");
  vt_session_free(session);
  vt_plan_free(plan);
  builder_free(&b);
}

static void test_profile(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  small_network(&b, ctx);
  vt_tensor *inputs[1];
  vt_plan *plan;
  vt_session *session;
  vt_profile *profile;
  case_inputs(ctx, &b.graph, inputs);
  assert_ok(ctx, case_compile(ctx, &b.graph, inputs, NULL, &plan));
  assert_ok(ctx, vt_session_new(ctx, plan, &session));
  assert_ok(ctx, vt_profile_run(ctx, session, 1, 2, &profile));
  double gflop = 0;
  size_t changes = 0;
  for (size_t i = 0; i < profile->count; i++) {
    const vt_profile_row *row = &profile->rows[i];
    assert_true(row->milliseconds >= 0 && row->implementation[0] && row->op[0]);
    assert_true(row->layout_change == (strcmp(row->op, "reorder") == 0));
    changes += row->layout_change;
    gflop += row->gflop;
  }
  assert_true(profile->count - changes == 6); /* two convolutions, pool, mean, product, softmax */
  assert_near(gflop, profile->gflop, 1e-12 + 1e-9 * gflop);
  assert_near(profile->gflop, vt_plan_flops(plan) / 1e9, 0);
  vt_profile_free(profile);
  assert_fails(ctx, vt_profile_run(ctx, session, 0, 0, &profile), VT_ERROR_INVALID_ARGUMENT,
               "at least one run");
  vt_session_free(session);
  vt_plan_free(plan);
  builder_free(&b);
}

static void test_allocation_failures(void **state)
{
  vt_ctx *ctx = *state;
  builder b;
  small_network(&b, ctx);
  case_check(ctx, &b.graph, NULL); /* what is made once for the process exists from here on */
  case_allocations(ctx, &b.graph, 60);
  builder_free(&b);
}

/* Real graphs: by plan what they are by trace. */
static void test_real_models(void **state)
{
  vt_ctx *ctx = *state;
  static const struct {
    const char *file;
    size_t most_steps; /* of EfficientNet-lite0: 49 convolutions, mean, product, the image's layout */
  } models[] = {
      {"models/efficientnet_lite0.onnx", 52},
      {"models/dlib_face_resnet.onnx", 60},
      {"models/conse_image_encoder_lite2.onnx", 75},
      {"models/stories260k.onnx", 300},
  };
  for (size_t i = 0; i < VT_COUNT(models); i++) {
    const char *path = shared_path(models[i].file);
    if (!path) skip();
    vt_graph *graph;
    assert_ok(ctx, vt_graph_read(ctx, path, NULL, &graph));
    size_t mark = vt_tensor_mark(ctx);
    size_t steps = case_check(ctx, graph, NULL);
    if (steps > models[i].most_steps) fail_msg("%s: %zu steps", models[i].file, steps);
    vt_tensor_release(ctx, mark);
    vt_graph_free(graph);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_parallel, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_two_threads, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_profile, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_allocation_failures, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_real_models, new_context, free_context),
  };
  return cmocka_run_group_tests_name("graph/plan_session", tests, NULL, NULL);
}
