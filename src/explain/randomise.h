/* SPDX-License-Identifier: Apache-2.0
 *
 * A model with some of its weights forgotten: for checks that a map depends on what the model learnt
 * (Adebayo et al., NeurIPS 2018).
 */
#ifndef VT_EXPLAIN_RANDOMISE_H
#define VT_EXPLAIN_RANDOMISE_H

#include "explain/model.h"

/* Layers that have weights, counted from the output to the input: nodes with a constant of two or more
 * axes longer than 1, and normalisations. 0 for models of which only outputs are known. */
int vt_model_layers(const vt_model *model);
/* Name of the node of layer `index`. Borrowed from the model. */
const char *vt_model_layer_name(const vt_model *model, int index);

/* The model with the float constants of layers `first` to `first + count − 1` made anew: matrices and
 * kernels are drawn from a normal distribution of their own mean and standard deviation, lists (biases,
 * scales) are shuffled. A layer's draw depends on the seed and the layer alone, so that cumulative steps
 * keep what they drew. Free it with vt_model_free(). VT_ERROR_UNSUPPORTED for models without a graph. */
vt_status vt_model_randomised(vt_ctx *ctx, const vt_model *model, int first, int count, uint64_t seed,
                              vt_model **out);

#endif
