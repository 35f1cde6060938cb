/* SPDX-License-Identifier: Apache-2.0
 *
 * Words of six topics, every word of one topic alone. Lists are laid out topic by topic, so that a value's
 * topic is value / (words a topic), and a prefix of a list holds the first topics.
 */
#ifndef VT_WORLDS_TOPIC_WORDS_H
#define VT_WORLDS_TOPIC_WORDS_H

enum {
  VT_TOPICS = 6,
  VT_TOPIC_ACTORS = 8,
  VT_TOPIC_DEEDS = 8,
  VT_TOPIC_THINGS = 10,
  VT_TOPIC_SCENES = 5,
  VT_TOPIC_QUALITIES = 6
};

extern const char *const vt_topic_names[VT_TOPICS];
extern const char *const vt_topic_actors[VT_TOPICS * VT_TOPIC_ACTORS];
extern const char *const vt_topic_deeds[VT_TOPICS * VT_TOPIC_DEEDS]; /* past tense, with an object */
extern const char *const vt_topic_things[VT_TOPICS * VT_TOPIC_THINGS];
extern const char *const vt_topic_scenes[VT_TOPICS * VT_TOPIC_SCENES];
extern const char *const vt_topic_qualities[VT_TOPICS * VT_TOPIC_QUALITIES];

#endif
