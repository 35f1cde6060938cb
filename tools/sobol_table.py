#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""src/math/sobol_table.h: primitive polynomials and initial direction numbers of Joe and Kuo (2008), set new-joe-kuo-6, first 256
dimensions, read from the copy that scipy distributes (scipy/stats/_sobol_direction_numbers.npz).

  tools/sobol_table.py > src/math/sobol_table.h"""
import os

import numpy as np
import scipy.stats

DIMENSIONS = 256


def main():
    facts = np.load(os.path.join(os.path.dirname(scipy.stats.__file__), "_sobol_direction_numbers.npz"))
    numbers = []
    for polynomial, initial in zip(facts["poly"][:DIMENSIONS], facts["vinit"]):
        degree = int(polynomial).bit_length() - 1
        numbers += [int(polynomial)] + [int(m) for m in initial[:degree]]
    print("""/* SPDX-License-Identifier: Apache-2.0
 *
 * Made by tools/sobol_table.py. Numbers from S. Joe, F. Y. Kuo: "Constructing Sobol sequences with better
 * two-dimensional projections", SIAM J. Sci. Comput. 30 (2008), set new-joe-kuo-6: for each dimension the primitive
 * polynomial as bits (leading and constant term included), then as many initial numbers as its degree.
 */
#ifndef VT_MATH_SOBOL_TABLE_H
#define VT_MATH_SOBOL_TABLE_H

#include <stdint.h>

static const uint16_t sobol_numbers[] = {""")
    line = ""
    for number in numbers:
        piece = f"{number}, "
        if len(line) + len(piece) > 104:
            print("    " + line.rstrip())
            line = ""
        line += piece
    print("    " + line.rstrip().rstrip(",") + "};\n\n#endif")


if __name__ == "__main__":
    main()
