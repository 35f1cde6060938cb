/* SPDX-License-Identifier: Apache-2.0
 *
 * Two halves of vt_explanation_complete(): the curves, which may need the model, and what follows from them.
 */
#ifndef VT_EXPLAIN_COMPLETE_H
#define VT_EXPLAIN_COMPLETE_H

#include "explain/explanation.h"

/* Fills full, blank, areas, insertion, deletion, insertion_second, and `tops` [k+1]: the class answered
 * without the first j regions, or TOP_UNKNOWN. */
enum { VT_TOP_UNKNOWN = -2 };
vt_status vt_complete_curves(vt_ctx *ctx, vt_explanation *explanation, vt_scorer *scorer, bool diagnostic,
                             int *tops);

/* From finished curves: AUCs, the three subsets, the highest objective, the mistake block. */
void vt_complete_subsets(vt_explanation *explanation, const int *tops);
void vt_complete_mistake(vt_explanation *explanation);
/* The saliency map of 01-lima §7. */
vt_status vt_complete_saliency(vt_ctx *ctx, vt_explanation *explanation);

#endif
