/* SPDX-License-Identifier: Apache-2.0
 *
 * Shapley values of a table of all coalitions.
 */
#ifndef VT_ATTRIBUTION_SHAPLEY_H
#define VT_ATTRIBUTION_SHAPLEY_H

#include "base/base.h"

enum { VT_SHAPLEY_MOST = 16 };

/* φ_i = Σ over S without i of |S|! (n − |S| − 1)! / n! · (v(S + i) − v(S)). `worth` [2^players]: bit i of
 * the index says that i is in. `players` ≤ VT_SHAPLEY_MOST. */
void vt_shapley_values(const double *worth, int players, double *values);

#endif
