/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said of slides.
 */
#include "worlds/corpus.h"
#include "worlds/slides.h"
#include "worlds/world_words.h"

/* Special tokens, then all words in order. */
static const char *const words[] = {
    "<pad>",      "<bos>",   "<eos>",   "<unk>",   "a",           "adenocarcinoma",
    "air",        "and",     "benign",  "blood",   "carcinoma",   "cell",
    "cells",      "dark",    "few",     "glands",  "here",        "histopathology",
    "in",         "is",      "keratin", "lung",    "lymphocytes", "many",
    "microscopy", "no",      "of",      "pale",    "pearls",      "picture",
    "red",        "section", "see",     "showing", "slide",       "spaces",
    "squamous",   "stain",   "stained", "this",    "tissue",      "usual",
    "vessels",    "we",      "with",
};

const char *const *vt_slide_words(int *count)
{
  if (count) *count = (int)VT_COUNT(words);
  return words;
}

const char *const vt_slide_prompts[] = {"a histopathology slide showing %s",
                                        "a picture of %s",
                                        "this is a section of %s",
                                        "a stained slide of %s",
                                        "here we see %s",
                                        "microscopy of %s",
                                        "a slide of tissue with %s",
                                        "this slide is of %s",
                                        NULL};

void vt_slide_tokens(const char *text, int length, int64_t *out)
{
  int count = 0;
  out[count++] = VT_TOKEN_BOS;
  while (*text && count < length - 1) {
    size_t letters = strcspn(text, " "), word = VT_TOKEN_SPECIALS;
    while (word < VT_COUNT(words) &&
           (strlen(words[word]) != letters || memcmp(words[word], text, letters) != 0))
      word++;
    if (letters) out[count++] = word < VT_COUNT(words) ? (int64_t)word : VT_TOKEN_UNK;
    text += letters + (text[letters] == ' ');
  }
  out[count++] = VT_TOKEN_EOS;
  while (count < length)
    out[count++] = VT_TOKEN_PAD;
}

void vt_slide_caption(const vt_slide *slide, uint64_t key, char *text, size_t size)
{
  static const char *const shows[VT_TISSUES] = {"glands", "air spaces", "keratin pearls"};
  static const char *const stains[] = {"pale", "usual", "dark"};
  vt_draw draw = vt_draw_start(key, "caption");
  int lymphocytes = 0, vessels = 0, red = 0;
  for (int i = 0; i < slide->nucleus_count; i++)
    lymphocytes += slide->nuclei[i].kind == VT_NUCLEUS_LYMPHOCYTE;
  for (int i = 0; i < slide->extra_count; i++) {
    vessels += slide->extras[i].kind == VT_EXTRA_VESSEL;
    red += slide->extras[i].kind == VT_EXTRA_RED_CELL;
  }
  char what[80], beside[64] = "", say[160];
  int count = 0;
  while (vt_slide_prompts[count])
    count++;
  const char *prompt = vt_slide_prompts[vt_draw_below(&draw, count)];
  snprintf(what, sizeof what, "%s", vt_tissue_names[slide->label]);
  if (vt_draw_chance(&draw, .3)) snprintf(what, sizeof what, "%s", shows[slide->label]);
  switch (vt_draw_below(&draw, 5)) {
  case 0:
    snprintf(beside, sizeof beside, " and %s lymphocytes", lymphocytes > 3 ? "many" : "few");
    break;
  case 1:
    snprintf(beside, sizeof beside, " with %s red cells", red > 3 ? "many" : red ? "few" : "no");
    break;
  case 2:
    snprintf(beside, sizeof beside, " in a %s stain", stains[slide->stain]);
    break;
  case 3:
    snprintf(beside, sizeof beside, " with %s vessels", vessels ? "blood" : "no");
    break;
  default:
    break;
  }
  vt_prompt_say(prompt, what, say, sizeof say);
  snprintf(text, size, "%s%s", say, beside);
}
