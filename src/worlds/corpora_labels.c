/* SPDX-License-Identifier: Apache-2.0
 *
 * What the texts with a label share: corpora/grade, /contrast, /topics.
 */
#include "worlds/corpora.h"

void vt_text_record_draw(vt_text_record *record, vt_draw *draw, int classes, double spurious, vt_split split)
{
  record->label = vt_draw_below(draw, classes);
  bool tells = vt_draw_chance(draw, spurious) && split == VT_TRAIN;
  record->code = vt_draw_below(draw, classes);
  if (tells) record->code = record->label;
}

void vt_text_record_fill(const vt_text_record *record, const vt_words *words, int length, const int8_t *truth,
                         int64_t neutral, void *const *out)
{
  int used = vt_corpus_frame(words, length, out[0], NULL);
  if (out[1]) *(int64_t *)out[1] = used;
  if (out[2]) *(int64_t *)out[2] = record->label;
  if (out[3]) vt_corpus_frame_truth(words, length, truth, neutral, out[3]);
  if (out[6]) *(int64_t *)out[6] = record->code;
}
