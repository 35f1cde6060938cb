/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of metrics. To add one: its file, its lines here, its line in meson.build.
 */
#include "metrics/metric.h"

extern const vt_metric vt_metric_insertion, vt_metric_deletion, vt_metric_highest_confidence,
    vt_metric_mufidelity, vt_metric_faithfulness_correlation, vt_metric_sensitivity_n, vt_metric_infidelity,
    vt_metric_pixel_flipping, vt_metric_region_perturbation, vt_metric_selectivity, vt_metric_irof,
    vt_metric_monotonicity, vt_metric_average_drop, vt_metric_average_increase, vt_metric_average_gain,
    vt_metric_road, vt_metric_completeness, vt_metric_pointing_game, vt_metric_mass_accuracy,
    vt_metric_rank_accuracy, vt_metric_localisation_auc, vt_metric_region_purity, vt_metric_part_correlation,
    vt_metric_sparseness, vt_metric_complexity, vt_metric_effective_complexity, vt_metric_max_sensitivity,
    vt_metric_avg_sensitivity, vt_metric_local_lipschitz, vt_metric_average_stability,
    vt_metric_relative_input_stability, vt_metric_relative_output_stability,
    vt_metric_relative_representation_stability, vt_metric_mprt, vt_metric_smooth_mprt,
    vt_metric_efficient_mprt, vt_metric_random_logit, vt_metric_top_k, vt_metric_average_precision,
    vt_metric_attribution_localisation, vt_metric_map_iou;

/* In the order of the pages: faithfulness, axioms, localisation, complexity, robustness, randomisation. */
const vt_metric *const vt_metrics[] = {
    &vt_metric_insertion,
    &vt_metric_deletion,
    &vt_metric_highest_confidence,
    &vt_metric_mufidelity,
    &vt_metric_faithfulness_correlation,
    &vt_metric_sensitivity_n,
    &vt_metric_infidelity,
    &vt_metric_pixel_flipping,
    &vt_metric_region_perturbation,
    &vt_metric_selectivity,
    &vt_metric_irof,
    &vt_metric_monotonicity,
    &vt_metric_average_drop,
    &vt_metric_average_increase,
    &vt_metric_average_gain,
    &vt_metric_road,
    &vt_metric_completeness,
    &vt_metric_pointing_game,
    &vt_metric_mass_accuracy,
    &vt_metric_rank_accuracy,
    &vt_metric_localisation_auc,
    &vt_metric_top_k,
    &vt_metric_average_precision,
    &vt_metric_attribution_localisation,
    &vt_metric_map_iou,
    &vt_metric_region_purity,
    &vt_metric_part_correlation,
    &vt_metric_sparseness,
    &vt_metric_complexity,
    &vt_metric_effective_complexity,
    &vt_metric_max_sensitivity,
    &vt_metric_avg_sensitivity,
    &vt_metric_local_lipschitz,
    &vt_metric_average_stability,
    &vt_metric_relative_input_stability,
    &vt_metric_relative_output_stability,
    &vt_metric_relative_representation_stability,
    &vt_metric_mprt,
    &vt_metric_smooth_mprt,
    &vt_metric_efficient_mprt,
    &vt_metric_random_logit,
};
const size_t vt_metric_count = VT_COUNT(vt_metrics);

const vt_metric *vt_metric_find(const char *id)
{
  for (size_t i = 0; i < vt_metric_count; i++)
    if (strcmp(vt_metrics[i]->id, id) == 0) return vt_metrics[i];
  return NULL;
}
