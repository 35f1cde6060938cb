/* SPDX-License-Identifier: Apache-2.0
 *
 * Regions from the map of another method on the same picture (02-smdl, Division): "refine any map" in one
 * run.
 */
#ifndef VT_ATTRIBUTION_PRIOR_MAP_H
#define VT_ATTRIBUTION_PRIOR_MAP_H

#include "attribution/attribute.h"

/* Patches a side that a picture is cut into when nobody says: 8 below 128 pixels (shorter side), 10 from
 * there on. */
int vt_prior_grid(const vt_request *request, int height, int width);
/* Regions that a prior makes there. */
int vt_prior_region_count(const vt_request *request, int height, int width);

/* Runs the method that request->prior names, "METHOD[:NAME=VALUE[:NAME=VALUE …]]", with everything else of
 * the request, and cuts its map into patches of falling value, request->prior_patches a region. `told`
 * receives how the map was made (method, parameters, calls, seconds, whether it was constant); new
 * reference. */
vt_status vt_prior_division(vt_ctx *ctx, vt_model *model, const vt_image *photo, const vt_request *request,
                            vt_regions **out, json_t **told);

#endif
