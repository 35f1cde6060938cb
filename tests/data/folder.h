/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder of its own for the files of a test program, and a context with libvips started.
 */
#ifndef VT_TESTS_DATA_FOLDER_H
#define VT_TESTS_DATA_FOLDER_H

#include <glib/gstdio.h>

#include "test.h"
#include "vitrail/data.h"

static char folder[] = "/tmp/vitrail-data-XXXXXX";

/* Static buffer. */
static inline const char *path_of(const char *name)
{
  static char path[300];
  snprintf(path, sizeof path, "%s/%.200s", folder, name);
  return path;
}

static inline int data_context(void **state)
{
  *state = vt_ctx_new();
  return *state && vt_init(*state) == VT_OK ? 0 : -1;
}

static inline int make_folder(void **state)
{
  VT_UNUSED(state);
  return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_all(const char *path)
{
  GDir *list = g_dir_open(path, 0, NULL);
  for (const char *name; list && (name = g_dir_read_name(list));) {
    char *inner = g_build_filename(path, name, NULL);
    if (g_unlink(inner) != 0) remove_all(inner);
    g_free(inner);
  }
  if (list) g_dir_close(list);
  return g_rmdir(path);
}

static inline int remove_folder(void **state)
{
  VT_UNUSED(state);
  return remove_all(folder);
}

#endif
