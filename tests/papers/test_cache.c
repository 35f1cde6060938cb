/* SPDX-License-Identifier: Apache-2.0
 *
 * The cache: found again, told apart by every part of the key, damage noticed.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "papers/cache.h"
#include "test.h"

static char folder[64];
static const vt_cache_key key = {"model", "layers=3 steps=10", "abcd", "1", 7};

typedef struct maker {
  int made;
  bool broken;
} maker;

static vt_status make(vt_ctx *ctx, void *user, const char *path)
{
  maker *self = user;
  self->made++;
  VT_TRY(vt_write_file(ctx, path, "weights", 7));
  return self->broken ? vt_fail(ctx, VT_ERROR_RUNTIME, "training failed") : VT_OK;
}

static int new_folder(void **state)
{
  snprintf(folder, sizeof folder, "/tmp/vitrail-cache-XXXXXX");
  return mkdtemp(folder) && new_context(state) == 0 ? 0 : -1;
}

/* Entries left; removes them when asked. */
static int entries(bool clear)
{
  DIR *list = opendir(folder);
  int count = 0;
  char path[512];
  for (struct dirent *entry; list && (entry = readdir(list));) {
    if (entry->d_name[0] == '.') continue;
    count++;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    if (clear) unlink(path);
  }
  if (list) closedir(list);
  return count;
}

static int free_folder(void **state)
{
  entries(true);
  rmdir(folder);
  return free_context(state);
}

static void found_again(void **state)
{
  vt_ctx *ctx = *state;
  vt_cache *cache;
  maker self = {0};
  char *path, *again;
  bool made;
  assert_ok(ctx, vt_cache_open(ctx, folder, &cache));
  assert_ok(ctx, vt_cache_file(ctx, cache, &key, make, &self, &path, &made));
  assert_true(made);
  assert_ok(ctx, vt_cache_file(ctx, cache, &key, make, &self, &again, &made));
  assert_false(made);
  assert_int_equal(self.made, 1);
  assert_string_equal(path, again);
  assert_int_equal(entries(false), 2);
  vt_free(path);
  vt_free(again);
  vt_cache_close(cache);
}

static void every_part_of_the_key_counts(void **state)
{
  vt_ctx *ctx = *state;
  vt_cache *cache;
  const vt_cache_key others[] = {
      {"stage", key.recipe, key.world, key.version, 7},
      {"model", "layers=4 steps=10", key.world, key.version, 7},
      {"model", key.recipe, "abce", key.version, 7},
      {"model", key.recipe, key.world, "2", 7},
      {"model", key.recipe, key.world, key.version, 8},
      {"model", "layers=3 steps=10abcd", "", key.version, 7},
  };
  unsigned char *data;
  size_t size;
  assert_ok(ctx, vt_cache_open(ctx, folder, &cache));
  assert_ok(ctx, vt_cache_store(ctx, cache, &key, "abc", 3));
  for (size_t i = 0; i < VT_COUNT(others); i++) {
    assert_ok(ctx, vt_cache_load(ctx, cache, &others[i], &data, &size));
    assert_null(data);
  }
  assert_ok(ctx, vt_cache_load(ctx, cache, &key, &data, &size));
  assert_non_null(data);
  assert_int_equal(size, 3);
  assert_memory_equal(data, "abc", 3);
  vt_free(data);
  vt_cache_close(cache);
}

static void damage(const char *path, long place, bool truncate_it)
{
  if (truncate_it) {
    assert_int_equal(truncate(path, place), 0);
    return;
  }
  FILE *file = fopen(path, "r+b");
  assert_non_null(file);
  assert_int_equal(fseek(file, place, SEEK_SET), 0);
  assert_int_equal(fputc('X', file), 'X');
  fclose(file);
}

static void damaged_entries_are_made_again(void **state)
{
  vt_ctx *ctx = *state;
  vt_cache *cache;
  maker self = {0};
  char *path, seal[512];
  bool made;
  assert_ok(ctx, vt_cache_open(ctx, folder, &cache));
  assert_ok(ctx, vt_cache_file(ctx, cache, &key, make, &self, &path, NULL));
  snprintf(seal, sizeof seal, "%.*s.sha256", (int)(strlen(path) - strlen(".data")), path);
  for (int how = 0; how < 6; how++) {
    char *again;
    if (how == 0) damage(path, 2, false);
    if (how == 1) damage(path, 3, true);
    if (how == 2) damage(seal, 5, false);
    if (how == 3) damage(seal, 10, true);
    if (how == 4) unlink(seal);
    if (how == 5) assert_true(unlink(path) == 0 && mkdir(path, 0777) == 0); /* no file at all */
    if (how == 5) { /* cannot be replaced either: an error that names the place, nothing left half made */
      assert_fails(ctx, vt_cache_file(ctx, cache, &key, make, &self, &again, &made), VT_ERROR_IO, path);
      rmdir(path);
      assert_int_equal(entries(false), 1);
      continue;
    }
    assert_ok(ctx, vt_cache_file(ctx, cache, &key, make, &self, &again, &made));
    assert_true(made);
    vt_free(again);
    assert_ok(ctx, vt_cache_file(ctx, cache, &key, make, &self, &again, &made));
    assert_false(made);
    vt_free(again);
  }
  vt_free(path);
  vt_cache_close(cache);
}

static void failed_making_leaves_nothing(void **state)
{
  vt_ctx *ctx = *state;
  vt_cache *cache;
  maker self = {.broken = true};
  char *path;
  assert_ok(ctx, vt_cache_open(ctx, folder, &cache));
  assert_fails(ctx, vt_cache_file(ctx, cache, &key, make, &self, &path, NULL), VT_ERROR_RUNTIME,
               "training failed");
  assert_null(path);
  assert_int_equal(entries(false), 0);
  vt_cache_close(cache);
}

static void where_it_is(void **state)
{
  vt_ctx *ctx = *state;
  vt_cache *cache;
  unsetenv("VITRAIL_CACHE");
  setenv("XDG_CACHE_HOME", "/somewhere", 1);
  assert_ok(ctx, vt_cache_open(ctx, NULL, &cache));
  assert_string_equal(vt_cache_directory(cache), "/somewhere/vitrail/models");
  vt_cache_close(cache);
  setenv("VITRAIL_CACHE", "/elsewhere", 1);
  assert_ok(ctx, vt_cache_open(ctx, NULL, &cache));
  assert_string_equal(vt_cache_directory(cache), "/elsewhere");
  vt_cache_close(cache);
  unsetenv("VITRAIL_CACHE");
  unsetenv("XDG_CACHE_HOME");
  unsetenv("HOME");
  assert_fails(ctx, vt_cache_open(ctx, NULL, &cache), VT_ERROR_INVALID_ARGUMENT, "VITRAIL_CACHE");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(found_again, new_folder, free_folder),
      cmocka_unit_test_setup_teardown(every_part_of_the_key_counts, new_folder, free_folder),
      cmocka_unit_test_setup_teardown(damaged_entries_are_made_again, new_folder, free_folder),
      cmocka_unit_test_setup_teardown(failed_making_leaves_nothing, new_folder, free_folder),
      cmocka_unit_test_setup_teardown(where_it_is, new_context, free_context),
  };
  return cmocka_run_group_tests_name("papers/cache", tests, NULL, NULL);
}
