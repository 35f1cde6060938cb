/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON block of report.html. Names here are those that page/base.js, view.js and facts.js read.
 */
#include <math.h>

#include "explain/divide.h"
#include "explain/method.h"
#include "report/contour.h"
#include "report/page.h"

static json_t *number(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *numbers(const double *values, int count)
{
  if (!values) return json_null();
  json_t *list = json_array();
  for (int i = 0; i < count; i++)
    json_array_append_new(list, number(values[i]));
  return list;
}

static json_t *text_or_null(const char *text)
{
  return text ? json_string(text) : json_null();
}

static vt_status base64(vt_ctx *ctx, const void *bytes, size_t count, json_t *object, const char *key)
{
  vt_text text = {0};
  vt_text_add_base64(ctx, &text, bytes, count);
  bool good = !text.failed &&
              json_object_set_new(object, key, json_stringn(text.data ? text.data : "", text.length)) == 0;
  vt_text_free(&text);
  return good ? VT_OK
              : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "report.html: out of memory while writing %s", key);
}

/* The map as it is, the labels as region indices. */
static vt_status add_arrays(vt_ctx *ctx, const vt_view *scene, json_t *page)
{
  int height, width;
  const int32_t *labels = vt_regions_labels(scene->explanation->regions, &height, &width);
  size_t pixels = (size_t)height * (size_t)width;
  json_object_set_new(page, "size", json_pack("[i,i]", height, width));
  VT_TRY(base64(ctx, scene->explanation->saliency, pixels * sizeof(float), page, "map"));
  if (vt_regions_count(scene->explanation->regions) > 65536) {
    json_object_set_new(page, "labels_type", json_string("i32"));
    return base64(ctx, labels, pixels * sizeof *labels, page, "labels");
  }
  uint16_t *narrow = vt_alloc_zero(ctx, pixels, sizeof *narrow);
  if (!narrow) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < pixels; i++)
    narrow[i] = (uint16_t)labels[i];
  json_object_set_new(page, "labels_type", json_string("u16"));
  vt_status status = base64(ctx, narrow, pixels * sizeof *narrow, page, "labels");
  vt_free(narrow);
  return status;
}

/* [label, label, closed, x, y, dx, dy, …] in half pixels. */
static vt_status add_borders(vt_ctx *ctx, const vt_view *scene, json_t *page)
{
  int height, width;
  const int32_t *labels = vt_regions_labels(scene->explanation->regions, &height, &width);
  vt_contours borders;
  VT_TRY(vt_contours_trace(ctx, labels, height, width, 0, &borders));
  json_t *list = json_array();
  for (size_t i = 0; i < borders.count; i++) {
    const vt_contour *line = &borders.list[i];
    json_t *entry = json_pack("[i,i,b]", line->labels[0], line->labels[1], line->closed);
    int last_x = 0, last_y = 0;
    for (size_t j = 0; j < line->count; j++) {
      int x = (int)lround(2 * line->points[j][0]), y = (int)lround(2 * line->points[j][1]);
      json_array_append_new(entry, json_integer(x - last_x));
      json_array_append_new(entry, json_integer(y - last_y));
      last_x = x;
      last_y = y;
    }
    json_array_append_new(list, entry);
  }
  vt_contours_free(&borders);
  json_object_set_new(page, "borders", list);
  return VT_OK;
}

static vt_status add_regions(vt_ctx *ctx, const vt_view *scene, json_t *page)
{
  const vt_explanation *explanation = scene->explanation;
  int count = vt_regions_count(explanation->regions), height, width;
  vt_regions_labels(explanation->regions, &height, &width);
  vt_anchor *anchors = NULL;
  VT_TRY(vt_view_anchors(ctx, scene, &anchors));
  json_t *order = json_array(), *areas = json_array(), *where = json_array(), *places = json_array();
  for (int i = 0; i < count; i++) {
    json_array_append_new(order, json_integer(explanation->order[i]));
    json_array_append_new(
        areas, json_real((double)vt_regions_area(explanation->regions, i) / ((double)height * width)));
    json_array_append_new(where, json_string(vt_region_where(explanation, i)));
    json_array_append_new(places, json_pack("[f,f,f]", anchors[i].x, anchors[i].y, anchors[i].radius));
  }
  vt_free(anchors);
  json_object_set_new(page, "order", order);
  json_object_set_new(page, "region_area", areas);
  json_object_set_new(page, "where", where);
  json_object_set_new(page, "anchors", places);
  return VT_OK;
}

static json_t *subset(const char *title, const vt_subset_size *size, bool removed)
{
  return json_pack("{s:s, s:i, s:o, s:o, s:b}", "title", title, "regions", size->regions, "area",
                   number(size->area), "score", number(size->score), "removed", removed);
}

static void add_curves(const vt_view *scene, json_t *page)
{
  const vt_explanation *explanation = scene->explanation;
  int points = vt_regions_count(explanation->regions) + 1;
  json_object_set_new(page, "areas", numbers(explanation->areas, points));
  json_object_set_new(page, "insertion", numbers(explanation->insertion, points));
  json_object_set_new(page, "deletion", numbers(explanation->deletion, points));
  json_object_set_new(page, "second", numbers(explanation->insertion_second, points));
  json_object_set_new(page, "insertion_auc", number(explanation->insertion_auc));
  json_object_set_new(page, "deletion_auc", number(explanation->deletion_auc));
  json_object_set_new(page, "minimal", json_integer(vt_view_minimal_set(explanation, NULL)));
  json_t *subsets = json_array();
  json_array_append_new(
      subsets, subset("The fewest that keep 90 % of the whole picture's score", &explanation->keep, false));
  json_array_append_new(subsets, subset("The highest score on the path", &explanation->best, false));
  if (!explanation->mistake.present &&
      vt_score_has_class(explanation->score)) /* otherwise the answer is another class from the start */
    json_array_append_new(subsets,
                          subset("The fewest without which the answer changes", &explanation->flip, true));
  json_object_set_new(page, "subsets", subsets);
  if (explanation->mistake.present)
    json_object_set_new(page, "mistake",
                        json_pack("{s:i, s:o, s:o}", "peak_step", explanation->mistake.peak_step, "peak_area",
                                  number(explanation->mistake.peak_area), "highest",
                                  numbers(explanation->mistake.highest, 4)));
  else
    json_object_set_new(page, "mistake", json_null());
}

static void add_classes(const vt_report *report, json_t *page)
{
  const vt_explanation *explanation = report->explanation;
  json_object_set_new(
      page, "target",
      json_pack("{s:i, s:o, s:s, s:o, s:o}", "index", explanation->target, "name",
                text_or_null(explanation->target_text ? explanation->target_text : explanation->target_name),
                "score_kind", vt_score_name(explanation->score), "full", number(explanation->full), "blank",
                number(explanation->blank)));
  json_object_set_new(
      page, "predicted",
      json_pack("{s:i, s:o}", "index", explanation->predicted, "name",
                text_or_null(vt_model_class_name(explanation->model, explanation->predicted))));
  json_t *top = json_array();
  for (int i = 0; i < report->top_count; i++)
    json_array_append_new(
        top, json_pack("{s:i, s:o, s:f}", "index", report->top[i].index, "name",
                       text_or_null(vt_model_class_name(explanation->model, report->top[i].index)),
                       "probability", report->top[i].probability));
  json_object_set_new(page, "top", top);
}

static vt_status add_colours(vt_ctx *ctx, const vt_view *scene, json_t *page)
{
  enum { STEPS = 257 }; /* colourSteps of page/base.js */
  char text[192];
  json_t *tables = json_object();
  json_object_set_new(page, "colours", tables);
  for (size_t i = 0; i < vt_colour_map_count; i++) {
    uint8_t table[STEPS][3];
    for (int j = 0; j < STEPS; j++)
      vt_colour_at(&vt_colour_maps[i], (double)j / (STEPS - 1), table[j]);
    VT_TRY(base64(ctx, table, sizeof table, tables, vt_colour_maps[i].id));
  }
  json_object_set_new(page, "colour_map", json_string(scene->sequential->id));
  json_object_set_new(page, "diverging", json_string(scene->diverging->id));
  json_object_set_new(page, "scale",
                      json_pack("{s:f, s:f, s:b, s:b, s:s}", "low", scene->scale.low, "high",
                                scene->scale.high, "signed", scene->scale.is_signed, "constant",
                                scene->scale.constant, "text", vt_scale_text(&scene->scale, text)));
  return VT_OK;
}

/* explanation.json without what differs between runs of the same request. */
static vt_status add_result(vt_ctx *ctx, const vt_explanation *explanation, json_t *page)
{
  json_t *result = NULL;
  VT_TRY(vt_explanation_json(ctx, explanation, &result));
  json_t *meta = json_object_get(result, "meta");
  static const char *const unstable[] = {"seconds", "threads", "batch"};
  for (size_t i = 0; i < VT_COUNT(unstable); i++) {
    json_object_del(meta, unstable[i]);
    json_object_del(json_object_get(meta, "parameters"), unstable[i]);
  }
  json_object_set_new(page, "result", result);
  return VT_OK;
}

vt_status vt_page_data(vt_ctx *ctx, const vt_report *report, const vt_view *scene, json_t **out)
{
  const vt_explanation *explanation = report->explanation;
  vt_status status;
  json_t *page = json_object();
  json_object_set_new(page, "photo",
                      json_pack("{s:s, s:i, s:i}", "name",
                                report->photo_name ? report->photo_name : "photograph", "width",
                                scene->photo->width, "height", scene->photo->height));
  json_object_set_new(page, "placement",
                      json_pack("{s:f, s:f, s:f, s:f}", "scale_x", scene->placement.scale_x, "scale_y",
                                scene->placement.scale_y, "offset_x", scene->placement.offset_x, "offset_y",
                                scene->placement.offset_y));
  add_classes(report, page);
  add_curves(scene, page);
  const vt_method *method = explanation->method;
  json_object_set_new(page, "method",
                      method ? json_pack("{s:s, s:s, s:s, s:s}", "id", method->id, "title", method->title,
                                         "summary", method->summary, "citation",
                                         method->citation ? method->citation : "")
                             : json_object());
  json_object_set_new(page, "facts", vt_page_facts(ctx, report, scene));
  json_object_set(page, "warnings", explanation->warnings);
  if (!explanation->warnings) json_object_set_new(page, "warnings", json_array());
  VT_TRY_DONE(add_regions(ctx, scene, page));
  VT_TRY_DONE(add_arrays(ctx, scene, page));
  VT_TRY_DONE(add_borders(ctx, scene, page));
  VT_TRY_DONE(add_colours(ctx, scene, page));
  VT_TRY_DONE(add_result(ctx, explanation, page));
done:
  if (status != VT_OK) {
    json_decref(page);
    page = NULL;
  }
  *out = page;
  return status;
}
