/* SPDX-License-Identifier: Apache-2.0
 *
 * 02 SMDL, claim A on photographs, with a network of ImageNet that is not trained here.
 */
#include <math.h>

#include "data/csv.h"
#include "papers/experiments.h"
#include "papers/smdl_refine.h"
#include "papers/smdl_subjects.h"

typedef struct photograph_sizes {
  char *photographs, *model, *embedding;
  int64_t right, wrong, samples;
} photograph_sizes;

static const vt_field fields[] = {
    {"photographs", VT_FIELD_STRING, offsetof(photograph_sizes, photographs),
     .help = "folder with pictures and labels.tsv (columns file, label) [none: nothing is measured]"},
    {"model", VT_FIELD_STRING, offsetof(photograph_sizes, model),
     .help = "ONNX classifier of the labels' classes, with its sidecar [none: nothing is measured]"},
    {"embedding", VT_FIELD_STRING, offsetof(photograph_sizes, embedding),
     .help = "its inner tensor that the head reads, for effectiveness [none: effectiveness is 0]"},
    {"right", VT_FIELD_INT, offsetof(photograph_sizes, right), "25", VT_RANGE(0, 10000),
     .help = "photographs that it gets right"},
    {"wrong", VT_FIELD_INT, offsetof(photograph_sizes, wrong), "15", VT_RANGE(0, 10000),
     .help = "photographs that it gets wrong"},
    {"samples", VT_FIELD_INT, offsetof(photograph_sizes, samples), "500", VT_RANGE(16, 8192),
     .help = "model calls of RISE, and of HSIC"},
};

static const vt_item_group groups[] = {{"photographs", "photographs", false}};

static const vt_control controls[] = {
    {"not-coarsening", "the gain in Insertion is not that of patches in place of pixels", "insertion", "ours",
     "patches", NULL, VT_COMPARE_DIFFERENCE, 0, INFINITY, false},
    {"beats-random", "the same patches in random order have a clearly lower Insertion", "insertion",
     "hsic-ours", "random", NULL, VT_COMPARE_DIFFERENCE, .05, INFINITY, false},
};

static int64_t steps_of(const void *settings)
{
  const photograph_sizes *sizes = settings;
  return sizes->right + sizes->wrong;
}

static const vt_stage stages[] = {{"photographs", "photographs explained", steps_of}};

enum { GRID = 10, PATCHES = 4 };

/* ---- one photograph ---- */

typedef struct album {
  vt_csv *table;
  size_t file, label;
} album;

static vt_status open_album(vt_ctx *ctx, const char *folder, album *out)
{
  char *path = vt_path_join(ctx, folder, "labels.tsv");
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_csv_read(ctx, path, NULL, &out->table);
  vt_free(path);
  if (status == VT_OK) status = vt_csv_column(ctx, out->table, "file", &out->file);
  if (status == VT_OK) status = vt_csv_column(ctx, out->table, "label", &out->label);
  return status;
}

static vt_status read_photograph(vt_ctx *ctx, const album *from, size_t row, const char *folder,
                                 const vt_model *model, vt_image **out, int *label)
{
  double number;
  vt_image *photo;
  VT_TRY(vt_csv_number(ctx, from->table, row, from->label, &number));
  if (!(number >= 0 && number < vt_model_classes(model)) || number != floor(number))
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "labels.tsv, line %zu: %g is no class of the model",
                   vt_csv_line(from->table, row), number);
  *label = (int)number;
  char *path = vt_path_join(ctx, folder, vt_csv_cell(from->table, row, from->file));
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_image_read(ctx, path, NULL, &photo);
  vt_free(path);
  VT_TRY(status);
  status = vt_preprocess_image(ctx, vt_model_preprocess(model), photo, out, NULL);
  vt_image_free(photo);
  return status;
}

static vt_status answer_of(vt_ctx *ctx, vt_model *model, const vt_image *picture, int *out)
{
  int classes = vt_model_classes(model);
  double *p = vt_alloc_zero(ctx, (size_t)classes, sizeof *p);
  if (!p) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_smdl_ask(ctx, model, picture, p);
  *out = 0;
  for (int c = 1; c < classes; c++)
    if (p[c] > p[*out]) *out = c;
  vt_free(p);
  return status;
}

/* ---- all of them ---- */

typedef struct left {
  int64_t right, wrong;
} left;

static vt_status measure_row(vt_repro *repro, const album *from, size_t row, const photograph_sizes *sizes,
                             vt_model *model, left *wanted)
{
  vt_ctx *ctx = vt_repro_ctx(repro);
  vt_image *picture = NULL;
  int label = -1, answer = -1;
  VT_TRY(read_photograph(ctx, from, row, sizes->photographs, model, &picture, &label));
  vt_status status = answer_of(ctx, model, picture, &answer);
  bool wrong = answer != label;
  int64_t *of = wrong ? &wanted->wrong : &wanted->right;
  if (status == VT_OK && *of > 0) {
    vt_smdl_case wish = {
        .recogniser = model, .picture = picture, .target = label, .grid = GRID, .patches = PATCHES};
    status = vt_smdl_refine_picture(repro, &wish, "photographs", (int64_t)row, wrong, sizes->samples);
    --*of;
    if (status == VT_OK) status = vt_repro_step(repro);
  }
  vt_image_free(picture);
  return status;
}

static vt_status run(vt_repro *repro, int seed, const void *settings)
{
  const photograph_sizes *sizes = settings;
  vt_ctx *ctx = vt_repro_ctx(repro);
  album from = {0};
  vt_model *model = NULL;
  left wanted = {sizes->right, sizes->wrong};
  VT_UNUSED(seed); /* vt_repro_seed() knows it */
  VT_TRY(vt_repro_stage(repro, "photographs"));
  if (!sizes->photographs || !sizes->model) {
    vt_log(VT_LOG_WARNING, "no photographs or no model of them is named: nothing is measured "
                           "(--photographs DIR --model FILE.onnx)");
    return VT_OK;
  }
  vt_status status = open_album(ctx, sizes->photographs, &from);
  if (status == VT_OK) status = vt_model_open(ctx, sizes->model, NULL, NULL, sizes->embedding, &model);
  size_t rows = status == VT_OK ? vt_csv_rows(from.table) : 0;
  for (size_t row = 0; row < rows && status == VT_OK && (wanted.right || wanted.wrong); row++)
    status = measure_row(repro, &from, row, sizes, model, &wanted);
  vt_csv_free(from.table);
  vt_model_free(model);
  return status;
}

const vt_experiment vt_experiment_smdl_photographs = {
    .version = 1,
    .coverage = "photographs that are named on the command line, one network",
    .protocol =
        "photographs in the order of labels.tsv, prepared as the model's sidecar says; maps, patches (10x10, "
        "4 a "
        "region, 25 regions), search and curves as in the refinement. There is no evidential network of "
        "photographs: confidence is 1 - H/ln K of the network itself, which the paper does not do. Purity is "
        "not "
        "known, since there are no masks.",
    .reading = "a few dozen photographs and one network: the interval is over photographs, which share it.",
    .not_measured = "- the paper's data (Celeb-A, VGG-Face2, CUB-200-2011) and networks\n"
                    "- an evidential network of photographs",
    .arms = vt_smdl_arms,
    .arm_count = VT_SMDL_ARMS,
    .yardsticks = vt_smdl_yardsticks,
    .yardstick_count = VT_SMDL_YARDSTICKS,
    .groups = groups,
    .group_count = VT_COUNT(groups),
    .claims = vt_smdl_claims,
    .claim_count = VT_SMDL_CLAIMS,
    .controls = controls,
    .control_count = VT_COUNT(controls),
    .stages = stages,
    .stage_count = VT_COUNT(stages),
    .items_independent = true,
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .settings_size = sizeof(photograph_sizes),
    .profiles = {"right=2 wrong=1", NULL, "right=1000 wrong=1000"},
    .seeds = {1, 1, 1},
    .run = run,
};
