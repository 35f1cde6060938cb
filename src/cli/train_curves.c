/* SPDX-License-Identifier: Apache-2.0
 *
 * curves.svg and curves.png of a training. Steps of later stages are counted on behind those before.
 */
#include "cli/train_curves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/trainer.h"
#include "report/chart.h"

enum { MOST_LOG_BYTES = 1 << 30 };

typedef struct points {
  double *x, *y;
  int count, capacity;
} points;

typedef struct log_curves {
  points loss, rate, measure;
  char name[40];              /* of the measure */
  double stage, before, last; /* steps of stages before; of the last line */
} log_curves;

static vt_status add_point(vt_ctx *ctx, points *to, double x, double y)
{
  if (to->count == to->capacity) {
    int capacity = to->capacity ? 2 * to->capacity : 256;
    double *grown_x = vt_alloc(ctx, (size_t)capacity * sizeof *grown_x),
           *grown_y = vt_alloc(ctx, (size_t)capacity * sizeof *grown_y);
    if (!grown_x || !grown_y) {
      vt_free(grown_x);
      vt_free(grown_y);
      return VT_ERROR_OUT_OF_MEMORY;
    }
    if (to->count) {
      memcpy(grown_x, to->x, (size_t)to->count * sizeof *grown_x);
      memcpy(grown_y, to->y, (size_t)to->count * sizeof *grown_y);
    }
    vt_free(to->x);
    vt_free(to->y);
    to->x = grown_x;
    to->y = grown_y;
    to->capacity = capacity;
  }
  to->x[to->count] = x;
  to->y[to->count++] = y;
  return VT_OK;
}

static void free_points(points *of)
{
  vt_free(of->x);
  vt_free(of->y);
}

static vt_status take_line(vt_ctx *ctx, const json_t *line, log_curves *curves)
{
  const json_t *loss = json_object_get(line, "loss"), *validation = json_object_get(line, "validation");
  double stage = json_number_value(json_object_get(line, "stage")),
         step = json_number_value(json_object_get(line, "step"));
  if (stage > curves->stage) {
    curves->before = curves->last;
    curves->stage = stage;
  }
  step += curves->before;
  curves->last = fmax(curves->last, step);
  if (json_is_number(loss)) {
    VT_TRY(add_point(ctx, &curves->loss, step, json_number_value(loss)));
    return add_point(ctx, &curves->rate, step, json_number_value(json_object_get(line, "lr")));
  }
  void *first = json_is_object(validation) ? json_object_iter((json_t *)(uintptr_t)validation) : NULL;
  if (!first) return VT_OK;
  snprintf(curves->name, sizeof curves->name, "%s", json_object_iter_key(first));
  return add_point(ctx, &curves->measure, step, json_number_value(json_object_iter_value(first)));
}

static vt_status read_log(vt_ctx *ctx, const char *path, log_curves *curves)
{
  unsigned char *bytes;
  size_t size;
  vt_status status = VT_OK;
  VT_TRY(vt_read_file(ctx, path, MOST_LOG_BYTES, &bytes, &size));
  const char *at = (const char *)bytes, *end = at + size;
  while (at < end && status == VT_OK) {
    const char *next = memchr(at, '\n', (size_t)(end - at));
    json_error_t error;
    json_t *line = json_loadb(at, (size_t)((next ? next : end) - at), 0, &error);
    if (line) status = take_line(ctx, line, curves);
    json_decref(line);
    at = next ? next + 1 : end;
  }
  vt_free(bytes);
  return status;
}

static vt_status write_chart(vt_ctx *ctx, const vt_chart *chart, const char *folder)
{
  char *svg = NULL, *path = vt_path_join(ctx, folder, "curves.svg");
  size_t size;
  vt_image *image = NULL;
  vt_status status = path ? vt_chart_svg(ctx, chart, &svg, &size) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_write_file(ctx, path, svg, size);
  vt_free(svg);
  vt_free(path);
  VT_TRY(status);
  path = vt_path_join(ctx, folder, "curves.png");
  status = path ? vt_chart_image(ctx, chart, &image) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_image_write_png(ctx, image, path, NULL);
  vt_image_free(image);
  vt_free(path);
  return status;
}

static vt_status draw(vt_ctx *ctx, const log_curves *curves, const char *title, const char *folder)
{
  vt_chart chart = {.title = title, .x_title = "step", .panel_count = 3};
  bool few = curves->loss.count < 3; /* no line to see */
  char measure[80];
  snprintf(measure, sizeof measure, "%s of the validation items", curves->name[0] ? curves->name : "measure");
  chart.panels[0] = (vt_chart_panel){.title = "loss", .logarithmic = true, .line_count = 1};
  chart.panels[0].lines[0] =
      (vt_chart_line){.x = curves->loss.x, .y = curves->loss.y, .count = curves->loss.count, .dots = few};
  for (int i = 0; i < curves->loss.count; i++)
    if (curves->loss.y[i] <= 0) chart.panels[0].logarithmic = false;
  chart.panels[1] = (vt_chart_panel){.title = measure, .line_count = 1};
  chart.panels[1].lines[0] = (vt_chart_line){
      .x = curves->measure.x, .y = curves->measure.y, .count = curves->measure.count, .dots = true};
  chart.panels[2] = (vt_chart_panel){.title = "learning rate", .line_count = 1};
  chart.panels[2].lines[0] =
      (vt_chart_line){.x = curves->rate.x, .y = curves->rate.y, .count = curves->rate.count, .dots = few};
  return write_chart(ctx, &chart, folder);
}

vt_status cli_train_curves(cli *run, const char *folder, const char *title)
{
  log_curves curves = {0};
  char *log = vt_trainer_path(run->ctx, folder, VT_LOG_FILE);
  vt_status status = log ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK && vt_file_exists(log)) {
    status = read_log(run->ctx, log, &curves);
    if (status == VT_OK && curves.loss.count > 0) status = draw(run->ctx, &curves, title, folder);
  }
  free_points(&curves.loss);
  free_points(&curves.rate);
  free_points(&curves.measure);
  vt_free(log);
  return status;
}
