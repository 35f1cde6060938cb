/* SPDX-License-Identifier: Apache-2.0
 *
 * exp, log, tanh and erf for f32 in arithmetic that compilers turn into SIMD, and names that pick the f32 or
 * f64 function by the type of their argument, so that one loop body serves both. The same operations in the
 * same order everywhere: results do not depend on instruction set or position. tests/ops/test_unary.c states
 * and checks the largest errors against f64.
 */
#ifndef VT_OPS_FAST_MATH_H
#define VT_OPS_FAST_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
#define VT_INLINE static inline __attribute__((always_inline))
#else
#define VT_INLINE static inline
#endif

VT_INLINE float vt_float_of_bits(uint32_t bits)
{
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

VT_INLINE uint32_t vt_bits_of_float(float value)
{
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* e^x = 2^n · e^r with n = round(x / ln 2), |r| ≤ ln 2 / 2, e^r by its Taylor polynomial of degree 7. 2^n is
 * applied in two halves, so that results near overflow and subnormal ones come out right. */
VT_INLINE float vt_exp_f32(float x)
{
  const float shift = 0x1.8p23f; /* adding it leaves an integer in the low bits */
  x = x > 89.0f ? 89.0f : x;
  x = x < -105.0f ? -105.0f : x;
  float shifted = x * 0x1.715476p+0f + shift;
  float n = shifted - shift;
  /* ln 2 in two parts: the first has so few bits that n times it is exact */
  float r = (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
  float y = 1.0f / 5040.0f;
  y = y * r + 1.0f / 720.0f;
  y = y * r + 1.0f / 120.0f;
  y = y * r + 1.0f / 24.0f;
  y = y * r + 1.0f / 6.0f;
  y = y * r + 0.5f;
  y = y * r * r + r + 1.0f;
  uint32_t exponent = vt_bits_of_float(shifted) - 0x4B400000u; /* two's complement of n */
  uint32_t half = (uint32_t)((int32_t)exponent >> 1);
  return y * vt_float_of_bits((half + 127u) << 23) * vt_float_of_bits((exponent - half + 127u) << 23);
}

/* e^x − 1: near 0 the Taylor polynomial of degree 9, which keeps the small values
 * that the difference loses. */
VT_INLINE float vt_expm1_f32(float x)
{
  float y = 1.0f / 362880.0f;
  y = y * x + 1.0f / 40320.0f;
  y = y * x + 1.0f / 5040.0f;
  y = y * x + 1.0f / 720.0f;
  y = y * x + 1.0f / 120.0f;
  y = y * x + 1.0f / 24.0f;
  y = y * x + 1.0f / 6.0f;
  y = y * x + 0.5f;
  y = y * x * x + x;
  return fabsf(x) < 0.5f ? y : vt_exp_f32(x) - 1.0f;
}

/* x = 2^n · m with m in [√½, √2); log m = 2 artanh(s) with s = (m − 1) / (m + 1), its series up to s¹¹. */
VT_INLINE float vt_log_f32(float x)
{
  float scaled = x < 0x1p-126f ? x * 0x1p24f : x; /* subnormal numbers have no exponent of their own */
  uint32_t bits = vt_bits_of_float(scaled);
  uint32_t above = (bits & 0x007fffffu) > 0x003504f3u; /* mantissa beyond √2 */
  float n = (float)(int32_t)((bits >> 23) + above) - 127.0f - (x < 0x1p-126f ? 24.0f : 0.0f);
  float m = vt_float_of_bits((bits & 0x007fffffu) | (0x3f800000u - (above << 23)));
  float s = (m - 1.0f) / (m + 1.0f), square = s * s;
  float y = 2.0f / 11.0f;
  y = y * square + 2.0f / 9.0f;
  y = y * square + 2.0f / 7.0f;
  y = y * square + 2.0f / 5.0f;
  y = y * square + 2.0f / 3.0f;
  y = y * square * s + n * 0x1.7f7d1cp-20f + 2.0f * s + n * 0x1.62e4p-1f;
  y = x == INFINITY ? INFINITY : y;
  y = x == 0.0f ? -INFINITY : y;
  return x < 0.0f || x != x ? NAN : y;
}

/* log(1 + e^−|x|), the part of softplus beside max(x, 0): 2 artanh(e / (2 + e)) with its series up to s¹⁷. */
VT_INLINE float vt_log1p_exp_f32(float x)
{
  float e = vt_exp_f32(-fabsf(x)), s = e / (2.0f + e), square = s * s;
  float y = 2.0f / 17.0f;
  y = y * square + 2.0f / 15.0f;
  y = y * square + 2.0f / 13.0f;
  y = y * square + 2.0f / 11.0f;
  y = y * square + 2.0f / 9.0f;
  y = y * square + 2.0f / 7.0f;
  y = y * square + 2.0f / 5.0f;
  y = y * square + 2.0f / 3.0f;
  return y * square * s + 2.0f * s;
}

VT_INLINE double vt_log1p_exp_f64(double x)
{
  return log1p(exp(-fabs(x)));
}

/* Near 0 the odd Taylor polynomial of degree 11, elsewhere 1 − 2 / (e^2|x| + 1). */
VT_INLINE float vt_tanh_f32(float x)
{
  float square = x * x;
  float near = -1382.0f / 155925.0f;
  near = near * square + 62.0f / 2835.0f;
  near = near * square - 17.0f / 315.0f;
  near = near * square + 2.0f / 15.0f;
  near = near * square - 1.0f / 3.0f;
  near = near * square * x + x;
  float far = 1.0f - 2.0f / (vt_exp_f32(2.0f * fabsf(x)) + 1.0f);
  return square < 0.09f ? near : copysignf(far, x);
}

/* |x| < 1: Taylor series of degree 19. Beyond: 1 − e^(−x²) · P(1 / (1 + x/2)), P fitted to e^(x²) erfc(x)
 * on 1..4.2 by least squares (largest absolute error of erf 5e-9); from 4.2 on erf is 1 in f32. */
VT_INLINE float vt_erf_f32(float x)
{
  float square = x * x;
  float near = -1.0f / 6894720.0f; /* (−1)^n / (n! (2n + 1)) */
  near = near * square + 1.0f / 685440.0f;
  near = near * square - 1.0f / 75600.0f;
  near = near * square + 1.0f / 9360.0f;
  near = near * square - 1.0f / 1320.0f;
  near = near * square + 1.0f / 216.0f;
  near = near * square - 1.0f / 42.0f;
  near = near * square + 0.1f;
  near = near * square - 1.0f / 3.0f;
  near = (near * square * x + x) * 0x1.20dd76p+0f; /* 2 / √π */
  float magnitude = fabsf(x);
  float t = 1.0f / (1.0f + 0.5f * magnitude);
  float tail = -0.23103592f;
  tail = tail * t + 0.63737154f;
  tail = tail * t - 0.0652748f;
  tail = tail * t + 0.39727998f;
  tail = tail * t + 0.2595608f;
  tail = tail * t + 0.00183879f;
  float far = 1.0f - vt_exp_f32(-square) * tail;
  return magnitude < 1.0f ? near : copysignf(far, x);
}

#define VT_EXP(x)       _Generic((x), float : vt_exp_f32, double : exp)(x)
#define VT_EXPM1(x)     _Generic((x), float : vt_expm1_f32, double : expm1)(x)
#define VT_LN(x)        _Generic((x), float : vt_log_f32, double : log)(x)
#define VT_LOG1P_EXP(x) _Generic((x), float : vt_log1p_exp_f32, double : vt_log1p_exp_f64)(x)
#define VT_TANH(x)      _Generic((x), float : vt_tanh_f32, double : tanh)(x)
#define VT_ERF(x)       _Generic((x), float : vt_erf_f32, double : erf)(x)

/* Of the C library, by type. */
#define VT_BY_TYPE(name, x) _Generic((x), float : name##f, double : name)(x)

#endif
