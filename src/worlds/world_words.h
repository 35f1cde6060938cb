/* SPDX-License-Identifier: Apache-2.0
 *
 * What worlds with pictures have to say of them in words, as far as models need to know it: the tokens there
 * are, and sentences in which the name of a class stands.
 */
#ifndef VT_WORLDS_WORLD_WORDS_H
#define VT_WORLDS_WORLD_WORDS_H

#include "worlds/world.h"

typedef struct vt_world_words {
  const char *const *words; /* by token; token 0 is padding */
  int count;
  const char *const *prompts; /* with one %s for what a class is called, ended by NULL */
  /* bos, tokens, eos, padding: i64 [length] */
  void (*tokens)(const char *text, int length, int64_t *out);
} vt_world_words;

/* False: the world says nothing of its pictures. */
bool vt_world_words_of(const vt_world *world, vt_world_words *out);

/* A prompt with what it is about in the place of %s; returns the length as snprintf() does. */
int vt_prompt_say(const char *prompt, const char *what, char *text, size_t size);
#endif
