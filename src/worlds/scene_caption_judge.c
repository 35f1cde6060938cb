/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a word is true of a place of the picture.
 */
#include "worlds/scene_caption.h"

const char *const vt_verdict_names[4] = {"none", "concrete", "abstract", "global"};

void vt_judge_start(const vt_scene *scene, const uint16_t *labels, const int box[4], vt_judge *out)
{
  int width = vt_scene_pixels_wide(scene), height = vt_scene_pixels_high(scene);
  memset(out, 0, sizeof *out);
  out->scene = scene;
  vt_scene_predicates(scene, out->predicates);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      int node = labels[y * width + x] - 1;
      bool inside = x >= box[0] && y >= box[1] && x < box[2] && y < box[3];
      out->box_pixels += inside;
      if (node < 0) continue;
      out->image[node]++;
      out->inside[node] += inside;
    }
}

/* Whether a node is what the word names: with `kind` a family by its nouns. */
static bool is_of(const vt_judge *judge, int node, vt_meaning meaning)
{
  const vt_node *is = &judge->scene->nodes[node];
  int predicate = vt_meaning_predicate(meaning);
  if (predicate >= 0) {
    /* only things have sizes and materials worth a word; all that has an outline has colour and texture */
    bool thing = is->kind != VT_NODE_BACKGROUND;
    if ((meaning.kind == VT_MEANS_SIZE || meaning.kind == VT_MEANS_MATERIAL) && !thing) return false;
    return judge->predicates[node][predicate];
  }
  return false;
}

/* By name of a row of the taxonomy: a noun, a colour, a texture or a family. */
static bool is_named(const vt_judge *judge, int node, const char *name)
{
  vt_meaning meaning = vt_word_meaning(name);
  if (meaning.kind != VT_MEANS_NOTHING && meaning.kind != VT_MEANS_FAMILY) return is_of(judge, node, meaning);
  for (int above = node; above >= 0; above = judge->scene->nodes[above].parent)
    if (strcmp(vt_noun_rows[judge->scene->nodes[above].noun].family, name) == 0) return true;
  return false;
}

static bool is_below_word(const vt_judge *judge, int node, const vt_taxonomy_row *row)
{
  for (int i = 0; row->of[i]; i++)
    if (is_named(judge, node, row->of[i])) return true;
  return false;
}

static const vt_taxonomy_row *taxonomy_of(const char *word)
{
  size_t length = strlen(word);
  for (int i = 0; i < vt_taxonomy_count; i++) {
    size_t own = strlen(vt_taxonomy[i].word);
    bool plural = length == own + 1 && word[own] == 's';
    if (strncmp(word, vt_taxonomy[i].word, own) == 0 && (length == own || plural)) return &vt_taxonomy[i];
  }
  return NULL;
}

static vt_verdict judge_whole(const vt_judge *judge, const char *word)
{
  vt_meaning meaning = vt_word_meaning(word);
  const vt_taxonomy_row *row = taxonomy_of(word);
  bool concrete = vt_meaning_predicate(meaning) >= 0;
  if (!concrete && !row) return VT_VERDICT_NONE;
  int64_t inside = 0, image = 0;
  for (int i = 0; i < judge->scene->count; i++) {
    if (!judge->image[i]) continue;
    bool is = concrete ? is_of(judge, i, meaning) : is_below_word(judge, i, row);
    inside += is ? judge->inside[i] : 0;
    image += is ? judge->image[i] : 0;
  }
  if (judge->box_pixels && 10 * inside >= judge->box_pixels)
    return concrete ? VT_VERDICT_CONCRETE : VT_VERDICT_ABSTRACT;
  return image > 0 ? VT_VERDICT_GLOBAL : VT_VERDICT_NONE;
}

vt_verdict vt_judge_word(const vt_judge *judge, const char *word, bool lenient)
{
  size_t length = strlen(word);
  int count;
  const char *const *words = vt_scene_words(&count);
  if (vt_scene_word(word, length) != VT_SCENE_UNK) return judge_whole(judge, word);
  if (!lenient || length < 3) return VT_VERDICT_NONE;
  vt_verdict found = VT_VERDICT_NONE;
  for (int i = VT_SCENE_SPECIALS; i < count; i++) {
    size_t own = strlen(words[i]);
    if (own <= length) continue;
    bool begins = strncmp(words[i], word, length) == 0, ends = strcmp(words[i] + own - length, word) == 0;
    vt_verdict verdict = begins || ends ? judge_whole(judge, words[i]) : VT_VERDICT_NONE;
    if (verdict == VT_VERDICT_NONE) continue;
    if (found != VT_VERDICT_NONE) return VT_VERDICT_NONE;
    found = verdict;
  }
  return found;
}
