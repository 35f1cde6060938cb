/* SPDX-License-Identifier: Apache-2.0
 *
 * How two nodes of a scene lie to each other, by their centres: one definition for all that is said.
 */
#ifndef VT_WORLDS_SCENE_RELATION_H
#define VT_WORLDS_SCENE_RELATION_H

#include "worlds/scene.h"

typedef enum vt_relation { VT_LEFT_OF, VT_RIGHT_OF, VT_ABOVE, VT_BELOW, VT_RELATIONS } vt_relation;
extern const char *const vt_relation_words[VT_RELATIONS]; /* "left of" … "below" */

/* How far `a` lies from `b` in that direction, in units of the scene; negative: the other way. */
double vt_relation_distance(const vt_scene *scene, int a, int b, vt_relation relation);
/* At least VT_RELATION_LEAST. What is nearer to that than VT_RELATION_CLEAR is said by nobody who can
 * choose. */
#define VT_RELATION_LEAST .06
#define VT_RELATION_CLEAR .04
bool vt_relation_holds(const vt_scene *scene, int a, int b, vt_relation relation);
bool vt_relation_clear(const vt_scene *scene, int a, int b, vt_relation relation);
vt_relation vt_relation_opposite(vt_relation relation);
/* The relation whose distance is largest. */
vt_relation vt_relation_main(const vt_scene *scene, int a, int b);

#endif
