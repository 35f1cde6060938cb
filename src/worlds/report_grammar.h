/* SPDX-License-Identifier: Apache-2.0
 *
 * Reports on chest pictures in two languages, and the way back. A grammar is a table of templates with slots
 * and a table of phrases for the values of each slot; writer and parser read the same tables, so what one
 * writes the other reads. Words are separated by blanks, punctuation too, in both languages.
 *
 * Sides are the patient's: the left lung is on the right of the picture.
 *
 * To add a phrase: a line in the language's table (report_english.c, report_chinese.c) and its words in
 * report_words.c. To add a finding: also its row in vt_finding_rows.
 */
#ifndef VT_WORLDS_REPORT_GRAMMAR_H
#define VT_WORLDS_REPORT_GRAMMAR_H

#include "base/base.h"

typedef enum vt_finding_kind {
  VT_EFFUSION,
  VT_ENLARGED_HEART,
  VT_NODULE,
  VT_CONSOLIDATION,
  VT_PNEUMOTHORAX,
  VT_COLLAPSE,
  VT_CAVITY,
  VT_CALCIFICATION,
  VT_FRACTURE,
  VT_NARROWING,
  VT_FINDING_KINDS
} vt_finding_kind;
typedef enum vt_side { VT_SIDE_NONE, VT_SIDE_LEFT, VT_SIDE_RIGHT, VT_SIDES } vt_side;
typedef enum vt_zone { VT_ZONE_NONE, VT_ZONE_UPPER, VT_ZONE_MIDDLE, VT_ZONE_LOWER, VT_ZONES } vt_zone;
typedef enum vt_extent {
  VT_EXTENT_NONE,
  VT_EXTENT_SMALL,
  VT_EXTENT_MEDIUM,
  VT_EXTENT_LARGE,
  VT_EXTENTS
} vt_extent;
/* Against the prior picture; NONE: there is none. */
typedef enum vt_change {
  VT_CHANGE_NONE,
  VT_CHANGE_NEW,
  VT_CHANGE_LARGER,
  VT_CHANGE_SAME,
  VT_CHANGE_SMALLER,
  VT_CHANGE_RESOLVED, /* was there, is not: has no extent */
  VT_CHANGES
} vt_change;
typedef enum vt_device_kind {
  VT_TUBE,
  VT_LINE,
  VT_PACEMAKER,
  VT_CLIP,
  VT_WIRES,
  VT_DEVICE_KINDS
} vt_device_kind;
typedef enum vt_placement {
  VT_PLACEMENT_NONE, /* devices that are not judged */
  VT_PLACEMENT_GOOD,
  VT_PLACEMENT_DEEP,
  VT_PLACEMENT_WRONG_SIDE,
  VT_PLACEMENTS
} vt_placement;
typedef enum vt_chest_style { VT_CHEST_TERSE, VT_CHEST_LIST, VT_CHEST_PROSE, VT_CHEST_STYLES } vt_chest_style;
typedef enum vt_language { VT_ENGLISH, VT_CHINESE, VT_LANGUAGES } vt_language;

typedef struct vt_finding {
  vt_finding_kind kind;
  vt_side side;
  vt_zone zone;
  vt_extent extent;
  vt_change change;
} vt_finding;

typedef struct vt_device {
  vt_device_kind kind;
  vt_placement placement; /* tube and line */
  vt_side side;           /* pacemaker */
} vt_device;

enum { VT_CHEST_FINDINGS = 6, VT_CHEST_DEVICES = 5, VT_CHEST_WORDS = 160 /* more: unparsable */ };

/* What a report says. Findings are sorted by kind, side, zone and differ in these; devices by kind. */
typedef struct vt_chest_facts {
  int findings, devices;
  vt_finding finding[VT_CHEST_FINDINGS];
  vt_device device[VT_CHEST_DEVICES];
} vt_chest_facts;

typedef struct vt_finding_row {
  const char *name;
  bool sided, zoned;
} vt_finding_row;
extern const vt_finding_row vt_finding_rows[VT_FINDING_KINDS];
extern const char *const vt_side_names[VT_SIDES],
    *const vt_zone_names[VT_ZONES], *const vt_extent_names[VT_EXTENTS],
                                        *const vt_change_names[VT_CHANGES],
                                            *const vt_device_names[VT_DEVICE_KINDS],
                                                *const vt_placement_names[VT_PLACEMENTS],
                                                    *const vt_chest_style_names[VT_CHEST_STYLES],
                                                        *const vt_language_names[VT_LANGUAGES];

/* Adds in order; false: no room, not a possible finding or device, or one of its kind, side and zone is
 * there already (an equal one counts as added). */
bool vt_chest_facts_add_finding(vt_chest_facts *facts, vt_finding finding);
bool vt_chest_facts_add_device(vt_chest_facts *facts, vt_device device);
bool vt_chest_facts_equal(const vt_chest_facts *one, const vt_chest_facts *other);

/* The facts as a report; caller frees. `seed` chooses among phrases, templates, orders and which finding is
 * named as absent: the same seed, the same text. */
vt_status vt_chest_report_write(vt_ctx *ctx, const vt_chest_facts *facts, vt_chest_style style,
                                vt_language language, uint64_t seed, char **out);
/* What a text says and in which style. False: unparsable, that is off the grammar, contradictory, or not a
 * possible study; then `out` holds nothing. Either output may be NULL. */
bool vt_chest_report_parse(const char *text, vt_language language, vt_chest_facts *out,
                           vt_chest_style *style);

/* All words of scans, both languages, for every world of scans (papers 13, 35, 36, 37): specials first,
 * digits, English, Chinese. Never changes order: a word's number is its token. */
const char *const *vt_scan_words(int *count);
/* Number of a word; −1: unknown. */
int vt_scan_word(const char *word);
enum { VT_SCAN_WORDS = 700 }; /* most there may ever be */

/* ---- tables of a language ---- */
enum { VT_PHRASES = 4 };
typedef enum vt_slot {
  VT_SLOT_KIND,
  VT_SLOT_SIDE,
  VT_SLOT_ZONE,
  VT_SLOT_EXTENT,
  VT_SLOT_CHANGE, /* as prose ends a sentence */
  VT_SLOT_TREND,  /* as a word */
  VT_SLOT_DEVICE,
  VT_SLOT_PLACEMENT,
  VT_SLOTS
} vt_slot;
typedef enum vt_chest_use {
  VT_USE_FINDING,
  VT_USE_RESOLVED,
  VT_USE_ABSENT,
  VT_USE_NORMAL,
  VT_USE_DEVICE
} vt_chest_use;
/* Sets of kinds: findings with a zone, with a side alone, with neither; devices that are judged, and those of
 * which nothing is said. */
#define VT_OF(kind) (1u << (kind))
#define VT_OF_ZONED (VT_OF(VT_NODULE) | VT_OF(VT_CONSOLIDATION) | VT_OF(VT_CAVITY))
#define VT_OF_SIDED (VT_OF(VT_EFFUSION) | VT_OF(VT_PNEUMOTHORAX) | VT_OF(VT_COLLAPSE))
#define VT_OF_MIDLINE                                                                                        \
  (VT_OF(VT_ENLARGED_HEART) | VT_OF(VT_CALCIFICATION) | VT_OF(VT_FRACTURE) | VT_OF(VT_NARROWING))
#define VT_OF_ANY    (VT_OF_ZONED | VT_OF_SIDED | VT_OF_MIDLINE)
#define VT_OF_JUDGED (VT_OF(VT_TUBE) | VT_OF(VT_LINE))
#define VT_OF_PLAIN  (VT_OF(VT_CLIP) | VT_OF(VT_WIRES))

/* Which findings or devices a template is for: a bit a kind. */
typedef struct vt_chest_template {
  vt_chest_use use;
  unsigned kinds;
  int change;       /* FINDING: 0 only without prior, 1 only with one, −1 either */
  const char *text; /* "there is a {extent} {side} {kind}" */
} vt_chest_template;
typedef struct vt_style_grammar {
  const char *start, *between, *end; /* words before the first item, between items, after the last */
  const vt_chest_template *templates;
  int count;
} vt_style_grammar;
typedef struct vt_chest_grammar {
  const char *const (*kind)[VT_PHRASES]; /* phrases of each value; NULL ends the list */
  const char *const (*side)[VT_PHRASES];
  const char *const (*zone)[VT_PHRASES];
  const char *const (*extent)[VT_EXTENTS][VT_PHRASES]; /* by kind: measures differ */
  const char *const (*change)[VT_PHRASES];
  const char *const (*trend)[VT_PHRASES];
  const char *const (*device)[VT_PHRASES];
  const char *const (*placement)[VT_PHRASES];
  vt_style_grammar style[VT_CHEST_STYLES];
} vt_chest_grammar;
extern const vt_chest_grammar vt_chest_english, vt_chest_chinese;

#endif
