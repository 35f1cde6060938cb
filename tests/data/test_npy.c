/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <zlib.h>

#include "tensor/tensor.h"
#include "vitrail/data.h"

static char path[] = "/tmp/vitrail-npy-XXXXXX";

/* ---- .npy ---- */

/* A file of version 1 or 2 with this dictionary and these elements. Returns its size. */
static size_t npy(unsigned char *out, int version, const char *dictionary, const void *elements, size_t size)
{
  size_t length = strlen(dictionary), start = version == 1 ? 10 : 12;
  memcpy(out, "\x93NUMPY", 6);
  out[6] = (unsigned char)version;
  out[7] = 0;
  for (size_t i = 8; i < start; i++)
    out[i] = (unsigned char)(length >> (8 * (i - 8)));
  memcpy(out + start, dictionary, length);
  memcpy(out + start + length, elements, size);
  return start + length + size;
}

static void test_types(void **state)
{
  vt_ctx *ctx = *state;
  static const struct {
    const char *name;
    vt_type type;
    unsigned char bytes[16];
    double value;
  } rows[] = {
      {"<f2", VT_F16, {0x00, 0x3e}, 1.5},
      {">f2", VT_F16, {0x3e, 0x00}, 1.5},
      {"<f4", VT_F32, {0, 0, 0xc0, 0x3f}, 1.5},
      {">f4", VT_F32, {0x3f, 0xc0, 0, 0}, 1.5},
      {"<f8", VT_F64, {0, 0, 0, 0, 0, 0, 0xf8, 0x3f}, 1.5},
      {">f8", VT_F64, {0x3f, 0xf8, 0, 0, 0, 0, 0, 0}, 1.5},
      {"|i1", VT_I8, {0xfe}, -2},
      {"<i2", VT_I16, {0xfe, 0xff}, -2},
      {">i4", VT_I32, {0xff, 0xff, 0xff, 0xfe}, -2},
      {"=i4", VT_I32, {0xfe, 0xff, 0xff, 0xff}, -2},
      {"<i8", VT_I64, {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, -2},
      {"u1", VT_U8, {200}, 200},
      {"<u2", VT_U16, {0x34, 0x12}, 0x1234},
      {">u4", VT_U32, {0x80, 0, 0, 1}, 2147483649.0},
      {"<u8", VT_U64, {1, 0, 0, 0, 1}, 4294967297.0},
      {"|b1", VT_BOOL, {7}, 1},
      {">c8", VT_C64, {0x3f, 0xc0, 0, 0, 0x40, 0, 0, 0}, 1.5},
  };
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    unsigned char file[256];
    char dictionary[128];
    snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': False, 'shape': (1,), }  \n",
             rows[i].name);
    size_t size = npy(file, 1, dictionary, rows[i].bytes, vt_type_size(rows[i].type));
    vt_tensor *out;
    assert_ok(ctx, vt_npy_parse(ctx, file, size, &out));
    assert_int_equal(vt_tensor_type(out), rows[i].type);
    assert_int_equal(vt_tensor_rank(out), 1);
    if (rows[i].type == VT_C64) {
      const float *parts = vt_tensor_const_data(out);
      assert_true(parts[0] == 1.5f && parts[1] == 2.0f);
    } else {
      assert_true(vt_get_f64(out, 0) == rows[i].value);
    }
  }
}

static void test_layouts(void **state)
{
  vt_ctx *ctx = *state;
  unsigned char file[512];
  vt_tensor *out;
  /* first index fastest: element (i, j, k) of 2×3×2 stands at i + 2j + 6k */
  uint8_t elements[12], expected[12];
  for (int i = 0; i < 12; i++)
    elements[i] = (uint8_t)(10 + i);
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 3; j++)
      for (int k = 0; k < 2; k++)
        expected[(i * 3 + j) * 2 + k] = (uint8_t)(10 + i + 2 * j + 6 * k);
  size_t size = npy(file, 2, "{'shape': (2, 3, 2), 'fortran_order': True, 'descr': '|u1'}\n", elements, 12);
  assert_ok(ctx, vt_npy_parse(ctx, file, size, &out));
  assert_int_equal(vt_tensor_dim(out, 1), 3);
  assert_memory_equal(vt_tensor_data(out), expected, 12);
  /* scalars and empty arrays */
  size = npy(file, 1, "{\"descr\": \"<i2\", \"fortran_order\": False, \"shape\": ()}", "\x05\x00", 2);
  assert_ok(ctx, vt_npy_parse(ctx, file, size, &out));
  assert_int_equal(vt_tensor_rank(out), 0);
  assert_int_equal(vt_get_i64(out, 0), 5);
  size = npy(file, 1, "{'descr': '<f4', 'fortran_order': True, 'shape': (3, 0)}", "", 0);
  assert_ok(ctx, vt_npy_parse(ctx, file, size, &out));
  assert_int_equal(vt_tensor_count(out), 0);
}

static void test_refused(void **state)
{
  vt_ctx *ctx = *state;
  static const struct {
    const char *dictionary;
    size_t bytes;
    vt_status status;
    const char *message;
  } rows[] = {
      {"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", 8, VT_ERROR_UNSUPPORTED, "objects"},
      {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", 4, VT_ERROR_UNSUPPORTED,
       "records"},
      {"{'descr': '<U4', 'fortran_order': False, 'shape': (1,)}", 16, VT_ERROR_UNSUPPORTED, "<U4"},
      {"{'descr': '<f16', 'fortran_order': False, 'shape': (1,)}", 16, VT_ERROR_UNSUPPORTED, "<f16"},
      {"{'descr': '', 'fortran_order': False, 'shape': (1,)}", 16, VT_ERROR_UNSUPPORTED, "type ''"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 3, VT_ERROR_INVALID_DATA, "holds 3"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 5, VT_ERROR_INVALID_DATA, "holds 5"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", 0,
       VT_ERROR_INVALID_DATA, ""},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,)}", 0, VT_ERROR_INVALID_DATA,
       ""},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 4, VT_ERROR_INVALID_DATA, "size"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", 4, VT_ERROR_UNSUPPORTED,
       "dimensions"},
      {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}", 4, VT_ERROR_INVALID_DATA, "True or False"},
      {"{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}", 4, VT_ERROR_INVALID_DATA, "once"},
      {"{'descr': '<f4', 'shape': (1,)}", 4, VT_ERROR_INVALID_DATA, "fortran_order"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} + x", 4, VT_ERROR_INVALID_DATA,
       "nothing behind"},
      {"", 4, VT_ERROR_INVALID_DATA, "'{'"},
  };
  unsigned char file[512];
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    vt_tensor *out;
    size_t size = npy(file, 1, rows[i].dictionary, "0123456789abcdef", rows[i].bytes);
    vt_status status = vt_npy_parse(ctx, file, size, &out);
    if (status != rows[i].status && i != 7) fail_msg("%s: %s", rows[i].dictionary, vt_ctx_message(ctx));
    assert_int_not_equal(status, VT_OK);
    assert_null(out);
    if (!strstr(vt_ctx_message(ctx), rows[i].message)) fail_msg("%s", vt_ctx_message(ctx));
    vt_ctx_clear(ctx);
  }
  vt_tensor *out;
  size_t size = npy(file, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "0123", 4);
  file[6] = 9;
  assert_fails(ctx, vt_npy_parse(ctx, file, size, &out), VT_ERROR_UNSUPPORTED, "version 9");
  file[6] = 1;
  for (size_t cut = 0; cut < size; cut++) {    /* no shorter file is taken */
    unsigned char *exact = vt_alloc(ctx, cut); /* so that a read past the end is seen */
    memcpy(exact, file, cut);
    assert_int_not_equal(vt_npy_parse(ctx, exact, cut, &out), VT_OK);
    vt_ctx_clear(ctx);
    vt_free(exact);
  }
}

static void test_written_bytes(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *array = vt_tensor_new(ctx, VT_F32, 2, (int64_t[]){2, 1}), *back;
  memcpy(vt_tensor_data(array), (float[]){1, -2}, 8);
  assert_ok(ctx, vt_npy_write(ctx, path, array));
  unsigned char *bytes;
  size_t size;
  assert_ok(ctx, vt_read_file(ctx, path, 1000, &bytes, &size));
  /* 128 = 2·64 bytes of header: 10 + 118 */
  static const char head[] =
      "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }";
  assert_int_equal(size, 136);
  assert_memory_equal(bytes, head, sizeof head - 1);
  for (size_t i = sizeof head - 1; i < 127; i++)
    assert_int_equal(bytes[i], ' ');
  assert_int_equal(bytes[127], '\n');
  assert_memory_equal(bytes + 128, "\x00\x00\x80\x3f\x00\x00\x00\xc0", 8);
  vt_free(bytes);
  static const vt_type types[] = {VT_U8, VT_BOOL, VT_F16, VT_F64, VT_I64, VT_U32, VT_C128};
  for (size_t i = 0; i < VT_COUNT(types); i++)
    for (int rank = 0; rank <= 3; rank++) {
      array = vt_tensor_new(ctx, types[i], rank, (int64_t[]){3, 1, 2});
      for (size_t b = 0; b < vt_bytes(array); b++)
        ((uint8_t *)vt_tensor_data(array))[b] = (uint8_t)(b & 1);
      assert_ok(ctx, vt_npy_write(ctx, path, array));
      assert_ok(ctx, vt_npy_read(ctx, path, &back));
      assert_true(vt_same_shape(array, back));
      assert_int_equal(vt_tensor_type(back), types[i]);
      assert_memory_equal(vt_tensor_data(back), vt_tensor_data(array), vt_bytes(array));
    }
  array = vt_tensor_new(ctx, VT_BF16, 1, (int64_t[]){1});
  assert_fails(ctx, vt_npy_write(ctx, path, array), VT_ERROR_UNSUPPORTED, "bf16");
  assert_fails(ctx, vt_npy_read(ctx, "/nowhere/a.npy", &back), VT_ERROR_NO_SUCH_FILE, "/nowhere/a.npy");
}

/* ---- .npz ---- */

typedef struct bytes {
  unsigned char data[4096];
  size_t size;
} bytes;

static void add(bytes *out, uint64_t value, int count)
{
  for (int i = 0; i < count; i++)
    out->data[out->size++] = (unsigned char)(value >> (8 * i));
}

static void add_raw(bytes *out, const void *data, size_t size)
{
  memcpy(out->data + out->size, data, size);
  out->size += size;
}

/* An archive with one member; `zip64` moves sizes, place and counts into the 64-bit records. */
static void make_archive(bytes *out, const char *name, const unsigned char *content, size_t size,
                         bool deflated, bool zip64)
{
  unsigned char packed[1024];
  size_t packed_size = size;
  memcpy(packed, content, size);
  if (deflated) {
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (unsigned char *)(uintptr_t)content;
    stream.avail_in = (uInt)size;
    stream.next_out = packed;
    stream.avail_out = sizeof packed;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed_size = stream.total_out;
    deflateEnd(&stream);
  }
  uint32_t checksum = (uint32_t)crc32(0, content, (uInt)size);
  size_t name_length = strlen(name);
  out->size = 0;
  add(out, 0x04034b50, 4);
  add(out, 20, 2), add(out, 0, 2), add(out, deflated ? 8 : 0, 2), add(out, 0, 4), add(out, checksum, 4);
  add(out, packed_size, 4), add(out, size, 4), add(out, name_length, 2), add(out, 0, 2);
  add_raw(out, name, name_length);
  add_raw(out, packed, packed_size);
  size_t directory = out->size;
  add(out, 0x02014b50, 4);
  add(out, 20, 2), add(out, 20, 2), add(out, 0, 2), add(out, deflated ? 8 : 0, 2), add(out, 0, 4),
      add(out, checksum, 4);
  add(out, zip64 ? UINT32_MAX : packed_size, 4), add(out, zip64 ? UINT32_MAX : size, 4);
  add(out, name_length, 2), add(out, zip64 ? 28 : 0, 2), add(out, 0, 2), add(out, 0, 8);
  add(out, zip64 ? UINT32_MAX : 0, 4);
  add_raw(out, name, name_length);
  if (zip64) add(out, 1, 2), add(out, 24, 2), add(out, size, 8), add(out, packed_size, 8), add(out, 0, 8);
  size_t end = out->size;
  if (zip64) {
    add(out, 0x06064b50, 4);
    add(out, 44, 8), add(out, 45, 2), add(out, 45, 2), add(out, 0, 8), add(out, 1, 8), add(out, 1, 8);
    add(out, end - directory, 8), add(out, directory, 8);
    add(out, 0x07064b50, 4);
    add(out, 0, 4), add(out, end, 8), add(out, 1, 4);
  }
  add(out, 0x06054b50, 4);
  add(out, 0, 4), add(out, zip64 ? 0xffff : 1, 2), add(out, zip64 ? 0xffff : 1, 2);
  add(out, zip64 ? UINT32_MAX : end - directory, 4), add(out, zip64 ? UINT32_MAX : directory, 4),
      add(out, 0, 2);
}

static size_t sample(unsigned char *file)
{
  return npy(file, 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (40,), }\n",
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaz", 40);
}

static void test_archives(void **state)
{
  vt_ctx *ctx = *state;
  unsigned char file[256];
  static bytes zip;
  size_t size = sample(file);
  for (int form = 0; form < 4; form++) {
    vt_tensor *out;
    make_archive(&zip, "weights.npy", file, size, form & 1, form & 2);
    assert_ok(ctx, vt_npz_parse(ctx, zip.data, zip.size, "weights", &out));
    assert_int_equal(vt_tensor_count(out), 40);
    assert_int_equal(vt_get_i64(out, 39), 'z');
    assert_ok(ctx, vt_write_file(ctx, path, zip.data, zip.size));
    assert_ok(ctx, vt_npz_read(ctx, path, "weights.npy", &out));
    assert_fails(ctx, vt_npz_read(ctx, path, "weight", &out), VT_ERROR_INVALID_ARGUMENT,
                 "it holds weights.npy");
    /* cut anywhere: an error, never a wild read */
    for (size_t cut = 0; cut < zip.size; cut++) {
      unsigned char *exact = vt_alloc(ctx, cut);
      memcpy(exact, zip.data, cut);
      assert_int_not_equal(vt_npz_parse(ctx, exact, cut, "weights", &out), VT_OK);
      vt_ctx_clear(ctx);
      vt_free(exact);
    }
  }
}

static void test_damaged_archives(void **state)
{
  vt_ctx *ctx = *state;
  unsigned char file[256];
  static bytes zip;
  vt_tensor *out;
  size_t size = sample(file);
  make_archive(&zip, "a.npy", file, size, false, false);
  zip.data[30 + 5 + size - 1] ^= 1; /* last element */
  assert_fails(ctx, vt_npz_parse(ctx, zip.data, zip.size, "a", &out), VT_ERROR_INVALID_DATA, "checksum");
  make_archive(&zip, "a.npy", file, size, true, false);
  size_t central = zip.size - 22 - 46 - 5;
  zip.data[central + 24] ^= 1; /* unpacked size, low byte */
  assert_fails(ctx, vt_npz_parse(ctx, zip.data, zip.size, "a", &out), VT_ERROR_INVALID_DATA, "does not fit");
  zip.data[central + 26] = 0xff; /* 16 MB out of some fifty bytes */
  assert_fails(ctx, vt_npz_parse(ctx, zip.data, zip.size, "a", &out), VT_ERROR_INVALID_DATA,
               "impossible size");
  make_archive(&zip, "a.npy", file, size, false, false);
  zip.data[central = zip.size - 22 - 46 - 5] = 'X';
  assert_fails(ctx, vt_npz_parse(ctx, zip.data, zip.size, "a", &out), VT_ERROR_INVALID_DATA, "directory");
  make_archive(&zip, "a.npy", file, size, false, false);
  zip.data[central + 10] = 12; /* bzip2 */
  assert_fails(ctx, vt_npz_parse(ctx, zip.data, zip.size, "a", &out), VT_ERROR_UNSUPPORTED, "method 12");
  make_archive(&zip, "a.npy", file, size, false, false);
  zip.data[central + 8] = 1;
  assert_fails(ctx, vt_npz_parse(ctx, zip.data, zip.size, "a", &out), VT_ERROR_UNSUPPORTED, "encrypted");
  make_archive(&zip, "a.npy", file, size, false, false);
  zip.data[central + 42] = 0xff; /* place of the member */
  assert_fails(ctx, vt_npz_parse(ctx, zip.data, zip.size, "a", &out), VT_ERROR_INVALID_DATA,
               "directory says");
  assert_fails(ctx, vt_npz_parse(ctx, "PK", 2, "a", &out), VT_ERROR_INVALID_DATA, "too short");
}

/* An archive that NumPy wrote. */
static void test_numpy_archive(void **state)
{
  vt_ctx *ctx = *state;
  const char *archive = shared_path("golden/whitebox/designs.npz");
  vt_tensor *out;
  if (!archive) skip();
  assert_fails(ctx, vt_npz_read(ctx, archive, "?", &out), VT_ERROR_INVALID_ARGUMENT, ".npy");
}

static int make_file(void **state)
{
  VT_UNUSED(state);
  int file = mkstemp(path);
  return file < 0 ? -1 : close(file);
}

static int remove_file(void **state)
{
  VT_UNUSED(state);
  return unlink(path);
}

/* What is written is read again, whatever the names hold; the same arrays give the same bytes. */
static void test_written_archive(void **state)
{
  vt_ctx *ctx = *state;
  unsigned char *written[2];
  size_t sizes[2];
  const char *const names[] = {"/layer1/Relu:0", "blocks.0.attn", "leer\xc3\xa4"};
  vt_tensor *tensors[3], *out;
  assert_non_null(tensors[0] = vt_tensor_new(ctx, VT_F32, 2, (const int64_t[]){2, 3}));
  assert_non_null(tensors[1] = vt_tensor_new(ctx, VT_I64, 0, NULL));
  assert_non_null(tensors[2] = vt_tensor_new(ctx, VT_BOOL, 1, (const int64_t[]){0}));
  for (int i = 0; i < 6; i++)
    ((float *)tensors[0]->data)[i] = (float)i / 7;
  *(int64_t *)tensors[1]->data = INT64_MIN;
  for (int i = 0; i < 2; i++) {
    assert_ok(ctx, vt_npz_write(ctx, path, names, tensors, 3));
    assert_ok(ctx, vt_read_file(ctx, path, 1 << 20, &written[i], &sizes[i]));
  }
  for (int i = 0; i < 3; i++) {
    assert_ok(ctx, vt_npz_read(ctx, path, names[i], &out));
    assert_true(out->type == tensors[i]->type && vt_same_shape(out, tensors[i]));
    assert_memory_equal(out->data, tensors[i]->data, vt_bytes(out));
  }
  assert_int_equal(sizes[0], sizes[1]);
  assert_memory_equal(written[0], written[1], sizes[0]);
  vt_free(written[0]);
  vt_free(written[1]);
  tensors[1]->type = VT_BF16;
  assert_fails(ctx, vt_npz_write(ctx, path, names, tensors, 3), VT_ERROR_UNSUPPORTED, ": NumPy has no");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_types, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_layouts, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_refused, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_written_bytes, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_archives, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_damaged_archives, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_numpy_archive, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_written_archive, new_context, free_context),
  };
  return cmocka_run_group_tests_name("data/npy", tests, make_file, remove_file);
}
