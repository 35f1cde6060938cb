/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of corpora/concepts: 6 super-concepts of 4 or 5 sub-concepts, each with eight words of its
 * own and four that go with them. Lists are laid out sub-concept by sub-concept.
 */
#ifndef VT_WORLDS_CONCEPT_WORDS_H
#define VT_WORLDS_CONCEPT_WORDS_H

enum { VT_SUPER_CONCEPTS = 6, VT_CONCEPTS = 27, VT_CONCEPT_WORDS = 8, VT_CONCEPT_COMPANIONS = 4 };

typedef struct vt_super_concept {
  const char *name;
  int first, count; /* sub-concepts first … first + count − 1 */
  const char *const *words, *const *companions;
} vt_super_concept;

extern const vt_super_concept vt_super_concepts[VT_SUPER_CONCEPTS];
extern const char *const vt_concept_names[VT_CONCEPTS];

#endif
