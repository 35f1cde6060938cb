/* SPDX-License-Identifier: Apache-2.0
 *
 * XRAI: the pixels' map of another method, summed up over regions of the picture. Kapishnikov, Bolukbasi,
 * Viégas, Terry: "XRAI: Better Attributions Through Regions", arXiv 1906.02825 (2019).
 *
 * The picture is divided several times, coarsely and finely; every region is dilated. Regions are then joined
 * one after the other: always the one whose pixels that are not yet covered have the highest mean. Those
 * pixels get that mean; what no region covers gets its own mean at the end.
 */
#include <math.h>

#include "attribution/attribute.h"
#include "attribution/gradients.h"
#include "attribution/methods.h"
#include "attribution/xrai.h"
#include "tensor/tensor.h"

typedef struct settings {
  char *attribution, *baselines, *segments;
  vt_reals scales;
  double sigma;
  int64_t min_size, dilation, min_gain;
  int value;
} settings;

enum { GAIN, RANK };

static const vt_field fields[] = {
    {"attribution", VT_FIELD_STRING, offsetof(settings, attribution), "integrated-gradients",
     .help = "the method whose map is summed up, with its default settings; or a map: FILE.npy, [H, W] or "
             "[C, H, W]"},
    {"baselines", VT_FIELD_STRING, offsetof(settings, baselines), "black,white",
     .help =
         "baselines of that method, with commas between; their maps are averaged (methods without: one run)"},
    {"segments", VT_FIELD_STRING, offsetof(settings, segments),
     .help = "label maps [n, H, W] of whole numbers (.npy) in place of the divisions made here"},
    {"scales", VT_FIELD_REALS, offsetof(settings, scales), "25,50,75,125,250,600", VT_RANGE(0.01, 1e6),
     .help = "scales of the divisions (Felzenszwalb), in 8-bit units"},
    {"sigma", VT_FIELD_REAL, offsetof(settings, sigma), "0.8", VT_RANGE(0, 100),
     .help = "smoothing before dividing, in pixels"},
    {"min_size", VT_FIELD_INT, offsetof(settings, min_size), "150", VT_RANGE(1, 1e9),
     .help = "smallest region of a division, in pixels"},
    {"dilation", VT_FIELD_INT, offsetof(settings, dilation), "5", VT_RANGE(0, 1000),
     .help = "radius by which every region is widened (a disc), in pixels"},
    {"min_gain", VT_FIELD_INT, offsetof(settings, min_gain), "50", VT_RANGE(1, 1e9),
     .help = "pixels that a region must add to be joined", .aliases = "min_pixel_diff"},
    {"value", VT_FIELD_CHOICE, offsetof(settings, value), "gain", .choices = "gain|rank",
     .help =
         "what a pixel gets: the mean of its region's new pixels, or the region's place in the order, from 1 "
         "(first) towards 0"},
};

/* ---- the map that is summed up ---- */

static bool is_file(const char *text)
{
  size_t length = strlen(text);
  return length > 4 && strcmp(text + length - 4, ".npy") == 0;
}

/* Makes maps, and is not this one itself. */
static bool makes_maps(const vt_method *method)
{
  return method != &vt_method_xrai && !(method->needs & VT_NEEDS_REGIONS) &&
         method->needs & (VT_NEEDS_GRADIENTS | VT_NEEDS_HOOKS);
}

/* The other method, NULL: not one that makes maps. */
static const vt_method *other_method(const char *name)
{
  const vt_method *method = vt_method_find(&vt_methods, name);
  return method && makes_maps(method) ? method : NULL;
}

/* A hint must name what can be chosen. */
static vt_status refuse_other(vt_ctx *ctx, const char *name)
{
  char suggestion[VT_SUGGESTION];
  vt_method_list possible = {0};
  const vt_method **methods = vt_alloc_zero(ctx, vt_methods.count, sizeof *methods);
  if (!methods) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < vt_methods.count; i++)
    if (makes_maps(vt_methods.methods[i])) methods[possible.count++] = vt_methods.methods[i];
  possible.methods = methods;
  vt_status status =
      vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
              "attribution '%s' is neither a method that makes maps of pixels nor a .npy file%s", name,
              vt_suggestion(vt_method_nearest(&possible, name), suggestion));
  vt_free(methods);
  return status;
}

static int count_runs(const settings *set, const vt_method *method)
{
  int runs = 1;
  if (!vt_params_find(method->fields, method->field_count, "baseline")) return 1;
  for (const char *text = set->baselines; text && *text; text++)
    runs += *text == ',';
  return runs;
}

/* One run of the other method, its reduced map added to `map`. */
static vt_status add_run(vt_ctx *ctx, const vt_task *task, const vt_method *method, const char *baseline,
                         double share, double *map, vt_explanation *explanation)
{
  vt_explanation *inner = NULL;
  void *chosen = vt_alloc_zero(ctx, 1, method->settings_size + 1);
  if (!chosen) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status =
      vt_params_defaults(ctx, method->fields, method->field_count, chosen, method->settings_size);
  if (status != VT_OK) {
    vt_free(chosen);
    return status;
  }
  if (baseline)
    VT_TRY_DONE(vt_params_set(ctx, method->fields, method->field_count, chosen, "baseline", baseline));
  VT_TRY_DONE(vt_explanation_new(ctx, &inner));
  inner->model = task->model;
  inner->picture = task->picture;
  inner->method = method;
  inner->seed = task->seed;
  if (method->check) VT_TRY_DONE(method->check(ctx, task, chosen));
  VT_TRY_DONE(method->run(ctx, task, chosen, inner));
  VT_TRY_DONE(vt_map_finish(ctx, task, inner, VT_REDUCE_AUTO, false));
  explanation->traced_runs += inner->traced_runs;
  explanation->composed_runs += inner->composed_runs;
  size_t pixels = (size_t)task->picture->width * (size_t)task->picture->height;
  for (size_t i = 0; i < pixels; i++)
    map[i] += share * (double)inner->saliency[i];
done:
  vt_params_free(method->fields, method->field_count, chosen);
  vt_free(chosen);
  vt_explanation_free(inner);
  return status;
}

static vt_status run_other(vt_ctx *ctx, const vt_task *task, const settings *set, double *map,
                           vt_explanation *explanation)
{
  const vt_method *method = other_method(set->attribution);
  int runs = count_runs(set, method);
  if (!vt_params_find(method->fields, method->field_count, "baseline"))
    return add_run(ctx, task, method, NULL, 1, map, explanation);
  for (const char *list = set->baselines ? set->baselines : ""; list;) {
    const char *comma = strchr(list, ',');
    char *name = vt_strndup(ctx, list, comma ? (size_t)(comma - list) : strlen(list));
    if (!name) return VT_ERROR_OUT_OF_MEMORY;
    vt_status status = add_run(ctx, task, method, name, 1.0 / runs, map, explanation);
    vt_free(name);
    VT_TRY(status);
    list = comma ? comma + 1 : NULL;
  }
  return VT_OK;
}

static vt_status read_map(vt_ctx *ctx, const char *path, size_t pixels, double *map)
{
  vt_tensor *file;
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = vt_npy_read(ctx, path, &file);
  if (status != VT_OK) return vt_fail_prefix(ctx, "attribution");
  size_t count = (size_t)vt_count(file);
  char shape[160];
  if ((file->type != VT_F32 && file->type != VT_F64) || count == 0 || count % pixels || count / pixels > 64)
    status = vt_fail(ctx, VT_ERROR_INVALID_DATA,
                     "attribution: %s is %s; it takes [H, W] or [C, H, W] of the model's size", path,
                     vt_shape_text(file, shape));
  else if (vt_check_finite(ctx, file, path) != VT_OK)
    status = vt_fail_prefix(ctx, "attribution");
  for (size_t i = 0; status == VT_OK && i < count; i++)
    map[i % pixels] += vt_get_f64(file, (int64_t)i);
  vt_tensor_release(ctx, mark);
  return status;
}

/* ---- the method ---- */

static vt_status check(vt_ctx *ctx, const vt_task *task, const void *given)
{
  const settings *set = given;
  VT_UNUSED(task);
  if (is_file(set->attribution) || other_method(set->attribution)) return VT_OK;
  return refuse_other(ctx, set->attribution);
}

static vt_status make_segments(vt_ctx *ctx, const vt_task *task, const settings *set,
                               vt_xrai_regions *regions)
{
  int height = task->picture->height, width = task->picture->width, count;
  size_t pixels = (size_t)height * (size_t)width;
  if (set->segments) return vt_xrai_read(ctx, set->segments, height, width, (int)set->dilation, regions);
  int32_t *labels = vt_alloc_zero(ctx, pixels, sizeof *labels);
  if (!labels) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = VT_OK;
  for (size_t s = 0; status == VT_OK && s < set->scales.count; s++) {
    status = vt_felzenszwalb(ctx, task->picture, set->scales.data[s], set->sigma, (int)set->min_size, labels,
                             &count);
    if (status == VT_OK) status = vt_xrai_add(ctx, labels, count, height, width, (int)set->dilation, regions);
  }
  vt_free(labels);
  return status;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  const settings *set = given;
  size_t pixels = (size_t)task->picture->width * (size_t)task->picture->height,
         floats = vt_subject_floats(task->subject), channels = floats / pixels;
  vt_xrai_regions regions = {0};
  VT_TRY(check(ctx, task, given));
  double *map = vt_alloc_zero(ctx, pixels, sizeof *map), *joined = vt_alloc_zero(ctx, pixels, sizeof *joined);
  double *spread = vt_alloc_zero(ctx, floats, sizeof *spread);
  vt_status status = map && joined && spread ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status != VT_OK) goto done;
  if (is_file(set->attribution))
    VT_TRY_DONE(read_map(ctx, set->attribution, pixels, map));
  else
    VT_TRY_DONE(run_other(ctx, task, set, map, explanation));
  VT_TRY_DONE(make_segments(ctx, task, set, &regions));
  VT_TRY_DONE(vt_xrai_join(ctx, &regions, map, pixels, set->min_gain, set->value == RANK, joined));
  for (size_t i = 0; i < floats; i++)
    spread[i] = joined[vt_plane_index(task, i) % pixels] / (double)channels;
  status = vt_map_set(ctx, task, explanation, spread, VT_REDUCE_SUM);
done:
  vt_xrai_free(&regions);
  vt_free(map);
  vt_free(joined);
  vt_free(spread);
  return status;
}

static int64_t calls(const void *given, int regions, bool embedding)
{
  const settings *set = given;
  const vt_method *method = is_file(set->attribution) ? NULL : other_method(set->attribution);
  if (!method) return 0;
  if (!method->calls) return -1;
  vt_ctx *ctx = vt_ctx_new(); /* the defaults of the other method need one */
  void *chosen = ctx ? vt_alloc_zero(ctx, 1, method->settings_size + 1) : NULL;
  int64_t total = -1;
  if (chosen &&
      vt_params_defaults(ctx, method->fields, method->field_count, chosen, method->settings_size) == VT_OK) {
    int64_t each = method->calls(chosen, regions, embedding);
    total = each < 0 ? -1 : each * count_runs(set, method);
    vt_params_free(method->fields, method->field_count, chosen);
  }
  vt_free(chosen);
  vt_ctx_free(ctx);
  return total;
}

const vt_method vt_method_xrai = {
    .id = "xrai",
    .aliases = "XRAI",
    .title = "XRAI: attributions summed up over regions",
    .summary =
        "Turns the map of another method into regions: parts of the picture, at several sizes, joined in the "
        "order of their mean attribution. Easier to read than pixels, and ranks well in removal benchmarks; "
        "it "
        "can be no better than the map below it, and its borders are those of colours, not of what the model "
        "used.",
    .citation = "Kapishnikov, A. et al. (2019). XRAI: Better Attributions Through Regions. ICCV. "
                "arXiv:1906.02825.",
    .cost = "that of the other method, once for each baseline: 104",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS | VT_NEEDS_PICTURE,
    .settings_size = sizeof(settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .check = check,
    .run = run,
    .calls = calls,
};
