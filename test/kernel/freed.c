/* Says when memory is freed, or moved, in which 32 bytes stand that SECRET (hex) names. For LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { secret_bytes = 32, looked_at_max = 1 << 20 };

static void (*real_free)(void *);
static void *(*real_realloc)(void *, size_t);
static unsigned char secret[secret_bytes];
static int is_ready;

__attribute__((constructor)) static void prepare(void) {
  real_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
  real_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
  const char *hex = getenv("SECRET");
  if (hex == NULL || strlen(hex) != 2 * secret_bytes) return;
  for (int i = 0; i < secret_bytes; i += 1) {
    unsigned byte = 0;
    if (sscanf(hex + 2 * i, "%2x", &byte) != 1) return;
    secret[i] = (unsigned char)byte;
  }
  is_ready = 1;
}

static void look(void *memory) {
  if (!is_ready || memory == NULL) return;
  size_t size = malloc_usable_size(memory);
  if (size < secret_bytes || size > looked_at_max || memmem(memory, size, secret, secret_bytes) == NULL) return;
  static const char found[] = "freed with the secret in it\n";
  if (write(STDERR_FILENO, found, sizeof found - 1) < 0) _exit(99);
}

void free(void *memory) {
  look(memory);
  if (real_free != NULL) real_free(memory);
}

void *realloc(void *memory, size_t size) {
  look(memory);
  if (real_realloc == NULL) prepare();
  return real_realloc(memory, size);
}
