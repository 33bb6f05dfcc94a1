/* Mistakes of a host, one for each definition, that the sanitizers have to note: a result that is written beyond the end of
 * its array (by the library, which cannot know), an object that is left, and one array for the results of two threads. */
#include "expect.h"

#include <pthread.h>

static world_type world;
static double shared[64 * 8], log_q[8];

static void *sample(void *result) {
  for (int i = 0; i < 20; i++) EXPECT_OK(inst_model_sample(world.model, 0, 8, result, log_q));
  return NULL;
}

int main(void) {
  world = make_world("{threads: 2}", 8);
#if defined(BEYOND)
  double *result = malloc(sizeof(double) * 63);
  EXPECT_OK(inst_model_sample(world.model, 0, 1, result, log_q));
  free(result);
#elif defined(LEFT)
  sample(shared);
  world.model = NULL;
#elif defined(RACE)
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) EXPECT(pthread_create(&threads[i], NULL, sample, shared) == 0);
  for (int i = 0; i < 2; i++) EXPECT(pthread_join(threads[i], NULL) == 0);
#endif
  free_world(world);
  return report("mistakes");
}
