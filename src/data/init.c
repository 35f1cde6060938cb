/* SPDX-License-Identifier: Apache-2.0
 *
 * libvips, set up once per process: no cache, one thread an operation, loaders of untrusted formats blocked,
 * warnings to our log instead of stderr.
 */
#include <ctype.h>
#include <pthread.h>

#include "data/vips.h"

static pthread_once_t vips_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t vips_lock = PTHREAD_MUTEX_INITIALIZER;
static bool vips_ready; /* written once, inside vips_once */

/* A warning of libvips is a remark here: it gives one for every tile of a damaged picture, and the failure
 * that follows says what is wrong. */
static void log_message(const char *domain, GLogLevelFlags level, const char *message, void *user)
{
  VT_UNUSED(user);
  bool serious = (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)) != 0;
  bool remark = (level & G_LOG_LEVEL_WARNING) != 0;
  vt_log(serious ? VT_LOG_WARNING : remark ? VT_LOG_INFO : VT_LOG_DEBUG, "%s: %s", domain, message);
}

static void start_vips(void)
{
  g_log_set_handler("VIPS", G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION, log_message, NULL);
  if (VIPS_INIT("vitrail") != 0) return;
  vips_cache_set_max(0);
  vips_concurrency_set(1);
  vips_block_untrusted_set(TRUE);
  vips_operation_block_set("VipsForeignLoadMatrix", TRUE); /* would take text files for pictures */
  vips_ready = true;
}

vt_status vt_init(vt_ctx *ctx)
{
  pthread_once(&vips_once, start_vips);
  return vips_ready ? VT_OK : vt_vips_fail(ctx, VT_ERROR_RUNTIME, "libvips could not be started");
}

vt_status vt_vips_fail(vt_ctx *ctx, vt_status status, const char *what)
{
  char text[512];
  pthread_mutex_lock(&vips_lock);
  snprintf(text, sizeof text, "%s", vips_error_buffer());
  vips_error_clear();
  pthread_mutex_unlock(&vips_lock);
  /* libvips ends every line with a newline; one line is enough for a message */
  size_t length = strlen(text);
  while (length > 0 && isspace((unsigned char)text[length - 1]))
    text[--length] = 0;
  for (size_t i = 0; i < length; i++)
    if (text[i] == '\n') text[i] = ';';
  return vt_fail(ctx, status, "%s: %s", what, length ? text : "libvips gives no reason");
}

vt_status vt_allow_loader(vt_ctx *ctx, const char *loader)
{
  VT_TRY(vt_init(ctx));
  GType type = vips_type_find("VipsForeignLoad", loader);
  if (!type)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "libvips has no loader '%s'; names are like svgload, pdfload, openslideload (vips -l "
                   "foreign lists them)",
                   loader);
  /* The loaders for a file, memory and a stream share a parent named after the format; unblocking it frees
   * all three. */
  GType parent = g_type_parent(type);
  bool format = parent && strcmp(g_type_name(parent), "VipsForeignLoad") != 0;
  vips_operation_block_set(g_type_name(format ? parent : type), FALSE);
  return VT_OK;
}
