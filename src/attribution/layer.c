/* SPDX-License-Identifier: Apache-2.0
 *
 * The layer of a class-activation map: named, or chosen from the graph.
 */
#include "attribution/layer.h"

#include "attribution/layer_shapes.h"
#include "graph/blocks.h"

enum { MOST_SKIPPED = 16 }; /* tokens that may stand before a grid */

size_t vt_layer_places(const vt_layer *layer)
{
  return (size_t)layer->height * (size_t)layer->width;
}

size_t vt_layer_floats(const vt_layer *layer)
{
  return (size_t)layer->channels * (vt_layer_places(layer) + (size_t)layer->skipped);
}

size_t vt_layer_index(const vt_layer *layer, int channel, size_t place)
{
  if (layer->layout == VT_CHANNELS_FIRST) return (size_t)channel * vt_layer_places(layer) + place;
  return (place + (size_t)layer->skipped) * (size_t)layer->channels + (size_t)channel;
}

/* ---- one tensor ---- */

static bool is_float(const vt_layer_shape *shape)
{
  return shape->type == VT_F32 || shape->type == VT_F64;
}

/* A picture with more than one place. */
static bool read_picture(const vt_layer_shape *shape, vt_layer *out)
{
  int axis = shape->channel_axis == 3 ? 3 : 1;
  if (!is_float(shape) || shape->rank != 4 || shape->dims[0] != 1 || shape->channel_axis == 2) return false;
  int64_t channels = shape->dims[axis], height = shape->dims[axis == 1 ? 2 : 1],
          width = shape->dims[axis == 1 ? 3 : 2];
  if (channels < 1 || channels > INT32_MAX || height < 1 || width < 1 || height > INT32_MAX / width)
    return false;
  out->layout = axis == 1 ? VT_CHANNELS_FIRST : VT_CHANNELS_LAST;
  out->channels = (int)channels;
  out->height = (int)height;
  out->width = (int)width;
  return height * width > 1;
}

static int64_t square_root(int64_t number)
{
  int64_t root = 0;
  while ((root + 1) * (root + 1) <= number)
    root++;
  return root;
}

/* Tokens on a grid: that of the last picture before them, when it holds them all but a few, else a square
 * with none, one (class token), two (distillation) or five (four registers) before it. */
static bool read_grid(const vt_layer_shape *shapes, const vt_graph *graph, int value, vt_layer *out)
{
  static const int before[] = {0, 1, 2, 5};
  int64_t tokens = shapes[value].dims[1];
  for (int i = graph->values[value].producer - 1; i >= 0; i--)
    for (int k = 0; k < graph->nodes[i].output_count; k++) {
      int other = graph->nodes[i].outputs[k];
      vt_layer picture;
      if (other < 0 || shapes[other].channel_axis < 0 || !shapes[other].between ||
          !read_picture(&shapes[other], &picture))
        continue;
      int64_t left = tokens - (int64_t)vt_layer_places(&picture);
      if (left < 0 || left > MOST_SKIPPED) continue;
      out->height = picture.height;
      out->width = picture.width;
      out->skipped = (int)left;
      return true;
    }
  for (size_t i = 0; i < VT_COUNT(before); i++) {
    int64_t side = square_root(tokens - before[i] > 0 ? tokens - before[i] : 0);
    if (side < 2 || side > INT32_MAX / side || side * side != tokens - before[i]) continue;
    out->height = out->width = (int)side;
    out->skipped = before[i];
    return true;
  }
  return false;
}

/* [1, tokens, channels]: on the grid of a picture, or in a row where the input is a sequence itself. */
static bool read_tokens(const vt_task *task, const vt_layer_shape *shapes, int value, vt_layer *out)
{
  const vt_layer_shape *shape = &shapes[value];
  if (!is_float(shape) || shape->rank != 3 || shape->dims[0] != 1 || shape->dims[1] < 2 ||
      shape->dims[2] < 1 || shape->dims[1] > INT32_MAX || shape->dims[2] > INT32_MAX)
    return false;
  out->layout = VT_TOKEN_GRID;
  out->channels = (int)shape->dims[2];
  if (task->model) return read_grid(shapes, task->subject->graph, value, out);
  out->skipped = 0;
  out->height = 1;
  out->width = (int)shape->dims[1];
  return true;
}

static void complete(const vt_graph *graph, const vt_layer_shape *shapes, int value, vt_layer *out)
{
  out->name = graph->values[value].name;
  out->rank = shapes[value].rank;
  memcpy(out->dims, shapes[value].dims, sizeof out->dims);
}

static vt_status read_named(vt_ctx *ctx, const vt_task *task, const vt_layer_shape *shapes, int value,
                            vt_layer *out)
{
  const vt_graph *graph = task->subject->graph;
  const char *name = graph->values[value].name;
  const vt_layer_shape *shape = &shapes[value];
  char text[160];
  vt_tensor header = {.type = shape->type, .rank = shape->rank > 0 ? shape->rank : 0};
  memcpy(header.dims, shape->dims, sizeof header.dims);
  if (graph->values[value].constant || shape->type == VT_UNDEFINED)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s: '%s' is no layer: it is a constant, or never computed for this input", graph->path,
                   name);
  if (!read_picture(shape, out) && !read_tokens(task, shapes, value, out))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s: tensor '%s' is %s and has no spatial extent; a layer is [1, channels, height, width] "
                   "with more than one place, or [1, tokens, channels] with tokens that form a grid",
                   graph->path, name, vt_shape_text(&header, text));
  if (!shape->between)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s: tensor '%s' is not on the way from the input '%s' to '%s', which the target reads",
                   graph->path, name, task->subject->varying, vt_task_reads(task));
  complete(graph, shapes, value, out);
  return VT_OK;
}

/* ---- the choice ---- */

typedef struct choice {
  int value, producer; /* VT_NO_VALUE: none */
  vt_layer layer;
} choice;

/* What goes into the last block's attention: its class token has not yet taken in what the head reads, so
 * that every token still matters to the target. */
static vt_status last_tokens(vt_ctx *ctx, const vt_task *task, const vt_layer_shape *shapes, choice *found)
{
  const vt_graph *graph = task->subject->graph;
  vt_attention_block *blocks;
  int count;
  VT_TRY(vt_graph_attention(ctx, graph, &blocks, &count));
  for (int i = count - 1; i >= 0 && found->value == VT_NO_VALUE; i--) {
    if (blocks[i].resid_pre == VT_NO_VALUE || !shapes[blocks[i].pattern].between) continue;
    int norm = vt_graph_norm_of(graph, blocks[i].resid_pre);
    int tried[] = {norm, blocks[i].resid_pre};
    for (size_t k = 0; k < VT_COUNT(tried) && found->value == VT_NO_VALUE; k++) {
      vt_layer layer = {0};
      if (tried[k] == VT_NO_VALUE || !shapes[tried[k]].between ||
          !read_tokens(task, shapes, tried[k], &layer))
        continue;
      *found = (choice){tried[k], graph->values[tried[k]].producer, layer};
    }
  }
  vt_free(blocks);
  return VT_OK;
}

static bool same_shape(const vt_layer_shape *a, const vt_layer_shape *b)
{
  return a->rank == b->rank && (a->rank <= 0 || !memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims));
}

/* The last picture; where the target is a map itself, the last of the coarsest ones, the map not counted. */
static choice last_picture(const vt_graph *graph, const vt_layer_shape *shapes, const vt_layer_shape *map)
{
  choice best = {.value = VT_NO_VALUE, .producer = -1};
  for (int i = 0; i < graph->node_count; i++)
    for (int k = 0; k < graph->nodes[i].output_count; k++) {
      int value = graph->nodes[i].outputs[k];
      vt_layer layer = {0};
      if (value < 0 || !shapes[value].between || shapes[value].channel_axis < 0 ||
          !read_picture(&shapes[value], &layer))
        continue;
      if (map && same_shape(&shapes[value], map)) continue;
      if (map && best.value >= 0 && vt_layer_places(&layer) > vt_layer_places(&best.layer)) continue;
      best = (choice){value, i, layer};
    }
  return best;
}

static vt_status choose(vt_ctx *ctx, const vt_task *task, const vt_layer_shape *shapes, vt_layer *out)
{
  const vt_graph *graph = task->subject->graph;
  bool to_map = task->model && vt_model_gives_map(task->model) &&
                !vt_target_reads_embedding(&task->target, task->model);
  const vt_layer_shape *map = to_map ? &shapes[vt_graph_find(graph, vt_task_reads(task))] : NULL;
  choice tokens = {.value = VT_NO_VALUE, .producer = -1}, picture = tokens;
  VT_TRY(last_tokens(ctx, task, shapes, &tokens));
  if (task->model) picture = last_picture(graph, shapes, map);
  if (picture.value < 0 && tokens.value < 0)
    return vt_fail(
        ctx, VT_ERROR_INVALID_ARGUMENT,
        "%s has no layer with spatial extent between '%s' and '%s': neither a tensor [1, channels, "
        "height, width] with more than one place nor attention over tokens that form a grid; name "
        "one with --layer",
        graph->path, task->subject->varying, vt_task_reads(task));
  bool take_tokens = tokens.producer > picture.producer;
  if (to_map && picture.value >= 0 && tokens.value >= 0 &&
      vt_layer_places(&tokens.layer) != vt_layer_places(&picture.layer))
    take_tokens = vt_layer_places(&tokens.layer) < vt_layer_places(&picture.layer);
  choice best = picture.value < 0 || (tokens.value >= 0 && take_tokens) ? tokens : picture;
  *out = best.layer;
  complete(graph, shapes, best.value, out);
  return VT_OK;
}

static vt_status find_value(vt_ctx *ctx, const vt_graph *graph, const char *name, int *out)
{
  vt_trace *trace; /* which knows the aliases */
  VT_TRY(vt_trace_new(ctx, graph, &trace));
  vt_status status = vt_trace_find(ctx, trace, name, out);
  vt_trace_free(trace);
  return status;
}

vt_status vt_layer_find(vt_ctx *ctx, const vt_task *task, const char *name, vt_layer *out)
{
  vt_layer_shape *shapes;
  int value = VT_NO_VALUE;
  *out = (vt_layer){0};
  if (name) VT_TRY(find_value(ctx, task->subject->graph, name, &value));
  VT_TRY(vt_layer_shapes(ctx, task, &shapes));
  vt_status status = name ? read_named(ctx, task, shapes, value, out) : choose(ctx, task, shapes, out);
  vt_free(shapes);
  return status;
}
