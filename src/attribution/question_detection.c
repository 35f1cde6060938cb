/* SPDX-License-Identifier: Apache-2.0
 *
 * Which box is asked about: a detection of the whole picture by its number, or a box in the photograph.
 */
#include <math.h>

#include "attribution/question.h"
#include "explain/detector.h"
#include "explain/model_kind.h"

enum { LISTED = 20 }; /* detections in the result */

/* ---- the model's own answer ---- */

typedef struct first_answer {
  const vt_model *model;
  const vt_image *picture;
  float *output;
} first_answer;

static void compose(void *user, int item, float *input)
{
  const first_answer *of = user;
  VT_UNUSED(item);
  vt_preprocess_floats(vt_model_preprocess(of->model), of->picture, input);
}

static void consume(void *user, int item, const float *output, const float *embedding)
{
  const first_answer *of = user;
  VT_UNUSED(item);
  VT_UNUSED(embedding);
  memcpy(of->output, output, vt_model_output_floats(of->model) * sizeof *output);
}

/* ---- boxes ---- */

/* From pixels of the model's input to those of the photograph, or back. */
static void to_photo(const vt_placement *place, const double from[4], double to[4])
{
  for (int i = 0; i < 4; i += 2) {
    to[i] = from[i] * place->scale_x + place->offset_x;
    to[i + 1] = from[i + 1] * place->scale_y + place->offset_y;
  }
}

static void to_input(const vt_placement *place, const double from[4], double to[4])
{
  for (int i = 0; i < 4; i += 2) {
    to[i] = (from[i] - place->offset_x) / place->scale_x;
    to[i + 1] = (from[i + 1] - place->offset_y) / place->scale_y;
  }
}

static vt_status parse_box(vt_ctx *ctx, const char *text, double box[4])
{
  vt_reals list = {0};
  static const vt_field field = {"box", VT_FIELD_REALS, 0, .low = -1e6, .high = 1e6};
  vt_status status = vt_params_set(ctx, &field, 1, &list, "box", text);
  bool good =
      status == VT_OK && list.count == 4 && list.data[2] > list.data[0] && list.data[3] > list.data[1];
  if (good) memcpy(box, list.data, 4 * sizeof *box);
  vt_params_free(&field, 1, &list);
  if (status != VT_OK || good) return status;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "box '%s' must be x0,y0,x1,y1 in pixels of the photograph, x1 > x0 and y1 > y0", text);
}

/* ---- what is looked for ---- */

/* Classes of a box that nothing found explains: the one class there is, or the one asked for. */
static vt_status classes_asked(vt_ctx *ctx, const vt_model *model, const vt_request *request,
                               vt_question *out)
{
  int classes = vt_model_detector(model)->classes, label = 0;
  if (classes > 1) {
    VT_TRY(vt_target_parse(ctx, model, request->target, &label));
    if (label < 0 || label >= classes)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                     "nothing found overlaps the box by half, so its class must be given (target): 0 to %d",
                     classes - 1);
  }
  out->label = label;
  out->wanted->classes[label] = 1;
  return VT_OK;
}

static vt_status choose_box(vt_ctx *ctx, const vt_model *model, const vt_request *request,
                            const vt_placement *placement, const float *output, vt_question *out)
{
  const vt_detector *detector = vt_model_detector(model);
  double in_photo[4], best = 0.5;
  vt_wanted *wanted = out->wanted;
  VT_TRY(parse_box(ctx, request->box, in_photo));
  to_input(placement, in_photo, wanted->box);
  const double view[4] = {0, 0, detector->width, detector->height};
  if (vt_box_overlap(wanted->box, view) <= 0)
    return vt_fail(
        ctx, VT_ERROR_INVALID_ARGUMENT,
        "box %s lies outside what the model sees of the photograph (%d × %d pixels, width × height)",
        request->box, placement->photo_width, placement->photo_height);
  for (int i = 0; i < out->found_count; i++) {
    double overlap = vt_box_overlap(wanted->box, out->found[i].box);
    if (overlap < best || (overlap == best && out->detection >= 0)) continue;
    best = overlap;
    out->detection = i;
  }
  if (out->detection < 0) return classes_asked(ctx, model, request, out);
  vt_detector_classes(detector, output, out->found[out->detection].proposal, wanted->classes);
  out->label = out->found[out->detection].label;
  return VT_OK;
}

static vt_status choose_detection(vt_ctx *ctx, const vt_model *model, const vt_request *request,
                                  const float *output, vt_question *out)
{
  const vt_detector *detector = vt_model_detector(model);
  int64_t number = 0;
  if (out->found_count == 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "nothing is detected in the picture with a confidence of %g or more: name a box "
                   "(box x0,y0,x1,y1), or lower \"threshold\" in the sidecar",
                   detector->settings->threshold);
  if (request->detection && !vt_parse_integer(request->detection, &number))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "detection '%s' is no number", request->detection);
  if (number < 0 || number >= out->found_count)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "detection %lld: %d found, 0 to %d, best first",
                   (long long)number, out->found_count, out->found_count - 1);
  out->detection = (int)number;
  out->label = out->found[number].label;
  memcpy(out->wanted->box, out->found[number].box, sizeof out->wanted->box);
  vt_detector_classes(detector, output, out->found[number].proposal, out->wanted->classes);
  return VT_OK;
}

vt_status vt_question_read_detection(vt_ctx *ctx, vt_model *model, const vt_request *request,
                                     const vt_image *picture, const vt_placement *placement, vt_question *out)
{
  const vt_detector *detector = vt_model_detector(model);
  if (!detector)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "the model is no detector as far as its sidecar says (key \"detection\"), so there is no "
                   "box to explain");
  out->detection = -1;
  out->wanted = vt_alloc_zero(ctx, 1, sizeof *out->wanted);
  if (!out->wanted) return VT_ERROR_OUT_OF_MEMORY;
  out->wanted->detector = detector;
  out->wanted->classes = vt_alloc_zero(ctx, (size_t)detector->classes, sizeof *out->wanted->classes);
  first_answer of = {model, picture, vt_alloc_zero(ctx, vt_model_output_floats(model), sizeof(float))};
  vt_status status = of.output && out->wanted->classes ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_model_run(ctx, model, 1, 1, compose, consume, &of);
  if (status == VT_OK) status = vt_detector_list(ctx, detector, of.output, &out->found, &out->found_count);
  if (status == VT_OK)
    status = request->box ? choose_box(ctx, model, request, placement, of.output, out)
                          : choose_detection(ctx, model, request, of.output, out);
  vt_free(of.output);
  return status;
}

/* ---- saying ---- */

static json_t *box_json(const double box[4])
{
  return json_pack("[f,f,f,f]", box[0], box[1], box[2], box[3]);
}

static json_t *found_json(const vt_question *question, const vt_model *model, const vt_placement *placement)
{
  json_t *list = json_array();
  for (int i = 0; i < question->found_count && i < LISTED; i++) {
    const vt_found *found = &question->found[i];
    double box[4];
    to_photo(placement, found->box, box);
    json_array_append_new(list, json_pack("{s:o, s:f, s:i, s:o}", "box", box_json(box), "confidence",
                                          found->confidence, "label", found->label, "name",
                                          vt_json_outside(vt_model_class_name(model, found->label))));
  }
  return list;
}

void vt_question_describe_detection(vt_ctx *ctx, const vt_question *question, const vt_model *model,
                                    const vt_placement *placement, vt_text *words, json_t *details)
{
  const char *name = vt_model_class_name(model, question->label);
  double box[4];
  to_photo(placement, question->wanted->box, box);
  if (name)
    vt_text_addf(ctx, words, "%.120s in box ", name);
  else if (question->wanted->detector->classes > 1)
    vt_text_addf(ctx, words, "class %d in box ", question->label);
  else
    vt_text_add(ctx, words, "box ");
  vt_text_addf(ctx, words, "%.0f,%.0f,%.0f,%.0f", box[0], box[1], box[2], box[3]);
  if (question->detection >= 0)
    vt_text_addf(ctx, words, " (detection %d of %d)", question->detection, question->found_count);
  json_object_set_new(details, "box", box_json(box));
  json_object_set_new(details, "input_box", box_json(question->wanted->box));
  json_object_set_new(details, "label", json_integer(question->label));
  json_object_set_new(details, "label_name", vt_json_outside(name));
  json_object_set_new(details, "detection",
                      question->detection >= 0 ? json_integer(question->detection) : json_null());
  json_object_set_new(details, "found", found_json(question, model, placement));
}
