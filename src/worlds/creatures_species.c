/* SPDX-License-Identifier: Apache-2.0
 *
 * Words of creatures, and the two tables of species.
 *
 * A table gives each part a few looks and writes a species as one look of each part, so that a look is
 * shared by several species and no part alone tells which it is. What holds of the tables is checked in
 * tests/worlds/test_creatures.c.
 */
#include "worlds/creatures.h"

const char *const vt_creature_part_names[VT_CREATURE_PARTS] = {"head", "beak", "wing", "body", "tail", "leg"};
const char *const vt_creature_attribute_names[VT_CREATURE_ATTRIBUTES] = {"shape", "colour", "texture"};
const char *const vt_creature_shape_names[VT_CREATURE_PARTS][VT_CREATURE_SHAPES] = {
    [VT_CREATURE_HEAD] = {"round", "long", "square", "crested"},
    [VT_CREATURE_BEAK] = {"cone", "needle", "hooked", "spoon"},
    [VT_CREATURE_WING] = {"leaf", "pointed", "round", "fingered"},
    [VT_CREATURE_BODY] = {"round", "slim", "drop", "boxy"},
    [VT_CREATURE_TAIL] = {"fan", "forked", "long", "plume"},
    [VT_CREATURE_LEG] = {"stilt", "stump", "webbed", "bent"},
};

const char *vt_creature_value_name(vt_creature_part part, vt_creature_attribute attribute, int value)
{
  switch (attribute) {
  case VT_CREATURE_SHAPE:
    return vt_creature_shape_names[part][value];
  case VT_CREATURE_COLOUR:
    return vt_colour_names[value];
  default:
    return vt_texture_names[value];
  }
}

/* clang-format off */
#define LOOK(shape, colour, texture) {{shape, VT_##colour, VT_TEXTURE_##texture}}
/* clang-format on */

/* ---- creatures/odd ----
 * Six pairs of twins. Looks 0 and 1 of a part differ in one attribute; pair p is apart in part p alone, and
 * any two pairs in at least four parts. */
static const vt_trait odd_looks[VT_CREATURE_PARTS][4] = {
    [VT_CREATURE_HEAD] = {LOOK(0, YELLOW, PLAIN), LOOK(0, BLUE, PLAIN), LOOK(3, BLUE, PLAIN)},
    [VT_CREATURE_BEAK] = {LOOK(0, ORANGE, PLAIN), LOOK(0, PURPLE, PLAIN), LOOK(1, PURPLE, PLAIN)},
    [VT_CREATURE_WING] = {LOOK(0, RED, PLAIN), LOOK(0, RED, STRIPED), LOOK(3, CYAN, STRIPED)},
    [VT_CREATURE_BODY] = {LOOK(0, GREEN, PLAIN), LOOK(0, GREEN, DOTTED), LOOK(2, PINK, DOTTED)},
    [VT_CREATURE_TAIL] = {LOOK(0, BLUE, PLAIN), LOOK(0, ORANGE, PLAIN), LOOK(1, ORANGE, PLAIN)},
    [VT_CREATURE_LEG] = {LOOK(0, RED, PLAIN), LOOK(0, WHITE, PLAIN), LOOK(1, WHITE, PLAIN)},
};
static const uint8_t odd_species[12][VT_CREATURE_PARTS] = {
    {0, 2, 1, 2, 1, 2}, {1, 2, 1, 2, 1, 2}, /* head */
    {2, 0, 1, 2, 2, 1}, {2, 1, 1, 2, 2, 1}, /* beak */
    {0, 1, 0, 1, 0, 0}, {0, 1, 1, 1, 0, 0}, /* wing */
    {1, 1, 2, 0, 2, 2}, {1, 1, 2, 1, 2, 2}, /* body */
    {1, 0, 0, 0, 0, 1}, {1, 0, 0, 0, 1, 1}, /* tail */
    {2, 2, 2, 1, 1, 0}, {2, 2, 2, 1, 1, 1}, /* leg */
};
static const char *const odd_names[12] = {"dorin", "dorul",  "keval", "kevun", "mirat", "mirok",
                                          "pelim", "pelash", "sorab", "soren", "tavik", "tavol"};
const vt_creature_table vt_creatures_odd_table = {odd_names, 12, odd_looks, odd_species};

/* ---- creatures/fine ----
 * Five families of four. Inside a family any two species differ in exactly two parts, between families in at
 * least four; each look belongs to three to seven species. */
static const vt_trait fine_looks[VT_CREATURE_PARTS][4] = {
    [VT_CREATURE_HEAD] = {LOOK(0, YELLOW, PLAIN), LOOK(1, RED, PLAIN), LOOK(2, BLUE, PLAIN),
                          LOOK(3, WHITE, PLAIN)},
    [VT_CREATURE_BEAK] = {LOOK(0, ORANGE, PLAIN), LOOK(1, RED, PLAIN), LOOK(2, YELLOW, PLAIN),
                          LOOK(3, BROWN, PLAIN)},
    [VT_CREATURE_WING] = {LOOK(0, PURPLE, PLAIN), LOOK(1, CYAN, STRIPED), LOOK(2, ORANGE, DOTTED),
                          LOOK(3, WHITE, CHECKED)},
    [VT_CREATURE_BODY] = {LOOK(0, GREEN, PLAIN), LOOK(1, PINK, DOTTED), LOOK(2, BROWN, STRIPED),
                          LOOK(3, CYAN, PLAIN)},
    [VT_CREATURE_TAIL] = {LOOK(0, RED, STRIPED), LOOK(1, BLUE, PLAIN), LOOK(2, GREEN, PLAIN),
                          LOOK(3, YELLOW, PLAIN)},
    [VT_CREATURE_LEG] = {LOOK(0, RED, PLAIN), LOOK(1, PURPLE, PLAIN), LOOK(2, ORANGE, PLAIN),
                         LOOK(3, BLUE, PLAIN)},
};
static const uint8_t fine_species[20][VT_CREATURE_PARTS] = {
    {1, 1, 0, 3, 0, 0}, {1, 1, 1, 3, 2, 0}, {1, 1, 0, 0, 2, 0}, {1, 1, 1, 0, 0, 0}, /* wing body tail */
    {3, 0, 1, 1, 1, 1}, {3, 2, 1, 3, 1, 1}, {3, 0, 0, 3, 1, 1}, {3, 2, 0, 1, 1, 1}, /* beak wing body */
    {2, 0, 2, 2, 3, 1}, {2, 3, 2, 2, 3, 0}, {2, 0, 3, 2, 3, 0}, {2, 3, 3, 2, 3, 1}, /* beak wing leg */
    {0, 0, 3, 1, 2, 3}, {0, 3, 3, 1, 2, 2}, {0, 0, 3, 1, 0, 2}, {0, 3, 3, 1, 0, 3}, /* beak tail leg */
    {3, 2, 2, 0, 2, 3}, {2, 2, 2, 0, 2, 2}, {3, 2, 2, 0, 0, 2}, {2, 2, 2, 0, 0, 3}, /* head tail leg */
};
static const char *const fine_names[20] = {"abek",  "abil",  "abon",  "abur",  "garek", "garil", "garon",
                                           "garur", "lomek", "lomil", "lomon", "lomur", "rusek", "rusil",
                                           "ruson", "rusur", "vanek", "vanil", "vanon", "vanur"};
const vt_creature_table vt_creatures_fine_table = {fine_names, 20, fine_looks, fine_species};

/* ---- questions ---- */

vt_trait vt_creature_look(const vt_creature_table *table, int species, vt_creature_part part)
{
  return table->looks[part][table->species[species][part]];
}

unsigned vt_creature_difference(const vt_creature_table *table, int one, int other)
{
  unsigned parts = 0;
  for (int part = 0; part < VT_CREATURE_PARTS; part++)
    if (table->species[one][part] != table->species[other][part]) parts |= 1u << part;
  return parts;
}

static int bits_of(unsigned parts)
{
  int count = 0;
  for (; parts; parts &= parts - 1)
    count++;
  return count;
}

int vt_creature_neighbour(const vt_creature_table *table, int species)
{
  int best = -1, least = VT_CREATURE_PARTS + 1;
  for (int other = 0; other < table->count; other++) {
    int apart = bits_of(vt_creature_difference(table, species, other));
    if (other != species && apart < least) least = apart, best = other;
  }
  return best;
}

int vt_creature_species_of(const vt_creature_table *table, const vt_creature *creature)
{
  for (int species = 0; species < table->count; species++) {
    bool same = true;
    for (int part = 0; part < VT_CREATURE_PARTS && same; part++) {
      vt_trait look = vt_creature_look(table, species, (vt_creature_part)part);
      same = memcmp(&look, &creature->traits[part], sizeof look) == 0;
    }
    if (same) return species;
  }
  return -1;
}
