/* SPDX-License-Identifier: Apache-2.0
 *
 * Left, right, above, below.
 */
#include "worlds/scene_relation.h"

#include <math.h>

const char *const vt_relation_words[VT_RELATIONS] = {"left of", "right of", "above", "below"};

double vt_relation_distance(const vt_scene *scene, int a, int b, vt_relation relation)
{
  vt_place first = vt_scene_place(scene, a), second = vt_scene_place(scene, b);
  double right = (first.x - second.x) / scene->unit, down = (first.y - second.y) / scene->unit;
  switch (relation) {
  case VT_LEFT_OF:
    return -right;
  case VT_RIGHT_OF:
    return right;
  case VT_ABOVE:
    return -down;
  default:
    return down;
  }
}

bool vt_relation_holds(const vt_scene *scene, int a, int b, vt_relation relation)
{
  return vt_relation_distance(scene, a, b, relation) >= VT_RELATION_LEAST;
}

bool vt_relation_clear(const vt_scene *scene, int a, int b, vt_relation relation)
{
  return fabs(vt_relation_distance(scene, a, b, relation) - VT_RELATION_LEAST) >= VT_RELATION_CLEAR;
}

vt_relation vt_relation_opposite(vt_relation relation)
{
  return (vt_relation)((unsigned)relation ^ 1u);
}

vt_relation vt_relation_main(const vt_scene *scene, int a, int b)
{
  vt_relation best = VT_LEFT_OF;
  for (int relation = 1; relation < VT_RELATIONS; relation++)
    if (vt_relation_distance(scene, a, b, (vt_relation)relation) > vt_relation_distance(scene, a, b, best))
      best = (vt_relation)relation;
  return best;
}
