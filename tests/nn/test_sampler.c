/* SPDX-License-Identifier: Apache-2.0
 *
 * Which items a training step sees: sets of ordinary size in the order they always had, large ones in the
 * memory of a batch; and lists of patterns.
 */
#include "nn/patterns.h"
#include "nn/trainer_inside.h"
#include "test.h"

static vt_dataset set_of(int64_t count)
{
  return (vt_dataset){.name = "numbers", .count = count};
}

/* Committed trainings are reproduced: the order is vt_dataset_shuffle()'s, what is left over is dropped. */
static void test_ordinary(void **state)
{
  enum { COUNT = 103, BATCH = 10, BATCHES = COUNT / BATCH };
  vt_ctx *ctx = *state;
  vt_dataset set = set_of(COUNT);
  vt_sampler sampler;
  const int64_t *indices;
  int64_t order[COUNT], epoch;
  assert_ok(ctx, vt_sampler_begin(ctx, &set, BATCH, true, 9, &sampler));
  for (int64_t number = 0; number < 3 * BATCHES; number++) {
    assert_ok(ctx, vt_sampler_take(ctx, &sampler, number, &indices, &epoch));
    assert_int_equal(epoch, number / BATCHES);
    assert_ok(ctx, vt_dataset_shuffle(ctx, COUNT, 9, (uint64_t)epoch, order));
    assert_memory_equal(indices, order + number % BATCHES * BATCH, BATCH * sizeof *order);
  }
  vt_sampler_end(&sampler);
  /* in order */
  assert_ok(ctx, vt_sampler_begin(ctx, &set, BATCH, false, 9, &sampler));
  assert_ok(ctx, vt_sampler_take(ctx, &sampler, BATCHES + 2, &indices, &epoch));
  for (int i = 0; i < BATCH; i++)
    assert_int_equal(indices[i], 2 * BATCH + i);
  vt_sampler_end(&sampler);
}

/* A thousand million items: 64 numbers of memory, any batch at once, the same from any side, none twice. */
static void test_large(void **state)
{
  enum { BATCH = 64, SOME = 50 };
  vt_ctx *ctx = *state;
  vt_dataset set = set_of(1000000000);
  vt_sampler sampler;
  const int64_t *indices;
  int64_t seen[SOME * BATCH], epoch, count = 0;
  vt_ctx_set_max_memory(ctx, 1 << 20);
  assert_ok(ctx, vt_sampler_begin(ctx, &set, BATCH, true, 9, &sampler));
  assert_int_equal(sampler.per_epoch, 1000000000 / BATCH);
  for (int64_t number = 0; number < SOME; number++) {
    assert_ok(ctx, vt_sampler_take(ctx, &sampler, number, &indices, &epoch));
    for (int i = 0; i < BATCH; i++) {
      assert_in_range(indices[i], 0, 999999999);
      for (int64_t k = 0; k < count; k++)
        assert_true(seen[k] != indices[i]);
      seen[count++] = indices[i];
    }
  }
  /* a training that goes on takes up in the middle */
  assert_ok(ctx, vt_sampler_take(ctx, &sampler, 7, &indices, &epoch));
  assert_memory_equal(indices, seen + 7 * BATCH, BATCH * sizeof *seen);
  /* another pass, another order */
  assert_ok(ctx, vt_sampler_take(ctx, &sampler, sampler.per_epoch + 7, &indices, &epoch));
  assert_int_equal(epoch, 1);
  assert_memory_not_equal(indices, seen + 7 * BATCH, BATCH * sizeof *seen);
  vt_sampler_end(&sampler);
}

static void test_patterns(void **state)
{
  VT_UNUSED(state);
  assert_true(vt_patterns_fit("head.*", "head.weight"));
  assert_true(vt_patterns_fit("a, *.q_proj ,b", "blocks.0.attn.q_proj"));
  assert_true(vt_patterns_fit("*lora_[AB].x.weight", "lora_A.x.weight"));
  assert_false(vt_patterns_fit("head", "head.weight"));
  assert_false(vt_patterns_fit("", "head"));
  assert_false(vt_patterns_fit(NULL, "head"));
  assert_false(vt_patterns_fit(",,", "head"));
  /* one that is longer than any name fits nothing, and hides none behind it */
  char text[400];
  memset(text, '*', 300);
  snprintf(text + 300, 100, ",head");
  assert_true(vt_patterns_fit(text, "head"));
  assert_false(vt_patterns_fit(text, "tail"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_ordinary, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_large, new_context, free_context),
      cmocka_unit_test(test_patterns),
  };
  return cmocka_run_group_tests_name("nn/sampler", tests, NULL, NULL);
}
