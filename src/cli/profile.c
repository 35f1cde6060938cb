/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail profile: where the time of a forward goes.
 */
#include "graph/profile.h"

#include "cli/bundled.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "explain/explanation.h"
#include "graph/graph.h"

typedef struct profile_settings {
  int64_t batch, runs, warm_up, size;
  bool gradient;
} profile_settings;

static const vt_field fields[] = {
    {"batch", VT_FIELD_INT, offsetof(profile_settings, batch), "1", VT_RANGE(1, 65536),
     .help = "items in one forward"},
    {"runs", VT_FIELD_INT, offsetof(profile_settings, runs), "20", VT_RANGE(1, 1e6),
     .help = "forwards timed"},
    {"warm_up", VT_FIELD_INT, offsetof(profile_settings, warm_up), "3", VT_RANGE(0, 1e6),
     .help = "forwards before those"},
    {"size", VT_FIELD_INT, offsetof(profile_settings, size), "224", VT_RANGE(1, 65536),
     .help = "length of open sizes of the input other than the batch"},
    {"gradient", VT_FIELD_BOOL, offsetof(profile_settings, gradient),
     .help =
         "time a traced forward and its backward pass (sum of the first output, with respect to the first "
         "input) instead of the compiled plan"},
};

/* Shapes of the inputs with open sizes filled: the batch first, `size` elsewhere. */
static vt_status shape_inputs(cli *run, const vt_graph *graph, const profile_settings *settings,
                              vt_tensor **inputs)
{
  for (int i = 0; i < vt_graph_input_count(graph); i++) {
    vt_type type;
    int rank;
    int64_t dims[VT_MAX_RANK];
    vt_graph_input_shape(graph, i, &type, &rank, dims);
    if (rank < 0)
      return vt_fail(run->ctx, VT_ERROR_UNSUPPORTED, "input '%s' has no declared shape",
                     vt_graph_input_name(graph, i));
    for (int k = 0; k < rank; k++)
      if (dims[k] < 0) dims[k] = k == 0 ? settings->batch : settings->size;
    if (rank > 0 && dims[0] == 1 && settings->batch > 1) dims[0] = settings->batch;
    inputs[i] = vt_tensor_empty(run->ctx);
    if (!inputs[i]) return vt_ctx_status(run->ctx);
    VT_TRY(vt_tensor_set_shape(run->ctx, inputs[i], type, rank, dims));
  }
  return VT_OK;
}

static vt_status print_json(cli *run, const vt_profile *profile, const char *path,
                            const profile_settings *settings)
{
  json_t *rows = json_array();
  for (size_t i = 0; i < profile->count; i++) {
    char shape[160];
    const vt_profile_row *row = &profile->rows[i];
    json_array_append_new(rows, json_pack("{s:o, s:s, s:s, s:f, s:f, s:s, s:i}", "node",
                                          vt_json_outside(row->name), "operator", row->op, "implementation",
                                          row->implementation, "ms", row->milliseconds, "gflop", row->gflop,
                                          "shape", vt_shape_text(&row->shape, shape), "fused", row->fused));
  }
  json_t *json = json_pack("{s:i, s:o, s:I, s:i, s:i, s:f, s:f, s:f, s:f, s:I, s:o}", "schema_version", 1,
                           "model", vt_json_outside(path), "batch", (json_int_t)settings->batch, "threads",
                           vt_ctx_threads(run->ctx) ? vt_ctx_threads(run->ctx) : vt_processor_count(), "runs",
                           profile->runs, "ms", profile->milliseconds, "ms_per_item",
                           profile->milliseconds / (double)settings->batch, "gflop", profile->gflop,
                           "gflop_per_second", profile->gflop / (profile->milliseconds / 1e3), "arena_bytes",
                           (json_int_t)(profile->arena_bytes + profile->scratch_bytes), "nodes", rows);
  vt_status status = cli_print_json(run, json);
  json_decref(json);
  return status;
}

static vt_status print_text(cli *run, const vt_profile *profile, const profile_settings *settings)
{
  cli_table table = {0};
  VT_TRY(cli_table_row(run->ctx, &table, "Node\tOperator\tImplementation\tResult\t>ms\t>share\t>GFLOP/s"));
  for (size_t i = 0; i < profile->count; i++) {
    char shape[160];
    const vt_profile_row *row = &profile->rows[i];
    VT_TRY(cli_table_row(
        run->ctx, &table, "%.48s\t%s%s\t%s\t%s\t%.3f\t%.1f %%\t%.1f", *row->name ? row->name : "-", row->op,
        row->fused ? " +" : "", row->implementation, vt_shape_text(&row->shape, shape), row->milliseconds,
        100 * row->milliseconds / profile->milliseconds, row->gflop / (row->milliseconds / 1e3 + 1e-12)));
  }
  cli_table_print(run, &table);
  printf("\n%.3f ms a forward of %lld item%s, %.3f ms an item, %.1f GFLOP/s, %.1f MB (+: other nodes fused "
         "in; mean of %d runs)\n",
         profile->milliseconds, (long long)settings->batch, settings->batch == 1 ? "" : "s",
         profile->milliseconds / (double)settings->batch, profile->gflop / (profile->milliseconds / 1e3),
         (double)(profile->arena_bytes + profile->scratch_bytes) / 1e6, profile->runs);
  return VT_OK;
}

/* Numbers of a fixed stream: an all-zero input would not be what networks see. */
static vt_status fill_inputs(cli *run, vt_tensor **inputs, int count)
{
  for (int i = 0; i < count; i++) {
    VT_TRY(vt_tensor_allocate(run->ctx, inputs[i]));
    memset(inputs[i]->data, 0, vt_bytes(inputs[i]));
    for (int64_t k = 0; inputs[i]->type == VT_F32 && k < vt_count(inputs[i]); k++)
      ((float *)inputs[i]->data)[k] = (float)(2 * vt_random_uniform(0, (uint64_t)i, (uint64_t)k) - 1);
  }
  return VT_OK;
}

static vt_status measure_gradient(cli *run, const vt_graph *graph, const char *path, vt_tensor **inputs,
                                  const profile_settings *settings)
{
  vt_gradient_profile profile;
  VT_TRY(fill_inputs(run, inputs, vt_graph_input_count(graph)));
  VT_TRY(vt_profile_gradient(run->ctx, graph, inputs, (int)settings->warm_up, (int)settings->runs, &profile));
  double both = profile.forward_milliseconds + profile.backward_milliseconds, items = (double)settings->batch;
  if (!run->common.json) {
    printf("Gradient of %s with respect to %s\n%.3f ms an item: forward %.3f, backward %.3f (mean of %lld "
           "runs)\n"
           "%.1f MB held between the two, peak %.1f MB\n",
           profile.of, profile.wrt, both / items, profile.forward_milliseconds / items,
           profile.backward_milliseconds / items, (long long)settings->runs, (double)profile.tape_bytes / 1e6,
           (double)profile.peak_bytes / 1e6);
    return VT_OK;
  }
  json_t *json = json_pack("{s:i, s:o, s:I, s:i, s:I, s:o, s:o, s:f, s:f, s:f, s:I, s:I}", "schema_version",
                           1, "model", vt_json_outside(path), "batch", (json_int_t)settings->batch, "threads",
                           vt_ctx_threads(run->ctx), "runs", (json_int_t)settings->runs, "of",
                           vt_json_outside(profile.of), "wrt", vt_json_outside(profile.wrt), "ms_per_item",
                           both / items, "forward_ms_per_item", profile.forward_milliseconds / items,
                           "backward_ms_per_item", profile.backward_milliseconds / items, "tape_bytes",
                           (json_int_t)profile.tape_bytes, "peak_bytes", (json_int_t)profile.peak_bytes);
  vt_status status = cli_print_json(run, json);
  json_decref(json);
  return status;
}

static vt_status measure(cli *run, const char *path, const profile_settings *settings)
{
  vt_graph *graph = NULL;
  vt_plan *plan = NULL;
  vt_session *session = NULL;
  vt_profile *profile = NULL;
  vt_tensor **inputs = NULL;
  vt_status status;
  run->stage = CLI_MODEL;
  VT_TRY_DONE(cli_graph_read(run, path, &graph));
  inputs = vt_alloc_zero(run->ctx, (size_t)vt_graph_input_count(graph) + 1, sizeof *inputs);
  if (!inputs) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  int threads = vt_ctx_threads(run->ctx) ? vt_ctx_threads(run->ctx) : vt_processor_count();
  VT_TRY_DONE(shape_inputs(run, graph, settings, inputs));
  if (settings->gradient) {
    run->stage = CLI_RUN;
    status = measure_gradient(run, graph, path, inputs, settings);
    goto done;
  }
  VT_TRY_DONE(vt_plan_compile(run->ctx, graph, inputs, threads, NULL, 0, &plan));
  run->stage = CLI_RUN;
  VT_TRY_DONE(vt_session_new(run->ctx, plan, &session));
  for (int i = 0; i < vt_graph_input_count(graph); i++)
    memset(vt_session_input(session, i), 0, vt_bytes(inputs[i]));
  VT_TRY_DONE(vt_profile_run(run->ctx, session, (int)settings->warm_up, (int)settings->runs, &profile));
  status = run->common.json ? print_json(run, profile, path, settings) : print_text(run, profile, settings);
done:
  if (status == VT_ERROR_DATA_DEPENDENT)
    status = vt_fail(run->ctx, status, "%s: shapes depend on data, so that the model has no plan to profile",
                     path);
  vt_profile_free(profile);
  vt_session_free(session);
  vt_plan_free(plan);
  vt_graph_free(graph);
  vt_free(inputs);
  return status;
}

static vt_status profile_verb(cli *run, int argc, char **argv)
{
  profile_settings settings;
  cli_options options = {0};
  vt_status status;
  VT_TRY_DONE(
      cli_options_add(run, &options, "Options", fields, VT_COUNT(fields), &settings, sizeof settings));
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 1, 1, "MODEL"));
  if (run->common.help) goto done;
  status = measure(run, options.operands[0], &settings);
done:
  cli_options_free(&options);
  return status;
}

const cli_verb cli_profile = {
    .name = "profile",
    .operands = "MODEL.onnx",
    .summary = "where the time of a forward goes, node by node",
    .examples = "  vitrail profile model.onnx\n"
                "  vitrail profile model.onnx --batch 8 --threads 2\n"
                "  vitrail profile model.onnx --gradient\n"
                "  vitrail profile model.onnx --json | jq .ms_per_item\n",
    .run = profile_verb,
};
