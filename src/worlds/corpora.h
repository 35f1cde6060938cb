/* SPDX-License-Identifier: Apache-2.0
 *
 * What the text worlds offer beyond items: truth and edits of their records (00-needs §1.3). `record` is a
 * record of the preset named in the section; vt_world_corpus() has vocabulary and text.
 */
#ifndef VT_WORLDS_CORPORA_H
#define VT_WORLDS_CORPORA_H

#include "worlds/corpus.h"

/* ---- corpora/ioi ---- */
typedef enum vt_ioi_kind { VT_IOI_PROMPT, VT_IOI_THREE, VT_IOI_NEUTRAL } vt_ioi_kind;
typedef struct vt_ioi_record {
  vt_document document;
  uint64_t key;
  int32_t kind;
} vt_ioi_record;
/* What is asked of a prompt; all −1 for other kinds. Positions count the bos token. */
typedef struct vt_ioi_answer {
  int position;            /* of the token whose next one is asked */
  int correct, distractor; /* tokens of the one who receives and the one who gives */
} vt_ioi_answer;
vt_ioi_answer vt_ioi_answer_of(const vt_world *world, const vt_ioi_record *record);
/* The number-`which` reference of a prompt: the same template, three different names (none of the prompt's),
 * other place and object; every word stands where its counterpart stands. */
void vt_ioi_reference(const vt_world *world, const vt_ioi_record *record, uint64_t which,
                      vt_ioi_record *reference);
/* Whether two names (values of list "name") may meet in the test split only. */
bool vt_ioi_held_out(int name, int other);

/* ---- corpora/grade, /contrast, /topics ---- */
typedef struct vt_text_record {
  vt_document document;
  uint64_t key;
  int32_t label;
  int32_t other;    /* topics: the topic that is not the label's, −1: none */
  int32_t code;     /* number of the code word, which tells the label in a share `spurious` of training */
  int32_t mismatch; /* grade: a negated grade stands in it; contrast: phrases of both polarities */
} vt_text_record;

/* Draws label and code word. */
void vt_text_record_draw(vt_text_record *record, vt_draw *draw, int classes, double spurious, vt_split split);
/* Of the fields that all three have: 0 tokens, 1 length, 2 label, 3 a truth of every word (`neutral` beside
 * them), 6 code. */
void vt_text_record_fill(const vt_text_record *record, const vt_words *words, int length, const int8_t *truth,
                         int64_t neutral, void *const *out);

/* What the words of a report are to the question: VT_GRADE_NONE, the sentence that states the grade (or says
 * it again), one that names another grade and denies it, one that has the same words for something else. */
typedef enum vt_grade_role {
  VT_GRADE_NONE,
  VT_GRADE_EVIDENCE,
  VT_GRADE_DENIED,
  VT_GRADE_DECOY
} vt_grade_role;
vt_grade_role vt_grade_role_of(char mark);
/* The number-`which` reference: the same sentences, another grade (label), other fields; aligned words. */
void vt_grade_reference(const vt_world *world, const vt_text_record *record, uint64_t which,
                        vt_text_record *reference);

/* Polarity that a phrase of spoken contrast words has with its negation: −1 or 1; `main` (may be NULL): it
 * decides the label. */
int vt_contrast_polarity(const vt_world *world, const vt_text_record *record, const vt_phrase *phrase,
                         bool *main);
/* Topic (0…3) of each word of a topics text, −1: of none. */
void vt_topics_of_words(const vt_world *world, const vt_text_record *record, const vt_words *words,
                        int8_t topics[VT_CORPUS_TOKENS]);

/* ---- corpora/concepts ---- */
typedef struct vt_concepts_record {
  vt_document document; /* tag: the sub-concept a sentence speaks of, −1: none */
  int32_t concepts[2];  /* of the first and of the second half */
} vt_concepts_record;
/* Sub-concept (0…26) that a token belongs to wherever it stands; −1: none. */
int vt_concept_of_token(const vt_world *world, int token);
int vt_concept_super(int concept); /* 0…5 */
const char *vt_concept_name(int concept);
/* Share of words (special tokens apart) that belong to a sub-concept; `found` (may be NULL): how many. */
double vt_concept_score(const vt_world *world, const uint16_t *tokens, int count, int concept, int *found);

/* ---- corpora/blocks ---- */
enum { VT_BLOCKS_MOST = 4, VT_BLOCK_PEOPLE = 3 };
typedef struct vt_blocks_record {
  vt_document document; /* tag: number of the block a sentence is in */
  int32_t blocks, topics[VT_BLOCKS_MOST];
  int32_t people, names[VT_BLOCK_PEOPLE], roles[VT_BLOCK_PEOPLE]; /* values of lists "name", "role" */
} vt_blocks_record;
/* Position in the frame (bos is 0) of the first word of each block. Returns how many blocks there are. */
int vt_block_borders(const vt_world *world, const vt_blocks_record *record, int borders[VT_BLOCKS_MOST]);
/* Of each word that repeats a name from another block: the number of the word it copies; −1 elsewhere. */
void vt_block_antecedents(const vt_world *world, const vt_blocks_record *record, const vt_words *words,
                          int8_t antecedents[VT_CORPUS_TOKENS]);

#endif
