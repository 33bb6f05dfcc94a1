/* What all generated kernels are made with. Defined before: LANES (samples in a vector; PAIRED twice as many; TO_DOUBLE,
 * TO_FLOAT and TO_INT convert so many), WORKERS (work-items of a group, all on the same samples), SINGLE (1: numbers are
 * float), WIDE (1: there is double), SUMS (how many sums over samples there are), AR (where values lie: local or global)
 * and BARRIER.
 *
 *   T, V    a number of the network, and one of each sample
 *   E, D    the same for wide numbers: double, or an unevaluated sum of two floats where there is no double
 *
 * `me` is the work-item. Lanes behind the last sample repeat it.
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

/* ---- functions of numbers: what is not a number stays so --------------------------------------------------------- */

LARGE V exp_V(V a) {
  const V high = (V)(BOUND), low = (V)(-BOUND);
  a = a > high ? high : a;
  return exp(a < low ? low : a);
}
LARGE V log_V(V a) { return log(a); }
LARGE V tanh_V(V a) { return tanh(a); }

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
  const D high = (D)(708.0), low = (D)(-708.0);
  a = a > high ? high : a;
  return exp(a < low ? low : a);
}
LARGE D wide_log(D a) { return log(a); }
LARGE D wide_tanh(D a) { return tanh(a); }
FUNCTION D wide_leaky(D a, D c) { return fmax(a, a * c); }
FUNCTION D wide_slope(D a, D c) { return a > (D)(0) ? (D)(1) : c; }
#define element(x, lane) (((const E *)&(x))[lane])
#define set_element(x, lane, e) (((E *)&(x))[lane] = (e))
FUNCTION E plain_add(E a, E b) { return a + b; }
#else
/* What is lost in a sum is what is left of it as written: nothing is joined to one operation. */
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
/* What floats alone gave where that is beyond a bound, or not a number. */
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
  const V high = (V)(BOUND), low = (V)(-BOUND), x = exp_V(narrow(a));
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
/* q / (q + 2) with q = exp(2 a) - 1, which small numbers keep their digits in. */
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
#define WIDE_Add(a, b, c) wide_add(a, b)
#define WIDE_Subtract(a, b, c) wide_subtract(a, b)
#define WIDE_Multiply(a, b, c) wide_multiply(a, b)
#define WIDE_Divide(a, b, c) wide_divide(a, b)
#define WIDE_Scale(a, b, c) wide_multiply(a, c)
#define WIDE_Offset(a, b, c) wide_add(a, c)
#define WIDE_Exp(a, b, c) wide_exp(a)
#define WIDE_Log(a, b, c) wide_log(a)
#define WIDE_Tanh(a, b, c) wide_tanh(a)
#define WIDE_LeakyRelu(a, b, c) wide_leaky(a, c)
#define WIDE_LeakySlope(a, b, c) wide_slope(a, c)

/* The sum over the first lanes, one after the other. */
FUNCTION E lanes_sum(const D x, uint samples) {
  E sum = element(x, 0);
  for (uint lane = 1; lane < samples; lane++) sum = plain_add(sum, element(x, lane));
  return sum;
}

/* Adds to a sum over samples, or begins it. */
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

FUNCTION void normals(AR V *to, global const ulong *key, ulong first, uint samples, uint count, uint me) {
  stream streams[LANES];
  for (uint lane = 0; lane < LANES; lane++) {
    streams[lane] = stream_of(key[0], key[1], key[2] + first + min(lane, samples - 1));
    if (WORKERS > 1) advance(&streams[lane], 2 * me);
  }
  for (uint pair = me; 2 * pair < count; pair += WORKERS) {
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
      /* n / 2^52 half turns are `quarters` quarter turns and an eighth at most, which a float has more digits of. */
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
    to[2 * pair] = x;
    if (2 * pair + 1 < count) to[2 * pair + 1] = y;
  }
}

/* ---- inputs and outputs, `[sample][number]` ---------------------------------------------------------------------- */

FUNCTION void load(AR V *to, global const T *from, ulong first, uint samples, uint count, uint me) {
  for (uint i = me; i < count; i += WORKERS) {
    V x;
    for (uint lane = 0; lane < LANES; lane++)
      ((T *)&x)[lane] = from[(first + min(lane, samples - 1)) * count + i];
    to[i] = x;
  }
}
FUNCTION D load_wide(global const E *from, ulong first, uint samples) {
  D x;
  for (uint lane = 0; lane < LANES; lane++) {
    const E e = from[first + min(lane, samples - 1)];
    set_element(x, lane, e);
  }
  return x;
}
FUNCTION void store(global T *to, AR const V *from, ulong first, uint samples, uint count, uint me) {
  for (uint i = me; i < count; i += WORKERS) {
    const V x = from[i];
    for (uint lane = 0; lane < samples; lane++) to[(first + lane) * count + i] = ((const T *)&x)[lane];
  }
}
FUNCTION void store_wide(global E *to, const D x, ulong first, uint samples) {
  for (uint lane = 0; lane < samples; lane++) to[first + lane] = element(x, lane);
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
