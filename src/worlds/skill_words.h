/* SPDX-License-Identifier: Apache-2.0
 *
 * Words of corpora/skills: 12 families of 10 skills, and what people of a family do with what.
 */
#ifndef VT_WORLDS_SKILL_WORDS_H
#define VT_WORLDS_SKILL_WORDS_H

enum {
  VT_SKILL_FAMILIES = 12,
  VT_SKILLS_A_FAMILY = 10,
  VT_SKILLS = 120,
  VT_SKILL_VERBS = 8,
  VT_SKILL_OBJECTS = 12
};

typedef struct vt_skill_family {
  const char *name;
  const char *skills[VT_SKILLS_A_FAMILY];
  const char *verbs[VT_SKILL_VERBS], *objects[VT_SKILL_OBJECTS];
} vt_skill_family;

extern const vt_skill_family vt_skill_families[VT_SKILL_FAMILIES];
/* Names of tools nobody has heard of: every first half with every second half. */
enum { VT_TOOL_FIRSTS = 24, VT_TOOL_SECONDS = 15 };
extern const char *const vt_tool_firsts[VT_TOOL_FIRSTS], *const vt_tool_seconds[VT_TOOL_SECONDS];

#endif
