/* SPDX-License-Identifier: Apache-2.0
 *
 * oneDNN behind ops/dnnl.h: thread counts, the list of primitives, memory, failures.
 */
#include <omp.h>

#include "kernel_case.h"

#include "ops/dnnl.h"

typedef struct copy_plan {
  dnnl_memory_desc_t from, to;
  int described;
} copy_plan;

static dnnl_status_t describe_copy(const void *user, dnnl_engine_t engine, const_dnnl_primitive_attr_t attr,
                                   dnnl_primitive_desc_t *out)
{
  copy_plan *plan = (copy_plan *)(uintptr_t)user;
  plan->described++;
  return dnnl_reorder_primitive_desc_create(out, &plan->from, engine, &plan->to, engine, attr);
}

static dnnl_status_t describe_nothing(const void *user, dnnl_engine_t engine,
                                      const_dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *out)
{
  VT_UNUSED(engine);
  VT_UNUSED(attr);
  VT_UNUSED(out);
  ((copy_plan *)(uintptr_t)user)->described++;
  return dnnl_unimplemented;
}

/* A copy of `count` numbers, under a key of its own. */
static vt_status get_copy(vt_ctx *ctx, int64_t count, int threads, copy_plan *plan, vt_dnnl_primitive **out)
{
  vt_dnnl_key key = {0};
  assert_true(vt_dnnl_row_major(&plan->from, 1, &count));
  plan->to = plan->from;
  vt_dnnl_key_add(&key, -1);
  vt_dnnl_key_add(&key, count);
  return vt_dnnl_get(ctx, &key, threads, describe_copy, plan, out);
}

static vt_tensor *conv_here(vt_ctx *ctx)
{
  return op_run(ctx, "Conv", "pads=1,1,1,1", op_uniform(ctx, VT_F32, SHAPE(1, 16, 40, 40), -1, 1, 1),
                op_uniform(ctx, VT_F32, SHAPE(32, 16, 3, 3), -1, 1, 2));
}

static void keeps_the_callers_openmp(void **state)
{
  vt_ctx *ctx = *state;
  int before = omp_get_max_threads();
  omp_set_num_threads(3);
  omp_set_dynamic(1);
  conv_here(ctx);
  assert_int_equal(omp_get_max_threads(), 3);
  assert_int_equal(omp_get_dynamic(), 1);
  omp_set_dynamic(0);
  omp_set_num_threads(before);
}

/* Workers call operators as they are: one thread each, and the bytes of a lone caller. */
static void runs_in_parallel_regions(void **state)
{
  enum { WORKERS = 4 };
  vt_ctx *ctx = *state;
  vt_tensor *alone = conv_here(ctx);
  vt_ctx *children[WORKERS];
  bool same[WORKERS] = {false};
  for (int i = 0; i < WORKERS; i++) {
    children[i] = vt_ctx_child(ctx);
    vt_ctx_set_threads(children[i], 2); /* cannot be had in there */
  }
  vt_dnnl_forget(); /* so that all of them find the list empty at once */
#pragma omp parallel for num_threads(WORKERS) schedule(static, 1)
  for (int i = 0; i < WORKERS; i++) {
    vt_tensor *mine = conv_here(children[i]);
    same[i] = memcmp(mine->data, alone->data, vt_bytes(alone)) == 0;
  }
  for (int i = 0; i < WORKERS; i++) {
    assert_true(same[i]);
    vt_ctx_free(children[i]);
  }
}

static void refuses_threads_it_cannot_have(void **state)
{
  vt_ctx *ctx = *state;
  copy_plan plan = {0};
  vt_dnnl_primitive *primitive;
  vt_status status = VT_OK;
  assert_ok(ctx, get_copy(ctx, 1000, 2, &plan, &primitive));
#pragma omp parallel num_threads(2)
#pragma omp single
  {
    status = vt_dnnl_execute(ctx, primitive, 0, NULL, NULL);
    assert_int_equal(vt_dnnl_threads(ctx), 1);
  }
  assert_int_equal(status, VT_ERROR_RUNTIME);
  assert_non_null(strstr(vt_ctx_message(ctx), "made for 2 threads cannot run here"));
  vt_ctx_clear(ctx);
  vt_dnnl_put(primitive);
}

static void makes_each_primitive_once(void **state)
{
  vt_ctx *ctx = *state;
  copy_plan plan = {0};
  vt_dnnl_primitive *first, *again, *other;
  vt_dnnl_forget();
  assert_ok(ctx, get_copy(ctx, 7, 1, &plan, &first));
  assert_ok(ctx, get_copy(ctx, 7, 1, &plan, &again));
  assert_ptr_equal(first, again);
  assert_int_equal(plan.described, 1);
  assert_ok(ctx, get_copy(ctx, 7, 2, &plan, &other)); /* the thread count belongs to it */
  assert_ptr_not_equal(first, other);
  assert_int_equal(other->threads, 2);
  vt_dnnl_put(other);
  vt_dnnl_put(again);
  /* pushed out of the list by many others, it is made again; who holds it can go on */
  for (int64_t count = 100; count < 700; count++) {
    assert_ok(ctx, get_copy(ctx, count, 1, &plan, &other));
    vt_dnnl_put(other);
  }
  plan.described = 0;
  assert_ok(ctx, get_copy(ctx, 699, 1, &plan, &other));
  vt_dnnl_put(other);
  assert_int_equal(plan.described, 0);
  assert_ok(ctx, get_copy(ctx, 7, 1, &plan, &again));
  assert_int_equal(plan.described, 1);
  assert_ptr_not_equal(first, again);
  float from[7] = {1, 2, 3, 4, 5, 6, 7}, to[7] = {0};
  vt_dnnl_argument arguments[] = {{DNNL_ARG_FROM, plan.from, from, false}, {DNNL_ARG_TO, plan.to, to, true}};
  assert_ok(ctx, vt_dnnl_run(ctx, first, arguments, 2));
  assert_memory_equal(from, to, sizeof from);
  vt_dnnl_put(again);
  vt_dnnl_put(first);
}

static void remembers_what_cannot_be_done(void **state)
{
  vt_ctx *ctx = *state;
  copy_plan plan = {0};
  vt_dnnl_key key = {.count = 1, .numbers = {-77}};
  vt_dnnl_primitive *primitive;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(vt_dnnl_get(ctx, &key, 1, describe_nothing, &plan, &primitive), VT_ERROR_UNSUPPORTED);
    assert_int_equal(vt_ctx_status(ctx), VT_OK);
  }
  assert_int_equal(plan.described, 1);
  for (int i = 0; i < 100; i++)
    vt_dnnl_key_add(&key, i);
  assert_true(key.overflow);
  for (int i = 0; i < 2; i++)
    assert_int_equal(vt_dnnl_get(ctx, &key, 1, describe_nothing, &plan, &primitive), VT_ERROR_UNSUPPORTED);
  assert_int_equal(plan.described, 3); /* too long to be remembered */
}

static void says_what_failed(void **state)
{
  vt_ctx *ctx = *state;
  int64_t negative = -1, huge[] = {1 << 16, 1 << 16}, none = 0;
  dnnl_memory_desc_t layout;
  assert_fails(ctx, vt_dnnl_check(ctx, dnnl_out_of_memory, "matmul"), VT_ERROR_OUT_OF_MEMORY,
               "oneDNN matmul: out of memory");
  assert_fails(ctx, vt_dnnl_check(ctx, dnnl_unimplemented, "pool"), VT_ERROR_UNSUPPORTED, "not implemented");
  assert_fails(ctx, vt_dnnl_check(ctx, dnnl_runtime_error, "pool"), VT_ERROR_RUNTIME, "failed while running");
  assert_false(vt_dnnl_row_major(&layout, 1, &negative));
  assert_false(vt_dnnl_row_major(&layout, 1, &none));
  assert_false(vt_dnnl_any(&layout, 2, huge));
}

/* Copies in other layouts and scratchpads count against the limit like everything else. */
static void keeps_to_the_memory_limit(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_uniform(ctx, VT_F32, SHAPE(1, 16, 64, 64), -1, 1, 1),
            *w = op_uniform(ctx, VT_F32, SHAPE(16, 16, 3, 3), -1, 1, 2);
  op_run(ctx, "Conv", "", x, w);
  uint64_t output = 16 * 62 * 62 * 4;
  vt_ctx_set_max_memory(ctx, vt_ctx_memory_in_use(ctx) + output + output / 2);
  assert_fails(ctx, op_try(ctx, "Conv", "", x, w), VT_ERROR_OUT_OF_MEMORY,
               "node 'under test' (Conv): out of memory");
  vt_ctx_set_max_memory(ctx, 0);
  op_run(ctx, "Conv", "", x, w);
}

/* Allocation n of a call fails, for every n: a status, nothing lost, and the next call works. */
static void survives_lack_of_memory(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_uniform(ctx, VT_F32, SHAPE(2, 16, 9, 9), -1, 1, 1),
            *w = op_uniform(ctx, VT_F32, SHAPE(32, 16, 3, 3), -1, 1, 2);
  vt_tensor *turned = op_uniform(ctx, VT_F32, SHAPE(16, 32, 3, 3), -1, 1, 2),
            *b = op_uniform(ctx, VT_F32, SHAPE(9, 9), -1, 1, 3);
  vt_tensor *one = op_uniform(ctx, VT_F32, SHAPE(16), 0.5, 1, 4);
  struct {
    const char *name, *attributes;
    vt_tensor *inputs[5];
    int input_count;
  } calls[] = {
      {"Conv", "pads=1,1,1,1", {x, w}, 2},
      {"ConvTranspose", "strides=2,2", {x, turned}, 2},
      {"MatMul", "", {x, b}, 2},
      {"Gemm", "transA=1", {b, b, b}, 3},
      {"MaxPool", "kernel_shape=2,2", {x}, 1},
      {"BatchNormalization", "training_mode=1", {x, one, one, one, one}, 5},
  };
  for (size_t i = 0; i < VT_COUNT(calls); i++)
    for (int plain = 0; plain < 2; plain++) {
      vt_op_force_plain(plain);
      bool done = false;
      for (long n = 1; n < 60 && !done; n++) {
        size_t mark = vt_tensor_mark(ctx);
        vt_tensor *output = NULL;
        vt_ctx_fail_allocation(ctx, n);
        vt_status status = op_call(ctx, calls[i].name, calls[i].attributes, NULL, &output, 1, calls[i].inputs,
                                   calls[i].input_count);
        vt_ctx_fail_allocation(ctx, 0);
        done = status == VT_OK;
        if (!done) assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
        vt_ctx_clear(ctx);
        vt_tensor_release(ctx, mark);
      }
      vt_op_force_plain(false);
      if (!done) fail_msg("%s never succeeds", calls[i].name);
    }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(keeps_the_callers_openmp),       op_test(runs_in_parallel_regions),
      op_test(refuses_threads_it_cannot_have), op_test(makes_each_primitive_once),
      op_test(remembers_what_cannot_be_done),  op_test(says_what_failed),
      op_test(keeps_to_the_memory_limit),      op_test(survives_lack_of_memory),
  };
  return cmocka_run_group_tests_name("ops/dnnl", tests, NULL, NULL);
}
