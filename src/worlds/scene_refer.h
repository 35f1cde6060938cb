/* SPDX-License-Identifier: Apache-2.0
 *
 * Expressions that refer to nodes of a scene: what they mean (denote), how a node is told apart (mdd), and
 * expressions of given kinds. One tree stands for a text: said, read and understood by the same rules.
 *
 *   text     := term { and term } | term except term
 *   term     := (the | all | every) [number] [rank] phrase [pose] [side] [relation]
 *   phrase   := [size] [material] [texture] [colour] (noun | family | object | one)
 *   rank     := leftmost | rightmost | topmost | lowest | second … tenth (then: from the SIDE)
 *   pose     := standing upright | leaning left | leaning right | upside down
 *   side     := from the left | right | top | bottom; after a number: on the left, on the right, at the top,
 *               at the bottom
 *   relation := (left of | right of | above | below | of) term
 *
 * Meaning: the shown nodes that are what the phrase says; of these the ones that lie so to a node of the
 * inner term ("of": are below it in the tree); of these the one of that rank, counted from that side by
 * centres, or the first `number` of them. A number without a side asks for exactly so many, otherwise nothing
 * is meant. "except" takes nodes away; "one" is the noun of the first term. Nothing meant is an answer: no
 * target.
 */
#ifndef VT_WORLDS_SCENE_REFER_H
#define VT_WORLDS_SCENE_REFER_H

#include "worlds/scene_relation.h"
#include "worlds/scene_vocabulary.h"

enum { VT_REFER_TERMS = 6, VT_REFER_WORDS = 62 };
typedef enum vt_quantifier { VT_THE, VT_ALL, VT_EVERY } vt_quantifier;
typedef enum vt_side {
  VT_SIDE_NONE,
  VT_SIDE_LEFT,
  VT_SIDE_RIGHT,
  VT_SIDE_TOP,
  VT_SIDE_BOTTOM,
  VT_SIDES
} vt_side;
enum { VT_PART_OF = VT_RELATIONS }; /* a relation besides those of scene_relation.h */

typedef struct vt_term { /* −1: not said */
  int8_t quantifier;
  bool plural, one;
  int8_t number;       /* 0: none */
  int8_t side, rank;   /* rank 0: none */
  int8_t noun, family; /* both −1: any object */
  int8_t colour, size, texture, material, pose;
  int8_t relation, anchor; /* anchor: number of the inner term */
} vt_term;
typedef struct vt_reference {
  int8_t count, root_count;
  int8_t roots[VT_REFER_TERMS];
  bool except; /* roots[1] is taken away from roots[0] */
  vt_term terms[VT_REFER_TERMS];
} vt_reference;
extern const vt_term vt_term_nothing; /* "the object" */

/* Words of a reference. Returns how many there are, at most VT_REFER_WORDS are written. */
int vt_reference_say(const vt_reference *reference, uint16_t tokens[VT_REFER_WORDS]);
/* False: off-grammar. A reference that was said reads back as it was. */
bool vt_reference_read(const uint16_t *tokens, int count, vt_reference *out);
/* Sets meant[node] of the scene's nodes, the others to false; returns how many. */
int vt_reference_meaning(const vt_scene *scene, const vt_reference *reference, bool meant[VT_SCENE_NODES]);

/* A text's nodes, and how many they are; −1: unparsable. */
int vt_denote(const vt_scene *scene, const char *text, bool meant[VT_SCENE_NODES]);

/* ---- describing ---- */
typedef enum vt_description {
  VT_DESCRIBE_PLAIN, /* noun and colour; may mean several */
  VT_DESCRIBE_MDD,   /* the shortest that means this node only */
  VT_DESCRIBE_LONG   /* all attributes, and where it is */
} vt_description;
/* The shortest description that denotes exactly this node: attributes, then rank, then relation. False: there
 * is none (twins in one place), or the node is not shown. */
bool vt_mdd(const vt_scene *scene, int node, vt_reference *out);
/* False: VT_DESCRIBE_MDD has none. */
bool vt_describe(const vt_scene *scene, int node, vt_description kind, vt_reference *out);

/* What a text says slot by slot, for scores of slots. */
typedef enum vt_slot_kind {
  VT_SLOT_NOUN,
  VT_SLOT_FAMILY,
  VT_SLOT_COLOUR,
  VT_SLOT_SIZE,
  VT_SLOT_TEXTURE,
  VT_SLOT_MATERIAL,
  VT_SLOT_POSE,
  VT_SLOT_NUMBER,
  VT_SLOT_RANK, /* value: side · 16 + rank */
  VT_SLOT_RELATION,
  VT_SLOT_KINDS
} vt_slot_kind;
extern const char *const vt_slot_names[VT_SLOT_KINDS];
typedef struct vt_slot {
  vt_slot_kind kind;
  int value, depth; /* depth: 0 of the outer term, 1 of what it lies to, … */
} vt_slot;
enum { VT_SLOTS = VT_REFER_TERMS * VT_SLOT_KINDS };
/* Returns how many; −1: unparsable. */
int vt_slots(const char *text, vt_slot slots[VT_SLOTS]);

/* ---- expressions ---- */
typedef enum vt_expression {
  VT_EXPRESSION_ATTRIBUTE,   /* one target, told by attributes */
  VT_EXPRESSION_RELATION,    /* one target, attributes alone mean several */
  VT_EXPRESSION_ALL,         /* several: all that are so */
  VT_EXPRESSION_COUNTING,    /* several: two, three, … of them, on a side if there are more */
  VT_EXPRESSION_CONJUNCTION, /* several: one and another */
  VT_EXPRESSION_EXCEPTION,   /* several: every one except some */
  VT_EXPRESSION_DECEPTIVE,   /* none: each attribute is there, together they are not */
  VT_EXPRESSION_FALSE,       /* none: both are there, but do not lie so */
  VT_EXPRESSIONS
} vt_expression;
extern const char *const vt_expression_names[VT_EXPRESSIONS];
/* An expression of that kind about the objects of a scene, every relation and rank in it clear to the eye.
 * `meant` are its targets. False: none was found (the scene may have none). */
bool vt_refer(const vt_scene *scene, vt_expression kind, vt_draw *draw, vt_reference *out,
              bool meant[VT_SCENE_NODES]);

#endif
