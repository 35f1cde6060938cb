/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors on record, counted memory, growable arrays and text.
 */
#include <pthread.h>

#include "test.h"

#include <locale.h>
#include <math.h>

static void test_first_error_sticks(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new(), *child = vt_ctx_child(ctx);
  assert_int_equal(vt_ctx_status(ctx), VT_OK);
  assert_string_equal(vt_ctx_message(ctx), "");
  assert_int_equal(vt_fail(child, VT_ERROR_IO, "disk %d", 7), VT_ERROR_IO);
  assert_int_equal(vt_fail(child, VT_ERROR_LIMIT, "later"), VT_ERROR_IO);
  assert_int_equal(vt_fail_prefix(child, "file '%s'", "x"), VT_ERROR_IO);
  assert_string_equal(vt_ctx_message(child), "file 'x': disk 7");
  assert_int_equal(vt_fail_adopt(ctx, child), VT_ERROR_IO);
  assert_string_equal(vt_ctx_message(ctx), "file 'x': disk 7");
  assert_int_equal(vt_fail_restate(ctx, VT_ERROR_INVALID_MODEL), VT_ERROR_INVALID_MODEL);
  assert_string_equal(vt_ctx_message(ctx), "file 'x': disk 7");
  vt_ctx_clear(ctx);
  assert_int_equal(vt_ctx_status(ctx), VT_OK);
  assert_int_equal(vt_fail_restate(ctx, VT_ERROR_IO), VT_OK);
  vt_ctx_free(child);
  vt_ctx_free(ctx);
}

static void test_messages_are_one_line(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  vt_fail(ctx, VT_ERROR_IO, "node 'a\nb\033[31m' é");
  vt_fail_prefix(ctx, "x\r\177y");
  assert_string_equal(vt_ctx_message(ctx), "x  y: node 'a b [31m' é");
  vt_ctx_free(ctx);
}

static void test_memory_is_counted(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new(), *child = vt_ctx_child(ctx);
  char *block = vt_alloc(ctx, 1000), *other = vt_alloc(child, 500);
  assert_int_equal((uintptr_t)block % 64, 0);
  assert_int_equal(vt_ctx_memory_in_use(ctx), 1500);
  memset(block, 7, 1000);
  block = vt_realloc(ctx, block, 3000);
  assert_int_equal(block[999], 7);
  assert_int_equal(vt_ctx_memory_in_use(child), 3500);
  vt_free(other);
  vt_free(NULL);
  assert_int_equal(vt_ctx_memory_peak(ctx), 1500 + 3000);
  vt_ctx_set_max_memory(ctx, 4000);
  assert_null(vt_alloc(child, 1001));
  assert_int_equal(vt_ctx_status(child), VT_ERROR_OUT_OF_MEMORY);
  assert_non_null(strstr(vt_ctx_message(child), "limit of 4000 bytes"));
  vt_ctx_clear(child);
  assert_null(vt_alloc_zero(child, SIZE_MAX / 2, 3));
  vt_ctx_free(child);
  vt_ctx_free(ctx);
  block[0] = 1; /* a block outlives its context */
  vt_free(block);
}

#if defined(__SANITIZE_ADDRESS__) || defined(VT_NO_CLONES)
enum { REUSE = 0 }; /* freed blocks go straight back, so that their use is seen */
#else
enum { REUSE = 1 };
#endif

static void test_large_blocks_are_used_again(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new(), *child = vt_ctx_child(ctx);
  char *first = vt_alloc(ctx, 1 << 20), *second = vt_alloc(ctx, 1 << 20), *small = vt_alloc(ctx, 1000);
  memset(first, 1, 1 << 20);
  vt_free(first);
  vt_free(small);
  assert_int_equal(vt_ctx_memory_in_use(ctx), 1 << 20);
  assert_int_equal(vt_ctx_memory_waiting(ctx), REUSE << 20);
  if (REUSE) { /* a little less is of the same class, and a relative may have it */
    char *again = vt_alloc(child, (1 << 20) - 5000);
    assert_ptr_equal(again, first);
    assert_int_equal(vt_ctx_memory_in_use(ctx), (2 << 20) - 5000);
    assert_int_equal(vt_ctx_memory_waiting(ctx), 0);
    again = vt_realloc(child, again, 2 << 20);
    assert_int_equal(again[(1 << 20) - 5001], 1);
    vt_free(again);
  }
  vt_free(second);
  assert_int_equal(vt_ctx_memory_in_use(ctx), 0);
  vt_ctx_trim_memory(ctx);
  assert_int_equal(vt_ctx_memory_waiting(ctx), 0);
  char *last = vt_alloc(ctx, 5 << 20);
  vt_ctx_free(child);
  vt_ctx_free(ctx);
  last[0] = 1; /* outlives the context, and is not left waiting for ever */
  vt_free(last);
}

static void test_what_waits_gives_way(void **unused)
{
  (void)unused;
  enum { MEGABYTE = 1 << 20 };
  vt_ctx *ctx = vt_ctx_new();
  for (int i = 0; i < 40; i++) /* always another class: what waits stays bounded by the peak of one block */
    vt_free(vt_alloc(ctx, (size_t)(4 + i) * MEGABYTE));
  assert_true(vt_ctx_memory_waiting(ctx) <= (44 + 11 + 32) * (uint64_t)MEGABYTE);
  if (REUSE) assert_true(vt_ctx_memory_waiting(ctx) > 0);
  vt_ctx_set_max_memory(ctx, 20 * MEGABYTE);
  assert_true(vt_ctx_memory_waiting(ctx) <= 20 * MEGABYTE);
  void *most = vt_alloc(ctx, 19 * MEGABYTE); /* within the limit although others wait */
  assert_non_null(most);
  assert_true(vt_ctx_memory_waiting(ctx) + vt_ctx_memory_in_use(ctx) <= 20 * MEGABYTE);
  assert_null(vt_alloc(ctx, 2 * MEGABYTE));
  vt_free(most);
  vt_ctx_free(ctx);
}

static void *take_and_give(void *user)
{
  vt_ctx *ctx = vt_ctx_child(user);
  for (size_t i = 0; i < 3000; i++) {
    size_t size = 65536 + i % 7 * 20000;
    unsigned char *block = vt_alloc(ctx, size), *other = vt_alloc(ctx, size / 2);
    block[0] = block[size - 1] = (unsigned char)i;
    other[0] = 0;
    vt_free(other);
    if (block[0] != (unsigned char)i || block[size - 1] != (unsigned char)i) user = NULL; /* had by two */
    vt_free(block);
  }
  vt_ctx_free(ctx);
  return user;
}

static void test_threads_share_what_waits(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, ctx), 0);
  for (int i = 0; i < 4; i++) {
    void *result;
    pthread_join(threads[i], &result);
    assert_ptr_equal(result, ctx);
  }
  assert_int_equal(vt_ctx_memory_in_use(ctx), 0);
  vt_ctx_free(ctx);
}

static void test_forced_failure(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  vt_ctx_fail_allocation(ctx, 2);
  void *first = vt_alloc(ctx, 8);
  assert_non_null(first);
  assert_null(vt_alloc(ctx, 8));
  void *third = vt_alloc(ctx, 8);
  assert_non_null(third);
  vt_free(first);
  vt_free(third);
  assert_int_equal(vt_ctx_memory_in_use(ctx), 0);
  vt_ctx_free(ctx);
}

static void test_growing(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  int *list = NULL;
  size_t capacity = 0, count = 0;
  for (; count < 1000; count++) {
    assert_ok(ctx, vt_grow(ctx, &list, &capacity, count, sizeof *list));
    list[count] = (int)count;
  }
  for (size_t i = 0; i < count; i++)
    assert_int_equal(list[i], i);
  vt_free(list);
  vt_text text = {0};
  for (int i = 0; i < 100; i++)
    vt_text_addf(ctx, &text, "%d,", i);
  assert_int_equal(text.length, 10 * 2 + 90 * 3);
  assert_memory_equal(text.data, "0,1,2,", 6);
  vt_text_free(&text);
  assert_int_equal(vt_ctx_memory_in_use(ctx), 0);
  vt_ctx_free(ctx);
}

static void test_numbers_ignore_the_locale(void **unused)
{
  (void)unused;
  setlocale(LC_ALL,
            "de_DE.UTF-8"); /* where it is not installed this changes nothing and the rest still holds */
  char buffer[32];
  double value;
  int64_t integer;
  assert_string_equal(vt_number_text(0.5, buffer), "0.5");
  assert_string_equal(vt_number_text(NAN, buffer), "nan");
  assert_string_equal(vt_number_text(-INFINITY, buffer), "-inf");
  assert_true(vt_parse_number("1.25e-3", &value) && value == 1.25e-3);
  assert_false(vt_parse_number("1,5", &value));
  assert_false(vt_parse_number("", &value));
  assert_false(vt_parse_number(" 1", &value));
  assert_true(vt_parse_integer("-12", &integer) && integer == -12);
  assert_false(vt_parse_integer("99999999999999999999", &integer));
  assert_false(vt_parse_integer("1x", &integer));
  setlocale(LC_ALL, "C");
}

static void test_nearest(void **unused)
{
  (void)unused;
  static const char *const names[] = {"insertion", "deletion", "average-highest-confidence"};
  assert_string_equal(vt_nearest("insertoin", names, 3), "insertion");
  assert_string_equal(vt_nearest("confidence", names, 3), "average-highest-confidence");
  assert_null(vt_nearest("zzz", names, 3));
}

static void test_interrupt(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  volatile int flag = 0;
  vt_ctx_set_cancel(ctx, &flag);
  assert_ok(ctx, vt_check_cancel(ctx));
  flag = 1;
  assert_fails(ctx, vt_check_cancel(ctx), VT_ERROR_INTERRUPTED, "interrupted");
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_first_error_sticks),
      cmocka_unit_test(test_messages_are_one_line),
      cmocka_unit_test(test_memory_is_counted),
      cmocka_unit_test(test_large_blocks_are_used_again),
      cmocka_unit_test(test_what_waits_gives_way),
      cmocka_unit_test(test_threads_share_what_waits),
      cmocka_unit_test(test_forced_failure),
      cmocka_unit_test(test_growing),
      cmocka_unit_test(test_numbers_ignore_the_locale),
      cmocka_unit_test(test_nearest),
      cmocka_unit_test(test_interrupt),
  };
  return cmocka_run_group_tests_name("base/context", tests, NULL, NULL);
}
