/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes a run's files. Each is made whole in memory and then put in place, so that a failure leaves no half
 * file.
 */
#include "report/report.h"

#include <math.h>

#include "base/base.h"
#include "explain/method.h"
#include "report/page.h"

const char *const vt_report_files[] = {"explanation.json", "labels.npy",  "saliency.npy",
                                       "overlay.png",      "regions.png", "subset.png",
                                       "curves.svg",       "report.html", NULL};

vt_status vt_report_scene(vt_ctx *ctx, const vt_report *report, vt_view *out)
{
  const vt_explanation *explanation = report->explanation;
  const char *wanted = report->colour_map ? report->colour_map : "viridis";
  int height, width;
  vt_regions_labels(explanation->regions, &height, &width);
  *out = (vt_view){.explanation = explanation,
                   .photo = report->photo,
                   .placement = report->placement,
                   .sequential = vt_colour_map_find(wanted),
                   .diverging = vt_colour_map_find("blue-white-red")};
  if (!out->sequential || out->sequential->diverging)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "there is no colour map '%s' for unsigned maps; use viridis, inferno, turbo, jet or grey",
                   wanted);
  if (!report->photo || report->photo->channels != 3)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a report needs the photograph as an RGB picture");
  if (!(fabs(report->placement.scale_x) > 0 && fabs(report->placement.scale_y) > 0))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "the placement of the model's input in the photograph has scale 0");
  return vt_scale_measure(ctx, explanation->saliency, (size_t)height * (size_t)width, VT_SCALE_CLIP,
                          &out->scale);
}

vt_status vt_report_check(vt_ctx *ctx, const vt_report *report)
{
  vt_view scene;
  VT_TRY(vt_report_scene(ctx, report, &scene));
  if (scene.scale.not_finite > 0)
    VT_TRY(vt_explanation_warn(ctx, report->explanation,
                               "%lld values of the saliency map are not finite; they are drawn grey",
                               (long long)scene.scale.not_finite));
  if (scene.scale.constant)
    VT_TRY(vt_explanation_warn(
        ctx, report->explanation,
        "the saliency map is constant (%.9g everywhere): no region matters more than another",
        scene.scale.least));
  return VT_OK;
}

/* Under these numbers explanation.json speaks of regions. */
static vt_status write_labels(vt_ctx *ctx, const vt_explanation *explanation, const char *path)
{
  int height, width;
  const int32_t *labels = vt_regions_labels(explanation->regions, &height, &width);
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *array = vt_tensor_borrow(ctx, VT_I32, 2, (int64_t[]){height, width}, (void *)(uintptr_t)labels);
  if (!array) return vt_ctx_status(ctx);
  vt_status status = vt_npy_write(ctx, path, array);
  vt_tensor_release(ctx, mark);
  return status;
}

static vt_status write_floats(vt_ctx *ctx, const char *path, int rank, const int64_t *dims, float *values)
{
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *array = vt_tensor_borrow(ctx, VT_F32, rank, dims, values);
  if (!array) return vt_ctx_status(ctx);
  vt_status status = vt_npy_write(ctx, path, array);
  vt_tensor_release(ctx, mark);
  return status;
}

static vt_status write_saliency(vt_ctx *ctx, const vt_explanation *explanation, const char *path)
{
  int height, width;
  vt_regions_labels(explanation->regions, &height, &width);
  return write_floats(ctx, path, 2, (int64_t[]){height, width}, explanation->saliency);
}

/* Of methods that make maps: the map as found, and that of a layer at its own size. */
static vt_status write_maps(vt_ctx *ctx, const vt_explanation *explanation, const char *folder)
{
  const struct {
    const char *name;
    float *values;
    int rank;
    const int64_t *dims;
  } maps[] = {{"attribution.npy", explanation->attribution, explanation->attribution_rank,
               explanation->attribution_dims},
              {"native.npy", explanation->native, explanation->native_rank, explanation->native_dims}};
  for (size_t i = 0; i < VT_COUNT(maps); i++) {
    if (!maps[i].values) continue;
    char *path = vt_path_join(ctx, folder, maps[i].name);
    if (!path) return VT_ERROR_OUT_OF_MEMORY;
    vt_status status = write_floats(ctx, path, maps[i].rank, maps[i].dims, maps[i].values);
    vt_free(path);
    VT_TRY(status);
  }
  return VT_OK;
}

/* What a picture says about itself. */
static vt_status write_png(vt_ctx *ctx, const vt_report *report, const vt_view *scene, const vt_image *image,
                           const char *title, const char *note, const char *path)
{
  const vt_explanation *explanation = report->explanation;
  const vt_colour_map *colours = scene->scale.is_signed ? scene->diverging : scene->sequential;
  char scale[192], target[192], software[64];
  snprintf(software, sizeof software, "vitrail %s", vt_version());
  snprintf(target, sizeof target, "%d %s", explanation->target,
           explanation->target_name ? explanation->target_name : "");
  const char *sha = vt_model_sha256(explanation->model);
  const char *texts[] = {"Title",        title,
                         "Software",     software,
                         "Method",       explanation->method ? explanation->method->id : "",
                         "Target",       target,
                         "Model-SHA256", sha ? sha : "",
                         "Image-SHA256", explanation->image_sha256,
                         "Colour-Map",   colours->id,
                         "Scale",        vt_scale_text(&scene->scale, scale),
                         "Comment",      note,
                         NULL,           NULL};
  return vt_image_write_png(ctx, image, path, texts);
}

typedef vt_status (*picture_fn)(vt_ctx *, const vt_view *, vt_image **);

static vt_status write_picture(vt_ctx *ctx, const vt_report *report, const vt_view *scene, picture_fn make,
                               const char *title, const char *note, const char *path)
{
  vt_image *image = NULL;
  VT_TRY(make(ctx, scene, &image));
  vt_status status = write_png(ctx, report, scene, image, title, note, path);
  vt_image_free(image);
  return status;
}

static vt_status write_json(vt_ctx *ctx, const vt_explanation *explanation, const char *path)
{
  json_t *json = NULL;
  char *text = NULL;
  VT_TRY(vt_explanation_json(ctx, explanation, &json));
  vt_status status = vt_json_text(ctx, json, &text);
  json_decref(json);
  if (status == VT_OK) status = vt_write_file(ctx, path, text, strlen(text));
  vt_free(text);
  return status;
}

static vt_status write_curves(vt_ctx *ctx, const vt_explanation *explanation, const char *path)
{
  char *svg = NULL;
  size_t size = 0;
  VT_TRY(vt_curves_svg(ctx, explanation, &svg, &size));
  vt_status status = vt_write_file(ctx, path, svg, size);
  vt_free(svg);
  return status;
}

static vt_status write_page(vt_ctx *ctx, const vt_report *report, const vt_view *scene, const char *path)
{
  vt_text page;
  VT_TRY(vt_page_html(ctx, report, scene, &page));
  vt_status status = vt_write_file(ctx, path, page.data, page.length);
  vt_text_free(&page);
  return status;
}

static vt_status write_one(vt_ctx *ctx, const vt_report *report, const vt_view *scene, const char *name,
                           const char *path)
{
  const vt_explanation *explanation = report->explanation;
  const char *why;
  char note[256];
  if (strcmp(name, "explanation.json") == 0) return write_json(ctx, explanation, path);
  if (strcmp(name, "labels.npy") == 0) return write_labels(ctx, explanation, path);
  if (strcmp(name, "saliency.npy") == 0) return write_saliency(ctx, explanation, path);
  if (strcmp(name, "curves.svg") == 0) return write_curves(ctx, explanation, path);
  if (strcmp(name, "report.html") == 0) return write_page(ctx, report, scene, path);
  if (strcmp(name, "overlay.png") == 0)
    return write_picture(ctx, report, scene, vt_overlay_picture, "Saliency map over the photograph",
                         "map over the photograph with opacity 0.5; grey: not seen by the model", path);
  if (strcmp(name, "regions.png") == 0)
    return write_picture(ctx, report, scene, vt_regions_picture, "Regions with their ranks",
                         "rank 1 matters most; orange: border of the minimal set", path);
  int set = vt_view_minimal_set(explanation, &why);
  snprintf(note, sizeof note, "%d regions: %s; the rest is dimmed to 0.35", set, why);
  return write_picture(ctx, report, scene, vt_subset_picture, "Minimal set of regions", note, path);
}

vt_status vt_report_write(vt_ctx *ctx, const vt_report *report, const char *folder)
{
  vt_view scene;
  VT_TRY(vt_report_scene(ctx, report, &scene));
  for (const char *const *name = vt_report_files; *name; name++) {
    char *path = vt_path_join(ctx, folder, *name);
    if (!path) return VT_ERROR_OUT_OF_MEMORY;
    vt_status status = write_one(ctx, report, &scene, *name, path);
    vt_free(path);
    VT_TRY(status);
  }
  return write_maps(ctx, report->explanation, folder);
}
