/* SPDX-License-Identifier: Apache-2.0
 *
 * Files, clock, processors.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

double vt_clock_seconds(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int vt_processor_count(void)
{
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    int count = CPU_COUNT(&set);
    if (count > 0) return count;
  }
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 1;
}

static vt_status fail_open(vt_ctx *ctx, const char *path)
{
  return vt_fail(ctx, errno == ENOENT || errno == ENOTDIR ? VT_ERROR_NO_SUCH_FILE : VT_ERROR_IO, "%s: %s",
                 path, strerror(errno));
}

vt_status vt_read_file(vt_ctx *ctx, const char *path, size_t max_bytes, unsigned char **out, size_t *size)
{
  *out = NULL;
  *size = 0;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == EINTR) VT_TRY(vt_check_cancel(ctx)); /* a pipe that nobody writes */
  if (file < 0) return fail_open(ctx, path);
  vt_status status = VT_OK;
  unsigned char *data = NULL;
  struct stat info;
  if (fstat(file, &info) != 0) {
    status = vt_fail(ctx, VT_ERROR_IO, "%s: %s", path, strerror(errno));
    goto done;
  }
  if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) {
    status = vt_fail(ctx, VT_ERROR_IO, "%s: not a regular file", path);
    goto done;
  }
  if (info.st_size > 0 && (uint64_t)info.st_size > max_bytes) {
    status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: %lld bytes, more than the %zu allowed", path,
                     (long long)info.st_size, max_bytes);
    goto done;
  }
  size_t capacity = info.st_size > 0 ? (size_t)info.st_size + 1 : 65536, length = 0;
  data = vt_alloc(ctx, capacity);
  if (!data) {
    status = vt_fail_prefix(ctx, "%s", path);
    goto done;
  }
  for (;;) {
    if (length + 1 >= capacity) {
      /* a regular file read to its size ends here after one more read of nothing */
      unsigned char probe;
      ssize_t more = read(file, &probe, 1);
      if (more == 0) break;
      if (more < 0 && errno == EINTR) {
        VT_TRY_DONE(vt_check_cancel(ctx));
        continue;
      }
      if (more < 0 || length + 1 > max_bytes) {
        status = vt_fail(ctx, more < 0 ? VT_ERROR_IO : VT_ERROR_INVALID_DATA, "%s: %s", path,
                         more < 0 ? strerror(errno) : "larger than allowed");
        goto done;
      }
      unsigned char *larger = vt_realloc(ctx, data, capacity * 2);
      if (!larger) {
        status = vt_fail_prefix(ctx, "%s", path);
        goto done;
      }
      data = larger;
      capacity *= 2;
      data[length++] = probe;
    }
    ssize_t got = read(file, data + length, capacity - 1 - length);
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR) {
        VT_TRY_DONE(vt_check_cancel(ctx));
        continue;
      }
      status = vt_fail(ctx, VT_ERROR_IO, "%s: %s", path, strerror(errno));
      goto done;
    }
    length += (size_t)got;
  }
  data[length] = 0;
  *out = data;
  *size = length;
  data = NULL;
done:
  vt_free(data);
  close(file);
  return status;
}

static vt_status write_all(vt_ctx *ctx, int file, const char *path, const unsigned char *data, size_t size)
{
  while (size > 0) {
    ssize_t put = write(file, data, size > (1u << 30) ? (1u << 30) : size);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return vt_fail(ctx, VT_ERROR_IO, "%s: %s", path, strerror(errno));
    data += put;
    size -= (size_t)put;
  }
  return VT_OK;
}

vt_status vt_write_pieces(vt_ctx *ctx, const char *path, const vt_piece *pieces, size_t count)
{
  char *temporary = vt_format(ctx, "%s.%ld.tmp", path, (long)getpid());
  if (!temporary) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = VT_OK;
  int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) {
    status = fail_open(ctx, path);
    goto done;
  }
  for (size_t i = 0; i < count && status == VT_OK; i++)
    status = write_all(ctx, file, path, pieces[i].data, pieces[i].size);
  if (close(file) != 0 && status == VT_OK)
    status = vt_fail(ctx, VT_ERROR_IO, "%s: %s", path, strerror(errno));
  if (status == VT_OK && rename(temporary, path) != 0)
    status = vt_fail(ctx, VT_ERROR_IO, "%s: %s", path, strerror(errno));
  if (status != VT_OK) unlink(temporary);
done:
  vt_free(temporary);
  return status;
}

vt_status vt_write_file(vt_ctx *ctx, const char *path, const void *data, size_t size)
{
  return vt_write_pieces(ctx, path, &(vt_piece){data, size}, 1);
}

vt_status vt_make_directory(vt_ctx *ctx, const char *path)
{
  if (g_mkdir_with_parents(path, 0777) == 0) return VT_OK;
  return vt_fail(ctx, VT_ERROR_IO, "%s: cannot make the folder: %s", path, strerror(errno));
}

bool vt_file_exists(const char *path)
{
  struct stat info;
  return stat(path, &info) == 0;
}

char *vt_path_join(vt_ctx *ctx, const char *directory, const char *name)
{
  if (name[0] == '/' || !directory[0] || strcmp(directory, ".") == 0) return vt_strdup(ctx, name);
  size_t length = strlen(directory);
  return vt_format(ctx, directory[length - 1] == '/' ? "%s%s" : "%s/%s", directory, name);
}

char *vt_path_directory(vt_ctx *ctx, const char *path)
{
  const char *slash = strrchr(path, '/');
  if (!slash) return vt_strdup(ctx, ".");
  return vt_strndup(ctx, path, slash == path ? 1 : (size_t)(slash - path));
}

const char *vt_path_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

void vt_sha256_hex(const void *data, size_t size, char out[65])
{
  GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
  const unsigned char *bytes = data;
  while (size > 0) { /* GLib counts in signed sizes */
    size_t step = size > (1u << 30) ? (1u << 30) : size;
    g_checksum_update(sum, bytes, (gssize)step);
    bytes += step;
    size -= step;
  }
  memcpy(out, g_checksum_get_string(sum), 65);
  g_checksum_free(sum);
}
