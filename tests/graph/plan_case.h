/* SPDX-License-Identifier: Apache-2.0
 *
 * A graph run by plan and by trace, compared.
 */
#ifndef VT_TESTS_GRAPH_PLAN_CASE_H
#define VT_TESTS_GRAPH_PLAN_CASE_H

#include <math.h>

#include "builder.h"
#include "graph/plan.h"

/* Inputs of the graph with its declared sizes (open ones 2), seeded: f32 normal, integers 0..4. */
static inline void case_inputs(vt_ctx *ctx, const vt_graph *graph, vt_tensor **inputs)
{
  for (int i = 0; i < graph->input_count; i++) {
    const vt_value *v = &graph->values[graph->inputs[i]];
    int64_t dims[VT_MAX_RANK];
    for (int axis = 0; axis < v->rank; axis++)
      dims[axis] = v->dims[axis] < 0 ? 2 : v->dims[axis];
    inputs[i] = vt_tensor_new(ctx, v->type, v->rank, dims);
    assert_non_null(inputs[i]);
    for (int64_t k = 0; k < vt_count(inputs[i]); k++) {
      double random = vt_random_normal(11, (uint64_t)i, (uint64_t)k);
      if (v->type == VT_F32)
        ((float *)inputs[i]->data)[k] = (float)random;
      else if (v->type == VT_I64)
        ((int64_t *)inputs[i]->data)[k] = (int64_t)(fabs(random) * 2) % 5;
      else
        fail_msg("inputs of type %s are not made", vt_type_name(v->type));
    }
  }
}

static inline vt_status case_compile(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs,
                                     const char *wanted, vt_plan **plan)
{
  vt_tensor *shapes[BUILDER_ENDS];
  for (int i = 0; i < graph->input_count; i++) {
    shapes[i] = vt_tensor_empty(ctx);
    if (!shapes[i]) return VT_ERROR_OUT_OF_MEMORY;
    VT_TRY(vt_tensor_set_shape(ctx, shapes[i], inputs[i]->type, inputs[i]->rank, inputs[i]->dims));
  }
  return vt_plan_compile(ctx, graph, shapes, 1, wanted ? &wanted : NULL, wanted ? 1 : 0, plan);
}

static inline void case_set(vt_session *session, const vt_graph *graph, vt_tensor *const *inputs)
{
  for (int i = 0; i < graph->input_count; i++)
    memcpy(vt_session_input(session, i), inputs[i]->data, vt_bytes(inputs[i]));
}

/* Same shape, and max|a − b| ≤ 1e-4·max|b|: what plan and trace promise each other. */
static inline void case_equal(const vt_tensor *shape, const void *data, const vt_tensor *expected,
                              const char *name)
{
  char a[160], b[160];
  if (shape->type != expected->type || !vt_same_shape(shape, expected))
    fail_msg("%s is %s by plan, %s by trace", name, vt_shape_text(shape, a), vt_shape_text(expected, b));
  vt_tensor planned = *shape;
  union {
    const void *read;
    void *data;
  } memory = {data};
  planned.data = memory.data;
  double most = 0, worst = 0;
  int64_t where = 0;
  for (int64_t i = 0; i < vt_count(expected); i++) {
    double x = vt_get_f64(&planned, i), y = vt_get_f64(expected, i), difference = fabs(x - y);
    if (isnan(x) && isnan(y)) continue;
    if (isinf(x) && x == y) continue;
    if (fabs(y) > most) most = fabs(y);
    if (!(difference <= worst)) {
      worst = difference;
      where = i;
    }
  }
  if (!(worst <= 1e-4 * most))
    fail_msg("%s[%lld]: plan %.9g, trace %.9g, largest value %g", name, (long long)where,
             vt_get_f64(&planned, where), vt_get_f64(expected, where), most);
}

/* Compiles (with one wanted tensor or NULL), runs twice with the same inputs, and compares each output with
 * the trace after each run: a run must not spoil its inputs or constants. Returns the number of steps. */
static inline size_t case_check(vt_ctx *ctx, const vt_graph *graph, const char *wanted)
{
  vt_tensor *inputs[BUILDER_ENDS], *outputs[BUILDER_ENDS] = {NULL};
  vt_plan *plan;
  vt_session *session;
  case_inputs(ctx, graph, inputs);
  assert_ok(ctx, vt_graph_run(ctx, graph, inputs, outputs));
  assert_ok(ctx, case_compile(ctx, graph, inputs, wanted, &plan));
  assert_ok(ctx, vt_session_new(ctx, plan, &session));
  case_set(session, graph, inputs);
  for (int run = 0; run < 2; run++) {
    assert_ok(ctx, vt_session_run(ctx, session));
    for (int i = 0; i < graph->output_count; i++)
      case_equal(vt_plan_output(plan, i), vt_session_output(session, i), outputs[i],
                 graph->values[graph->outputs[i]].name);
  }
  size_t steps = plan->step_count;
  vt_session_free(session);
  vt_plan_free(plan);
  return steps;
}

/* Every allocation of compiling, of a session and of a run fails once: an error each time, and nothing is
 * left over. More than `least` allocations must have been made. */
static inline void case_allocations(vt_ctx *ctx, const vt_graph *graph, long least)
{
  vt_tensor *inputs[BUILDER_ENDS];
  case_inputs(ctx, graph, inputs);
  size_t mark = vt_tensor_mark(ctx);
  uint64_t before = vt_ctx_memory_in_use(ctx);
  long n = 1;
  for (bool failed = true; failed; n++) {
    vt_plan *plan = NULL;
    vt_session *session = NULL;
    vt_ctx_fail_allocation(ctx, n);
    vt_status status = case_compile(ctx, graph, inputs, NULL, &plan);
    if (status == VT_OK) status = vt_session_new(ctx, plan, &session);
    if (status == VT_OK) {
      case_set(session, graph, inputs);
      status = vt_session_run(ctx, session);
    }
    vt_ctx_fail_allocation(ctx, 0);
    failed = status != VT_OK;
    if (failed && status != VT_ERROR_OUT_OF_MEMORY) fail_msg("allocation %ld: %s", n, vt_ctx_message(ctx));
    vt_ctx_clear(ctx);
    vt_session_free(session);
    vt_plan_free(plan);
    vt_tensor_release(ctx, mark);
    assert_int_equal(vt_ctx_memory_in_use(ctx), before);
  }
  assert_true(n > least);
}

/* Steps that are not layout changes, given the same way. */
static inline size_t case_work_steps(vt_ctx *ctx, const vt_graph *graph)
{
  vt_tensor *inputs[BUILDER_ENDS];
  vt_plan *plan;
  case_inputs(ctx, graph, inputs);
  assert_ok(ctx, case_compile(ctx, graph, inputs, NULL, &plan));
  size_t count = 0;
  for (size_t i = 0; i < plan->step_count; i++)
    if (strcmp(plan->steps[i].op_name, "reorder") != 0) count++;
  vt_plan_free(plan);
  return count;
}

#endif
