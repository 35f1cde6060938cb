/* SPDX-License-Identifier: Apache-2.0
 *
 * External data: tensors whose bytes lie in files beside the model. The file says where, so every step is
 * checked: only below the model's folder, symbolic links followed first, offset and length inside the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graph/onnx.h"

typedef struct file_range {
  const char *location;
  uint64_t offset, length;
  bool has_length;
} file_range;

static bool parse_size(const char *text, uint64_t *out)
{
  int64_t value;
  if (!text || !vt_parse_integer(text, &value) || value < 0) return false;
  *out = (uint64_t)value;
  return true;
}

static vt_status read_place(vt_ctx *ctx, const Onnx__TensorProto *proto, const char *what, file_range *out)
{
  *out = (file_range){0};
  for (size_t i = 0; i < proto->n_external_data; i++) {
    const Onnx__StringStringEntryProto *entry = proto->external_data[i];
    const char *key = entry->key ? entry->key : "", *value = entry->value ? entry->value : "";
    bool good = true;
    if (strcmp(key, "location") == 0) out->location = value;
    if (strcmp(key, "offset") == 0) good = parse_size(value, &out->offset);
    if (strcmp(key, "length") == 0) good = out->has_length = parse_size(value, &out->length);
    if (!good)
      return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "%s: external data has %s '%s', which is no size", what,
                     key, value);
  }
  if (!out->location || !out->location[0])
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "%s: external data without a location", what);
  return VT_OK;
}

/* "..", "a/..", "../a", but not "a..b" */
static bool climbs(const char *path)
{
  while (*path) {
    size_t length = strcspn(path, "/");
    if (length == 2 && path[0] == '.' && path[1] == '.') return true;
    path += length;
    path += *path == '/';
  }
  return false;
}

static vt_status open_inside(vt_reader *reader, const char *location, const char *what, int *out)
{
  vt_ctx *ctx = reader->ctx;
  if (!reader->folder)
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL,
                   "%s: external data '%s', but a model read from memory has no folder", what, location);
  if (location[0] == '/' || climbs(location))
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "%s: external data '%s' lies outside the model's folder",
                   what, location);
  vt_status status = VT_OK;
  char *path = vt_path_join(ctx, reader->folder, location), *real = NULL, *folder = NULL;
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  real = realpath(path, NULL);
  folder = realpath(reader->folder, NULL);
  if (!real || !folder) {
    status = vt_fail(ctx, VT_ERROR_NO_SUCH_FILE, "%s: external data '%s': %s", what, path, strerror(errno));
    goto done;
  }
  size_t length = strlen(folder);
  if (length > 1 && (strncmp(real, folder, length) != 0 || real[length] != '/')) {
    status = vt_fail(ctx, VT_ERROR_INVALID_MODEL,
                     "%s: external data '%s' is a link to outside the model's folder", what, location);
    goto done;
  }
  *out = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (*out < 0) status = vt_fail(ctx, VT_ERROR_IO, "%s: external data '%s': %s", what, path, strerror(errno));
done:
  free(real);
  free(folder);
  vt_free(path);
  return status;
}

static vt_status read_range(vt_ctx *ctx, int file, const char *what, uint64_t offset, void *data,
                            size_t bytes)
{
  char *target = data;
  while (bytes > 0) {
    ssize_t got = pread(file, target, bytes > (1u << 30) ? (1u << 30) : bytes, (off_t)offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      return vt_fail(ctx, VT_ERROR_IO, "%s: external data: %s", what,
                     got == 0 ? "the file became shorter" : strerror(errno));
    target += got;
    offset += (uint64_t)got;
    bytes -= (size_t)got;
  }
  return VT_OK;
}

vt_status vt_onnx_external(vt_reader *reader, const Onnx__TensorProto *proto, const char *what, void *data,
                           size_t bytes)
{
  vt_ctx *ctx = reader->ctx;
  file_range place;
  VT_TRY(read_place(ctx, proto, what, &place));
  if (place.has_length && place.length != bytes)
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "%s: external data of %llu bytes where the shape needs %zu",
                   what, (unsigned long long)place.length, bytes);
  int file = -1;
  VT_TRY(open_inside(reader, place.location, what, &file));
  vt_status status = VT_OK;
  struct stat info;
  if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode))
    status = vt_fail(ctx, VT_ERROR_IO, "%s: external data '%s' is not a regular file", what, place.location);
  else if (place.offset > (uint64_t)info.st_size || bytes > (uint64_t)info.st_size - place.offset)
    status = vt_fail(ctx, VT_ERROR_INVALID_MODEL,
                     "%s: external data '%s' has %lld bytes; %zu at offset %llu are needed", what,
                     place.location, (long long)info.st_size, bytes, (unsigned long long)place.offset);
  else
    status = read_range(ctx, file, what, place.offset, data, bytes);
  close(file);
  return status;
}
