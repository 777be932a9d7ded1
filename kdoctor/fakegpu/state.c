#include "state.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Which of the two this is: "libcuda" or "libnvidia-ml", given by the compiler's command line. */
#ifndef LIBRARY
#error "compile with -DLIBRARY=..."
#endif

#define MAX_LINES 512
#define KEY_SIZE 96
#define VALUE_SIZE 512

struct line {
    char key[KEY_SIZE];
    char value[VALUE_SIZE];
};

static struct line lines[MAX_LINES];
static int line_count;
static bool readable;

static long long number(const char *text, long long fallback)
{
    return text ? strtoll(text, NULL, 0) : fallback;
}

static int act(const char *fault)
{
    if (!fault)
        return 0;
    if (!strncmp(fault, "hang:", 5)) {
        sleep((unsigned)atoi(fault + 5));
        return 0;
    }
    if (!strcmp(fault, "crash"))
        raise(SIGSEGV);
    if (!strcmp(fault, "abort"))
        abort();
    if (!strncmp(fault, "exit:", 5))
        _exit(atoi(fault + 5));
    if (!strncmp(fault, "spew:", 5)) {
        puts(fault + 5);
        fflush(stdout);
        return 0;
    }
    return (int)number(fault, 0);
}

/* Read once, when the library is opened: no call is then the first one, and none needs a lock. */
__attribute__((constructor)) static void read_state(void)
{
    const char *path = getenv("KDOCTOR_FAKE_GPU");
    FILE *file = path ? fopen(path, "r") : NULL;
    char text[KEY_SIZE + VALUE_SIZE];

    if (!file) {
        fprintf(stderr, "fake-gpu: no state file: KDOCTOR_FAKE_GPU=%s\n", path ? path : "(unset)");
        return;
    }
    readable = true;
    while (line_count < MAX_LINES && fgets(text, sizeof text, file)) {
        char *value = strchr(text, '=');
        struct line *line = &lines[line_count];

        if (text[0] == '#' || !value)
            continue;
        *value++ = '\0';
        value[strcspn(value, "\r\n")] = '\0';
        snprintf(line->key, sizeof line->key, "%.*s", KEY_SIZE - 1, text);
        snprintf(line->value, sizeof line->value, "%.*s", VALUE_SIZE - 1, value);
        line_count++;
    }
    fclose(file);
    act(state_text(LIBRARY ".dlopen", NULL));
}

bool state_is_readable(void)
{
    return readable;
}

const char *state_text(const char *key, const char *fallback)
{
    for (int i = 0; i < line_count; i++)
        if (!strcmp(lines[i].key, key))
            return lines[i].value;
    return fallback;
}

long long state_number(const char *key, long long fallback)
{
    return number(state_text(key, NULL), fallback);
}

const char *gpu_text(unsigned gpu, const char *key, const char *fallback)
{
    char full[KEY_SIZE];
    const char *value;

    snprintf(full, sizeof full, "gpu%u.%s", gpu, key);
    value = state_text(full, NULL);
    if (value)
        return value;
    snprintf(full, sizeof full, "gpu.%s", key);
    return state_text(full, fallback);
}

long long gpu_number(unsigned gpu, const char *key, long long fallback)
{
    return number(gpu_text(gpu, key, NULL), fallback);
}

bool gpu_has(unsigned gpu, const char *key)
{
    return gpu_text(gpu, key, NULL) != NULL;
}

void gpu_uuid(unsigned gpu, char *out)
{
    char made[64];

    snprintf(made, sizeof made, "GPU-%08x-0000-4000-8000-%012x", (gpu + 1) * 0x11111111u, gpu);
    snprintf(out, 64, "%s", gpu_text(gpu, "uuid", made));
}

void mig_uuid(unsigned gpu, unsigned instance, char *out)
{
    char made[64];

    snprintf(made, sizeof made, "MIG-%08x-0000-5000-8000-%012x", instance, gpu);
    snprintf(out, 64, "%s", instance == 1 ? gpu_text(gpu, "mig_uuid", made) : made);
}

void state_trace(const char *function)
{
    if (state_number("trace", 0))
        fprintf(stderr, "fake-gpu: %s\n", function);
}

int state_fault(const char *function)
{
    state_trace(function);
    return act(state_text(function, NULL));
}

int gpu_fault(unsigned gpu, const char *function)
{
    const char *fault = gpu_text(gpu, function, NULL);

    if (!fault)
        return state_fault(function);
    state_trace(function);
    return act(fault);
}
