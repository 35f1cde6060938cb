/* SPDX-License-Identifier: Apache-2.0 */
#include "data/characters.h"

#include <utf8proc.h>

size_t vt_utf8_broken(const char *text, size_t length)
{
  size_t at = 0;
  while (at < length) {
    utf8proc_int32_t character;
    size_t left = length - at;
    utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                             left < 4 ? (utf8proc_ssize_t)left : 4, &character);
    if (size <= 0 || character == 0) return at;
    at += (size_t)size;
  }
  return length;
}

int32_t vt_utf8_next(const char *text, size_t length, size_t *size)
{
  utf8proc_int32_t character;
  utf8proc_ssize_t taken =
      utf8proc_iterate((const utf8proc_uint8_t *)text, length < 4 ? (utf8proc_ssize_t)length : 4, &character);
  *size = taken > 0 ? (size_t)taken : 1;
  return taken > 0 ? character : 0xfffd;
}

size_t vt_utf8_write(int32_t character, char out[4])
{
  return (size_t)utf8proc_encode_char(character, (utf8proc_uint8_t *)out);
}

bool vt_is_space(int32_t c)
{
  if ((c >= 9 && c <= 13) || c == 0x85) return true;
  utf8proc_category_t category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

bool vt_is_letter(int32_t c)
{
  utf8proc_category_t category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool vt_is_number(int32_t c)
{
  utf8proc_category_t category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

bool vt_is_mark(int32_t c)
{
  return utf8proc_category(c) == UTF8PROC_CATEGORY_MN;
}

bool vt_is_control(int32_t c)
{
  if (c == '\t' || c == '\n' || c == '\r') return false;
  return utf8proc_category(c) >= UTF8PROC_CATEGORY_CC;
}

bool vt_is_punctuation(int32_t c)
{
  if ((c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126))
    return true;
  utf8proc_category_t category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}
