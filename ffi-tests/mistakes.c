/* Mistakes of a host, one for each definition, that the sanitizers have to report: a result that is written beyond the
 * end of its array (by the library, which cannot know), an object that is never freed, and one array for the results of
 * two threads. */
#include "expect.h"

#include <pthread.h>

static world_type world;
static double log_q[8];

static void *sample(void *result) {
  EXPECT_OK(inst_model_sample(world.model, 0, 8, result, log_q));
  /* Locks inside the calls may order their writes and hide the race: these writes go on for long without a lock. */
  for (int i = 0; i < 100000; i++) ((volatile double *)result)[i % 100] = i;
  return NULL;
}

int main(void) {
  size_t size = sizeof(double) * 64 * 8;
  pthread_t threads[2];
#if defined(BEYOND)
  size -= sizeof(double);
#endif
  double *result = malloc(size);
  world = make_world("{threads: 2}", 8);
  sample(result);
#if defined(RACE)
  for (int i = 0; i < 2; i++) EXPECT(pthread_create(&threads[i], NULL, sample, result) == 0);
  for (int i = 0; i < 2; i++) EXPECT(pthread_join(threads[i], NULL) == 0);
#else
  (void)threads;
#endif
#if defined(LEFT)
  world.model = NULL;
#endif
  free_world(world);
  free(result);
  return report("mistakes");
}
