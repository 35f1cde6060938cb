/* SPDX-License-Identifier: Apache-2.0
 *
 * Files: whole reads with a limit, writes that replace, paths, hashes.
 */
#include "test.h"

#include <sys/stat.h>

static char folder[] = "/tmp/vitrail-test-XXXXXX";

static int make_folder(void **unused)
{
  (void)unused;
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **unused)
{
  (void)unused;
  return rmdir(folder);
}

static void test_write_and_read(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  char *path = vt_path_join(ctx, folder, "a.bin");
  unsigned char *data;
  size_t size;
  for (size_t length = 0; length < 70000; length = length * 3 + 1) {
    char *bytes = vt_alloc_zero(ctx, length + 1, 1);
    for (size_t i = 0; i < length; i++)
      bytes[i] = (char)(i * 31);
    assert_ok(ctx, vt_write_file(ctx, path, bytes, length));
    assert_ok(ctx, vt_read_file(ctx, path, 1 << 20, &data, &size));
    assert_int_equal(size, length);
    assert_memory_equal(data, bytes, length);
    assert_int_equal(data[size], 0);
    vt_free(data);
    vt_free(bytes);
  }
  assert_fails(ctx, vt_read_file(ctx, path, 10, &data, &size), VT_ERROR_INVALID_DATA,
               "more than the 10 allowed");
  assert_fails(ctx, vt_read_file(ctx, folder, 10, &data, &size), VT_ERROR_IO, "not a regular file");
  unlink(path);
  assert_fails(ctx, vt_read_file(ctx, path, 10, &data, &size), VT_ERROR_NO_SUCH_FILE, "a.bin");
  vt_free(path);
  assert_int_equal(vt_ctx_memory_in_use(ctx), 0);
  vt_ctx_free(ctx);
}

static void test_failed_write_leaves_the_old(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  char *path = vt_path_join(ctx, folder, "missing/a.bin");
  assert_fails(ctx, vt_write_file(ctx, path, "x", 1), VT_ERROR_NO_SUCH_FILE, "missing/a.bin");
  vt_free(path);
  if (vt_file_exists("/dev/full")) {
    /* renaming onto a device is not possible either: the error comes before anything is replaced */
    assert_int_not_equal(vt_write_file(ctx, "/dev/full/x", "x", 1), VT_OK);
    vt_ctx_clear(ctx);
  }
  vt_ctx_free(ctx);
}

static void test_paths(void **unused)
{
  (void)unused;
  vt_ctx *ctx = vt_ctx_new();
  static const char *const joins[][3] = {
      {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {".", "b", "b"}, {"a", "/b", "/b"}, {"", "b", "b"}};
  for (size_t i = 0; i < VT_COUNT(joins); i++) {
    char *joined = vt_path_join(ctx, joins[i][0], joins[i][1]);
    assert_string_equal(joined, joins[i][2]);
    vt_free(joined);
  }
  char *directory = vt_path_directory(ctx, "/a");
  assert_string_equal(directory, "/");
  vt_free(directory);
  directory = vt_path_directory(ctx, "b");
  assert_string_equal(directory, ".");
  vt_free(directory);
  assert_string_equal(vt_path_name("x/y.z"), "y.z");
  vt_ctx_free(ctx);
}

static void test_sha256(void **unused)
{
  (void)unused;
  char hex[65];
  vt_sha256_hex("abc", 3, hex); /* FIPS 180-2, appendix B.1 */
  assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_write_and_read),
      cmocka_unit_test(test_failed_write_leaves_the_old),
      cmocka_unit_test(test_paths),
      cmocka_unit_test(test_sha256),
  };
  return cmocka_run_group_tests_name("base/file", tests, make_folder, remove_folder);
}
