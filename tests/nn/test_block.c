/* SPDX-License-Identifier: Apache-2.0
 *
 * The transformer block against the same written out in loops of doubles, and what masks and positions mean.
 */
#include "nn/block.h"

#include "model_case.h"

enum { TOKENS = 6, KEYS = 4, WIDTH = 12, CONTEXT = 10, MOST = 64 };

/* ---- the block in loops ---- */

typedef struct rows {
  int count, width;
  double at[TOKENS][MOST];
} rows;

typedef struct reference {
  const vt_parameters *parameters;
  const vt_block_settings *settings;
  const bool (*open)[TOKENS]; /* [query][key]; NULL: all */
  const rows *position;
  const rows *context;
} reference;

static const float *parameter(const reference *r, const char *name)
{
  const vt_parameter *found = vt_parameters_find(r->parameters, name);
  if (!found) fail_msg("no parameter %s", name);
  return found->value->data;
}

static rows linear(const reference *r, const char *name, const rows *x, int out)
{
  char full[64];
  rows y = {.count = x->count, .width = out};
  snprintf(full, sizeof full, "%s.weight", name);
  const float *weight = parameter(r, full), *bias = NULL;
  snprintf(full, sizeof full, "%s.bias", name);
  if (!r->settings->no_bias) bias = parameter(r, full);
  for (int t = 0; t < x->count; t++)
    for (int o = 0; o < out; o++) {
      y.at[t][o] = bias ? bias[o] : 0;
      for (int i = 0; i < x->width; i++)
        y.at[t][o] += weight[o * x->width + i] * x->at[t][i];
    }
  return y;
}

static rows norm(const reference *r, const char *name, const rows *x)
{
  char full[64];
  rows y = *x;
  bool rms = r->settings->norm == VT_NORM_RMS;
  double epsilon = r->settings->epsilon > 0 ? r->settings->epsilon : 1e-5;
  snprintf(full, sizeof full, "%s.weight", name);
  const float *weight = parameter(r, full), *bias = NULL;
  snprintf(full, sizeof full, "%s.bias", name);
  if (!rms) bias = parameter(r, full);
  for (int t = 0; t < x->count; t++) {
    double mean = 0, square = 0;
    for (int i = 0; i < x->width && !rms; i++)
      mean += x->at[t][i] / x->width;
    for (int i = 0; i < x->width; i++)
      square += pow(x->at[t][i] - mean, 2) / x->width;
    for (int i = 0; i < x->width; i++)
      y.at[t][i] = (x->at[t][i] - mean) / sqrt(square + epsilon) * weight[i] + (bias ? bias[i] : 0);
  }
  return y;
}

static rows sum(const rows *a, const rows *b)
{
  rows y = *a;
  for (int t = 0; b && t < a->count; t++)
    for (int i = 0; i < a->width; i++)
      y.at[t][i] += b->at[t][i];
  return y;
}

static rows attend(const reference *r, const char *name, const rows *x, const rows *keys, bool itself)
{
  char full[4][64];
  const char *parts = "qkvo";
  for (int i = 0; i < 4; i++)
    snprintf(full[i], sizeof full[i], "%s.%.*s%s_proj", name, i < 3, parts + i, i < 3 ? "" : "out");
  int heads = (int)r->settings->heads,
      width = r->settings->head_width ? (int)r->settings->head_width : WIDTH / heads;
  int key_heads = r->settings->key_heads ? (int)r->settings->key_heads : heads;
  rows query_source = sum(x, r->position), key_source = itself ? query_source : *keys;
  rows q = linear(r, full[0], &query_source, heads * width);
  rows k = linear(r, full[1], &key_source, key_heads * width);
  rows v = linear(r, full[2], keys, key_heads * width);
  rows z = {.count = x->count, .width = heads * width};
  for (int h = 0; h < heads; h++) {
    int own = h * width, shared = h / (heads / key_heads) * width;
    for (int t = 0; t < x->count; t++) {
      double weights[TOKENS], total = 0;
      bool any = false;
      for (int u = 0; u < keys->count; u++)
        any |= !itself || !r->open || r->open[t][u];
      for (int u = 0; u < keys->count; u++) {
        double score = 0;
        for (int i = 0; i < width; i++)
          score += q.at[t][own + i] * k.at[u][shared + i];
        bool open = !itself || !r->open || r->open[t][u] || !any;
        total += weights[u] = open ? exp(score / sqrt(width)) : 0;
      }
      for (int u = 0; u < keys->count; u++)
        for (int i = 0; i < width; i++)
          z.at[t][own + i] += weights[u] / total * v.at[u][shared + i];
    }
  }
  return linear(r, full[3], &z, x->width);
}

static double activate(vt_activation activation, double x)
{
  switch (activation) {
  case VT_RELU:
    return x > 0 ? x : 0;
  case VT_SILU:
    return x / (1 + exp(-x));
  case VT_GELU_TANH:
    return .5 * x * (1 + tanh(sqrt(2 / 3.14159265358979323846) * (x + .044715 * x * x * x)));
  default:
    return .5 * x * (1 + erf(x / sqrt(2)));
  }
}

static rows think(const reference *r, const rows *x)
{
  int hidden = r->settings->hidden ? (int)r->settings->hidden : 4 * x->width;
  rows up = linear(r, "mlp.fc1", x, hidden), gate = up;
  if (r->settings->gated) gate = linear(r, "mlp.gate", x, hidden);
  for (int t = 0; t < x->count; t++)
    for (int i = 0; i < hidden; i++)
      up.at[t][i] = activate(r->settings->activation, gate.at[t][i]) * (r->settings->gated ? up.at[t][i] : 1);
  return linear(r, "mlp.fc2", &up, x->width);
}

static rows part(const reference *r, const rows *x, int which)
{
  static const char *const norms[] = {"norm1", "norm_cross", "norm2"};
  bool post = r->settings->post_norm;
  rows in = post ? *x : norm(r, norms[which], x), added;
  if (which == 0)
    added = attend(r, "attn", &in, &in, true);
  else if (which == 1)
    added = attend(r, "cross", &in, r->context, false);
  else
    added = think(r, &in);
  rows y = sum(x, &added);
  return post ? norm(r, norms[which], &y) : y;
}

static rows block(const reference *r, const rows *x)
{
  rows y = r->settings->no_self ? *x : part(r, x, 0);
  if (r->context) y = part(r, &y, 1);
  return r->settings->no_mlp ? y : part(r, &y, 2);
}

static rows item_of(const vt_tensor *x, int64_t item)
{
  rows y = {.count = (int)x->dims[1], .width = (int)x->dims[2]};
  for (int t = 0; t < y.count; t++)
    for (int i = 0; i < y.width; i++)
      y.at[t][i] = vt_get_f64(x, (item * y.count + t) * y.width + i);
  return y;
}

/* ---- comparisons ---- */

/* Row 2 has no open key, row 0 one. */
static const bool odd_mask[TOKENS][TOKENS] = {
    {1, 0, 0, 0, 0, 0}, {1, 1, 0, 1, 0, 0}, {0, 0, 0, 0, 0, 0},
    {0, 1, 1, 1, 1, 1}, {1, 0, 1, 0, 1, 0}, {1, 1, 1, 1, 1, 1},
};

static vt_tensor *mask_tensor(vt_ctx *ctx)
{
  vt_tensor *mask = vt_tensor_new(ctx, VT_BOOL, 2, (int64_t[]){TOKENS, TOKENS});
  for (int i = 0; i < TOKENS * TOKENS; i++)
    ((bool *)mask->data)[i] = odd_mask[i / TOKENS][i % TOKENS];
  return vt_mask_reopen(ctx, mask);
}

static void compare(vt_ctx *ctx, const vt_block_settings *settings, bool masked, bool placed, bool context)
{
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 3, &parameters));
  vt_run run = {.ctx = ctx, .parameters = parameters};
  vt_tensor *x = random_tensor(ctx, 1, VT_DIMS(2, TOKENS, WIDTH));
  vt_tensor *position = random_tensor(ctx, 2, VT_DIMS(1, TOKENS, WIDTH));
  vt_tensor *other = random_tensor(ctx, 3, VT_DIMS(2, KEYS, CONTEXT));
  vt_block_inputs inputs = {0};
  if (masked) inputs.mask = mask_tensor(ctx);
  if (placed) inputs.position = position;
  if (context) inputs.context = other;
  vt_transformer_block(vt_root(&run), x, settings, &inputs);
  shake(parameters, .2);
  vt_tensor *y = vt_transformer_block(vt_root(&run), x, settings, &inputs);
  assert_ok(ctx, vt_ctx_status(ctx));
  rows places = item_of(position, 0);
  for (int64_t item = 0; item < 2; item++) {
    rows keys = item_of(other, item), in = item_of(x, item);
    reference r = {parameters, settings, masked ? odd_mask : NULL, placed ? &places : NULL,
                   context ? &keys : NULL};
    rows expected = block(&r, &in);
    for (int t = 0; t < TOKENS; t++)
      for (int i = 0; i < WIDTH; i++)
        /* sums of up to 48 products of size 1 in f32 */
        assert_near(vt_get_f64(y, (item * TOKENS + t) * WIDTH + i), expected.at[t][i],
                    2e-5 * (1 + fabs(expected.at[t][i])));
  }
  vt_parameters_free(parameters);
}

static void test_kinds(void **state)
{
  vt_block_settings kinds[] = {
      {.heads = 3},
      {.heads = 3, .post_norm = true},
      {.heads = 1, .activation = VT_RELU, .hidden = 20, .epsilon = .1},
      {.heads = 4,
       .key_heads = 2,
       .norm = VT_NORM_RMS,
       .activation = VT_SILU,
       .gated = true,
       .no_bias = true},
      {.heads = 2, .head_width = 5, .activation = VT_GELU_TANH, .post_norm = true, .norm = VT_NORM_RMS},
      {.heads = 4, .key_heads = 1, .gated = true, .no_mlp = true},
  };
  for (size_t i = 0; i < VT_COUNT(kinds); i++)
    for (int bits = 0; bits < 8; bits++)
      compare(*state, &kinds[i], bits & 1, bits & 2, bits & 4);
  compare(*state, &(vt_block_settings){.heads = 2, .no_self = true}, false, true, true);
}

/* ---- masks ---- */

static void test_masks(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *causal = vt_mask_causal(ctx, 2, 5, 3, 2), *window = vt_mask_window(ctx, 3, 2);
  const bool expected_causal[] = {0, 0, 1, 1, 0, 0, 0, 0, 1, 1};
  const bool expected_window[] = {1, 1, 0, 1, 1, 1, 0, 1, 1};
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_memory_equal(causal->data, expected_causal, sizeof expected_causal);
  assert_memory_equal(window->data, expected_window, sizeof expected_window);
  vt_tensor *ids = vt_window_ids(ctx, 4, 4, 2, 1);
  const int64_t expected_ids[] = {0, 1, 1, 2, 3, 4, 4, 5, 3, 4, 4, 5, 6, 7, 7, 8};
  assert_memory_equal(ids->data, expected_ids, sizeof expected_ids);
  vt_tensor *regions = vt_mask_regions(ctx, ids, ids);
  for (int q = 0; q < 16; q++)
    for (int k = 0; k < 16; k++)
      assert_int_equal(((bool *)regions->data)[q * 16 + k], expected_ids[q] == expected_ids[k]);
  vt_window_ids(ctx, 4, 4, 2, 2);
  assert_fails(ctx, vt_ctx_status(ctx), VT_ERROR_INVALID_ARGUMENT, "side 2 cannot be shifted by 2");
}

/* Windows cut out of the grid and the same windows as a mask: the same attention. */
static void test_windows(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 3, &parameters));
  vt_run run = {.ctx = ctx, .parameters = parameters};
  vt_block_settings settings = {.heads = 3};
  vt_tensor *x = random_tensor(ctx, 1, VT_DIMS(2, 24, WIDTH)), *ids = vt_window_ids(ctx, 4, 6, 2, 0);
  vt_tensor *cut = vt_transformer_block(vt_root(&run), vt_window_cut(ctx, x, 4, 6, 2), &settings, NULL);
  cut = vt_window_join(ctx, cut, 4, 6, 2);
  vt_block_inputs inputs = {.mask = vt_mask_regions(ctx, ids, ids)};
  vt_tensor *masked = vt_transformer_block(vt_root(&run), x, &settings, &inputs);
  vt_tensor *open = vt_transformer_block(vt_root(&run), x, &settings, NULL);
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_true(vt_same_shape(cut, masked));
  double apart = 0;
  for (int64_t i = 0; i < vt_count(cut); i++) {
    assert_near(vt_get_f64(cut, i), vt_get_f64(masked, i), 1e-5);
    apart = fmax(apart, fabs(vt_get_f64(open, i) - vt_get_f64(masked, i)));
  }
  assert_true(apart > .01);
  vt_parameters_free(parameters);
}

/* A mask made of an activation: what the activation came from has no gradient. */
static void test_detached(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  vt_tape *tape;
  assert_ok(ctx, vt_parameters_new(ctx, 3, &parameters));
  assert_ok(ctx, vt_tape_new(ctx, &tape));
  vt_run run = {.ctx = ctx, .parameters = parameters};
  vt_tape_start(ctx, tape);
  vt_tensor *source = vt_param(vt_root(&run), "source", VT_DIMS(TOKENS, TOKENS), VT_NORMAL(1));
  vt_block_inputs inputs = {.mask = vt_mask_reopen(ctx, vt_mask_above(ctx, source, .5))};
  vt_tensor *y = vt_transformer_block(vt_root(&run), random_tensor(ctx, 1, VT_DIMS(1, TOKENS, WIDTH)),
                                      &(vt_block_settings){.heads = 2}, &inputs);
  vt_tensor *loss = vt_sum_all(ctx, vt_square(ctx, y));
  vt_tape_stop(ctx);
  assert_ok(ctx, vt_parameters_backward(ctx, parameters, tape, loss, 1));
  assert_null(vt_parameters_find(parameters, "source")->gradient);
  assert_non_null(vt_parameters_find(parameters, "attn.q_proj.weight")->gradient);
  vt_tape_free(tape);
  vt_parameters_free(parameters);
}

/* ---- positions ---- */

static double product_of(const vt_tensor *a, int64_t i, const vt_tensor *b, int64_t j)
{
  double result = 0;
  int64_t width = vt_dim(a, -1);
  for (int64_t k = 0; k < width; k++)
    result += vt_get_f64(a, i * width + k) * vt_get_f64(b, j * width + k);
  return result;
}

/* The same vector at every place of a row: products depend on the distance alone, and do so. */
static void test_rotary(void **state)
{
  vt_ctx *ctx = *state;
  int64_t width = 8, columns = 5, cells = 4 * columns;
  vt_tensor *a = vt_expand(ctx, random_tensor(ctx, 1, VT_DIMS(1, 1, 1, width)), VT_DIMS(1, 1, cells, width));
  vt_tensor *b = vt_expand(ctx, random_tensor(ctx, 2, VT_DIMS(1, 1, 1, width)), VT_DIMS(1, 1, cells, width));
  vt_rotary line = vt_rotary_line(ctx, vt_range(ctx, 0, cells), width, 0);
  vt_tensor *q = vt_rotate(ctx, a, line), *k = vt_rotate(ctx, b, line);
  assert_ok(ctx, vt_ctx_status(ctx));
  for (int64_t distance = 0; distance < 5; distance++)
    for (int64_t at = 0; at + distance < cells; at++)
      assert_near(product_of(q, at, k, at + distance), product_of(q, 0, k, distance), 1e-5);
  assert_true(fabs(product_of(q, 0, k, 0) - product_of(q, 0, k, 3)) > .01);
  /* pair 0 turns by one radian a place */
  double x = vt_get_f64(a, 0), y = vt_get_f64(a, width / 2);
  assert_near(vt_get_f64(q, 2 * width), x * cos(2) - y * sin(2), 1e-6);
  assert_near(vt_get_f64(q, 2 * width + width / 2), x * sin(2) + y * cos(2), 1e-6);
  /* on a grid: by row and column distance, not by the index's */
  vt_rotary grid = vt_rotary_grid(ctx, 0, 4, columns, width, 0);
  q = vt_rotate(ctx, a, grid);
  k = vt_rotate(ctx, b, grid);
  assert_ok(ctx, vt_ctx_status(ctx));
  for (int64_t at = 0; at < cells - columns - 2; at++)
    if (at % columns < columns - 2)
      assert_near(product_of(q, at, k, at + columns + 2), product_of(q, 0, k, columns + 2), 1e-5);
  assert_true(fabs(product_of(q, 0, k, 1) - product_of(q, 0, k, columns)) > .01);
  /* what stands in front does not turn */
  grid = vt_rotary_grid(ctx, 2, 4, columns, width, 0);
  for (int64_t i = 0; i < 2 * width; i++)
    assert_true(vt_get_f64(grid.cosine, i) == 1 && vt_get_f64(grid.sine, i) == 0);
}

static void test_sinusoid(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *cells = vt_positions_sinusoid(ctx, 2, 3, 8, 0), *spans = vt_positions_sinusoid(ctx, 2, 4, 8, 6);
  assert_ok(ctx, vt_ctx_status(ctx));
  /* cell (1, 2): sin y, sin y/100, cos y, cos y/100, and the same of x */
  const double expected[] = {sin(1), sin(.01), cos(1), cos(.01), sin(2), sin(.02), cos(2), cos(.02)};
  for (int i = 0; i < 8; i++)
    assert_near(vt_get_f64(cells, 5 * 8 + i), expected[i], 1e-6);
  /* span 6: cell (0, 3) of 2 by 4 stands at (1.5, 5.25) */
  assert_near(vt_get_f64(spans, 3 * 8), sin(1.5), 1e-6);
  assert_near(vt_get_f64(spans, 3 * 8 + 4), sin(5.25), 1e-6);
  vt_positions_sinusoid(ctx, 2, 2, 6, 0);
  assert_fails(ctx, vt_ctx_status(ctx), VT_ERROR_INVALID_ARGUMENT, "multiple of 4, not 6");
}

/* ---- two-way ---- */

static vt_tensor *two_way(vt_scope s, vt_tensor *x)
{
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *tokens = vt_slice(ctx, x, 1, 0, 2), *map = vt_slice(ctx, x, 1, 2, TOKENS);
  vt_block_settings settings = {.heads = 2, .post_norm = true};
  vt_two_way(s, &settings, &tokens, NULL, &map, NULL);
  return vt_concat(ctx, 1, 2, (vt_tensor *[]){tokens, map});
}

static vt_tensor *sequences(vt_ctx *ctx, int64_t batch, uint64_t salt)
{
  return random_tensor(ctx, salt, VT_DIMS(batch, TOKENS, WIDTH));
}

static void test_two_way(void **state)
{
  static const char *const names[] = {"tokens.attn.pattern", "tokens.cross.pattern", "tokens.resid_cross",
                                      "tokens.norm_cross",   "tokens.mlp.out",       "map.cross.pattern"};
  int64_t attention = 4 * (WIDTH * WIDTH + WIDTH), mlp = 8 * WIDTH * WIDTH + 5 * WIDTH;
  check_model(*state, two_way, sequences, 3 * attention + mlp + 4 * 2 * WIDTH, VT_COUNT(names), names, 3e-3);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_kinds, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_masks, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_windows, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_detached, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_rotary, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_sinusoid, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_two_way, new_context, free_context),
  };
  return cmocka_run_group_tests_name("nn/block", tests, NULL, NULL);
}
