/* SPDX-License-Identifier: Apache-2.0 */
#include "worlds/concept_words.h"

const char *const vt_concept_names[VT_CONCEPTS] = {
    "weekdays",  "months",   "festivals", "hours",   "colours",  "shapes",  "textures",
    "sizes",     "patterns", "birds",     "fish",    "insects",  "mammals", "reptiles",
    "carpentry", "cooking",  "gardening", "writing", "sewing",   "waters",  "buildings",
    "landforms", "rooms",    "jobs",      "kin",     "feelings", "limbs",
};

static const char *const time_words[] = {
    "monday",  "tuesday",   "wednesday", "thursday",  "friday",  "saturday", "sunday",   "weekend",
    "january", "february",  "april",     "june",      "july",    "august",   "october",  "december",
    "easter",  "christmas", "carnival",  "midsummer", "ramadan", "diwali",   "hanukkah", "thanksgiving",
    "dawn",    "noon",      "dusk",      "midnight",  "sunrise", "sunset",   "daybreak", "twilight",
};
static const char *const time_companions[] = {
    "meeting", "timetable", "shift",   "deadline", "rent",    "season", "holidays", "invoice",
    "feast",   "parade",    "lantern", "choir",    "shadows", "bell",   "darkness", "clock",
};
static const char *const look_words[] = {
    "red",     "blue",   "green",     "yellow",   "purple",   "black",   "white",   "brown",
    "circle",  "square", "triangle",  "oval",     "cube",     "sphere",  "cone",    "spiral",
    "rough",   "smooth", "sticky",    "furry",    "slippery", "grainy",  "silky",   "bumpy",
    "tiny",    "huge",   "enormous",  "gigantic", "little",   "vast",    "massive", "miniature",
    "striped", "dotted", "checkered", "plaid",    "floral",   "spotted", "zigzag",  "marbled",
};
static const char *const look_companions[] = {
    "paint",  "dye",    "rainbow", "brush", "corner", "edge",  "compass",   "outline", "touch",   "skin",
    "velvet", "gravel", "measure", "crate", "giant",  "dwarf", "wallpaper", "curtain", "blanket", "tiles",
};
static const char *const animal_words[] = {
    "robin", "eagle",  "owl",     "sparrow", "heron", "pigeon",   "swan",      "raven",
    "trout", "salmon", "herring", "carp",    "pike",  "tuna",     "perch",     "eel",
    "bee",   "wasp",   "ant",     "beetle",  "moth",  "cricket",  "ladybird",  "mosquito",
    "wolf",  "bear",   "deer",    "badger",  "otter", "hedgehog", "squirrel",  "fox",
    "snake", "lizard", "turtle",  "gecko",   "viper", "iguana",   "crocodile", "python",
};
static const char *const animal_companions[] = {
    "nest", "wings", "feathers", "beak", "fins",   "gills", "scales", "bait",  "hive", "sting",
    "web",  "swarm", "fur",      "paws", "burrow", "cubs",  "venom",  "shell", "egg",  "fangs",
};
static const char *const tool_words[] = {
    "hammer", "saw",    "chisel",  "drill",    "clamp",       "plane",  "nail",  "sandpaper",
    "spoon",  "pan",    "kettle",  "whisk",    "ladle",       "sieve",  "oven",  "knife",
    "spade",  "rake",   "hoe",     "shears",   "wheelbarrow", "trowel", "hose",  "sprinkler",
    "pencil", "pen",    "chalk",   "crayon",   "quill",       "eraser", "ruler", "notebook",
    "needle", "thread", "thimble", "scissors", "bobbin",      "zipper", "loom",  "button",
};
static const char *const tool_companions[] = {
    "plank", "timber", "workbench", "shelf", "soup", "dough", "recipe", "stew",  "soil",  "seeds",
    "weeds", "hedge",  "letter",    "essay", "poem", "page",  "cloth",  "shirt", "dress", "hem",
};
static const char *const place_words[] = {
    "lake",     "river",   "ocean",    "pond",    "stream",   "waterfall", "lagoon",  "canal",
    "school",   "church",  "hospital", "library", "museum",   "castle",    "factory", "theatre",
    "mountain", "valley",  "hill",     "desert",  "cliff",    "canyon",    "plateau", "island",
    "kitchen",  "bedroom", "attic",    "cellar",  "bathroom", "hallway",   "pantry",  "nursery",
};
static const char *const place_companions[] = {
    "boat", "waves", "ripples", "ferry", "entrance", "roof", "architect", "bricks",
    "path", "rocks", "summit",  "view",  "carpet",   "lamp", "wardrobe",  "ceiling",
};
static const char *const people_words[] = {
    "doctor", "farmer", "teacher", "baker",   "lawyer",   "plumber", "nurse",  "tailor",
    "mother", "father", "sister",  "brother", "uncle",    "aunt",    "cousin", "grandmother",
    "joy",    "anger",  "fear",    "sadness", "pride",    "envy",    "shame",  "hope",
    "arm",    "leg",    "knee",    "elbow",   "shoulder", "ankle",   "wrist",  "finger",
};
static const char *const people_companions[] = {
    "wages", "customer", "uniform", "office", "family", "wedding", "birthday", "inheritance",
    "tears", "smile",    "heart",   "mood",   "pain",   "bandage", "muscle",   "bruise",
};

const vt_super_concept vt_super_concepts[VT_SUPER_CONCEPTS] = {
    {"time", 0, 4, time_words, time_companions},        {"looks", 4, 5, look_words, look_companions},
    {"animals", 9, 5, animal_words, animal_companions}, {"tools", 14, 5, tool_words, tool_companions},
    {"places", 19, 4, place_words, place_companions},   {"people", 23, 4, people_words, people_companions},
};

_Static_assert(sizeof time_words / sizeof *time_words == 4 * VT_CONCEPT_WORDS, "four of time");
_Static_assert(sizeof look_words / sizeof *look_words == 5 * VT_CONCEPT_WORDS, "five of looks");
_Static_assert(sizeof animal_words / sizeof *animal_words == 5 * VT_CONCEPT_WORDS, "five of animals");
_Static_assert(sizeof tool_words / sizeof *tool_words == 5 * VT_CONCEPT_WORDS, "five of tools");
_Static_assert(sizeof place_words / sizeof *place_words == 4 * VT_CONCEPT_WORDS, "four of places");
_Static_assert(sizeof people_words / sizeof *people_words == 4 * VT_CONCEPT_WORDS, "four of people");
_Static_assert(sizeof time_companions / sizeof *time_companions == 4 * VT_CONCEPT_COMPANIONS, "four of time");
_Static_assert(sizeof look_companions / sizeof *look_companions == 5 * VT_CONCEPT_COMPANIONS,
               "five of looks");
_Static_assert(sizeof animal_companions / sizeof *animal_companions == 5 * VT_CONCEPT_COMPANIONS,
               "five of animals");
_Static_assert(sizeof tool_companions / sizeof *tool_companions == 5 * VT_CONCEPT_COMPANIONS,
               "five of tools");
_Static_assert(sizeof place_companions / sizeof *place_companions == 4 * VT_CONCEPT_COMPANIONS,
               "four of places");
_Static_assert(sizeof people_companions / sizeof *people_companions == 4 * VT_CONCEPT_COMPANIONS,
               "four of people");
