/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading `.safetensors`. The header alone decides what is allocated, so all of it is checked against the
 * size of the file first. Elements are read and not mapped: a mapped file that another process cuts short
 * would kill this one.
 */
#include "data/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LENGTH_BYTES = 8, MAX_HEADER = 16 << 20 };

typedef struct entry {
  char *name; /* owned */
  const char *dtype;
  vt_type type; /* VT_UNDEFINED: in the format, not in vitrail */
  int rank;
  int64_t dims[VT_MAX_RANK];
  size_t begin, end; /* in the data section */
} entry;

typedef struct text_pair {
  char *key, *value; /* owned */
} text_pair;

struct vt_safetensors {
  char *path;                 /* for messages */
  int descriptor;             /* −1: bytes in memory */
  const unsigned char *bytes; /* borrowed */
  size_t data_start, data_size;
  entry *entries;   /* by name */
  text_pair *texts; /* by key */
  size_t count, text_count;
};

/* To read one more element type: a line here. */
static const struct {
  const char *name;
  int bits;
  vt_type type;
} type_rows[] = {
    {"F64", 64, VT_F64},          {"F32", 32, VT_F32},
    {"F16", 16, VT_F16},          {"BF16", 16, VT_BF16},
    {"I64", 64, VT_I64},          {"I32", 32, VT_I32},
    {"I16", 16, VT_I16},          {"I8", 8, VT_I8},
    {"U64", 64, VT_U64},          {"U32", 32, VT_U32},
    {"U16", 16, VT_U16},          {"U8", 8, VT_U8},
    {"BOOL", 8, VT_BOOL},         {"C64", 64, VT_C64},
    {"F8_E4M3", 8, VT_UNDEFINED}, {"F8_E5M2", 8, VT_UNDEFINED},
    {"F8_E8M0", 8, VT_UNDEFINED}, {"F6_E2M3", 6, VT_UNDEFINED},
    {"F6_E3M2", 6, VT_UNDEFINED}, {"F4", 4, VT_UNDEFINED},
};

const char *vt_safetensors_type_name(vt_type type)
{
  for (size_t i = 0; type != VT_UNDEFINED && i < VT_COUNT(type_rows); i++)
    if (type_rows[i].type == type) return type_rows[i].name;
  return NULL;
}

/* ---- header ---- */

static vt_status wrong(vt_ctx *ctx, const char *name, const char *what)
{
  return vt_fail(ctx, VT_ERROR_INVALID_DATA, "damaged .safetensors: tensor '%.120s': %s", name, what);
}

static vt_status read_type(vt_ctx *ctx, const json_t *value, entry *out, int *bits)
{
  const char *word = json_string_value(value);
  if (!word) return wrong(ctx, out->name, "\"dtype\" must be a text");
  for (size_t i = 0; i < VT_COUNT(type_rows); i++)
    if (strcmp(type_rows[i].name, word) == 0) {
      out->dtype = type_rows[i].name;
      out->type = type_rows[i].type;
      *bits = type_rows[i].bits;
      return VT_OK;
    }
  return vt_fail(ctx, VT_ERROR_UNSUPPORTED, ".safetensors: tensor '%.120s' has the unknown type '%.32s'",
                 out->name, word);
}

static vt_status read_shape(vt_ctx *ctx, const json_t *value, entry *out)
{
  if (!json_is_array(value)) return wrong(ctx, out->name, "\"shape\" must be a list of sizes");
  size_t rank = json_array_size(value);
  if (rank > VT_MAX_RANK)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED,
                   ".safetensors: tensor '%.120s' has %zu dimensions; up to %d are read", out->name, rank,
                   VT_MAX_RANK);
  for (size_t axis = 0; axis < rank; axis++) {
    const json_t *size = json_array_get(value, axis);
    if (!json_is_integer(size) || json_integer_value(size) < 0)
      return wrong(ctx, out->name, "\"shape\" must be a list of integers, 0 and up");
    out->dims[axis] = json_integer_value(size);
  }
  out->rank = (int)rank;
  return VT_OK;
}

/* Bytes that shape and type need; false when no memory holds them. */
static bool needed_bytes(const entry *tensor, int bits, size_t *out)
{
  size_t count = 1, total;
  for (int axis = 0; axis < tensor->rank; axis++) /* an empty tensor may have any other size */
    if (tensor->dims[axis] == 0) count = 0;
  for (int axis = 0; axis < tensor->rank; axis++)
    if (!vt_size_mul(count, (size_t)tensor->dims[axis], &count)) return false;
  if (!vt_size_mul(count, (size_t)bits, &total) || total % 8 != 0) return false;
  *out = total / 8;
  return true;
}

static vt_status read_offsets(vt_ctx *ctx, const json_t *value, int bits, size_t data_size, entry *out)
{
  const json_t *begin = json_array_get(value, 0), *end = json_array_get(value, 1);
  if (json_array_size(value) != 2 || !json_is_integer(begin) || !json_is_integer(end))
    return wrong(ctx, out->name, "\"data_offsets\" must be two integers");
  json_int_t from = json_integer_value(begin), to = json_integer_value(end);
  if (from < 0 || to < from) return wrong(ctx, out->name, "\"data_offsets\" must be 0 or more and rise");
  if ((uint64_t)to > data_size)
    return vt_fail(
        ctx, VT_ERROR_INVALID_DATA,
        "damaged .safetensors: tensor '%.120s' ends at byte %lld of %zu; the file may be cut short",
        out->name, (long long)to, data_size);
  out->begin = (size_t)from;
  out->end = (size_t)to;
  size_t needed;
  if (!needed_bytes(out, bits, &needed) || needed != out->end - out->begin) {
    vt_text shape = {0};
    for (int axis = 0; axis < out->rank; axis++)
      vt_text_addf(ctx, &shape, axis ? ",%lld" : "%lld", (long long)out->dims[axis]);
    vt_status status =
        vt_fail(ctx, VT_ERROR_INVALID_DATA,
                "damaged .safetensors: tensor '%.120s' is %s[%s], which does not fill its %zu bytes",
                out->name, out->dtype, shape.data ? shape.data : "", out->end - out->begin);
    vt_text_free(&shape);
    return status;
  }
  return VT_OK;
}

static vt_status read_entry(vt_ctx *ctx, const char *name, const json_t *value, size_t data_size, entry *out)
{
  out->name = vt_strdup(ctx, name);
  if (!out->name) return VT_ERROR_OUT_OF_MEMORY;
  const json_t *dtype = json_object_get(value, "dtype"), *shape = json_object_get(value, "shape"),
               *offsets = json_object_get(value, "data_offsets");
  if (!dtype || !shape || !offsets || json_object_size(value) != 3)
    return wrong(ctx, name, "\"dtype\", \"shape\" and \"data_offsets\" are needed, and nothing else");
  int bits = 0;
  VT_TRY(read_type(ctx, dtype, out, &bits));
  VT_TRY(read_shape(ctx, shape, out));
  return read_offsets(ctx, offsets, bits, data_size, out);
}

static vt_status read_metadata(vt_ctx *ctx, json_t *object, vt_safetensors *file)
{
  if (!json_is_object(object))
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "damaged .safetensors: \"__metadata__\" must be an object");
  file->texts = vt_alloc_zero(ctx, json_object_size(object), sizeof *file->texts);
  if (!file->texts) return VT_ERROR_OUT_OF_MEMORY;
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value)
  {
    if (!json_is_string(value))
      return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                     "damaged .safetensors: \"__metadata__\" holds '%.120s', which is no text", key);
    text_pair *text = &file->texts[file->text_count++];
    text->key = vt_strdup(ctx, key);
    text->value = vt_strdup(ctx, json_string_value(value));
    if (!text->key || !text->value) return VT_ERROR_OUT_OF_MEMORY;
  }
  return VT_OK;
}

static int by_place(const void *a, const void *b)
{
  const entry *left = a, *right = b;
  if (left->begin != right->begin) return left->begin < right->begin ? -1 : 1;
  if (left->end != right->end) return left->end < right->end ? -1 : 1;
  return strcmp(left->name, right->name);
}

static int by_name(const void *a, const void *b)
{
  return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

static int by_key(const void *a, const void *b)
{
  return strcmp(((const text_pair *)a)->key, ((const text_pair *)b)->key);
}

/* Tensors stand one behind the other from the first byte of data to the last. */
static vt_status check_places(vt_ctx *ctx, vt_safetensors *file)
{
  size_t at = 0;
  qsort(file->entries, file->count, sizeof *file->entries, by_place);
  for (size_t i = 0; i < file->count; i++) {
    const entry *tensor = &file->entries[i];
    if (tensor->begin != at)
      return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                     "damaged .safetensors: tensor '%.120s' begins at byte %zu, %s %zu", tensor->name,
                     tensor->begin, tensor->begin < at ? "inside the one that ends at" : "after a hole from",
                     at);
    at = tensor->end;
  }
  if (at != file->data_size)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "damaged .safetensors: the tensors end at byte %zu, the data at byte %zu", at,
                   file->data_size);
  return VT_OK;
}

static vt_status read_objects(vt_ctx *ctx, json_t *root, vt_safetensors *file)
{
  file->entries = vt_alloc_zero(ctx, json_object_size(root), sizeof *file->entries);
  if (!file->entries) return VT_ERROR_OUT_OF_MEMORY;
  const char *name;
  json_t *value;
  json_object_foreach(root, name, value)
  {
    if (strcmp(name, "__metadata__") == 0)
      VT_TRY(read_metadata(ctx, value, file));
    else
      VT_TRY(read_entry(ctx, name, value, file->data_size, &file->entries[file->count++]));
  }
  VT_TRY(check_places(ctx, file));
  qsort(file->entries, file->count, sizeof *file->entries, by_name);
  if (file->texts) qsort(file->texts, file->text_count, sizeof *file->texts, by_key);
  return VT_OK;
}

static vt_status read_header(vt_ctx *ctx, const char *text, size_t length, vt_safetensors *file)
{
  json_error_t error;
  json_t *root = text[0] == '{' ? json_loadb(text, length, JSON_REJECT_DUPLICATES, &error) : NULL;
  if (!root)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "damaged .safetensors: the header is no JSON object: %s",
                   text[0] == '{' ? error.text : "it does not begin with '{'");
  vt_status status = read_objects(ctx, root, file);
  json_decref(root);
  return status;
}

/* ---- file ---- */

/* Length of the header from the first bytes, checked against the size of all. */
static vt_status header_length(vt_ctx *ctx, const unsigned char *start, size_t size, size_t *out)
{
  uint64_t length = 0;
  for (int i = LENGTH_BYTES; i-- > 0;)
    length = length << 8 | start[i];
  if (length > size - LENGTH_BYTES || length < 2)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "no .safetensors file, or a damaged one: a header of %llu bytes in a file of %zu",
                   (unsigned long long)length, size);
  if (length > MAX_HEADER)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, ".safetensors with a header of %llu bytes; up to %d are read",
                   (unsigned long long)length, MAX_HEADER);
  *out = (size_t)length;
  return VT_OK;
}

static vt_status read_at(vt_ctx *ctx, const vt_safetensors *file, size_t offset, void *out, size_t size)
{
  unsigned char *target = out;
  if (file->descriptor < 0 && size) memcpy(target, file->bytes + offset, size);
  while (file->descriptor >= 0 && size > 0) {
    ssize_t got = pread(file->descriptor, target, size > (1u << 28) ? (1u << 28) : size, (off_t)offset);
    if (got < 0 && errno == EINTR)
      got = 0;
    else if (got < 0)
      return vt_fail(ctx, VT_ERROR_IO, "%s", strerror(errno));
    else if (got == 0)
      return vt_fail(ctx, VT_ERROR_INVALID_DATA, "the file was cut short while it was open");
    VT_TRY(vt_check_cancel(ctx));
    target += got;
    offset += (size_t)got;
    size -= (size_t)got;
  }
  return VT_OK;
}

static vt_status load(vt_ctx *ctx, vt_safetensors *file, size_t size)
{
  unsigned char start[LENGTH_BYTES];
  size_t length = 0;
  if (size < LENGTH_BYTES)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "no .safetensors file: %zu bytes are too few", size);
  VT_TRY(read_at(ctx, file, 0, start, LENGTH_BYTES));
  VT_TRY(header_length(ctx, start, size, &length));
  file->data_start = LENGTH_BYTES + length;
  file->data_size = size - file->data_start;
  char *text = vt_alloc(ctx, length);
  if (!text) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = read_at(ctx, file, LENGTH_BYTES, text, length);
  if (status == VT_OK) status = read_header(ctx, text, length, file);
  vt_free(text);
  return status;
}

static vt_status open_file(vt_ctx *ctx, const char *path, vt_safetensors *file)
{
  struct stat info;
  file->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe is refused, not waited for */
  if (file->descriptor < 0 || fstat(file->descriptor, &info) != 0)
    return vt_fail(ctx, errno == ENOENT || errno == ENOTDIR ? VT_ERROR_NO_SUCH_FILE : VT_ERROR_IO, "%s",
                   strerror(errno));
  if (!S_ISREG(info.st_mode)) return vt_fail(ctx, VT_ERROR_IO, "not a regular file");
  return load(ctx, file, (size_t)info.st_size);
}

vt_status vt_safetensors_open(vt_ctx *ctx, const char *path, vt_safetensors **out)
{
  *out = NULL;
  vt_safetensors *file = vt_alloc_zero(ctx, 1, sizeof *file);
  if (!file) return VT_ERROR_OUT_OF_MEMORY;
  file->descriptor = -1;
  file->path = vt_strdup(ctx, path);
  vt_status status = file->path ? open_file(ctx, path, file) : VT_ERROR_OUT_OF_MEMORY;
  if (status != VT_OK) {
    vt_fail_prefix(ctx, "%s", path);
    vt_safetensors_close(file);
    return status;
  }
  *out = file;
  return VT_OK;
}

vt_status vt_safetensors_parse(vt_ctx *ctx, const void *bytes, size_t size, vt_safetensors **out)
{
  *out = NULL;
  vt_safetensors *file = vt_alloc_zero(ctx, 1, sizeof *file);
  if (!file) return VT_ERROR_OUT_OF_MEMORY;
  file->descriptor = -1;
  file->bytes = bytes;
  vt_status status = load(ctx, file, size);
  if (status != VT_OK) {
    vt_safetensors_close(file);
    return status;
  }
  *out = file;
  return VT_OK;
}

void vt_safetensors_close(vt_safetensors *file)
{
  if (!file) return;
  if (file->descriptor >= 0) close(file->descriptor);
  for (size_t i = 0; i < file->count; i++)
    vt_free(file->entries[i].name);
  for (size_t i = 0; i < file->text_count; i++) {
    vt_free(file->texts[i].key);
    vt_free(file->texts[i].value);
  }
  vt_free(file->entries);
  vt_free(file->texts);
  vt_free(file->path);
  vt_free(file);
}

/* ---- content ---- */

size_t vt_safetensors_count(const vt_safetensors *file)
{
  return file->count;
}

const char *vt_safetensors_name(const vt_safetensors *file, size_t index)
{
  return file->entries[index].name;
}

int64_t vt_safetensors_find(const vt_safetensors *file, const char *name)
{
  size_t low = 0, high = file->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(file->entries[middle].name, name);
    if (order == 0) return (int64_t)middle;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return -1;
}

void vt_safetensors_shape(const vt_safetensors *file, size_t index, vt_tensor *out)
{
  const entry *tensor = &file->entries[index];
  *out = (vt_tensor){.type = tensor->type, .rank = tensor->rank};
  memcpy(out->dims, tensor->dims, sizeof out->dims);
}

static vt_status find(vt_ctx *ctx, const vt_safetensors *file, const char *name, const entry **out)
{
  int64_t index = vt_safetensors_find(file, name);
  if (index >= 0) {
    *out = &file->entries[index];
    return VT_OK;
  }
  const char *near = NULL;
  const char **names = vt_alloc(ctx, (file->count + 1) * sizeof *names);
  if (!names) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < file->count; i++)
    names[i] = file->entries[i].name;
  near = vt_nearest(name, names, file->count);
  char suggestion[VT_SUGGESTION];
  vt_status status = vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "no tensor '%.120s' among %zu%s", name,
                             file->count, vt_suggestion(near, suggestion));
  vt_free(names);
  return status;
}

static vt_status read_elements(vt_ctx *ctx, const vt_safetensors *file, const entry *from, vt_tensor *out)
{
  VT_TRY(read_at(ctx, file, file->data_start + from->begin, out->data, from->end - from->begin));
  if (from->type == VT_BOOL)
    for (size_t i = 0; i < from->end - from->begin; i++)
      ((uint8_t *)out->data)[i] = ((uint8_t *)out->data)[i] != 0;
  return VT_OK;
}

static vt_status read_tensor(vt_ctx *ctx, const vt_safetensors *file, const char *name, vt_tensor **out)
{
  const entry *from = NULL;
  VT_TRY(find(ctx, file, name, &from));
  if (from->type == VT_UNDEFINED)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED,
                   "tensor '%.120s' is %s, which vitrail does not compute with; convert it to F16 or F32",
                   name, from->dtype);
  vt_tensor *tensor = vt_tensor_new(ctx, from->type, from->rank, from->dims);
  if (!tensor) {
    vt_fail_prefix(ctx, "tensor '%.120s'", name);
    return vt_ctx_status(ctx);
  }
  VT_TRY(read_elements(ctx, file, from, tensor));
  *out = tensor;
  return VT_OK;
}

vt_status vt_safetensors_tensor(vt_ctx *ctx, const vt_safetensors *file, const char *name, vt_tensor **out)
{
  *out = NULL;
  vt_status status = read_tensor(ctx, file, name, out);
  if (status != VT_OK && file->path) vt_fail_prefix(ctx, "%s", file->path);
  return status;
}

static vt_status fill(vt_ctx *ctx, const vt_safetensors *file, const char *name, vt_tensor *target)
{
  const entry *from = NULL;
  VT_TRY(find(ctx, file, name, &from));
  bool same = from->type == target->type && from->rank == target->rank;
  for (int axis = 0; same && axis < from->rank; axis++)
    same = from->dims[axis] == target->dims[axis];
  if (!same || !target->data || target->layout != VT_STORED_ROW_MAJOR) {
    vt_tensor stored;
    char wanted[160], found[160];
    vt_safetensors_shape(file, (size_t)(from - file->entries), &stored);
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "tensor '%.120s' is %s, wanted is %s row-major", name,
                   vt_shape_text(&stored, found), vt_shape_text(target, wanted));
  }
  return read_elements(ctx, file, from, target);
}

vt_status vt_safetensors_fill(vt_ctx *ctx, const vt_safetensors *file, const char *name, vt_tensor *target)
{
  vt_status status = fill(ctx, file, name, target);
  if (status != VT_OK && file->path) vt_fail_prefix(ctx, "%s", file->path);
  return status;
}

size_t vt_safetensors_metadata_count(const vt_safetensors *file)
{
  return file->text_count;
}

void vt_safetensors_metadata(const vt_safetensors *file, size_t index, const char **key, const char **value)
{
  *key = file->texts[index].key;
  *value = file->texts[index].value;
}

const char *vt_safetensors_metadata_get(const vt_safetensors *file, const char *key)
{
  for (size_t i = 0; i < file->text_count; i++)
    if (strcmp(file->texts[i].key, key) == 0) return file->texts[i].value;
  return NULL;
}
