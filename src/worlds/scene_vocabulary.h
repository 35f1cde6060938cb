/* SPDX-License-Identifier: Apache-2.0
 *
 * The one vocabulary of all scenes worlds, fixed from the union of what their grammars say: captions,
 * expressions, questions and answers, rationales, words of motion, the 40 names of things by shape and
 * texture, words of the taxonomy and twelve nouns of another world. A token is a place in this list, and
 * every model that was trained on scenes knows it by that number: words are never added or moved.
 *
 * Special tokens stand first, the others are sorted. Digits are tokens one by one.
 */
#ifndef VT_WORLDS_SCENE_VOCABULARY_H
#define VT_WORLDS_SCENE_VOCABULARY_H

#include "worlds/scene_words.h"

enum { VT_SCENE_WORDS_MOST = 512 };
/* The first four are those of corpora (VT_TOKEN_PAD and on). */
typedef enum vt_scene_special {
  VT_SCENE_PAD,
  VT_SCENE_BOS,
  VT_SCENE_EOS,
  VT_SCENE_UNK,
  VT_SCENE_IMG, /* a place for one visual token */
  VT_SCENE_IMG_END,
  VT_SCENE_REG, /* a place for one region token */
  VT_SCENE_P0,  /* names of regions, five of them */
  VT_SCENE_Q = VT_SCENE_P0 + 5,
  VT_SCENE_A,
  VT_SCENE_REF,
  VT_SCENE_REF_END,
  VT_SCENE_BOX,
  VT_SCENE_BOX_END,
  VT_SCENE_SPECIALS
} vt_scene_special;

/* Spelling of every token in order; `count` (may be NULL) gets how many there are. */
const char *const *vt_scene_words(int *count);
/* Token of a word (`length` bytes of it); VT_SCENE_UNK: there is no such word. */
int vt_scene_word(const char *word, size_t length);
/* Text as tokens. Blanks part words; , . ? : stand alone, so do digits. At most `most` are written; returns
 * how many the text has. */
int vt_scene_tokens(const char *text, uint16_t *tokens, int most);
/* The way back: blanks between words, none before , . ? : and between digits. Writes at most size − 1 bytes
 * and a zero; returns the length of the whole text. */
size_t vt_scene_spell(const uint16_t *tokens, int count, char *text, size_t size);
/* bos, tokens, eos, pad to `length` (what is too long is cut). Returns the number of tokens that are no
 * padding. `out` may be NULL. */
int vt_scene_frame(const uint16_t *tokens, int count, int length, int64_t *out);

/* Where a parser stands among tokens. */
typedef struct vt_scene_reading {
  const uint16_t *tokens;
  int count, at;
} vt_scene_reading;
/* Spelling of the word `ahead` of where it stands (−1: the one taken last); "" beyond the end. */
const char *vt_scene_ahead(const vt_scene_reading *in, int ahead);
/* Takes the words of a phrase (blanks part them) if they all come next. */
bool vt_scene_take(vt_scene_reading *in, const char *phrase);

/* Names of 40 kinds of plain shapes, in the order texture · 10 + shape: striped, dotted, checked, zigzag;
 * VT_CIRCLE and on. */
enum { VT_SCENE_NAMES = 40 };
extern const char *const vt_scene_names[VT_SCENE_NAMES];
/* The other word for a value; NULL: it has none. */
extern const char *const vt_colour_synonyms[VT_COLOURS];
extern const char *const vt_size_synonyms[VT_SIZES];
extern const char *const vt_material_synonyms[VT_MATERIALS];
extern const char *const vt_texture_synonyms[VT_TEXTURES];
const char *vt_noun_synonym(vt_noun noun);
/* Nouns of things that no scene shows. */
enum { VT_SCENE_OUTSIDE = 12 };
extern const char *const vt_scene_outside[VT_SCENE_OUTSIDE];

/* What a word means by the lists of scene_words.h: names, plurals and synonyms. */
typedef enum vt_meaning_kind {
  VT_MEANS_NOTHING, /* a function word, or none of these */
  VT_MEANS_NOUN,
  VT_MEANS_COLOUR,
  VT_MEANS_TEXTURE,
  VT_MEANS_MATERIAL,
  VT_MEANS_SIZE,
  VT_MEANS_POSE,   /* "upright", "leaning" and "upside" alone are no pose: see their phrases */
  VT_MEANS_FAMILY, /* "vehicle": value is the first noun of the family */
  VT_MEANS_OUTSIDE
} vt_meaning_kind;
typedef struct vt_meaning {
  vt_meaning_kind kind;
  int value;
  bool plural, synonym;
} vt_meaning;
vt_meaning vt_word_meaning(const char *word);
/* Predicate (scene.h) that a meaning states; −1: none. */
int vt_meaning_predicate(vt_meaning meaning);

#endif
