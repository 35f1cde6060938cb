/* SPDX-License-Identifier: Apache-2.0
 *
 * What may follow a value inside a fusion: activations, gates (x times a function of x), residual sums,
 * constants.
 */
#include <float.h>
#include <math.h>

#include "graph/fuse.h"

static bool near_to(double a, double b)
{
  return fabs(a - b) <= 1e-4 * fabs(b);
}

/* The only reader of a value, when no other fusion has it. */
static int next_node(const vt_draft *draft, const vt_fusions *fusions, int value)
{
  int node = vt_draft_only_user(draft, value);
  return node >= 0 && !fusions->taken[node] ? node : -1;
}

/* oneDNN 2.6 uses the numbers of one for both when a chain holds an activation
 * twice with different numbers. */
static bool can_add(const vt_fusion *fusion, vt_post_kind kind, float alpha, float beta)
{
  if (fusion->post_count >= VT_POSTS) return false;
  for (int i = 0; i < fusion->post_count; i++) {
    const vt_post *post = &fusion->posts[i];
    if (post->kind == kind && (post->alpha != alpha || post->beta != beta)) return false;
  }
  return true;
}

bool vt_fusion_add_post(vt_fusion *fusion, vt_post_kind kind, double alpha, double beta)
{
  vt_post *last = fusion->post_count ? &fusion->posts[fusion->post_count - 1] : NULL;
  if (kind == VT_POST_LINEAR && last && last->kind == VT_POST_LINEAR) {
    vt_fusion without = *fusion;
    without.post_count--;
    float scale = (float)(alpha * last->alpha), shift = (float)(alpha * last->beta + beta);
    if (!can_add(&without, kind, scale, shift)) return false;
    last->alpha = scale;
    last->beta = shift;
    return true;
  }
  if (!can_add(fusion, kind, (float)alpha, (float)beta)) return false;
  fusion->posts[fusion->post_count++] = (vt_post){kind, (float)alpha, (float)beta, VT_NO_VALUE};
  return true;
}

static bool add_part(vt_fusion *fusion, int node)
{
  if (fusion->part_count >= VT_PARTS) return false;
  fusion->parts[fusion->part_count++] = node;
  return true;
}

/* Constant of one element; `fallback` where the input is left out. */
static bool scalar(const vt_draft *draft, int node, int input, double fallback, double *out)
{
  int value = vt_draft_input(draft, node, input);
  *out = fallback;
  if (value < 0) return true;
  const vt_tensor *constant = vt_draft_constant(draft, value);
  if (!constant || vt_count(constant) != 1) return false;
  *out = vt_get_f64(constant, 0);
  return true;
}

static bool clip_bounds(const vt_draft *draft, int node, double *low, double *high)
{
  return scalar(draft, node, 1, -FLT_MAX, low) && scalar(draft, node, 2, FLT_MAX, high) && *low <= *high;
}

bool vt_match_activation(const vt_draft *draft, const vt_fusions *fusions, vt_fusion *fusion)
{
  int node = next_node(draft, fusions, fusion->output);
  if (node < 0 || fusion->part_count >= VT_PARTS || vt_draft_input(draft, node, 0) != fusion->output)
    return false;
  const vt_node *n = &draft->graph->nodes[node];
  double low, high;
  char buffer[64];
  bool added = false;
  vt_fusion before = *fusion;
  if (vt_draft_is(draft, node, "Relu"))
    added = vt_fusion_add_post(fusion, VT_POST_RELU, 0, 0);
  else if (vt_draft_is(draft, node, "LeakyRelu"))
    added = vt_fusion_add_post(fusion, VT_POST_RELU, vt_attribute_number(n, "alpha", 0.01), 0);
  else if (vt_draft_is(draft, node, "Elu"))
    added = vt_fusion_add_post(fusion, VT_POST_ELU, vt_attribute_number(n, "alpha", 1), 0);
  else if (vt_draft_is(draft, node, "Sigmoid"))
    added = vt_fusion_add_post(fusion, VT_POST_SIGMOID, 0, 0);
  else if (vt_draft_is(draft, node, "Tanh"))
    added = vt_fusion_add_post(fusion, VT_POST_TANH, 0, 0);
  else if (vt_draft_is(draft, node, "HardSwish"))
    added = vt_fusion_add_post(fusion, VT_POST_HARDSWISH, 0, 0);
  else if (vt_draft_is(draft, node, "Clip") && clip_bounds(draft, node, &low, &high))
    added = vt_fusion_add_post(fusion, VT_POST_CLIP, low, high);
  else if (vt_draft_is(draft, node, "Gelu"))
    added = vt_fusion_add_post(fusion,
                               strcmp(vt_attribute_text(n, "approximate", "none", buffer), "tanh") == 0
                                   ? VT_POST_GELU_TANH
                                   : VT_POST_GELU_ERF,
                               0, 0);
  else if (vt_draft_is(draft, node, "HardSigmoid"))
    added = vt_fusion_add_post(fusion, VT_POST_LINEAR, vt_attribute_number(n, "alpha", 0.2),
                               vt_attribute_number(n, "beta", 0.5)) &&
            vt_fusion_add_post(fusion, VT_POST_CLIP, 0, 1);
  if (!added) {
    *fusion = before;
    return false;
  }
  fusion->output = vt_draft_output(draft, node, 0);
  return add_part(fusion, node);
}

/* ---- gates ---- */

/* A chain of simple functions of one value, a letter each: S sigmoid, H hard sigmoid (a, b), E erf, A + a, M
 * · a, C clip to [a, b]. */
typedef struct chain {
  char letters[8];
  double a[8], b[8];
  int length;
  int nodes[8];
} chain;

/* Arithmetic of `value` with a one-element constant, as x·scale or x + shift. */
static char scalar_letter(const vt_draft *draft, int node, int value, double *out)
{
  int first = vt_draft_input(draft, node, 0), second = vt_draft_input(draft, node, 1);
  bool left = first == value;
  double c;
  if (left == (second == value) || !scalar(draft, node, left ? 1 : 0, 0, &c)) return 0;
  const vt_tensor *from = &draft->values[value].tensor;
  if (!vt_same_shape(from, &draft->values[vt_draft_output(draft, node, 0)].tensor)) return 0;
  *out = c;
  if (vt_draft_is(draft, node, "Add")) return 'A';
  if (vt_draft_is(draft, node, "Mul")) return 'M';
  if (!left) return 0;
  if (vt_draft_is(draft, node, "Sub")) return *out = -c, 'A';
  if (vt_draft_is(draft, node, "Div") && c != 0) return *out = 1 / c, 'M';
  return 0;
}

static bool extend(const vt_draft *draft, chain *c, int node, int value)
{
  if (c->length >= 6) return false;
  double *a = &c->a[c->length], *b = &c->b[c->length];
  const vt_node *n = &draft->graph->nodes[node];
  char letter = 0;
  if (vt_draft_is(draft, node, "Sigmoid"))
    letter = 'S';
  else if (vt_draft_is(draft, node, "Erf"))
    letter = 'E';
  else if (vt_draft_is(draft, node, "HardSigmoid")) {
    letter = 'H';
    *a = vt_attribute_number(n, "alpha", 0.2);
    *b = vt_attribute_number(n, "beta", 0.5);
  } else if (vt_draft_is(draft, node, "Clip") && vt_draft_input(draft, node, 0) == value &&
             clip_bounds(draft, node, a, b))
    letter = 'C';
  else if (n->input_count == 2)
    letter = scalar_letter(draft, node, value, a);
  if (!letter) return false;
  c->nodes[c->length] = node;
  c->letters[c->length++] = letter;
  c->letters[c->length] = 0;
  return true;
}

/* The activation that x·chain(x) is, and the factor that makes x·chain(x)·factor equal to it. */
static bool recognise(const chain *c, vt_post_kind *kind, double *alpha, double *factor)
{
  *alpha = 1;
  *factor = 1;
  if (strcmp(c->letters, "S") == 0 || strcmp(c->letters, "MS") == 0) {
    *kind = VT_POST_SWISH;
    if (c->letters[0] == 'M') *alpha = c->a[0];
    return true;
  }
  if (strcmp(c->letters, "H") == 0 && near_to(c->a[0], 1.0 / 6) && near_to(c->b[0], 0.5)) {
    *kind = VT_POST_HARDSWISH;
    return true;
  }
  if (strncmp(c->letters, "AC", 2) == 0 && c->a[0] == 3 && c->a[1] == 0 && c->b[1] == 6) {
    *kind = VT_POST_HARDSWISH;
    *factor = 1.0 / 6;
  } else if (strncmp(c->letters, "MEA", 3) == 0 && near_to(c->a[0], 0.70710678118654752) && c->a[2] == 1) {
    *kind = VT_POST_GELU_ERF;
    *factor = 0.5;
  } else {
    return false;
  }
  int used = *kind == VT_POST_HARDSWISH ? 2 : 3;
  if (c->length == used) return true;
  if (c->length != used + 1 || c->letters[used] != 'M') return false;
  *factor /= c->a[used];
  return true;
}

/* Follows the chain that begins with `first` to its product with `value` (or with
 * value·constant, made by `other`). */
static bool follow(const vt_draft *draft, const vt_fusions *fusions, int value, int first, int other,
                   chain *c, int *join, double *scale, bool *scaled)
{
  int node = first, at = value;
  while (extend(draft, c, node, at)) {
    at = vt_draft_output(draft, node, 0);
    node = next_node(draft, fusions, at);
    if (node < 0) return false;
    if (!vt_draft_is(draft, node, "Mul")) continue;
    int a = vt_draft_input(draft, node, 0), b = vt_draft_input(draft, node, 1), rest = a == at ? b : a;
    *join = node;
    *scale = 1;
    *scaled = false;
    if (rest == value && node == other) return true;
    int side = vt_draft_output(draft, other, 0);
    if (rest == side && next_node(draft, fusions, side) == node &&
        scalar_letter(draft, other, value, scale) == 'M') {
      *scaled = true;
      return true;
    }
  }
  return false;
}

bool vt_match_gate(const vt_draft *draft, const vt_fusions *fusions, vt_fusion *fusion)
{
  const vt_draft_value *v = &draft->values[fusion->output];
  if (v->exposed || v->use_count != 2 || v->users[0] == v->users[1] || fusions->taken[v->users[0]] ||
      fusions->taken[v->users[1]])
    return false;
  for (int side = 0; side < 2; side++) {
    chain c = {.length = 0};
    int join, other = v->users[1 - side];
    double scale, alpha, factor;
    bool scaled;
    vt_post_kind kind;
    if (!follow(draft, fusions, fusion->output, v->users[side], other, &c, &join, &scale, &scaled) ||
        !recognise(&c, &kind, &alpha, &factor) || fusion->part_count + c.length + 3 > VT_PARTS)
      continue;
    vt_fusion grown = *fusion;
    for (int i = 0; i < c.length; i++)
      add_part(&grown, c.nodes[i]);
    if (scaled) add_part(&grown, other);
    add_part(&grown, join);
    grown.output = vt_draft_output(draft, join, 0);
    int next = next_node(draft, fusions, grown.output);
    double more;
    if (!near_to(scale, factor) && next >= 0 && draft->graph->nodes[next].input_count == 2 &&
        scalar_letter(draft, next, grown.output, &more) == 'M') {
      scale *= more;
      add_part(&grown, next);
      grown.output = vt_draft_output(draft, next, 0);
    }
    if (!vt_fusion_add_post(&grown, kind, alpha, 0) ||
        (!near_to(scale, factor) && !vt_fusion_add_post(&grown, VT_POST_LINEAR, scale / factor, 0)))
      continue;
    *fusion = grown;
    return true;
  }
  return false;
}

/* ---- sums and constants ---- */

bool vt_match_residual(const vt_draft *draft, const vt_fusions *fusions, vt_fusion *fusion)
{
  int node = next_node(draft, fusions, fusion->output);
  if (!vt_draft_is(draft, node, "Add") || fusion->post_count >= VT_POSTS || fusion->part_count >= VT_PARTS)
    return false;
  int a = vt_draft_input(draft, node, 0), b = vt_draft_input(draft, node, 1),
      rest = a == fusion->output ? b : a;
  if (rest == fusion->output || vt_draft_constant(draft, rest) ||
      !vt_same_shape(&draft->values[rest].tensor, &draft->values[fusion->output].tensor))
    return false;
  fusion->posts[fusion->post_count++] = (vt_post){VT_POST_ADD, 0, 0, rest};
  fusion->output = vt_draft_output(draft, node, 0);
  return add_part(fusion, node);
}

/* One number a channel from a constant that broadcasts along nothing but `axis` of a shape of `rank`. */
static bool per_channel(const vt_tensor *constant, int rank, int axis, int64_t channels, float *out,
                        bool *uniform)
{
  if (constant->type != VT_F32 || constant->rank > rank) return false;
  int64_t count = vt_count(constant);
  for (int i = 0; i < constant->rank; i++)
    if (constant->dims[i] != 1 && (rank - constant->rank + i != axis || constant->dims[i] != channels))
      return false;
  if (count != 1 && count != channels) return false;
  const float *data = constant->data;
  for (int64_t c = 0; c < channels; c++)
    out[c] = data[count == 1 ? 0 : c];
  *uniform = count == 1;
  return true;
}

static bool batch_norm(const vt_draft *draft, int node, int value, int64_t channels, float *scale,
                       float *shift)
{
  const vt_node *n = &draft->graph->nodes[node];
  if (vt_draft_input(draft, node, 0) != value || vt_attribute_number(n, "training_mode", 0) != 0)
    return false;
  for (int i = 1; i < n->output_count; i++)
    if (n->outputs[i] >= 0) return false;
  const float *data[4]; /* scale, bias, mean, variance */
  for (int i = 0; i < 4; i++) {
    const vt_tensor *constant = vt_draft_constant(draft, vt_draft_input(draft, node, i + 1));
    if (!constant || constant->type != VT_F32 || vt_count(constant) != channels) return false;
    data[i] = constant->data;
  }
  double epsilon = vt_attribute_number(n, "epsilon", 1e-5);
  for (int64_t c = 0; c < channels; c++) {
    double s = data[0][c] / sqrt((double)data[3][c] + epsilon);
    scale[c] = (float)s;
    shift[c] = (float)(data[1][c] - data[2][c] * s);
  }
  return true;
}

bool vt_affine_of(const vt_draft *draft, int node, int value, int channel_axis, int64_t channels,
                  float *scale, float *shift, bool *uniform)
{
  if (node < 0) return false;
  *uniform = false;
  if (vt_draft_is(draft, node, "BatchNormalization"))
    return channel_axis == 1 && batch_norm(draft, node, value, channels, scale, shift);
  bool add = vt_draft_is(draft, node, "Add"), subtract = vt_draft_is(draft, node, "Sub");
  bool multiply = vt_draft_is(draft, node, "Mul"), divide = vt_draft_is(draft, node, "Div");
  if (!add && !subtract && !multiply && !divide) return false;
  bool left = vt_draft_input(draft, node, 0) == value;
  const vt_tensor *constant = vt_draft_constant(draft, vt_draft_input(draft, node, left ? 1 : 0));
  const vt_tensor *from = &draft->values[value].tensor;
  if (!constant || (divide && !left) ||
      !vt_same_shape(from, &draft->values[vt_draft_output(draft, node, 0)].tensor) ||
      !per_channel(constant, from->rank, channel_axis, channels, multiply || divide ? scale : shift, uniform))
    return false;
  for (int64_t c = 0; c < channels; c++) {
    if (divide && scale[c] == 0) return false;
    if (divide) scale[c] = 1 / scale[c];
    if (multiply || divide) shift[c] = 0;
    if (subtract && left) shift[c] = -shift[c];
    if (add || subtract) scale[c] = subtract && !left ? -1 : 1;
  }
  return true;
}
