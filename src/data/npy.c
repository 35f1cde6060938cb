/* SPDX-License-Identifier: Apache-2.0
 *
 * NumPy's `.npy`: magic, version, length of the header, a Python dictionary literal with descr, fortran_order
 * and shape, then the raw elements. Format: numpy.lib.format, versions 1.0 (16-bit header length), 2.0
 * and 3.0 (32-bit).
 */
#include "vitrail/data.h"

#include "data/npy.h"
#include "tensor/tensor.h"

enum { MAGIC_SIZE = 6, MAX_HEADER = 1 << 20, ALIGN = 64 };

/* To read one more element type: a line here. `kind` is the letter of NumPy's type string. */
static const struct {
  char kind;
  int size;
  vt_type type;
} type_rows[] = {
    {'f', 2, VT_F16}, {'f', 4, VT_F32},  {'f', 8, VT_F64}, {'i', 1, VT_I8},    {'i', 2, VT_I16},
    {'i', 4, VT_I32}, {'i', 8, VT_I64},  {'u', 1, VT_U8},  {'u', 2, VT_U16},   {'u', 4, VT_U32},
    {'u', 8, VT_U64}, {'b', 1, VT_BOOL}, {'c', 8, VT_C64}, {'c', 16, VT_C128},
};

typedef struct header {
  vt_type type;
  bool big_endian, fortran, has_type, has_order, has_shape;
  int rank;
  int64_t dims[VT_MAX_RANK];
} header;

/* A walk over the dictionary literal; `at` never passes `end`. */
typedef struct cursor {
  vt_ctx *ctx;
  const char *at, *end;
} cursor;

static vt_status malformed(cursor *text, const char *expected)
{
  return vt_fail(text->ctx, VT_ERROR_INVALID_DATA, "damaged .npy header: %s expected", expected);
}

static char peek(cursor *text)
{
  while (text->at < text->end && (*text->at == ' ' || *text->at == '\t' || *text->at == '\n'))
    text->at++;
  return text->at < text->end ? *text->at : 0;
}

static bool take(cursor *text, char wanted)
{
  if (peek(text) != wanted) return false;
  text->at++;
  return true;
}

/* A quoted string of at most 63 plain characters. */
static vt_status take_string(cursor *text, char out[64])
{
  char quote = peek(text);
  if (quote != '\'' && quote != '"') return malformed(text, "a quoted string");
  text->at++;
  size_t length = 0;
  while (text->at < text->end && *text->at != quote) {
    if (length == 63) return malformed(text, "a short string");
    out[length++] = *text->at++;
  }
  if (text->at == text->end) return malformed(text, "an end of the string");
  text->at++;
  out[length] = 0;
  return VT_OK;
}

static vt_status read_type(cursor *text, header *head)
{
  char name[64];
  if (peek(text) == '[')
    return vt_fail(text->ctx, VT_ERROR_UNSUPPORTED,
                   ".npy with records (a structured type): save each field as an array of its own");
  VT_TRY(take_string(text, name));
  const char *kind = name;
  if (*kind == '<' || *kind == '>' || *kind == '|' || *kind == '=') head->big_endian = *kind++ == '>';
  int64_t size;
  if (*kind == 'O')
    return vt_fail(
        text->ctx, VT_ERROR_UNSUPPORTED,
        ".npy of Python objects (type '%s') is never read: it would run code; save numbers instead", name);
  if (*kind && vt_parse_integer(kind + 1, &size))
    for (size_t i = 0; i < VT_COUNT(type_rows); i++)
      if (type_rows[i].kind == *kind && type_rows[i].size == size) {
        head->type = type_rows[i].type;
        return VT_OK;
      }
  return vt_fail(text->ctx, VT_ERROR_UNSUPPORTED,
                 ".npy of type '%s': f2 f4 f8, i1 i2 i4 i8, u1 u2 u4 u8, b1, c8 and c16 are read", name);
}

static vt_status read_order(cursor *text, header *head)
{
  static const char *const words[] = {"False", "True"};
  peek(text);
  for (int i = 0; i < 2; i++) {
    size_t length = strlen(words[i]);
    if ((size_t)(text->end - text->at) >= length && memcmp(text->at, words[i], length) == 0) {
      text->at += length;
      head->fortran = i == 1;
      return VT_OK;
    }
  }
  return malformed(text, "True or False for fortran_order");
}

static vt_status read_shape(cursor *text, header *head)
{
  if (!take(text, '(')) return malformed(text, "a tuple for shape");
  while (!take(text, ')')) {
    if (head->rank == VT_MAX_RANK)
      return vt_fail(text->ctx, VT_ERROR_UNSUPPORTED, ".npy with more than %d dimensions", VT_MAX_RANK);
    char digit = peek(text);
    if (digit < '0' || digit > '9') return malformed(text, "a size");
    int64_t size = 0;
    while (text->at < text->end && *text->at >= '0' && *text->at <= '9') {
      if (size > (INT64_MAX - 9) / 10) return malformed(text, "a size below 2^63");
      size = size * 10 + (*text->at++ - '0');
    }
    head->dims[head->rank++] = size;
    if (!take(text, ',') && peek(text) != ')') return malformed(text, "',' or ')' in shape");
  }
  return VT_OK;
}

static vt_status read_header(cursor *text, header *head)
{
  if (!take(text, '{')) return malformed(text, "'{'");
  while (!take(text, '}')) {
    char key[64];
    VT_TRY(take_string(text, key));
    if (!take(text, ':')) return malformed(text, "':'");
    bool *seen = strcmp(key, "descr") == 0           ? &head->has_type
                 : strcmp(key, "fortran_order") == 0 ? &head->has_order
                 : strcmp(key, "shape") == 0         ? &head->has_shape
                                                     : NULL;
    if (!seen || *seen) return malformed(text, "each of descr, fortran_order and shape once");
    *seen = true;
    VT_TRY(seen == &head->has_type    ? read_type(text, head)
           : seen == &head->has_order ? read_order(text, head)
                                      : read_shape(text, head));
    if (!take(text, ',') && peek(text) != '}') return malformed(text, "',' or '}'");
  }
  if (peek(text) != 0) return malformed(text, "nothing behind '}'");
  if (!head->has_type || !head->has_order || !head->has_shape)
    return malformed(text, "descr, fortran_order and shape");
  return VT_OK;
}

static void swap_bytes(unsigned char *data, size_t count, size_t size)
{
  for (size_t i = 0; i < count; i++, data += size)
    for (size_t a = 0, b = size - 1; a < b; a++, b--) {
      unsigned char byte = data[a];
      data[a] = data[b];
      data[b] = byte;
    }
}

/* Elements stored with the first index running fastest, to row-major. */
static void from_fortran(const vt_tensor *array, const unsigned char *source)
{
  size_t size = vt_type_size(array->type);
  int64_t index[VT_MAX_RANK] = {0}, stride[VT_MAX_RANK], step = 1, from = 0;
  for (int axis = 0; axis < array->rank; axis++) {
    stride[axis] = step;
    step *= array->dims[axis];
  }
  unsigned char *target = array->data;
  for (int64_t i = 0, count = vt_count(array); i < count; i++, target += size) {
    memcpy(target, source + (size_t)from * size, size);
    for (int axis = array->rank - 1; axis >= 0; axis--) {
      from += stride[axis];
      if (++index[axis] < array->dims[axis]) break;
      from -= index[axis] * stride[axis];
      index[axis] = 0;
    }
  }
}

vt_status vt_npy_parse(vt_ctx *ctx, const void *bytes, size_t size, vt_tensor **out)
{
  *out = NULL;
  const unsigned char *data = bytes;
  if (size < MAGIC_SIZE + 4 || memcmp(data, "\x93NUMPY", MAGIC_SIZE) != 0)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "no .npy file: the first bytes are not those of NumPy's format");
  int version = data[6];
  if (version < 1 || version > 3)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED, ".npy version %d: 1, 2 and 3 are read", version);
  size_t start = version == 1 ? 10 : 12, length = data[8] | (size_t)data[9] << 8;
  if (version > 1 && size >= start) length |= (size_t)data[10] << 16 | (size_t)data[11] << 24;
  if (size < start || length > size - start || length > MAX_HEADER)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "damaged .npy: a header of %zu bytes in a file of %zu", length,
                   size);
  header head = {0};
  cursor text = {ctx, (const char *)data + start, (const char *)data + start + length};
  VT_TRY(read_header(&text, &head));
  vt_tensor *array = vt_tensor_empty(ctx);
  if (!array) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_tensor_set_shape(ctx, array, head.type, head.rank, head.dims);
  if (status == VT_ERROR_OUT_OF_MEMORY) status = vt_fail_restate(ctx, VT_ERROR_INVALID_DATA);
  VT_TRY(status);
  size_t stored = size - start - length;
  if (vt_bytes(array) != stored) {
    char shape[160];
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "damaged .npy: %s needs %zu bytes, the file holds %zu",
                   vt_shape_text(array, shape), vt_bytes(array), stored);
  }
  VT_TRY(vt_tensor_allocate(ctx, array));
  const unsigned char *elements = data + start + length;
  if (head.fortran && head.rank > 1)
    from_fortran(array, elements);
  else if (stored)
    memcpy(array->data, elements, stored);
  size_t count = (size_t)vt_count(array), width = vt_type_size(head.type);
  if (head.big_endian) {
    bool complex = head.type == VT_C64 || head.type == VT_C128;
    swap_bytes(array->data, complex ? 2 * count : count, complex ? width / 2 : width);
  }
  if (head.type == VT_BOOL)
    for (size_t i = 0; i < count; i++)
      ((uint8_t *)array->data)[i] = ((uint8_t *)array->data)[i] != 0;
  *out = array;
  return VT_OK;
}

vt_status vt_npy_read(vt_ctx *ctx, const char *path, vt_tensor **out)
{
  unsigned char *bytes;
  size_t size;
  *out = NULL;
  VT_TRY(vt_read_file(ctx, path, SIZE_MAX / 4, &bytes, &size));
  vt_status status = vt_npy_parse(ctx, bytes, size, out);
  if (status != VT_OK) vt_fail_prefix(ctx, "%s", path);
  vt_free(bytes);
  return status;
}

vt_status vt_npy_text(vt_ctx *ctx, const vt_tensor *tensor, vt_text *out)
{
  size_t row = 0;
  while (row < VT_COUNT(type_rows) && type_rows[row].type != tensor->type)
    row++;
  if (row == VT_COUNT(type_rows))
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "NumPy has no type for %s; cast the array first",
                   vt_type_name(tensor->type));
  vt_text file = {0};
  vt_text_add_bytes(ctx, &file, "\x93NUMPY\x01\x00\x00\x00", 10);
  vt_text_addf(ctx, &file, "{'descr': '%c%c%d', 'fortran_order': False, 'shape': (",
               type_rows[row].size > 1 ? '<' : '|', type_rows[row].kind, type_rows[row].size);
  for (int axis = 0; axis < tensor->rank; axis++)
    vt_text_addf(ctx, &file, axis ? ", %lld" : "%lld", (long long)tensor->dims[axis]);
  vt_text_add(ctx, &file, tensor->rank == 1 ? ",), }" : "), }");
  while (!file.failed && (file.length + 1) % ALIGN)
    vt_text_add(ctx, &file, " ");
  vt_text_add(ctx, &file, "\n");
  if (!file.failed) {
    size_t length = file.length - 10;
    file.data[8] = (char)(length & 255);
    file.data[9] = (char)(length >> 8);
    vt_text_add_bytes(ctx, &file, tensor->data, vt_bytes(tensor));
  }
  *out = file;
  return file.failed ? vt_ctx_status(ctx) : VT_OK;
}

vt_status vt_npy_write(vt_ctx *ctx, const char *path, const vt_tensor *tensor)
{
  vt_text file = {0};
  vt_status status = vt_npy_text(ctx, tensor, &file);
  if (status == VT_ERROR_UNSUPPORTED) vt_fail_prefix(ctx, "%s", path);
  if (status == VT_OK) status = vt_write_file(ctx, path, file.data, file.length);
  vt_text_free(&file);
  return status;
}
