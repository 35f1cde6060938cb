/* SPDX-License-Identifier: Apache-2.0
 *
 * log.jsonl: a line a step that is logged, a line a validation.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "nn/trainer_inside.h"

enum { MOST_LOG_BYTES = 1 << 30 };

/* Whether a line belongs to what happened until (stage, step). Lines that are no JSON do not. */
static bool belongs(const char *line, size_t length, int64_t stage, int64_t step)
{
  json_error_t error;
  json_t *json = json_loadb(line, length, 0, &error);
  json_int_t at_stage = 0, at_step = -1;
  bool good = json && json_unpack(json, "{s?I, s:I}", "stage", &at_stage, "step", &at_step) == 0;
  json_decref(json);
  return good && (at_stage < stage || (at_stage == stage && at_step <= step));
}

/* Cuts what was logged behind the point where the training goes on. */
static vt_status cut(vt_ctx *ctx, const char *path, int64_t stage, int64_t step)
{
  unsigned char *bytes;
  size_t size, kept = 0;
  if (!vt_file_exists(path)) return VT_OK;
  VT_TRY(vt_read_file(ctx, path, MOST_LOG_BYTES, &bytes, &size));
  while (kept < size) {
    const char *line = (const char *)bytes + kept, *end = memchr(line, '\n', size - kept);
    if (!end || !belongs(line, (size_t)(end - line), stage, step)) break;
    kept += (size_t)(end - line) + 1;
  }
  vt_status status = kept < size ? vt_write_file(ctx, path, bytes, kept) : VT_OK;
  vt_free(bytes);
  return status;
}

vt_status vt_log_begin(vt_ctx *ctx, const char *folder, int64_t stage, int64_t step, vt_training_log *out)
{
  *out = (vt_training_log){0};
  if (!folder) return VT_OK;
  out->path = vt_path_join(ctx, folder, VT_LOG_FILE);
  if (!out->path) return VT_ERROR_OUT_OF_MEMORY;
  bool goes_on = stage > 0 || step >= 0;
  vt_status status = goes_on ? cut(ctx, out->path, stage, step) : VT_OK;
  if (status == VT_OK) {
    out->file = fopen(out->path, goes_on ? "ae" : "we");
    if (!out->file) status = vt_fail(ctx, VT_ERROR_IO, "%s: %s", out->path, strerror(errno));
  }
  if (status != VT_OK) vt_log_end(out);
  return status;
}

void vt_log_end(vt_training_log *log)
{
  if (log->file) fclose(log->file);
  vt_free(log->path);
  *log = (vt_training_log){0};
}

/* Takes the object; the line is with the system when this returns. */
static vt_status write_line(vt_ctx *ctx, vt_training_log *log, json_t *json)
{
  char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(7)) : NULL;
  json_decref(json);
  if (!text) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for a line of %s", log->path);
  bool good = fprintf(log->file, "%s\n", text) >= 0 && fflush(log->file) == 0;
  int error = errno;
  free(text);
  return good ? VT_OK : vt_fail(ctx, VT_ERROR_IO, "%s: %s", log->path, strerror(error));
}

/* JSON has no NaN or infinity: null. */
static json_t *number(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *line_of(int64_t stage, int64_t step)
{
  json_t *json = json_object();
  if (stage > 0) json_object_set_new(json, "stage", json_integer(stage));
  json_object_set_new(json, "step", json_integer(step));
  return json;
}

vt_status vt_log_step(vt_ctx *ctx, vt_training_log *log, int64_t stage, int64_t step,
                      const vt_step_report *report, double rate, double seconds)
{
  if (!log->file) return VT_OK;
  json_t *json = line_of(stage, step);
  json_object_set_new(json, "loss", number(report->loss));
  if (report->part_count > 1) {
    json_t *parts = json_object();
    for (int i = 0; i < report->part_count; i++)
      json_object_set_new(parts, report->parts[i].name, number(report->parts[i].value));
    json_object_set_new(json, "parts", parts);
  }
  json_object_set_new(json, "lr", number(rate));
  json_object_set_new(json, "norm", number(report->norm));
  json_object_set_new(json, "seconds", number(seconds));
  return write_line(ctx, log, json);
}

vt_status vt_log_validation(vt_ctx *ctx, vt_training_log *log, int64_t stage, int64_t step,
                            const vt_measures *measures, bool best)
{
  if (!log->file) return VT_OK;
  json_t *json = line_of(stage, step), *values = json_object();
  for (int i = 0; i < measures->count; i++)
    json_object_set_new(values, measures->items[i].name, number(measures->items[i].value));
  json_object_set_new(json, "validation", values);
  json_object_set_new(json, "best", json_boolean(best));
  return write_line(ctx, log, json);
}
