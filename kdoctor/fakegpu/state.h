/* What the fake driver libraries know: the text file named by $KDOCTOR_FAKE_GPU.
 *
 * A line is "key=value"; an empty line or one that begins with '#' is skipped; the first of two equal keys counts.
 *
 *   driver_version=550.54.15     what NVML calls the driver's version
 *   gpu.name=NVIDIA A100         for every GPU
 *   gpu1.name=Tesla K80          for GPU 1 only; wins over "gpu.name"
 *   cuInit=999                   a fault: this function returns 999
 *   gpu1.nvmlDeviceGetName=15    a fault of one GPU
 *   nvmlInit=hang:30             other faults: hang:SECONDS, crash, abort, exit:CODE, spew:TEXT
 *   libcuda.dlopen=crash         a fault while the library is being opened; libnvidia-ml.dlopen for the other
 *   trace=1                      name every function called on stderr, one a line: "fake-gpu: cuInit"
 *
 * Numbers are decimal or 0x hexadecimal. docs/fake.md lists every key.
 */
#ifndef KDOCTOR_FAKE_STATE_H
#define KDOCTOR_FAKE_STATE_H

#include <stdbool.h>

/* Everything else is hidden, so that the two libraries can live in one process without sharing a symbol. */
#define EXPORT __attribute__((visibility("default")))

/* Returned by cuInit and nvmlInit where the state file cannot be read: CUDA_ERROR_UNKNOWN, NVML_ERROR_UNKNOWN. */
#define STATE_UNREADABLE 999

bool state_is_readable(void);

/* The value of a key, or `fallback`, which may be NULL. */
const char *state_text(const char *key, const char *fallback);
long long state_number(const char *key, long long fallback);

/* The value of "gpu<N>.<key>", else of "gpu.<key>", else `fallback`. */
const char *gpu_text(unsigned gpu, const char *key, const char *fallback);
long long gpu_number(unsigned gpu, const char *key, long long fallback);
bool gpu_has(unsigned gpu, const char *key);

/* "GPU-..." as NVML prints it; differs in its first digit between GPUs. `out` holds 64 bytes. */
void gpu_uuid(unsigned gpu, char *out);

/* "MIG-..." of an instance, the first of which is 1 and takes the key "mig_uuid". `out` holds 64 bytes. */
void mig_uuid(unsigned gpu, unsigned instance, char *out);

/* Do what the state says a function does wrong. Returns its error code, 0 to go on. */
int state_fault(const char *function);
int gpu_fault(unsigned gpu, const char *function);

/* Name a function on stderr where the state asks for it. */
void state_trace(const char *function);

#endif
