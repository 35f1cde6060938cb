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

#endif
