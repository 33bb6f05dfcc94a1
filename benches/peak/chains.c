/* A plain loop of multiply-adds on registers, in the vectors of the compiler's target: prints operations per second of
 * the thread's time.
 *
 *   chains SECONDS       NUMBER is float or double, BYTES the size of a register, COUNT how many chains run side by side
 *
 * What the library says of the peak of this machine is compared with it (benches/peak/c_loop.rs). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef NUMBER vector __attribute__((vector_size(BYTES)));
enum { WIDTH = BYTES / sizeof(NUMBER), TURNS = 2000 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int main(int argc, char **argv) {
  const double seconds = argc == 2 ? atof(argv[1]) : 0;
  /* Not known to the compiler. */
  volatile NUMBER factor = (NUMBER)0.999, term = (NUMBER)0.001;
  vector x[COUNT];
  const vector a = (vector){0} + factor, b = (vector){0} + term;
  for (int i = 0; i < COUNT; i++) x[i] = (vector){0} + (NUMBER)i * factor;
  const double start = now();
  double elapsed, flops = 0;
  do {
    for (int turn = 0; turn < TURNS; turn++) {
#pragma GCC unroll 32
      for (int i = 0; i < COUNT; i++) x[i] = x[i] * a + b;
    }
    flops += 2.0 * COUNT * WIDTH * TURNS;
    elapsed = now() - start;
  } while (elapsed < seconds);
  double sum = 0;
  for (int i = 0; i < COUNT; i++) sum += (double)x[i][0];
  printf("%.6e\n", sum == sum ? flops / elapsed : 0);
  return 0;
}
