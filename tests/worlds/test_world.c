/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"
#include "worlds/world.h"

/* The same item whatever was made before, whatever the number of threads; splits and seeds differ. */
static void test_items_are_pure(void **state)
{
  VT_UNUSED(state);
  vt_ctx *ctx = vt_ctx_new();
  vt_world *world;
  assert_int_equal(vt_world_open(ctx, "tree", NULL, 0, 3, &world), VT_OK);
  vt_dataset *train, *test;
  assert_int_equal(vt_world_dataset(ctx, world, VT_TRAIN, 100, &train), VT_OK);
  assert_int_equal(vt_world_dataset(ctx, world, VT_TEST, 100, &test), VT_OK);
  assert_string_not_equal(train->key, test->key);
  int64_t indices[] = {7, 3, 99, 0};
  vt_batch one, two, other;
  vt_ctx_set_threads(ctx, 1);
  assert_int_equal(vt_batch_make(ctx, train, indices, 4, 0, NULL, &one), VT_OK);
  vt_ctx_set_threads(ctx, 2);
  assert_int_equal(vt_batch_make(ctx, train, indices, 4, 0, NULL, &two), VT_OK);
  assert_int_equal(vt_batch_make(ctx, test, indices, 4, 0, NULL, &other), VT_OK);
  vt_tensor *a = vt_batch_get(ctx, &one, "activation"), *b = vt_batch_get(ctx, &two, "activation");
  assert_memory_equal(a->data, b->data, vt_bytes(a));
  assert_memory_not_equal(a->data, vt_batch_get(ctx, &other, "activation")->data, vt_bytes(a));
  assert_null(vt_batch_get(ctx, &one, "label"));
  vt_ctx_clear(ctx);
  int64_t beyond = 100;
  assert_int_equal(vt_batch_make(ctx, train, &beyond, 1, 0, NULL, &one), VT_ERROR_INVALID_ARGUMENT);
  vt_dataset_free(train);
  vt_dataset_free(test);
  vt_world_close(world);
  vt_ctx_free(ctx);
}

static void test_unknown_names(void **state)
{
  VT_UNUSED(state);
  vt_ctx *ctx = vt_ctx_new();
  vt_world *world;
  assert_int_equal(vt_world_open(ctx, "tre", NULL, 0, 0, &world), VT_ERROR_INVALID_ARGUMENT);
  assert_non_null(strstr(vt_ctx_message(ctx), "did you mean 'tree'"));
  vt_ctx_clear(ctx);
  const char *setting = "parent=2";
  assert_int_equal(vt_world_open(ctx, "tree", &setting, 1, 0, &world), VT_ERROR_INVALID_ARGUMENT);
  assert_non_null(strstr(vt_ctx_message(ctx), "parents"));
  vt_ctx_free(ctx);
}

/* A split kept in memory gives the same bytes as one that is generated. */
static void test_cache(void **state)
{
  VT_UNUSED(state);
  vt_ctx *ctx = vt_ctx_new();
  vt_world *world;
  assert_int_equal(vt_world_open(ctx, "tree", NULL, 0, 3, &world), VT_OK);
  vt_dataset *set, *cached;
  assert_int_equal(vt_world_dataset(ctx, world, VT_TRAIN, 50, &set), VT_OK);
  assert_int_equal(vt_dataset_cache(ctx, set, &cached), VT_OK);
  assert_string_equal(set->key, cached->key);
  int64_t indices[] = {49, 0, 7};
  vt_batch a, b;
  assert_int_equal(vt_batch_make(ctx, set, indices, 3, 0, NULL, &a), VT_OK);
  assert_int_equal(vt_batch_make(ctx, cached, indices, 3, 0, NULL, &b), VT_OK);
  assert_memory_equal(a.tensors[0]->data, b.tensors[0]->data, vt_bytes(a.tensors[0]));
  vt_dataset_free(set);
  vt_dataset_free(cached);
  vt_world_close(world);
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_items_are_pure),
      cmocka_unit_test(test_unknown_names),
      cmocka_unit_test(test_cache),
  };
  return cmocka_run_group_tests_name("worlds/world", tests, NULL, NULL);
}
