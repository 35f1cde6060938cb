/* SPDX-License-Identifier: Apache-2.0
 *
 * Models as eager calls, for tests of recording: one function from a net to its output, run on any input.
 */
#ifndef VT_TESTS_GRAPH_EAGER_CASE_H
#define VT_TESTS_GRAPH_EAGER_CASE_H

#include <math.h>

#include "builder.h"
#include "graph/assemble.h"
#include "graph/plan.h"
#include "graph/record.h"
#include "ops/tape.h"

typedef struct net {
  vt_ctx *ctx;
  vt_record *record; /* NULL: only computed */
} net;

/* First `outputs` results of one call; attributes as "axis=1 keepdims=0". */
static inline void net_calls(net *n, const char *op, const char *attributes, int count,
                             vt_tensor *const *inputs, int outputs, vt_tensor **results)
{
  const vt_op *row = vt_op_find(NULL, op);
  if (!row) fail_msg("no operator %s", op);
  void *settings = NULL;
  assert_ok(n->ctx, vt_attributes_copy(n->ctx, row, NULL, &settings));
  char buffer[256], *save = NULL;
  snprintf(buffer, sizeof buffer, "%s", attributes ? attributes : "");
  for (char *pair = strtok_r(buffer, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
    char *equals = strchr(pair, '=');
    assert_non_null(equals);
    *equals = 0;
    assert_ok(n->ctx, vt_params_set(n->ctx, row->fields, row->field_count, settings, pair, equals + 1));
  }
  for (int k = 0; k < outputs; k++)
    assert_non_null(results[k] = vt_tensor_empty(n->ctx));
  assert_ok(n->ctx, vt_apply(n->ctx, row, settings, "", count, inputs, outputs, results));
  vt_attributes_free(row, settings); /* a record must have its own */
}

static inline vt_tensor *net_call(net *n, const char *op, const char *attributes, int count,
                                  vt_tensor *const *inputs)
{
  vt_tensor *result;
  net_calls(n, op, attributes, count, inputs, 1, &result);
  return result;
}
#define CALL(n, op, attributes, ...)                                                                         \
  net_call(n, op, attributes, (int)(sizeof((vt_tensor *[]){__VA_ARGS__}) / sizeof(vt_tensor *)),             \
           (vt_tensor *[]){__VA_ARGS__})

/* Seeded normal numbers · scale, the same for the same name. */
static inline vt_tensor *net_random(net *n, const char *name, double scale, int rank, const int64_t *dims)
{
  vt_tensor *tensor = vt_tensor_new(n->ctx, VT_F32, rank, dims);
  assert_non_null(tensor);
  for (int64_t i = 0; i < vt_count(tensor); i++)
    ((float *)tensor->data)[i] = (float)(scale * vt_random_normal(7, vt_stream(name, 0), (uint64_t)i));
  return tensor;
}

static inline vt_tensor *net_param(net *n, const char *name, double scale, int rank, const int64_t *dims)
{
  vt_tensor *tensor = net_random(n, name, scale, rank, dims);
  if (n->record) assert_ok(n->ctx, vt_record_constant(n->ctx, n->record, tensor, name));
  return tensor;
}

static inline vt_tensor *net_ints(net *n, int64_t count, const int64_t *values)
{
  vt_tensor *tensor = vt_tensor_new(n->ctx, VT_I64, 1, &count);
  assert_non_null(tensor);
  memcpy(tensor->data, values, sizeof *values * (size_t)count);
  return tensor;
}
#define INTS(n, ...)                                                                                         \
  net_ints(n, (int64_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]){__VA_ARGS__})

static inline vt_tensor *net_filled(net *n, float value, int rank, const int64_t *dims)
{
  vt_tensor *tensor = vt_tensor_new(n->ctx, VT_F32, rank, dims);
  assert_non_null(tensor);
  for (int64_t i = 0; i < vt_count(tensor); i++)
    ((float *)tensor->data)[i] = value;
  return tensor;
}

static inline vt_tensor *net_name(net *n, vt_tensor *x, const char *name)
{
  if (n->record) assert_ok(n->ctx, vt_record_name(n->ctx, n->record, x, name));
  return x;
}

typedef vt_tensor *(*net_fn)(net *n, vt_tensor *x);

/* Records fn on an input "x" of these sizes; the output is "y". */
static inline vt_record *net_record(vt_ctx *ctx, net_fn fn, int rank, const int64_t *dims,
                                    const char *const *dim_names)
{
  net n = {.ctx = ctx};
  size_t mark = vt_tensor_mark(ctx);
  assert_ok(ctx, vt_record_new(ctx, &n.record));
  vt_record_start(ctx, n.record);
  vt_tensor *x = net_random(&n, "recorded", 1, rank, dims);
  assert_ok(ctx, vt_record_input(ctx, n.record, x, "x", dim_names));
  assert_ok(ctx, vt_record_output(ctx, n.record, fn(&n, x), "y"));
  assert_ptr_equal(vt_record_stop(ctx), n.record);
  vt_tensor_release(ctx, mark); /* headers and their addresses are used again by what follows */
  return n.record;
}

/* The graph on a fresh input of these sizes: by trace bit for bit what fn gives, by plan to 1e-4 of the
 * largest element. */
static inline void net_check(vt_ctx *ctx, const vt_graph *graph, net_fn fn, int rank, const int64_t *dims)
{
  net n = {.ctx = ctx};
  vt_tensor *x = net_random(&n, "fresh", 1, rank, dims), *expected = fn(&n, x), *output;
  char a[160], b[160];
  assert_ok(ctx, vt_graph_run(ctx, graph, &x, &output));
  if (!vt_same_tensor(output, expected))
    fail_msg("%s by trace, %s by eager calls: shape or numbers differ", vt_shape_text(output, a),
             vt_shape_text(expected, b));
  vt_tensor shape = {.type = x->type, .rank = rank}, *shapes = &shape;
  memcpy(shape.dims, x->dims, sizeof shape.dims);
  vt_plan *plan;
  vt_session *session;
  assert_ok(ctx, vt_plan_compile(ctx, graph, &shapes, 1, NULL, 0, &plan));
  assert_ok(ctx, vt_session_new(ctx, plan, &session));
  memcpy(vt_session_input(session, 0), x->data, vt_bytes(x));
  assert_ok(ctx, vt_session_run(ctx, session));
  assert_true(vt_same_shape(vt_plan_output(plan, 0), expected));
  const float *planned = vt_session_output(session, 0), *exact = expected->data;
  double most = 0, worst = 0;
  for (int64_t i = 0; i < vt_count(expected); i++) {
    most = fmax(most, fabs((double)exact[i]));
    worst = fmax(worst, fabs((double)planned[i] - (double)exact[i]));
  }
  if (!(worst <= 1e-4 * most)) fail_msg("by plan %g off, the largest number is %g", worst, most);
  assert_true(most > 0);
  vt_session_free(session);
  vt_plan_free(plan);
}

#endif
