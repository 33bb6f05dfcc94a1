/* Files that are missing, damaged or cannot be written give their status and a message; what was in
 * memory and on the disk before stays as it was. */
#include "expect.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

enum { L = 4, V = L * L, TRIALS = 48 };

static world_type world, world_6;
static char folder[4096], model_path[8192], chain_path[8192], spoilt_path[8192];
static double probe[V], probe_log_q, chain_field[V];
static inst_chain *chain;

static char *read_file(const char *path, long *size) {
  FILE *file = fopen(path, "rb");
  EXPECT(file != NULL);
  EXPECT(fseek(file, 0, SEEK_END) == 0);
  *size = ftell(file);
  rewind(file);
  char *bytes = malloc((size_t)*size + 1);
  EXPECT(bytes != NULL && fread(bytes, 1, (size_t)*size, file) == (size_t)*size);
  fclose(file);
  return bytes;
}

static void write_file(const char *path, const char *bytes, long size) {
  FILE *file = fopen(path, "wb");
  EXPECT(file != NULL);
  EXPECT(fwrite(bytes, 1, (size_t)size, file) == (size_t)size);
  EXPECT(fclose(file) == 0);
}

static int files_in_folder(void) {
  int count = 0;
  DIR *directory = opendir(folder);
  EXPECT(directory != NULL);
  for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
    count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
  }
  closedir(directory);
  return count;
}

static void expect_chain_untouched(void) {
  double field[V];
  EXPECT_OK(inst_chain_field(chain, field));
  EXPECT(memcmp(field, chain_field, sizeof field) == 0);
}

static void expect_no_model(inst_status expected, const inst_lattice *lattice, const char *path) {
  char place;
  inst_model *model = (inst_model *)(void *)&place;
  EXPECT_STATUS(expected, inst_model_load(lattice, path, &model));
  EXPECT((void *)model == (void *)&place);
}

static void expect_no_chain(inst_status expected, const char *path) {
  EXPECT_STATUS(expected, inst_chain_load(chain, path));
  expect_chain_untouched();
}

/* A cut or longer file is refused. */
static void cut_files(void) {
  long size;
  char *bytes = read_file(model_path, &size);
  for (long n = 0; n < TRIALS; n++) {
    const long length = n < 12 ? n : n == TRIALS - 1 ? size - 1 : size * n / TRIALS;
    write_file(spoilt_path, bytes, length);
    expect_no_model(INST_BAD_INPUT, world.lattice, spoilt_path);
  }
  bytes[size] = '\0';
  write_file(spoilt_path, bytes, size + 1);
  expect_no_model(INST_BAD_INPUT, world.lattice, spoilt_path);
  free(bytes);

  bytes = read_file(chain_path, &size);
  for (long n = 0; n < TRIALS; n++) {
    const long length = n < 12 ? n : n == TRIALS - 1 ? size - 1 : size * n / TRIALS;
    write_file(spoilt_path, bytes, length);
    expect_no_chain(INST_BAD_INPUT, spoilt_path);
  }
  free(bytes);
}

/* Reading a damaged file fails with a message, unless the byte holds nothing that matters (the version that
 * wrote the file): then what is read is what was saved, bit for bit. */
static int is_damage(inst_status status) {
  return status == INST_BAD_INPUT || status == INST_BAD_SHAPE || status == INST_BAD_SPEC;
}

static void flip(char *bytes, long n, long size) {
  static const char masks[] = {0x01, 0x10, 0x04, (char)0x80};
  bytes[size * n / (4 * TRIALS)] ^= masks[n % 4];
}

static void flipped_models(void) {
  long size, refused = 0;
  char *bytes = read_file(model_path, &size);
  for (long n = 0; n < 4 * TRIALS; n++) {
    inst_model *model = NULL;
    double log_q;
    flip(bytes, n, size);
    write_file(spoilt_path, bytes, size);
    flip(bytes, n, size);
    const inst_status status = inst_model_load(world.lattice, spoilt_path, &model);
    if (status == INST_OK) {
      EXPECT_OK(inst_model_log_density(model, 1, probe, &log_q));
      EXPECT(log_q == probe_log_q);
      inst_model_free(model);
    } else {
      EXPECT(is_damage(status) && model == NULL && inst_last_error()[0] != '\0');
      refused++;
    }
  }
  EXPECT(refused > 3 * TRIALS);
  free(bytes);
}

static void flipped_chains(void) {
  long size, refused = 0;
  char *bytes = read_file(chain_path, &size);
  for (long n = 0; n < 4 * TRIALS; n++) {
    flip(bytes, n, size);
    write_file(spoilt_path, bytes, size);
    flip(bytes, n, size);
    const inst_status status = inst_chain_load(chain, spoilt_path);
    EXPECT(status == INST_OK || is_damage(status));
    refused += status != INST_OK;
    expect_chain_untouched();
  }
  EXPECT(refused > 2 * TRIALS);
  free(bytes);
}

static void wrong_files(void) {
  char missing[9000];
  snprintf(missing, sizeof missing, "%s/missing", folder);
  expect_no_model(INST_IO, world.lattice, missing);
  expect_no_model(INST_IO, world.lattice, folder);
  expect_no_model(INST_IO, world.lattice, "");
  expect_no_chain(INST_IO, missing);
  expect_no_chain(INST_IO, folder);

  expect_no_model(INST_BAD_INPUT, world.lattice, chain_path);
  expect_no_chain(INST_BAD_INPUT, model_path);
  expect_no_model(INST_BAD_SHAPE, world_6.lattice, model_path);
  EXPECT_MESSAGE("4");
  EXPECT_MESSAGE("6");
  inst_chain *other;
  EXPECT_OK(inst_chain_new(world_6.action, NULL, "{type: 'hmc'}", &other));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_chain_load(other, chain_path));
  inst_chain_free(other);
  EXPECT_OK(inst_chain_new(world.action, NULL, "{type: 'hmc', steps: 3}", &other));
  EXPECT_STATUS(INST_BAD_SPEC, inst_chain_load(other, chain_path));
  inst_chain_free(other);

  inst_model *model = NULL;
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_model_load(NULL, model_path, &model));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_model_load(world.lattice, NULL, &model));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_model_load(world.lattice, model_path, NULL));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_model_save(NULL, model_path));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_model_save(world.model, NULL));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_chain_save(NULL, chain_path));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_chain_save(chain, NULL));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_chain_load(NULL, chain_path));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_chain_load(chain, NULL));
  EXPECT(model == NULL);
}

static void expect_no_save(const char *path) {
  EXPECT_STATUS(INST_IO, inst_model_save(world_6.model, path));
  EXPECT_STATUS(INST_IO, inst_chain_save(chain, path));
}

static void unwritable_files(void) {
  char path[9000];
  long size, size_after;
  snprintf(path, sizeof path, "%s/missing/file", folder);
  expect_no_save(path);
  expect_no_save(folder);
  expect_no_save("/dev/full");
  expect_no_save("");

  /* A disk that is full after the first hundred bytes: the old file stays, and nothing beside it. */
  char *before = read_file(model_path, &size);
  const int files = files_in_folder();
  struct rlimit old, small;
  EXPECT(getrlimit(RLIMIT_FSIZE, &old) == 0);
  small = old;
  small.rlim_cur = 100;
  signal(SIGXFSZ, SIG_IGN);
  EXPECT(setrlimit(RLIMIT_FSIZE, &small) == 0);
  expect_no_save(model_path);
  EXPECT(setrlimit(RLIMIT_FSIZE, &old) == 0);
  signal(SIGXFSZ, SIG_DFL);
  char *after = read_file(model_path, &size_after);
  EXPECT(size == size_after && memcmp(before, after, (size_t)size) == 0);
  EXPECT(files_in_folder() == files);
  free(before);
  free(after);

  /* A read-only folder; the superuser, who may write anywhere, becomes another user. */
  EXPECT(chmod(folder, 0555) == 0);
  const uid_t user = geteuid();
  if (user == 0) EXPECT(seteuid(65534) == 0);
  snprintf(path, sizeof path, "%s/new", folder);
  expect_no_save(path);
  if (user == 0) EXPECT(seteuid(0) == 0);
  EXPECT(chmod(folder, 0755) == 0);
  EXPECT(files_in_folder() == files);
}

int main(void) {
  uint64_t random = 6;
  make_folder("instanton-bad-files-", folder, sizeof folder);
  snprintf(model_path, sizeof model_path, "%s/model.safetensors", folder);
  snprintf(chain_path, sizeof chain_path, "%s/chain.safetensors", folder);
  snprintf(spoilt_path, sizeof spoilt_path, "%s/spoilt.safetensors", folder);
  world = make_world("{threads: 1}", L);
  world_6 = make_world("{threads: 1}", 6);
  for (int i = 0; i < V; i++) probe[i] = 0.3 * normal(&random);
  EXPECT_OK(inst_model_log_density(world.model, 1, probe, &probe_log_q));
  EXPECT_OK(inst_chain_new(world.action, NULL, "{type: 'hmc'}", &chain));
  int32_t accepted;
  double value, delta;
  for (int n = 0; n < 5; n++) EXPECT_OK(inst_chain_step(chain, &accepted, &value, &delta));
  EXPECT_OK(inst_chain_field(chain, chain_field));
  EXPECT_OK(inst_model_save(world.model, model_path));
  EXPECT_OK(inst_chain_save(chain, chain_path));

  cut_files();
  flipped_models();
  flipped_chains();
  wrong_files();
  unwritable_files();

  inst_chain_free(chain);
  free_world(world);
  free_world(world_6);
  remove(model_path);
  remove(chain_path);
  remove(spoilt_path);
  EXPECT(rmdir(folder) == 0);
  return report("bad_files");
}
