/* SPDX-License-Identifier: Apache-2.0
 *
 * Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy
 * as 1, 2, 3", SC 2011). Key = seed, counter = (index, stream).
 */
#include <math.h>

#include "base/base.h"

uint64_t vt_stream(const char *purpose, uint64_t item)
{
  /* FNV-1a over the purpose, then the item mixed in by the finaliser of SplitMix64 */
  uint64_t hash = 0xcbf29ce484222325u;
  for (const unsigned char *byte = (const unsigned char *)purpose; *byte; byte++)
    hash = (hash ^ *byte) * 0x100000001b3u;
  hash ^= item + 0x9e3779b97f4a7c15u + (hash << 6) + (hash >> 2);
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
  return hash ^ (hash >> 31);
}

void vt_random_bits(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4])
{
  uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream,
                         (uint32_t)(stream >> 32)};
  uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  for (int round = 0; round < 10; round++) {
    uint64_t product0 = (uint64_t)0xD2511F53u * counter[0], product1 = (uint64_t)0xCD9E8D57u * counter[2];
    uint32_t next0 = (uint32_t)(product1 >> 32) ^ counter[1] ^ key[0];
    uint32_t next2 = (uint32_t)(product0 >> 32) ^ counter[3] ^ key[1];
    counter[1] = (uint32_t)product1;
    counter[3] = (uint32_t)product0;
    counter[0] = next0;
    counter[2] = next2;
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  memcpy(out, counter, sizeof counter);
}

static double unit(uint32_t high, uint32_t low)
{
  return (double)((((uint64_t)high << 32) | low) >> 11) * 0x1.0p-53;
}

double vt_random_uniform(uint64_t seed, uint64_t stream, uint64_t index)
{
  uint32_t bits[4];
  vt_random_bits(seed, stream, index, bits);
  return unit(bits[0], bits[1]);
}

double vt_random_normal(uint64_t seed, uint64_t stream, uint64_t index)
{
  uint32_t bits[4];
  vt_random_bits(seed, stream, index, bits);
  double radius = sqrt(-2.0 * log(1.0 - unit(bits[0], bits[1])));
  return radius * cos(6.283185307179586477 * unit(bits[2], bits[3]));
}

uint64_t vt_random_below(uint64_t seed, uint64_t stream, uint64_t index, uint64_t bound)
{
  uint32_t bits[4];
  vt_random_bits(seed, stream, index, bits);
  /* multiply-high of 64 bits: bias below 2^-64 × bound */
  __extension__ typedef unsigned __int128 wide;
  return (uint64_t)(((wide)(((uint64_t)bits[0] << 32) | bits[1]) * bound) >> 64);
}

void vt_random_permutation(uint64_t seed, uint64_t stream, int *order, int count)
{
  for (int i = 0; i < count; i++)
    order[i] = i;
  for (int i = count - 1; i > 0; i--) {
    int j = (int)vt_random_below(seed, stream, (uint64_t)i, (uint64_t)i + 1);
    int swap = order[i];
    order[i] = order[j];
    order[j] = swap;
  }
}
