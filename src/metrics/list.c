/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of metrics. To add one: its file, its lines here, its line in meson.build.
 */
#include "metrics/metric.h"

extern const vt_metric vt_metric_insertion, vt_metric_deletion, vt_metric_highest_confidence,
    vt_metric_pointing_game, vt_metric_mass_accuracy, vt_metric_rank_accuracy, vt_metric_localisation_auc,
    vt_metric_region_purity, vt_metric_part_correlation;

const vt_metric *const vt_metrics[] = {
    &vt_metric_insertion,        &vt_metric_deletion,      &vt_metric_highest_confidence,
    &vt_metric_pointing_game,    &vt_metric_mass_accuracy, &vt_metric_rank_accuracy,
    &vt_metric_localisation_auc, &vt_metric_region_purity, &vt_metric_part_correlation,
};
const size_t vt_metric_count = VT_COUNT(vt_metrics);

const vt_metric *vt_metric_find(const char *id)
{
  for (size_t i = 0; i < vt_metric_count; i++)
    if (strcmp(vt_metrics[i]->id, id) == 0) return vt_metrics[i];
  return NULL;
}

void vt_measure_free(vt_measure *measure)
{
  vt_free(measure->scores);
  vt_free(measure->areas);
  vt_free(measure->note);
  *measure = (vt_measure){0};
}
