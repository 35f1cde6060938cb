/* SPDX-License-Identifier: Apache-2.0
 *
 * Top-k intersection (Theiner et al. 2021, as Quantus): of a fixed number of the highest pixels, the share in
 * the mask. Pixels that tie across that place count by their share.
 */
#include <math.h>

#include "metrics/localisation.h"

typedef struct top_settings {
  int64_t k;
} top_settings;

static const vt_field fields[] = {
    {"k", VT_FIELD_INT, offsetof(top_settings, k), "1000", VT_RANGE(1, 1e9),
     .help = "pixels taken; more than the picture has are all of them"},
};

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *given, vt_measure *out)
{
  VT_UNUSED(protocol);
  const top_settings *settings = given;
  vt_located located;
  VT_TRY(vt_locate(ctx, task, judged, true, out, &located));
  vt_status status = VT_OK;
  if (located.inside == 0) {
    status = vt_measure_undefined(ctx, out, "the mask is empty");
  } else {
    int64_t k = settings->k < located.pixels ? settings->k : located.pixels;
    double hits = 0;
    for (int64_t first = 0, tied, inside; first < k; first += tied) {
      tied = vt_located_tied(&located, first, &inside);
      hits += (double)inside * (double)(k - first < tied ? k - first : tied) / (double)tied;
    }
    out->value = hits / (double)k;
    vt_measure_add(out, "chance", "share of the mask in the picture",
                   (double)located.inside / (double)located.pixels);
  }
  vt_located_free(&located);
  return status;
}

const vt_metric vt_metric_top_k = {
    .id = "top-k",
    .title = "Top-k intersection",
    .summary =
        "Of a fixed number of the highest pixels, the share that lies in the mask of what decides. It cannot "
        "reach 1 when the mask is smaller than that.",
    .citation =
        "Theiner, J., Müller-Budack, E., Ewerth, R. (2022). Interpretable semantic photo geolocation. WACV.",
    .category = "localisation",
    .higher_is_better = true,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_MASKS,
    .settings_size = sizeof(top_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = measure,
};
