/* SPDX-License-Identifier: Apache-2.0
 *
 * Captions of scenes: one to three sentences that name objects with attributes, where they are, how two of
 * them lie, and a part or a background. Every word carries what it states and of which node; the parser gets
 * the same statements back from the words alone.
 *
 *   caption  := listing [ relation ] [ detail ]
 *   listing  := [opening] a PHRASE {, a PHRASE} and a PHRASE [on the grass | under the sky | before a …] .
 *   relation := the PHRASE is left of the PHRASE .
 *   detail   := the PHRASE has COLOUR PARTS .  |  the PLACE is COLOUR .
 *   PHRASE   := [size] [material] [texture] [colour] noun
 *
 * "the PHRASE" is the one object of the listing with all that it says.
 */
#ifndef VT_WORLDS_SCENE_CAPTION_H
#define VT_WORLDS_SCENE_CAPTION_H

#include "worlds/scene_relation.h"
#include "worlds/scene_vocabulary.h"

enum { VT_CAPTION_WORDS = 62, VT_CAPTION_MENTIONS = 8, VT_CAPTION_FACTS = 4 };

typedef struct vt_caption_style {
  int sentences;    /* 1 to 3; 0: drawn */
  double synonyms;  /* chance that a word is said by its other word */
  double omit;      /* chance that an attribute, a third or fourth object or the place is left out */
  double error;     /* chance that a noun, an attribute or a relation is another one than the true one */
  double name;      /* chance that an object is called by its noun and not by its family */
  double attribute; /* chance that an attribute is said */
} vt_caption_style;

typedef enum vt_speech {
  VT_SPEECH_MARK, /* , . */
  VT_SPEECH_FUNCTION,
  VT_SPEECH_PREPOSITION,
  VT_SPEECH_VERB,
  VT_SPEECH_ADJECTIVE,
  VT_SPEECH_NOUN,
  VT_SPEECHES
} vt_speech;
extern const char *const vt_speech_names[VT_SPEECHES];

typedef struct vt_caption_word {
  uint16_t token;
  int16_t predicate; /* of vt_scene_predicates(); −1: states none */
  int16_t node;      /* whose mask it has: of colours, textures and materials the outline; −1: none */
  int8_t speech, sentence;
  bool wrong; /* does not hold */
} vt_caption_word;

/* What a caption states; −1: not said. */
typedef struct vt_mention {
  int noun, family; /* family: its first noun */
  int outside;      /* of vt_scene_outside */
  int colour, size, texture, material;
  int node; /* −1 when read from words */
} vt_mention;
typedef enum vt_fact_kind { VT_FACT_RELATION, VT_FACT_PART } vt_fact_kind;
typedef struct vt_fact {
  vt_fact_kind kind;
  int subject, object; /* mentions */
  int relation;        /* vt_relation; −1 */
} vt_fact;
typedef struct vt_statements {
  int mention_count, fact_count;
  vt_mention mentions[VT_CAPTION_MENTIONS];
  vt_fact facts[VT_CAPTION_FACTS];
} vt_statements;

typedef struct vt_caption {
  int count, sentences;
  vt_caption_word words[VT_CAPTION_WORDS];
  vt_statements states;
} vt_caption;

/* A function of scene, style and key. */
void vt_caption_say(const vt_scene *scene, const vt_caption_style *style, uint64_t key, vt_caption *out);
/* A line for learning the language without pictures: a caption, with chance `outside` about things that no
 * scene shows (the same sentences with other nouns), with chance `facts` what a noun is and is for. */
void vt_caption_corpus(const vt_scene *scene, const vt_caption_style *style, double outside, double facts,
                       uint64_t key, vt_caption *out);
void vt_caption_tokens(const vt_caption *caption, uint16_t tokens[VT_CAPTION_WORDS]);
/* Statements of words, nodes left open. False: the grammar does not say this. */
bool vt_caption_parse(const uint16_t *tokens, int count, vt_statements *out);

/* ---- judging a word against a place of the picture ----
 * concrete: names a noun, colour, texture, material or size of what covers at least a tenth of the box;
 * abstract: a hypernym or function of that; global: either, of something elsewhere in the picture. Function
 * words are none. Lenient: a piece of at least three letters that is no word counts as the one true word
 * that begins or ends with it, if there is exactly one. */
typedef enum vt_verdict {
  VT_VERDICT_NONE,
  VT_VERDICT_CONCRETE,
  VT_VERDICT_ABSTRACT,
  VT_VERDICT_GLOBAL
} vt_verdict;
extern const char *const vt_verdict_names[4];
typedef struct vt_judge {
  const vt_scene *scene;
  int32_t inside[VT_SCENE_NODES], image[VT_SCENE_NODES]; /* pixels by topmost node */
  int32_t box_pixels;
  uint8_t predicates[VT_SCENE_NODES][VT_PREDICATES];
} vt_judge;
/* `labels` from vt_scene_render(); box: x, y, beyond x, beyond y in pixels, cut to the picture. */
void vt_judge_start(const vt_scene *scene, const uint16_t *labels, const int box[4], vt_judge *out);
vt_verdict vt_judge_word(const vt_judge *judge, const char *word, bool lenient);

/* The taxonomy: what a word stands above. A row's `of` are nouns, families, colours or textures by name,
 * ended by NULL. */
typedef struct vt_taxonomy_row {
  const char *word;
  bool function; /* what it is for; otherwise what it is */
  const char *of[12];
} vt_taxonomy_row;
extern const vt_taxonomy_row vt_taxonomy[];
extern const int vt_taxonomy_count;

#endif
