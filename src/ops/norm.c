/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/families.h"

const vt_op_family vt_ops_norm = {NULL, 0};
