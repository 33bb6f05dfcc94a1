/* The section `context` of instanton.h. */
#include "expect.h"

#include <pthread.h>

static void *error_of_another_thread(void *out) {
  *(int *)out = inst_last_error()[0] == '\0';
  return NULL;
}

int main(void) {
  int major, minor, patch, quiet = 0;
  EXPECT(sscanf(inst_version(), "%d.%d.%d", &major, &minor, &patch) == 3);
  EXPECT(inst_last_error() != NULL && inst_last_error()[0] == '\0');

  inst_context *context = NULL;
  EXPECT_OK(inst_context_new(NULL, &context));
  inst_context_free(context);
  EXPECT_OK(inst_context_new("", &context));
  inst_context_free(context);
  EXPECT_OK(inst_context_new("{device: 'cpu', threads: 2, seed: 7, precision: 'f32'}", &context));
  inst_context_free(context);
  EXPECT_OK(inst_context_new("{\"threads\": 1, /* JSON5 */ seed: 0x10,}", &context));
  inst_context_free(context);
  inst_context_free(NULL);

  EXPECT_STATUS(INST_BAD_SPEC, inst_context_new("{thread: 1}", &context));
  EXPECT_MESSAGE("thread");
  EXPECT_MESSAGE("threads");
  EXPECT_MESSAGE("precision");
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, error_of_another_thread, &quiet) == 0);
  EXPECT(pthread_join(thread, NULL) == 0);
  EXPECT(quiet);

  int64_t needed = 0, again = 0;
  EXPECT_OK(inst_devices(NULL, 0, &needed));
  EXPECT(needed > 2);
  char *text = malloc((size_t)needed + 4);
  EXPECT(text != NULL);
  memset(text, '#', (size_t)needed + 4);
  EXPECT_OK(inst_devices(text, needed, &again));
  EXPECT(again == needed && (int64_t)strlen(text) == needed - 1);
  EXPECT(text[0] == '[' && strstr(text, "cpu") != NULL);
  EXPECT(text[needed] == '#');
  text[0] = '#';
  EXPECT_OK(inst_devices(text, 3, &again));
  EXPECT(again == needed && strlen(text) == 2 && text[0] == '[');
  free(text);
  return report("context");
}
