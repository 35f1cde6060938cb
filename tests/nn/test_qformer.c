/* SPDX-License-Identifier: Apache-2.0
 *
 * Q-Former: learned queries over the tokens of a picture.
 */
#include "model_case.h"
#include "nn/layers.h"
#include "nn/qformer.h"

enum { WIDTH = 16, QUERIES = 4, TOKENS = 6, SEEN = 10, LAYERS = 3 };

static const vt_qformer_settings plain = {
    .queries = QUERIES,
    .width = WIDTH,
    .layers = LAYERS,
    .cross_every = 2,
    .block = {.heads = 2, .post_norm = true},
};

static vt_tensor *tokens_of(vt_ctx *ctx, int64_t batch, uint64_t salt)
{
  return random_tensor(ctx, salt, VT_DIMS(batch, TOKENS, SEEN));
}

static vt_tensor *look(vt_scope s, vt_tensor *tokens)
{
  return vt_qformer(s, &plain, &(vt_qformer_inputs){.tokens = tokens});
}

/* Blocks 0 and 2 look at the tokens: two square matrices, two of WIDTH × SEEN, biases, a norm. */
static void test_model(void **state)
{
  static const char *const names[] = {"embed", "blocks.0.cross.pattern", "blocks.1.attn.pattern",
                                      "blocks.2.resid_cross", "final_norm"};
  int64_t own = 4 * (WIDTH * WIDTH + WIDTH) + 8 * WIDTH * WIDTH + 5 * WIDTH + 4 * WIDTH;
  int64_t cross = 2 * (WIDTH * WIDTH + WIDTH) + 2 * (WIDTH * SEEN + WIDTH) + 2 * WIDTH;
  int64_t numbers = QUERIES * WIDTH + 2 * WIDTH + LAYERS * own + 2 * cross;
  check_model(*state, look, tokens_of, numbers, VT_COUNT(names), names, 3e-3);
}

/* Pre-norm, no norm of the queries, every block looks. */
static vt_tensor *look_always(vt_scope s, vt_tensor *tokens)
{
  vt_qformer_settings settings = plain;
  settings.cross_every = 0;
  settings.no_embed_norm = true;
  settings.block.post_norm = false;
  return vt_qformer(s, &settings, &(vt_qformer_inputs){.tokens = tokens});
}

static void test_pre_norm(void **state)
{
  int64_t own = 4 * (WIDTH * WIDTH + WIDTH) + 8 * WIDTH * WIDTH + 5 * WIDTH + 4 * WIDTH;
  int64_t cross = 2 * (WIDTH * WIDTH + WIDTH) + 2 * (WIDTH * SEEN + WIDTH) + 2 * WIDTH;
  int64_t numbers = QUERIES * WIDTH + 2 * WIDTH + LAYERS * (own + cross);
  check_model(*state, look_always, tokens_of, numbers, 0, NULL, 3e-3);
}

static double furthest(const vt_tensor *a, const vt_tensor *b)
{
  double most = 0;
  for (int64_t i = 0; i < vt_count(a); i++)
    most = fmax(most, fabs(vt_get_f64(a, i) - vt_get_f64(b, i)));
  return most;
}

/* Tokens are a set; what is not valid is not seen; `added` is as if it stood in the table. */
static void test_what_is_seen(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 3, &parameters));
  vt_run run = {.ctx = ctx, .parameters = parameters};
  vt_scope s = vt_root(&run);
  vt_tensor *x = tokens_of(ctx, 2, 1);
  vt_tensor *front = vt_slice(ctx, x, 1, 0, 4), *back = vt_slice(ctx, x, 1, 4, TOKENS);
  vt_tensor *turned = vt_concat(ctx, 1, 2, (vt_tensor *[]){back, front});
  vt_tensor *all = look(s, x);
  assert_ok(ctx, vt_ctx_status(ctx));
  shake(parameters, .3);
  all = look(s, x);
  assert_true(furthest(look(s, turned), all) < 1e-4); /* sums in another order, numbers up to 3 */

  vt_tensor *valid = vt_integers(ctx, VT_DIMS(1, 1, 1, 1, 0, 0));
  valid = vt_expand(ctx, vt_reshape(ctx, valid, VT_DIMS(1, TOKENS)), VT_DIMS(2, TOKENS));
  vt_tensor *some = vt_qformer(s, &plain, &(vt_qformer_inputs){.tokens = x, .valid = valid});
  vt_tensor *few = look(s, front);
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_true(furthest(some, few) < 1e-4);
  assert_true(furthest(some, all) > 1e-2);

  vt_tensor *place = random_tensor(ctx, 9, VT_DIMS(1, 1, WIDTH));
  vt_tensor *moved = vt_qformer(s, &plain, &(vt_qformer_inputs){.tokens = x, .added = place});
  assert_ok(ctx, vt_ctx_status(ctx));
  float *queries = vt_parameters_find(parameters, "queries")->value->data;
  for (int i = 0; i < QUERIES * WIDTH; i++)
    queries[i] += ((const float *)place->data)[i % WIDTH];
  vt_tensor *same = look(s, x);
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_true(furthest(moved, same) < 1e-4);
  assert_true(furthest(moved, all) > 1e-2);
  vt_parameters_free(parameters);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_model, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_pre_norm, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_what_is_seen, new_context, free_context),
  };
  return cmocka_run_group_tests_name("nn/qformer", tests, NULL, NULL);
}
