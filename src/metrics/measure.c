/* SPDX-License-Identifier: Apache-2.0
 *
 * Running a metric, and what every one of them fills.
 */
#include <math.h>

#include "metrics/metric.h"

void vt_measure_free(vt_measure *measure)
{
  vt_free(measure->scores);
  vt_free(measure->areas);
  vt_free(measure->note);
  *measure = (vt_measure){0};
}

vt_status vt_measure_undefined(vt_ctx *ctx, vt_measure *measure, const char *why)
{
  measure->value = NAN;
  vt_free(measure->note);
  measure->note = vt_strdup(ctx, why);
  return measure->note ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

void vt_measure_add(vt_measure *measure, const char *name, const char *title, double value)
{
  if (measure->extra_count == (int)VT_COUNT(measure->extra)) return;
  measure->extra_names[measure->extra_count] = name;
  measure->extra_titles[measure->extra_count] = title;
  measure->extra[measure->extra_count++] = value;
}

static vt_status check_needs(vt_ctx *ctx, const vt_metric *metric, const vt_task *task,
                             const vt_judged *judged, const vt_protocol *protocol)
{
  if (metric->curve && !protocol)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s needs a protocol", metric->id);
  if (metric->needs & VT_NEEDS_EXPLAINER && !judged->explainer)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s asks the method again: it needs the method, a map alone is not enough", metric->id);
  if (!(metric->needs & VT_NEEDS_EXPLAINER) && !judged->map && !judged->order)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s judges a map or an order of regions: there is neither",
                   metric->id);
  if (metric->needs & VT_NEEDS_INPUT && (!task->model || !task->scorer))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s asks the model: there is none", metric->id);
  return VT_OK;
}

vt_status vt_metric_run(vt_ctx *ctx, const vt_metric *metric, const vt_task *task, const vt_judged *judged,
                        const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  *out = (vt_measure){.metric = metric, .protocol = metric->curve ? protocol : NULL, .normalised = NAN};
  VT_TRY(check_needs(ctx, metric, task, judged, protocol));
  void *defaults = NULL;
  vt_status status = VT_OK;
  if (!settings && metric->field_count) {
    defaults = vt_alloc_zero(ctx, 1, metric->settings_size);
    status = defaults ? vt_params_defaults(ctx, metric->fields, metric->field_count, defaults,
                                           metric->settings_size)
                      : VT_ERROR_OUT_OF_MEMORY;
  }
  if (status == VT_OK)
    status = metric->run(ctx, task, judged, out->protocol, defaults ? defaults : settings, out);
  if (defaults) vt_params_free(metric->fields, metric->field_count, defaults);
  vt_free(defaults);
  if (status != VT_OK) vt_measure_free(out);
  return status;
}
