/* SPDX-License-Identifier: Apache-2.0
 *
 * Characters of UTF-8 text and their Unicode classes, as tokenizers need them.
 */
#ifndef VT_DATA_CHARACTERS_H
#define VT_DATA_CHARACTERS_H

#include "base/base.h"

/* Place of the first broken byte; `length` when all is valid UTF-8 without a zero byte. */
size_t vt_utf8_broken(const char *text, size_t length);
/* Code point at the start of valid text of `length` ≥ 1 bytes; its bytes go to `size`. */
int32_t vt_utf8_next(const char *text, size_t length, size_t *size);
size_t vt_utf8_write(int32_t character, char out[4]); /* bytes written */

bool vt_is_space(int32_t character);       /* White_Space */
bool vt_is_letter(int32_t character);      /* L* */
bool vt_is_number(int32_t character);      /* N* */
bool vt_is_mark(int32_t character);        /* Mn */
bool vt_is_control(int32_t character);     /* C* that is assigned, tab and line ends apart */
bool vt_is_punctuation(int32_t character); /* P*, and all ASCII symbols */

#endif
