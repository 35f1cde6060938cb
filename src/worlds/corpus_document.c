/* SPDX-License-Identifier: Apache-2.0
 *
 * Text worlds: drawing documents and speaking them.
 */
#include "worlds/corpus.h"

int vt_corpus_pick(const vt_corpus *corpus, vt_draw *draw, int group)
{
  int count = 0;
  for (int i = 0; i < corpus->grammar->template_count; i++)
    count += corpus->patterns[i].group == group;
  if (count == 0) return -1;
  int nth = vt_draw_below(draw, count);
  for (int i = 0; i < corpus->grammar->template_count; i++)
    if (corpus->patterns[i].group == group && nth-- == 0) return i;
  return -1;
}

vt_said vt_corpus_draw_said(const vt_corpus *corpus, vt_draw *draw, int pattern, int tag)
{
  vt_said said = {.pattern = (int16_t)pattern, .tag = (int16_t)tag};
  const vt_pattern *compiled = &corpus->patterns[pattern];
  for (int slot = 0; slot < compiled->slot_count; slot++) {
    int list = compiled->lists[slot], used = 0;
    for (int i = 0; i < slot; i++)
      used += compiled->lists[i] == list;
    /* the n-th of those not used yet; a list shorter than its slots repeats */
    int count = corpus->grammar->lists[list].count;
    int nth = vt_draw_below(draw, count > used ? count - used : count), value = 0;
    for (; value < count; value++) {
      bool taken = false;
      for (int i = 0; i < slot && count > used; i++)
        taken = taken || (compiled->lists[i] == list && said.values[i] == value);
      if (!taken && nth-- == 0) break;
    }
    said.values[slot] = (int16_t)value;
  }
  return said;
}

void vt_corpus_draw_value(const vt_corpus *corpus, vt_draw *draw, vt_said *said, const char *label, int low,
                          int high)
{
  int slot = vt_corpus_slot(corpus, said->pattern, label);
  if (slot >= 0) said->values[slot] = (int16_t)(low + vt_draw_below(draw, high - low));
}

static int value_length(const vt_corpus *corpus, int list, int value)
{
  const uint16_t *word = corpus->spelling + corpus->value[list][value];
  int length = 0;
  while (word[length])
    length++;
  return length;
}

void vt_corpus_reference(const vt_corpus *corpus, vt_draw *draw, const vt_document *document,
                         vt_document *out)
{
  *out = *document;
  for (int i = 0; i < document->count; i++) {
    const vt_said *from = &document->said[i];
    vt_said *said = &out->said[i];
    const vt_pattern *pattern = &corpus->patterns[from->pattern];
    for (int slot = 0; slot < pattern->slot_count; slot++) {
      int list = pattern->lists[slot], length = value_length(corpus, list, from->values[slot]);
      /* long lists of one length need a draw or two; short ones may have no other value */
      for (int tries = 0; tries < 64; tries++) {
        int value = vt_draw_below(draw, corpus->grammar->lists[list].count);
        bool taken = value_length(corpus, list, value) != length;
        for (int other = 0; other < pattern->slot_count && !taken; other++)
          if (pattern->lists[other] == list)
            taken = value == from->values[other] || (other < slot && value == said->values[other]);
        if (taken) continue;
        said->values[slot] = (int16_t)value;
        break;
      }
    }
  }
}

int vt_corpus_said_length(const vt_corpus *corpus, const vt_said *said)
{
  const vt_pattern *pattern = &corpus->patterns[said->pattern];
  int length = 0;
  for (int i = 0; i < pattern->part_count; i++) {
    if (pattern->parts[i] >= 0) {
      length++;
      continue;
    }
    int slot = -1 - pattern->parts[i];
    length += value_length(corpus, pattern->lists[slot], said->values[slot]);
  }
  return length;
}

const char *vt_corpus_value(const vt_corpus *corpus, const vt_said *said, const char *label)
{
  int slot = vt_corpus_slot(corpus, said->pattern, label);
  if (slot < 0) return NULL;
  return corpus->grammar->lists[corpus->patterns[said->pattern].lists[slot]].words[said->values[slot]];
}

static bool add_word(vt_words *words, uint16_t token, int sentence, int slot, char mark, int span)
{
  if (words->count == VT_CORPUS_TOKENS) return false;
  words->tokens[words->count] = token;
  words->sentences[words->count] = (int8_t)sentence;
  words->slots[words->count] = (int8_t)slot;
  words->marks[words->count] = mark;
  words->spans[words->count++] = (int8_t)(mark ? span : 0);
  return true;
}

vt_status vt_corpus_speak(vt_ctx *ctx, const vt_corpus *corpus, const vt_document *document, vt_words *out)
{
  *out = (vt_words){0};
  int span = 0;
  for (int sentence = 0; sentence < document->count; sentence++) {
    const vt_said *said = &document->said[sentence];
    const vt_pattern *pattern = &corpus->patterns[said->pattern];
    bool fits = true;
    for (int i = 0; i < pattern->part_count && fits; i++) {
      char mark = pattern->marks[i];
      span += pattern->opens[i];
      if (pattern->parts[i] >= 0) {
        fits = add_word(out, (uint16_t)pattern->parts[i], sentence, -1, mark, span);
        continue;
      }
      int slot = -1 - pattern->parts[i];
      const uint16_t *word = corpus->spelling + corpus->value[pattern->lists[slot]][said->values[slot]];
      for (; *word && fits; word++)
        fits = add_word(out, *word, sentence, slot, mark, span);
    }
    if (!fits)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a document of more than %d words", VT_CORPUS_TOKENS);
  }
  return VT_OK;
}

int vt_corpus_phrases(const vt_words *words, vt_phrase spans[VT_CORPUS_SPANS])
{
  int count = 0;
  for (int i = 0; i < words->count; i++) {
    if (!words->spans[i] || words->spans[i] > VT_CORPUS_SPANS) continue;
    vt_phrase *span = &spans[words->spans[i] - 1];
    if (words->spans[i] > count) *span = (vt_phrase){i, 0, words->sentences[i], words->marks[i]}, count++;
    span->count++;
  }
  return count;
}
