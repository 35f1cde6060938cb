/* SPDX-License-Identifier: Apache-2.0
 *
 * The context: error on record, threads, cancel flag, progress.
 */
#include "base/context.h"

#include <stdlib.h>

static const char *const status_names[] = {
    [VT_OK] = "ok",
    [VT_ERROR_INVALID_ARGUMENT] = "invalid-argument",
    [VT_ERROR_NO_SUCH_FILE] = "no-such-file",
    [VT_ERROR_IO] = "io",
    [VT_ERROR_INVALID_MODEL] = "invalid-model",
    [VT_ERROR_UNSUPPORTED] = "unsupported",
    [VT_ERROR_INVALID_DATA] = "invalid-data",
    [VT_ERROR_OUT_OF_MEMORY] = "out-of-memory",
    [VT_ERROR_LIMIT] = "limit",
    [VT_ERROR_INTERRUPTED] = "interrupted",
    [VT_ERROR_REMOTE] = "remote",
    [VT_ERROR_DATA_DEPENDENT] = "data-dependent",
    [VT_ERROR_NOT_FINITE] = "not-finite",
    [VT_ERROR_EXISTS] = "exists",
    [VT_ERROR_RUNTIME] = "runtime",
};

const char *vt_status_name(vt_status status)
{
  if ((size_t)status >= VT_COUNT(status_names) || !status_names[status]) return "unknown";
  return status_names[status];
}

const char *vt_version(void)
{
  return VT_VERSION_TEXT;
}

vt_ctx *vt_ctx_new(void)
{
  vt_ctx *ctx = calloc(1, sizeof *ctx);
  vt_memory *memory = vt_memory_new();
  if (!ctx || !memory) {
    free(ctx);
    vt_memory_unref(memory);
    return NULL;
  }
  ctx->memory = memory;
  return ctx;
}

vt_ctx *vt_ctx_child(vt_ctx *parent)
{
  vt_ctx *ctx = calloc(1, sizeof *ctx);
  if (!ctx) return NULL;
  ctx->memory = parent->memory;
  atomic_fetch_add(&ctx->memory->references, 1);
  ctx->parent = parent;
  ctx->threads = 1;
  ctx->short_products = parent->short_products;
  ctx->cancel = parent->cancel;
  return ctx;
}

void vt_ctx_free(vt_ctx *ctx)
{
  if (!ctx) return;
  if (ctx->release_tensors) ctx->release_tensors(ctx);
  vt_free(ctx->tensors);
  free(ctx->message);
  if (!ctx->parent) vt_ctx_trim_memory(ctx); /* blocks that live on must not hold those that wait */
  vt_memory_unref(ctx->memory);
  free(ctx);
}

vt_status vt_ctx_status(const vt_ctx *ctx)
{
  return ctx->status;
}

const char *vt_ctx_message(const vt_ctx *ctx)
{
  if (ctx->status == VT_OK) return "";
  return ctx->message ? ctx->message : "out of memory while writing an error message";
}

void vt_ctx_clear(vt_ctx *ctx)
{
  ctx->status = VT_OK;
  free(ctx->message);
  ctx->message = NULL;
}

static char *format_plain(const char *format, va_list arguments)
{
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (length < 0) return NULL;
  char *text = malloc((size_t)length + 1);
  if (!text) return NULL;
  vsnprintf(text, (size_t)length + 1, format, arguments);
  for (char *at = text; *at; at++) /* a name from a file must not move the cursor or feign another message */
    if ((unsigned char)*at < 0x20 || *at == 0x7f) *at = ' ';
  return text;
}

vt_status vt_fail(vt_ctx *ctx, vt_status status, const char *format, ...)
{
  if (ctx->status != VT_OK) return ctx->status;
  ctx->status = status;
  va_list arguments;
  va_start(arguments, format);
  ctx->message = format_plain(format, arguments);
  va_end(arguments);
  return status;
}

vt_status vt_fail_prefix(vt_ctx *ctx, const char *format, ...)
{
  if (ctx->status == VT_OK || !ctx->message) return ctx->status;
  va_list arguments;
  va_start(arguments, format);
  char *prefix = format_plain(format, arguments);
  va_end(arguments);
  if (prefix) {
    size_t size = strlen(prefix) + strlen(ctx->message) + 3;
    char *whole = malloc(size);
    if (whole) {
      snprintf(whole, size, "%s: %s", prefix, ctx->message);
      free(ctx->message);
      ctx->message = whole;
    }
    free(prefix);
  }
  return ctx->status;
}

vt_status vt_fail_restate(vt_ctx *ctx, vt_status status)
{
  if (ctx->status != VT_OK && status != VT_OK) ctx->status = status;
  return ctx->status;
}

vt_status vt_fail_adopt(vt_ctx *to, const vt_ctx *from)
{
  if (from->status == VT_OK) return VT_OK;
  return vt_fail(to, from->status, "%s", vt_ctx_message(from));
}

void vt_ctx_set_short_products(vt_ctx *ctx, bool on)
{
  ctx->short_products = on;
}

bool vt_ctx_short_products(const vt_ctx *ctx)
{
  return ctx->short_products;
}

void vt_ctx_set_threads(vt_ctx *ctx, int threads)
{
  ctx->threads = threads < 0 ? 0 : threads;
}

int vt_ctx_threads(const vt_ctx *ctx)
{
  return ctx->threads > 0 ? ctx->threads : vt_processor_count();
}

void vt_ctx_set_cancel(vt_ctx *ctx, const volatile int *flag)
{
  ctx->cancel = flag;
}

bool vt_ctx_cancelled(const vt_ctx *ctx)
{
  return ctx->cancel && *ctx->cancel;
}

vt_status vt_check_cancel(vt_ctx *ctx)
{
  return vt_ctx_cancelled(ctx) ? vt_fail(ctx, VT_ERROR_INTERRUPTED, "interrupted") : VT_OK;
}

void vt_ctx_set_progress(vt_ctx *ctx, vt_progress_fn progress, void *user)
{
  ctx->progress = progress;
  ctx->progress_user = user;
}

void vt_progress(vt_ctx *ctx, const char *what, double done, double total)
{
  if (ctx->progress) ctx->progress(ctx->progress_user, what, done, total);
}
