/* SPDX-License-Identifier: Apache-2.0
 *
 * `.npz` archives: a ZIP file of stored `.npy` members (PKWARE's APPNOTE: 4.3.7 local header, 4.3.12 central
 * header, 4.3.16 end record). Members carry a fixed date, so that the same arrays give the same bytes.
 */
#include <zlib.h>

#include "data/npy.h"
#include "tensor/tensor.h"
#include "vitrail/data.h"

enum { VERSION = 20, UTF8_NAMES = 0x800, FIRST_DAY = 0x21 /* 1 January 1980 */ };

typedef struct npz_writer {
  vt_ctx *ctx;
  vt_text file, directory;
} npz_writer;

static void put(vt_ctx *ctx, vt_text *text, uint64_t value, int bytes)
{
  for (int i = 0; i < bytes; i++) {
    char byte = (char)(value >> (8 * i) & 255);
    vt_text_add_bytes(ctx, text, &byte, 1);
  }
}

/* What both headers of a member share. */
static void put_member(vt_ctx *ctx, vt_text *text, size_t name_length, size_t size, uint32_t checksum)
{
  put(ctx, text, VERSION, 2);
  put(ctx, text, UTF8_NAMES, 2);
  put(ctx, text, 0, 2); /* stored */
  put(ctx, text, 0, 2); /* midnight */
  put(ctx, text, FIRST_DAY, 2);
  put(ctx, text, checksum, 4);
  put(ctx, text, size, 4);
  put(ctx, text, size, 4);
  put(ctx, text, name_length, 2);
  put(ctx, text, 0, 2); /* no extra field */
}

static uint32_t checksum_of(const char *data, size_t size)
{
  uLong sum = crc32(0, NULL, 0);
  while (size > 0) {
    uInt part = size > 1u << 30 ? 1u << 30 : (uInt)size;
    sum = crc32(sum, (const Bytef *)data, part);
    data += part;
    size -= part;
  }
  return (uint32_t)sum;
}

static vt_status add_member(npz_writer *w, const char *name, const vt_tensor *tensor)
{
  vt_ctx *ctx = w->ctx;
  vt_text array = {0};
  size_t length = strlen(name) + 4, offset = w->file.length;
  if (length > 65535)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "the name '%.60s…' is too long for an archive", name);
  vt_status status = vt_npy_text(ctx, tensor, &array);
  if (status == VT_OK && (array.length >= UINT32_MAX || offset >= UINT32_MAX - array.length - length - 30))
    status = vt_fail(ctx, VT_ERROR_UNSUPPORTED,
                     "arrays of 4 GiB and more do not fit into one .npz file; write fewer at a time");
  if (status == VT_OK) {
    uint32_t checksum = checksum_of(array.data, array.length);
    put(ctx, &w->file, 0x04034b50, 4);
    put_member(ctx, &w->file, length, array.length, checksum);
    vt_text_add(ctx, &w->file, name);
    vt_text_add(ctx, &w->file, ".npy");
    vt_text_add_bytes(ctx, &w->file, array.data, array.length);
    put(ctx, &w->directory, 0x02014b50, 4);
    put(ctx, &w->directory, VERSION, 2);
    put_member(ctx, &w->directory, length, array.length, checksum);
    put(ctx, &w->directory, 0, 2); /* no comment */
    put(ctx, &w->directory, 0, 2); /* first disk */
    put(ctx, &w->directory, 0, 2);
    put(ctx, &w->directory, 0, 4); /* no attributes */
    put(ctx, &w->directory, offset, 4);
    vt_text_add(ctx, &w->directory, name);
    vt_text_add(ctx, &w->directory, ".npy");
    if (w->file.failed || w->directory.failed) status = vt_ctx_status(ctx);
  }
  vt_text_free(&array);
  return status;
}

static vt_status finish(npz_writer *w, const char *path, int count)
{
  size_t offset = w->file.length, size = w->directory.length;
  vt_text_add_bytes(w->ctx, &w->file, size ? w->directory.data : "", size);
  put(w->ctx, &w->file, 0x06054b50, 4);
  put(w->ctx, &w->file, 0, 4); /* one disk */
  put(w->ctx, &w->file, (uint64_t)count, 2);
  put(w->ctx, &w->file, (uint64_t)count, 2);
  put(w->ctx, &w->file, size, 4);
  put(w->ctx, &w->file, offset, 4);
  put(w->ctx, &w->file, 0, 2);
  return w->file.failed ? vt_ctx_status(w->ctx) : vt_write_file(w->ctx, path, w->file.data, w->file.length);
}

vt_status vt_npz_write(vt_ctx *ctx, const char *path, const char *const *names, vt_tensor *const *tensors,
                       int count)
{
  npz_writer w = {.ctx = ctx};
  vt_status status = VT_OK;
  if (count < 0 || count > 65534)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "%s: %d arrays; an archive holds up to 65534", path, count);
  for (int i = 0; i < count && status == VT_OK; i++)
    status = add_member(&w, names[i], tensors[i]);
  if (status == VT_OK)
    status = finish(&w, path, count);
  else
    vt_fail_prefix(ctx, "%s", path);
  vt_text_free(&w.file);
  vt_text_free(&w.directory);
  return status;
}
