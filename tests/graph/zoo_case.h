/* SPDX-License-Identifier: Apache-2.0
 *
 * Real graphs with golden inputs: models of the shared folder, or unpacked from their PyPI wheels below
 * $VITRAIL_ZOO (default: the folder `zoo` beside the shared folder).
 */
#ifndef VT_TESTS_GRAPH_ZOO_CASE_H
#define VT_TESTS_GRAPH_ZOO_CASE_H

#include <jansson.h>

#include "graph/graph.h"
#include "test.h"
#include "vitrail/data.h"

enum { MOST = 16 };

static inline const char *text_of(const json_t *object, const char *key)
{
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

/* Where the model lies, NULL when it is not there. */
static inline const char *model_path(const json_t *model, char path[4096])
{
  char name[1024];
  if (json_is_string(json_object_get(model, "shared_model"))) {
    snprintf(name, sizeof name, "models/%s", text_of(model, "shared_model"));
    const char *shared = shared_path(name);
    return shared ? strcpy(path, shared) : NULL;
  }
  const char *zoo = getenv("VITRAIL_ZOO"), *shared = getenv("VITRAIL_SHARED");
  if (zoo)
    snprintf(path, 4096, "%s/%s", zoo, text_of(model, "path_in_wheel"));
  else
    snprintf(path, 4096, "%s/../zoo/%s", shared ? shared : ".", text_of(model, "path_in_wheel"));
  return access(path, R_OK) == 0 ? path : NULL;
}

/* Golden array `prefix:name`, a float one cast to the type that the graph declares. */
static inline vt_tensor *golden(vt_ctx *ctx, const char *npz, const char *prefix, const char *name,
                                vt_type type)
{
  char key[512];
  vt_tensor *stored, *tensor;
  snprintf(key, sizeof key, "%s:%s", prefix, name);
  assert_ok(ctx, vt_npz_read(ctx, npz, key, &stored));
  if (stored->type == type || type == VT_UNDEFINED) return stored;
  assert_int_equal(stored->type, VT_F16); /* the only type that is stored in place of another, f32 */
  assert_int_equal(type, VT_F32);
  assert_non_null(tensor = vt_tensor_new(ctx, VT_F32, stored->rank, stored->dims));
  for (int64_t i = 0; i < vt_count(tensor); i++)
    ((float *)tensor->data)[i] = (float)vt_get_f64(stored, i);
  return tensor;
}

typedef struct zoo_model {
  vt_ctx *ctx;
  vt_graph *graph; /* NULL: it needs operators that are left for later, and they were printed */
  vt_tensor *inputs[MOST];
  char npz[4096];
} zoo_model;

/* False when the model or its golden arrays are not here. */
static inline bool zoo_open(const json_t *model, zoo_model *out)
{
  char path[4096], name[512];
  memset(out, 0, sizeof *out);
  if (!model_path(model, path)) return false;
  snprintf(name, sizeof name, "golden/zoo/%s", text_of(model, "npz"));
  const char *shared = shared_path(name);
  if (!shared) return false;
  snprintf(out->npz, sizeof out->npz, "%s", shared);
  vt_ctx *ctx = out->ctx = vt_ctx_new();
  vt_graph_options options = vt_graph_options_default();
  options.ignore_declared_sizes = strstr(text_of(model, "note"), "ignore the declared sizes") != NULL;
  vt_status status = vt_graph_read(ctx, path, &options, &out->graph);
  if (status == VT_ERROR_UNSUPPORTED) {
    fprintf(stderr, "%.600s\n", vt_ctx_message(ctx));
    return true;
  }
  assert_ok(ctx, status);
  assert_string_equal(vt_graph_sha256(out->graph), text_of(model, "sha256"));
  assert_true(out->graph->input_count <= MOST && out->graph->output_count <= MOST);
  for (int i = 0; i < out->graph->input_count; i++)
    out->inputs[i] = golden(ctx, out->npz, "in", vt_graph_input_name(out->graph, i),
                            out->graph->values[out->graph->inputs[i]].type);
  return true;
}

static inline void zoo_close(zoo_model *zoo)
{
  vt_graph_free(zoo->graph);
  vt_ctx_free(zoo->ctx);
}

#endif
