/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/question.h"

#include "explain/detector.h"
#include "explain/text_space.h"

/* ---- which score ---- */

/* Settings that belong to one score each. */
static const struct {
  const char *name; /* as a setting */
  size_t offset;    /* of the text in vt_request */
  vt_score_kind score;
} belongings[] = {
    {"contrast", offsetof(vt_request, contrast), VT_SCORE_MARGIN},
    {"similar_to", offsetof(vt_request, similar_to), VT_SCORE_SIMILARITY},
    {"text", offsetof(vt_request, text), VT_SCORE_SIMILARITY},
    {"not_text", offsetof(vt_request, not_text), VT_SCORE_SIMILARITY},
    {"mask", offsetof(vt_request, mask), VT_SCORE_MEAN},
    {"box", offsetof(vt_request, box), VT_SCORE_DETECTION},
    {"detection", offsetof(vt_request, detection), VT_SCORE_DETECTION},
};

vt_status vt_request_score(vt_ctx *ctx, const vt_request *request, const vt_model *model, vt_score_kind *out)
{
  *out = (vt_score_kind)request->class_score;
  for (size_t i = 0; i < VT_COUNT(belongings); i++) {
    const char *given = *(char *const *)((const char *)request + belongings[i].offset);
    if (!given || *out == belongings[i].score) continue;
    if (*out != VT_SCORE_PROBABILITY)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s belongs to the class score '%s', not to '%s'",
                     belongings[i].name, vt_score_name(belongings[i].score), vt_score_name(*out));
    *out = belongings[i].score;
  }
  if (request->direction && *out == VT_SCORE_PROBABILITY) *out = VT_SCORE_SIMILARITY;
  if (request->similar_to && request->text)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "a direction (similar_to) and a text are both given; one of them is compared with");
  if (request->not_text && !request->text)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "not_text needs the text it is set against (text)");
  if (request->box && request->detection)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "a box and the number of a detection are both given; one of them is explained");
  if (model && vt_model_detector(model) && *out == VT_SCORE_PROBABILITY) *out = VT_SCORE_DETECTION;
  if (model && vt_model_gives_map(model) && *out == VT_SCORE_PROBABILITY && vt_model_preprocess(model)->text)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "the model's output is an embedding: say which text it is compared with (text), or give a "
                   "direction (similar_to)");
  return VT_OK;
}

/* ---- reading ---- */

static vt_status read_texts(vt_ctx *ctx, const vt_model *model, const vt_request *request, vt_question *out)
{
  const char *texts[2] = {request->text, request->not_text};
  vt_tensor *directions[2];
  if (!request->text) return VT_OK;
  VT_TRY(vt_text_directions(ctx, model, texts, 2, directions));
  out->direction = directions[0]->data;
  out->direction_count = (size_t)vt_count(directions[0]);
  if (directions[1]) out->against = directions[1]->data;
  out->factor = vt_text_scale(model);
  return VT_OK;
}

void vt_question_free(vt_question *question)
{
  vt_free(question->own_weights);
  if (question->wanted) vt_free(question->wanted->classes);
  vt_free(question->wanted);
  vt_free(question->found);
}

vt_status vt_question_read(vt_ctx *ctx, vt_model *model, const vt_request *request, const vt_image *picture,
                           const vt_placement *placement, vt_question *out)
{
  *out = (vt_question){.target = VT_CLASS_NONE, .contrast = VT_CLASS_NONE};
  VT_TRY(vt_request_score(ctx, request, model, &out->score));
  if (vt_score_has_class(out->score)) VT_TRY(vt_target_parse(ctx, model, request->target, &out->target));
  if (request->contrast) VT_TRY(vt_target_parse(ctx, model, request->contrast, &out->contrast));
  VT_TRY(read_texts(ctx, model, request, out));
  if (out->score == VT_SCORE_DETECTION)
    return vt_question_read_detection(ctx, model, request, picture, placement, out);
  if (out->score == VT_SCORE_MEAN) return vt_question_read_mean(ctx, model, request, placement, out);
  vt_tensor *direction;
  VT_TRY(vt_request_direction(ctx, request, &direction));
  if (!direction) return VT_OK;
  out->direction = direction->data;
  out->direction_count = (size_t)vt_count(direction);
  return VT_OK;
}

void vt_question_options(const vt_question *question, vt_scorer_options *options)
{
  options->score = question->score;
  options->target = question->target;
  options->contrast = question->contrast;
  options->direction = question->direction;
  options->direction_count = question->direction_count;
  options->against = question->against;
  options->factor = question->factor;
  options->weights = question->weights;
  options->weight_count = question->weight_count;
  options->wanted = question->wanted;
}

/* ---- saying ---- */

/* "Egyptian cat (class 285)" or "class 285". */
static void add_class(vt_ctx *ctx, vt_text *text, const vt_model *model, int index)
{
  const char *name = vt_model_class_name(model, index);
  vt_text_addf(ctx, text, name ? "%.120s (class %d)" : "%sclass %d", name ? name : "", index);
}

static void describe_margin(vt_ctx *ctx, const vt_model *model, const vt_scorer_options *options,
                            vt_text *words, json_t *details)
{
  add_class(ctx, words, model, options->target);
  if (options->contrast < 0) {
    vt_text_add(ctx, words, " and not the strongest other class");
    json_object_set_new(details, "contrast", json_string("strongest other class"));
    return;
  }
  vt_text_add(ctx, words, " and not ");
  add_class(ctx, words, model, options->contrast);
  json_object_set_new(details, "contrast",
                      json_pack("{s:i, s:o}", "index", options->contrast, "name",
                                vt_json_outside(vt_model_class_name(model, options->contrast))));
}

static void describe_similarity(vt_ctx *ctx, const vt_request *request, vt_text *words, json_t *details)
{
  if (request->similar_to) {
    vt_text_addf(ctx, words, "like %s", vt_path_name(request->similar_to));
    json_object_set_new(details, "similar_to", vt_json_outside(vt_path_name(request->similar_to)));
    return;
  }
  vt_text_addf(ctx, words, "“%s”", request->text);
  json_object_set_new(details, "text", vt_json_outside(request->text));
  if (!request->not_text) return;
  vt_text_addf(ctx, words, " and not “%s”", request->not_text);
  json_object_set_new(details, "not_text", vt_json_outside(request->not_text));
}

vt_status vt_question_describe(vt_ctx *ctx, const vt_question *question, const vt_model *model,
                               const vt_request *request, const vt_placement *placement,
                               const vt_scorer_options *options, vt_explanation *explanation)
{
  vt_text words = {0};
  json_t *details = json_object();
  if (question->score == VT_SCORE_MARGIN)
    describe_margin(ctx, model, options, &words, details);
  else if (question->score == VT_SCORE_SIMILARITY)
    describe_similarity(ctx, request, &words, details);
  else if (question->score == VT_SCORE_MEAN)
    vt_question_describe_mean(ctx, question, request, &words, details);
  else if (question->score == VT_SCORE_DETECTION) {
    vt_question_describe_detection(ctx, question, model, placement, &words, details);
    explanation->boxed = true;
    memcpy(explanation->target_box, question->wanted->box, sizeof explanation->target_box);
  }
  json_t *valid = vt_json_outside(words.data); /* names and texts may hold any bytes */
  vt_free(explanation->target_text);
  json_decref(explanation->target_details);
  explanation->target_text = json_is_string(valid) ? vt_strdup(ctx, json_string_value(valid)) : NULL;
  explanation->target_details = details;
  bool failed = !details || !valid || words.failed || (words.data && !explanation->target_text);
  json_decref(valid);
  vt_text_free(&words);
  return failed ? vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory while saying what is explained")
                : VT_OK;
}
