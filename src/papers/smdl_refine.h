/* SPDX-License-Identifier: Apache-2.0
 *
 * What 02 SMDL claims of refined maps, and the measurement of one picture, for the parts that do it on
 * generated worlds and on photographs.
 */
#ifndef VT_PAPERS_SMDL_REFINE_H
#define VT_PAPERS_SMDL_REFINE_H

#include "papers/smdl_case.h"

enum { VT_SMDL_ARMS = 17, VT_SMDL_YARDSTICKS = 12, VT_SMDL_CLAIMS = 10 };
extern const vt_arm vt_smdl_arms[VT_SMDL_ARMS];
extern const vt_yardstick vt_smdl_yardsticks[VT_SMDL_YARDSTICKS];
extern const vt_claim vt_smdl_claims[VT_SMDL_CLAIMS];

/* Rows of all arms of a picture: four maps (RISE and HSIC of `samples` model calls), their patches, the
 * same patches by SMDL, means over the four, HSIC's patches in random order. `wrong`: the target is not
 * what the model answers, and the yardsticks are those of mistakes. */
vt_status vt_smdl_refine_picture(vt_repro *repro, const vt_smdl_case *wanted, const char *group, int64_t item,
                                 bool wrong, int64_t samples);

#endif
