/* SPDX-License-Identifier: Apache-2.0
 *
 * SMDL: LiMA's predecessor. Plain greedy search, all four scores weighted equally, confidence from an
 * evidential network, regions usually from a prior map. Chen, Zhang, Liang, Li, Cao: "Less is More: Fewer
 * Interpretable Region via Submodular Subset Selection", ICLR 2024.
 *
 * Consistency: the paper writes a cosine with the target's semantic vector, its code takes the class's
 * probability. Both are here; the code's form is the default.
 */
#include <jansson.h>
#include <math.h>

#include "attribution/attribute.h"
#include "attribution/lima.h"
#include "attribution/smdl_greedy.h"
#include "explain/map.h"

enum { EVIDENTIAL, ENTROPY };
enum { PROBABILITY, SOURCE, CLASS };

static const vt_field fields[] = {
    {"weights", VT_FIELD_REALS, offsetof(vt_smdl_settings, weights), "1,1,1,1", VT_RANGE(0, 1e6),
     .help =
         "consistency,collaboration,confidence,effectiveness (effectiveness counts only with --embedding)"},
    {"confidence", VT_FIELD_CHOICE, offsetof(vt_smdl_settings, confidence), "evidential",
     .choices = "evidential|entropy",
     .help = "source of the confidence score: an evidential network, or 1 - H/ln K of the model itself"},
    {"uncertainty", VT_FIELD_STRING, offsetof(vt_smdl_settings, uncertainty),
     .help = "the evidential network: an ONNX model with its sidecar, whose scores are read as evidence "
             "exp(score) "
             "for as many classes as it has"},
    {"consistency", VT_FIELD_CHOICE, offsetof(vt_smdl_settings, consistency), "probability",
     .choices = "probability|source|class",
     .help = "what consistency and collaboration are made of: the target's score (the paper's code), or the "
             "cosine "
             "of the embedding with that of the whole picture or with the class vector of the head (the "
             "paper); the "
             "last two need --embedding"},
    {"splits", VT_FIELD_INT, offsetof(vt_smdl_settings, splits), "1", VT_RANGE(1, 4096),
     .help =
         "deal the regions out to that many parts at random, search each, then their better halves together; "
         "1: search all at once"},
};

/* ---- what is asked for ---- */

static vt_status check_confidence(vt_ctx *ctx, const vt_smdl_settings *smdl, double weight)
{
  bool given = smdl->uncertainty || smdl->uncertainty_model;
  if (smdl->confidence == EVIDENTIAL && weight > 0 && !given)
    return vt_fail(
        ctx, VT_ERROR_INVALID_ARGUMENT,
        "smdl takes its confidence from an evidential network, and this model has none; name one with "
        "--uncertainty NET.onnx (vitrail train scenes-object-evidential makes one), or give --confidence "
        "entropy "
        "to use 1 - H/ln K of the model itself (recorded in the result), or a confidence weight of 0");
  if (smdl->confidence == ENTROPY && given)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "an uncertainty network is of no use to --confidence entropy; leave one of the two out");
  return VT_OK;
}

static vt_status check(vt_ctx *ctx, const vt_task *task, const void *settings)
{
  const vt_smdl_settings *smdl = settings;
  vt_objective_weights weights;
  VT_TRY(vt_objective_weights_from(ctx, &smdl->weights, &weights));
  VT_TRY(check_confidence(ctx, smdl, weights.confidence));
  if (smdl->consistency == PROBABILITY) return VT_OK;
  if (vt_model_embedding_floats(task->model) == 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "consistency by a cosine needs --embedding TENSOR, an inner tensor of the model");
  if (smdl->consistency == CLASS && !vt_score_has_class(task->target.score))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a class score of %s has no class vector",
                   vt_score_name(task->target.score));
  return VT_OK;
}

/* ---- the direction of a cosine ---- */

typedef struct class_vector {
  const vt_task *task;
  float *out;
} class_vector;

static void compose_source(void *user, int item, float *input)
{
  const class_vector *work = user;
  VT_UNUSED(item);
  memcpy(input, vt_scorer_shown(work->task->scorer),
         vt_model_input_floats(work->task->model) * sizeof *input);
}

static vt_status see_gradient(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  const class_vector *work = user;
  const vt_tensor *gradient = sight->gradients[0];
  size_t count = vt_model_embedding_floats(work->task->model);
  double square = 0;
  if ((size_t)vt_count(gradient) != count)
    return vt_fail(ctx, VT_ERROR_RUNTIME, "the embedding has %zu numbers, its gradient %lld", count,
                   (long long)vt_count(gradient));
  for (size_t i = 0; i < count; i++) {
    work->out[i] = (float)vt_get_f64(gradient, (int64_t)i);
    square += (double)work->out[i] * (double)work->out[i];
  }
  for (size_t i = 0; i < count && square > 0; i++)
    work->out[i] = (float)((double)work->out[i] / sqrt(square));
  return square > 0
             ? VT_OK
             : vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                       "the class's score does not depend on the embedding, so there is no class vector");
}

/* Derivative of the class's logit by the embedding: of a linear head the class vector, of any other one
 * that of the whole picture. */
static vt_status find_class_vector(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, float *out)
{
  vt_subject subject;
  vt_target logit = {.score = VT_SCORE_LOGIT, .index = task->target.index};
  class_vector work = {task, out};
  VT_TRY(vt_model_subject(ctx, task->model, &subject));
  if (!subject.logits) logit.score = VT_SCORE_LOG_PROBABILITY;
  vt_look look = {.target = &logit, .names = &subject.embedding, .name_count = 1, .name_gradients = true};
  VT_TRY(vt_subject_look(ctx, &subject, 1, &look, compose_source, see_gradient, &work));
  explanation->traced_runs++;
  return VT_OK;
}

static vt_status find_direction(vt_ctx *ctx, const vt_task *task, int consistency,
                                vt_explanation *explanation, float **out)
{
  *out = vt_alloc_zero(ctx, vt_model_embedding_floats(task->model), sizeof **out);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  if (consistency == CLASS) return find_class_vector(ctx, task, explanation, *out);
  uint64_t *all = vt_alloc_zero(ctx, (size_t)vt_scorer_words(task->scorer), sizeof *all);
  if (!all) return VT_ERROR_OUT_OF_MEMORY;
  for (int r = 0; r < vt_regions_count(task->regions); r++)
    vt_subset_add(all, r);
  vt_status status = vt_scorer_embeddings(ctx, task->scorer, all, 1, *out);
  vt_free(all);
  return status;
}

/* ---- what is told ---- */

static json_t *number_or_null(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *rates(const int64_t counts[VT_SMDL_VALUES], int64_t of, const char *of_name,
                     const bool measured[VT_SMDL_VALUES])
{
  json_t *json = json_object();
  for (int v = 0; v < VT_SMDL_VALUES; v++)
    json_object_set_new(json, vt_smdl_value_names[v],
                        of && measured[v] ? json_real((double)counts[v] / (double)of) : json_null());
  json_object_set_new(json, of_name, json_integer((json_int_t)of));
  return json;
}

/* Scores of each prefix, and how often each score breaks what the theory asks of it. */
static vt_status tell(vt_ctx *ctx, const vt_smdl_settings *settings, const vt_smdl_judge *judge,
                      const vt_model *network, const vt_smdl_findings *findings, vt_explanation *explanation)
{
  bool measured[VT_SMDL_VALUES] = {true, true, judge->uncertainty || settings->confidence == ENTROPY,
                                   judge->distances != NULL, true};
  json_t *details = json_object(), *steps = json_object();
  int count = vt_regions_count(explanation->regions);
  for (int v = 0; v < VT_SMDL_VALUES; v++) {
    json_t *list = json_array();
    for (int j = 0; j < count; j++)
      json_array_append_new(list, measured[v] ? number_or_null(findings->steps[j * VT_SMDL_VALUES + v])
                                              : json_null());
    json_object_set_new(steps, vt_smdl_value_names[v], list);
  }
  json_object_set_new(details, "scores", steps);
  json_object_set_new(details, "not_submodular",
                      rates(findings->not_submodular, findings->triples, "triples", measured));
  json_object_set_new(details, "not_monotone",
                      rates(findings->not_monotone, findings->pairs, "pairs", measured));
  json_object_set_new(details, "confidence",
                      json_string(judge->uncertainty                ? "evidential"
                                  : settings->confidence == ENTROPY ? "entropy"
                                                                    : "none"));
  if (judge->uncertainty) {
    const char *sha256 = vt_model_sha256(network);
    json_object_set_new(details, "uncertainty_sha256", *sha256 ? json_string(sha256) : json_null());
    json_object_set_new(details, "uncertainty_classes", json_integer(vt_model_classes(network)));
    json_object_set_new(details, "uncertainty_forwards",
                        json_integer((json_int_t)vt_uncertainty_forwards(judge->uncertainty)));
  }
  explanation->details = details;
  return details ? VT_OK : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the scores of the search");
}

/* ---- the run ---- */

static vt_status open_network(vt_ctx *ctx, const vt_task *task, const vt_smdl_settings *settings,
                              vt_model **opened, vt_model **network, vt_uncertainty **out)
{
  *network = settings->uncertainty_model;
  if (!*network) {
    VT_TRY(vt_model_open(ctx, settings->uncertainty, NULL, NULL, NULL, opened));
    *network = *opened;
  }
  return vt_uncertainty_new(ctx, *network, task->picture, task->blank, task->regions, out);
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  const vt_smdl_settings *smdl = settings;
  vt_smdl_judge judge = {.task = task};
  vt_smdl_findings findings = {0};
  vt_model *opened = NULL, *network = NULL;
  double *distances = NULL;
  float *direction = NULL;
  vt_status status = VT_OK;
  VT_TRY(vt_objective_weights_from(ctx, &smdl->weights, &judge.weights));
  if (smdl->confidence == EVIDENTIAL && judge.weights.confidence > 0)
    VT_TRY_DONE(open_network(ctx, task, smdl, &opened, &network, &judge.uncertainty));
  if (smdl->confidence == ENTROPY && judge.weights.confidence > 0)
    VT_TRY_DONE(
        vt_explanation_warn(ctx, explanation,
                            "confidence is 1 - H/ln K of the model explained, not that of an evidential "
                            "network as in the paper"));
  if (judge.weights.effectiveness > 0 && vt_model_embedding_floats(task->model) == 0)
    VT_TRY_DONE(vt_explanation_warn(
        ctx, explanation,
        "effectiveness left out: it needs --embedding TENSOR, an inner tensor of the model"));
  else if (judge.weights.effectiveness > 0)
    VT_TRY_DONE(
        vt_region_distances(ctx, task->scorer, task->model, vt_regions_count(task->regions), &distances));
  if (smdl->consistency != PROBABILITY)
    VT_TRY_DONE(find_direction(ctx, task, smdl->consistency, explanation, &direction));
  judge.distances = distances;
  judge.direction = direction;
  VT_TRY_DONE(vt_smdl_search(ctx, &judge, (int)smdl->splits, explanation, &findings));
  status = tell(ctx, smdl, &judge, network, &findings, explanation);
done:
  vt_smdl_findings_free(&findings);
  vt_uncertainty_free(judge.uncertainty);
  vt_model_free(opened);
  vt_free(distances);
  vt_free(direction);
  return status;
}

static int64_t calls(const void *settings, int regions, bool embedding)
{
  const vt_smdl_settings *smdl = settings;
  bool diverse = embedding && smdl->weights.count == 4 && smdl->weights.data[3] > 0;
  /* curve points of those that no part nominated, which the search did not see */
  int rest = regions - vt_smdl_nominated(regions, (int)smdl->splits);
  int64_t points = rest > 0 ? 2 * (rest - 1) : 0;
  return vt_smdl_search_calls(regions, (int)smdl->splits) + points + 2 + (diverse ? regions : 0) +
         (smdl->consistency != PROBABILITY);
}

const vt_method vt_method_smdl = {
    .id = "smdl",
    .aliases = "smdl-attribution|submodular",
    .title = "SMDL: submodular subset selection",
    .summary = "Ranks regions by plain greedy search on four scores, one of them from a second network that "
               "knows what "
               "it does not know; made to refine another method's map (--prior METHOD, or --regions "
               "prior:MAP.npy). About "
               "1.5 times as dear as lima on 49 regions.",
    .citation = "Chen, R. et al. (2024). Less is More: Fewer Interpretable Region via Submodular Subset "
                "Selection. ICLR. arXiv:2402.09164.",
    .cost = "k(k+1) model calls for k regions: 2450 for 49; half as many of the uncertainty network",
    .place = "data · token",
    .needs = VT_NEEDS_REGIONS,
    .settings_size = sizeof(vt_smdl_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .check = check,
    .run = run,
    .calls = calls,
};
