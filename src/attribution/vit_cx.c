/* SPDX-License-Identifier: Apache-2.0
 *
 * ViT-CX: masks made of what the last block sees of the picture, and the score through each. Xie, Li, Cao,
 * Zhang: "ViT-CX: Causal Explanation of Vision Transformers", IJCAI 2023, arXiv 2211.03064.
 *
 *   masks    each channel of the tokens, enlarged to the picture and scaled to [0, 1]; clustered by complete
 *            linkage of 1 − cosine at a threshold; those of a cluster added up and scaled to [0, 1]
 *   s_j      f(x·M_j + n_j) − f(x + n_j) + f(x),   n_j = scale · N · (1 − M_j), N standard normal
 *   φ(p)     (1/n) Σ_j s_j·M_j(p) / Σ_j M_j(p)
 *
 * A channel that is the same everywhere makes an empty mask. Tokens of a text are masked as a whole, in the
 * tensor that varies.
 */
#include <math.h>

#include "attribution/attention.h"
#include "attribution/methods.h"
#include "attribution/vit_cx_masks.h"
#include "data/picture.h"
#include "vitrail/data.h"

typedef struct cx_settings {
  double threshold, noise_scale;
  char *noise, *layer;
} cx_settings;

static const vt_field fields[] = {
    {"threshold", VT_FIELD_REAL, offsetof(cx_settings, threshold), "0.1", VT_RANGE(0, 2),
     .help = "masks nearer than this (1 - cosine) become one", .aliases = "distance_threshold"},
    {"noise_scale", VT_FIELD_REAL, offsetof(cx_settings, noise_scale), "0.1", VT_RANGE(0, 1e6),
     .help = "standard deviation of the noise on what a mask hides, in normalised units"},
    {"noise", VT_FIELD_STRING, offsetof(cx_settings, noise),
     .help =
         "file of the noise before scaling (.npy: one or more arrays of the input's shape, taken in turn); "
         "default: normal, from the seed"},
    {"layer", VT_FIELD_STRING, offsetof(cx_settings, layer),
     .help = "tensor the masks are made of, by name; default: the tokens that go into the last block",
     .aliases = "target_layer"},
};

typedef struct causal {
  const vt_task *task;
  const cx_settings *settings;
  vt_explanation *explanation;
  vt_layer layer;
  vt_cx_masks masks;
  size_t channels;        /* of the input */
  bool channels_last;     /* of the input; tokens too */
  const vt_tensor *noise; /* NULL: from the seed */
  double *scores;         /* [1 + 2·groups]: of x, then of each mask with and without it */
} causal;

/* ---- features ---- */

static vt_status see_layer(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  causal *x = user;
  const vt_layer *layer = &x->layer;
  const vt_tensor *tensor = sight->values[0];
  size_t places = vt_layer_places(layer);
  char text[160];
  if ((size_t)vt_count(tensor) != vt_layer_floats(layer))
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "tensor '%s' changed its shape to %s", layer->name,
                   vt_shape_text(tensor, text));
  float *map = vt_alloc_zero(ctx, places, sizeof *map);
  if (!map) return VT_ERROR_OUT_OF_MEMORY;
  for (int c = 0; c < layer->channels; c++) {
    for (size_t i = 0; i < places; i++)
      map[i] = (float)vt_get_f64(tensor, (int64_t)vt_layer_index(layer, c, i));
    vt_cx_masks_put(&x->masks, c, map, layer->height, layer->width);
  }
  vt_free(map);
  return VT_OK;
}

static vt_status find_layer(vt_ctx *ctx, causal *x, vt_attention *attention)
{
  const vt_task *task = x->task;
  int channels, height = 1, width = (int)task->subject->dims[1];
  VT_TRY(vt_attention_open(ctx, task, attention));
  x->layer = attention->stream;
  if (x->settings->layer) VT_TRY(vt_layer_find(ctx, task, x->settings->layer, &x->layer));
  if (task->model) vt_model_input_size(task->model, &channels, &height, &width);
  x->channels_last = !task->model || vt_model_preprocess(task->model)->channels_last;
  VT_TRY(vt_cx_masks_new(ctx, x->layer.channels, height, width, &x->masks));
  x->channels = vt_subject_floats(task->subject) / x->masks.places;
  int value = vt_graph_find(attention->graph, x->layer.name);
  return vt_attention_look(ctx, attention, x->explanation, &value, 1, false, see_layer, x);
}

/* ---- scores ---- */

static double noise_at(const causal *x, int group, size_t element)
{
  if (!x->noise)
    return vt_random_normal(x->task->seed, vt_stream("vit-cx", (uint64_t)group), (uint64_t)element);
  size_t floats = x->channels * x->masks.places, arrays = (size_t)vt_count(x->noise) / floats;
  return vt_get_f64(x->noise, (int64_t)((size_t)group % arrays * floats + element));
}

/* Item 0: the input; 1 + 2j: seen through mask j; 2 + 2j: with its noise alone. */
static void compose(void *user, int item, float *input)
{
  const causal *x = user;
  size_t places = x->masks.places;
  if (item == 0) {
    memcpy(input, x->task->input, x->channels * places * sizeof *input);
    return;
  }
  int group = (item - 1) / 2;
  bool masked = item % 2 == 1;
  const float *mask = vt_cx_mask(&x->masks, group);
  double scale = x->settings->noise_scale;
  for (size_t i = 0; i < x->channels * places; i++) {
    float shown = mask[x->channels_last ? i / x->channels : i % places];
    float value = masked ? x->task->input[i] * shown : x->task->input[i];
    input[i] = scale > 0 ? value + (float)(scale * noise_at(x, group, i)) * (1 - shown) : value;
  }
}

static vt_status see_score(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  VT_UNUSED(ctx);
  ((causal *)user)->scores[sight->item] = sight->score;
  return VT_OK;
}

static vt_status score_all(vt_ctx *ctx, causal *x, int count)
{
  const vt_task *task = x->task;
  if (!task->model || task->precision == VT_F64) {
    vt_look look = {.target = &task->target};
    return vt_task_look(ctx, task, x->explanation, count, &look, compose, see_score, x);
  }
  return vt_task_score(ctx, task, x->explanation, count, compose, x, x->scores);
}

static vt_status check_budget(vt_ctx *ctx, const causal *x, int count)
{
  int64_t most = x->task->scorer ? vt_scorer_options_of(x->task->scorer)->max_calls : 0;
  if (most <= 0 || count < most) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "vit-cx needs %d model calls for %d masks, more than the budget of %lld: raise --threshold, "
                 "so that more masks become one",
                 count + 1, x->masks.groups, (long long)most);
}

static vt_status read_noise(vt_ctx *ctx, causal *x)
{
  vt_tensor *noise;
  char text[160];
  size_t floats = x->channels * x->masks.places;
  if (!x->settings->noise) return VT_OK;
  VT_TRY(vt_npy_read(ctx, x->settings->noise, &noise));
  if (!(VT_FLOATS & VT_T(noise->type)) || vt_count(noise) == 0 || (size_t)vt_count(noise) % floats != 0)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "%s is %s; noise is one or more float arrays of the input's %zu numbers",
                   x->settings->noise, vt_shape_text(noise, text), floats);
  VT_TRY(vt_check_finite(ctx, noise, x->settings->noise));
  x->noise = noise;
  return VT_OK;
}

/* ---- the map ---- */

static vt_status add_up(vt_ctx *ctx, const causal *x)
{
  const vt_cx_masks *masks = &x->masks;
  double *map = vt_alloc_zero(ctx, masks->places, sizeof *map);
  double *coverage = vt_alloc_zero(ctx, masks->places, sizeof *coverage);
  vt_status status = map && coverage ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    for (int j = 0; j < masks->groups; j++) {
      double score = x->scores[1 + 2 * j] - x->scores[2 + 2 * j] + x->scores[0];
      const float *mask = vt_cx_mask(masks, j);
      for (size_t i = 0; i < masks->places; i++) {
        map[i] += score * (double)mask[i];
        coverage[i] += (double)mask[i];
      }
    }
    for (size_t i = 0; i < masks->places; i++)
      map[i] = coverage[i] > 0 ? map[i] / coverage[i] / masks->groups : 0;
    status = vt_map_set_native(ctx, x->task, x->explanation, x->layer.name, map, masks->height, masks->width,
                               false);
  }
  vt_free(map);
  vt_free(coverage);
  return status;
}

static vt_status explain(vt_ctx *ctx, causal *x, vt_attention *attention)
{
  VT_TRY(find_layer(ctx, x, attention));
  VT_TRY(read_noise(ctx, x));
  VT_TRY(vt_cx_masks_cluster(ctx, &x->masks, x->settings->threshold));
  int count = 1 + 2 * x->masks.groups;
  VT_TRY(check_budget(ctx, x, count));
  x->scores = vt_alloc_zero(ctx, (size_t)count, sizeof *x->scores);
  if (!x->scores) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(score_all(ctx, x, count));
  if (x->explanation->parameters &&
      json_object_set_new(x->explanation->parameters, "masks", json_integer(x->masks.groups)) != 0)
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory while writing parameters");
  return add_up(ctx, x);
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  vt_attention attention = {0};
  causal x = {.task = task, .settings = settings, .explanation = explanation};
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = explain(ctx, &x, &attention);
  vt_attention_close(&attention);
  vt_cx_masks_free(&x.masks);
  vt_free(x.scores);
  vt_tensor_release(ctx, mark);
  return status;
}

const vt_method vt_method_vit_cx = {
    .id = "vit-cx",
    .aliases = "ViT-CX|causal-x-vit",
    .title = "ViT-CX: score through masks made of token features",
    .summary =
        "Groups the channels of the last block's tokens into a few dozen masks and measures how the score "
        "holds up through each, against noise where the mask hides. Causal rather than local: the model is "
        "run on changed pictures, and no gradient is needed. Values of the map are means of scores, so its "
        "zero has no meaning.",
    .citation = "Xie, W., Li, X.-H., Cao, C. C., Zhang, N. L. (2023). ViT-CX: Causal Explanation of Vision "
                "Transformers. IJCAI. arXiv:2211.03064.",
    .cost = "2 + 2n forwards for n masks, at most one for each channel of the tokens",
    .place = "model · attention",
    .needs = VT_NEEDS_HOOKS | VT_NEEDS_ATTENTION,
    .settings_size = sizeof(cx_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .check = vt_attention_check,
    .run = run,
};
