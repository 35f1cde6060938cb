/* SPDX-License-Identifier: Apache-2.0
 *
 * The model as methods see it: something that answers a batch of composed inputs. Kinds of model (ONNX plan,
 * function of the caller, later HTTP and child process) differ only in their vtable.
 */
#ifndef VT_EXPLAIN_MODEL_H
#define VT_EXPLAIN_MODEL_H

#include "vitrail/explain.h"

/* Writes item `item` of the batch, normalised, in the model's own layout, into `input`
 * (vt_model_input_floats() floats). Called from worker threads, once for each item. */
typedef void (*vt_compose_fn)(void *user, int item, float *input);

/* Takes the raw outputs of item `item` ([output_floats]) and its embedding
 * ([embedding_floats], NULL when there is none). Called from worker threads, once for each
 * item, in no order: write to a slot of the item. */
typedef void (*vt_consume_fn)(void *user, int item, const float *output, const float *embedding);

/* Runs `count` items: workers (vt_ctx_threads) each own a session; micro-batches follow from the model by
 * rule, so that neither `batch` nor the number of threads changes a bit of the answer. `batch` is what a
 * model outside this process gets at once. Checks every output for NaN and infinity (VT_ERROR_NOT_FINITE
 * names the item). Honours the cancel flag. */
vt_status vt_model_run(vt_ctx *ctx, vt_model *model, int count, int batch, vt_compose_fn compose,
                       vt_consume_fn consume, void *user);

size_t vt_model_input_floats(const vt_model *model);
size_t vt_model_output_floats(const vt_model *model);
size_t vt_model_embedding_floats(const vt_model *model); /* 0: no embedding named */
const vt_preprocess *vt_model_preprocess(const vt_model *model);
bool vt_model_gives_logits(const vt_model *model);
/* The output is a map ([batch, …] of more axes than one) and no list of classes: vt_model_classes() counts
 * its values, and only scores without a class exist. */
bool vt_model_gives_map(const vt_model *model);

/* How the outputs are read, when the model is a detector (its output is a map, too); NULL: it is none. */
const struct vt_detector *vt_model_detector(const vt_model *model);
/* Class probabilities of raw outputs [classes] in f64: softmax of logits, or the values as they are; one
 * output (classes = 1): sigmoid of a logit, p of the positive class. Of a map: its values. */
void vt_model_probabilities(const vt_model *model, const float *output, double *probabilities);

#endif
