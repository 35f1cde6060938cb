/* SPDX-License-Identifier: Apache-2.0
 *
 * One name for each family of operators: a file of this room.
 */
#ifndef VT_OPS_FAMILIES_H
#define VT_OPS_FAMILIES_H

#include "ops/op.h"

extern const vt_op_family vt_ops_arithmetic;
extern const vt_op_family vt_ops_power;
extern const vt_op_family vt_ops_bitwise;
extern const vt_op_family vt_ops_unary;
extern const vt_op_family vt_ops_logic;
extern const vt_op_family vt_ops_activation;
extern const vt_op_family vt_ops_cast;
extern const vt_op_family vt_ops_reduce;
extern const vt_op_family vt_ops_argmax;
extern const vt_op_family vt_ops_cumsum;
extern const vt_op_family vt_ops_softmax;
extern const vt_op_family vt_ops_loss;
extern const vt_op_family vt_ops_random;
extern const vt_op_family vt_ops_constant;
extern const vt_op_family vt_ops_shape;
extern const vt_op_family vt_ops_concat;
extern const vt_op_family vt_ops_slice;
extern const vt_op_family vt_ops_pad;
extern const vt_op_family vt_ops_gather;
extern const vt_op_family vt_ops_one_hot;
extern const vt_op_family vt_ops_reverse;
extern const vt_op_family vt_ops_select;
extern const vt_op_family vt_ops_scatter;
extern const vt_op_family vt_ops_topk;
extern const vt_op_family vt_ops_space;
extern const vt_op_family vt_ops_resize;
extern const vt_op_family vt_ops_sample;
extern const vt_op_family vt_ops_roi_align;
extern const vt_op_family vt_ops_boxes;
extern const vt_op_family vt_ops_col2im;
extern const vt_op_family vt_ops_matmul;
extern const vt_op_family vt_ops_einsum;
extern const vt_op_family vt_ops_det;
extern const vt_op_family vt_ops_conv;
extern const vt_op_family vt_ops_conv_transpose;
extern const vt_op_family vt_ops_pool;
extern const vt_op_family vt_ops_global_pool;
extern const vt_op_family vt_ops_unpool;
extern const vt_op_family vt_ops_norm;
extern const vt_op_family vt_ops_layer_norm;
extern const vt_op_family vt_ops_local_norm;
extern const vt_op_family vt_ops_passing;
extern const vt_op_family vt_ops_jump;
extern const vt_op_family vt_ops_gamma;
extern const vt_op_family vt_ops_adaptive_pool;
extern const vt_op_family vt_ops_segment;
extern const vt_op_family vt_ops_squared_distance;
extern const vt_op_family vt_ops_selective_scan;
extern const vt_op_family vt_ops_rnn;
extern const vt_op_family vt_ops_gru;
extern const vt_op_family vt_ops_lstm;
extern const vt_op_family vt_ops_cross_entropy;

#endif
