/* SPDX-License-Identifier: Apache-2.0
 *
 * Prompts of scenes and slides.
 */
#include "worlds/world_words.h"

#include "worlds/scene_vocabulary.h"
#include "worlds/scenes.h"
#include "worlds/slides.h"

enum { LONGEST = 64 };

/* Words of the vocabulary alone (tests/worlds/test_slides.c looks). */
static const char *const scene_prompts[] = {"a picture of a %s", "here is a %s",
                                            "this is a %s",      "the picture shows a %s",
                                            "a scene with a %s", "there is a %s in the picture",
                                            "one thing , a %s",  NULL};

static void scene_tokens(const char *text, int length, int64_t *out)
{
  uint16_t tokens[LONGEST];
  int count = vt_scene_tokens(text, tokens, LONGEST);
  vt_scene_frame(tokens, count < LONGEST ? count : LONGEST, length, out);
}

bool vt_world_words_of(const vt_world *world, vt_world_words *out)
{
  const char *id = world->preset->id;
  *out = (vt_world_words){0};
  if (strncmp(id, "scenes/", 7) == 0) {
    *out = (vt_world_words){.prompts = scene_prompts, .tokens = scene_tokens};
    out->words = vt_scene_words(&out->count);
  } else if (strncmp(id, "slides/", 7) == 0) {
    *out = (vt_world_words){.prompts = vt_slide_prompts, .tokens = vt_slide_tokens};
    out->words = vt_slide_words(&out->count);
  }
  return out->words;
}

int vt_prompt_say(const char *prompt, const char *what, char *text, size_t size)
{
  const char *place = strstr(prompt, "%s");
  if (!place) return snprintf(text, size, "%s", prompt);
  return snprintf(text, size, "%.*s%s%s", (int)(place - prompt), prompt, what, place + 2);
}

void vt_scene_prompt_say(const vt_scene *scene, int node, const char *name, uint64_t key, char *text,
                         size_t size)
{
  vt_draw draw = vt_draw_start(key, "prompt");
  const char *prompt = scene_prompts[vt_draw_below(&draw, (int)VT_COUNT(scene_prompts) - 1)];
  char what[96];
  bool colour = vt_draw_chance(&draw, .25) && node >= 0 && scene->nodes[node].colour < VT_COLOURS;
  snprintf(what, sizeof what, "%s%s%s", colour ? vt_colour_names[scene->nodes[node].colour] : "",
           colour ? " " : "", name);
  vt_prompt_say(prompt, what, text, size);
}
