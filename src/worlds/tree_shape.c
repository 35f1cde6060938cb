/* SPDX-License-Identifier: Apache-2.0
 *
 * tree: shapes as text, and where the features' directions lie.
 */
#include <math.h>

#include "worlds/tree.h"

static vt_status bad_shape(vt_ctx *ctx, const char *shape, const char *at, const char *why)
{
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "tree shape '%s', character %d: %s; a feature is (CHANCE CHILDREN), as in (.2(.5)(.1))(.05)",
                 shape, (int)(at - shape) + 1, why);
}

/* A chance such as ".25" at *at, which moves behind it. */
static bool read_chance(const char **at, double *out)
{
  size_t length = strspn(*at, "0123456789.");
  char text[24];
  if (length == 0 || length >= sizeof text) return false;
  snprintf(text, sizeof text, "%.*s", (int)length, *at);
  *at += length;
  return vt_parse_number(text, out) && *out > 0 && *out <= 1;
}

vt_status vt_tree_read_shape(vt_ctx *ctx, const char *shape, vt_tree *tree)
{
  int open = -1; /* the feature whose bracket is open */
  tree->features = 0;
  for (const char *at = shape; *at;) {
    if (*at == ' ') {
      at++;
    } else if (*at == ')') {
      if (open < 0) return bad_shape(ctx, shape, at, "a bracket closes that was not opened");
      open = tree->parent[open];
      at++;
    } else if (*at == '(') {
      if (tree->features == VT_TREE_FEATURES) return bad_shape(ctx, shape, at, "more than 128 features");
      int feature = tree->features++;
      const char *number = ++at;
      if (!read_chance(&at, &tree->chance[feature]))
        return bad_shape(ctx, shape, number, "a chance above 0 and up to 1 stands behind '('");
      tree->parent[feature] = open;
      open = feature;
    } else {
      return bad_shape(ctx, shape, at, "'(' or ')' is missing");
    }
  }
  if (open >= 0) return bad_shape(ctx, shape, shape + strlen(shape), "a bracket is still open");
  if (tree->features == 0) return bad_shape(ctx, shape, shape, "no feature");
  return VT_OK;
}

double vt_tree_mixing(double correlation, int count)
{
  if (count < 2) return 0;
  /* (1 − ε) q_i + ε / (n − 1) Σ q_j: the cosine of two grows from 0 at ε = 0 to 1 at ε = (n − 1) / n */
  double low = 0, high = (count - 1.) / count;
  for (int step = 0; step < 60; step++) {
    double share = (low + high) / 2, own = 1 - share, other = share / (count - 1);
    double cosine =
        (2 * own * other + (count - 2) * other * other) / (own * own + (count - 1) * other * other);
    if (cosine < correlation)
      low = share;
    else
      high = share;
  }
  return (low + high) / 2;
}

/* `rows` orthonormal rows of `width` (Gram–Schmidt, twice, on normal draws); as many as fit, the others are
 * random unit rows. */
static void draw_rows(vt_draw *draw, int rows, int width, double *out)
{
  for (int row = 0; row < rows; row++) {
    double *vector = out + (size_t)row * (size_t)width, length = 0;
    for (int i = 0; i < width; i++)
      vector[i] = vt_draw_normal(draw);
    for (int round = 0; round < 2 && row < width; round++) {
      for (int before = 0; before < row; before++) {
        const double *other = out + (size_t)before * (size_t)width;
        double product = 0;
        for (int i = 0; i < width; i++)
          product += vector[i] * other[i];
        for (int i = 0; i < width; i++)
          vector[i] -= product * other[i];
      }
    }
    for (int i = 0; i < width; i++)
      length += vector[i] * vector[i];
    for (int i = 0; i < width; i++)
      vector[i] /= sqrt(length);
  }
}

/* Directions of the features in `group` mixed into each other. */
static void mix(const int *group, int count, double correlation, int width, const double *base, double *out)
{
  double share = vt_tree_mixing(correlation, count), own = 1 - share,
         other = share / (count > 1 ? count - 1 : 1);
  for (int member = 0; member < count; member++) {
    double *vector = out + (size_t)group[member] * (size_t)width, length = 0;
    for (int i = 0; i < width; i++) {
      double sum = 0;
      for (int from = 0; from < count; from++)
        sum += (from == member ? own : other) * base[(size_t)group[from] * (size_t)width + (size_t)i];
      vector[i] = sum;
      length += sum * sum;
    }
    for (int i = 0; i < width; i++)
      vector[i] /= sqrt(length);
  }
}

/* `count` unit vectors of three dimensions whose largest cosine is nearest to .8 of many draws. */
static void draw_crowd(vt_draw *draw, int count, double (*out)[3])
{
  double best = 10;
  for (int round = 0; round < 2000 && best > .01; round++) {
    double tried[VT_TREE_FEATURES][3], largest = -1;
    for (int i = 0; i < count; i++) {
      double length = 0;
      for (int axis = 0; axis < 3; axis++) {
        tried[i][axis] = vt_draw_normal(draw);
        length += tried[i][axis] * tried[i][axis];
      }
      for (int axis = 0; axis < 3; axis++)
        tried[i][axis] /= sqrt(length);
      for (int j = 0; j < i; j++) {
        double cosine = tried[i][0] * tried[j][0] + tried[i][1] * tried[j][1] + tried[i][2] * tried[j][2];
        if (cosine > largest) largest = cosine;
      }
    }
    if (count > 1 && fabs(largest - .8) >= best) continue;
    best = count > 1 ? fabs(largest - .8) : 0;
    memcpy(out, tried, (size_t)count * sizeof *out);
  }
}

/* Children of `parent` (−1: the top) in `group`; their number. */
static int children_of(const vt_tree *tree, int parent, int *group)
{
  int count = 0;
  for (int feature = 0; feature < tree->features; feature++)
    if (tree->parent[feature] == parent) group[count++] = feature;
  return count;
}

/* With subspaces each family of children needs three dimensions, however many they are. Rows of `base`: one a
 * feature, then planes; children in subspaces use the rows of the first three of them. */
static int dimensions_needed(const vt_tree *tree, const vt_tree_geometry *geometry)
{
  int group[VT_TREE_FEATURES], needed = 2 * tree->planes;
  for (int parent = -1; parent < tree->features; parent++) {
    int count = children_of(tree, parent, group);
    needed += geometry->subspaces && parent >= 0 && count > 3 ? 3 : count;
  }
  return needed;
}

static void place_family(const vt_tree *tree, const vt_tree_geometry *geometry, int parent, vt_draw *draw,
                         const double *base, double *out)
{
  int group[VT_TREE_FEATURES], count = children_of(tree, parent, group);
  if (!geometry->subspaces || parent < 0) {
    double correlation = parent < 0 ? geometry->top_correlation : geometry->child_correlation;
    mix(group, count, correlation, tree->width, base, out);
    return;
  }
  double crowd[VT_TREE_FEATURES][3];
  draw_crowd(draw, count, crowd);
  for (int member = 0; member < count; member++) {
    double *vector = out + (size_t)group[member] * (size_t)tree->width;
    for (int i = 0; i < tree->width; i++) {
      vector[i] = 0;
      for (int axis = 0; axis < 3 && axis < count; axis++)
        vector[i] += crowd[member][axis] * base[(size_t)group[axis] * (size_t)tree->width + (size_t)i];
    }
    if (count >= 3) continue;
    double length = 0; /* one or two children: the third dimension is not theirs */
    for (int i = 0; i < tree->width; i++)
      length += vector[i] * vector[i];
    for (int i = 0; i < tree->width; i++)
      vector[i] /= sqrt(length);
  }
}

/* Orthonormal rows for everything that needs one, in the order of features; rows that subspaces leave without
 * one (the fourth child and on) stay zero. */
static void draw_base(const vt_tree *tree, const vt_tree_geometry *geometry, int needed, vt_draw *draw,
                      double *drawn, double *base)
{
  draw_rows(draw, needed, tree->width, drawn);
  int used = 0, group[VT_TREE_FEATURES];
  size_t row_bytes = (size_t)tree->width * sizeof(double);
  for (int feature = 0; feature < tree->features; feature++) {
    int parent = tree->parent[feature], count = children_of(tree, parent, group), place = 0;
    while (group[place] != feature)
      place++;
    if (geometry->subspaces && parent >= 0 && count > 3 && place >= 3) continue;
    memcpy(base + (size_t)feature * (size_t)tree->width, drawn + (size_t)used++ * (size_t)tree->width,
           row_bytes);
  }
  for (int row = 0; row < 2 * tree->planes; row++)
    memcpy(base + (size_t)(tree->features + row) * (size_t)tree->width,
           drawn + (size_t)used++ * (size_t)tree->width, row_bytes);
}

vt_status vt_tree_place(vt_ctx *ctx, const vt_tree_geometry *geometry, uint64_t seed, vt_tree *tree)
{
  int needed = dimensions_needed(tree, geometry), rows = tree->features + 2 * tree->planes;
  tree->width = geometry->width ? (int)geometry->width : needed;
  size_t count = (size_t)rows * (size_t)tree->width;
  double *drawn = vt_alloc_zero(ctx, count, sizeof *drawn), *base = vt_alloc_zero(ctx, count, sizeof *base);
  double *placed = vt_alloc_zero(ctx, count, sizeof *placed);
  tree->directions = vt_alloc_zero(ctx, count, sizeof *tree->directions);
  vt_status status = drawn && base && placed && tree->directions ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    vt_draw draw = vt_draw_start(seed, "tree directions");
    draw_base(tree, geometry, needed, &draw, drawn, base);
    for (int parent = -1; parent < tree->features; parent++)
      place_family(tree, geometry, parent, &draw, base, placed);
    size_t planes = (size_t)tree->features * (size_t)tree->width;
    memcpy(placed + planes, base + planes, (count - planes) * sizeof *placed);
    for (size_t i = 0; i < count; i++)
      tree->directions[i] = (float)placed[i];
  }
  vt_free(drawn);
  vt_free(base);
  vt_free(placed);
  return status;
}
