/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention methods on transformers small enough for their maps to be written down: uniform attention, tokens
 * that look at one other, patterns of any kind with values that are the tokens themselves.
 */
#include "attention_world.h"

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void expect_map(const vt_explanation *explanation, const double *expected, double tolerance)
{
  for (int t = 0; t < TOKENS; t++)
    assert_near((double)explanation->native[t], expected[t], tolerance);
}

/* Any pattern: rows of positive numbers that add up to 1. */
static void any_pattern(attention_pattern pattern, uint64_t seed)
{
  for (int h = 0; h < HEADS; h++)
    for (int i = 0; i < TOKENS; i++) {
      double sum = 0;
      for (int j = 0; j < TOKENS; j++)
        sum += pattern[h][i][j] = 0.05 + vt_random_uniform(seed, (uint64_t)(h * TOKENS + i), (uint64_t)j);
      for (int j = 0; j < TOKENS; j++)
        pattern[h][i][j] /= sum;
    }
}

static void look_at(attention_pattern pattern, const int *at)
{
  memset(pattern, 0, sizeof(attention_pattern));
  for (int h = 0; h < HEADS; h++)
    for (int i = 0; i < TOKENS; i++)
      pattern[h][i][at[i]] = 1;
}

static void rollout_by_hand(void **state)
{
  VT_UNUSED(state);
  attention_pattern uniform[1], chain[2];
  attention_world w;
  for (int i = 0; i < HEADS * TOKENS * TOKENS; i++)
    (&uniform[0][0][0][0])[i] = 1.0 / TOKENS;
  attention_open(&w, &(attention_options){.blocks = 1, .patterns = uniform});
  vt_explanation *found = attention_run(&w, "attention-rollout", OPTIONS("row=cls"));
  expect_map(found, (const double[]){0.6, 0.1, 0.1, 0.1, 0.1}, 1e-6);
  vt_explanation_free(found);
  found = attention_run(&w, "rollout", NULL);
  expect_map(found, (const double[]){0.2, 0.2, 0.2, 0.2, 0.2}, 1e-6);
  /* the map fills the tokens' rows evenly and adds up to itself */
  for (int t = 0; t < TOKENS; t++)
    assert_near((double)found->saliency[t], 0.2, 1e-6);
  vt_explanation_free(found);
  attention_close(&w);

  /* first 0 → 2 and 1 → 3, then 0 → 1: a quarter each way */
  look_at(chain[0], (const int[]){2, 3, 2, 3, 4});
  look_at(chain[1], (const int[]){1, 1, 2, 3, 4});
  attention_open(&w, &(attention_options){.blocks = 2, .patterns = chain});
  found = attention_run(&w, "attention-rollout", OPTIONS("row=cls"));
  expect_map(found, (const double[]){0.25, 0.25, 0.25, 0.25, 0}, 1e-6);
  vt_explanation_free(found);
  found = attention_run(&w, "attention-rollout", OPTIONS("row=last"));
  expect_map(found, (const double[]){0, 0, 0, 0, 1}, 1e-6);
  vt_explanation_free(found);
  attention_close(&w);
}

/* The textbook product of whole matrices, fused and discarded in each way. */
static void rollout_product(const attention_pattern *patterns, int blocks, int fusion, double ratio,
                            double result[TOKENS][TOKENS])
{
  for (int i = 0; i < TOKENS; i++)
    for (int j = 0; j < TOKENS; j++)
      result[i][j] = i == j;
  for (int n = 0; n < blocks; n++) {
    double fused[TOKENS][TOKENS], next[TOKENS][TOKENS] = {{0}};
    for (int i = 0; i < TOKENS; i++)
      for (int j = 0; j < TOKENS; j++) {
        double a = patterns[n][0][i][j], b = patterns[n][1][i][j];
        fused[i][j] = fusion == 0 ? (a + b) / 2 : fusion == 1 ? fmax(a, b) : fmin(a, b);
      }
    double kept = fused[0][0];
    for (int lost = 0; lost < (int)(ratio * TOKENS * TOKENS); lost++) { /* below zero: gone already */
      double *lowest = NULL;
      for (double *at = &fused[0][0]; at <= &fused[TOKENS - 1][TOKENS - 1]; at++)
        if (*at >= 0 && (!lowest || *at < *lowest)) lowest = at;
      *lowest = -1;
    }
    fused[0][0] = kept; /* the first entry is counted, but stays */
    for (int i = 0; i < TOKENS; i++) {
      double sum = 0;
      for (int j = 0; j < TOKENS; j++)
        sum += fused[i][j] = fmax(fused[i][j], 0) + (i == j);
      for (int j = 0; j < TOKENS; j++)
        for (int k = 0; k < TOKENS; k++)
          next[i][k] += fused[i][j] / sum * result[j][k];
    }
    memcpy(result, next, sizeof next);
  }
}

static void rollout_of_any_pattern(void **state)
{
  VT_UNUSED(state);
  static const char *const fusions[] = {"head_fusion=mean", "head_fusion=max", "head_fusion=min"},
                           *const ratios[] = {"discard_ratio=0", "discard_ratio=0.5", "discard_ratio=0.9"};
  static const double ratio[] = {0, 0.5, 0.9};
  attention_pattern patterns[2];
  any_pattern(patterns[0], 1);
  any_pattern(patterns[1], 2);
  for (int layout = FOUR_AXES; layout <= KEYS_TRANSPOSED; layout++) {
    attention_world w;
    attention_open(
        &w, &(attention_options){.blocks = 2, .patterns = patterns, .layout = (attention_layout)layout});
    for (int fusion = 0; fusion < 3; fusion++)
      for (int r = 0; r < 3; r++) {
        double product[TOKENS][TOKENS];
        rollout_product(patterns, 2, fusion, ratio[r], product);
        vt_explanation *found =
            attention_run(&w, "attention-rollout", OPTIONS("row=cls", fusions[fusion], ratios[r]));
        expect_map(found, product[0], 2e-6);
        vt_explanation_free(found);
      }
    attention_close(&w);
  }
}

/* With values that are the tokens, ∂logit/∂A_h[i, j] = g_h[i] · x_h[j], where g is the gradient behind the
 * block. */
static void chefer_by_hand(void **state)
{
  VT_UNUSED(state);
  attention_pattern patterns[2];
  any_pattern(patterns[0], 5);
  any_pattern(patterns[1], 6);
  for (int layout = FOUR_AXES; layout <= KEYS_TRANSPOSED; layout++) {
    attention_world w;
    attention_open(
        &w, &(attention_options){.blocks = 2, .patterns = patterns, .layout = (attention_layout)layout});
    double middle[TOKENS][WIDTH], behind[2][TOKENS][WIDTH] = {{{0}}}, fused[2][TOKENS][TOKENS] = {{{0}}};
    for (int c = 0; c < WIDTH; c++) {
      int h = c / EACH;
      for (int i = 0; i < TOKENS; i++) {
        middle[i][c] = token_at(&w, i, h, c % EACH);
        for (int j = 0; j < TOKENS; j++)
          middle[i][c] += patterns[0][h][i][j] * token_at(&w, j, h, c % EACH);
        behind[0][i][c] = w.head[c][1] * ((i == 0) + patterns[1][h][0][i]);
      }
      behind[1][0][c] = w.head[c][1];
    }
    for (int n = 0; n < 2; n++)
      for (int i = 0; i < TOKENS; i++)
        for (int j = 0; j < TOKENS; j++)
          for (int h = 0; h < HEADS; h++) {
            double gradient = 0;
            for (int c = h * EACH; c < (h + 1) * EACH; c++)
              gradient += behind[n][i][c] * (n ? middle[j][c] : token_at(&w, j, h, c % EACH));
            fused[n][i][j] += fmax(gradient * patterns[n][h][i][j], 0) / HEADS;
          }
    double expected[TOKENS];
    for (int j = 0; j < TOKENS; j++) {
      expected[j] = fused[0][0][j] + fused[1][0][j];
      for (int k = 0; k < TOKENS; k++)
        expected[j] += fused[1][0][k] * fused[0][k][j];
    }
    vt_explanation *found = attention_run(&w, "chefer", OPTIONS("row=cls", "class_score=logit", "target=1"));
    assert_string_equal(found->method->id, "gradient-rollout");
    expect_map(found, expected, 1e-5);
    vt_explanation_free(found);
    attention_close(&w);
  }
}

static double alike(const attention_world *w, int a, int b)
{
  double product = 0, x = 0, y = 0;
  for (int c = 0; c < WIDTH; c++) {
    double p = token_at(w, a, 0, c), q = token_at(w, b, 0, c);
    product += p * q;
    x += p * p;
    y += q * q;
  }
  return product / sqrt(x * y);
}

/* Queries, keys and values are the tokens and nothing stands behind z but the head: φ_i = w · x_i · λ_i
 * whatever the pattern, and for a mean over tokens the mean of that. */
static void eclip_by_hand(void **state)
{
  VT_UNUSED(state);
  for (int read = -1; read < 1; read++)
    for (int layout = FOUR_AXES; layout <= KEYS_TRANSPOSED; layout++) {
      attention_world w;
      attention_open(&w, &(attention_options){.blocks = 1, .layout = (attention_layout)layout, .read = read});
      double expected[TOKENS] = {0};
      for (int t = 0; t < (read < 0 ? TOKENS : 1); t++) {
        double low = 2, high = -2;
        for (int i = 0; i < TOKENS; i++) {
          low = fmin(low, alike(&w, t, i));
          high = fmax(high, alike(&w, t, i));
        }
        for (int i = 0; i < TOKENS; i++) {
          double gathered = 0;
          for (int c = 0; c < WIDTH; c++)
            gathered += w.head[c][2] * token_at(&w, i, 0, c);
          if (read < 0) gathered /= TOKENS * TOKENS; /* the gradient of a mean, and the mean over rows */
          expected[i] += gathered * (alike(&w, t, i) - low) / (high - low);
        }
      }
      vt_explanation *found = attention_run(
          &w, "grad-eclip", OPTIONS(read < 0 ? "row=auto" : "row=cls", "class_score=logit", "target=2"));
      expect_map(found, expected, 2e-5);
      for (int t = 0; t < TOKENS; t++) /* cut at zero for the picture, not in the native map */
        assert_near((double)found->saliency[t], fmax(expected[t], 0), 2e-5);
      vt_explanation_free(found);
      attention_close(&w);
    }
}

/* No token sees a later one: the row of the last token is shown without being asked for. */
static void causal_models_show_the_last_token(void **state)
{
  VT_UNUSED(state);
  attention_pattern pattern[1];
  for (int h = 0; h < HEADS; h++)
    for (int i = 0; i < TOKENS; i++)
      for (int j = 0; j < TOKENS; j++)
        pattern[0][h][i][j] = j <= i ? 1.0 / (i + 1) : 0;
  attention_world w;
  attention_open(&w, &(attention_options){.blocks = 1, .patterns = pattern, .read = TOKENS - 1});
  vt_explanation *found = attention_run(&w, "attention-rollout", NULL);
  expect_map(found, (const double[]){0.1, 0.1, 0.1, 0.1, 0.6}, 1e-6);
  assert_string_equal(json_string_value(json_object_get(found->parameters, "row_shown")), "last");
  vt_explanation_free(found);
  attention_close(&w);
}

/* The head reads token 0: what the last token gathers in the only block is nobody's concern. */
static void empty_maps_are_said_to_be(void **state)
{
  VT_UNUSED(state);
  static const char *const methods[] = {"gradient-rollout", "grad-eclip"};
  attention_world w;
  attention_open(&w, &(attention_options){.blocks = 1});
  for (size_t m = 0; m < VT_COUNT(methods); m++) {
    vt_explanation *found = attention_run(&w, methods[m], OPTIONS("row=last"));
    expect_map(found, (const double[TOKENS]){0}, 0);
    assert_int_equal(json_array_size(found->warnings), 1);
    assert_non_null(strstr(json_string_value(json_array_get(found->warnings, 0)), "--row"));
    vt_explanation_free(found);
    found = attention_run(&w, methods[m], OPTIONS("row=cls"));
    assert_int_equal(json_array_size(found->warnings), 0);
    vt_explanation_free(found);
  }
  attention_close(&w);
}

/* One token has what the head looks for, the others nothing of it, in each of the attention's heads. */
static void plant(attention_world *w, int planted)
{
  float *x = w->x->data;
  for (int first = 0; first < WIDTH; first += EACH) {
    double size = 0;
    for (int c = first; c < first + EACH; c++)
      size += w->head[c][0] * w->head[c][0];
    for (int t = 0; t < TOKENS; t++) {
      double along = 0;
      for (int c = first; c < first + EACH; c++)
        along += w->head[c][0] * (double)x[t * WIDTH + c] / size;
      for (int c = first; c < first + EACH; c++)
        x[t * WIDTH + c] += (float)(w->head[c][0] * ((t == planted ? 2 : 0) - along));
    }
  }
}

static int highest(const vt_explanation *explanation)
{
  int best = 0;
  for (int t = 1; t < TOKENS; t++)
    if (explanation->native[t] > explanation->native[best]) best = t;
  return best;
}

static void expect_planted(vt_explanation *found, int planted, bool alone)
{
  assert_int_equal(highest(found), planted);
  for (int t = 0; t < TOKENS && alone; t++)
    if (t != planted) assert_near((double)found->native[t], 0, 1e-6 * (double)found->native[planted]);
  vt_explanation_free(found);
}

/* By all methods that know the target, for every target; those made of gradients find nothing else. */
static void planted_tokens_are_found(void **state)
{
  VT_UNUSED(state);
  static const char *const scores[] = {"class_score=logit",           "class_score=probability",
                                       "class_score=log-probability", "class_score=margin",
                                       "class_score=similarity",      "class_score=mean"};
  attention_pattern uniform[1];
  for (int i = 0; i < HEADS * TOKENS * TOKENS; i++)
    (&uniform[0][0][0][0])[i] = 1.0 / TOKENS;
  char folder[] = "/tmp/vitrail-attention-XXXXXX", path[64], similar[96];
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/direction.npy", folder);
  snprintf(similar, sizeof similar, "similar_to=%s", path);
  for (int planted = 1; planted < TOKENS; planted++) {
    attention_world w;
    attention_open(&w, &(attention_options){.blocks = 1, .patterns = uniform, .read = -1, .one_class = true});
    plant(&w, planted);
    vt_tensor *direction = vt_tensor_new(w.ctx, VT_F32, 1, DIMS(CLASSES));
    memcpy(direction->data, (const float[CLASSES]){1, 0, 0}, CLASSES * sizeof(float));
    assert_ok(w.ctx, vt_npy_write(w.ctx, path, direction));
    for (size_t s = 0; s < VT_COUNT(scores); s++) {
      const char *target = strstr(scores[s], "similarity") ? similar : "target=0";
      expect_planted(attention_run(&w, "gradient-rollout", OPTIONS(scores[s], target)), planted, true);
      expect_planted(attention_run(&w, "grad-eclip", OPTIONS(scores[s], target)), planted, true);
      expect_planted(attention_run(&w, "vit-cx", OPTIONS(scores[s], target, "noise_scale=0")), planted,
                     false);
    }
    attention_close(&w);
  }
  unlink(path);
  rmdir(folder);
}

/* ViT-CX in closed form: without noise and with every channel a mask of its own. Uniform attention of one
 * block reads x_0 + mean of x; the stream is x. */
static void vit_cx_by_hand(void **state)
{
  VT_UNUSED(state);
  attention_pattern uniform[1];
  attention_world w;
  for (int i = 0; i < HEADS * TOKENS * TOKENS; i++)
    (&uniform[0][0][0][0])[i] = 1.0 / TOKENS;
  attention_open(&w, &(attention_options){.blocks = 1, .patterns = uniform});
  double mask[WIDTH][TOKENS], score[WIDTH], expected[TOKENS];
  for (int k = 0; k < WIDTH; k++) {
    double low = 1e9, high = -1e9;
    for (int t = 0; t < TOKENS; t++) {
      low = fmin(low, token_at(&w, t, 0, k));
      high = fmax(high, token_at(&w, t, 0, k));
    }
    for (int t = 0; t < TOKENS; t++)
      mask[k][t] = (token_at(&w, t, 0, k) - low) / (high - low);
    score[k] = 0;
    for (int c = 0; c < WIDTH; c++)
      for (int t = 0; t < TOKENS; t++)
        score[k] += w.head[c][1] * mask[k][t] * token_at(&w, t, 0, c) * ((t == 0) + 1.0 / TOKENS);
  }
  for (int t = 0; t < TOKENS; t++) {
    double above = 0, below = 0;
    for (int k = 0; k < WIDTH; k++) {
      above += score[k] * mask[k][t];
      below += mask[k][t];
    }
    expected[t] = below > 0 ? above / below / WIDTH : 0;
  }
  vt_explanation *found =
      attention_run(&w, "vit-cx", OPTIONS("noise_scale=0", "threshold=0", "class_score=logit", "target=1"));
  expect_map(found, expected, 1e-5);
  assert_int_equal(json_integer_value(json_object_get(found->parameters, "masks")), WIDTH);
  assert_int_equal(found->model_calls, 2 * WIDTH + 2);
  vt_explanation_free(found);
  /* one mask of all: the same map whatever the score, φ = s/1 where the mask is not empty */
  found =
      attention_run(&w, "vit-cx", OPTIONS("noise_scale=0", "threshold=2", "class_score=logit", "target=1"));
  assert_int_equal(json_integer_value(json_object_get(found->parameters, "masks")), 1);
  double value = (double)found->native[highest(found)], other = 0;
  for (int t = 0; t < TOKENS; t++)
    if (found->native[t] != 0) other = (double)found->native[t];
  assert_near(value == 0 ? other : value, other, 1e-6);
  vt_explanation_free(found);
  attention_close(&w);
}

static void same_bytes_for_any_threads(void **state)
{
  VT_UNUSED(state);
  static const char *const ids[] = {"attention-rollout", "gradient-rollout", "grad-eclip", "vit-cx"};
  attention_world w;
  attention_open(&w, &(attention_options){.blocks = 2, .read = -1});
  for (size_t m = 0; m < VT_COUNT(ids); m++) {
    vt_ctx_set_threads(w.ctx, 1);
    vt_explanation *one = attention_run(&w, ids[m], OPTIONS("target=1"));
    vt_ctx_set_threads(w.ctx, 2);
    vt_explanation *two = attention_run(&w, ids[m], OPTIONS("target=1"));
    assert_memory_equal(one->native, two->native, TOKENS * sizeof *one->native);
    assert_memory_equal(one->attribution, two->attribution, TOKENS * WIDTH * sizeof *one->attribution);
    vt_explanation_free(one);
    vt_explanation_free(two);
  }
  attention_close(&w);
}

/* Noise from the seed, and from a file. */
static void noise_of_vit_cx(void **state)
{
  VT_UNUSED(state);
  char path[] = "/tmp/vitrail-noise-XXXXXX", option[64];
  int file = mkstemp(path);
  assert_true(file >= 0);
  close(file);
  snprintf(option, sizeof option, "noise=%s", path);
  attention_world w;
  attention_open(&w, &(attention_options){.blocks = 1});
  vt_explanation *quiet = attention_run(&w, "vit-cx", OPTIONS("noise_scale=0")),
                 *seeded = attention_run(&w, "vit-cx", OPTIONS("seed=1")),
                 *again = attention_run(&w, "vit-cx", OPTIONS("seed=1")),
                 *other = attention_run(&w, "vit-cx", OPTIONS("seed=2"));
  assert_memory_equal(seeded->native, again->native, TOKENS * sizeof(float));
  assert_memory_not_equal(seeded->native, other->native, TOKENS * sizeof(float));
  assert_memory_not_equal(seeded->native, quiet->native, TOKENS * sizeof(float));
  vt_tensor *noise = vt_tensor_new(w.ctx, VT_F32, 3, DIMS(2, TOKENS, WIDTH));
  memset(noise->data, 0, vt_bytes(noise));
  assert_ok(w.ctx, vt_npy_write(w.ctx, path, noise));
  vt_explanation *zero = attention_run(&w, "vit-cx", OPTIONS(option));
  assert_memory_equal(zero->native, quiet->native, TOKENS * sizeof(float));
  const vt_array_request arrays = {.output = "logits"};
  vt_explanation *none;
  noise = vt_tensor_new(w.ctx, VT_F32, 1, DIMS(TOKENS * WIDTH + 1));
  memset(noise->data, 0, vt_bytes(noise));
  assert_ok(w.ctx, vt_npy_write(w.ctx, path, noise));
  assert_fails(w.ctx, attention_try(w.ctx, &w.b.graph, &w.x, &arrays, "vit-cx", OPTIONS(option), &none),
               VT_ERROR_INVALID_DATA, "20 numbers");
  vt_explanation *all[] = {quiet, seeded, again, other, zero};
  for (size_t i = 0; i < VT_COUNT(all); i++)
    vt_explanation_free(all[i]);
  attention_close(&w);
  unlink(path);
}

static void what_is_missing_is_named(void **state)
{
  VT_UNUSED(state);
  static const char *const ids[] = {"attention-rollout", "gradient-rollout", "grad-eclip", "vit-cx"};
  vt_ctx *ctx = vt_ctx_new();
  builder b;
  vt_explanation *none;
  const vt_array_request arrays = {.output = "logits"};
  builder_init(&b, ctx);
  builder_input(&b, "signal", VT_F32, 3, DIMS(1, 2, 8));
  builder_random(&b, "kernel", 3, DIMS(3, 2, 3), 1);
  builder_node(&b, "Conv", "signal kernel", "map", NULL);
  builder_node(&b, "GlobalAveragePool", "map", "mean", NULL);
  builder_node(&b, "Flatten", "mean", "logits", NULL);
  builder_output(&b, "logits");
  vt_tensor *x = vt_tensor_new(ctx, VT_F32, 3, DIMS(1, 2, 8));
  memset(x->data, 0, vt_bytes(x));
  attention_world w;
  attention_open(&w, &(attention_options){.blocks = 1, .layout = IN_WINDOWS});
  for (size_t m = 0; m < VT_COUNT(ids); m++) {
    assert_fails(ctx, attention_try(ctx, &b.graph, &x, &arrays, ids[m], NULL, &none),
                 VT_ERROR_INVALID_ARGUMENT, "no attention blocks");
    assert_fails(w.ctx, attention_try(w.ctx, &w.b.graph, &w.x, &arrays, ids[m], NULL, &none),
                 VT_ERROR_INVALID_ARGUMENT, "windows");
  }
  attention_close(&w);
  builder_free(&b);
  vt_ctx_free(ctx);
}

/* Whatever allocation fails, nothing leaks and the status says so. */
static void short_memory(void **state)
{
  VT_UNUSED(state);
  static const char *const ids[] = {"attention-rollout", "gradient-rollout", "grad-eclip", "vit-cx"};
  const vt_array_request arrays = {.output = "logits"};
  attention_world w;
  attention_open(&w, &(attention_options){.blocks = 1});
  vt_ctx_set_threads(w.ctx, 1);
  for (size_t m = 0; m < VT_COUNT(ids); m++) {
    const vt_method *method = vt_method_find(&vt_methods, ids[m]);
    attention_settings settings;
    vt_request request;
    attention_options_read(w.ctx, method, NULL, &settings, &request);
    vt_explanation_free(attention_run(&w, ids[m], NULL)); /* the context's own lists have grown */
    uint64_t before = vt_ctx_memory_in_use(w.ctx);
    vt_status status = VT_ERROR_OUT_OF_MEMORY;
    long failed = 0;
    for (long n = 1; status != VT_OK; n++) {
      vt_explanation *found = NULL;
      vt_ctx_fail_allocation(w.ctx, n);
      status = vt_attribute_arrays(w.ctx, &w.b.graph, &w.x, method, &settings, &request, &arrays, &found);
      vt_ctx_fail_allocation(w.ctx, 0);
      if (status != VT_OK) assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
      failed += status != VT_OK;
      vt_ctx_clear(w.ctx);
      vt_explanation_free(found);
      assert_true(vt_ctx_memory_in_use(w.ctx) == before);
    }
    assert_true(failed > 50);
    attention_options_free(method, &settings, &request);
  }
  attention_close(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rollout_by_hand),
      cmocka_unit_test(rollout_of_any_pattern),
      cmocka_unit_test(chefer_by_hand),
      cmocka_unit_test(eclip_by_hand),
      cmocka_unit_test(causal_models_show_the_last_token),
      cmocka_unit_test(empty_maps_are_said_to_be),
      cmocka_unit_test(planted_tokens_are_found),
      cmocka_unit_test(vit_cx_by_hand),
      cmocka_unit_test(same_bytes_for_any_threads),
      cmocka_unit_test(noise_of_vit_cx),
      cmocka_unit_test(what_is_missing_is_named),
      cmocka_unit_test(short_memory),
  };
  return cmocka_run_group_tests_name("attribution/attention", tests, NULL, NULL);
}
