/* SPDX-License-Identifier: Apache-2.0 */
#include "comparison/compare_page.h"

#include <math.h>

#include "report/colour.h"
#include "report/page.h"

static json_t *number(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

/* ---- figures ---- */

static json_t *methods_json(const vt_summary *summary)
{
  json_t *list = json_array();
  for (size_t c = 0; c < summary->contenders; c++) {
    const vt_summary_contender *of = &summary->contender[c];
    const vt_contender *contender = &summary->compare->contest.contenders[c];
    json_array_append_new(list, json_pack("{s:o, s:b, s:o, s:[o,o], s:n}", "label",
                                          vt_json_outside(contender->label), "reference",
                                          contender->kind == VT_CONTENDER_ORACLE, "calls", number(of->calls),
                                          "rank", number(of->rank[0]), number(of->rank[1]), "scale"));
  }
  return list;
}

static json_t *metrics_json(const vt_summary *summary)
{
  json_t *list = json_array();
  for (size_t m = 0; m < summary->criteria; m++) {
    const vt_criterion *criterion = &summary->compare->contest.criteria[m];
    json_array_append_new(list,
                          json_pack("{s:o, s:s, s:b}", "label", vt_json_outside(criterion->label), "title",
                                    criterion->metric->title, "higher", criterion->metric->higher_is_better));
  }
  return list;
}

static json_t *cells_json(const vt_summary *summary)
{
  json_t *list = json_array();
  for (size_t c = 0; c < summary->contenders; c++)
    for (size_t m = 0; m < summary->criteria; m++)
      for (int g = 0; g < 2; g++) {
        const vt_summary_cell *cell = vt_summary_cell_of(summary, c, m, (vt_granularity)g);
        json_array_append_new(list,
                              json_pack("{s:o, s:o, s:o, s:o, s:I}", "mean", number(cell->mean), "spread",
                                        number(cell->spread), "low", number(cell->interval.low), "high",
                                        number(cell->interval.high), "count", (json_int_t)cell->count));
      }
  return list;
}

/* [better by, low, high, wins, pictures] of first < second, null elsewhere: the page turns the others
 * round. */
static json_t *pairs_json(const vt_summary *summary)
{
  json_t *list = json_array();
  for (size_t a = 0; a < summary->contenders; a++)
    for (size_t b = 0; b < summary->contenders; b++)
      for (size_t m = 0; m < summary->criteria; m++)
        for (int g = 0; g < 2; g++) {
          const vt_summary_pair *pair = vt_summary_pair_of(summary, a, b, m, (vt_granularity)g);
          json_array_append_new(list, a >= b || !pair->count
                                          ? json_null()
                                          : json_pack("[o, o, o, o, I]", number(pair->difference),
                                                      number(pair->interval.low), number(pair->interval.high),
                                                      number(pair->wins), (json_int_t)pair->count));
        }
  return list;
}

/* ---- texts ---- */

static vt_status add_fact(vt_ctx *ctx, json_t *facts, const char *name, const char *text)
{
  int failed = json_array_append_new(facts, json_pack("[s, o]", name, vt_json_outside(text)));
  return failed ? vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the page") : VT_OK;
}

/* "grid 9, samples 200" of settings, or what else made a contender. */
static void add_settings(vt_ctx *ctx, vt_text *text, const vt_field *fields, size_t count,
                         const void *settings)
{
  for (size_t i = 0; i < count; i++) {
    char *value = vt_params_text(ctx, &fields[i], settings);
    if (value && *value) vt_text_addf(ctx, text, "%s%s %s", text->length ? ", " : "", fields[i].name, value);
    vt_free(value);
  }
}

static vt_status add_contender_fact(vt_ctx *ctx, const vt_contender *contender, json_t *facts)
{
  vt_text text = {0};
  const vt_method *method = contender->method;
  if (contender->kind == VT_CONTENDER_ORACLE)
    vt_text_add(ctx, &text, "the mask of what decides, taken as a map");
  else if (contender->kind == VT_CONTENDER_MAPS)
    vt_text_addf(ctx, &text, "maps from %s", contender->path);
  else {
    add_settings(ctx, &text, method->fields, method->field_count, contender->settings);
    vt_text_addf(ctx, &text, "%s%s explained, fill %s", text.length ? ", " : "",
                 vt_score_name((vt_score_kind)contender->request.class_score), contender->request.fill);
    if (contender->own_regions) vt_text_addf(ctx, &text, ", regions %s", contender->request.regions);
  }
  vt_status status = text.failed ? VT_ERROR_OUT_OF_MEMORY : add_fact(ctx, facts, contender->label, text.data);
  vt_text_free(&text);
  return status;
}

static vt_status add_criterion_fact(vt_ctx *ctx, const vt_criterion *criterion, json_t *facts)
{
  vt_text text = {0};
  vt_text_add(ctx, &text, criterion->metric->title);
  if (criterion->extra) vt_text_addf(ctx, &text, ", its value '%s'", criterion->extra);
  if (criterion->protocol)
    vt_text_addf(ctx, &text, ", protocol %s: %s", criterion->protocol->id, criterion->protocol->summary);
  add_settings(ctx, &text, criterion->metric->fields, criterion->metric->field_count, criterion->settings);
  vt_status status = text.failed ? VT_ERROR_OUT_OF_MEMORY : add_fact(ctx, facts, criterion->label, text.data);
  vt_text_free(&text);
  return status;
}

static vt_status add_facts(vt_ctx *ctx, const vt_summary *summary, json_t *facts)
{
  const vt_compare *compare = summary->compare;
  const vt_contest *contest = &compare->contest;
  char text[200];
  VT_TRY(add_fact(ctx, facts, "model", compare->model_name));
  VT_TRY(add_fact(ctx, facts, "model sha256", vt_model_sha256(compare->model)));
  VT_TRY(add_fact(ctx, facts, "target",
                  compare->to_predicted ? "the class that the model answers"
                                        : "the true class where it is known, else what the model answers"));
  VT_TRY(add_fact(ctx, facts, "metrics follow", vt_score_name(contest->terms.class_score)));
  VT_TRY(add_fact(ctx, facts, "shared regions", contest->terms.regions));
  VT_TRY(add_fact(ctx, facts, "fill", contest->terms.fill));
  snprintf(text, sizeof text, "%lld", (long long)contest->terms.seed);
  VT_TRY(add_fact(ctx, facts, "seed", text));
  if (contest->budget_of >= 0) {
    snprintf(text, sizeof text, "sampling methods get the model calls of %.100s on each picture",
             contest->contenders[contest->budget_of].label);
    VT_TRY(add_fact(ctx, facts, "equal budget", text));
  }
  for (size_t c = 0; c < contest->contender_count; c++)
    VT_TRY(add_contender_fact(ctx, &contest->contenders[c], facts));
  for (size_t m = 0; m < contest->criterion_count; m++)
    VT_TRY(add_criterion_fact(ctx, &contest->criteria[m], facts));
  return VT_OK;
}

static vt_status add_warnings(vt_ctx *ctx, const vt_summary *summary, json_t *warnings)
{
  const vt_compared *compared = summary->compared;
  char text[400];
  if (vt_model_notice(summary->compare->model))
    json_array_append_new(warnings, vt_json_outside(vt_model_notice(summary->compare->model)));
  if (compared->partial)
    json_array_append_new(warnings, json_string("the run was interrupted: not all pictures"));
  if (compared->bad) {
    snprintf(text, sizeof text, "%zu pictures cannot be read", compared->bad);
    json_array_append_new(warnings, json_string(text));
  }
  for (size_t c = 0; c < summary->contenders; c++) {
    const vt_summary_contender *of = &summary->contender[c];
    if (!of->failed) continue;
    snprintf(text, sizeof text, "%.60s failed on %zu pictures: %.280s",
             summary->compare->contest.contenders[c].label, of->failed, of->error);
    json_array_append_new(warnings, vt_json_outside(text));
  }
  return vt_ctx_status(ctx);
}

static vt_status add_verdict(vt_ctx *ctx, const vt_summary *summary, json_t *page)
{
  const vt_compared *compared = summary->compared;
  vt_text text = {0};
  vt_text_addf(ctx, &text, "%zu methods, %zu metrics, %zu of %zu pictures", summary->contenders,
               summary->criteria, compared->judged, compared->count);
  if (compared->left_out) vt_text_addf(ctx, &text, " (%zu left out)", compared->left_out);
  vt_text_addf(ctx, &text, ", %s.", summary->compare->model_name);
  if (!text.failed) json_object_set_new(page, "verdict", vt_json_outside(text.data));
  vt_text_free(&text);
  return vt_ctx_status(ctx);
}

/* ---- the page ---- */

static vt_status add_colours(vt_ctx *ctx, json_t *page, const char *name, bool wants_diverging)
{
  enum { STEPS = 257 }; /* of page/compare.js */
  uint8_t table[STEPS][3];
  const vt_colour_map *map = NULL;
  vt_text text = {0};
  for (size_t i = 0; !map && i < vt_colour_map_count; i++)
    if (vt_colour_maps[i].diverging == wants_diverging) map = &vt_colour_maps[i];
  for (int i = 0; i < STEPS; i++)
    vt_colour_at(map, (double)i / (STEPS - 1), table[i]);
  vt_text_add_base64(ctx, &text, table, sizeof table);
  vt_status status = text.failed || json_object_set_new(page, name, json_string(text.data))
                         ? vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the page")
                         : VT_OK;
  vt_text_free(&text);
  return status;
}

static vt_status fill_data(vt_ctx *ctx, const vt_summary *summary, json_t *page)
{
  const vt_contest *contest = &summary->compare->contest;
  json_t *methods = methods_json(summary), *pictures = NULL, *granularities = json_array(),
         *order = json_array(), *facts = json_array(), *warnings = json_array();
  json_object_set_new(page, "methods", methods);
  json_object_set_new(page, "granularities", granularities);
  json_object_set_new(page, "grid_order", order);
  json_object_set_new(page, "facts", facts);
  json_object_set_new(page, "warnings", warnings);
  json_object_set_new(page, "metrics", metrics_json(summary));
  json_object_set_new(page, "cells", cells_json(summary));
  json_object_set_new(page, "pairs", pairs_json(summary));
  json_object_set_new(page, "judged", json_integer((json_int_t)summary->pictures));
  json_object_set_new(page, "side", json_integer(VT_COMPARE_TILE));
  if (contest->as_it_is) json_array_append_new(granularities, json_string("as-it-is"));
  if (contest->equal) json_array_append_new(granularities, json_string("equal"));
  size_t *ranked = vt_alloc_zero(ctx, summary->contenders, sizeof *ranked);
  if (!ranked) return VT_ERROR_OUT_OF_MEMORY;
  vt_summary_order(summary, contest->as_it_is ? VT_AS_IT_IS : VT_EQUAL_GRANULARITY, ranked);
  for (size_t i = 0; i < summary->contenders; i++)
    json_array_append_new(order, json_integer((json_int_t)ranked[i]));
  vt_free(ranked);
  VT_TRY(add_verdict(ctx, summary, page));
  VT_TRY(add_facts(ctx, summary, facts));
  VT_TRY(add_warnings(ctx, summary, warnings));
  VT_TRY(add_colours(ctx, page, "sequential", false));
  VT_TRY(add_colours(ctx, page, "diverging", true));
  VT_TRY(vt_compare_page_tiles(ctx, summary, methods, &pictures));
  json_object_set_new(page, "pictures", pictures);
  return VT_OK;
}

static vt_status add_data(vt_ctx *ctx, const vt_summary *summary, vt_text *text)
{
  json_t *page = json_object();
  vt_status status =
      page ? fill_data(ctx, summary, page) : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the page");
  if (status == VT_OK) status = vt_page_add_json(ctx, text, page);
  json_decref(page);
  return status;
}

static vt_status add_ranks(vt_ctx *ctx, const vt_summary *summary, vt_text *text)
{
  const vt_contest *contest = &summary->compare->contest;
  for (int g = 0; g < 2; g++) {
    char *svg;
    size_t size;
    if (g == VT_AS_IT_IS ? !contest->as_it_is : !contest->equal) continue;
    VT_TRY(vt_summary_ranks_svg(ctx, summary, (vt_granularity)g, &svg, &size));
    const char *root = strstr(svg, "<svg"); /* behind the head of an XML document */
    vt_text_addf(ctx, text, "<div>%s</div>", root ? root : "");
    vt_free(svg);
  }
  return VT_OK;
}

static vt_status fill_hole(vt_ctx *ctx, void *user, const char *hole, size_t length, vt_text *text)
{
  const vt_summary *summary = user;
  if (vt_page_hole_is(hole, length, "title"))
    vt_text_addf(ctx, text, "%zu methods on %zu pictures", summary->contenders, summary->pictures);
  else if (vt_page_hole_is(hole, length, "style"))
    vt_text_add_bytes(ctx, text, vt_compare_style, vt_compare_style_size);
  else if (vt_page_hole_is(hole, length, "script"))
    vt_text_add_bytes(ctx, text, vt_compare_script, vt_compare_script_size);
  else if (vt_page_hole_is(hole, length, "ranks"))
    return add_ranks(ctx, summary, text);
  else if (vt_page_hole_is(hole, length, "data"))
    return add_data(ctx, summary, text);
  else
    return vt_fail(ctx, VT_ERROR_RUNTIME, "report.html: the template has an unknown hole '%.*s'", (int)length,
                   hole);
  return VT_OK;
}

vt_status vt_compare_page_html(vt_ctx *ctx, const vt_summary *summary, vt_text *out)
{
  return vt_page_fill(ctx, vt_compare_template, fill_hole, (void *)summary, out);
}
