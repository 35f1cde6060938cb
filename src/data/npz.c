/* SPDX-License-Identifier: Apache-2.0
 *
 * One array of a `.npz` archive: a ZIP file of `.npy` members, stored or deflated, with Zip64 sizes. Record
 * layouts are those of PKWARE's APPNOTE (4.3.7 local header, 4.3.12 central header, 4.3.14–16 end
 * records, 4.5.3 Zip64 field).
 */
#include <zlib.h>

#include "tensor/tensor.h"
#include "vitrail/data.h"

enum { END_SIZE = 22, CENTRAL_SIZE = 46, LOCAL_SIZE = 30, LOCATOR_SIZE = 20, END64_SIZE = 56 };
/* Deflate cannot expand by more than this. */
enum { MAX_EXPANSION = 1032 };

typedef struct archive {
  vt_ctx *ctx;
  const unsigned char *data;
  size_t size;
} archive;

typedef struct member {
  const char *name; /* in the archive's bytes, not terminated */
  size_t name_length;
  unsigned flags, method;
  uint32_t checksum;
  uint64_t packed, size, offset;
} member;

static uint64_t number(const unsigned char *bytes, int count)
{
  uint64_t value = 0;
  for (int i = count - 1; i >= 0; i--)
    value = value << 8 | bytes[i];
  return value;
}

static vt_status damaged(const archive *zip, const char *what)
{
  return vt_fail(zip->ctx, VT_ERROR_INVALID_DATA, "damaged .npz: %s", what);
}

static bool fits(const archive *zip, uint64_t offset, uint64_t length)
{
  return offset <= zip->size && length <= zip->size - offset;
}

/* Where the central directory begins and how many entries it has. */
static vt_status find_directory(const archive *zip, uint64_t *offset, uint64_t *entries)
{
  if (zip->size < END_SIZE) return damaged(zip, "too short for a ZIP archive");
  size_t lowest = zip->size > END_SIZE + 65535 ? zip->size - END_SIZE - 65535 : 0;
  size_t end = zip->size - END_SIZE;
  while (number(zip->data + end, 4) != 0x06054b50) {
    if (end == lowest) return damaged(zip, "no end record; is it a ZIP archive?");
    end--;
  }
  *entries = number(zip->data + end + 10, 2);
  *offset = number(zip->data + end + 16, 4);
  if (end >= LOCATOR_SIZE && number(zip->data + end - LOCATOR_SIZE, 4) == 0x07064b50) {
    uint64_t record = number(zip->data + end - LOCATOR_SIZE + 8, 8);
    if (!fits(zip, record, END64_SIZE) || number(zip->data + record, 4) != 0x06064b50)
      return damaged(zip, "the Zip64 end record is not where it should be");
    *entries = number(zip->data + record + 32, 8);
    *offset = number(zip->data + record + 48, 8);
  }
  return VT_OK;
}

/* Sizes that did not fit into 32 bits stand in extra field 1, in this order, only those that were cut. */
static vt_status read_zip64(const archive *zip, const unsigned char *extra, size_t length, member *entry)
{
  uint64_t *cut[] = {&entry->size, &entry->packed, &entry->offset};
  while (length >= 4) {
    size_t field = (size_t)number(extra + 2, 2);
    if (field > length - 4) return damaged(zip, "an extra field is too long");
    if (number(extra, 2) == 1) {
      const unsigned char *at = extra + 4;
      for (size_t i = 0; i < VT_COUNT(cut); i++) {
        if (*cut[i] != UINT32_MAX) continue;
        if (at + 8 > extra + 4 + field) return damaged(zip, "a Zip64 field is too short");
        *cut[i] = number(at, 8);
        at += 8;
      }
      return VT_OK;
    }
    extra += 4 + field;
    length -= 4 + field;
  }
  return VT_OK;
}

/* Reads the central header at `*at` and moves on to the next. */
static vt_status read_entry(const archive *zip, uint64_t *at, member *entry)
{
  if (!fits(zip, *at, CENTRAL_SIZE) || number(zip->data + *at, 4) != 0x02014b50)
    return damaged(zip, "an entry of the directory is missing");
  const unsigned char *record = zip->data + *at;
  size_t name = (size_t)number(record + 28, 2), extra = (size_t)number(record + 30, 2);
  size_t comment = (size_t)number(record + 32, 2);
  if (!fits(zip, *at, CENTRAL_SIZE + name + extra + comment))
    return damaged(zip, "an entry of the directory is cut off");
  entry->flags = (unsigned)number(record + 8, 2);
  entry->method = (unsigned)number(record + 10, 2);
  entry->checksum = (uint32_t)number(record + 16, 4);
  entry->packed = number(record + 20, 4);
  entry->size = number(record + 24, 4);
  entry->offset = number(record + 42, 4);
  entry->name = (const char *)record + CENTRAL_SIZE;
  entry->name_length = name;
  VT_TRY(read_zip64(zip, record + CENTRAL_SIZE + name, extra, entry));
  *at += CENTRAL_SIZE + name + extra + comment;
  return VT_OK;
}

static vt_status inflate_member(const archive *zip, const unsigned char *packed, const member *entry,
                                unsigned char *out)
{
  z_stream stream = {0};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return vt_fail(zip->ctx, VT_ERROR_RUNTIME, "zlib could not be started");
  uint64_t in_left = entry->packed, out_left = entry->size;
  int result = Z_OK;
  stream.next_in = (unsigned char *)(uintptr_t)packed;
  stream.next_out = out;
  while (result == Z_OK) {
    uInt in = in_left > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uInt)in_left;
    uInt room = out_left > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uInt)out_left;
    stream.avail_in = in;
    stream.avail_out = room;
    result = inflate(&stream, Z_NO_FLUSH);
    in_left -= in - stream.avail_in;
    out_left -= room - stream.avail_out;
    if (result == Z_OK && in == stream.avail_in && room == stream.avail_out) break;
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END || out_left != 0)
    return damaged(zip, "the compressed data is cut off or does not fit its size");
  return VT_OK;
}

static vt_status read_member(const archive *zip, const member *entry, vt_tensor **out)
{
  if (entry->flags & 1) return vt_fail(zip->ctx, VT_ERROR_UNSUPPORTED, "an encrypted .npz is not read");
  if (entry->method != 0 && entry->method != 8)
    return vt_fail(zip->ctx, VT_ERROR_UNSUPPORTED,
                   ".npz compression method %u: stored (0) and deflate (8) are read", entry->method);
  if (!fits(zip, entry->offset, LOCAL_SIZE) || number(zip->data + entry->offset, 4) != 0x04034b50)
    return damaged(zip, "a member is not where the directory says");
  const unsigned char *local = zip->data + entry->offset;
  uint64_t start = entry->offset + LOCAL_SIZE + number(local + 26, 2) + number(local + 28, 2);
  if (!fits(zip, start, entry->packed)) return damaged(zip, "a member is cut off");
  const unsigned char *content = zip->data + start;
  unsigned char *unpacked = NULL;
  if (entry->method == 8) {
    if (entry->size / MAX_EXPANSION > entry->packed + 1)
      return damaged(zip, "a member claims an impossible size");
    unpacked = vt_alloc(zip->ctx, (size_t)entry->size);
    if (!unpacked) return VT_ERROR_OUT_OF_MEMORY;
    vt_status status = inflate_member(zip, content, entry, unpacked);
    if (status != VT_OK) {
      vt_free(unpacked);
      return status;
    }
    content = unpacked;
  } else if (entry->size != entry->packed) {
    return damaged(zip, "a stored member has two sizes");
  }
  vt_status status;
  if ((uint32_t)crc32_z(0, content, (size_t)entry->size) != entry->checksum)
    status = damaged(zip, "a member's checksum does not match");
  else
    status = vt_npy_parse(zip->ctx, content, (size_t)entry->size, out);
  vt_free(unpacked);
  return status;
}

/* `name` or `name.npy`. */
static bool is_named(const member *entry, const char *name)
{
  size_t length = strlen(name);
  if (entry->name_length < length || memcmp(entry->name, name, length) != 0) return false;
  size_t rest = entry->name_length - length;
  return rest == 0 || (rest == 4 && memcmp(entry->name + length, ".npy", 4) == 0);
}

vt_status vt_npz_parse(vt_ctx *ctx, const void *bytes, size_t size, const char *name, vt_tensor **out)
{
  *out = NULL;
  archive zip = {ctx, bytes, size};
  uint64_t at = 0, entries = 0;
  VT_TRY(find_directory(&zip, &at, &entries));
  vt_text names = {0};
  for (uint64_t i = 0; i < entries; i++) {
    member entry;
    vt_status status = read_entry(&zip, &at, &entry);
    if (status == VT_OK && is_named(&entry, name)) {
      status = read_member(&zip, &entry, out);
      if (status != VT_OK) vt_fail_prefix(ctx, "array '%s'", name);
      vt_text_free(&names);
      return status;
    }
    if (status != VT_OK) {
      vt_text_free(&names);
      return status;
    }
    if (i < 16) {
      if (i) vt_text_add(ctx, &names, ", ");
      vt_text_add_bytes(ctx, &names, entry.name, entry.name_length);
    }
  }
  vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "no array '%s' in the .npz; it holds %s%s", name,
          names.data ? names.data : "nothing", entries > 16 ? ", …" : "");
  vt_text_free(&names);
  return vt_ctx_status(ctx);
}

vt_status vt_npz_read(vt_ctx *ctx, const char *path, const char *name, vt_tensor **out)
{
  unsigned char *bytes;
  size_t size;
  *out = NULL;
  VT_TRY(vt_read_file(ctx, path, SIZE_MAX / 4, &bytes, &size));
  vt_status status = vt_npz_parse(ctx, bytes, size, name, out);
  if (status != VT_OK) vt_fail_prefix(ctx, "%s", path);
  vt_free(bytes);
  return status;
}
