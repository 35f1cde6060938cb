/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening an ONNX image model: the sidecar that says how pictures are prepared, or assumptions in its place,
 * each of which is kept as a sentence for the user.
 */
#include <math.h>
#include <strings.h>

#include "data/labels.h"
#include "explain/detector.h"
#include "explain/model_onnx.h"

enum { USUAL_SIDE = 224, LARGEST_SIDE = 1 << 16 };

/* The one picture that a graph takes. Sizes left open are −1. */
typedef struct picture_input {
  const char *name;
  int64_t batch, channels, height, width;
  bool channels_last;
} picture_input;

static vt_status find_input(vt_ctx *ctx, const vt_graph *graph, const char *path,
                            const vt_preprocess *preprocess, picture_input *out)
{
  if (vt_graph_input_count(graph) != 1) {
    vt_text names = {0};
    for (int i = 0; i < vt_graph_input_count(graph) && i < 8; i++)
      vt_text_addf(ctx, &names, "%s'%s'", i ? ", " : " (", vt_graph_input_name(graph, i));
    vt_status status =
        vt_fail(ctx, VT_ERROR_UNSUPPORTED, "%s has %d inputs%s%s; an image model has one, the picture", path,
                vt_graph_input_count(graph), names.data ? names.data : "", names.data ? ")" : "");
    vt_text_free(&names);
    return status;
  }
  vt_type type;
  int rank;
  int64_t dims[VT_MAX_RANK];
  vt_graph_input_shape(graph, 0, &type, &rank, dims);
  *out = (picture_input){.name = vt_graph_input_name(graph, 0)};
  if (type != VT_F32 || rank != 4)
    return vt_fail(
        ctx, VT_ERROR_UNSUPPORTED,
        "%s: input '%s' is %s of rank %d; a picture model takes f32 [batch, channels, height, width] or "
        "[batch, height, width, channels]",
        path, out->name, vt_type_name(type), rank);
  if (preprocess)
    out->channels_last = preprocess->channels_last;
  else
    out->channels_last = dims[1] != 1 && dims[1] != 3 && (dims[3] == 1 || dims[3] == 3);
  out->batch = dims[0];
  out->channels = dims[out->channels_last ? 3 : 1];
  out->height = dims[out->channels_last ? 1 : 2];
  out->width = dims[out->channels_last ? 2 : 3];
  if (out->height > LARGEST_SIDE || out->width > LARGEST_SIDE || out->batch > INT32_MAX || out->batch == 0)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "%s: input '%s' has no usable size: %lld × %lld × %lld × %lld",
                   path, out->name, (long long)dims[0], (long long)dims[1], (long long)dims[2],
                   (long long)dims[3]);
  return VT_OK;
}

/* ---- with a sidecar ---- */

static vt_status check_sidecar(vt_ctx *ctx, vt_model *model, const char *path, const picture_input *input)
{
  vt_preprocess *preprocess = model->preprocess;
  if (preprocess->height < 1 || preprocess->width < 1) {
    preprocess->height = input->height > 0 ? (int)input->height : USUAL_SIDE;
    preprocess->width = input->width > 0 ? (int)input->width : USUAL_SIDE;
    VT_TRY(vt_model_assume(ctx, model, "the sidecar gives no size: pictures of %d × %d (height × width), %s",
                           preprocess->height, preprocess->width,
                           input->height > 0 && input->width > 0 ? "as the graph declares"
                                                                 : "since the graph leaves it open"));
  }
  if ((input->channels > 0 && input->channels != preprocess->channels) ||
      (input->height > 0 && input->height != preprocess->height) ||
      (input->width > 0 && input->width != preprocess->width))
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "%s: the sidecar prepares pictures of %d × %d × %d (channels × height × width, %s), but "
                   "input '%s' takes %lld × %lld × %lld (−1: open)",
                   path, preprocess->channels, preprocess->height, preprocess->width,
                   preprocess->channels_last ? "NHWC" : "NCHW", input->name, (long long)input->channels,
                   (long long)input->height, (long long)input->width);
  return VT_OK;
}

/* ---- without ---- */

static vt_status assume_preprocess(vt_ctx *ctx, vt_model *model, const char *path, const picture_input *input)
{
  if (input->channels > 0 && input->channels != 3 && input->channels != 1)
    return vt_fail(
        ctx, VT_ERROR_UNSUPPORTED,
        "%s: input '%s' has %lld channels; without a sidecar only pictures of 1 or 3 are understood", path,
        input->name, (long long)input->channels);
  int channels = input->channels > 0 ? (int)input->channels : 3;
  int height = input->height > 0 ? (int)input->height : USUAL_SIDE;
  int width = input->width > 0 ? (int)input->width : USUAL_SIDE;
  VT_TRY(vt_preprocess_plain(ctx, channels, height, width, input->channels_last, &model->preprocess));
  VT_TRY(vt_model_assume(
      ctx, model,
      "no sidecar: pictures are brought to %d × %d (height × width, %s) by their short side, "
      "bicubic, and a centre crop",
      height, width,
      input->height > 0 && input->width > 0 ? "as the graph declares" : "since the graph leaves it open"));
  return vt_model_assume(ctx, model,
                         "no sidecar: %s values scaled to [0, 1], no mean or deviation, layout %s",
                         channels == 3 ? "RGB" : "grey", input->channels_last ? "NHWC" : "NCHW");
}

/* ---- what the outputs mean ---- */

typedef struct probe {
  vt_model *model;
  float *inputs;  /* [PROBES, input_floats] */
  float *outputs; /* [PROBES, output_floats] */
} probe;

enum { PROBES = 2 };

static void compose_probe(void *user, int item, float *input)
{
  const probe *p = user;
  size_t floats = p->model->input_floats;
  memcpy(input, p->inputs + (size_t)item * floats, floats * sizeof *input);
}

static void consume_probe(void *user, int item, const float *output, const float *embedding)
{
  VT_UNUSED(embedding);
  const probe *p = user;
  size_t floats = p->model->output_floats;
  memcpy(p->outputs + (size_t)item * floats, output, floats * sizeof *output);
}

/* A black picture and one with a slope of grey. */
static vt_status make_probes(vt_ctx *ctx, const vt_model *model, float *inputs)
{
  const vt_preprocess *preprocess = model->preprocess;
  vt_image *picture;
  VT_TRY(
      vt_image_new(ctx, preprocess->width, preprocess->height, preprocess->channels == 1 ? 1 : 3, &picture));
  vt_preprocess_floats(preprocess, picture, inputs);
  size_t row = (size_t)picture->width * (size_t)picture->channels;
  for (size_t i = 0; i < row * (size_t)picture->height; i++)
    picture->pixels[i] = (uint8_t)(i % row * 255 / row);
  vt_preprocess_floats(preprocess, picture, inputs + model->input_floats);
  vt_image_free(picture);
  return VT_OK;
}

/* Rows of probabilities lie in [0, 1] and sum to 1 within rounding. */
static bool rows_are_probabilities(const probe *p)
{
  size_t classes = p->model->output_floats;
  for (int i = 0; i < PROBES; i++) {
    double sum = 0;
    for (size_t c = 0; c < classes; c++) {
      double value = p->outputs[(size_t)i * classes + c];
      if (value < -1e-6 || value > 1 + 1e-6) return false;
      sum += value;
    }
    if (fabs(sum - 1) > 1e-3) return false;
  }
  return true;
}

static bool ends_in_sigmoid(const vt_onnx_state *state)
{
  const vt_graph *graph = state->graph;
  int producer = graph->values[graph->outputs[state->output]].producer;
  return producer >= 0 && strcmp(graph->nodes[producer].op->name, "Sigmoid") == 0;
}

static vt_status decide_by_probe(vt_ctx *ctx, vt_model *model)
{
  if (model->classes == 1) { /* one number sums to nothing: the graph's last operator tells */
    model->logits = !ends_in_sigmoid(model->state);
    return vt_model_assume(ctx, model,
                           model->logits
                               ? "the one output is taken as a logit (p = its sigmoid)"
                               : "the one output comes from a sigmoid and is taken as a probability");
  }
  probe p = {.model = model};
  p.inputs = vt_alloc_zero(ctx, PROBES * model->input_floats, sizeof *p.inputs);
  p.outputs = vt_alloc_zero(ctx, PROBES * model->output_floats, sizeof *p.outputs);
  vt_status status = p.inputs && p.outputs ? make_probes(ctx, model, p.inputs) : VT_ERROR_OUT_OF_MEMORY;
  vt_model_job job = {
      .count = PROBES, .batch = PROBES, .compose = compose_probe, .consume = consume_probe, .user = &p};
  if (status == VT_OK) status = vt_model_run_job(ctx, model, &job);
  if (status == VT_OK) {
    model->logits = !rows_are_probabilities(&p);
    status =
        vt_model_assume(ctx, model, "the output is taken as %s, since the rows of two test pictures %s to 1",
                        model->logits ? "logits" : "probabilities", model->logits ? "do not sum" : "sum");
  } else if (job.failed_item >= 0) {
    vt_fail_prefix(ctx, "first run on a %s picture", job.failed_item ? "grey" : "black");
  }
  vt_free(p.inputs);
  vt_free(p.outputs);
  return status;
}

static vt_status decide_kind(vt_ctx *ctx, vt_model *model, const char *path, bool own_output)
{
  /* The sidecar speaks of its own output; another one chosen by name is looked at afresh. */
  vt_output_kind kind = own_output ? model->preprocess->output : VT_OUTPUT_AUTO;
  VT_UNUSED(path);
  if (kind == VT_OUTPUT_EMBEDDING) model->map = true;
  if (model->map) return VT_OK;
  model->logits = kind == VT_OUTPUT_LOGITS;
  return kind == VT_OUTPUT_AUTO ? decide_by_probe(ctx, model) : VT_OK;
}

static vt_status check_class_names(vt_ctx *ctx, vt_model *model)
{
  vt_preprocess *preprocess = model->preprocess;
  int classes = model->detector ? model->detector->classes : model->classes;
  if (!preprocess->labels || preprocess->label_count == classes) return VT_OK;
  VT_TRY(vt_model_assume(
      ctx, model, "the sidecar lists %d class names, but the output has %d classes: names are left out",
      preprocess->label_count, classes));
  vt_labels_free(preprocess->labels, preprocess->label_count);
  preprocess->labels = NULL;
  preprocess->label_count = 0;
  return VT_OK;
}

/* ---- putting it together ---- */

static vt_status prepare(vt_ctx *ctx, vt_model *model, const char *path, const char *output,
                         const char *embedding)
{
  vt_onnx_state *state = model->state;
  picture_input input = {0};
  VT_TRY(find_input(ctx, state->graph, path, model->preprocess, &input));
  if (model->preprocess)
    VT_TRY(check_sidecar(ctx, model, path, &input));
  else
    VT_TRY(assume_preprocess(ctx, model, path, &input));
  const vt_preprocess *preprocess = model->preprocess;
  int64_t channels = preprocess->channels, height = preprocess->height, width = preprocess->width;
  const int64_t first[4] = {input.batch, channels, height, width},
                last[4] = {input.batch, height, width, channels};
  memcpy(state->input_dims, preprocess->channels_last ? last : first, sizeof first);
  model->input_floats = (size_t)(channels * height * width);
  const char *sidecar_output = preprocess->output_name;
  bool own_output = !output || (sidecar_output && strcmp(output, sidecar_output) == 0);
  if (preprocess->detection && !output) { /* another output asked for by name is read as it is */
    VT_TRY(vt_onnx_detector_names(ctx, model, path));
    sidecar_output = preprocess->detection->scores;
  }
  VT_TRY(vt_onnx_compile(ctx, model, path, output ? output : sidecar_output, embedding));
  VT_TRY(decide_kind(ctx, model, path, own_output));
  return check_class_names(ctx, model);
}

vt_status vt_model_of_graph(vt_ctx *ctx, vt_graph *graph, const char *path, vt_preprocess *preprocess,
                            const char *output, const char *embedding, vt_model **out)
{
  *out = NULL;
  vt_onnx_state *state;
  vt_model *model = NULL;
  vt_status status = vt_onnx_state_new(ctx, &state);
  if (status == VT_OK) {
    state->graph = graph;
    status = vt_model_new(ctx, &vt_model_kind_onnx, state, &model);
    if (status != VT_OK) vt_model_kind_onnx.free_state(state);
  } else {
    vt_graph_free(graph);
  }
  if (status != VT_OK) {
    vt_preprocess_free(preprocess);
    return status;
  }
  model->preprocess = preprocess;
  snprintf(model->sha256, sizeof model->sha256, "%s", vt_graph_sha256(graph));
  status = prepare(ctx, model, path, output, embedding);
  if (status != VT_OK) {
    vt_model_free(model);
    return status;
  }
  *out = model;
  return VT_OK;
}

/* MODEL.json for MODEL.onnx; MODEL.json behind any other name. */
static char *sidecar_path(vt_ctx *ctx, const char *path)
{
  size_t length = strlen(path);
  if (length > 5 && strcasecmp(path + length - 5, ".onnx") == 0) length -= 5;
  return vt_format(ctx, "%.*s.json", (int)length, path);
}

static vt_status read_sidecar(vt_ctx *ctx, const char *path, const char *given, vt_preprocess **out)
{
  *out = NULL;
  if (given) { /* asked for by name: that it cannot be read is no fault of the model */
    vt_status status = vt_preprocess_read(ctx, given, out);
    return status == VT_ERROR_NO_SUCH_FILE || status == VT_ERROR_IO
               ? vt_fail_restate(ctx, VT_ERROR_INVALID_DATA)
               : status;
  }
  char *beside = sidecar_path(ctx, path);
  if (!beside) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_file_exists(beside) ? vt_preprocess_read(ctx, beside, out) : VT_OK;
  vt_free(beside);
  return status;
}

vt_status vt_model_open(vt_ctx *ctx, const char *path, const char *preprocess, const char *output,
                        const char *embedding, vt_model **out)
{
  *out = NULL;
  vt_preprocess *sidecar;
  vt_graph *graph;
  VT_TRY(read_sidecar(ctx, path, preprocess, &sidecar));
  vt_status status = vt_graph_read(ctx, path, NULL, &graph);
  if (status != VT_OK) {
    vt_preprocess_free(sidecar);
    return status;
  }
  return vt_model_of_graph(ctx, graph, path, sidecar, output, embedding, out);
}
