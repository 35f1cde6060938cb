/* SPDX-License-Identifier: Apache-2.0
 *
 * The text of a mixture.
 */
#include <math.h>

#include "training/mixture.h"

static vt_status refuse(vt_ctx *ctx, const char *text, const char *why)
{
  return vt_fail(
      ctx, VT_ERROR_INVALID_ARGUMENT,
      "'%.120s' is no mixture (%s); it is WORLD(NAME=VALUE,…)*WEIGHT+…, settings and weights may be "
      "left out",
      text, why);
}

/* Cuts blanks off both ends. */
static char *strip(char *text)
{
  while (*text == ' ')
    text++;
  size_t length = strlen(text);
  while (length && text[length - 1] == ' ')
    text[--length] = 0;
  return text;
}

/* The first of `what` that stands in no parentheses; NULL: none. */
static char *find_outside(char *text, char what)
{
  int depth = 0;
  for (; *text; text++) {
    if (*text == what && depth == 0) return text;
    depth += (*text == '(') - (*text == ')');
  }
  return NULL;
}

static bool balanced(const char *text)
{
  int depth = 0;
  for (; *text && depth >= 0 && depth <= 1; text++)
    depth += (*text == '(') - (*text == ')');
  return depth == 0;
}

static vt_status add_setting(vt_ctx *ctx, vt_texts *settings, const char *text)
{
  char *copy = vt_strdup(ctx, text);
  if (!copy) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status =
      vt_grow(ctx, &settings->data, &settings->capacity, settings->count, sizeof *settings->data);
  if (status != VT_OK) {
    vt_free(copy);
    return status;
  }
  settings->data[settings->count++] = copy;
  return VT_OK;
}

static vt_status parse_settings(vt_ctx *ctx, const char *whole, char *text, vt_texts *settings)
{
  while (text) {
    char *comma = strchr(text, ',');
    if (comma) *comma = 0;
    char *piece = strip(text);
    if (!strchr(piece, '=')) return refuse(ctx, whole, "a setting is NAME=VALUE");
    if (settings->count >= VT_RECIPE_SETTINGS) return refuse(ctx, whole, "too many settings");
    VT_TRY(add_setting(ctx, settings, piece));
    text = comma ? comma + 1 : NULL;
  }
  return VT_OK;
}

static vt_status parse_part(vt_ctx *ctx, const char *whole, char *text, vt_mixture_part *out)
{
  out->weight = 1;
  char *star = find_outside(text, '*');
  if (star) {
    *star = 0;
    if (!vt_parse_number(strip(star + 1), &out->weight)) return refuse(ctx, whole, "a weight is a number");
    if (!isfinite(out->weight) || out->weight <= 0 || out->weight > 1e12 || out->weight < 1e-12)
      return refuse(ctx, whole, "weights are above 0, from 1e-12 to 1e12");
  }
  text = strip(text);
  char *open = strchr(text, '(');
  if (open) {
    size_t length = strlen(open);
    if (open[length - 1] != ')') return refuse(ctx, whole, "a weight follows a star");
    open[length - 1] = 0;
    *open = 0;
    VT_TRY(parse_settings(ctx, whole, open + 1, &out->settings));
  }
  text = strip(text);
  if (!*text) return refuse(ctx, whole, "a part names no world");
  out->world = vt_strdup(ctx, text);
  return out->world ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static vt_status parse_all(vt_ctx *ctx, const char *whole, char *rest,
                           vt_mixture_part parts[VT_MIXTURE_PARTS], int *count)
{
  if (!balanced(whole)) return refuse(ctx, whole, "its parentheses do not close");
  while (rest) {
    char *plus = find_outside(rest, '+');
    if (plus) *plus = 0;
    if (*count == VT_MIXTURE_PARTS)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "'%.120s': a mixture of more than %d parts", whole,
                     VT_MIXTURE_PARTS);
    VT_TRY(parse_part(ctx, whole, rest, &parts[(*count)++]));
    rest = plus ? plus + 1 : NULL;
  }
  return VT_OK;
}

vt_status vt_mixture_parse(vt_ctx *ctx, const char *text, vt_mixture_part parts[VT_MIXTURE_PARTS], int *count)
{
  memset(parts, 0, VT_MIXTURE_PARTS * sizeof *parts);
  *count = 0;
  char *copy = vt_strdup(ctx, text);
  if (!copy) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = parse_all(ctx, text, copy, parts, count);
  vt_free(copy);
  if (status != VT_OK) vt_mixture_parts_free(parts);
  return status;
}

void vt_mixture_parts_free(vt_mixture_part parts[VT_MIXTURE_PARTS])
{
  for (int i = 0; i < VT_MIXTURE_PARTS; i++) {
    vt_free(parts[i].world);
    vt_texts_free(&parts[i].settings);
    parts[i] = (vt_mixture_part){0};
  }
}
