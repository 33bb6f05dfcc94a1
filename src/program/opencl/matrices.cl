/* Matrices in private memory, [row][column][part]: n rows, and numbers of 1 part (real) or 2 (complex). Formulas and
 * references are those of the CPU executor. */

FUNCTION V where_positive(V x, V yes, V no) { return x > (V)(0) ? yes : no; }
#if LANES == 1
#define ANY(x) (x)
#else
#define ANY(x) any(x)
#endif

/* c = a b, or c += a b; each factor may be replaced by its adjoint. */
FUNCTION void matrix_product(const int n, const int parts, const int adjoint_a, const int adjoint_b, const int adds,
                             const V *a, const V *b, V *c) {
  const V sign_a = (V)(adjoint_a ? -1 : 1), sign_b = (V)(adjoint_b ? -1 : 1);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      V *z = c + (i * n + j) * parts;
      V re = adds ? z[0] : (V)(0), im = adds && parts == 2 ? z[parts - 1] : (V)(0);
      for (int k = 0; k < n; k++) {
        const V *x = a + (adjoint_a ? k * n + i : i * n + k) * parts, *y = b + (adjoint_b ? j * n + k : k * n + j) * parts;
        re += x[0] * y[0];
        if (parts == 2) {
          const V x_im = sign_a * x[1], y_im = sign_b * y[1];
          re -= x_im * y_im;
          im += x[0] * y_im + x_im * y[0];
        }
      }
      z[0] = re;
      if (parts == 2) z[1] = im;
    }
}
FUNCTION void matrix_trace(const int n, const int parts, const int kept, const V *x, V *y) {
  for (int part = 0; part < kept; part++) {
    y[part] = (V)(0);
    for (int i = 0; i < n; i++) y[part] += x[i * (n + 1) * parts + part];
  }
}
FUNCTION void matrix_unit(const int n, const int parts, const int kept, const V *x, V *y) {
  for (int i = 0; i < n * n * parts; i++) y[i] = (V)(0);
  for (int i = 0; i < n; i++)
    for (int part = 0; part < kept; part++) y[i * (n + 1) * parts + part] = x[part];
}
FUNCTION void matrix_adjoint(const int n, const int parts, const V *x, V *y) {
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++)
      for (int part = 0; part < parts; part++) {
        const V z = x[(j * n + i) * parts + part];
        y[(i * n + j) * parts + part] = part ? -z : z;
      }
}
FUNCTION void matrix_antihermitian(const int n, const int parts, const int traceless, const V *x, V *y) {
  V mean = (V)(0);
  if (traceless && parts == 2 && n > 1)
    for (int i = 0; i < n; i++) mean += x[2 * i * (n + 1) + 1] * (V)(1 / (T)n);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      const V *one = x + (i * n + j) * parts, *other = x + (j * n + i) * parts;
      y[(i * n + j) * parts] = (one[0] - other[0]) * (V)(0.5f);
      if (parts == 2) {
        const V im = (one[1] + other[1]) * (V)(0.5f);
        y[2 * (i * n + j) + 1] = i == j ? im - mean : im;
      }
    }
}
FUNCTION void matrix_turned(const int n, const int parts, const V *x, V *y) {
  for (int i = 0; i < n * n; i++) {
    y[2 * i] = -x[2 * i + 1];
    y[2 * i + 1] = x[2 * i];
  }
}
FUNCTION void matrix_combined(const int n, const int parts, const V *w, const V *p, V *y) {
  for (int k = 0; k < n * n * parts; k++) {
    y[k] = (V)(0);
    for (int i = 0; i < n; i++) y[k] += w[i] * p[i * n * n * parts + k];
  }
}
FUNCTION void matrix_overlaps(const int n, const int parts, const V *p, const V *x, V *y) {
  for (int i = 0; i < n; i++) {
    y[i] = (V)(0);
    for (int k = 0; k < n * n * parts; k++) y[i] += p[i * n * n * parts + k] * x[k];
  }
}
FUNCTION void matrix_outer(const int n, const int parts, const V *w, const V *x, V *y) {
  for (int i = 0; i < n; i++)
    for (int k = 0; k < n * n * parts; k++) y[i * n * n * parts + k] = w[i] * x[k];
}

/* ---- exponential: 2^order matrices are one element of the algebra ------------------------------------------------ */

#if SINGLE
#define BLOCKS 3
#define LARGEST_NORM 1.0f
#define TINY 1e-18f
#define LEAST 1e-20f
#else
#define BLOCKS 4
#define LARGEST_NORM 0.25
#define TINY 1e-36
#define LEAST 1e-20
#endif

FUNCTION void algebra_product(const int n, const int parts, const int order, const V *a, const V *b, V *c) {
  const int one = n * n * parts;
  for (int set = 0; set < 1 << order; set++)
    for (int part = 0; part <= set; part++)
      if ((part & set) == part)
        matrix_product(n, parts, 0, 0, part > 0, a + part * one, b + (set ^ part) * one, c + set * one);
}
FUNCTION void matrix_exponential(const int n, const int parts, const int order, const V *arguments, V *y, V *w) {
  const int one = n * n * parts, count = one << order;
  V *x = w, *x2 = x + count, *x3 = x2 + count, *x4 = x3 + count, *sum = x4 + count, *other = sum + count;
  V norm = (V)(0);
  for (int i = 0; i < one; i++) norm += arguments[i] * arguments[i];
  norm = norm * (V)(1 / LARGEST_NORM);
  /* norm = m 4^h with m <= 1: h halvings, 30 at most. */
  V halvings = (V)(0), scale = (V)(1);
  for (int h = 0; h < 30; h++) {
    const V rest = norm * scale * scale - (V)(1);
    halvings += where_positive(rest, (V)(1), (V)(0));
    scale = where_positive(rest, scale * (V)(0.5f), scale);
  }
  for (int i = 0; i < count; i++) {
    x[i] = (V)(0);
    sum[i] = (V)(0);
  }
  for (int k = 0; k <= order; k++)
    for (int i = 0; i < one; i++) x[(k ? one << (k - 1) : 0) + i] = arguments[k * one + i] * scale;
  algebra_product(n, parts, order, x, x, x2);
  algebra_product(n, parts, order, x2, x, x3);
  algebra_product(n, parts, order, x2, x2, x4);
  for (int block = BLOCKS - 1; block >= 0; block--) {
    T factorial[4];
    factorial[0] = 1;
    for (int k = 2; k <= 4 * block; k++) factorial[0] *= k;
    for (int k = 1; k < 4; k++) factorial[k] = factorial[k - 1] * (4 * block + k);
    for (int i = 0; i < count; i++)
      sum[i] += x[i] * (V)(1 / factorial[1]) + x2[i] * (V)(1 / factorial[2]) + x3[i] * (V)(1 / factorial[3]);
    for (int i = 0; i < n; i++) sum[i * (n + 1) * parts] += (V)(1 / factorial[0]);
    if (block > 0) {
      algebra_product(n, parts, order, sum, x4, other);
      for (int i = 0; i < count; i++) sum[i] = other[i];
    }
  }
  for (int h = 0; h < 30; h++) {
    const V rest = halvings - (V)(h);
    if (!ANY(rest > (V)(0))) break;
    algebra_product(n, parts, order, sum, sum, other);
    for (int i = 0; i < count; i++) sum[i] = where_positive(rest, other[i], sum[i]);
  }
  for (int i = 0; i < one; i++) y[i] = sum[count - one + i];
}

/* ---- inverse and determinant ------------------------------------------------------------------------------------- */

/* A pivot z = size length direction: size, length, direction and 1 / z, one after the other. */
FUNCTION void pivot_of(const V re, const V im, V *p) {
  p[0] = fmax(fabs(re), fabs(im));
  const V x = re / p[0], y = im / p[0];
  p[1] = sqrt(x * x + y * y);
  p[2] = x / p[1];
  p[3] = y / p[1];
  p[4] = p[2] / p[1] / p[0];
  p[5] = -p[3] / p[1] / p[0];
}
/* Exchanges rows so that the largest number of column k is on the diagonal; returns the sign. */
FUNCTION V choose_pivot(const int n, const int parts, const int columns, V *rows, const int k) {
  V sign = (V)(1);
  V *one = rows + (k * columns + k) * parts;
  for (int i = k + 1; i < n; i++) {
    V *other = rows + (i * columns + k) * parts;
    V larger = fabs(other[0]) - fabs(one[0]);
    if (parts == 2) larger = fabs(other[0]) + fabs(other[1]) - (fabs(one[0]) + fabs(one[1]));
    sign = where_positive(larger, -sign, sign);
    for (int line = 0; line < (columns - k) * parts; line++) {
      const V a = one[line], b = other[line];
      one[line] = where_positive(larger, b, a);
      other[line] = where_positive(larger, a, b);
    }
  }
  return sign;
}
/* to -= (re + i im) from, for `count` numbers. */
FUNCTION void subtract_row(const int parts, const int count, const V re, const V im, const V *from, V *to) {
  for (int j = 0; j < count; j++) {
    const V x = from[j * parts], y = parts == 2 ? from[j * parts + 1] : (V)(0);
    to[j * parts] -= re * x - im * y;
    if (parts == 2) to[j * parts + 1] -= re * y + im * x;
  }
}
FUNCTION void matrix_inverse(const int n, const int parts, const V *x, V *y, V *rows) {
  const int columns = 2 * n;
  for (int i = 0; i < n; i++)
    for (int j = 0; j < columns * parts; j++)
      rows[i * columns * parts + j] = j < n * parts ? x[i * n * parts + j] : (V)(j == (n + i) * parts);
  for (int k = 0; k < n; k++) {
    choose_pivot(n, parts, columns, rows, k);
    V *own = rows + (k * columns + k) * parts;
    V p[6];
    pivot_of(own[0], parts == 2 ? own[parts - 1] : (V)(0), p);
    for (int j = 0; j < columns - k; j++) {
      const V re = own[j * parts], im = parts == 2 ? own[j * parts + parts - 1] : (V)(0);
      own[j * parts] = re * p[4] - im * p[5];
      if (parts == 2) own[j * parts + 1] = re * p[5] + im * p[4];
    }
    for (int i = 0; i < n; i++)
      if (i != k) {
        V *row = rows + (i * columns + k) * parts;
        subtract_row(parts, columns - k, row[0], parts == 2 ? row[parts - 1] : (V)(0), own, row);
      }
  }
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n * parts; j++) y[i * n * parts + j] = rows[(i * columns + n) * parts + j];
}
FUNCTION void matrix_log_determinant(const int n, const int parts, const V *x, V *y, V *rows) {
  for (int i = 0; i < n * n * parts; i++) rows[i] = x[i];
  V sum = (V)(0), re = (V)(1), im = (V)(0);
  for (int k = 0; k < n; k++) {
    const V sign = choose_pivot(n, parts, n, rows, k);
    V *own = rows + (k * n + k) * parts;
    V p[6];
    pivot_of(own[0], parts == 2 ? own[parts - 1] : (V)(0), p);
    sum += log(p[0]) + log(p[1]);
    const V next = sign * (re * p[2] - im * p[3]);
    im = sign * (re * p[3] + im * p[2]);
    re = next;
    for (int i = k + 1; i < n; i++) {
      V *row = rows + (i * n + k) * parts;
      const V a = row[0], b = parts == 2 ? row[parts - 1] : (V)(0);
      const V factor_re = a * p[4] - b * p[5], factor_im = a * p[5] + b * p[4];
      subtract_row(parts, n - k, factor_re, factor_im, own, row);
    }
  }
  y[0] = sum;
  if (parts == 2) y[1] = atan2(im + (V)(0), re + (V)(0));
}

/* ---- eigenphases ------------------------------------------------------------------------------------------------- */

/* The unitary matrix with the columns (c, s) and (-s*, c) that makes the block a, b, c, d of a matrix diagonal: r holds c
 * and the parts of s. */
FUNCTION void rotation_of(const V *a, const V *b, const V *c, const V *d, V *r) {
  const V zero = (V)(0), one = (V)(1);
  V h[6] = {a[0] - d[0], a[1] - d[1], b[0] + c[0], b[1] + c[1], c[1] - b[1], b[0] - c[0]};
  V square_re = zero, square_im = zero, total = zero;
  for (int k = 0; k < 6; k += 2) {
    square_re += h[k] * h[k] - h[k + 1] * h[k + 1];
    square_im += h[k] * h[k + 1] * (V)(2);
    total += h[k] * h[k] + h[k + 1] * h[k + 1];
  }
  const V length = sqrt(square_re * square_re + square_im * square_im);
  const V re = where_positive(length, square_re / length, one), im = where_positive(length, square_im / length, zero);
  const V large = sqrt((one + fabs(re)) * (V)(0.5f)), small = fabs(im) * (V)(0.5f) / large;
  const V cosine = where_positive(re, large, small);
  V sine = where_positive(re, small, large);
  sine = where_positive(-im, -sine, sine);
  V m[3], norm = zero;
  for (int k = 0; k < 3; k++) {
    m[k] = cosine * h[2 * k] + sine * h[2 * k + 1];
    norm += m[k] * m[k];
  }
  const V turned = where_positive(total - (V)(TINY), norm, zero);
  const V scale = where_positive(turned, where_positive(-m[0], -one, one) / sqrt(norm), zero);
  const V z = where_positive(turned, m[0] * scale, one);
  r[0] = sqrt((one + z) * (V)(0.5f));
  r[1] = m[1] * (V)(0.5f) * scale / r[0];
  r[2] = m[2] * (V)(0.5f) * scale / r[0];
}
/* x = c x + s y and y = c y - s* x; with s* for s where `sign` is -1. */
FUNCTION void rotate(const V *r, const V sign, V *x, V *y) {
  const V im = sign * r[2], a = x[0], b = x[1], c = y[0], d = y[1];
  x[0] = r[0] * a + (r[1] * c - im * d);
  x[1] = r[0] * b + (r[1] * d + im * c);
  y[0] = r[0] * c - (r[1] * a + im * b);
  y[1] = r[0] * d - (r[1] * b - im * a);
}
/* Phases and eigenvectors [component][eigenvector]. */
FUNCTION void eigen(const int n, const V *x, V *phases, V *vectors) {
  V u[18];
  for (int i = 0; i < 2 * n * n; i++) {
    u[i] = x[i];
    vectors[i] = (V)(i % (2 * (n + 1)) == 0);
  }
  for (int sweep = 0; sweep < (n == 3 ? 5 : 2); sweep++)
    for (int p = 0; p < n; p++)
      for (int q = p + 1; q < n; q++) {
        V r[3];
        rotation_of(u + 2 * (p * n + p), u + 2 * (p * n + q), u + 2 * (q * n + p), u + 2 * (q * n + q), r);
        for (int i = 0; i < n; i++) rotate(r, (V)(1), u + 2 * (i * n + p), u + 2 * (i * n + q));
        for (int i = 0; i < n; i++) rotate(r, (V)(-1), u + 2 * (p * n + i), u + 2 * (q * n + i));
        for (int i = 0; i < n; i++) rotate(r, (V)(1), vectors + 2 * (i * n + p), vectors + 2 * (i * n + q));
      }
  for (int i = 0; i < n; i++)
    phases[i] = atan2(u[2 * i * (n + 1) + 1] + (V)(0), u[2 * i * (n + 1)] + (V)(0));
  for (int last = n - 1; last > 0; last--)
    for (int i = 0; i < last; i++) {
      const V low = phases[i], high = phases[i + 1], falls = low - high;
      phases[i] = where_positive(falls, high, low);
      phases[i + 1] = where_positive(falls, low, high);
      for (int row = 0; row < n; row++)
        for (int part = 0; part < 2; part++) {
          V *v = vectors + 2 * (row * n + i) + part;
          const V one = v[0], other = v[2];
          v[0] = where_positive(falls, other, one);
          v[2] = where_positive(falls, one, other);
        }
    }
}
FUNCTION void matrix_phases(const int n, const int parts, const V *x, V *y) {
  V vectors[18];
  eigen(n, x, y, vectors);
}
FUNCTION void matrix_projectors(const int n, const int parts, const V *x, V *y) {
  V phases[3], v[18];
  eigen(n, x, phases, v);
  for (int i = 0; i < n; i++)
    for (int row = 0; row < n; row++)
      for (int column = 0; column < n; column++) {
        const V *a = v + 2 * (row * n + i), *b = v + 2 * (column * n + i);
        V *to = y + 2 * ((i * n + row) * n + column);
        to[0] = a[0] * b[0] + a[1] * b[1];
        to[1] = a[1] * b[0] - a[0] * b[1];
      }
}
FUNCTION void matrix_logarithm(const int n, const int parts, const V *x, V *y) {
  V phases[3], p[54], sum[18];
  matrix_phases(n, parts, x, phases);
  matrix_projectors(n, parts, x, p);
  matrix_combined(n, parts, phases, p, sum);
  matrix_turned(n, parts, sum, y);
}
FUNCTION void matrix_logarithm_derivative(const int n, const int parts, const V *x, const V *e, V *y) {
  V phases[3], v[18], inner[18], product[18];
  eigen(n, x, phases, v);
  matrix_product(n, parts, 1, 0, 0, v, e, product);
  matrix_product(n, parts, 0, 0, 0, product, v, inner);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      V *z = inner + 2 * (i * n + j);
      const V gap = fmax(fabs(phases[i] - phases[j]) * (V)(0.5f), (V)(LEAST)), mean = (phases[i] + phases[j]) * (V)(0.5f);
      const V size = gap / sin(gap), re = size * cos(mean), im = -size * sin(mean), a = z[0], b = z[1];
      z[0] = a * re - b * im;
      z[1] = a * im + b * re;
    }
  matrix_product(n, parts, 0, 0, 0, v, inner, product);
  matrix_product(n, parts, 0, 1, 0, product, v, y);
}
