/* SPDX-License-Identifier: Apache-2.0
 *
 * What tests of recipes share: a training in a folder of its own, interrupted or not.
 */
#ifndef VT_TESTS_TRAINING_FOLDER_H
#define VT_TESTS_TRAINING_FOLDER_H

#include <glib.h>
#include <glib/gstdio.h>

#include "test.h"
#include "training/train.h"

static inline void remove_folder(const char *folder)
{
  GDir *list = g_dir_open(folder, 0, NULL);
  for (const char *name; list && (name = g_dir_read_name(list));) {
    char *path = g_build_filename(folder, name, NULL);
    (void)g_remove(path);
    g_free(path);
  }
  if (list) g_dir_close(list);
  (void)g_rmdir(folder);
}

static inline void hash_file(vt_ctx *ctx, const char *folder, const char *name, char hash[65])
{
  char path[512];
  unsigned char *bytes;
  size_t size;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_ok(ctx, vt_read_file(ctx, path, 1 << 26, &bytes, &size));
  vt_sha256_hex(bytes, size, hash);
  vt_free(bytes);
}

/* Says stop at the n-th step of the whole run. */
typedef struct stopper {
  volatile int stop;
  int at, seen;
} stopper;
static inline void watch_steps(void *user, const char *what, double done, double total)
{
  stopper *s = user;
  VT_UNUSED(done), VT_UNUSED(total);
  if (strncmp(what, "training", 8) == 0 && ++s->seen == s->at) s->stop = 1;
}

/* `stop_at` −1: it runs to its end. */
static inline vt_status train_once(vt_ctx *ctx, const vt_recipe *recipe, const char *folder, bool resume,
                                   int stop_at)
{
  vt_trainee trainee;
  vt_recipe_result result;
  stopper s = {.at = stop_at};
  vt_ctx_set_cancel(ctx, &s.stop);
  vt_ctx_set_progress(ctx, watch_steps, &s);
  assert_ok(ctx, vt_trainee_open(ctx, recipe, &trainee));
  vt_status status = vt_recipe_train(ctx, recipe, &trainee, folder, resume, &result);
  vt_trainee_close(&trainee);
  vt_ctx_set_cancel(ctx, NULL);
  vt_ctx_set_progress(ctx, NULL, NULL);
  return status;
}

#endif
