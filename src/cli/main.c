/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "vitrail/base.h"

int main(void)
{
  printf("vitrail %s\n", vt_version());
  return 0;
}
