/* SPDX-License-Identifier: Apache-2.0
 *
 * The same methods on inputs that are no pictures: tokens of a text, rows of a table, signals. The map has
 * one value for each element of the tensor that varies, and its reduction one for each token (or column).
 */
#ifndef VT_ATTRIBUTION_ATTRIBUTE_ARRAYS_H
#define VT_ATTRIBUTION_ATTRIBUTE_ARRAYS_H

#include "attribution/attribute.h"

/* What is explained on arrays, beside vt_request's target settings. */
typedef struct vt_array_request {
  const char *output; /* graph output (or any tensor) that the target reads; NULL: the first float output */
  /* Tensor explained: a float input, an inner tensor; NULL: the first float input, or what a table of
   * embeddings gives for the first integer input. */
  const char *varying;
  bool probabilities; /* the output holds probabilities; false: logits */
  /* Places of the varying tensor's first axis that methods hide together, [group_places] in
   * 0..group_count−1, −1 for those that always stay; NULL: each place by itself. */
  const int32_t *groups;
  size_t group_places;
  int group_count;
} vt_array_request;

/* Name of the tensor that `request` explains, chosen as said there. VT_ERROR_INVALID_ARGUMENT when the
 * graph has none. */
vt_status vt_array_varying(vt_ctx *ctx, const vt_graph *graph, const char *asked, const char **out);

/* Runs a method that needs neither picture nor regions on one item. `inputs` in the order of the graph's,
 * with a batch of one. Class scores of outputs [1, positions, classes] read the last position. The
 * explanation has no model, picture or regions; graph and method must outlive it. Free with
 * vt_explanation_free(). */
vt_status vt_attribute_arrays(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs,
                              const vt_method *method, const void *settings, const vt_request *request,
                              const vt_array_request *arrays, vt_explanation **out);

#endif
