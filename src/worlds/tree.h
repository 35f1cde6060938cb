/* SPDX-License-Identifier: Apache-2.0
 *
 * tree: what is true of the features behind x (paper 11). x = activation · directions, always.
 */
#ifndef VT_WORLDS_TREE_H
#define VT_WORLDS_TREE_H

#include "worlds/world.h"

enum { VT_TREE_FEATURES = 128, VT_TREE_PLANES = 4 };

typedef struct vt_tree {
  int features;                    /* sparse features, without planes; parents stand before their children */
  int planes;                      /* each has two coordinates behind the features */
  int width;                       /* d */
  int parent[VT_TREE_FEATURES];    /* −1: top */
  double chance[VT_TREE_FEATURES]; /* of being active, given that the parent is */
  double plane_chance;
  double density;    /* expected number of active sparse features: the true L0 */
  float *directions; /* [features + 2 × planes, width], unit rows */
} vt_tree;

typedef struct vt_tree_record {
  float activation[VT_TREE_FEATURES + 2 * VT_TREE_PLANES]; /* planes: radius × (cos, sin) of the angle */
  float angle[VT_TREE_PLANES];                             /* radians in [0, 2π); NaN: the plane is silent */
} vt_tree_record;

const vt_tree *vt_tree_of(const vt_world *world); /* of an opened tree or tree/subspaces; borrowed */

/* For the world's own files: reads a shape ("(.2(.2)(.2))(.05)": chance, then exclusive children) into parent
 * and chance. */
vt_status vt_tree_read_shape(vt_ctx *ctx, const char *shape, vt_tree *tree);
/* Share to mix from each of `count` orthonormal vectors into the others so that all cosines are
 * `correlation` (0 … below 1). */
double vt_tree_mixing(double correlation, int count);
typedef struct vt_tree_geometry {
  int64_t width; /* 0: as many dimensions as directions need */
  double top_correlation, child_correlation;
  bool subspaces; /* children of one parent share three dimensions, largest cosine about .8 */
} vt_tree_geometry;
/* Allocates and fills tree->directions and sets tree->width. */
vt_status vt_tree_place(vt_ctx *ctx, const vt_tree_geometry *geometry, uint64_t seed, vt_tree *tree);

#endif
