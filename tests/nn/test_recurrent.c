/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers through time against their cells stepped by hand and against recurrences written out here; pyramids.
 */
#include <math.h>

#include "nn/fpn.h"
#include "nn/recurrent.h"
#include "test.h"

enum { ITEMS = 3, LENGTH = 5, INPUTS = 4, HIDDEN = 6 };
static const int64_t lengths3[] = {5, 2, 1};

typedef struct bed {
  vt_ctx *ctx;
  vt_parameters *parameters;
  vt_run run;
} bed;

static void lay(bed *b)
{
  *b = (bed){.ctx = vt_ctx_new()};
  assert_ok(b->ctx, vt_parameters_new(b->ctx, 3, &b->parameters));
  b->run = (vt_run){.ctx = b->ctx, .parameters = b->parameters};
}

static void clear(bed *b)
{
  vt_run_end(&b->run);
  vt_parameters_free(b->parameters);
  vt_ctx_free(b->ctx);
}

static vt_tensor *noise(vt_ctx *ctx, uint64_t salt, int rank, const int64_t *dims)
{
  vt_tensor *x = vt_tensor_new(ctx, VT_F32, rank, dims);
  for (int64_t i = 0; i < vt_count(x); i++)
    ((float *)x->data)[i] = (float)vt_random_normal(5, salt, (uint64_t)i);
  return x;
}

static float at3(const vt_tensor *x, int64_t a, int64_t b, int64_t c)
{
  return ((float *)x->data)[(a * x->dims[1] + b) * x->dims[2] + c];
}

/* The cell's parameters are the layer's. */
static void share(bed *b, const char *layer, const char *suffix, const char *cell)
{
  static const char *const names[] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
  for (size_t i = 0; i < VT_COUNT(names); i++) {
    char from[64], to[64];
    snprintf(from, sizeof from, "%s.%s_l0%s", layer, names[i], suffix);
    snprintf(to, sizeof to, "%s.%s", cell, names[i]);
    assert_ok(b->ctx, vt_parameters_put(b->ctx, b->parameters, to,
                                        vt_parameters_find(b->parameters, from)->value, false));
  }
}

/* States of the cell "cell" stepped over item i from its start, or back from its end, against columns
 * [first, first + HIDDEN) of the layer's. */
static void check_steps(bed *b, bool lstm, bool back, vt_tensor *x, const vt_tensor *states, int64_t first)
{
  vt_ctx *ctx = b->ctx;
  vt_scope cell = vt_sub(vt_root(&b->run), "cell");
  for (int64_t i = 0; i < ITEMS; i++) {
    vt_tensor *h = vt_filled(ctx, VT_DIMS(1, HIDDEN), 0), *c = h;
    vt_tensor *own = vt_reshape(ctx, vt_slice(ctx, x, 0, i, i + 1), VT_DIMS(LENGTH, INPUTS));
    for (int64_t k = 0; k < lengths3[i]; k++) {
      int64_t t = back ? lengths3[i] - 1 - k : k;
      vt_tensor *now = vt_slice(ctx, own, 0, t, t + 1);
      h = lstm ? vt_lstm_cell(cell, now, h, &c) : vt_gru_cell(cell, now, h);
      assert_ok(ctx, vt_ctx_status(ctx));
      for (int64_t j = 0; j < HIDDEN; j++)
        assert_near((double)at3(states, i, t, first + j), (double)((float *)h->data)[j], 1e-6);
    }
    for (int64_t t = lengths3[i]; t < LENGTH; t++)
      for (int64_t j = 0; j < HIDDEN; j++)
        assert_true(at3(states, i, t, first + j) == 0);
  }
}

static vt_tensor *lengths_of(vt_ctx *ctx)
{
  return vt_integers(ctx, ITEMS, lengths3);
}

static void test_layers_are_cells(void **state)
{
  VT_UNUSED(state);
  for (int kind = 0; kind < 4; kind++) {
    bool lstm = kind & 1, both_ways = kind & 2;
    bed b;
    lay(&b);
    vt_tensor *x = noise(b.ctx, 1, VT_DIMS(ITEMS, LENGTH, INPUTS));
    vt_sequence_settings settings = {.hidden = HIDDEN, .both_ways = both_ways};
    vt_scope s = vt_sub(vt_root(&b.run), "layer");
    vt_tensor *states =
        lstm ? vt_lstm(s, x, lengths_of(b.ctx), settings) : vt_gru(s, x, lengths_of(b.ctx), settings);
    assert_ok(b.ctx, vt_ctx_status(b.ctx));
    assert_int_equal(vt_dim(states, 2), both_ways ? 2 * HIDDEN : HIDDEN);
    share(&b, "layer", "", "cell");
    check_steps(&b, lstm, false, x, states, 0);
    if (both_ways) {
      share(&b, "layer", "_reverse", "cell");
      check_steps(&b, lstm, true, x, states, HIDDEN);
    }
    clear(&b);
  }
}

/* A GRU cell against its formula for one number: r z n of PyTorch's order. */
static void test_gru_formula(void **state)
{
  VT_UNUSED(state);
  bed b;
  lay(&b);
  vt_tensor *x = vt_filled(b.ctx, VT_DIMS(1, 1), .5), *h = vt_filled(b.ctx, VT_DIMS(1, 1), -.25);
  vt_tensor *y = vt_gru_cell(vt_root(&b.run), x, h);
  assert_ok(b.ctx, vt_ctx_status(b.ctx));
  const float *w = vt_parameters_find(b.parameters, "weight_ih")->value->data;
  const float *u = vt_parameters_find(b.parameters, "weight_hh")->value->data;
  const float *p = vt_parameters_find(b.parameters, "bias_ih")->value->data;
  const float *q = vt_parameters_find(b.parameters, "bias_hh")->value->data;
  double r = 1 / (1 + exp(-(.5 * (double)w[0] + (double)p[0] - .25 * (double)u[0] + (double)q[0])));
  double z = 1 / (1 + exp(-(.5 * (double)w[1] + (double)p[1] - .25 * (double)u[1] + (double)q[1])));
  double n = tanh(.5 * (double)w[2] + (double)p[2] + r * (-.25 * (double)u[2] + (double)q[2]));
  assert_near((double)*(float *)y->data, (1 - z) * n - .25 * z, 1e-6);
  clear(&b);
}

static void test_what_it_comes_to(void **state)
{
  VT_UNUSED(state);
  bed b;
  lay(&b);
  vt_tensor *states = noise(b.ctx, 2, VT_DIMS(ITEMS, LENGTH, 4)), *lengths = lengths_of(b.ctx);
  vt_tensor *last = vt_last_state(b.ctx, states, lengths, false);
  vt_tensor *ends = vt_last_state(b.ctx, states, lengths, true);
  vt_tensor *whole = vt_last_state(b.ctx, states, NULL, false);
  vt_tensor *most = vt_max_over_time(b.ctx, states, lengths);
  vt_tensor *most_of_all = vt_max_over_time(b.ctx, states, NULL);
  assert_ok(b.ctx, vt_ctx_status(b.ctx));
  for (int64_t i = 0; i < ITEMS; i++)
    for (int64_t j = 0; j < 4; j++) {
      int64_t k = 4 * i + j;
      float high = -INFINITY, all = -INFINITY;
      for (int64_t t = 0; t < LENGTH; t++) {
        if (t < lengths3[i]) high = fmaxf(high, at3(states, i, t, j));
        all = fmaxf(all, at3(states, i, t, j));
      }
      assert_true(((float *)last->data)[k] == at3(states, i, lengths3[i] - 1, j));
      assert_true(((float *)ends->data)[k] == at3(states, i, j < 2 ? lengths3[i] - 1 : 0, j));
      assert_true(((float *)whole->data)[k] == at3(states, i, LENGTH - 1, j));
      assert_true(((float *)most->data)[k] == high);
      assert_true(((float *)most_of_all->data)[k] == all);
    }
  clear(&b);
}

/* ---- selective scan ---- */

static double number(const bed *b, const char *name, int64_t index)
{
  const vt_parameter *parameter = vt_parameters_find(b->parameters, name);
  assert_non_null(parameter);
  return (double)((float *)parameter->value->data)[index];
}

static double silu(double x)
{
  return x / (1 + exp(-x));
}

/* One item, width and inner 2, states 3, rank 1: the layer's formula in double precision. */
static void check_scan(bool centred, bool no_gate)
{
  enum { WIDTH = 2, STATES = 3, KERNEL = 3 };
  bed b;
  lay(&b);
  vt_tensor *x = noise(b.ctx, 3, VT_DIMS(1, LENGTH, WIDTH));
  vt_scan_settings settings = {
      .inner = WIDTH, .states = STATES, .kernel = KERNEL, .rank = 1, .centred = centred, .no_gate = no_gate};
  vt_tensor *y = vt_selective_scan(vt_root(&b.run), x, settings);
  assert_ok(b.ctx, vt_ctx_status(b.ctx));
  double u[LENGTH][WIDTH], z[LENGTH][WIDTH], raw[LENGTH][WIDTH], h[WIDTH][STATES] = {{0}};
  for (int t = 0; t < LENGTH; t++)
    for (int d = 0; d < WIDTH; d++) {
      raw[t][d] = z[t][d] = 0;
      for (int i = 0; i < WIDTH; i++) {
        raw[t][d] += number(&b, "in_proj.weight", d * WIDTH + i) * (double)at3(x, 0, t, i);
        if (!no_gate)
          z[t][d] += number(&b, "in_proj.weight", (WIDTH + d) * WIDTH + i) * (double)at3(x, 0, t, i);
      }
    }
  for (int t = 0; t < LENGTH; t++)
    for (int d = 0; d < WIDTH; d++) {
      double sum = number(&b, "conv1d.bias", d);
      for (int k = 0; k < KERNEL; k++) {
        int from = t + k - (centred ? 1 : KERNEL - 1);
        if (from >= 0 && from < LENGTH) sum += number(&b, "conv1d.weight", d * KERNEL + k) * raw[from][d];
      }
      u[t][d] = silu(sum);
    }
  for (int t = 0; t < LENGTH; t++) {
    double of_u[1 + 2 * STATES] = {0}, inner[WIDTH];
    for (int k = 0; k < 1 + 2 * STATES; k++)
      for (int d = 0; d < WIDTH; d++)
        of_u[k] += number(&b, "x_proj.weight", k * WIDTH + d) * u[t][d];
    for (int d = 0; d < WIDTH; d++) {
      double delta = log1p(exp(number(&b, "dt_proj.weight", d) * of_u[0] + number(&b, "dt_proj.bias", d)));
      inner[d] = number(&b, "D", d) * u[t][d];
      for (int n = 0; n < STATES; n++) {
        double a = -exp(number(&b, "A_log", d * STATES + n));
        h[d][n] = exp(delta * a) * h[d][n] + delta * of_u[1 + n] * u[t][d];
        inner[d] += of_u[1 + STATES + n] * h[d][n];
      }
      if (!no_gate) inner[d] *= silu(z[t][d]);
    }
    for (int o = 0; o < WIDTH; o++) {
      double expected = 0;
      for (int d = 0; d < WIDTH; d++)
        expected += number(&b, "out_proj.weight", o * WIDTH + d) * inner[d];
      assert_near((double)at3(y, 0, t, o), expected, 2e-6);
    }
  }
  /* beginnings: −A is 1 … states, Δ at zero input between .001 and .1 */
  for (int n = 0; n < STATES; n++)
    assert_near(exp(number(&b, "A_log", STATES + n)), n + 1, 1e-5);
  for (int d = 0; d < WIDTH; d++) {
    double delta = log1p(exp(number(&b, "dt_proj.bias", d)));
    assert_true(delta > .00099 && delta < .101);
  }
  assert_true(number(&b, "dt_proj.bias", 0) != number(&b, "dt_proj.bias", 1));
  clear(&b);
}

static void test_selective_scan(void **state)
{
  VT_UNUSED(state);
  for (int i = 0; i < 4; i++)
    check_scan(i & 1, i & 2);
}

/* ---- pyramids ---- */

/* With identity-like weights the finest map is its own plus all coarser ones, nearest. */
static void test_pyramid(void **state)
{
  VT_UNUSED(state);
  bed b;
  lay(&b);
  vt_maps maps = {2, {noise(b.ctx, 1, VT_DIMS(2, 4, 8, 8)), noise(b.ctx, 2, VT_DIMS(2, 4, 4, 4))}};
  vt_maps out = vt_fpn(vt_root(&b.run), &maps, 4);
  assert_ok(b.ctx, vt_ctx_status(b.ctx));
  assert_int_equal(out.count, 2);
  for (int i = 0; i < vt_parameters_count(b.parameters); i++) {
    vt_tensor *value = vt_parameters_at(b.parameters, i)->value;
    memset(value->data, 0, vt_bytes(value));
    int64_t area = value->rank == 4 ? value->dims[2] * value->dims[3] : 0;
    for (int64_t c = 0; area && c < 4; c++)
      ((float *)value->data)[(c * 4 + c) * area + area / 2] = 1;
  }
  out = vt_fpn(vt_root(&b.run), &maps, 4);
  assert_ok(b.ctx, vt_ctx_status(b.ctx));
  const float *fine = maps.maps[0]->data, *coarse = maps.maps[1]->data, *sum = out.maps[0]->data;
  for (int64_t c = 0; c < 8; c++)
    for (int64_t y = 0; y < 8; y++)
      for (int64_t x = 0; x < 8; x++)
        assert_near((double)sum[64 * c + 8 * y + x],
                    (double)fine[64 * c + 8 * y + x] + (double)coarse[16 * c + 4 * (y / 2) + x / 2], 1e-6);
  assert_memory_equal(out.maps[1]->data, coarse, vt_bytes(maps.maps[1]));
  clear(&b);
}

/* Sizes stay; a change of the coarsest map reaches its neighbour in one round and the finest in two. */
static void test_shuffle(void **state)
{
  VT_UNUSED(state);
  for (int rounds = 1; rounds <= 2; rounds++) {
    bed b;
    lay(&b);
    vt_maps maps = {3,
                    {noise(b.ctx, 1, VT_DIMS(1, 8, 8, 8)), noise(b.ctx, 2, VT_DIMS(1, 8, 4, 4)),
                     noise(b.ctx, 3, VT_DIMS(1, 8, 2, 2))}};
    vt_maps before = vt_shuffle_fuse(vt_root(&b.run), &maps, rounds);
    maps.maps[2] = noise(b.ctx, 4, VT_DIMS(1, 8, 2, 2));
    vt_maps after = vt_shuffle_fuse(vt_root(&b.run), &maps, rounds);
    assert_ok(b.ctx, vt_ctx_status(b.ctx));
    for (int i = 0; i < 3; i++) {
      assert_true(vt_same_shape(before.maps[i], maps.maps[i]));
      bool reached = memcmp(before.maps[i]->data, after.maps[i]->data, vt_bytes(after.maps[i])) != 0;
      assert_true(reached == (i >= 2 - rounds));
    }
    clear(&b);
  }
}

static void test_refusals(void **state)
{
  VT_UNUSED(state);
  bed b;
  lay(&b);
  vt_gru(vt_sub(vt_root(&b.run), "words"), vt_filled(b.ctx, VT_DIMS(2, 3), 0), NULL,
         (vt_sequence_settings){.hidden = 4});
  assert_fails(b.ctx, vt_ctx_status(b.ctx), VT_ERROR_INVALID_ARGUMENT, "[items, steps, inputs]");
  clear(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_layers_are_cells), cmocka_unit_test(test_gru_formula),
      cmocka_unit_test(test_what_it_comes_to), cmocka_unit_test(test_selective_scan),
      cmocka_unit_test(test_pyramid),          cmocka_unit_test(test_shuffle),
      cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests_name("nn/recurrent", tests, NULL, NULL);
}
