/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries are two files: KIND-HASH.data, and KIND-HASH.sha256 that says what hash the first must have. Each
 * is written beside and renamed, content first, so an entry without its hash is one that is not there.
 */
#include "papers/cache.h"

#include <stdlib.h>
#include <unistd.h>

struct vt_cache {
  char *directory;
};

enum { HASH_DIGITS = 64 };
static const size_t largest_entry = (size_t)4 << 30;

static char *usual_directory(vt_ctx *ctx)
{
  const char *own = getenv("VITRAIL_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  if (own && *own) return vt_strdup(ctx, own);
  if (xdg && *xdg == '/') return vt_format(ctx, "%s/vitrail/models", xdg);
  if (home && *home) return vt_format(ctx, "%s/.cache/vitrail/models", home);
  (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                "no place for the cache: HOME is not set; name a folder with VITRAIL_CACHE or --cache DIR");
  return NULL;
}

vt_status vt_cache_open(vt_ctx *ctx, const char *directory, vt_cache **out)
{
  vt_cache *cache = *out = vt_alloc_zero(ctx, 1, sizeof *cache);
  if (!cache) return VT_ERROR_OUT_OF_MEMORY;
  cache->directory = directory && *directory ? vt_strdup(ctx, directory) : usual_directory(ctx);
  if (cache->directory) return VT_OK;
  vt_cache_close(cache);
  *out = NULL;
  return vt_ctx_status(ctx);
}

void vt_cache_close(vt_cache *cache)
{
  if (cache) vt_free(cache->directory);
  vt_free(cache);
}

const char *vt_cache_directory(const vt_cache *cache)
{
  return cache->directory;
}

/* Each part with its length, so that no two keys give the same text. */
static vt_status hash_of(vt_ctx *ctx, const vt_cache_key *key, char out[HASH_DIGITS + 1])
{
  const char *parts[] = {key->kind, key->recipe, key->world, key->version};
  vt_text text = {0};
  for (size_t i = 0; i < VT_COUNT(parts); i++)
    vt_text_addf(ctx, &text, "%zu:%s\n", parts[i] ? strlen(parts[i]) : 0, parts[i] ? parts[i] : "");
  vt_text_addf(ctx, &text, "%llu\n", (unsigned long long)key->seed);
  if (!text.failed) vt_sha256_hex(text.data, text.length, out);
  bool failed = text.failed;
  vt_text_free(&text);
  return failed ? VT_ERROR_OUT_OF_MEMORY : VT_OK;
}

static vt_status names_of(vt_ctx *ctx, const vt_cache *cache, const vt_cache_key *key, char **data,
                          char **seal)
{
  char hash[HASH_DIGITS + 1];
  const char *kind = key->kind && *key->kind ? key->kind : "entry";
  *data = *seal = NULL;
  if (strchr(kind, '/'))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "cache: the kind '%s' must not hold a slash", kind);
  VT_TRY(hash_of(ctx, key, hash));
  *data = vt_format(ctx, "%s/%s-%s.data", cache->directory, kind, hash);
  *seal = vt_format(ctx, "%s/%s-%s.sha256", cache->directory, kind, hash);
  return *data && *seal ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* The content when it is there and has its hash; otherwise nothing, and no error but a lack of memory. */
static vt_status read_sealed(vt_ctx *ctx, const char *data_path, const char *seal_path, unsigned char **data,
                             size_t *size)
{
  unsigned char *seal = NULL;
  size_t seal_size;
  char hash[HASH_DIGITS + 1];
  *data = NULL;
  *size = 0;
  if (!vt_file_exists(data_path) || !vt_file_exists(seal_path)) return VT_OK;
  vt_status status = vt_read_file(ctx, seal_path, 4096, &seal, &seal_size);
  if (status == VT_OK) status = vt_read_file(ctx, data_path, largest_entry, data, size);
  if (status == VT_OK) {
    vt_sha256_hex(*data, *size, hash);
    if (seal_size >= HASH_DIGITS && memcmp(hash, seal, HASH_DIGITS) == 0) {
      vt_free(seal);
      return VT_OK;
    }
    vt_log(VT_LOG_WARNING, "%s is damaged and will be made again", data_path);
  } else if (status != VT_ERROR_OUT_OF_MEMORY && status != VT_ERROR_INTERRUPTED) {
    vt_log(VT_LOG_WARNING, "%s will be made again: %s", data_path, vt_ctx_message(ctx));
    vt_ctx_clear(ctx);
    status = VT_OK;
  }
  vt_free(seal);
  vt_free(*data);
  *data = NULL;
  *size = 0;
  return status;
}

static vt_status write_seal(vt_ctx *ctx, const char *seal_path, const void *data, size_t size)
{
  char line[HASH_DIGITS + 2];
  vt_sha256_hex(data, size, line);
  line[HASH_DIGITS] = '\n';
  return vt_write_file(ctx, seal_path, line, HASH_DIGITS + 1);
}

vt_status vt_cache_load(vt_ctx *ctx, vt_cache *cache, const vt_cache_key *key, unsigned char **data,
                        size_t *size)
{
  char *data_path, *seal_path;
  *data = NULL;
  *size = 0;
  vt_status status = names_of(ctx, cache, key, &data_path, &seal_path);
  if (status == VT_OK) status = read_sealed(ctx, data_path, seal_path, data, size);
  vt_free(data_path);
  vt_free(seal_path);
  return status;
}

vt_status vt_cache_store(vt_ctx *ctx, vt_cache *cache, const vt_cache_key *key, const void *data, size_t size)
{
  char *data_path, *seal_path;
  vt_status status = names_of(ctx, cache, key, &data_path, &seal_path);
  if (status == VT_OK) status = vt_make_directory(ctx, cache->directory);
  if (status == VT_OK) status = vt_write_file(ctx, data_path, data, size);
  if (status == VT_OK) status = write_seal(ctx, seal_path, data, size);
  if (status != VT_OK) (void)vt_fail_prefix(ctx, "cache");
  vt_free(data_path);
  vt_free(seal_path);
  return status;
}

/* Lets `make` write beside the entry, then puts both files in place. */
static vt_status make_entry(vt_ctx *ctx, const vt_cache *cache, vt_cache_make_fn make, void *user,
                            const char *data_path, const char *seal_path)
{
  unsigned char *data = NULL;
  size_t size;
  char *work = vt_format(ctx, "%s.part-%ld", data_path, (long)getpid());
  vt_status status = work ? vt_make_directory(ctx, cache->directory) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = make(ctx, user, work);
  if (status == VT_OK) status = vt_read_file(ctx, work, largest_entry, &data, &size);
  if (status == VT_OK && rename(work, data_path) != 0)
    status = vt_fail(ctx, VT_ERROR_IO, "%s: cannot be put into the cache", data_path);
  if (status == VT_OK) status = write_seal(ctx, seal_path, data, size);
  if (status != VT_OK && work) unlink(work);
  vt_free(data);
  vt_free(work);
  return status;
}

vt_status vt_cache_file(vt_ctx *ctx, vt_cache *cache, const vt_cache_key *key, vt_cache_make_fn make,
                        void *user, char **path, bool *made)
{
  char *data_path = NULL, *seal_path = NULL;
  unsigned char *data = NULL;
  size_t size;
  *path = NULL;
  if (!cache)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a cached file was asked for, but caching is off");
  vt_status status = names_of(ctx, cache, key, &data_path, &seal_path);
  if (status == VT_OK) status = read_sealed(ctx, data_path, seal_path, &data, &size);
  bool there = data != NULL;
  vt_free(data);
  if (status == VT_OK && !there) status = make_entry(ctx, cache, make, user, data_path, seal_path);
  if (made) *made = !there;
  vt_free(seal_path);
  if (status == VT_OK)
    *path = data_path;
  else
    vt_free(data_path);
  return status;
}
