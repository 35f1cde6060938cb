/* SPDX-License-Identifier: Apache-2.0
 *
 * `.safetensors`: files put together by hand, everything that a header may lie about, equal bytes, and an old
 * file that survives a full disk.
 */
#include <signal.h>
#include <sys/resource.h>

#include "data/safetensors.h"
#include "folder.h"

/* A file of this header and these bytes of data, in memory of its exact size so that a read past the end is
 * seen. Free with vt_free(). */
static unsigned char *make(vt_ctx *ctx, const char *header, const void *data, size_t data_size, size_t *size)
{
  size_t length = strlen(header);
  unsigned char *out = vt_alloc_zero(ctx, 8 + length + data_size, 1);
  out[0] = (unsigned char)(length & 255);
  out[1] = (unsigned char)(length >> 8);
  memcpy(out + 8, header, length);
  memcpy(out + 8 + length, data, data_size);
  *size = 8 + length + data_size;
  return out;
}

static void test_types(void **state)
{
  vt_ctx *ctx = *state;
  static const struct {
    const char *name;
    vt_type type;
    unsigned char bytes[8];
    double value;
  } rows[] = {
      {"F64", VT_F64, {0, 0, 0, 0, 0, 0, 0xf8, 0x3f}, 1.5},
      {"F32", VT_F32, {0, 0, 0xc0, 0x3f}, 1.5},
      {"F16", VT_F16, {0x00, 0x3e}, 1.5},
      {"BF16", VT_BF16, {0xc0, 0x3f}, 1.5},
      {"I64", VT_I64, {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, -2},
      {"I32", VT_I32, {0xfe, 0xff, 0xff, 0xff}, -2},
      {"I16", VT_I16, {0xfe, 0xff}, -2},
      {"I8", VT_I8, {0xfe}, -2},
      {"U64", VT_U64, {1, 0, 0, 0, 1}, 4294967297.0},
      {"U32", VT_U32, {1, 0, 0, 0x80}, 2147483649.0},
      {"U16", VT_U16, {0x34, 0x12}, 0x1234},
      {"U8", VT_U8, {200}, 200},
      {"BOOL", VT_BOOL, {7}, 1},
      {"C64", VT_C64, {0, 0, 0xc0, 0x3f, 0, 0, 0, 0x40}, 1.5},
  };
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    char header[160];
    size_t size, bytes = vt_type_size(rows[i].type);
    snprintf(header, sizeof header, "{\"x\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,%zu]}}  ",
             rows[i].name, bytes);
    unsigned char *file = make(ctx, header, rows[i].bytes, bytes, &size);
    vt_safetensors *open;
    vt_tensor *x;
    assert_ok(ctx, vt_safetensors_parse(ctx, file, size, &open));
    assert_int_equal(vt_safetensors_count(open), 1);
    assert_ok(ctx, vt_safetensors_tensor(ctx, open, "x", &x));
    assert_int_equal(x->type, rows[i].type);
    if (rows[i].type == VT_C64)
      assert_true(((float *)x->data)[0] == 1.5f && ((float *)x->data)[1] == 2.0f);
    else
      assert_true(vt_get_f64(x, 0) == rows[i].value);
    assert_string_equal(vt_safetensors_type_name(rows[i].type), rows[i].name);
    vt_safetensors_close(open);
    vt_free(file);
  }
  assert_null(vt_safetensors_type_name(VT_C128));
  assert_null(vt_safetensors_type_name(VT_UNDEFINED));
}

/* Several tensors in an order of their own, scalars, empty ones, types that are only stored, texts. */
static void test_content(void **state)
{
  vt_ctx *ctx = *state;
  static const char header[] = "{\"b\":{\"dtype\":\"I16\",\"shape\":[2,2],\"data_offsets\":[3,11]},"
                               "\"__metadata__\":{\"format\":\"pt\",\"epoch\":\"3\"},"
                               "\"a\":{\"data_offsets\":[2,3],\"shape\":[],\"dtype\":\"U8\"},"
                               "\"empty\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[3,3]},"
                               "\"quarter\":{\"dtype\":\"F4\",\"shape\":[4],\"data_offsets\":[0,2]}}";
  size_t size;
  unsigned char *file = make(ctx, header, "\x01\x02\x07\x05\0\x06\0\x07\0\xff\xff", 11, &size);
  vt_safetensors *open;
  vt_tensor *x, shape;
  assert_ok(ctx, vt_safetensors_parse(ctx, file, size, &open));
  static const char *const names[] = {"a", "b", "empty", "quarter"};
  assert_int_equal(vt_safetensors_count(open), 4);
  for (size_t i = 0; i < 4; i++) {
    assert_string_equal(vt_safetensors_name(open, i), names[i]);
    assert_int_equal(vt_safetensors_find(open, names[i]), i);
  }
  assert_int_equal(vt_safetensors_find(open, "c"), -1);
  vt_safetensors_shape(open, 1, &shape);
  assert_true(shape.type == VT_I16 && shape.rank == 2 && shape.dims[0] == 2 && shape.dims[1] == 2);
  assert_ok(ctx, vt_safetensors_tensor(ctx, open, "a", &x));
  assert_true(x->rank == 0 && vt_get_i64(x, 0) == 7);
  assert_ok(ctx, vt_safetensors_tensor(ctx, open, "b", &x));
  for (int i = 0; i < 3; i++)
    assert_int_equal(vt_get_i64(x, i), 5 + i);
  assert_int_equal(vt_get_i64(x, 3), -1);
  assert_ok(ctx, vt_safetensors_tensor(ctx, open, "empty", &x));
  assert_true(x->dims[1] == 7 && vt_count(x) == 0);
  assert_fails(ctx, vt_safetensors_tensor(ctx, open, "quarter", &x), VT_ERROR_UNSUPPORTED, "'quarter' is F4");
  assert_fails(ctx, vt_safetensors_tensor(ctx, open, "empyt", &x), VT_ERROR_INVALID_ARGUMENT,
               "did you mean 'empty'");
  assert_int_equal(vt_safetensors_metadata_count(open), 2);
  const char *key, *value;
  vt_safetensors_metadata(open, 0, &key, &value);
  assert_string_equal(key, "epoch");
  assert_string_equal(value, "3");
  assert_string_equal(vt_safetensors_metadata_get(open, "format"), "pt");
  assert_null(vt_safetensors_metadata_get(open, "form"));
  /* into memory that is there */
  int16_t values[4] = {0};
  vt_tensor *target = vt_tensor_borrow(ctx, VT_I16, 2, (int64_t[]){2, 2}, values);
  assert_ok(ctx, vt_safetensors_fill(ctx, open, "b", target));
  assert_true(values[0] == 5 && values[3] == -1);
  target = vt_tensor_borrow(ctx, VT_I16, 1, (int64_t[]){4}, values);
  assert_fails(ctx, vt_safetensors_fill(ctx, open, "b", target), VT_ERROR_INVALID_DATA,
               "'b' is i16[2,2], wanted is i16[4]");
  vt_safetensors_close(open);
  vt_free(file);
}

#define ONE(dtype, shape, from, to)                                                                          \
  "{\"x\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" #from "," #to "]}}"
#define TWO(from, to, from2, to2)                                                                            \
  "{\"x\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" #from "," #to                                  \
  "]},\"y\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" #from2 "," #to2 "]}}"

static void test_refused(void **state)
{
  vt_ctx *ctx = *state;
  static const struct {
    const char *header;
    size_t bytes;
    vt_status status;
    const char *message;
  } rows[] = {
      {ONE("F32", "[2]", 0, 8), 7, VT_ERROR_INVALID_DATA, "'x' ends at byte 8 of 7"},
      {ONE("F32", "[2]", 0, 8), 9, VT_ERROR_INVALID_DATA, "end at byte 8, the data at byte 9"},
      {ONE("F32", "[2]", 0, 7), 7, VT_ERROR_INVALID_DATA, "'x' is F32[2], which does not fill its 7 bytes"},
      {ONE("F32", "[3]", 0, 8), 8, VT_ERROR_INVALID_DATA, "does not fill its 8"},
      {ONE("F32", "[2]", 1, 9), 9, VT_ERROR_INVALID_DATA, "'x' begins at byte 1, after a hole from 0"},
      {ONE("F32", "[2]", 8, 0), 8, VT_ERROR_INVALID_DATA, "rise"},
      {ONE("F32", "[2]", -8, 0), 8, VT_ERROR_INVALID_DATA, "0 or more"},
      {ONE("F32", "[2]", 0, 8.0), 8, VT_ERROR_INVALID_DATA, "two integers"},
      {ONE("F32", "[2]", 0, 99999999999999999999), 8, VT_ERROR_INVALID_DATA, "too big"},
      {ONE("F4", "[3]", 0, 1), 1, VT_ERROR_INVALID_DATA, "F4[3]"},
      {ONE("F32", "[-1]", 0, 8), 8, VT_ERROR_INVALID_DATA, "0 and up"},
      {ONE("F32", "[2.0]", 0, 8), 8, VT_ERROR_INVALID_DATA, "integers"},
      {ONE("F32", "2", 0, 8), 8, VT_ERROR_INVALID_DATA, "list of sizes"},
      {ONE("U8", "[4294967296,4294967296]", 0, 0), 0, VT_ERROR_INVALID_DATA, "[4294967296,4294967296]"},
      {ONE("F64", "[2305843009213693952]", 0, 0), 0, VT_ERROR_INVALID_DATA, "does not fill"},
      {ONE("F32", "[1,1,1,1,1,1,1,1,1]", 0, 4), 4, VT_ERROR_UNSUPPORTED, "'x' has 9 dimensions"},
      {ONE("Q32", "[1]", 0, 4), 4, VT_ERROR_UNSUPPORTED, "'x' has the unknown type 'Q32'"},
      {TWO(0, 4, 3, 7), 7, VT_ERROR_INVALID_DATA, "'y' begins at byte 3, inside the one that ends at 4"},
      {TWO(0, 4, 0, 4), 4, VT_ERROR_INVALID_DATA, "'y' begins at byte 0, inside"},
      {TWO(5, 9, 0, 4), 9, VT_ERROR_INVALID_DATA, "'x' begins at byte 5, after a hole from 4"},
      {"{\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},"
       "\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
       0, VT_ERROR_INVALID_DATA, "duplicate"},
      {"{\"x\":{\"dtype\":\"U8\",\"shape\":[0]}}", 0, VT_ERROR_INVALID_DATA, "are needed"},
      {"{\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"more\":1}}", 0, VT_ERROR_INVALID_DATA,
       "nothing else"},
      {"{\"x\":[]}", 0, VT_ERROR_INVALID_DATA, "'x'"},
      {"{\"x\":{\"dtype\":1,\"shape\":[0],\"data_offsets\":[0,0]}}", 0, VT_ERROR_INVALID_DATA, "a text"},
      {"{\"__metadata__\":{\"epoch\":3}}", 0, VT_ERROR_INVALID_DATA, "'epoch', which is no text"},
      {"{\"__metadata__\":[]}", 0, VT_ERROR_INVALID_DATA, "an object"},
      {"{\"a\\u0000b\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, VT_ERROR_INVALID_DATA,
       ""},
      {" {}", 0, VT_ERROR_INVALID_DATA, "begin with '{'"},
      {"[]", 0, VT_ERROR_INVALID_DATA, "begin with '{'"},
      {"{}}", 0, VT_ERROR_INVALID_DATA, "no JSON"},
      {"{", 0, VT_ERROR_INVALID_DATA, "header of 1 bytes"},
  };
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    size_t size;
    unsigned char *file = make(ctx, rows[i].header, "0123456789", rows[i].bytes, &size);
    vt_safetensors *open;
    vt_status status = vt_safetensors_parse(ctx, file, size, &open);
    if (status != rows[i].status || !strstr(vt_ctx_message(ctx), rows[i].message))
      fail_msg("%s: %s", rows[i].header, vt_ctx_message(ctx));
    assert_null(open);
    vt_ctx_clear(ctx);
    vt_free(file);
  }
  /* no shorter file is taken, and no longer one */
  size_t size;
  unsigned char *whole = make(ctx, ONE("U8", "[3]", 0, 3), "abc", 3, &size);
  for (size_t cut = 0; cut < size; cut++) {
    unsigned char *exact = vt_alloc(ctx, cut);
    memcpy(exact, whole, cut);
    vt_safetensors *open;
    assert_int_equal(vt_safetensors_parse(ctx, exact, cut, &open), VT_ERROR_INVALID_DATA);
    vt_ctx_clear(ctx);
    vt_free(exact);
  }
  /* lengths of the header that no file has */
  static const unsigned char lengths[][8] = {
      {0, 0, 0, 0, 0, 0, 0, 0x80}, {255, 255, 255, 255, 255, 255, 255, 255}, {0, 0, 0, 0, 1}, {0}};
  for (size_t i = 0; i < VT_COUNT(lengths); i++) {
    vt_safetensors *open;
    memcpy(whole, lengths[i], 8);
    assert_fails(ctx, vt_safetensors_parse(ctx, whole, size, &open), VT_ERROR_INVALID_DATA, "header of");
  }
  vt_free(whole);
  size_t large = (size_t)17 << 20;
  unsigned char *huge = vt_alloc_zero(ctx, large, 1);
  huge[3] = 1; /* 16 MiB and a little */
  huge[0] = 1;
  vt_safetensors *open;
  assert_fails(ctx, vt_safetensors_parse(ctx, huge, large, &open), VT_ERROR_INVALID_DATA, "up to 16777216");
  vt_free(huge);
}

static vt_tensor *counted(vt_ctx *ctx, vt_type type, int rank, const int64_t *dims)
{
  vt_tensor *tensor = vt_tensor_new(ctx, type, rank, dims);
  for (size_t i = 0; i < vt_bytes(tensor); i++)
    ((uint8_t *)tensor->data)[i] = (uint8_t)(i % 2);
  return tensor;
}

static void test_write(void **state)
{
  vt_ctx *ctx = *state;
  const char *path = path_of("w.safetensors");
  vt_tensor *w = counted(ctx, VT_F32, 2, (int64_t[]){3, 5}), *step = counted(ctx, VT_I64, 0, NULL),
            *mask = counted(ctx, VT_BOOL, 1, (int64_t[]){3}), *none = counted(ctx, VT_F16, 1, (int64_t[]){0});
  unsigned char *first, *second;
  size_t size, size2;
  assert_ok(ctx, vt_safetensors_write(ctx, path, (const char *[]){"w\"\xc3\xa9", "mask", "step", "none"},
                                      (vt_tensor *[]){w, mask, step, none}, 4,
                                      (const char *[]){"seed", "7", "format", "pt", NULL}));
  assert_ok(ctx, vt_read_file(ctx, path, 1 << 20, &first, &size));
  assert_ok(ctx, vt_safetensors_write(ctx, path, (const char *[]){"step", "none", "mask", "w\"\xc3\xa9"},
                                      (vt_tensor *[]){step, none, mask, w}, 4,
                                      (const char *[]){"format", "pt", "seed", "7", NULL}));
  assert_ok(ctx, vt_read_file(ctx, path, 1 << 20, &second, &size2));
  assert_int_equal(size, size2);
  assert_memory_equal(first, second, size);
  size_t header = first[0] | (size_t)first[1] << 8;
  assert_int_equal((8 + header) % 64, 0);
  assert_int_equal(size, 8 + header + 8 + 60 + 3);
  static const char expected[] =
      "{\"__metadata__\":{\"format\":\"pt\",\"seed\":\"7\"},"
      "\"step\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
      "\"w\\\"\xc3\xa9\":{\"dtype\":\"F32\",\"shape\":[3,5],\"data_offsets\":[8,68]},"
      "\"none\":{\"dtype\":\"F16\",\"shape\":[0],\"data_offsets\":[68,68]},"
      "\"mask\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[68,71]}} ";
  assert_memory_equal(first + 8, expected, sizeof expected - 1);
  vt_free(first);
  vt_free(second);
  vt_safetensors *open;
  vt_tensor *back;
  assert_ok(ctx, vt_safetensors_open(ctx, path, &open));
  assert_ok(ctx, vt_safetensors_tensor(ctx, open, "w\"\xc3\xa9", &back));
  assert_true(vt_same_shape(back, w));
  assert_memory_equal(back->data, w->data, 60);
  assert_int_equal((uintptr_t)back->data % 64, 0);
  assert_string_equal(vt_safetensors_metadata_get(open, "seed"), "7");
  /* cut while it is open */
  assert_int_equal(truncate(path, (off_t)size - 2), 0);
  assert_fails(ctx, vt_safetensors_tensor(ctx, open, "mask", &back), VT_ERROR_INVALID_DATA, "cut short");
  vt_safetensors_close(open);
  assert_fails(ctx, vt_safetensors_open(ctx, path, &open), VT_ERROR_INVALID_DATA, "w.safetensors: damaged");
  assert_fails(ctx, vt_safetensors_open(ctx, folder, &open), VT_ERROR_IO, "not a regular file");
  assert_fails(ctx, vt_safetensors_open(ctx, path_of("absent"), &open), VT_ERROR_NO_SUCH_FILE, "absent");
  /* an empty file of tensors is a file */
  assert_ok(ctx, vt_safetensors_write(ctx, path, NULL, NULL, 0, NULL));
  assert_ok(ctx, vt_safetensors_open(ctx, path, &open));
  assert_int_equal(vt_safetensors_count(open), 0);
  vt_safetensors_close(open);
}

static void test_write_refused(void **state)
{
  vt_ctx *ctx = *state;
  const char *path = path_of("refused.safetensors");
  vt_tensor *a = counted(ctx, VT_F32, 1, (int64_t[]){2}), *wide = counted(ctx, VT_C128, 1, (int64_t[]){1}),
            *byte = counted(ctx, VT_U8, 1, (int64_t[]){2}),
            *last = counted(ctx, VT_F32, 3, (int64_t[]){1, 2, 2});
  last->layout = VT_STORED_CHANNELS_LAST;
  assert_fails(ctx,
               vt_safetensors_write(ctx, path, (const char *[]){"a", "a"}, (vt_tensor *[]){a, byte}, 2, NULL),
               VT_ERROR_INVALID_ARGUMENT, "two tensors named 'a'");
  assert_fails(ctx, vt_safetensors_write(ctx, path, (const char *[]){"a"}, &wide, 1, NULL),
               VT_ERROR_UNSUPPORTED, "c128");
  assert_fails(ctx, vt_safetensors_write(ctx, path, (const char *[]){"__metadata__"}, &a, 1, NULL),
               VT_ERROR_INVALID_ARGUMENT, "__metadata__");
  assert_fails(ctx, vt_safetensors_write(ctx, path, (const char *[]){"\xff"}, &a, 1, NULL),
               VT_ERROR_INVALID_ARGUMENT, "refused.safetensors: no tensor can be named");
  assert_fails(ctx, vt_safetensors_write(ctx, path, (const char *[]){"a"}, &last, 1, NULL),
               VT_ERROR_INVALID_ARGUMENT, "channels-last");
  assert_fails(ctx,
               vt_safetensors_write(ctx, path, (const char *[]){"a"}, &a, 1,
                                    (const char *[]){"k", "1", "k", "2", NULL}),
               VT_ERROR_INVALID_ARGUMENT, "'k' given twice");
  assert_fails(
      ctx, vt_safetensors_write(ctx, path, (const char *[]){"a"}, &a, 1, (const char *[]){"k", "\xff", NULL}),
      VT_ERROR_INVALID_ARGUMENT, "not UTF-8");
  assert_false(vt_file_exists(path));
  assert_fails(ctx, vt_safetensors_write(ctx, path_of("absent/a"), (const char *[]){"a"}, &a, 1, NULL),
               VT_ERROR_NO_SUCH_FILE, "absent/a");
}

/* A limit on the size of files stands for a full disk: the write fails half-way through the tensor. */
static void test_full_disk(void **state)
{
  vt_ctx *ctx = *state;
  const char *path = path_of("checkpoint.safetensors");
  vt_tensor *small = counted(ctx, VT_U8, 1, (int64_t[]){5}),
            *large = counted(ctx, VT_U8, 1, (int64_t[]){1 << 20});
  assert_ok(ctx, vt_safetensors_write(ctx, path, (const char *[]){"x"}, &small, 1, NULL));
  struct rlimit before, limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  limit = before;
  limit.rlim_cur = 1 << 16;
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  vt_status status = vt_safetensors_write(ctx, path, (const char *[]){"x"}, &large, 1, NULL);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, handler);
  assert_int_equal(status, VT_ERROR_IO);
  assert_non_null(strstr(vt_ctx_message(ctx), "checkpoint.safetensors"));
  vt_ctx_clear(ctx);
  vt_safetensors *open;
  vt_tensor *back;
  assert_ok(ctx, vt_safetensors_open(ctx, path, &open));
  assert_ok(ctx, vt_safetensors_tensor(ctx, open, "x", &back));
  assert_memory_equal(back->data, small->data, 5);
  vt_safetensors_close(open);
  int files = 0; /* nothing half-written stays behind */
  GDir *list = g_dir_open(folder, 0, NULL);
  for (const char *name; (name = g_dir_read_name(list));)
    files += strstr(name, ".tmp") != NULL;
  g_dir_close(list);
  assert_int_equal(files, 0);
}

/* A tensor that the limit on memory forbids is an error, and the file stays usable. */
static void test_memory_limit(void **state)
{
  vt_ctx *ctx = *state;
  const char *path = path_of("big.safetensors");
  vt_tensor *big = counted(ctx, VT_U8, 1, (int64_t[]){1 << 20}), *back;
  assert_ok(ctx, vt_safetensors_write(ctx, path, (const char *[]){"big"}, &big, 1, NULL));
  vt_ctx *narrow = vt_ctx_new();
  vt_ctx_set_max_memory(narrow, 1 << 18);
  vt_safetensors *open;
  assert_ok(narrow, vt_safetensors_open(narrow, path, &open));
  assert_fails(narrow, vt_safetensors_tensor(narrow, open, "big", &back), VT_ERROR_OUT_OF_MEMORY,
               "big.safetensors: tensor 'big'");
  assert_null(back);
  vt_safetensors_close(open);
  vt_tensor_release(narrow, 0);
  assert_true(vt_ctx_memory_in_use(narrow) < 512); /* the context's own list of tensors */
  vt_ctx_free(narrow);
}

/* Each allocation refused in turn. */
static void test_every_allocation(void **state)
{
  VT_UNUSED(state);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  long n = 0;
  uint8_t values[4] = {1, 2, 3, 4};
  while (status != VT_OK) {
    vt_ctx *ctx = vt_ctx_new();
    const char *path = path_of("allocation.safetensors");
    vt_tensor *x = vt_tensor_borrow(ctx, VT_U8, 1, (int64_t[]){4}, values), *back;
    vt_safetensors *open = NULL;
    vt_ctx_fail_allocation(ctx, ++n);
    status = vt_safetensors_write(ctx, path, (const char *[]){"x"}, &x, 1, (const char *[]){"k", "v", NULL});
    if (status == VT_OK) status = vt_safetensors_open(ctx, path, &open);
    if (status == VT_OK) status = vt_safetensors_tensor(ctx, open, "x", &back);
    if (status != VT_OK && status != VT_ERROR_OUT_OF_MEMORY) fail_msg("%ld: %s", n, vt_ctx_message(ctx));
    vt_safetensors_close(open);
    vt_ctx_free(ctx);
    assert_true(n < 200);
  }
  assert_true(n > 8);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_types, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_content, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_refused, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_write, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_write_refused, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_full_disk, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_memory_limit, new_context, free_context),
      cmocka_unit_test(test_every_allocation),
  };
  return cmocka_run_group_tests_name("data/safetensors", tests, make_folder, remove_folder);
}
