/* SPDX-License-Identifier: Apache-2.0
 *
 * The graph of one recording or of two: what the outputs depend on, with names, checked by the operators'
 * shape rules.
 */
#include "graph/draft.h"
#include "graph/record_inside.h"

/* Nodes that the outputs depend on. */
static vt_status find_live(vt_ctx *ctx, const vt_record *record, bool **out)
{
  bool *live = *out = vt_alloc_zero(ctx, record->node_count + 1, sizeof *live);
  if (!live) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < record->output_count; i++)
    live[record->values[record->outputs[i]].producer] = true;
  for (size_t i = record->node_count; i-- > 0;)
    for (int k = 0; live[i] && k < record->nodes[i].input_count; k++) {
      int value = record->nodes[i].inputs[k];
      int producer = value == VT_NO_VALUE ? -1 : record->values[value].producer;
      if (producer >= 0) live[producer] = true;
    }
  return VT_OK;
}

size_t vt_record_next_live(const vt_record *record, const bool *live, size_t from)
{
  while (from < record->node_count && !live[from])
    from++;
  return from;
}

const char *vt_record_node_text(const vt_record *record, int number, char buffer[160])
{
  const vt_node *node = &record->nodes[number];
  const char *made = NULL;
  for (int k = 0; k < node->output_count && !made; k++)
    if (node->outputs[k] != VT_NO_VALUE) made = record->values[node->outputs[k]].name;
  if (node->name[0])
    snprintf(buffer, 160, "node '%.100s' (%.32s)", node->name, node->op->name);
  else if (made)
    snprintf(buffer, 160, "the node that makes '%.80s' (%.32s, call %d)", made, node->op->name, number);
  else
    snprintf(buffer, 160, "call %d (%.32s)", number, node->op->name);
  return buffer;
}

/* ---- values ---- */

static vt_status place_constant(vt_record_build *build, int number, int *out)
{
  *out = build->placed[number];
  if (*out != VT_NO_VALUE) return VT_OK;
  vt_ctx *ctx = build->ctx;
  const vt_value *value = &build->record->values[number];
  vt_tensor *tensor = vt_tensor_keep(ctx, value->constant);
  if (!tensor) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = value->name ? vt_graph_add_value(ctx, build->graph, value->name, out)
                                 : vt_graph_add_fresh(ctx, build->graph, "constant", out);
  if (status != VT_OK) {
    vt_tensor_free(tensor);
    return status;
  }
  tensor->record = 0;
  vt_graph_set_constant(build->graph, *out, tensor);
  if (VT_T(tensor->type) & (VT_FLOATS | VT_T(VT_F16) | VT_T(VT_BF16)))
    build->graph->parameter_count += vt_count(tensor);
  build->placed[number] = *out;
  return VT_OK;
}

/* Names that somebody gave come first, so that no made-up name stands in their way. */
static vt_status place_named(vt_record_build *build)
{
  vt_ctx *ctx = build->ctx;
  const vt_record *record = build->record;
  for (size_t i = 0; i < record->value_count; i++)
    build->placed[i] = VT_NO_VALUE;
  for (size_t i = 0; i < record->input_count; i++) {
    const vt_value *value = &record->values[record->inputs[i]];
    int placed;
    VT_TRY(vt_graph_add_value(ctx, build->graph, value->name, &placed));
    vt_value *input = &build->graph->values[placed];
    input->type = value->type;
    input->rank = value->rank;
    input->declared = true;
    for (int axis = 0; axis < value->rank; axis++) {
      bool open = build->other && value->dim_names[axis];
      input->dims[axis] = open ? -1 : value->dims[axis];
      if (open && !(input->dim_names[axis] = vt_strdup(ctx, value->dim_names[axis])))
        return VT_ERROR_OUT_OF_MEMORY;
    }
    build->placed[record->inputs[i]] = placed;
    VT_TRY(vt_graph_add_input(ctx, build->graph, placed));
  }
  for (size_t i = 0; i < record->value_count; i++) {
    const vt_value *value = &record->values[i];
    if (value->producer < 0 || !build->live[value->producer] || !value->name) continue;
    VT_TRY(vt_graph_add_value(ctx, build->graph, value->name, &build->placed[i]));
    build->graph->values[build->placed[i]].type = value->type;
  }
  for (size_t i = 0; i < record->node_count; i++)
    for (int k = 0; build->live[i] && k < record->nodes[i].input_count; k++) {
      int number = record->nodes[i].inputs[k], placed;
      if (number == VT_NO_VALUE || !record->values[number].constant || !record->values[number].name) continue;
      VT_TRY(place_constant(build, number, &placed));
    }
  return VT_OK;
}

/* The value of the graph for one input of a node. */
static vt_status operand(vt_record_build *build, int node, int other_node, int input, int *out)
{
  const vt_record *record = build->record, *other = build->other;
  int value = *out = record->nodes[node].inputs[input];
  if (value == VT_NO_VALUE) return VT_OK;
  const vt_tensor *a = record->values[value].constant;
  if (!a) {
    *out = build->placed[value];
    return VT_OK;
  }
  const vt_tensor *b = other ? other->values[other->nodes[other_node].inputs[input]].constant : a;
  if (a == b || vt_same_tensor(a, b)) return place_constant(build, value, out);
  return vt_record_open_constant(build, node, input, a, b, out);
}

/* ---- nodes ---- */

static vt_status place_node(vt_record_build *build, int number, int other_number)
{
  vt_ctx *ctx = build->ctx;
  const vt_node *node = &build->record->nodes[number];
  const size_t slots = (size_t)node->input_count + (size_t)node->output_count + 1;
  char made_up[96];
  const char *name = node->name;
  int *inputs = vt_alloc_zero(ctx, slots, sizeof *inputs), *outputs = inputs + node->input_count;
  if (!inputs) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = VT_OK;
  for (int k = 0; k < node->input_count; k++)
    VT_TRY_DONE(operand(build, number, other_number, k, &inputs[k]));
  if (!name[0]) {
    snprintf(made_up, sizeof made_up, "%.60s_%d", node->op->name, build->graph->node_count);
    name = made_up;
  }
  for (int k = 0; k < node->output_count; k++) {
    outputs[k] = VT_NO_VALUE;
    if (node->outputs[k] == VT_NO_VALUE) continue;
    int *placed = &build->placed[node->outputs[k]];
    if (*placed == VT_NO_VALUE) {
      char *wish = k ? vt_format(ctx, "%s_%d", name, k) : vt_strdup(ctx, name);
      status = wish ? vt_graph_add_fresh(ctx, build->graph, wish, placed) : VT_ERROR_OUT_OF_MEMORY;
      vt_free(wish);
      if (status != VT_OK) goto done;
      build->graph->values[*placed].type = build->record->values[node->outputs[k]].type;
    }
    outputs[k] = *placed;
  }
  status = vt_graph_add_node(ctx, build->graph, node->op, node->attributes, name, node->input_count, inputs,
                             node->output_count, outputs, NULL);
done:
  vt_free(inputs);
  return status;
}

static vt_status place_nodes(vt_record_build *build)
{
  const vt_record *record = build->record, *other = build->other;
  size_t j = 0;
  for (size_t i = 0; i < record->node_count; i++) {
    if (!build->live[i]) continue;
    if (other) j = vt_record_next_live(other, build->other_live, j);
    VT_TRY(place_node(build, (int)i, (int)j));
    j++;
  }
  for (size_t i = 0; i < record->output_count; i++)
    VT_TRY(vt_graph_add_output(build->ctx, build->graph, build->placed[record->outputs[i]]));
  return VT_OK;
}

/* ---- checks ---- */

/* Recorded shape against the one that the rules find. */
static vt_status compare_shapes(vt_record_build *build, const vt_record *sizes_of, const int *partner,
                                const vt_draft *draft)
{
  for (size_t i = 0; i < build->record->value_count; i++) {
    int placed = build->placed[i], node = build->record->values[i].producer;
    int counterpart = partner ? partner[i] : (int)i;
    if (placed == VT_NO_VALUE || node < 0 || counterpart == VT_NO_VALUE || !draft->values[placed].known)
      continue;
    const vt_value *recorded = &sizes_of->values[counterpart];
    vt_tensor expected = {.type = recorded->type, .rank = recorded->rank};
    memcpy(expected.dims, recorded->dims, sizeof expected.dims);
    const vt_tensor *found = &draft->values[placed].tensor;
    if (expected.type == found->type && vt_same_shape(&expected, found)) continue;
    char was[160], is[160], text[160];
    return vt_fail(build->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "recording: %s gave %s, but the graph gives %s there: its size depends on something that "
                   "was not recorded",
                   vt_record_node_text(build->record, node, text), vt_shape_text(&expected, was),
                   vt_shape_text(found, is));
  }
  return VT_OK;
}

/* The shapes of the whole graph at the sizes of a recording. `partner`: numbers of its values by those of
 * build->record, NULL: they are the same. */
static vt_status check_shapes(vt_record_build *build, const vt_record *sizes_of, const int *partner)
{
  vt_ctx *ctx = build->ctx;
  const vt_graph *graph = build->graph;
  vt_ctx *inner = vt_ctx_child(ctx);
  vt_tensor **inputs = vt_alloc_zero(ctx, (size_t)graph->input_count + 1, sizeof *inputs);
  vt_draft draft = {0};
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  if (!inner || !inputs) goto done;
  for (int i = 0; i < graph->input_count; i++) {
    const vt_value *value = &sizes_of->values[sizes_of->inputs[i]];
    if (!(inputs[i] = vt_tensor_empty(inner))) goto done;
    VT_TRY_DONE(vt_tensor_set_shape(inner, inputs[i], value->type, value->rank, value->dims));
  }
  status = vt_draft_build(inner, graph, inputs, graph->outputs, graph->output_count, &draft);
  if (status == VT_ERROR_DATA_DEPENDENT) { /* such graphs run by trace, whatever the shapes */
    vt_ctx_clear(inner);
    status = VT_OK;
  } else if (status == VT_OK) {
    status = compare_shapes(build, sizes_of, partner, &draft);
  }
done:
  if (status != VT_OK && inner) vt_fail_adopt(ctx, inner);
  if (status != VT_OK && vt_ctx_status(ctx) == VT_OK)
    vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory: checking a recording");
  vt_draft_free(&draft);
  vt_free(inputs);
  vt_ctx_free(inner);
  return status;
}

/* ---- all of it ---- */

/* Outputs whose shape inference could not tell get the one they had: sizes that differ between the recordings
 * are open, under the name of the size that explains them. Readers of ONNX want a shape of every output. */
static vt_status state_outputs(vt_record_build *build)
{
  vt_ctx *ctx = build->ctx;
  for (size_t i = 0; i < build->record->output_count; i++) {
    const vt_value *as_made = &build->record->values[build->record->outputs[i]];
    const vt_value *as_other = build->other ? &build->other->values[build->other->outputs[i]] : as_made;
    vt_value *output = &build->graph->values[build->graph->outputs[i]];
    if (output->rank >= 0) continue;
    output->rank = as_made->rank;
    for (int axis = 0; axis < as_made->rank; axis++) {
      bool open = as_made->dims[axis] != as_other->dims[axis];
      output->dims[axis] = open ? -1 : as_made->dims[axis];
      for (size_t k = 0; k < build->size_count && open && !output->dim_names[axis]; k++)
        if (build->sizes[k].a == as_made->dims[axis] && build->sizes[k].b == as_other->dims[axis] &&
            !(output->dim_names[axis] = vt_strdup(ctx, build->sizes[k].name)))
          return VT_ERROR_OUT_OF_MEMORY;
    }
  }
  return VT_OK;
}

static vt_status make_graph(vt_record_build *build)
{
  vt_ctx *ctx = build->ctx;
  VT_TRY(find_live(ctx, build->record, &build->live));
  if (build->other) VT_TRY(find_live(ctx, build->other, &build->other_live));
  size_t values = build->record->value_count + 1;
  build->placed = vt_alloc_zero(ctx, values, sizeof *build->placed);
  build->partner = vt_alloc_zero(ctx, values, sizeof *build->partner);
  if (!build->placed || !build->partner) return VT_ERROR_OUT_OF_MEMORY;
  if (build->other) VT_TRY(vt_record_compare(build));
  VT_TRY(vt_graph_new(ctx, "<recorded>", &build->graph));
  VT_TRY(place_named(build));
  VT_TRY(place_nodes(build));
  VT_TRY(vt_graph_infer(ctx, build->graph));
  VT_TRY(state_outputs(build));
  VT_TRY(check_shapes(build, build->record, NULL));
  if (build->other) VT_TRY(check_shapes(build, build->other, build->partner));
  return vt_graph_hash(ctx, build->graph);
}

vt_status vt_record_graph_open(vt_ctx *ctx, const vt_record *record, const vt_record *other, vt_graph **out)
{
  *out = NULL;
  if (record->output_count == 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "recording: no output was named");
  vt_record_build build = {.ctx = ctx, .record = record, .other = other};
  vt_status status = make_graph(&build);
  vt_free(build.live);
  vt_free(build.other_live);
  vt_free(build.placed);
  vt_free(build.partner);
  vt_free(build.sizes);
  if (status != VT_OK) {
    vt_graph_free(build.graph);
    return status;
  }
  *out = build.graph;
  return VT_OK;
}

vt_status vt_record_graph(vt_ctx *ctx, const vt_record *record, vt_graph **out)
{
  return vt_record_graph_open(ctx, record, NULL, out);
}
