/* SPDX-License-Identifier: Apache-2.0
 *
 * Folding normalisations into their neighbours.
 */
#include "graph/canonise.h"

#include <math.h>

#include "graph/draft.h"

/* ---- a copy that shares ---- */

void vt_canonise_free(vt_graph *graph)
{
  if (!graph) return;
  for (int i = 0; i < graph->node_count; i++) {
    vt_free(graph->nodes[i].inputs);
    vt_free(graph->nodes[i].outputs);
  }
  for (int i = 0; i < graph->value_count; i++)
    vt_tensor_free(graph->values[i].constant);
  for (int i = graph->value_capacity; i < graph->value_count; i++) /* names of constants made here */
    vt_free(graph->values[i].name);
  vt_names_free(&graph->names);
  vt_free(graph->nodes);
  vt_free(graph->values);
  vt_free(graph);
}

static int *copy_ints(vt_ctx *ctx, const int *from, int count, int room)
{
  int *copy = vt_alloc_zero(ctx, (size_t)room + 1, sizeof *copy);
  for (int i = 0; copy && i < count; i++)
    copy[i] = from[i];
  return copy;
}

/* Two constants may be new for each node. `value_capacity` says how many values are the original's. */
static vt_status copy_graph(vt_ctx *ctx, const vt_graph *graph, vt_graph *copy)
{
  *copy = *graph;
  copy->names = (vt_names){0};
  copy->value_capacity = graph->value_count;
  copy->value_count = copy->node_count = 0;
  size_t room = (size_t)graph->value_count + 2 * (size_t)graph->node_count + 1;
  copy->values = vt_alloc_zero(ctx, room, sizeof *copy->values);
  copy->nodes = vt_alloc_zero(ctx, (size_t)graph->node_count + 1, sizeof *copy->nodes);
  if (!copy->values || !copy->nodes) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < graph->value_count; i++) {
    copy->values[i] = graph->values[i];
    copy->values[i].constant = NULL;
    copy->value_count = i + 1;
    if (graph->values[i].constant &&
        !(copy->values[i].constant = vt_tensor_hold(ctx, graph->values[i].constant)))
      return VT_ERROR_OUT_OF_MEMORY;
    VT_TRY(vt_names_put(ctx, &copy->names, copy->values[i].name, i));
  }
  for (int i = 0; i < graph->node_count; i++) {
    vt_node *node = &copy->nodes[i];
    *node = graph->nodes[i];
    node->inputs = copy_ints(ctx, graph->nodes[i].inputs, node->input_count, node->input_count + 3);
    node->outputs = copy_ints(ctx, graph->nodes[i].outputs, node->output_count, node->output_count);
    copy->node_count = i + 1;
    if (!node->inputs || !node->outputs) return VT_ERROR_OUT_OF_MEMORY;
  }
  return VT_OK;
}

/* ---- what is there ---- */

typedef struct folding {
  vt_ctx *ctx;
  vt_graph *graph;
  int *readers, *reader; /* by value */
  bool *gone;            /* by node */
  int folded;
} folding;

static bool is(const vt_node *node, const char *name)
{
  return strcmp(node->op->name, name) == 0 && (!node->op->domain || !node->op->domain[0]);
}

static const vt_tensor *constant_of(const folding *f, const vt_node *node, int index)
{
  if (index >= node->input_count || node->inputs[index] < 0) return NULL;
  const vt_tensor *constant = f->graph->values[node->inputs[index]].constant;
  return constant && constant->type == VT_F32 ? constant : NULL;
}

/* y = scale · x + shift, [channels]. */
typedef struct affine {
  int64_t channels;
  double *scale, *shift;
} affine;

static void free_affine(affine *a)
{
  vt_free(a->scale);
  vt_free(a->shift);
}

/* False when the node is no normalisation with constant numbers. */
static bool read_affine(const folding *f, const vt_node *node, affine *a, vt_status *status)
{
  const vt_tensor *numbers[4];
  *a = (affine){0};
  if (!is(node, "BatchNormalization") || vt_attribute_number(node, "training_mode", 0) != 0) return false;
  for (int k = 1; k < node->output_count; k++)
    if (node->outputs[k] >= 0 && f->readers[node->outputs[k]]) return false;
  for (int k = 0; k < 4; k++) {
    numbers[k] = constant_of(f, node, k + 1);
    if (!numbers[k] || vt_count(numbers[k]) != vt_count(numbers[0])) return false;
  }
  double epsilon = vt_attribute_number(node, "epsilon", 1e-5);
  a->channels = vt_count(numbers[0]);
  a->scale = vt_alloc_zero(f->ctx, (size_t)a->channels + 1, sizeof *a->scale);
  a->shift = vt_alloc_zero(f->ctx, (size_t)a->channels + 1, sizeof *a->shift);
  if (!a->scale || !a->shift) {
    *status = VT_ERROR_OUT_OF_MEMORY;
    return false;
  }
  for (int64_t c = 0; c < a->channels; c++) {
    a->scale[c] = vt_get_f64(numbers[0], c) / sqrt(vt_get_f64(numbers[3], c) + epsilon);
    a->shift[c] = vt_get_f64(numbers[1], c) - a->scale[c] * vt_get_f64(numbers[2], c);
  }
  return true;
}

/* A layer whose weights can take a factor for each channel. */
typedef struct layer {
  vt_node *node;
  const vt_tensor *weights, *bias; /* bias NULL: none */
  int64_t inputs, outputs;         /* channels */
  int64_t groups;
  double bias_factor; /* Gemm's beta */
  bool transposed_convolution, gemm, gemm_turned;
} layer;

static bool read_layer(const folding *f, vt_node *node, layer *l)
{
  *l = (layer){.node = node, .groups = 1, .bias_factor = 1};
  l->transposed_convolution = is(node, "ConvTranspose");
  l->gemm = is(node, "Gemm");
  if (!l->transposed_convolution && !l->gemm && !is(node, "Conv")) return false;
  l->weights = constant_of(f, node, 1);
  bool has_bias = node->input_count > 2 && node->inputs[2] >= 0;
  l->bias = constant_of(f, node, 2);
  if (!l->weights || l->weights->rank < 2 || (has_bias && !l->bias)) return false;
  if (l->gemm) {
    l->gemm_turned = vt_attribute_number(node, "transB", 0) != 0;
    l->outputs = l->weights->dims[l->gemm_turned ? 0 : 1];
    l->inputs = l->weights->dims[l->gemm_turned ? 1 : 0];
    l->bias_factor = vt_attribute_number(node, "beta", 1);
  } else {
    l->groups = (int64_t)vt_attribute_number(node, "group", 1);
    bool turned = l->transposed_convolution;
    l->outputs = turned ? l->weights->dims[1] * l->groups : l->weights->dims[0];
    l->inputs = turned ? l->weights->dims[0] : l->weights->dims[1] * l->groups;
  }
  if (l->groups < 1 || l->outputs < 1 || l->inputs < 1 || l->bias_factor == 0) return false;
  return !l->bias || vt_count(l->bias) == l->outputs || vt_count(l->bias) == 1;
}

/* Channels that weight `i` leads from and to. */
static void channels_of(const layer *l, int64_t i, int64_t *from, int64_t *to)
{
  const vt_tensor *w = l->weights;
  int64_t inner = vt_span(w, 2, w->rank), b = i / inner % w->dims[1], a = i / inner / w->dims[1];
  if (l->gemm) {
    *from = l->gemm_turned ? b : a;
    *to = l->gemm_turned ? a : b;
  } else if (l->transposed_convolution) {
    *from = a;
    *to = a / (l->inputs / l->groups) * w->dims[1] + b;
  } else {
    *to = a;
    *from = a / (l->outputs / l->groups) * w->dims[1] + b;
  }
}

/* ---- what becomes of it ---- */

static vt_status new_constant(folding *f, const char *of, const char *what, int rank, const int64_t *dims,
                              int *value, vt_tensor **out)
{
  vt_graph *graph = f->graph;
  vt_value *made = &graph->values[graph->value_count];
  *made = (vt_value){.type = VT_F32, .rank = rank, .producer = -1};
  memcpy(made->dims, dims, sizeof *dims * (size_t)rank);
  made->name = vt_format(f->ctx, "%s/folded_%s", of, what);
  if (!made->name) return VT_ERROR_OUT_OF_MEMORY;
  *value = graph->value_count++;
  VT_TRY(vt_tensor_new_alone(f->ctx, VT_F32, rank, dims, &made->constant));
  VT_TRY(vt_names_put(f->ctx, &graph->names, made->name, *value));
  *out = made->constant;
  return VT_OK;
}

static void put_bias(layer *l, int value)
{
  for (int k = l->node->input_count; k < 3; k++)
    l->node->inputs[k] = VT_NO_VALUE;
  if (l->node->input_count < 3) l->node->input_count = 3;
  l->node->inputs[2] = value;
}

static double bias_at(const layer *l, int64_t channel)
{
  return l->bias ? vt_get_f64(l->bias, vt_count(l->bias) == 1 ? 0 : channel) : 0;
}

/* Weights and bias of `l` with the affine behind (its results) or before it (its inputs). */
static vt_status write_layer(folding *f, layer *l, const affine *a, bool behind, double product_factor)
{
  int weights_value, bias_value;
  vt_tensor *weights, *bias;
  const vt_tensor *old = l->weights;
  const char *name = l->node->name;
  VT_TRY(new_constant(f, name, "weights", old->rank, old->dims, &weights_value, &weights));
  VT_TRY(new_constant(f, name, "bias", 1, &l->outputs, &bias_value, &bias));
  double *sums = vt_alloc_zero(f->ctx, (size_t)l->outputs, sizeof *sums);
  if (!sums) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < vt_count(old); i++) {
    int64_t from, to;
    channels_of(l, i, &from, &to);
    double w = vt_get_f64(old, i);
    ((float *)weights->data)[i] = (float)(w * a->scale[behind ? to : from]);
    if (!behind) sums[to] += product_factor * w * a->shift[from];
  }
  for (int64_t c = 0; c < l->outputs; c++) {
    double shifted = behind ? bias_at(l, c) * a->scale[c] + a->shift[c] / l->bias_factor
                            : bias_at(l, c) + sums[c] / l->bias_factor;
    ((float *)bias->data)[c] = (float)shifted;
  }
  vt_free(sums);
  l->node->inputs[1] = weights_value;
  put_bias(l, bias_value);
  return VT_OK;
}

/* The layer takes over the result of the normalisation behind it. */
static vt_status fold_behind(folding *f, int number, const affine *a, bool *done)
{
  vt_node *node = &f->graph->nodes[number];
  int inner = node->inputs[0];
  int producer = inner >= 0 ? f->graph->values[inner].producer : -1;
  layer l;
  *done = false;
  if (producer < 0 || f->gone[producer] || f->readers[inner] != 1) return VT_OK;
  if (!read_layer(f, &f->graph->nodes[producer], &l) || l.outputs != a->channels) return VT_OK;
  VT_TRY(write_layer(f, &l, a, true, 1));
  l.node->outputs[0] = node->outputs[0];
  f->graph->values[node->outputs[0]].producer = producer;
  f->graph->values[inner].producer = -1;
  *done = true;
  return VT_OK;
}

static bool pads_nothing(const vt_node *node)
{
  char buffer[64];
  const char *automatic = vt_attribute_text(node, "auto_pad", "NOTSET", buffer);
  if (strcmp(automatic, "NOTSET") != 0 && strcmp(automatic, "VALID") != 0) return false;
  const vt_ints *pads = vt_attribute_ints(node, "pads");
  for (size_t i = 0; pads && i < pads->count; i++)
    if (pads->data[i] != 0) return false;
  return true;
}

/* The layer in front of which the normalisation stands takes its input. */
static vt_status fold_before(folding *f, int number, const affine *a, bool *done)
{
  vt_node *node = &f->graph->nodes[number];
  int inner = node->outputs[0];
  layer l;
  *done = false;
  if (f->readers[inner] != 1 || f->reader[inner] < 0) return VT_OK;
  vt_node *next = &f->graph->nodes[f->reader[inner]];
  if (!read_layer(f, next, &l) || l.inputs != a->channels || next->inputs[0] != inner) return VT_OK;
  if (l.transposed_convolution || (l.gemm && vt_attribute_number(next, "transA", 0) != 0)) return VT_OK;
  bool shifts = false;
  for (int64_t c = 0; c < a->channels; c++)
    shifts = shifts || a->shift[c] != 0;
  if (!l.gemm && shifts && !pads_nothing(next)) return VT_OK;
  VT_TRY(write_layer(f, &l, a, false, l.gemm ? vt_attribute_number(next, "alpha", 1) : 1));
  next->inputs[0] = node->inputs[0];
  f->graph->values[inner].producer = -1;
  *done = true;
  return VT_OK;
}

static vt_status fold_all(folding *f)
{
  vt_status status = VT_OK;
  for (int i = 0; i < f->graph->node_count && status == VT_OK; i++) {
    affine a;
    bool done = false;
    if (read_affine(f, &f->graph->nodes[i], &a, &status)) {
      status = fold_behind(f, i, &a, &done);
      if (status == VT_OK && !done) status = fold_before(f, i, &a, &done);
    }
    free_affine(&a);
    f->gone[i] = done;
    f->folded += done;
  }
  return status;
}

/* Takes the folded nodes out and numbers the rest anew. */
static void close_ranks(folding *f)
{
  vt_graph *graph = f->graph;
  int kept = 0;
  for (int i = 0; i < graph->node_count; i++) {
    if (f->gone[i]) {
      vt_free(graph->nodes[i].inputs);
      vt_free(graph->nodes[i].outputs);
      continue;
    }
    graph->nodes[kept] = graph->nodes[i];
    for (int k = 0; k < graph->nodes[kept].output_count; k++)
      if (graph->nodes[kept].outputs[k] >= 0) graph->values[graph->nodes[kept].outputs[k]].producer = kept;
    kept++;
  }
  graph->node_count = kept;
}

static vt_status canonise(vt_ctx *ctx, vt_graph *copy, int *folded)
{
  size_t values = (size_t)copy->value_count + 1;
  folding f = {.ctx = ctx,
               .graph = copy,
               .readers = vt_alloc_zero(ctx, values, sizeof(int)),
               .reader = vt_alloc_zero(ctx, values, sizeof(int)),
               .gone = vt_alloc_zero(ctx, (size_t)copy->node_count + 1, sizeof(bool))};
  vt_status status = f.readers && f.reader && f.gone ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    for (int i = 0; i < copy->node_count; i++)
      for (int k = 0; k < copy->nodes[i].input_count; k++) {
        int value = copy->nodes[i].inputs[k];
        if (value < 0) continue;
        f.readers[value]++;
        f.reader[value] = i;
      }
    for (int i = 0; i < copy->output_count; i++)
      f.readers[copy->outputs[i]] += 2; /* never folded away */
    status = fold_all(&f);
    close_ranks(&f);
  }
  if (folded) *folded = f.folded;
  vt_free(f.readers);
  vt_free(f.reader);
  vt_free(f.gone);
  return status;
}

vt_status vt_canonise(vt_ctx *ctx, const vt_graph *graph, vt_graph **out, int *folded)
{
  *out = NULL;
  if (folded) *folded = 0;
  vt_graph *copy = vt_alloc_zero(ctx, 1, sizeof *copy);
  if (!copy) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = copy_graph(ctx, graph, copy);
  if (status == VT_OK) status = canonise(ctx, copy, folded);
  if (status != VT_OK) {
    vt_canonise_free(copy);
    return status;
  }
  *out = copy;
  return VT_OK;
}
