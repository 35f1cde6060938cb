/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of operator families. To add a family: its file, a line in families.h, a line
 * here, a line in meson.build.
 */
#include "ops/families.h"

const vt_op_family *const vt_op_families[] = {
    &vt_ops_arithmetic, &vt_ops_power,       &vt_ops_bitwise,   &vt_ops_unary,    &vt_ops_logic,
    &vt_ops_activation, &vt_ops_cast,        &vt_ops_reduce,    &vt_ops_argmax,   &vt_ops_cumsum,
    &vt_ops_softmax,    &vt_ops_loss,        &vt_ops_random,    &vt_ops_constant, &vt_ops_shape,
    &vt_ops_concat,     &vt_ops_slice,       &vt_ops_pad,       &vt_ops_gather,   &vt_ops_one_hot,
    &vt_ops_reverse,    &vt_ops_select,      &vt_ops_scatter,   &vt_ops_topk,     &vt_ops_space,
    &vt_ops_resize,     &vt_ops_sample,      &vt_ops_roi_align, &vt_ops_boxes,    &vt_ops_col2im,
    &vt_ops_matmul,     &vt_ops_einsum,      &vt_ops_det,       &vt_ops_conv,     &vt_ops_conv_transpose,
    &vt_ops_pool,       &vt_ops_global_pool, &vt_ops_unpool,    &vt_ops_norm,     &vt_ops_layer_norm,
    &vt_ops_local_norm,
};
const size_t vt_op_family_count = VT_COUNT(vt_op_families);
