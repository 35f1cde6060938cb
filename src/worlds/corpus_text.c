/* SPDX-License-Identifier: Apache-2.0
 *
 * Text worlds: words as text and back, reading a document out of words, frames for training.
 */
#include "worlds/corpus.h"

static bool is_mark(char letter)
{
  return letter && strchr(".,;:?!", letter);
}

char *vt_corpus_text(vt_ctx *ctx, const vt_corpus *corpus, const uint16_t *tokens, int count)
{
  vt_text text = {0};
  vt_text_add(ctx, &text, "");
  for (int i = 0; i < count; i++) {
    const char *word = corpus->words[tokens[i] < corpus->word_count ? tokens[i] : VT_TOKEN_UNK];
    if (i > 0 && !is_mark(word[0]) && word[0] != '-') vt_text_add(ctx, &text, " ");
    vt_text_add(ctx, &text, word);
  }
  if (!text.failed && !text.data) return vt_strdup(ctx, "");
  if (text.failed) vt_text_free(&text);
  return text.data;
}

int vt_corpus_tokens(const vt_corpus *corpus, const char *text, uint16_t *tokens, int most)
{
  int count = 0;
  for (const char *at = text; *at;) {
    if (strchr(" \t\r\n", *at)) {
      at++;
      continue;
    }
    size_t length = is_mark(*at) ? 1 : 1 + strcspn(at + 1, " \t\r\n.,;:?!-");
    char word[64];
    int token = VT_TOKEN_UNK;
    if (length < sizeof word) {
      snprintf(word, sizeof word, "%.*s", (int)length, at);
      token = vt_corpus_word(corpus, word);
    }
    if (count < most) tokens[count] = (uint16_t)token;
    count++;
    at += length;
  }
  return count;
}

typedef struct parse {
  const vt_corpus *corpus;
  const uint16_t *tokens;
  int count;
  long steps;
  vt_document *document;
} parse;

static bool parse_sentences(parse *state, int at);

/* Words of value `value` of a list at `at`; −1: others stand there. */
static int match_value(const parse *state, int list, int value, int at)
{
  const uint16_t *word = state->corpus->spelling + state->corpus->value[list][value];
  int length = 0;
  for (; word[length]; length++)
    if (at + length >= state->count || state->tokens[at + length] != word[length]) return -1;
  return length;
}

/* The rest of a sentence from part `part`, and then the rest of the text. Recursion is bounded: one call a
 * slot and one a sentence, and sentences are counted. */
static bool parse_parts(parse *state, vt_said *said, uint32_t bound, int part, int at)
{
  const vt_pattern *pattern = &state->corpus->patterns[said->pattern];
  for (; part < pattern->part_count && pattern->parts[part] >= 0; part++, at++)
    if (at >= state->count || state->tokens[at] != pattern->parts[part]) return false;
  if (part == pattern->part_count) return parse_sentences(state, at);
  int slot = -1 - pattern->parts[part], list = pattern->lists[slot];
  if (bound >> slot & 1) {
    int length = match_value(state, list, said->values[slot], at);
    return length >= 0 && parse_parts(state, said, bound, part + 1, at + length);
  }
  for (int value = 0; value < state->corpus->grammar->lists[list].count; value++) {
    if (--state->steps < 0) return false;
    int length = match_value(state, list, value, at);
    if (length < 0) continue;
    said->values[slot] = (int16_t)value;
    if (parse_parts(state, said, bound | UINT32_C(1) << slot, part + 1, at + length)) return true;
  }
  return false;
}

static bool parse_sentences(parse *state, int at)
{
  if (at == state->count) return true;
  if (state->document->count == VT_CORPUS_SENTENCES) return false;
  vt_said *said = &state->document->said[state->document->count++];
  for (int i = 0; i < state->corpus->grammar->template_count && state->steps > 0; i++) {
    *said = (vt_said){.pattern = (int16_t)i};
    state->steps--;
    if (state->corpus->patterns[i].part_count > 0 && parse_parts(state, said, 0, 0, at)) return true;
  }
  state->document->count--;
  return false;
}

bool vt_corpus_parse(const vt_corpus *corpus, const uint16_t *tokens, int count, vt_document *out)
{
  *out = (vt_document){0};
  if (count > VT_CORPUS_TOKENS) return false;
  parse state = {corpus, tokens, count, 20000000, out};
  return parse_sentences(&state, 0);
}

int vt_corpus_frame(const vt_words *words, int length, int64_t *tokens, int64_t *targets)
{
  int used = words->count + 2 < length ? words->count + 2 : length;
  for (int i = 0; i <= length; i++) {
    int64_t token = i == 0                  ? VT_TOKEN_BOS
                    : i <= words->count     ? words->tokens[i - 1]
                    : i == words->count + 1 ? VT_TOKEN_EOS
                                            : VT_TOKEN_PAD;
    if (tokens && i < length) tokens[i] = token;
    if (targets && i > 0) targets[i - 1] = token == VT_TOKEN_PAD ? -1 : token;
  }
  /* a text that was cut has no token to tell behind its last one */
  if (targets && words->count + 2 > length) targets[length - 1] = -1;
  return used;
}

void vt_corpus_frame_truth(const vt_words *words, int length, const int8_t *values, int64_t neutral,
                           int64_t *out)
{
  for (int i = 0; i < length; i++)
    out[i] = i >= 1 && i <= words->count ? values[i - 1] : neutral;
}

static json_t *said_truth(const vt_corpus *corpus, const vt_said *said)
{
  const vt_pattern *pattern = &corpus->patterns[said->pattern];
  json_t *sentence =
      json_pack("{s:s,s:i}", "template", corpus->grammar->templates[said->pattern].text, "tag", said->tag);
  for (int slot = 0; sentence && slot < pattern->slot_count; slot++)
    json_object_set_new(sentence, pattern->labels[slot],
                        json_string(corpus->grammar->lists[pattern->lists[slot]].words[said->values[slot]]));
  return sentence;
}

static vt_status add_tokens(vt_ctx *ctx, const vt_words *words, vt_item *item)
{
  vt_tensor *tensor;
  VT_TRY(vt_item_add_array(ctx, item, "tokens", VT_I64, 1, (int64_t[]){words->count}, &tensor));
  int64_t *data = tensor->data;
  for (int i = 0; i < words->count; i++)
    data[i] = words->tokens[i];
  return VT_OK;
}

vt_status vt_corpus_show(vt_ctx *ctx, const vt_corpus *corpus, const vt_document *document, vt_item *item,
                         vt_words *words)
{
  vt_words own, *spoken = words ? words : &own;
  VT_TRY(vt_corpus_speak(ctx, corpus, document, spoken));
  item->text = vt_corpus_text(ctx, corpus, spoken->tokens, spoken->count);
  if (!item->text) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(add_tokens(ctx, spoken, item));
  json_t *sentences = json_array();
  for (int i = 0; i < document->count; i++)
    json_array_append_new(sentences, said_truth(corpus, &document->said[i]));
  item->truth = json_pack("{s:o}", "sentences", sentences);
  return item->truth ? VT_OK : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
}

void vt_corpus_show_truth(vt_item *item, const char *name, const vt_words *words, const int8_t *values)
{
  json_t *list = json_array();
  for (int i = 0; i < words->count; i++)
    json_array_append_new(list, json_integer(values[i]));
  json_object_set_new(item->truth, name, list);
}
