/* SPDX-License-Identifier: Apache-2.0
 *
 * Recognising attention blocks. Walks go up (towards the inputs) from the Softmax and down from its product,
 * through nodes that only move, scale, shift or mask.
 */
#include "graph/blocks.h"

#include "graph/draft.h"

/* Files may be hostile: every walk is short. */
enum { MOST_STEPS = 24, MOST_DEPTH = 6, MOST_OPERANDS = 3, MOST_NODES = 4096, MOST_BLOCKS = 1024 };

/* Who reads a value: readers[first[v]] .. readers[first[v + 1] − 1], ascending. */
typedef struct links {
  int *first, *readers;
} links;

static void free_links(links *l)
{
  vt_free(l->first);
  vt_free(l->readers);
}

static vt_status find_links(vt_ctx *ctx, const vt_graph *graph, links *l)
{
  size_t values = (size_t)graph->value_count, reads = 0;
  for (int i = 0; i < graph->node_count; i++)
    reads += (size_t)graph->nodes[i].input_count;
  l->first = vt_alloc_zero(ctx, values + 2, sizeof *l->first);
  l->readers = vt_alloc_zero(ctx, reads + 1, sizeof *l->readers);
  if (!l->first || !l->readers) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < graph->node_count; i++)
    for (int k = 0; k < graph->nodes[i].input_count; k++)
      if (graph->nodes[i].inputs[k] != VT_NO_VALUE) l->first[graph->nodes[i].inputs[k] + 2]++;
  for (size_t v = 2; v < values + 2; v++)
    l->first[v] += l->first[v - 1];
  for (int i = 0; i < graph->node_count; i++)
    for (int k = 0; k < graph->nodes[i].input_count; k++)
      if (graph->nodes[i].inputs[k] != VT_NO_VALUE) l->readers[l->first[graph->nodes[i].inputs[k] + 1]++] = i;
  return VT_OK;
}

static const vt_node *producer(const vt_graph *graph, int value)
{
  int node = value == VT_NO_VALUE ? -1 : graph->values[value].producer;
  return node < 0 ? NULL : &graph->nodes[node];
}

static bool is(const vt_node *node, const char *op)
{
  return node && strcmp(node->op->name, op) == 0;
}

static bool is_one_of(const vt_node *node, const char *const *ops, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (is(node, ops[i])) return true;
  return false;
}

static int input(const vt_node *node, int index)
{
  return index < node->input_count ? node->inputs[index] : VT_NO_VALUE;
}

/* Made of constants alone: parameters, also where the file moves or casts them first. */
static bool is_static(const vt_graph *graph, int value, int depth)
{
  if (value == VT_NO_VALUE) return true;
  if (graph->values[value].constant) return true;
  const vt_node *node = producer(graph, value);
  if (!node || depth == 0 || node->input_count == 0 || node->input_count > MOST_OPERANDS) return false;
  for (int k = 0; k < node->input_count; k++)
    if (!is_static(graph, node->inputs[k], depth - 1)) return false;
  return true;
}

static bool fixed(const vt_graph *graph, int value)
{
  return is_static(graph, value, 3);
}

/* Of two operands the one that is computed, when the other is a parameter; VT_NO_VALUE otherwise. */
static int computed_operand(const vt_graph *graph, const vt_node *node)
{
  int a = input(node, 0), b = input(node, 1);
  if (a == VT_NO_VALUE || b == VT_NO_VALUE) return VT_NO_VALUE;
  if (fixed(graph, b) && !fixed(graph, a)) return a;
  if (fixed(graph, a) && !fixed(graph, b) && !is(node, "Div") && !is(node, "MatMul")) return b;
  return VT_NO_VALUE;
}

static bool swaps_last_two(const vt_node *node)
{
  const vt_ints *perm = vt_attribute_ints(node, "perm");
  if (!perm || perm->count < 2) return false;
  size_t last = perm->count - 1;
  for (size_t i = 0; i + 1 < last; i++)
    if (perm->data[i] != (int64_t)i) return false;
  return perm->data[last] == (int64_t)last - 1 && perm->data[last - 1] == (int64_t)last;
}

/* ---- up from the Softmax ---- */

/* Behind constant scales and casts. */
static int unscaled(const vt_graph *graph, int value)
{
  for (int step = 0; step < MOST_DEPTH; step++) {
    const vt_node *node = producer(graph, value);
    int next = VT_NO_VALUE;
    if (is(node, "Mul") || is(node, "Div")) next = computed_operand(graph, node);
    if (is(node, "Cast") || is(node, "Identity")) next = input(node, 0);
    if (next == VT_NO_VALUE) return value;
    value = next;
  }
  return value;
}

/* The product of two computed tensors that the scores come from. */
static const vt_node *score_product(const vt_graph *graph, int value, int depth)
{
  static const char *const through[] = {"Add",  "Sub",      "Mul",     "Div",     "Where",
                                        "Cast", "Identity", "Flatten", "Reshape", "Squeeze",
                                        "Clip", "Tanh",     "Max",     "Dropout", "Unsqueeze"};
  const vt_node *node = producer(graph, value);
  if (!node || depth == 0) return NULL;
  if (is(node, "MatMul")) return fixed(graph, input(node, 1)) || fixed(graph, input(node, 0)) ? NULL : node;
  if (!is_one_of(node, through, VT_COUNT(through))) return NULL;
  bool moves = is(node, "Reshape") || is(node, "Flatten") || is(node, "Squeeze") || is(node, "Unsqueeze") ||
               is(node, "Dropout");
  int first = is(node, "Where") ? 1 : 0, operands = moves || is(node, "Clip") ? 1 : 2;
  for (int k = first; k < first + operands; k++) {
    const vt_node *found = score_product(graph, input(node, k), depth - 1);
    if (found) return found;
  }
  return NULL;
}

static void find_keys(const vt_graph *graph, int value, vt_attention_block *block)
{
  value = unscaled(graph, value);
  const vt_node *node = producer(graph, value);
  block->k_transposed = true;
  block->k = value;
  if (!is(node, "Transpose") || !swaps_last_two(node)) return;
  block->k_transposed = false;
  block->k = unscaled(graph, input(node, 0));
}

static bool last_axis(const vt_graph *graph, const vt_node *softmax)
{
  int64_t axis = (int64_t)vt_attribute_number(softmax, "axis", -1);
  int rank = graph->values[softmax->outputs[0]].rank;
  return axis == -1 || (rank >= 0 ? axis == rank - 1 : axis >= 2);
}

/* ---- down from the product ---- */

/* The only node that computes with a value; those that ask for its shape do not count. −1: none or many. */
static int only_reader(const vt_graph *graph, const links *l, int value)
{
  int found = -1;
  for (int r = l->first[value]; r < l->first[value + 1]; r++) {
    const vt_node *node = &graph->nodes[l->readers[r]];
    if (is(node, "Shape") || is(node, "Size") || l->readers[r] == found) continue;
    if (found >= 0) return -1;
    found = l->readers[r];
  }
  return found;
}

/* pattern · v, through what leaves probabilities alone. */
static const vt_node *value_product(const vt_graph *graph, const links *l, int pattern)
{
  static const char *const through[] = {"Dropout", "Cast", "Identity", "Reshape", "Flatten", "Where"};
  for (int step = 0, value = pattern; step < MOST_DEPTH; step++) {
    const vt_node *found = NULL;
    for (int r = l->first[value]; r < l->first[value + 1]; r++) {
      const vt_node *node = &graph->nodes[l->readers[r]];
      if (is(node, "MatMul") && node->inputs[0] == value && !fixed(graph, node->inputs[1])) return node;
      if (!found && is_one_of(node, through, VT_COUNT(through))) found = node;
    }
    if (!found || found->outputs[0] == VT_NO_VALUE) return NULL;
    value = found->outputs[0];
  }
  return NULL;
}

/* Follows z through its projection to the sum with the stream. */
static void find_residual(const vt_graph *graph, const links *l, vt_attention_block *block)
{
  static const char *const moves[] = {"Transpose", "Reshape", "Flatten",  "Squeeze",
                                      "Unsqueeze", "Cast",    "Identity", "Dropout"};
  int value = block->z;
  bool projected = false;
  for (int step = 0; step < MOST_STEPS; step++) {
    int reader = only_reader(graph, l, value);
    if (reader < 0 || graph->nodes[reader].outputs[0] == VT_NO_VALUE) return;
    const vt_node *node = &graph->nodes[reader];
    if (is(node, "Add") && projected && computed_operand(graph, node) == VT_NO_VALUE) {
      block->attn_out = value;
      block->resid_pre = node->inputs[0] == value ? node->inputs[1] : node->inputs[0];
      block->resid_mid = node->outputs[0];
      return;
    }
    bool product =
        (is(node, "MatMul") || is(node, "Gemm")) && node->inputs[0] == value && fixed(graph, node->inputs[1]);
    projected |= product;
    if (!product && !is_one_of(node, moves, VT_COUNT(moves)) &&
        !((is(node, "Add") || is(node, "Mul") || is(node, "Div")) && computed_operand(graph, node) == value))
      return;
    value = node->outputs[0];
  }
}

/* Whether `value` is computed from `source`; `marks` is scratch space of one flag a value. */
static bool depends_on(const vt_graph *graph, int value, int source, bool *marks)
{
  memset(marks, 0, (size_t)graph->value_count);
  if (value == VT_NO_VALUE || source == VT_NO_VALUE) return false;
  marks[source] = true;
  int last = graph->values[value].producer, first = graph->values[source].producer + 1;
  if (last - first > MOST_NODES) return false;
  for (int i = first; i <= last; i++) {
    const vt_node *node = &graph->nodes[i];
    bool marked = false;
    for (int k = 0; k < node->input_count; k++)
      marked |= node->inputs[k] != VT_NO_VALUE && marks[node->inputs[k]];
    for (int k = 0; marked && k < node->output_count; k++)
      if (node->outputs[k] != VT_NO_VALUE) marks[node->outputs[k]] = true;
  }
  return marks[value];
}

/* ---- norms ---- */

/* x of x − mean(x). */
static int centred(const vt_graph *graph, int value)
{
  const vt_node *node = producer(graph, value), *mean;
  if (!is(node, "Sub")) return VT_NO_VALUE;
  mean = producer(graph, input(node, 1));
  return is(mean, "ReduceMean") && input(mean, 0) == input(node, 0) ? input(node, 0) : VT_NO_VALUE;
}

/* A square root or its reciprocal of a mean, some nodes up: what a norm divides by. */
static bool is_deviation(const vt_graph *graph, int value, bool *inverse)
{
  const vt_node *node = producer(graph, value);
  *inverse = false;
  if (is(node, "Div") && fixed(graph, input(node, 0))) {
    *inverse = true;
    node = producer(graph, input(node, 1));
  } else if (is(node, "Reciprocal")) {
    *inverse = true;
    node = producer(graph, input(node, 0));
  }
  if (is(node, "Pow") && fixed(graph, input(node, 1))) *inverse = true; /* to the power of −½ */
  if (!is(node, "Sqrt") && !is(node, "Pow")) return false;
  for (int step = 0, at = input(node, 0); step < 4; step++) {
    const vt_node *below = producer(graph, at);
    if (is(below, "ReduceMean")) return true;
    if (!is(below, "Add") && !is(below, "Max") && !is(below, "Clip")) return false;
    at = is(below, "Clip") ? input(below, 0) : computed_operand(graph, below);
  }
  return false;
}

int vt_graph_norm_input(const vt_graph *graph, int value)
{
  for (int step = 0; step < 4; step++) {
    const vt_node *node = producer(graph, value);
    if (is(node, "LayerNormalization") || is(node, "RMSNormalization")) return input(node, 0);
    if (!is(node, "Mul") && !is(node, "Add") && !is(node, "Div")) return VT_NO_VALUE;
    int a = input(node, 0), b = input(node, 1);
    bool inverse;
    for (int turn = 0; turn < 2 && !is(node, "Add"); turn++) {
      int scaled = turn ? b : a, by = turn ? a : b;
      if (is_deviation(graph, by, &inverse) && inverse == is(node, "Mul") && (turn == 0 || inverse)) {
        int below = centred(graph, scaled);
        return below == VT_NO_VALUE ? scaled : below;
      }
    }
    value = computed_operand(graph, node);
    if (value == VT_NO_VALUE) return VT_NO_VALUE;
  }
  return VT_NO_VALUE;
}

int vt_graph_norm_of(const vt_graph *graph, int value)
{
  enum { NEAR = 24 }; /* a norm is at most a dozen nodes, constants apart */
  int found = VT_NO_VALUE,
      first = value == VT_NO_VALUE ? graph->node_count : graph->values[value].producer + 1;
  for (int i = first; i < graph->node_count && i < first + NEAR; i++) {
    const vt_node *node = &graph->nodes[i];
    if (node->output_count > 0 && node->outputs[0] != VT_NO_VALUE &&
        vt_graph_norm_input(graph, node->outputs[0]) == value)
      found = node->outputs[0];
  }
  return found;
}

/* ---- the feed-forward part ---- */

/* The hidden layer: what the last product of the feed-forward part reads. */
static int hidden_layer(const vt_graph *graph, int value)
{
  for (int step = 0; step < MOST_DEPTH; step++) {
    const vt_node *node = producer(graph, value);
    if (!node) return VT_NO_VALUE;
    if (is(node, "MatMul") || is(node, "Gemm"))
      return fixed(graph, input(node, 1)) ? input(node, 0) : VT_NO_VALUE;
    if (is(node, "Add") || is(node, "Mul"))
      value = computed_operand(graph, node);
    else if (is(node, "Dropout") || is(node, "Identity") || is(node, "Reshape") || is(node, "Cast"))
      value = input(node, 0);
    else
      return VT_NO_VALUE;
  }
  return VT_NO_VALUE;
}

static bool is_sum_of_block(const vt_attention_block *blocks, int count, int value)
{
  for (int i = 0; i < count; i++)
    if (blocks[i].resid_mid == value) return true;
  return false;
}

/* The first sum behind resid_mid of the stream (or of its norm, where norms follow the sums) with something
 * computed from it that is no other block's attention. */
static void find_feed_forward(const vt_graph *graph, const vt_attention_block *blocks, int count,
                              vt_attention_block *block, bool *marks)
{
  int stream = block->resid_mid;
  if (stream == VT_NO_VALUE) return;
  block->resid_post = stream;
  int first = graph->values[stream].producer + 1;
  for (int i = first; i < graph->node_count && i < first + MOST_NODES; i++) {
    const vt_node *node = &graph->nodes[i];
    if (!is(node, "Add") || node->outputs[0] == VT_NO_VALUE || computed_operand(graph, node) != VT_NO_VALUE)
      continue;
    for (int k = 0; k < 2; k++) {
      int base = node->inputs[k], more = node->inputs[1 - k];
      if (base != stream && vt_graph_norm_input(graph, base) != stream) continue;
      if (is_sum_of_block(blocks, count, node->outputs[0])) return;
      if (!depends_on(graph, more, stream, marks)) continue;
      block->mlp_out = more;
      block->mlp_post = hidden_layer(graph, more);
      block->resid_post = node->outputs[0];
      return;
    }
  }
}

/* ---- numbers ---- */

/* Size `axis` of what a Reshape makes, where its target says it: a constant, or a Concat of single
 * numbers. */
static int64_t reshape_size(const vt_graph *graph, const vt_node *reshape, int64_t axis)
{
  int target = input(reshape, 1);
  const vt_tensor *constant = target == VT_NO_VALUE ? NULL : graph->values[target].constant;
  const vt_node *concat = producer(graph, target);
  if (!constant && is(concat, "Concat")) {
    int piece = input(concat, (int)axis);
    constant = piece == VT_NO_VALUE ? NULL : graph->values[piece].constant;
    axis = 0;
    for (int k = 0; constant && k < concat->input_count; k++) {
      const vt_tensor *other = graph->values[concat->inputs[k]].constant;
      if (other && vt_count(other) != 1) constant = NULL;
    }
  }
  if (!constant || !(VT_INDICES & VT_T(constant->type)) || axis >= vt_count(constant)) return 0;
  int64_t size = vt_get_i64(constant, axis);
  return size > 0 ? size : 0;
}

/* Up from queries, keys or values to where heads were split off: a Transpose of a Reshape. */
static int64_t heads_by_reshape(const vt_graph *graph, int value)
{
  for (int step = 0; step < MOST_DEPTH; step++) {
    value = unscaled(graph, value);
    const vt_node *node = producer(graph, value);
    if (!is(node, "Transpose")) return 0;
    const vt_ints *perm = vt_attribute_ints(node, "perm");
    const vt_node *reshape = producer(graph, input(node, 0));
    if (!perm || perm->count < 3) return 0;
    if (is(reshape, "Reshape")) return reshape_size(graph, reshape, perm->data[perm->count - 3]);
    value = input(node, 0);
  }
  return 0;
}

static void find_sizes(const vt_graph *graph, vt_attention_block *block)
{
  const int shaped[] = {block->pattern, block->scores, block->z, block->q, block->v};
  for (size_t i = 0; i < VT_COUNT(shaped); i++) {
    const vt_value *value = &graph->values[shaped[i]];
    if (value->rank >= 3 && value->dims[value->rank - 3] > 0 && block->heads == 0)
      block->heads = value->dims[value->rank - 3];
    if (i < 2 && value->rank >= 1 && value->dims[value->rank - 1] > 0)
      block->tokens = value->dims[value->rank - 1];
  }
  const int split[] = {block->q, block->k, block->v};
  for (size_t i = 0; i < VT_COUNT(split) && block->heads == 0; i++)
    block->heads = heads_by_reshape(graph, split[i]);
}

/* ---- all of it ---- */

/* The Softmax of old files is written between a Flatten and a Reshape (lift_arithmetic.c). */
static void unflatten(const vt_graph *graph, const links *l, vt_attention_block *block)
{
  const vt_node *flatten = producer(graph, block->scores);
  int reader = only_reader(graph, l, block->pattern);
  if (!is(flatten, "Flatten") || reader < 0 || !is(&graph->nodes[reader], "Reshape")) return;
  block->scores = flatten->inputs[0];
  block->pattern = graph->nodes[reader].outputs[0];
}

static bool match(const vt_graph *graph, const links *l, const vt_node *softmax, vt_attention_block *block)
{
  if (!is(softmax, "Softmax") || softmax->outputs[0] == VT_NO_VALUE || !last_axis(graph, softmax))
    return false;
  const vt_node *weighed = value_product(graph, l, softmax->outputs[0]);
  const vt_node *compared = weighed ? score_product(graph, softmax->inputs[0], MOST_DEPTH) : NULL;
  if (!compared) return false;
  *block = (vt_attention_block){.attn_out = VT_NO_VALUE,
                                .resid_pre = VT_NO_VALUE,
                                .resid_mid = VT_NO_VALUE,
                                .resid_post = VT_NO_VALUE,
                                .mlp_out = VT_NO_VALUE,
                                .mlp_post = VT_NO_VALUE};
  block->scores = softmax->inputs[0];
  block->pattern = softmax->outputs[0];
  unflatten(graph, l, block);
  block->v = weighed->inputs[1];
  block->z = weighed->outputs[0];
  block->q = unscaled(graph, compared->inputs[0]);
  find_keys(graph, compared->inputs[1], block);
  find_sizes(graph, block);
  return true;
}

static void find_stream(const vt_graph *graph, const links *l, vt_attention_block *blocks, int count,
                        bool *marks)
{
  for (int i = 0; i < count; i++) {
    find_residual(graph, l, &blocks[i]);
    if (depends_on(graph, blocks[i].attn_out, blocks[i].resid_pre, marks)) continue;
    /* a sum with something else than the stream: attention and feed-forward side by side, say */
    blocks[i].resid_pre = blocks[i].resid_mid = VT_NO_VALUE;
  }
  for (int i = 0; i < count; i++)
    find_feed_forward(graph, blocks, count, &blocks[i], marks);
}

static vt_status find_blocks(vt_ctx *ctx, const vt_graph *graph, const links *l, vt_attention_block **out,
                             int *count)
{
  vt_attention_block block;
  size_t capacity = 0, found = 0;
  for (int i = 0; i < graph->node_count && found < MOST_BLOCKS; i++) {
    if (!match(graph, l, &graph->nodes[i], &block)) continue;
    VT_TRY(vt_grow(ctx, out, &capacity, found, sizeof **out));
    (*out)[found++] = block;
    *count = (int)found;
  }
  if (found == 0) return VT_OK;
  bool *marks = vt_alloc_zero(ctx, (size_t)graph->value_count + 1, sizeof *marks);
  if (!marks) return VT_ERROR_OUT_OF_MEMORY;
  find_stream(graph, l, *out, *count, marks);
  vt_free(marks);
  return VT_OK;
}

vt_status vt_graph_attention(vt_ctx *ctx, const vt_graph *graph, vt_attention_block **out, int *count)
{
  links l = {NULL, NULL};
  *out = NULL;
  *count = 0;
  vt_status status = find_links(ctx, graph, &l);
  if (status == VT_OK) status = find_blocks(ctx, graph, &l, out, count);
  free_links(&l);
  if (status == VT_OK) return VT_OK;
  vt_free(*out);
  *out = NULL;
  *count = 0;
  return status;
}
