/* SPDX-License-Identifier: Apache-2.0
 *
 * Which items a step sees, which parameters it trains, which parts of the loss count.
 */
#include <fnmatch.h>
#include <math.h>

#include "nn/patterns.h"
#include "nn/trainer_inside.h"

/* ---- items ---- */

/* Orders of larger sets are never whole in memory. Below, they are those that committed recipes were trained
 * with. */
enum { MOST_SHUFFLED = 1 << 22 };

vt_status vt_sampler_begin(vt_ctx *ctx, const vt_dataset *set, int64_t batch, bool shuffle, uint64_t seed,
                           vt_sampler *out)
{
  *out = (vt_sampler){.set = set, .seed = seed, .shuffle = shuffle, .epoch = -1};
  if (set->count < 1) return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s has no items", set->name);
  out->batch = batch < set->count ? batch : set->count;
  out->per_epoch = set->count / out->batch;
  out->whole = shuffle && set->count <= MOST_SHUFFLED;
  out->order = vt_alloc_zero(ctx, (size_t)(out->whole ? set->count : out->batch), sizeof *out->order);
  return out->order ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

void vt_sampler_end(vt_sampler *sampler)
{
  vt_free(sampler->order);
  sampler->order = NULL;
}

vt_status vt_sampler_take(vt_ctx *ctx, vt_sampler *sampler, int64_t number, const int64_t **indices,
                          int64_t *epoch)
{
  int64_t first = number % sampler->per_epoch * sampler->batch, count = sampler->set->count;
  uint64_t pass = (uint64_t)(number / sampler->per_epoch);
  *epoch = (int64_t)pass;
  *indices = sampler->order;
  if (!sampler->whole) {
    for (int64_t i = 0; i < sampler->batch; i++)
      sampler->order[i] =
          sampler->shuffle ? vt_dataset_place(count, sampler->seed, pass, first + i) : first + i;
    return VT_OK;
  }
  if (*epoch != sampler->epoch) {
    VT_TRY(vt_dataset_shuffle(ctx, count, sampler->seed, pass, sampler->order));
    sampler->epoch = *epoch;
  }
  *indices = sampler->order + first;
  return VT_OK;
}

/* ---- lists in settings ---- */

static vt_status parse_weight(vt_ctx *ctx, const char *text, const char *piece, size_t length,
                              vt_loss_weight *out)
{
  char copy[96];
  const char *colon = memchr(piece, ':', length);
  size_t name = colon ? (size_t)(colon - piece) : 0;
  bool good = name > 0 && name < sizeof out->name && length < sizeof copy;
  if (good) {
    memcpy(copy, piece, length);
    copy[length] = 0;
    good = vt_parse_number(copy + name + 1, &out->weight) && isfinite(out->weight);
  }
  if (!good)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "loss: '%.120s' is not NAME:WEIGHT,NAME:WEIGHT…", text);
  memcpy(out->name, copy, name);
  out->name[name] = 0;
  return VT_OK;
}

vt_status vt_loss_weights_parse(vt_ctx *ctx, const char *text, vt_loss_weight **out, int *count)
{
  const char *rest = text, *piece;
  size_t length;
  *count = 0;
  *out = NULL;
  if (!text || !*text) return VT_OK;
  *out = vt_alloc_zero(ctx, VT_LOSS_PARTS, sizeof **out);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  while (vt_patterns_next(&rest, &piece, &length)) {
    vt_status status = *count == VT_LOSS_PARTS ? vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                                                         "loss: more than %d parts", VT_LOSS_PARTS)
                                               : parse_weight(ctx, text, piece, length, &(*out)[*count]);
    if (status != VT_OK) {
      vt_free(*out);
      *out = NULL;
      return status;
    }
    ++*count;
  }
  return VT_OK;
}

/* Calls use() with each pattern. */
static vt_status each_pattern(vt_ctx *ctx, vt_parameters *parameters, const char *text,
                              vt_status (*use)(vt_ctx *, vt_parameters *, const char *))
{
  const char *piece;
  size_t length;
  while (vt_patterns_next(&text, &piece, &length)) {
    char *pattern = vt_strndup(ctx, piece, length);
    if (!pattern) return VT_ERROR_OUT_OF_MEMORY;
    vt_status status = use(ctx, parameters, pattern);
    vt_free(pattern);
    VT_TRY(status);
  }
  return VT_OK;
}

static vt_status train_pattern(vt_ctx *ctx, vt_parameters *parameters, const char *pattern)
{
  return vt_parameters_group(ctx, parameters,
                             &(vt_parameter_group){.pattern = pattern, .rate = -1, .decay = -1});
}

vt_status vt_train_patterns(vt_ctx *ctx, vt_parameters *parameters, const char *text)
{
  if (!text || !*text) return VT_OK;
  VT_TRY(vt_parameters_group(ctx, parameters,
                             &(vt_parameter_group){.pattern = "*", .frozen = true, .rate = -1, .decay = -1}));
  return each_pattern(ctx, parameters, text, train_pattern);
}

static vt_status check_pattern(vt_ctx *ctx, vt_parameters *parameters, const char *pattern)
{
  for (int i = 0; i < vt_parameters_count(parameters); i++) {
    const vt_parameter *parameter = vt_parameters_at(parameters, i);
    if (!parameter->state && fnmatch(pattern, parameter->name, 0) == 0) return VT_OK;
  }
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "train: no parameter fits '%.120s'; the first is %s",
                 pattern, vt_parameters_count(parameters) ? vt_parameters_at(parameters, 0)->name : "absent");
}

vt_status vt_check_patterns(vt_ctx *ctx, const vt_parameters *parameters, const char *text)
{
  return each_pattern(ctx, (vt_parameters *)parameters, text, check_pattern);
}

vt_status vt_trainer_check(vt_ctx *ctx, const vt_trainer_settings *settings, const vt_parameters *parameters)
{
  vt_loss_weight *weights;
  int count;
  VT_TRY(vt_loss_weights_parse(ctx, settings->loss, &weights, &count));
  vt_free(weights);
  return vt_check_patterns(ctx, parameters, settings->train);
}

bool vt_trainer_trains(const char *patterns, const char *name)
{
  return !patterns || !*patterns || vt_patterns_fit(patterns, name);
}
