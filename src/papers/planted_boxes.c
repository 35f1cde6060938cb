/* SPDX-License-Identifier: Apache-2.0
 *
 * Planted black boxes.
 */
#include "papers/planted_boxes.h"

#include <math.h>

enum { GAME_ROWS = 3, GAME_COLUMNS = 4, GREY = 128 };

static int cells_of(const vt_box *box)
{
  return box->rows * box->columns;
}

static void plant_coverage(vt_draw *draw, vt_box *box)
{
  double total = 0;
  for (int e = 0; e < VT_BOX_ELEMENTS; e++) {
    double drawn = vt_draw_uniform(draw, .1, 1);
    total += box->elements[e] = drawn * drawn * drawn; /* few elements carry much */
    for (int i = 0; i < 3; i++)
      box->covering[e][i] = vt_draw_below(draw, cells_of(box));
  }
  for (int e = 0; e < VT_BOX_ELEMENTS; e++)
    box->elements[e] /= total;
}

static void plant_object(vt_draw *draw, vt_box *box)
{
  int cells = cells_of(box), order[VT_BOX_CELLS_MOST];
  for (int i = 0; i < cells; i++) {
    order[i] = i;
    box->weights[i] = .04 * vt_draw_normal(draw);
  }
  vt_draw_shuffle(draw, order, cells);
  for (int i = 0; i < VT_BOX_PARTS; i++) {
    box->parts[i] = order[i];
    box->weights[order[i]] = vt_draw_uniform(draw, .7, 1.3);
    box->weights[order[VT_BOX_PARTS + i]] = -vt_draw_uniform(draw, .5, 1); /* distractors */
  }
}

vt_status vt_box_plant(vt_ctx *ctx, vt_box_kind kind, int side, uint64_t seed, vt_box *out)
{
  *out = (vt_box){.kind = kind, .rows = side, .columns = side};
  if (side < 4 || side * side > VT_BOX_CELLS_MOST)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a planted box has 4 to 12 cells a side, not %d", side);
  vt_draw draw = vt_draw_start(seed, "planted-box");
  switch (kind) {
  case VT_BOX_COVERAGE:
    plant_coverage(&draw, out);
    break;
  case VT_BOX_OBJECT:
    plant_object(&draw, out);
    break;
  case VT_BOX_BLIND:
    out->constant = vt_draw_uniform(&draw, .2, .8);
    break;
  case VT_BOX_GAME: {
    static const char *const kinds[] = {"kind=additive", "kind=pairs", "kind=coverage"};
    out->rows = GAME_ROWS;
    out->columns = GAME_COLUMNS;
    const char *settings[] = {kinds[vt_draw_below(&draw, 3)]};
    VT_TRY(vt_world_open(ctx, "planted/game", settings, 1, seed, &out->world));
    vt_status status = vt_world_record(ctx, out->world, VT_TEST, 0, &out->game);
    if (status != VT_OK) vt_box_close(out);
    return status;
  }
  }
  return VT_OK;
}

void vt_box_close(vt_box *box)
{
  vt_world_close(box->world);
  box->world = NULL;
}

/* Values between 0 and 1 to a score that never quite gets there. */
static double inside(double value)
{
  return .02 + .96 * (value < 0 ? 0 : value > 1 ? 1 : value);
}

static double coverage_score(const vt_box *box, const double *visible)
{
  double covered = 0;
  for (int e = 0; e < VT_BOX_ELEMENTS; e++) {
    double open = 1; /* the multilinear extension of "covered by one of them" */
    for (int i = 0; i < 3; i++)
      open *= 1 - visible[box->covering[e][i]];
    covered += box->elements[e] * (1 - open);
  }
  return inside(covered);
}

static double object_score(const vt_box *box, const double *visible)
{
  double evidence = -2.5;
  for (int i = 0; i < cells_of(box); i++)
    evidence += box->weights[i] * visible[i];
  for (int i = 0; i < VT_BOX_PARTS; i++)
    evidence += .5 * visible[box->parts[i]] * visible[box->parts[(i + 1) % VT_BOX_PARTS]];
  return 1 / (1 + exp(-1.5 * evidence));
}

static double game_score(const vt_box *box, const double *visible)
{
  uint32_t subset = 0;
  for (int i = 0; i < cells_of(box); i++)
    subset |= (uint32_t)(visible[i] > .5) << i;
  return inside(vt_game_value(box->world, &box->game, subset));
}

double vt_box_score(const vt_box *box, const double *visible)
{
  switch (box->kind) {
  case VT_BOX_COVERAGE:
    return coverage_score(box, visible);
  case VT_BOX_OBJECT:
    return object_score(box, visible);
  case VT_BOX_GAME:
    return game_score(box, visible);
  case VT_BOX_BLIND:
    break;
  }
  return box->constant;
}

/* Mean grey of each cell, as a share of what the whole picture has there. */
static void see(const vt_box *box, const float *picture, double *visible)
{
  int width = box->columns * VT_BOX_CELL_PIXELS;
  for (int cell = 0; cell < cells_of(box); cell++) {
    int top = cell / box->columns * VT_BOX_CELL_PIXELS, left = cell % box->columns * VT_BOX_CELL_PIXELS;
    double sum = 0;
    for (int y = 0; y < VT_BOX_CELL_PIXELS; y++)
      for (int x = 0; x < VT_BOX_CELL_PIXELS; x++)
        sum += (double)picture[(top + y) * width + left + x];
    double share = sum / (VT_BOX_CELL_PIXELS * VT_BOX_CELL_PIXELS * (GREY / 255.0));
    visible[cell] = share < 0 ? 0 : share > 1 ? 1 : share;
  }
}

static vt_status predict(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  const vt_box *box = user;
  double visible[VT_BOX_CELLS_MOST];
  size_t floats = (size_t)cells_of(box) * VT_BOX_CELL_PIXELS * VT_BOX_CELL_PIXELS;
  VT_UNUSED(ctx);
  for (int i = 0; i < count; i++) {
    see(box, inputs + (size_t)i * floats, visible);
    double score = vt_box_score(box, visible);
    outputs[2 * i] = (float)score;
    outputs[2 * i + 1] = (float)(1 - score);
  }
  return VT_OK;
}

vt_status vt_box_model(vt_ctx *ctx, vt_box *box, vt_model **model, vt_image **picture)
{
  int height = box->rows * VT_BOX_CELL_PIXELS, width = box->columns * VT_BOX_CELL_PIXELS;
  *model = NULL;
  VT_TRY(vt_image_new(ctx, width, height, 3, picture));
  memset((*picture)->pixels, GREY, (size_t)height * (size_t)width * 3);
  vt_status status = vt_model_from_function(ctx, predict, box, 1, height, width, 2, false, model);
  if (status != VT_OK) {
    vt_image_free(*picture);
    *picture = NULL;
  }
  return status;
}

double vt_box_best_insertion(const vt_box *box)
{
  double best[VT_GAME_PLAYERS + 1] = {0}, area = 0;
  int players = box->game.players;
  for (uint32_t subset = 0; subset < UINT32_C(1) << players; subset++) {
    int size = 0;
    for (int i = 0; i < players; i++)
      size += subset >> i & 1;
    double score = inside(vt_game_value(box->world, &box->game, subset));
    if (score > best[size]) best[size] = score;
  }
  for (int i = 0; i < players; i++)
    area += (best[i] + best[i + 1]) / 2 / players;
  return area;
}
