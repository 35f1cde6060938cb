/* SPDX-License-Identifier: Apache-2.0
 *
 * planted/heads: random heads of classification by components (paper 20): joint probabilities of "chosen and
 * required present" and "chosen and required absent" that sum to one for each reasoning concept,
 * p_l = Σ_k d_k (r⁺_kl − r⁻_kl) + Σ_k r⁻_kl, and the certified radius of the theorem.
 */
#include <math.h>

#include "worlds/item_fields.h"
#include "worlds/planted.h"
#include "worlds/presets.h"

typedef struct heads_options {
  bool positive_only;
} heads_options;

static const vt_field fields[] = {
    {"positive_only", VT_FIELD_BOOL, offsetof(heads_options, positive_only), "0",
     .help = "no component is required absent: a radial-basis-function head"},
};

enum { K = VT_HEAD_COMPONENTS, L = VT_HEAD_CONCEPTS };

/* Column of concept l: softmax of normal numbers over all 2K places (or K). */
static void draw_column(vt_draw *draw, bool positive_only, int concept, vt_head_record *head)
{
  double weights[2 * K], total = 0;
  for (int i = 0; i < 2 * K; i++) {
    double drawn = exp(1.5 * vt_draw_normal(draw));
    weights[i] = positive_only && i >= K ? 0 : drawn;
    total += weights[i];
  }
  for (int k = 0; k < K; k++) {
    head->positive[k][concept] = (float)(weights[k] / total);
    head->negative[k][concept] = (float)(weights[K + k] / total);
  }
}

/* Every component wholly required or wholly forbidden, and detected just so: the score is one. */
static void match(vt_draw *draw, int concept, vt_head_record *head)
{
  head->matched = concept;
  for (int k = 0; k < K; k++) {
    float prior = head->positive[k][concept] + head->negative[k][concept];
    bool required = vt_draw_chance(draw, .5);
    head->positive[k][concept] = required ? prior : 0;
    head->negative[k][concept] = required ? 0 : prior;
    head->detection[k] = required;
  }
}

static void score(vt_head_record *head)
{
  for (int l = 0; l < L; l++) {
    double sum = 0;
    for (int k = 0; k < K; k++)
      sum += (double)head->detection[k] * ((double)head->positive[k][l] - (double)head->negative[k][l]) +
             (double)head->negative[k][l];
    head->score[l] = (float)sum;
    if (l == 0 || head->score[l] > head->score[head->winner]) head->winner = l;
  }
  head->winner %= VT_HEAD_CLASSES;
}

/* D⁺, D⁻ and R of a concept. */
static void masses(const vt_head_record *head, int l, double *present, double *absent, double *negative)
{
  *present = *absent = *negative = 0;
  for (int k = 0; k < K; k++) {
    *present += (double)head->detection[k] * (double)head->positive[k][l];
    *absent += (double)head->detection[k] * (double)head->negative[k][l];
    *negative += (double)head->negative[k][l];
  }
}

static double certified_radius(const vt_head_record *head)
{
  double smallest = INFINITY, narrow = INFINITY;
  for (int k = 0; k < K; k++)
    narrow = fmin(narrow, (double)head->sigma[k]);
  for (int wrong = 0; wrong < L; wrong++) {
    if (wrong % VT_HEAD_CLASSES == head->label) continue;
    double largest = 0;
    for (int right = 0; right < L; right++) {
      if (right % VT_HEAD_CLASSES != head->label) continue;
      double right_present, right_absent, right_negative, wrong_present, wrong_absent, wrong_negative;
      masses(head, right, &right_present, &right_absent, &right_negative);
      masses(head, wrong, &wrong_present, &wrong_absent, &wrong_negative);
      double a = right_absent + wrong_present, b = right_negative - wrong_negative;
      double c = right_present + wrong_absent;
      largest = fmax(largest, (b + sqrt(b * b + 4 * a * c)) / (2 * a));
    }
    smallest = fmin(smallest, largest);
  }
  return narrow * log(smallest);
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(split);
  const heads_options *options = world->options;
  vt_head_record *head = record;
  vt_draw draw = vt_draw_start(key, "head");
  head->matched = -1;
  for (int l = 0; l < L; l++)
    draw_column(&draw, options->positive_only, l, head);
  for (int k = 0; k < K; k++) {
    head->sigma[k] = (float)vt_draw_uniform(&draw, .8, 1.6);
    for (int i = 0; i < VT_HEAD_WIDTH; i++)
      head->components[k][i] = (float)vt_draw_normal(&draw);
  }
  int near = vt_draw_below(&draw, K);
  for (int i = 0; i < VT_HEAD_WIDTH; i++)
    head->x[i] = (float)((double)head->components[near][i] + .3 * vt_draw_normal(&draw));
  for (int k = 0; k < K; k++) {
    double squares = 0;
    for (int i = 0; i < VT_HEAD_WIDTH; i++) {
      double across = (double)head->x[i] - (double)head->components[k][i];
      squares += across * across;
    }
    head->detection[k] = (float)exp(-sqrt(squares) / (double)head->sigma[k]);
  }
  bool matched = index % 8 == 7 && !options->positive_only;
  if (matched) match(&draw, vt_draw_below(&draw, L), head);
  score(head);
  /* one in four has a wrong label: its radius is negative */
  int off = vt_draw_chance(&draw, .25) ? 1 + vt_draw_below(&draw, VT_HEAD_CLASSES - 1) : 0;
  head->label = (head->winner + off) % VT_HEAD_CLASSES;
  head->radius = matched ? NAN : (float)certified_radius(head);
  return VT_OK;
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const vt_head_record *head = record;
  json_t *scores = json_array();
  for (int l = 0; l < L; l++)
    json_array_append_new(scores, json_real((double)head->score[l]));
  item->truth = json_pack("{s:o,s:i,s:i,s:i,s:o}", "scores", scores, "winner", head->winner, "label",
                          head->label, "matched", head->matched, "radius",
                          isnan(head->radius) ? json_null() : json_real((double)head->radius));
  if (!item->truth) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
  return vt_item_add_fields(ctx, world, record, item);
}

static int describe(const vt_world *world, vt_dataset_field *out)
{
  VT_UNUSED(world);
  static const vt_dataset_field table[] = {
      {"x", VT_F32, 1, {VT_HEAD_WIDTH}}, {"components", VT_F32, 2, {K, VT_HEAD_WIDTH}},
      {"sigma", VT_F32, 1, {K}},         {"positive", VT_F32, 2, {K, L}},
      {"negative", VT_F32, 2, {K, L}},   {"detection", VT_F32, 1, {K}},
      {"score", VT_F32, 1, {L}},         {"winner", VT_I64, 0, {0}},
      {"label", VT_I64, 0, {0}},         {"matched", VT_I64, 0, {0}},
      {"radius", VT_F32, 0, {0}},
  };
  memcpy(out, table, sizeof table);
  return (int)VT_COUNT(table);
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  VT_UNUSED(ctx), VT_UNUSED(world), VT_UNUSED(pass);
  const vt_head_record *head = record;
  const void *const parts[] = {head->x,        head->components, head->sigma, head->positive,
                               head->negative, head->detection,  head->score};
  const size_t sizes[] = {sizeof head->x,        sizeof head->components, sizeof head->sigma,
                          sizeof head->positive, sizeof head->negative,   sizeof head->detection,
                          sizeof head->score};
  for (size_t i = 0; i < VT_COUNT(parts); i++)
    if (out[i]) memcpy(out[i], parts[i], sizes[i]);
  if (out[7]) *(int64_t *)out[7] = head->winner;
  if (out[8]) *(int64_t *)out[8] = head->label;
  if (out[9]) *(int64_t *)out[9] = head->matched;
  if (out[10]) *(float *)out[10] = head->radius;
  return VT_OK;
}

const vt_preset vt_preset_planted_heads = {
    .id = "planted/heads",
    .title = "random heads of classification by components, scores and certified radii",
    .papers = "20",
    .version = 1,
    .counts = {1000, 100, 100},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(heads_options),
    .record_size = sizeof(vt_head_record),
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
