/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/patterns.h"

#include <fnmatch.h>
#include <string.h>

bool vt_patterns_next(const char **text, const char **start, size_t *length)
{
  if (!*text || !**text) return false;
  *start = *text;
  size_t span = strcspn(*text, ",");
  *text += span + ((*text)[span] == ',');
  while (span && **start == ' ')
    (*start)++, span--;
  while (span && (*start)[span - 1] == ' ')
    span--;
  *length = span;
  return true;
}

bool vt_patterns_fit(const char *patterns, const char *name)
{
  const char *piece;
  size_t length;
  while (vt_patterns_next(&patterns, &piece, &length)) {
    char pattern[256];
    if (length >= sizeof pattern) continue; /* longer than any name */
    memcpy(pattern, piece, length);
    pattern[length] = 0;
    if (fnmatch(pattern, name, 0) == 0) return true;
  }
  return false;
}
