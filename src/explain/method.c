/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding methods by the names people know them by.
 */
#include "explain/method.h"

#include <strings.h>

/* Whether one of the names "a|b|c" is `name`, upper and lower case alike. */
static bool among(const char *names, const char *name)
{
  size_t length = strlen(name);
  for (const char *at = names; at && length; at = strchr(at, '|')) {
    if (*at == '|') at++;
    if (strncasecmp(at, name, length) == 0 && (at[length] == 0 || at[length] == '|')) return true;
  }
  return false;
}

const vt_method *vt_method_find(const vt_method_list *list, const char *name)
{
  for (size_t i = 0; i < list->count; i++)
    if (strcasecmp(list->methods[i]->id, name) == 0) return list->methods[i];
  for (size_t i = 0; i < list->count; i++)
    if (among(list->methods[i]->aliases, name)) return list->methods[i];
  return NULL;
}

const char *vt_method_nearest(const vt_method_list *list, const char *name)
{
  const char *best = NULL;
  for (size_t i = 0; i < list->count; i++) {
    const char *pair[2] = {best ? best : list->methods[i]->id, list->methods[i]->id};
    const char *nearer = vt_nearest(name, pair, 2);
    if (nearer) best = nearer;
  }
  return best;
}

vt_status vt_method_choose(vt_ctx *ctx, const vt_method_list *list, const char *name,
                           const vt_method **method, void **settings)
{
  *settings = NULL;
  *method = vt_method_find(list, name);
  if (!*method) {
    char suggestion[VT_SUGGESTION];
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "unknown method '%s'%s; 'vitrail methods' lists them",
                   name, vt_suggestion(vt_method_nearest(list, name), suggestion));
  }
  *settings = vt_alloc_zero(ctx, 1, (*method)->settings_size ? (*method)->settings_size : 1);
  return *settings ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}
