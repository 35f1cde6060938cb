/* SPDX-License-Identifier: Apache-2.0
 *
 * Dividers: text to regions. To add one: a function that writes labels, and a row of the table at the foot of
 * the file.
 */
#include "explain/divide.h"

#include <math.h>
#include <strings.h>

#include "explain/regions.h"

/* What a divider is given, and where it writes. */
typedef struct division {
  const vt_image *picture;
  const vt_placement *placement; /* may be NULL */
  const char *argument;          /* behind the colon, "" when there is none */
  int32_t *labels;               /* [height, width] */
  vt_regions_report *report;
} division;

/* Up to `most` numbers separated by commas; fewer leave the others as they are. */
static vt_status parse_numbers(vt_ctx *ctx, const char *divider, const char *argument, double *values,
                               int most)
{
  const char *at = argument;
  for (int i = 0; *at; i++) {
    const char *comma = strchr(at, ',');
    size_t length = comma ? (size_t)(comma - at) : strlen(at);
    char piece[64];
    bool fits = i < most && length < sizeof piece;
    if (fits) {
      memcpy(piece, at, length);
      piece[length] = 0;
    }
    if (!fits || !vt_parse_number(piece, &values[i]) || !isfinite(values[i]))
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                     "'%s:%s': expected at most %d number%s separated by commas", divider, argument, most,
                     most > 1 ? "s" : "");
    at += length;
    if (*at == ',') at++;
  }
  return VT_OK;
}

static vt_status check_range(vt_ctx *ctx, const char *divider, const char *what, double value, double low,
                             double high)
{
  if (value >= low && value <= high) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: %s %g is outside %g to %g", divider, what, value, low,
                 high);
}

static double smaller_side(const division *d)
{
  return d->picture->width < d->picture->height ? d->picture->width : d->picture->height;
}

static vt_status divide_slico(vt_ctx *ctx, const division *d)
{
  double step = 0; /* 0: the divider's own rule, round(side / 7.5) */
  int count;
  VT_TRY(parse_numbers(ctx, "slico", d->argument, &step, 1));
  if (*d->argument) VT_TRY(check_range(ctx, "slico", "seed distance", step, 2, smaller_side(d)));
  return vt_slico(ctx, d->picture, (int)step, 20, d->labels, &count, &d->report->merged_fragments);
}

static vt_status divide_seeds(vt_ctx *ctx, const division *d)
{
  double wanted = 50;
  int count;
  VT_TRY(parse_numbers(ctx, "seeds", d->argument, &wanted, 1));
  VT_TRY(check_range(ctx, "seeds", "number of regions", wanted, 1,
                     (double)d->picture->width * d->picture->height));
  return vt_seeds(ctx, d->picture, (int)wanted, 3, d->labels, &count, &d->report->merged_fragments);
}

static vt_status divide_felzenszwalb(vt_ctx *ctx, const division *d)
{
  double pixels = (double)d->picture->width * d->picture->height;
  double values[3] = {0, 0.8, 0}; /* scale and smallest region by the divider's own rules */
  int count;
  VT_TRY(parse_numbers(ctx, "felzenszwalb", d->argument, values, 3));
  VT_TRY(check_range(ctx, "felzenszwalb", "scale", values[0], 0, 1e9));
  VT_TRY(check_range(ctx, "felzenszwalb", "sigma", values[1], 0, 100));
  VT_TRY(check_range(ctx, "felzenszwalb", "smallest region", values[2], 0, pixels));
  return vt_felzenszwalb(ctx, d->picture, values[0], values[1], (int)values[2], d->labels, &count);
}

static vt_status divide_grid(vt_ctx *ctx, const division *d)
{
  int height = d->picture->height, width = d->picture->width;
  int64_t rows = 0, columns = 0;
  const char *cross = strpbrk(d->argument, "xX");
  char first[16] = "";
  if (cross && cross - d->argument < (long)sizeof first)
    memcpy(first, d->argument, (size_t)(cross - d->argument));
  if (!cross || !vt_parse_integer(first, &rows) || !vt_parse_integer(cross + 1, &columns))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "'grid:%s': expected rows and columns such as grid:7x7",
                   d->argument);
  if (rows < 1 || columns < 1 || rows > height || columns > width)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "grid:%s: a picture of %d × %d pixels has 1 to %d rows and 1 to %d columns", d->argument,
                   height, width, height, width);
  /* Cell i ends at ⌊(i+1)·H/R⌋: the last pixel of cell i is the largest y with y < that. */
  int row = 0;
  for (int y = 0; y < height; y++) {
    while (y >= (row + 1) * (int64_t)height / rows)
      row++;
    int column = 0;
    for (int x = 0; x < width; x++) {
      while (x >= (column + 1) * (int64_t)width / columns)
        column++;
      d->labels[(int64_t)y * width + x] = (int32_t)(row * columns + column);
    }
  }
  return VT_OK;
}

static vt_status divide_labels(vt_ctx *ctx, const division *d)
{
  return vt_labels_from_file(ctx, d->argument, d->picture->height, d->picture->width, d->placement,
                             d->labels);
}

static vt_status divide_masks(vt_ctx *ctx, const division *d)
{
  return vt_labels_from_masks(ctx, d->argument, d->picture->height, d->picture->width, d->placement,
                              d->labels, d->report);
}

static vt_status divide_prior(vt_ctx *ctx, const division *d)
{
  return vt_labels_from_prior(ctx, d->argument, d->picture->height, d->picture->width, d->placement,
                              d->labels);
}

/* Rows of vt_dividers and functions stand in the same order; `required` says what must follow the colon. */
static const struct {
  vt_status (*divide)(vt_ctx *ctx, const division *division);
  const char *required;
} actions[] = {
    {divide_slico, NULL},
    {divide_seeds, NULL},
    {divide_grid, "rows and columns, such as grid:7x7"},
    {divide_felzenszwalb, NULL},
    {divide_labels, "a file, such as labels:regions.npy"},
    {divide_masks, "a file, such as masks:parts.json"},
    {divide_prior, "a file, such as prior:saliency.npy"},
};

const vt_divider vt_dividers[] = {
    {"slico", "slico[:STEP]",
     "superpixels by SLIC without a compactness parameter; STEP is the seed distance in pixels "
     "(default: shorter side / 7.5)"},
    {"seeds", "seeds[:COUNT]", "superpixels by energy-driven sampling, about COUNT of them (default 50)"},
    {"grid", "grid:RxC", "R rows and C columns of equal cells"},
    {"felzenszwalb", "felzenszwalb[:SCALE,SIGMA,MIN]",
     "graph segmentation: SCALE prefers larger regions, SIGMA blurs before, MIN is the smallest region in "
     "pixels (default: SCALE for about 50 "
     "regions, 0.8, a 500th of the picture)"},
    {"labels", "labels:FILE",
     "a label map: .npy of whole numbers or a picture whose grey levels or colours are ids, of the "
     "size of the model's input or of the photograph"},
    {"masks", "masks:FILE",
     "masks that may overlap: COCO JSON (run lengths, polygons), a folder of PNGs or one PNG; each "
     "overlap goes to one mask, what no mask covers is one more region"},
    {"prior", "prior:FILE.npy[,N,D]",
     "a saliency map cut into N × N patches, sorted by value, D of them a region (default "
     "10, 4)"},
};
const size_t vt_divider_count = VT_COUNT(vt_dividers);
_Static_assert(VT_COUNT(vt_dividers) == VT_COUNT(actions), "every divider needs its function");

static vt_status find_divider(vt_ctx *ctx, const char *text, size_t *index, const char **argument)
{
  const char *colon = strchr(text, ':');
  size_t length = colon ? (size_t)(colon - text) : strlen(text);
  const char *names[VT_COUNT(vt_dividers)];
  *argument = colon ? colon + 1 : "";
  for (size_t i = 0; i < vt_divider_count; i++) {
    names[i] = vt_dividers[i].id;
    if (strlen(names[i]) != length || strncasecmp(names[i], text, length) != 0) continue;
    if (actions[i].required && !**argument)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "regions '%s': behind the colon stands %s", text,
                     actions[i].required);
    *index = i;
    return VT_OK;
  }
  char id[64];
  snprintf(id, sizeof id, "%.*s", (int)(length < 63 ? length : 63), text);
  const char *nearest = vt_nearest(id, names, vt_divider_count);
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "regions '%s': there is no divider '%s'%s%s%s; known are slico, seeds, grid, felzenszwalb, "
                 "labels, masks and prior",
                 text, id, nearest ? " (did you mean '" : "", nearest ? nearest : "", nearest ? "'?)" : "");
}

vt_status vt_divide_placed(vt_ctx *ctx, const char *text, const vt_image *picture,
                           const vt_placement *placement, vt_regions **out, vt_regions_report *report)
{
  *out = NULL;
  vt_regions_report own = {0};
  size_t index = 0;
  division d = {.picture = picture, .placement = placement, .report = report ? report : &own};
  *d.report = own;
  VT_TRY(find_divider(ctx, text, &index, &d.argument));
  if (picture->height < 1 || picture->width < 1 || (int64_t)picture->height * picture->width > INT32_MAX)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a picture of %d × %d pixels cannot be divided",
                   picture->height, picture->width);
  d.labels = vt_alloc_zero(ctx, (size_t)picture->height * (size_t)picture->width, sizeof *d.labels);
  if (!d.labels) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = actions[index].divide(ctx, &d);
  if (status == VT_OK) status = vt_regions_from_labels(ctx, d.labels, picture->height, picture->width, out);
  if (status != VT_OK && *d.argument) vt_fail_prefix(ctx, "regions '%s'", text);
  vt_free(d.labels);
  return status;
}

vt_status vt_divide(vt_ctx *ctx, const char *text, const vt_image *picture, vt_regions **out,
                    vt_regions_report *report)
{
  return vt_divide_placed(ctx, text, picture, NULL, out, report);
}
