/* Library of all generated kernels. Macros defined before: LANES (samples in a vector; PAIRED twice as many; TO_DOUBLE,
 * TO_FLOAT and TO_INT convert so many), WORKERS (work-items of a group, all on the same samples), SINGLE (1: numbers are
 * float), WIDE (1: there is double), SUMS (number of sums over samples), AR (address space of values: local or global)
 * and BARRIER.
 *
 *   T, V    a number of the network, and one of each sample
 *   E, D    the same for wide numbers: double, or an unevaluated sum of two floats where there is no double
 *
 * `me` is the work-item. Lanes beyond the last sample repeat it.
 */

/* FUNCTION: always inlined. LARGE: one copy that is called, so that there is less to build; not static, since LLVM 15
 * ends the process on static ones that are given local memory. */
#ifdef __clang__
#define FUNCTION static inline __attribute__((always_inline))
#define LARGE __attribute__((noinline))
#else
#define FUNCTION static inline
#define LARGE
#endif
#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#if SINGLE
typedef float T;
#define BOUND 87.0f
#else
typedef double T;
#define BOUND 708.0
#endif
#if LANES == 1
typedef T V;
#elif SINGLE
typedef CAT(float, LANES) V;
#else
typedef CAT(double, LANES) V;
#endif

/* ---- functions of numbers: NaN gives NaN ------------------------------------------------------------------------- */

LARGE V exp_V(V a) {
  const V low = (V)(-BOUND);
  return exp(a < low ? low : a);
}
LARGE V log_V(V a) { return log(a); }
LARGE V tanh_V(V a) { return tanh(a); }
LARGE V sin_V(V a) { return sin(a); }
LARGE V cos_V(V a) { return cos(a); }
/* The sum with zero removes the sign of a zero. */
LARGE V atan2_V(V y, V x) { return atan2(y + (V)(0), x + (V)(0)); }
LARGE V log1p_V(V a) { return log1p(a); }
LARGE V sigmoid_V(V a) { return (V)(1) / ((V)(1) + exp_V(-a)); }
LARGE V softplus_V(V a) { return fmax(a, (V)(0)) + log1p(exp_V(-fabs(a))); }
/* Numbers that cannot be compared: one of them is NaN, and their sum is. */
FUNCTION V min_V(V a, V b) { return a < b ? a : (b <= a ? b : a + b); }
FUNCTION V max_V(V a, V b) { return a > b ? a : (b >= a ? b : a + b); }

/* ---- wide numbers ------------------------------------------------------------------------------------------------ */

#if WIDE
typedef double E;
#if LANES == 1
typedef double D;
#else
typedef CAT(double, LANES) D;
#endif
#define wide_number(x) ((D)(x))
FUNCTION D widen(V x) { return TO_DOUBLE(x); }
#if SINGLE
FUNCTION V narrow(D x) { return TO_FLOAT(x); }
#else
FUNCTION V narrow(D x) { return x; }
#endif
FUNCTION D wide_add(D a, D b) { return a + b; }
FUNCTION D wide_subtract(D a, D b) { return a - b; }
FUNCTION D wide_multiply(D a, D b) { return a * b; }
FUNCTION D wide_divide(D a, D b) { return a / b; }
LARGE D wide_exp(D a) {
  const D low = (D)(-708.0);
  return exp(a < low ? low : a);
}
LARGE D wide_log(D a) { return log(a); }
LARGE D wide_tanh(D a) { return tanh(a); }
LARGE D wide_sin(D a) { return sin(a); }
LARGE D wide_cos(D a) { return cos(a); }
LARGE D wide_atan2(D y, D x) { return atan2(y + (D)(0), x + (D)(0)); }
LARGE D wide_log1p(D a) { return log1p(a); }
LARGE D wide_sigmoid(D a) { return (D)(1) / ((D)(1) + wide_exp(-a)); }
LARGE D wide_softplus(D a) { return fmax(a, (D)(0)) + log1p(wide_exp(-fabs(a))); }
FUNCTION D wide_sqrt(D a) { return sqrt(a); }
FUNCTION D wide_abs(D a) { return fabs(a); }
FUNCTION D wide_sign(D a) { return a > (D)(0) ? (D)(1) : a < (D)(0) ? (D)(-1) : a; }
FUNCTION D wide_min(D a, D b) { return a < b ? a : (b <= a ? b : a + b); }
FUNCTION D wide_max(D a, D b) { return a > b ? a : (b >= a ? b : a + b); }
FUNCTION D wide_greater(D a, D b) { return a > b ? (D)(1) : (D)(0); }
FUNCTION D wide_select(D a, D yes, D no) { return a > (D)(0) ? yes : no; }
FUNCTION D wide_leaky(D a, D c) { return fmax(a, a * c); }
FUNCTION D wide_slope(D a, D c) { return a > (D)(0) ? (D)(1) : c; }
#define element(x, lane) (((const E *)&(x))[lane])
#define set_element(x, lane, e) (((E *)&(x))[lane] = (e))
FUNCTION E plain_add(E a, E b) { return a + b; }
#else
/* The rounding error of a sum is computed by separate operations: none may be contracted to a multiply-add. */
#pragma OPENCL FP_CONTRACT OFF
/* The larger part in the upper half: one vector, since not all compilers take structures of vectors. */
typedef float2 E;
typedef CAT(float, PAIRED) D;
FUNCTION D join(V high, V low) { D r; r.hi = high; r.lo = low; return r; }
/* Sums and products without loss: T. J. Dekker, Numer. Math. 18, 224 (1971). Built without fast math. */
FUNCTION D renormalized(V a, V b) { const V high = a + b; return join(high, b - (high - a)); }
FUNCTION D two_sum(V a, V b) {
  const V high = a + b, t = high - a;
  return join(high, (a - (high - t)) + (b - t));
}
FUNCTION D two_product(V a, V b) { const V high = a * b; return join(high, fma(a, b, -high)); }
FUNCTION D wide_pair(float x, float y) { return join((V)(x), (V)(y)); }
#define wide_number(x) wide_pair(x, 0.0f)
FUNCTION D widen(V x) { return join(x, (V)(0)); }
FUNCTION V narrow(D x) { return x.hi + x.lo; }
FUNCTION D wide_add(D a, D b) {
  const D s = two_sum(a.hi, b.hi), t = two_sum(a.lo, b.lo);
  const D u = renormalized(s.hi, s.lo + t.hi);
  return renormalized(u.hi, u.lo + t.lo);
}
FUNCTION D wide_subtract(D a, D b) { return wide_add(a, -b); }
FUNCTION D wide_multiply(D a, D b) {
  const D p = two_product(a.hi, b.hi);
  return renormalized(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi));
}
FUNCTION D wide_divide(D a, D b) {
  const V q = a.hi / b.hi;
  const D rest = wide_subtract(a, wide_multiply(widen(q), b));
  return renormalized(q, (rest.hi + rest.lo) / b.hi);
}
/* a, or the result of floats alone, `plain`, where that exceeds the bound or is NaN. */
FUNCTION D within(D a, V plain, float bound) {
  const V most = (V)(bound), zero = (V)(0);
  return join(fabs(plain) <= most ? a.hi : plain, fabs(plain) <= most ? a.lo : zero);
}
/* exp(a) - 1 for |a| < 0.36, by 15 terms of its series: relative error 1e-14. */
LARGE D wide_series(D a) {
  const D one = wide_number(1.0f);
  D s = one;
  for (int n = 15; n > 1; n--) s = wide_add(one, wide_divide(wide_multiply(a, s), wide_number((float)n)));
  return wide_multiply(a, s);
}
LARGE D wide_exp(D a) {
  /* The largest float is exp(88.7228). */
  const V high = (V)(88.72f), low = (V)(-BOUND), x = exp_V(narrow(a));
  a = join(a.hi > high ? high : a.hi, fabs(a.hi) >= high ? (V)(0) : a.lo);
  a.hi = a.hi < low ? low : a.hi;
  /* log 2 in three floats. */
  const V k = rint(a.hi * 1.44269504f);
  D r = wide_subtract(a, two_product(k, (V)(0x1.62e43p-1f)));
  r = wide_subtract(r, two_product(k, (V)(-0x1.05c61p-29f)));
  r = wide_subtract(r, two_product(k, (V)(-0x1.950d88p-54f)));
  const D e = wide_add(wide_number(1.0f), wide_series(r));
  return within(join(ldexp(e.hi, TO_INT(k)), ldexp(e.lo, TO_INT(k))), x, FLT_MAX);
}
/* One step of Newton: log a = x + a exp(-x) - 1 up to (log a - x)^2 / 2. */
LARGE D wide_log(D a) {
  const V x = log(narrow(a));
  const D rest = wide_subtract(wide_multiply(a, wide_exp(widen(-x))), wide_number(1.0f));
  return within(wide_add(widen(x), rest), x, BOUND);
}
/* q / (q + 2) with q = exp(2 a) - 1: no cancellation for small a. */
LARGE D wide_tanh(D a) {
  const V twice = a.hi * 2.0f, bound = (V)(20), edge = (V)(0.35f), zero = (V)(0), x = tanh(narrow(a));
  const V high = fmax(fmin(twice, bound), -bound);
  const D b = join(high, high == twice ? a.lo * 2.0f : zero);
  const D near = wide_series(b), far = wide_subtract(wide_exp(b), wide_number(1.0f));
  const D q = join(fabs(high) < edge ? near.hi : far.hi, fabs(high) < edge ? near.lo : far.lo);
  return within(wide_divide(q, wide_add(q, wide_number(2.0f))), x, FLT_MAX);
}
FUNCTION D wide_leaky(D a, D c) {
  const D b = wide_multiply(a, c);
  const V zero = (V)(0);
  return join(a.hi > zero ? a.hi : b.hi, a.hi > zero ? a.lo : b.lo);
}
FUNCTION D wide_slope(D a, D c) {
  const V zero = (V)(0), one = (V)(1);
  return join(a.hi > zero ? one : c.hi, a.hi > zero ? zero : c.lo);
}
FUNCTION D wide_select(D a, D yes, D no) {
  const V zero = (V)(0), sign = a.hi + a.lo;
  return join(sign > zero ? yes.hi : no.hi, sign > zero ? yes.lo : no.lo);
}
/* One step of Newton from the square root of floats. */
LARGE D wide_sqrt(D a) {
  const V x = sqrt(narrow(a)), zero = (V)(0), one = (V)(1);
  const D rest = wide_subtract(a, two_product(x, x));
  const V step = x > zero ? (rest.hi + rest.lo) / (x > zero ? x + x : one) : zero;
  return within(renormalized(x, step), x, FLT_MAX);
}
FUNCTION D wide_abs(D a) { return wide_select(-a, -a, a); }
FUNCTION D wide_sign(D a) {
  const D one = wide_number(1.0f);
  return wide_select(a, one, wide_select(-a, -one, a));
}
#define LESS(a, b) (((a).hi < (b).hi) | (((a).hi == (b).hi) & ((a).lo < (b).lo)))
FUNCTION D wide_greater(D a, D b) {
  const V zero = (V)(0), one = (V)(1);
  return join(LESS(b, a) ? one : zero, zero);
}
FUNCTION D wide_min(D a, D b) {
  return within(join(LESS(a, b) ? a.hi : b.hi, LESS(a, b) ? a.lo : b.lo), min_V(a.hi, b.hi), FLT_MAX);
}
FUNCTION D wide_max(D a, D b) {
  return within(join(LESS(b, a) ? a.hi : b.hi, LESS(b, a) ? a.lo : b.lo), max_V(a.hi, b.hi), FLT_MAX);
}
/* The sine, or the cosine where `ahead` is one, by the quadrant and 17 terms of its series. */
LARGE D wide_sine(D a, float ahead) {
  /* pi / 2 in three floats. */
  const V k = rint(a.hi * 0.636619772f);
  D r = wide_subtract(a, two_product(k, (V)(0x1.921fb6p+0f)));
  r = wide_subtract(r, two_product(k, (V)(-0x1.777a5cp-25f)));
  r = wide_subtract(r, two_product(k, (V)(-0x1.ee59dap-50f)));
  const D square = wide_multiply(r, r), one = wide_number(1.0f);
  D sine = one, cosine = one;
  for (int n = 16; n > 1; n -= 2) {
    sine = wide_subtract(one, wide_divide(wide_multiply(square, sine), wide_number((float)(n * (n + 1)))));
    cosine = wide_subtract(one, wide_divide(wide_multiply(square, cosine), wide_number((float)(n * (n - 1)))));
  }
  sine = wide_multiply(r, sine);
  /* Quadrants 0 to 3 after `ahead` quarter turns: sine, cosine, -sine, -cosine. */
  const V turn = k + ahead, quadrant = turn - 4.0f * floor(turn * 0.25f), zero = (V)(0);
  const V odd = quadrant - 2.0f * floor(quadrant * 0.5f), upper = quadrant - 1.5f;
  const V high = odd > zero ? cosine.hi : sine.hi, low = odd > zero ? cosine.lo : sine.lo;
  return join(upper > zero ? -high : high, upper > zero ? -low : low);
}
FUNCTION D wide_sin(D a) { return within(wide_sine(a, 0.0f), sin_V(narrow(a)), FLT_MAX); }
FUNCTION D wide_cos(D a) { return within(wide_sine(a, 1.0f), cos_V(narrow(a)), FLT_MAX); }
/* One step of Newton from the angle t of floats: t + (y cos t - x sin t) / (x cos t + y sin t). */
LARGE D wide_atan2(D y, D x) {
  const V t = atan2_V(narrow(y), narrow(x)), zero = (V)(0);
  const D sine = wide_sine(widen(t), 0.0f), cosine = wide_sine(widen(t), 1.0f);
  const D across = wide_subtract(wide_multiply(y, cosine), wide_multiply(x, sine));
  const D along = wide_add(wide_multiply(x, cosine), wide_multiply(y, sine));
  const V step = (across.hi + across.lo) / along.hi, most = (V)(1e-5f);
  return wide_add(widen(t), widen(fabs(step) < most ? step : zero));
}
/* log(1 + a) = x + log(1 + (a - q) exp(-x)) with q = exp(x) - 1, from the logarithm x of floats. */
LARGE D wide_log1p(D a) {
  const V x = log1p_V(narrow(a)), edge = (V)(0.35f), zero = (V)(0), bound = (V)(BOUND);
  const V inside = fabs(x) <= bound ? x : zero;
  const D near = wide_series(widen(inside)), far = wide_subtract(wide_exp(widen(inside)), wide_number(1.0f));
  const D q = join(fabs(inside) < edge ? near.hi : far.hi, fabs(inside) < edge ? near.lo : far.lo);
  const D step = wide_multiply(wide_subtract(a, q), wide_exp(widen(-inside)));
  return within(wide_add(widen(x), step), x, BOUND);
}
LARGE D wide_sigmoid(D a) {
  /* Beyond this bound the exponential alone is left, and products of its parts would overflow. */
  const V least = (V)(-80.0f), zero = (V)(0);
  const D b = join(a.hi < least ? least : a.hi, a.hi < least ? zero : a.lo), one = wide_number(1.0f);
  return wide_divide(one, wide_add(one, wide_exp(-b)));
}
FUNCTION D wide_softplus(D a) {
  const D zero = wide_number(0.0f);
  return wide_add(wide_max(a, zero), wide_log1p(wide_exp(-wide_abs(a))));
}
#define element(x, lane) ((E)(((const float *)&(x))[lane], ((const float *)&(x))[LANES + lane]))
#define set_element(x, lane, e) (((float *)&(x))[lane] = (e).x, ((float *)&(x))[LANES + lane] = (e).y)
FUNCTION E plain_add(E a, E b) {
  const float s = a.hi + b.hi, t = s - a.hi, lost = (a.hi - (s - t)) + (b.hi - t) + (a.lo + b.lo);
  const float high = s + lost;
  return (E)(lost - (high - s), high);
}
#pragma OPENCL FP_CONTRACT ON
#endif

/* The rows of elementwise.rs for wide numbers. */
#define WIDE_Add(a, b, d, c) wide_add(a, b)
#define WIDE_Subtract(a, b, d, c) wide_subtract(a, b)
#define WIDE_Multiply(a, b, d, c) wide_multiply(a, b)
#define WIDE_Divide(a, b, d, c) wide_divide(a, b)
#define WIDE_Scale(a, b, d, c) wide_multiply(a, c)
#define WIDE_Offset(a, b, d, c) wide_add(a, c)
#define WIDE_Exp(a, b, d, c) wide_exp(a)
#define WIDE_Log(a, b, d, c) wide_log(a)
#define WIDE_Tanh(a, b, d, c) wide_tanh(a)
#define WIDE_LeakyRelu(a, b, d, c) wide_leaky(a, c)
#define WIDE_LeakySlope(a, b, d, c) wide_slope(a, c)
#define WIDE_Reciprocal(a, b, d, c) wide_divide(wide_number(1.0f), a)
#define WIDE_Sqrt(a, b, d, c) wide_sqrt(a)
#define WIDE_Sin(a, b, d, c) wide_sin(a)
#define WIDE_Cos(a, b, d, c) wide_cos(a)
#define WIDE_Atan2(a, b, d, c) wide_atan2(a, b)
#define WIDE_Abs(a, b, d, c) wide_abs(a)
#define WIDE_Sign(a, b, d, c) wide_sign(a)
#define WIDE_Min(a, b, d, c) wide_min(a, b)
#define WIDE_Max(a, b, d, c) wide_max(a, b)
#define WIDE_AtLeast(a, b, d, c) wide_max(a, c)
#define WIDE_AtMost(a, b, d, c) wide_min(a, c)
#define WIDE_Greater(a, b, d, c) wide_greater(a, b)
#define WIDE_Select(a, b, d, c) wide_select(a, b, d)
#define WIDE_Log1p(a, b, d, c) wide_log1p(a)
#define WIDE_Sigmoid(a, b, d, c) wide_sigmoid(a)
#define WIDE_Softplus(a, b, d, c) wide_softplus(a)
#define WIDE_Silu(a, b, d, c) wide_multiply(a, wide_sigmoid(a))

/* The sum over the lanes that hold samples, in their order. */
FUNCTION E lanes_sum(const D x, uint samples) {
  E sum = element(x, 0);
  for (uint lane = 1; lane < samples; lane++) sum = plain_add(sum, element(x, lane));
  return sum;
}

/* Adds lanes to a sum over samples, or starts it where is_first. */
FUNCTION void add_to(global E *sum, const D x, uint samples, int is_first) {
  const E part = lanes_sum(x, samples);
  *sum = is_first ? part : plain_add(*sum, part);
}

/* ---- random numbers: the streams of random.rs -------------------------------------------------------------------- */

typedef struct { ulong high, low; } wide_integer;
typedef struct { wide_integer state, increment; } stream;
#define MULTIPLIER 0xda942042e4dd58b5UL
#define GOLDEN 0x9e3779b97f4a7c15UL

FUNCTION wide_integer sum128(wide_integer a, wide_integer b) {
  wide_integer r;
  r.low = a.low + b.low;
  r.high = a.high + b.high + (r.low < a.low);
  return r;
}
FUNCTION wide_integer product128(wide_integer a, wide_integer b) {
  wide_integer r;
  r.low = a.low * b.low;
  r.high = mul_hi(a.low, b.low) + a.high * b.low + a.low * b.high;
  return r;
}
FUNCTION wide_integer times_multiplier(wide_integer a) {
  wide_integer r;
  r.low = a.low * MULTIPLIER;
  r.high = mul_hi(a.low, MULTIPLIER) + a.high * MULTIPLIER;
  return r;
}
FUNCTION ulong mix(ulong z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
  return z ^ (z >> 31);
}
FUNCTION stream stream_of(ulong seed, ulong purpose, ulong counter) {
  const ulong a = mix(seed + GOLDEN), b = mix(a ^ (purpose * GOLDEN)), c = mix(b ^ (counter + GOLDEN));
  const ulong d = mix(c + GOLDEN);
  const ulong high = mix(d ^ b), low = mix(c ^ a);
  stream s;
  s.increment.high = high * 2 + mul_hi(low, (ulong)2);
  s.increment.low = (low << 1) | 1;
  s.state.high = c;
  s.state.low = d;
  s.state = sum128(times_multiplier(sum128(s.state, s.increment)), s.increment);
  return s;
}
FUNCTION void advance(stream *s, ulong draws) {
  wide_integer total = {0, 1}, plus = {0, 0}, by = {0, MULTIPLIER}, add = s->increment;
  const wide_integer one = {0, 1};
  for (; draws > 0; draws >>= 1) {
    if (draws & 1) {
      total = product128(total, by);
      plus = sum128(product128(plus, by), add);
    }
    add = product128(sum128(by, one), add);
    by = product128(by, by);
  }
  s->state = sum128(product128(total, s->state), plus);
}
FUNCTION ulong bits(stream *s) {
  ulong high = s->state.high;
  const ulong low = s->state.low | 1;
  high ^= high >> 32;
  high *= MULTIPLIER;
  high ^= high >> 48;
  high *= low;
  s->state = sum128(times_multiplier(s->state), s->increment);
  return high;
}

/* Standard normal numbers from the 53 bits of two draws. */
#if WIDE
typedef D U;
#define uniform_of(n) ((double)(n) * (1.0 / 9007199254740992.0))
#define set_uniform(u, lane, n) set_element(u, lane, uniform_of(n))
FUNCTION void normal_pair(U u, U v, V *first, V *second) {
  const D radius = sqrt(log((D)(1.0) - u) * (D)(-2.0)), turn = v * (D)(2.0);
  *first = narrow(radius * cospi(turn));
  *second = narrow(radius * sinpi(turn));
}
#else
FUNCTION float log_of_rest(ulong n) {
  const float scale = 1.0f / 9007199254740992.0f;
  return n < (1UL << 52) ? log1p(-(float)n * scale) : log((float)((1UL << 53) - n) * scale);
}
#endif

/* Numbers start .. start + count of each stream. They come in pairs; an odd start leaves out the first one of its pair. */
FUNCTION void normals(AR V *to, global const ulong *key, ulong first, uint samples, uint start, uint count, uint me) {
  const uint skipped = start % 2;
  stream streams[LANES];
  for (uint lane = 0; lane < LANES; lane++) {
    streams[lane] = stream_of(key[0], key[1], key[2] + first + min(lane, samples - 1));
    if (WORKERS > 1 || start > 1) advance(&streams[lane], start - skipped + 2 * me);
  }
  for (uint pair = me; 2 * pair < count + skipped; pair += WORKERS) {
    V x, y;
#if WIDE
    D u, v;
#else
    V u, v, even, odd;
#endif
    for (uint lane = 0; lane < LANES; lane++) {
      const ulong m = bits(&streams[lane]) >> 11, n = bits(&streams[lane]) >> 11;
#if WIDE
      set_uniform(u, lane, m);
      set_uniform(v, lane, n);
#else
      /* n / 2^52 half turns are `quarters` quarter turns and at most an eighth, which a float holds to more digits. */
      const ulong quarters = (n + (1UL << 50)) >> 51;
      const float sign = quarters & 2 ? -1.0f : 1.0f;
      ((float *)&u)[lane] = log_of_rest(m);
      ((float *)&v)[lane] = (float)(long)(n - (quarters << 51)) * (1.0f / 4503599627370496.0f);
      ((float *)&even)[lane] = quarters & 1 ? 0.0f : sign;
      ((float *)&odd)[lane] = quarters & 1 ? sign : 0.0f;
#endif
      if (WORKERS > 1) advance(&streams[lane], 2 * (WORKERS - 1));
    }
#if WIDE
    normal_pair(u, v, &x, &y);
#else
    const V radius = sqrt(u * (V)(-2.0f)), cosine = cospi(v), sine = sinpi(v);
    x = radius * (cosine * even - sine * odd);
    y = radius * (sine * even + cosine * odd);
#endif
    if (2 * pair >= skipped) to[2 * pair - skipped] = x;
    if (2 * pair + 1 < count + skipped) to[2 * pair + 1 - skipped] = y;
  }
}

/* Uniform numbers in [0, 1): the first 24 bits of a draw in float, 53 in double. */
FUNCTION void uniforms(AR V *to, global const ulong *key, ulong first, uint samples, uint start, uint count, uint me) {
  stream streams[LANES];
  for (uint lane = 0; lane < LANES; lane++) {
    streams[lane] = stream_of(key[0], key[1], key[2] + first + min(lane, samples - 1));
    if (WORKERS > 1 || start > 0) advance(&streams[lane], start + me);
  }
  for (uint i = me; i < count; i += WORKERS) {
    V x;
    for (uint lane = 0; lane < LANES; lane++) {
      const ulong n = bits(&streams[lane]);
#if SINGLE
      ((T *)&x)[lane] = (float)(uint)(n >> 40) * (1.0f / 16777216.0f);
#else
      ((T *)&x)[lane] = uniform_of(n >> 11);
#endif
      if (WORKERS > 1) advance(&streams[lane], WORKERS - 1);
    }
    to[i] = x;
  }
}

/* Number `at` of the normal and of the uniform numbers of the streams, as wide numbers: without double the former has the digits
 * of a float, and the latter 48 bits. */
FUNCTION D wide_normals(global const ulong *key, ulong first, uint samples, uint at) {
  D r;
  for (uint lane = 0; lane < LANES; lane++) {
    stream s = stream_of(key[0], key[1], key[2] + first + min(lane, samples - 1));
    if (at > 1) advance(&s, at - at % 2);
    const ulong m = bits(&s) >> 11, n = bits(&s) >> 11;
#if WIDE
    const double turn = uniform_of(n) * 2.0;
    set_element(r, lane, sqrt(log(1.0 - uniform_of(m)) * -2.0) * (at % 2 ? sinpi(turn) : cospi(turn)));
#else
    const float turn = (float)n * (1.0f / 4503599627370496.0f);
    const E e = (E)(0.0f, sqrt(log_of_rest(m) * -2.0f) * (at % 2 ? sinpi(turn) : cospi(turn)));
    set_element(r, lane, e);
#endif
  }
  return r;
}
FUNCTION D wide_uniforms(global const ulong *key, ulong first, uint samples, uint at) {
  D r;
  for (uint lane = 0; lane < LANES; lane++) {
    stream s = stream_of(key[0], key[1], key[2] + first + min(lane, samples - 1));
    if (at > 0) advance(&s, at);
    const ulong n = bits(&s);
#if WIDE
    set_element(r, lane, uniform_of(n >> 11));
#else
    const float high = (float)(uint)(n >> 40) * (1.0f / 16777216.0f);
    const E e = (E)((float)(uint)(n >> 16 & 0xffffffUL) * (1.0f / 281474976710656.0f), high);
    set_element(r, lane, e);
#endif
  }
  return r;
}

/* ---- inputs and outputs, `[sample][number]`: numbers at .. at + count of `whole` --------------------------------- */

FUNCTION void load(AR V *to, global const T *from, ulong first, uint samples, uint whole, uint at, uint count, uint me) {
  for (uint i = me; i < count; i += WORKERS) {
    V x;
    for (uint lane = 0; lane < LANES; lane++)
      ((T *)&x)[lane] = from[(first + min(lane, samples - 1)) * whole + at + i];
    to[i] = x;
  }
}
FUNCTION D load_wide(global const E *from, ulong first, uint samples, uint whole, uint at) {
  D x;
  for (uint lane = 0; lane < LANES; lane++) {
    const E e = from[(first + min(lane, samples - 1)) * whole + at];
    set_element(x, lane, e);
  }
  return x;
}
FUNCTION void store(global T *to, AR const V *from, ulong first, uint samples, uint whole, uint at, uint count, uint me) {
  for (uint i = me; i < count; i += WORKERS) {
    const V x = from[i];
    for (uint lane = 0; lane < samples; lane++) to[(first + lane) * whole + at + i] = ((const T *)&x)[lane];
  }
}
FUNCTION void store_wide(global E *to, const D x, ulong first, uint samples, uint whole, uint at) {
  for (uint lane = 0; lane < samples; lane++) to[(first + lane) * whole + at] = element(x, lane);
}

/* ---- sums over samples ------------------------------------------------------------------------------------------- */

#if SUMS
/* The sums of the jobs of a chunk, one after the other. */
kernel void reduce(global const E *sums, global E *totals, const uint jobs, const uint count) {
  const uint i = get_global_id(0), chunk = get_global_id(1);
  const uint own = min(jobs, count - chunk * jobs);
  if (i >= SUMS) return;
  sums += (size_t)chunk * jobs * SUMS + i;
  E total = sums[0];
  for (uint j = 1; j < own; j++) total = plain_add(total, sums[(size_t)j * SUMS]);
  totals[(size_t)chunk * SUMS + i] = total;
}
#endif
