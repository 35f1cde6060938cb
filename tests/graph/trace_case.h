/* SPDX-License-Identifier: Apache-2.0
 *
 * A small net for the tests of traces, with everything it computes known in closed form:
 *
 *   product[2,4] = x[2,3] · w[3,4]     before = product + b[4]     hidden = relu(before)
 *   y[2,1] = hidden · v[4,1]           total[] = Σ y               sizes[2] = shape of x (i64)
 *
 * No element of `before` is near 0.
 */
#ifndef VT_TESTS_GRAPH_TRACE_CASE_H
#define VT_TESTS_GRAPH_TRACE_CASE_H

#include <math.h>

#include "builder.h"
#include "graph/trace.h"

enum { ROWS = 2, IN = 3, HIDDEN = 4 };

static const float net_x[ROWS * IN] = {0.5f, -1, 2, 1.25f, 0.75f, -0.5f};
static const float net_w[IN * HIDDEN] = {1, -2, 0.5f, 3, -1, 0.25f, 2, -0.5f, 0.75f, 1, -1, 2};
static const float net_b[HIDDEN] = {0.1f, -0.2f, 0.3f, -0.4f};
static const float net_v[HIDDEN] = {2, -1, 0.5f, 3};

typedef struct net {
  vt_ctx *ctx;
  builder b;
  vt_tensor *x;
  vt_trace *trace;
} net;

static inline void net_build(net *n)
{
  n->ctx = vt_ctx_new();
  assert_non_null(n->ctx);
  builder *b = &n->b;
  builder_init(b, n->ctx);
  builder_input(b, "x", VT_F32, 2, DIMS(-1, IN));
  builder_constant(b, "w", VT_F32, 2, DIMS(IN, HIDDEN), net_w);
  builder_constant(b, "b", VT_F32, 1, DIMS(HIDDEN), net_b);
  builder_constant(b, "v", VT_F32, 2, DIMS(HIDDEN, 1), net_v);
  builder_node(b, "MatMul", "x w", "product", NULL);
  builder_node(b, "Add", "product b", "before", NULL);
  builder_node(b, "Relu", "before", "hidden", NULL);
  builder_node(b, "MatMul", "hidden v", "y", NULL);
  builder_node(b, "ReduceSum", "y", "total", "keepdims=0");
  builder_node(b, "Shape", "x", "sizes", NULL);
  builder_output(b, "y");
  builder_output(b, "total");
  builder_output(b, "sizes");
  n->x = vt_tensor_new(n->ctx, VT_F32, 2, DIMS(ROWS, IN));
  assert_non_null(n->x);
  memcpy(n->x->data, net_x, sizeof net_x);
  assert_ok(n->ctx, vt_trace_new(n->ctx, &b->graph, &n->trace));
}

static inline int net_setup(void **state)
{
  net *n = calloc(1, sizeof *n);
  *state = n;
  net_build(n);
  return 0;
}

/* Nothing may be left. */
static inline int net_teardown(void **state)
{
  net *n = *state;
  vt_trace_free(n->trace);
  builder_free(&n->b);
  vt_tensor_release(n->ctx, 0);
  uint64_t left = vt_ctx_memory_in_use(n->ctx);
  vt_ctx_free(n->ctx);
  free(n);
  if (left > 4096) fprintf(stderr, "%llu bytes left\n", (unsigned long long)left);
  return left > 4096; /* the context's own list of tensors */
}

#define net_test(function) cmocka_unit_test_setup_teardown(function, net_setup, net_teardown)

/* ---- the closed form, in f64 ---- */

typedef struct net_truth {
  double before[ROWS][HIDDEN], hidden[ROWS][HIDDEN], y[ROWS], total;
  /* of Σ seed[r] · y[r] */
  double d_hidden[ROWS][HIDDEN], d_x[ROWS][IN], d_w[IN][HIDDEN], d_b[HIDDEN], d_v[HIDDEN];
} net_truth;

static inline net_truth net_solve(const double seed[ROWS])
{
  net_truth t = {.total = 0};
  for (int r = 0; r < ROWS; r++)
    for (int h = 0; h < HIDDEN; h++) {
      t.before[r][h] = net_b[h];
      for (int i = 0; i < IN; i++)
        t.before[r][h] += (double)net_x[r * IN + i] * net_w[i * HIDDEN + h];
      t.hidden[r][h] = t.before[r][h] > 0 ? t.before[r][h] : 0;
      t.y[r] += t.hidden[r][h] * net_v[h];
      t.d_hidden[r][h] = seed[r] * net_v[h];
      t.d_v[h] += seed[r] * t.hidden[r][h];
      double d_before = t.before[r][h] > 0 ? t.d_hidden[r][h] : 0;
      t.d_b[h] += d_before;
      for (int i = 0; i < IN; i++) {
        t.d_x[r][i] += d_before * net_w[i * HIDDEN + h];
        t.d_w[i][h] += d_before * net_x[r * IN + i];
      }
    }
  t.total = t.y[0] + t.y[1];
  return t;
}

/* ---- short calls ---- */

static inline void net_run(net *n)
{
  assert_ok(n->ctx, vt_trace_run(n->ctx, n->trace, &n->x));
}

static inline void expect_tensor(const vt_tensor *tensor, vt_type type, const double *expected, int64_t count,
                                 const char *name)
{
  if (tensor->type != type || vt_count(tensor) != count)
    fail_msg("%s has type %s and %lld elements", name, vt_type_name(tensor->type),
             (long long)vt_count(tensor));
  double tolerance = type == VT_F64 ? 1e-14 : 1e-6;
  for (int64_t i = 0; i < count; i++) {
    double got = vt_get_f64(tensor, i), size = fmax(1, fabs(expected[i]));
    if (!(fabs(got - expected[i]) <= tolerance * size))
      fail_msg("%s[%lld] is %.9g, expected %.9g", name, (long long)i, got, expected[i]);
  }
}

static inline vt_tensor *net_value(net *n, const char *name)
{
  vt_tensor *value;
  assert_ok(n->ctx, vt_trace_value(n->ctx, n->trace, name, &value));
  return value;
}

static inline vt_tensor *net_gradient(net *n, const char *name)
{
  vt_tensor *value;
  assert_ok(n->ctx, vt_trace_gradient(n->ctx, n->trace, name, &value));
  return value;
}

static inline vt_tensor *net_tensor(net *n, vt_type type, int rank, const int64_t *dims, const double *data)
{
  vt_tensor *tensor = vt_tensor_new(n->ctx, type, rank, dims);
  assert_non_null(tensor);
  for (int64_t i = 0; i < vt_count(tensor); i++)
    if (type == VT_F32)
      ((float *)tensor->data)[i] = (float)data[i];
    else if (type == VT_F64)
      ((double *)tensor->data)[i] = data[i];
    else
      ((int64_t *)tensor->data)[i] = (int64_t)data[i];
  return tensor;
}

#define NUMBERS(...) ((const double[]){__VA_ARGS__})

#endif
