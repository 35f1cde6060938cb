/* SPDX-License-Identifier: Apache-2.0
 *
 * "How this was made": every setting and count as a line of text.
 */
#include <math.h>

#include "explain/method.h"
#include "report/page.h"

static void fact(json_t *list, const char *name, const char *text)
{
  json_array_append_new(list, json_pack("[s,s]", name, text));
}

static void fact_number(json_t *list, const char *name, double value)
{
  char text[32];
  fact(list, name, vt_number_text(value, text));
}

/* Text of a JSON value: strings bare, the rest as JSON. */
static void fact_json(vt_ctx *ctx, json_t *list, const char *name, const json_t *value)
{
  if (json_is_string(value)) {
    fact(list, name, json_string_value(value));
    return;
  }
  char *text = NULL;
  if (vt_json_text(ctx, value, &text) != VT_OK) return;
  size_t length = strlen(text);
  while (length > 0 && text[length - 1] == '\n')
    text[--length] = 0;
  fact(list, name, text);
  vt_free(text);
}

/* What is explained, where it is more than a class. */
static void fact_asked(vt_ctx *ctx, json_t *list, const vt_explanation *explanation)
{
  vt_text text = {0};
  vt_text_addf(ctx, &text, "%s, %s", explanation->target_text, vt_score_name(explanation->score));
  if (text.data) fact(list, "target", text.data);
  vt_text_free(&text);
}

/* Parameters that differ between equal runs, and those that the line "target" says already. */
static bool is_left_out(const char *key)
{
  static const char *const names[] = {"threads", "batch", "seconds", "target", "class_score"};
  for (size_t i = 0; i < VT_COUNT(names); i++)
    if (strcmp(key, names[i]) == 0) return true;
  return false;
}

json_t *vt_page_facts(vt_ctx *ctx, const vt_report *report, const vt_view *scene)
{
  const vt_explanation *explanation = report->explanation;
  json_t *list = json_array();
  char text[256], scale[192];
  const char *why;
  if (report->model_name) fact(list, "model", report->model_name);
  const char *sha = vt_model_sha256(explanation->model);
  if (sha && *sha) fact(list, "model SHA-256", sha);
  if (report->photo_name) fact(list, "photograph", report->photo_name);
  if (explanation->image_sha256[0]) fact(list, "photograph SHA-256", explanation->image_sha256);
  if (explanation->target_text)
    fact_asked(ctx, list, explanation);
  else {
    snprintf(text, sizeof text, "class %d%s%s, %s", explanation->target, explanation->target_name ? ", " : "",
             explanation->target_name ? explanation->target_name : "", vt_score_name(explanation->score));
    fact(list, "target", text);
  }
  if (explanation->method) fact(list, "method", explanation->method->id);
  const char *key;
  json_t *value;
  json_object_foreach(explanation->parameters, key, value) if (!is_left_out(key))
      fact_json(ctx, list, key, value);
  fact(list, "protocol of the curves",
       "one step for each region, exact scores of every prefix, area below by trapezoids over the share of "
       "pixels");
  fact_number(list, "model calls", (double)explanation->model_calls);
  fact_number(list, "distinct forwards run", (double)explanation->model_forwards);
  fact_number(list, "diagnostic calls, not in the budget", (double)explanation->diagnostic_calls);
  fact_number(list, "seed", (double)explanation->seed);
  if (isfinite(explanation->violation_rate)) {
    char rate[32];
    snprintf(text, sizeof text, "%s of %lld triples", vt_short_number(explanation->violation_rate, rate),
             (long long)explanation->violation_triples);
    fact(list, "diminishing returns broken", text);
  }
  if (explanation->partial)
    fact(list, "cut short by", explanation->partial_reason ? explanation->partial_reason : "a limit");
  snprintf(text, sizeof text, "raw values kept; drawn %s", vt_scale_text(&scene->scale, scale));
  fact(list, "saliency map", text);
  vt_view_minimal_set(explanation, &why);
  fact(list, "minimal set in pictures", why);
  return list;
}
