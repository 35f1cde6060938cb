/* SPDX-License-Identifier: Apache-2.0
 *
 * Making a scorer: the first look at the model. The whole picture and the blank are run, which resolves "the
 * predicted class", and the picture is run in several places of a batch, which finds models that answer at
 * random or mix up the items of a batch (01-lima, edge cases).
 */
#include "explain/scorer_inside.h"

#include <math.h>

/* Picture, blank, picture, picture: for any micro-batch of two and more, two of the
 * pictures lie in different places. */
enum { FIRST_LOOK = 4, BLANK_PLACE = 1 };

typedef struct first_look {
  vt_scorer *scorer;
  float *outputs;    /* [FIRST_LOOK, output_floats] */
  float *embeddings; /* [FIRST_LOOK, embedding_floats], NULL: the model has none */
} first_look;

static void compose_look(void *user, int item, float *input)
{
  const first_look *look = user;
  const vt_composer *composer = &look->scorer->composer;
  memcpy(input, item == BLANK_PLACE ? composer->hidden : composer->shown, composer->floats * sizeof *input);
}

static void consume_look(void *user, int item, const float *output, const float *embedding)
{
  const first_look *look = user;
  size_t floats = look->scorer->model->output_floats, wide = look->scorer->model->embedding_floats;
  memcpy(look->outputs + (size_t)item * floats, output, floats * sizeof *output);
  if (wide) memcpy(look->embeddings + (size_t)item * wide, embedding, wide * sizeof *embedding);
}

static vt_status resolve_classes(vt_ctx *ctx, vt_scorer *scorer, const float *output)
{
  vt_scorer_options *options = &scorer->options;
  int classes = scorer->model->classes;
  vt_target target = vt_scorer_target(options);
  VT_TRY(vt_target_check(ctx, &target, scorer->model));
  if (!vt_score_has_class(options->score)) {
    options->target = options->second = VT_CLASS_NONE;
    return VT_OK;
  }
  if (options->second >= classes || options->second < VT_CLASS_PREDICTED)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "second class %d: the model has %d classes, 0 to %d",
                   options->second, classes, classes - 1);
  int predicted = 0;
  for (int c = 1; c < classes; c++)
    if (output[c] > output[predicted]) predicted = c;
  if (options->target < 0) options->target = predicted;
  if (options->score == VT_SCORE_MARGIN && options->contrast == options->target)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "class %d cannot be contrasted with itself",
                   options->target);
  if (options->second == VT_CLASS_PREDICTED)
    options->second = predicted == options->target ? VT_CLASS_NONE : predicted;
  return VT_OK;
}

static double largest_difference(const double *a, const double *b, int count)
{
  double largest = 0;
  for (int i = 0; i < count; i++)
    if (fabs(a[i] - b[i]) > largest) largest = fabs(a[i] - b[i]);
  return largest;
}

/* Files what the first look saw of one subset (all regions, or none). */
static vt_status enter_known(vt_ctx *ctx, vt_scorer *scorer, bool all, const float *output,
                             const float *embedding, const double *probabilities)
{
  uint64_t *key = vt_alloc_zero(ctx, (size_t)scorer->words, sizeof *key);
  if (!key) return VT_ERROR_OUT_OF_MEMORY;
  for (int r = 0; all && r < scorer->region_count; r++)
    vt_subset_add(key, r);
  size_t entry = 0, bytes = (size_t)scorer->model->classes * sizeof *probabilities;
  vt_status status = vt_subset_cache_enter(ctx, &scorer->cache, key, &entry);
  vt_free(key);
  if (status != VT_OK) return status;
  vt_cached *cached = &scorer->cache.values[entry];
  cached->scored = vt_scored_from(scorer->model, &scorer->options, output, embedding, NULL);
  cached->probabilities = vt_alloc(ctx, bytes);
  if (!cached->probabilities) return VT_ERROR_OUT_OF_MEMORY;
  memcpy(cached->probabilities, probabilities, bytes);
  cached->ready = true;
  return VT_OK;
}

static vt_status judge_look(vt_ctx *ctx, const first_look *first, double *probabilities)
{
  vt_scorer *scorer = first->scorer;
  const float *outputs = first->outputs, *embeddings = first->embeddings;
  size_t floats = scorer->model->output_floats, classes = (size_t)scorer->model->classes;
  VT_TRY(resolve_classes(ctx, scorer, outputs));
  for (int i = 0; i < FIRST_LOOK; i++)
    vt_model_probabilities(scorer->model, outputs + (size_t)i * floats, probabilities + (size_t)i * classes);
  for (int i = BLANK_PLACE + 1; i < FIRST_LOOK; i++) {
    double difference = largest_difference(probabilities, probabilities + (size_t)i * classes, (int)classes);
    if (difference > scorer->invariance) scorer->invariance = difference;
  }
  scorer->full.probabilities = vt_alloc(ctx, classes * sizeof *probabilities);
  if (!scorer->full.probabilities) return VT_ERROR_OUT_OF_MEMORY;
  memcpy(scorer->full.probabilities, probabilities, classes * sizeof *probabilities);
  if (!scorer->words) return VT_OK;
  VT_TRY(enter_known(ctx, scorer, true, outputs, embeddings, probabilities));
  return enter_known(ctx, scorer, false, outputs + BLANK_PLACE * floats,
                     embeddings ? embeddings + BLANK_PLACE * scorer->model->embedding_floats : NULL,
                     probabilities + BLANK_PLACE * classes);
}

static vt_status look(vt_ctx *ctx, vt_scorer *scorer)
{
  size_t classes = (size_t)scorer->model->classes, wide = scorer->model->embedding_floats;
  first_look first = {.scorer = scorer};
  first.outputs = vt_alloc_zero(ctx, FIRST_LOOK * scorer->model->output_floats, sizeof *first.outputs);
  if (wide) first.embeddings = vt_alloc_zero(ctx, FIRST_LOOK * wide, sizeof *first.embeddings);
  double *probabilities = vt_alloc_zero(ctx, FIRST_LOOK * classes, sizeof *probabilities);
  bool ready = first.outputs && probabilities && (!wide || first.embeddings);
  vt_status status = ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    vt_model_job job = {.count = FIRST_LOOK,
                        .batch = scorer->options.batch,
                        .compose = compose_look,
                        .consume = consume_look,
                        .user = &first};
    double before = vt_clock_seconds();
    status = vt_model_run_job(ctx, scorer->model, &job);
    scorer->run_seconds += (vt_clock_seconds() - before) * 2 / FIRST_LOOK;
    if (status != VT_OK && job.failed_item >= 0)
      vt_fail_prefix(ctx, "%s", job.failed_item == BLANK_PLACE ? "the fill alone" : "the whole picture");
  }
  if (status == VT_OK) status = judge_look(ctx, &first, probabilities);
  if (status == VT_OK) {
    scorer->diagnostic_calls += FIRST_LOOK;
    scorer->forwards += 2;
  }
  vt_free(first.outputs);
  vt_free(first.embeddings);
  vt_free(probabilities);
  return status;
}

vt_status vt_scorer_new(vt_ctx *ctx, vt_model *model, const vt_image *picture, const vt_image *blank,
                        const vt_regions *regions, const vt_scorer_options *options, vt_scorer **out)
{
  *out = NULL;
  vt_scorer *scorer = vt_alloc_zero(ctx, 1, sizeof *scorer);
  if (!scorer) return VT_ERROR_OUT_OF_MEMORY;
  scorer->model = model;
  scorer->options = *options;
  scorer->options.blank_floats = scorer->options.shown_floats = NULL; /* copied, not to be reached later */
  scorer->started = vt_clock_seconds();
  scorer->region_count = regions ? regions->count : 0;
  scorer->words = scorer->cache.words = (scorer->region_count + 63) / 64;
  vt_status status = vt_composer_init(ctx, &scorer->composer, model, picture, blank, options, regions);
  if (status == VT_OK) status = look(ctx, scorer);
  if (status != VT_OK) {
    vt_scorer_free(scorer);
    return status;
  }
  *out = scorer;
  return VT_OK;
}

void vt_scorer_free(vt_scorer *scorer)
{
  if (!scorer) return;
  vt_composer_free(&scorer->composer);
  vt_subset_cache_free(&scorer->cache);
  vt_free(scorer->full.probabilities);
  vt_free(scorer);
}
