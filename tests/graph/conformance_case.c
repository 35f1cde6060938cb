/* SPDX-License-Identifier: Apache-2.0
 *
 * One conformance case: read the model, decide whether the operator table covers it, run it on every data
 * set, compare.
 */
#include <math.h>

#include "conformance.h"
#include "graph/onnx.h"

/* Tolerance of the backend test of the ONNX project. */
static const double relative = 1e-3, absolute = 1e-7;
/* The casts to bf16 expect bits cut off, where ONNX Runtime, the reference evaluator of later ONNX versions
 * and vitrail round to nearest: one unit in the last place. */
static const double cut_relative = 1.0 / 128;

static void give_up(case_result *out, case_verdict verdict, const char *why)
{
  out->verdict = verdict;
  snprintf(out->why, sizeof out->why, "%s", why);
}

/* A tensor file made a tensor of the context. The cases keep bf16 as u16 of the same
 * bits: `declared` says so. */
static vt_status load(vt_ctx *ctx, const char *path, vt_type declared, vt_tensor **out)
{
  unsigned char *bytes;
  size_t size;
  vt_tensor *read;
  VT_TRY(vt_read_file(ctx, path, SIZE_MAX / 2, &bytes, &size));
  vt_status status = vt_onnx_tensor_parse(ctx, bytes, size, NULL, &read);
  vt_free(bytes);
  if (status != VT_OK) return vt_fail_prefix(ctx, "%s", path);
  if (read->type == VT_U16 && declared == VT_BF16) read->type = VT_BF16;
  *out = vt_tensor_empty(ctx);
  if (*out) status = vt_tensor_set_shape(ctx, *out, read->type, read->rank, read->dims);
  if (*out && status == VT_OK) vt_tensor_share(*out, read);
  vt_tensor_free(read);
  return *out ? status : VT_ERROR_OUT_OF_MEMORY;
}

static bool floating(vt_type type)
{
  return VT_T(type) & (VT_FLOATS | VT_T(VT_F16) | VT_T(VT_BF16));
}

static bool close_enough(vt_type type, double got, double expected)
{
  double near = type == VT_BF16 ? cut_relative : relative;
  if (isnan(expected)) return isnan(got);
  if (isinf(expected) || isinf(got)) return got == expected;
  return fabs(got - expected) <= absolute + near * fabs(expected);
}

/* True when `got` is what was expected; otherwise says why not. */
static bool compare(const vt_tensor *got, const vt_tensor *expected, bool shape_only, int index,
                    case_result *out)
{
  char a[160], b[160];
  if (got->type != expected->type || !vt_same_shape(got, expected)) {
    snprintf(out->why, sizeof out->why, "output %d is %s, expected %s", index, vt_shape_text(got, a),
             vt_shape_text(expected, b));
    return false;
  }
  if (shape_only) return true;
  if (!floating(got->type)) {
    if (vt_bytes(got) == 0 || memcmp(got->data, expected->data, vt_bytes(got)) == 0) return true;
    for (int64_t i = 0; i < vt_count(got); i++)
      if (vt_get_f64(got, i) != vt_get_f64(expected, i)) {
        snprintf(out->why, sizeof out->why, "output %d %s: element %lld is %g, expected %g", index,
                 vt_shape_text(got, a), (long long)i, vt_get_f64(got, i), vt_get_f64(expected, i));
        return false;
      }
    snprintf(out->why, sizeof out->why, "output %d %s: bytes differ", index, vt_shape_text(got, a));
    return false;
  }
  for (int64_t i = 0; i < vt_count(got); i++)
    if (!close_enough(got->type, vt_get_f64(got, i), vt_get_f64(expected, i))) {
      snprintf(out->why, sizeof out->why, "output %d %s: element %lld is %.9g, expected %.9g", index,
               vt_shape_text(got, a), (long long)i, vt_get_f64(got, i), vt_get_f64(expected, i));
      return false;
    }
  return true;
}

/* The tensor that a value will have, when that is known before the run. */
static const vt_tensor *known(const vt_graph *graph, vt_tensor *const *inputs, int value)
{
  for (int i = 0; i < graph->input_count; i++)
    if (graph->inputs[i] == value) return inputs[i];
  return value == VT_NO_VALUE ? NULL : graph->values[value].constant;
}

/* Dropout is random only where it trains and drops. */
static bool drops(const vt_graph *graph, const vt_node *node, vt_tensor *const *inputs)
{
  if (node->input_count < 3 || node->inputs[2] == VT_NO_VALUE) return false;
  const vt_tensor *ratio = known(graph, inputs, node->inputs[1]),
                  *training = known(graph, inputs, node->inputs[2]);
  return !(training && vt_get_f64(training, 0) == 0) && !(ratio && vt_get_f64(ratio, 0) == 0);
}

static bool has_random(const vt_graph *graph, vt_tensor *const *inputs)
{
  for (int i = 0; i < graph->node_count; i++) {
    const vt_node *node = &graph->nodes[i];
    if (!(node->op->flags & VT_OP_RANDOM)) continue;
    if (strcmp(node->op->name, "Dropout") != 0 || drops(graph, node, inputs)) return true;
  }
  return false;
}

static bool compare_all(vt_ctx *ctx, const vt_graph *graph, const char *folder, int set, vt_tensor **outputs,
                        case_result *out)
{
  char path[4096];
  for (int i = 0; i < graph->output_count; i++) {
    vt_tensor *expected;
    snprintf(path, sizeof path, "%s/test_data_set_%d/output_%d.pb", folder, set, i);
    if (load(ctx, path, outputs[i]->type, &expected) != VT_OK) return false;
    if (!compare(outputs[i], expected, out->shape_only, i, out)) return false;
  }
  return true;
}

static bool run_data_set(vt_ctx *ctx, const vt_graph *graph, const char *folder, int set, case_result *out)
{
  vt_tensor *inputs[CONFORMANCE_TENSORS] = {NULL}, *outputs[CONFORMANCE_TENSORS] = {NULL};
  char path[4096];
  if (graph->input_count > CONFORMANCE_TENSORS || graph->output_count > CONFORMANCE_TENSORS) {
    give_up(out, FAILED, "more inputs or outputs than the test has room for");
    return false;
  }
  for (int i = 0; i < graph->input_count; i++) {
    snprintf(path, sizeof path, "%s/test_data_set_%d/input_%d.pb", folder, set, i);
    if (load(ctx, path, graph->values[graph->inputs[i]].type, &inputs[i]) != VT_OK) return false;
  }
  out->shape_only = has_random(graph, inputs);
  if (vt_graph_run(ctx, graph, inputs, outputs) != VT_OK) return false;
  if (!compare_all(ctx, graph, folder, set, outputs, out)) return false;
  vt_status status = conformance_plan(ctx, graph, inputs, outputs);
  if (status == VT_ERROR_DATA_DEPENDENT) {
    vt_ctx_clear(ctx);
    return true;
  }
  if (status == VT_OK && compare_all(ctx, graph, folder, set, outputs, out)) return true;
  if (status != VT_OK) snprintf(out->why, sizeof out->why, "%.900s", vt_ctx_message(ctx));
  size_t length = strlen(out->why);
  snprintf(out->why + length, sizeof out->why - length, " (by plan)");
  vt_ctx_clear(ctx);
  return false;
}

/* Operators of the file itself, before anything is lifted or inlined. */
static void list_operators(vt_ctx *ctx, const unsigned char *bytes, size_t size, case_result *out)
{
  vt_arena arena = {.ctx = ctx};
  ProtobufCMessage *message = NULL;
  if (vt_wire_unpack(&arena, bytes, size, &onnx__model_proto__descriptor, &message) == VT_OK) {
    const Onnx__GraphProto *graph = ((Onnx__ModelProto *)message)->graph;
    size_t used = 0;
    for (size_t i = 0; graph && i < graph->n_node; i++) {
      char word[96];
      snprintf(word, sizeof word, "%.90s", graph->node[i]->op_type);
      if (strcmp(word, "Constant") == 0 && graph->n_node > 1) continue;
      char *old = strstr(out->operators, word);
      size_t length = strlen(word);
      if (old && (old == out->operators || old[-1] == ' ') && (old[length] == ' ' || !old[length])) continue;
      if (used + length + 2 > sizeof out->operators) break;
      used += (size_t)snprintf(out->operators + used, sizeof out->operators - used, "%s%s", used ? " " : "",
                               word);
    }
  }
  vt_ctx_clear(ctx);
  vt_arena_free(&arena);
}

void conformance_run(const char *suite, const char *folder, const char *name, case_result *out)
{
  *out = (case_result){.verdict = FAILED};
  snprintf(out->suite, sizeof out->suite, "%s", suite);
  snprintf(out->name, sizeof out->name, "%s", name);
  vt_ctx *ctx = vt_ctx_new();
  vt_graph *graph = NULL;
  char path[4096];
  snprintf(path, sizeof path, "%s/model.onnx", folder);
  unsigned char *bytes = NULL;
  size_t size = 0;
  if (vt_read_file(ctx, path, SIZE_MAX / 2, &bytes, &size) != VT_OK) goto done;
  list_operators(ctx, bytes, size, out);
  /* the CastLike cases declare sizes that their data does not have */
  vt_graph_options options = vt_graph_options_default();
  options.ignore_declared_sizes = true;
  vt_status status = vt_graph_parse(ctx, bytes, size, folder, &options, &graph);
  if (status == VT_ERROR_UNSUPPORTED) { /* decided before anything runs */
    const char *message = vt_ctx_message(ctx);
    give_up(out, SKIPPED, strncmp(message, "<memory>: ", 10) == 0 ? message + 10 : message);
    goto done;
  }
  if (status != VT_OK) goto done;
  int sets = 0;
  for (;; sets++) {
    snprintf(path, sizeof path, "%s/test_data_set_%d/output_0.pb", folder, sets);
    if (!vt_file_exists(path)) break;
    if (!run_data_set(ctx, graph, folder, sets, out)) goto done;
  }
  if (sets == 0)
    give_up(out, FAILED, "no data set");
  else
    out->verdict = PASSED;
done:
  if (vt_ctx_status(ctx) != VT_OK && out->verdict == FAILED) give_up(out, FAILED, vt_ctx_message(ctx));
  vt_graph_free(graph);
  vt_free(bytes);
  vt_ctx_free(ctx);
}
