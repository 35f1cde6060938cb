/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention blocks as methods want them.
 */
#include "attribution/attention.h"

#include "attribution/layer_shapes.h"

/* ---- opening ---- */

static vt_status refuse_shape(vt_ctx *ctx, const vt_attention *a, int value, const vt_layer_shape *shape)
{
  char text[160];
  vt_tensor header = {.type = shape->type, .rank = shape->rank > 0 ? shape->rank : 0};
  memcpy(header.dims, shape->dims, sizeof header.dims);
  return vt_fail(
      ctx, VT_ERROR_INVALID_ARGUMENT,
      "%s: attention '%s' is %s; this method needs self-attention of all %d tokens, [1, heads, %d, "
      "%d], in every block: attention over windows or other tokens does not do",
      a->graph->path, a->graph->values[value].name, vt_shape_text(&header, text), a->tokens, a->tokens,
      a->tokens);
}

static vt_status check_patterns(vt_ctx *ctx, const vt_attention *a, const vt_layer_shape *shapes)
{
  for (int i = 0; i < a->count; i++) {
    const vt_layer_shape *shape = &shapes[a->blocks[i].pattern];
    int rank = shape->rank;
    bool fits = rank >= 2 && shape->dims[rank - 1] == a->tokens && shape->dims[rank - 2] == a->tokens;
    for (int k = 0; fits && k < rank + VT_HEAD_AXIS; k++)
      fits = shape->dims[k] == 1;
    if (fits && rank >= 3 && a->blocks[i].heads > 0)
      fits = shape->dims[rank + VT_HEAD_AXIS] == a->blocks[i].heads;
    if (!fits) return refuse_shape(ctx, a, a->blocks[i].pattern, shape);
  }
  return VT_OK;
}

/* Keeps the blocks that the target depends on. */
static vt_status keep_blocks(vt_ctx *ctx, vt_attention *a, const vt_layer_shape *shapes)
{
  int kept = 0;
  for (int i = 0; i < a->count; i++)
    if (shapes[a->blocks[i].pattern].between) a->blocks[kept++] = a->blocks[i];
  a->count = kept;
  if (kept) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "%s has no attention blocks between '%s' and '%s' (a Softmax over products of queries and "
                 "keys that weighs values), and this method is made of them; for convolutions take grad-cam",
                 a->graph->path, a->task->subject->varying, vt_task_reads(a->task));
}

/* The stream into the last block that has one. */
static vt_status find_stream(vt_ctx *ctx, vt_attention *a, const vt_layer_shape *shapes)
{
  for (int i = a->count - 1; i >= 0; i--) {
    int stream = a->blocks[i].resid_pre;
    if (stream == VT_NO_VALUE || !shapes[stream].between) continue;
    int norm = vt_graph_norm_of(a->graph, stream);
    if (norm != VT_NO_VALUE && shapes[norm].between) stream = norm;
    VT_TRY(vt_layer_find(ctx, a->task, a->graph->values[stream].name, &a->stream));
    if (a->stream.layout != VT_TOKEN_GRID) continue;
    a->tokens = a->stream.skipped + (int)vt_layer_places(&a->stream);
    return VT_OK;
  }
  return vt_fail(
      ctx, VT_ERROR_INVALID_ARGUMENT,
      "%s: no stream of tokens [1, tokens, channels] was found around the attention '%s', so it is "
      "not known how its tokens lie on the input",
      a->graph->path, a->graph->values[a->blocks[a->count - 1].pattern].name);
}

vt_status vt_attention_open(vt_ctx *ctx, const vt_task *task, vt_attention *out)
{
  vt_layer_shape *shapes;
  *out = (vt_attention){.task = task, .graph = task->subject->graph};
  VT_TRY(vt_graph_attention(ctx, out->graph, &out->blocks, &out->count));
  vt_status status = vt_layer_shapes(ctx, task, &shapes);
  if (status == VT_OK) {
    status = keep_blocks(ctx, out, shapes);
    if (status == VT_OK) status = find_stream(ctx, out, shapes);
    if (status == VT_OK) status = check_patterns(ctx, out, shapes);
    vt_free(shapes);
  }
  if (status != VT_OK) vt_attention_close(out);
  return status;
}

void vt_attention_close(vt_attention *attention)
{
  vt_free(attention->blocks);
  attention->blocks = NULL;
}

vt_status vt_attention_check(vt_ctx *ctx, const vt_task *task, const void *settings)
{
  vt_attention attention;
  VT_UNUSED(settings);
  VT_TRY(vt_attention_open(ctx, task, &attention));
  vt_attention_close(&attention);
  return VT_OK;
}

/* ---- tensors ---- */

vt_status vt_heads_read(vt_ctx *ctx, const vt_attention *attention, int value, const vt_tensor *tensor,
                        int rows, int columns, vt_heads *out)
{
  char text[160];
  int rank = tensor->rank;
  bool fits = rank >= 2 && (VT_FLOATS & VT_T(tensor->type)) && vt_count(tensor) > 0 &&
              vt_count(tensor) <= INT32_MAX && (!rows || tensor->dims[rank - 2] == rows) &&
              (!columns || tensor->dims[rank - 1] == columns);
  for (int k = 0; fits && k < rank + VT_HEAD_AXIS; k++)
    fits = tensor->dims[k] == 1;
  if (!fits)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s: tensor '%s' of an attention block is %s, which is not [1, heads, %d, …] for one item",
                   attention->graph->path, attention->graph->values[value].name, vt_shape_text(tensor, text),
                   attention->tokens);
  *out = (vt_heads){.tensor = tensor,
                    .heads = rank >= 3 ? (int)tensor->dims[rank + VT_HEAD_AXIS] : 1,
                    .rows = (int)tensor->dims[rank - 2],
                    .columns = (int)tensor->dims[rank - 1]};
  return VT_OK;
}

bool vt_attention_causal(const vt_heads *pattern)
{
  for (int h = 0; h < pattern->heads; h++)
    for (int i = 0; i < pattern->rows; i++)
      for (int j = i + 1; j < pattern->columns; j++)
        if (vt_heads_at(pattern, h, i, j) != 0) return false;
  return pattern->rows > 1;
}

/* ---- rows ---- */

static int resolve(const vt_attention *a, int row, bool causal)
{
  if (row != VT_ROW_AUTO) return row;
  const vt_model *model = a->task->model;
  bool map = model && vt_model_gives_map(model) && !vt_target_reads_embedding(&a->task->target, model);
  if (a->stream.skipped > 0 && !map) return VT_ROW_CLS;
  return causal ? VT_ROW_LAST : VT_ROW_MEAN;
}

vt_status vt_attention_rows(vt_ctx *ctx, const vt_attention *attention, int row, bool causal,
                            vt_explanation *explanation, double *weights)
{
  static const char *const names[] = {"auto", "cls", "mean", "last"};
  int first = attention->stream.skipped, tokens = attention->tokens, found = resolve(attention, row, causal);
  if (found == VT_ROW_CLS && attention->task->model && first == 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s has no class token: its %d tokens all lie on the picture; take the row 'mean'",
                   attention->graph->path, tokens);
  memset(weights, 0, (size_t)tokens * sizeof *weights);
  if (found == VT_ROW_CLS) weights[0] = 1;
  if (found == VT_ROW_LAST) weights[tokens - 1] = 1;
  for (int t = first; found == VT_ROW_MEAN && t < tokens; t++)
    weights[t] = 1.0 / (tokens - first);
  if (explanation->parameters &&
      json_object_set_new(explanation->parameters, "row_shown", json_string(names[found])) != 0)
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory while writing parameters");
  return VT_OK;
}

/* ---- looking, storing ---- */

typedef struct relay {
  const vt_task *task;
  vt_see_fn see;
  void *user;
} relay;

static void compose_input(void *user, int item, float *input)
{
  VT_UNUSED(item);
  const vt_task *task = ((relay *)user)->task;
  memcpy(input, task->input, vt_subject_floats(task->subject) * sizeof *input);
}

static vt_status see_through(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  const relay *through = user;
  return through->see(ctx, through->user, sight);
}

vt_status vt_attention_look(vt_ctx *ctx, const vt_attention *attention, vt_explanation *explanation,
                            const int *values, int count, bool gradients, vt_see_fn see, void *user)
{
  relay through = {attention->task, see, user};
  const char **names = vt_alloc_zero(ctx, (size_t)count + 1, sizeof *names);
  if (!names) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < count; i++)
    names[i] = attention->graph->values[values[i]].name;
  vt_look look = {.target = gradients ? &attention->task->target : NULL,
                  .names = names,
                  .name_count = count,
                  .name_gradients = gradients};
  vt_status status =
      vt_task_look(ctx, attention->task, explanation, 1, &look, compose_input, see_through, &through);
  vt_free(names);
  return status;
}

vt_status vt_attention_look_patterns(vt_ctx *ctx, const vt_attention *attention, vt_explanation *explanation,
                                     bool gradients, vt_see_fn see, void *user)
{
  int *values = vt_alloc_zero(ctx, (size_t)attention->count, sizeof *values);
  if (!values) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < attention->count; i++)
    values[i] = attention->blocks[i].pattern;
  vt_status status =
      vt_attention_look(ctx, attention, explanation, values, attention->count, gradients, see, user);
  vt_free(values);
  return status;
}

vt_status vt_attention_map(vt_ctx *ctx, const vt_attention *attention, vt_explanation *explanation,
                           const double *tokens, bool relu)
{
  const vt_layer *stream = &attention->stream;
  int pattern = attention->blocks[attention->count - 1].pattern;
  bool empty = true;
  for (int t = stream->skipped; t < attention->tokens && empty; t++)
    empty = tokens[t] == 0;
  if (empty)
    VT_TRY(
        vt_explanation_warn(ctx, explanation,
                            "the map is zero: the target does not depend on what the row shown attends to; "
                            "another --row may do"));
  return vt_map_set_native(ctx, attention->task, explanation, attention->graph->values[pattern].name,
                           tokens + stream->skipped, stream->height, stream->width, relu);
}

int64_t vt_attention_one_call(const void *settings, int regions, bool embedding)
{
  VT_UNUSED(settings);
  VT_UNUSED(regions);
  VT_UNUSED(embedding);
  return 1;
}
