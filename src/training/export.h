/* SPDX-License-Identifier: Apache-2.0
 *
 * A trained learner as a graph, and as an ONNX file with its sidecar.
 */
#ifndef VT_TRAINING_EXPORT_H
#define VT_TRAINING_EXPORT_H

#include "training/learner.h"

/* Makes all parameters of the learner and of its adapters that are on, with the values that they begin
 * with, in a store that may be empty: runs the model once on the first item. */
vt_status vt_learner_begin(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters);
/* The model as it is used, recorded on items of the learner's data: inputs and outputs have the names of the
 * learner's row, the axis of items is open ("batch"), so are those that the row says. On 3 other items the
 * graph is compared with the model before it is given away: VT_ERROR_RUNTIME when they differ. Adapters that
 * are on stand within the weights of the graph. Free with vt_graph_free(). */
vt_status vt_learner_graph(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters, vt_graph **out);
/* Writes PATH (ONNX, opset 17) and, for a model of pictures, PATH with .json in place of .onnx: size,
 * normalisation, classes. */
vt_status vt_learner_export(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters,
                            const char *path);

#endif
