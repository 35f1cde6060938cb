/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of places, and the text in colours.
 */
#include "report/tokens.h"

#include <math.h>

#include "base/base.h"
#include "explain/method.h"
#include "report/page.h"

void vt_tokens_free(vt_tokens *tokens)
{
  for (int i = 0; tokens->labels && i < tokens->count; i++)
    vt_free(tokens->labels[i]);
  vt_free(tokens->labels);
  *tokens = (vt_tokens){0};
}

/* Line `number` from 0; false when the text has no such line. A line feed at the end begins no line. */
static bool line_of(const char *text, int number, const char **start, size_t *length)
{
  for (; number > 0; number--) {
    text = strchr(text, '\n');
    if (!text) return false;
    text++;
  }
  *start = text;
  *length = strcspn(text, "\r\n");
  return *text != 0;
}

static vt_status read_labels(vt_ctx *ctx, const char *path, const char *text, vt_tokens *tokens)
{
  const char *start;
  size_t length;
  tokens->labels = vt_alloc_zero(ctx, (size_t)tokens->count + 1, sizeof *tokens->labels);
  if (!tokens->labels) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < tokens->count; i++) {
    if (!line_of(text, i, &start, &length))
      return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s has %d lines; the input has %d places", path, i,
                     tokens->count);
    if (!(tokens->labels[i] = vt_strndup(ctx, start, length))) return VT_ERROR_OUT_OF_MEMORY;
  }
  if (line_of(text, tokens->count, &start, &length))
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s has more lines than the %d places of the input", path,
                   tokens->count);
  return VT_OK;
}

/* Places of the saliency. */
static int place_count(const vt_explanation *explanation)
{
  int64_t places = 1;
  bool picture = explanation->attribution_rank == 3;
  for (int i = picture ? 1 : 0; i < explanation->attribution_rank && (picture || i < 1); i++)
    places *= explanation->attribution_dims[i];
  return (int)places;
}

static vt_status copy_names(vt_ctx *ctx, const char *const *names, vt_tokens *out)
{
  out->labels = vt_alloc_zero(ctx, (size_t)out->count + 1, sizeof *out->labels);
  if (!out->labels) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < out->count; i++) {
    out->labels[i] = vt_strdup(ctx, names[i]);
    if (!out->labels[i]) return VT_ERROR_OUT_OF_MEMORY;
    for (char *at = out->labels[i]; *at; at++)
      if ((unsigned char)*at < 0x20 || *at == 0x7f) *at = ' ';
  }
  return VT_OK;
}

vt_status vt_tokens_name(vt_ctx *ctx, const vt_explanation *explanation, const char *const *names, int count,
                         vt_tokens *out)
{
  *out = (vt_tokens){.count = place_count(explanation)};
  if (out->count != count) return VT_OK;
  vt_status status = copy_names(ctx, names, out);
  if (status != VT_OK) vt_tokens_free(out);
  return status;
}

vt_status vt_tokens_read(vt_ctx *ctx, const vt_explanation *explanation, const char *path, vt_tokens *out)
{
  enum { MOST = 16 << 20 };
  unsigned char *bytes;
  size_t size;
  *out = (vt_tokens){.count = place_count(explanation)};
  if (!path) return VT_OK;
  VT_TRY(vt_read_file(ctx, path, MOST, &bytes, &size));
  vt_status status = read_labels(ctx, path, (const char *)bytes, out);
  vt_free(bytes);
  if (status != VT_OK) vt_tokens_free(out);
  return status;
}

static double largest_of(const vt_explanation *explanation, int count)
{
  double largest = 0;
  for (int i = 0; i < count; i++)
    largest = fmax(largest, fabs((double)explanation->saliency[i]));
  return largest;
}

static void add_place(vt_ctx *ctx, vt_text *page, const vt_explanation *explanation, const vt_tokens *tokens,
                      double largest, int i)
{
  char number[32], place[32];
  double value = (double)explanation->saliency[i], strength = largest > 0 ? fabs(value) / largest : 0;
  snprintf(place, sizeof place, "%d", i);
  vt_text_addf(ctx, page, "<span style=\"background:rgba(%s,%.2f)\" title=\"%d: %s\">",
               value < 0 ? "30,90,220" : "220,40,30", 0.85 * strength, i, vt_number_text(value, number));
  vt_page_add_escaped(ctx, page, tokens->labels ? tokens->labels[i] : place);
  vt_text_add(ctx, page, "</span> ");
}

vt_status vt_tokens_write_page(vt_ctx *ctx, const vt_explanation *explanation, const vt_tokens *tokens,
                               bool force, const char *path)
{
  vt_text page = {0};
  char largest_text[32], full[32];
  double largest = largest_of(explanation, tokens->count);
  if (!force && vt_file_exists(path))
    return vt_fail(ctx, VT_ERROR_EXISTS, "%s exists; choose another name, or overwrite with --force", path);
  vt_text_add(ctx, &page,
              "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>vitrail</title><style>:root{"
              "color-scheme:light dark}body{font:17px/2 system-ui,sans-serif;max-width:46em;margin:2em auto;"
              "padding:0 1em}span{padding:.15em .2em;border-radius:.2em}p.small{font-size:80%}</style><p>");
  for (int i = 0; i < tokens->count; i++)
    add_place(ctx, &page, explanation, tokens, largest, i);
  vt_text_addf(
      ctx, &page,
      "</p><p class=\"small\">%s, %s %s. Red speaks for it, blue against; full colour is %s.</p></html>\n",
      explanation->method ? explanation->method->id : "", vt_score_name(explanation->score),
      vt_number_text(explanation->full, full), vt_number_text(largest, largest_text));
  vt_status status = page.failed ? VT_ERROR_OUT_OF_MEMORY : vt_write_file(ctx, path, page.data, page.length);
  vt_text_free(&page);
  return status;
}
