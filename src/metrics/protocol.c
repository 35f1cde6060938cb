/* SPDX-License-Identifier: Apache-2.0
 *
 * Named protocols. Figures of different protocols must never be compared. To add one: a row here.
 */
#include "metrics/metric.h"

const vt_protocol vt_protocols[] = {
    {.id = "vitrail-50",
     .summary =
         "50 equal steps of pixels, black in 8 bit before normalisation; the default for comparing methods",
     .steps = 50,
     .insertion = VT_BASELINE_BLACK,
     .deletion = VT_BASELINE_BLACK},
    {.id = "fill-50",
     .summary =
         "50 equal steps of pixels, filled as the search filled: for inputs whose nothing is not black",
     .steps = 50,
     .insertion = VT_BASELINE_FILL,
     .deletion = VT_BASELINE_FILL},
    {.id = "lima",
     .summary = "one step for each region, filled as the search filled; area under the curve over true area",
     .insertion = VT_BASELINE_FILL,
     .deletion = VT_BASELINE_FILL,
     .area_axis = true},
    {.id = "rise",
     .summary = "224 pixels a step; insertion on the blurred picture (11x11, sigma 5), deletion to zero "
                "after normalisation",
     .pixels_per_step = 224,
     .insertion = VT_BASELINE_RISE_BLUR,
     .deletion = VT_BASELINE_ZERO},
    {.id = "rise-quick",
     .summary = "rise with 8 x 224 pixels a step, as in its authors' quick runs",
     .pixels_per_step = 1792,
     .insertion = VT_BASELINE_RISE_BLUR,
     .deletion = VT_BASELINE_ZERO},
    {.id = "xplique",
     .summary = "10 equal steps of pixels, zero after normalisation",
     .steps = 10,
     .insertion = VT_BASELINE_ZERO,
     .deletion = VT_BASELINE_ZERO},
};
const size_t vt_protocol_count = VT_COUNT(vt_protocols);

const vt_protocol *vt_protocol_find(const char *id)
{
  for (size_t i = 0; i < vt_protocol_count; i++)
    if (strcmp(vt_protocols[i].id, id) == 0) return &vt_protocols[i];
  return NULL;
}
