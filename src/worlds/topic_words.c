/* SPDX-License-Identifier: Apache-2.0 */
#include "worlds/topic_words.h"

const char *const vt_topic_names[VT_TOPICS] = {"sport", "science", "trade", "state", "kitchen", "sea"};

const char *const vt_topic_actors[VT_TOPICS * VT_TOPIC_ACTORS] = {
    "goalkeeper", "coach",      "runner",    "striker",    "referee",      "swimmer",   "captain",
    "defender",   "chemist",    "physicist", "botanist",   "engineer",     "geologist", "astronomer",
    "biologist",  "analyst",    "banker",    "merchant",   "broker",       "investor",  "retailer",
    "trader",     "accountant", "importer",  "minister",   "senator",      "mayor",     "judge",
    "envoy",      "governor",   "deputy",    "chancellor", "cook",         "baker",     "waiter",
    "butcher",    "brewer",     "chef",      "grocer",     "confectioner", "sailor",    "diver",
    "helmsman",   "fisher",     "pilot",     "boatswain",  "rower",        "lifeguard",
};
const char *const vt_topic_deeds[VT_TOPICS * VT_TOPIC_DEEDS] = {
    "kicked",   "caught",   "scored",   "passed",   "trained",    "dribbled", "tackled",  "served",
    "measured", "analysed", "isolated", "observed", "calibrated", "modelled", "detected", "tested",
    "sold",     "bought",   "priced",   "financed", "exported",   "insured",  "leased",   "taxed",
    "signed",   "vetoed",   "debated",  "ratified", "proposed",   "enforced", "repealed", "annexed",
    "baked",    "fried",    "seasoned", "tasted",   "boiled",     "chopped",  "stirred",  "roasted",
    "anchored", "steered",  "hauled",   "moored",   "launched",   "netted",   "salvaged", "towed",
};
const char *const vt_topic_things[VT_TOPICS * VT_TOPIC_THINGS] = {
    "match",   "penalty",  "trophy",   "goal",    "league",    "racket",     "stadium",  "corner",
    "medal",   "whistle",  "molecule", "sample",  "telescope", "genome",     "crystal",  "theory",
    "reactor", "fossil",   "laser",    "enzyme",  "share",     "bond",       "loan",     "contract",
    "stock",   "currency", "invoice",  "cargo",   "profit",    "tariff",     "treaty",   "election",
    "law",     "ballot",   "border",   "decree",  "alliance",  "parliament", "embassy",  "reform",
    "soup",    "loaf",     "sauce",    "pancake", "stew",      "pie",        "omelette", "salad",
    "roast",   "pudding",  "anchor",   "sail",    "hull",      "net",        "reef",     "lighthouse",
    "oar",     "tide",     "buoy",     "trawler",
};
const char *const vt_topic_scenes[VT_TOPICS * VT_TOPIC_SCENES] = {
    "field",   "arena",   "gymnasium", "track",    "pool",      "laboratory", "observatory", "greenhouse",
    "archive", "quarry",  "exchange",  "bank",     "warehouse", "fair",       "branch",      "senate",
    "court",   "capital", "palace",    "ministry", "bistro",    "pantry",     "canteen",     "tavern",
    "cellar",  "dock",    "bay",       "coast",    "shipyard",  "lagoon",
};
const char *const vt_topic_qualities[VT_TOPICS * VT_TOPIC_QUALITIES] = {
    "athletic",   "unbeaten", "offside",   "sporting",    "breathless", "nimble",    "molecular", "optical",
    "empirical",  "magnetic", "organic",   "statistical", "profitable", "costly",    "wholesale", "solvent",
    "commercial", "thrifty",  "federal",   "public",      "diplomatic", "electoral", "national",  "civic",
    "crispy",     "salty",    "creamy",    "spicy",       "juicy",      "tender",    "stormy",    "tidal",
    "nautical",   "coastal",  "seaworthy", "briny",
};
