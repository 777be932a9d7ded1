/* A stand-in for NVIDIA's libcuda.so.1: it lists devices and answers questions about them, and does no more.
 *
 * It is enough for a genuine TensorFlow to list GPUs. No context can be made and no memory had: every function that is
 * not here is offered as one that answers CUDA_ERROR_NOT_SUPPORTED. CUDA_DEVICE_ORDER is not looked at.
 */
#define _GNU_SOURCE
#include "state.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    NOT_INITIALIZED = 3,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    NOT_SUPPORTED = 801,
};

#define MAX_GPUS 64

/* The GPUs that this process may see, in the order it sees them; filled by cuInit. */
static unsigned visible[MAX_GPUS];
static int visible_count;
static unsigned chosen_instance[MAX_GPUS];
static bool initialised;

#define REQUIRE(function)                      \
    do {                                       \
        int code_ = state_fault(#function);    \
        if (code_)                             \
            return code_;                      \
        if (!initialised)                      \
            return NOT_INITIALIZED;            \
    } while (0)

#define REQUIRE_DEVICE(device, function)                   \
    do {                                                   \
        int code_;                                         \
        if (!initialised)                                  \
            return NOT_INITIALIZED;                        \
        if ((device) < 0 || (device) >= visible_count)     \
            return INVALID_DEVICE;                         \
        code_ = gpu_fault(visible[(device)], #function);   \
        if (code_)                                         \
            return code_;                                  \
    } while (0)

/* --- Which devices are visible --- */

static int physical_count(void)
{
    long long count = state_number("cuda_device_count", state_number("device_count", 1));

    return count > MAX_GPUS ? MAX_GPUS : (int)count;
}

static bool is_divided(unsigned gpu)
{
    return gpu_number(gpu, "mig", 0);
}

/* A GPU in MIG mode that has no instance is no CUDA device. */
static bool is_usable(unsigned gpu)
{
    return !is_divided(gpu) || gpu_number(gpu, "mig_count", 0) > 0;
}

/* The instance of a GPU in MIG mode that this process sees: the one that it named, or the first. */
static unsigned instance_of(unsigned gpu)
{
    return chosen_instance[gpu] ? chosen_instance[gpu] : 1;
}

static int gpu_of_index(const char *entry)
{
    char *end;
    long index = strtol(entry, &end, 10);

    return end != entry && *end == '\0' && index >= 0 && index < physical_count() ? (int)index : -1;
}

/* "GPU-1111" names the GPU whose UUID begins so, if it is the only one. */
static int gpu_of_uuid(const char *entry)
{
    int found = -1;

    for (int gpu = 0; gpu < physical_count(); gpu++) {
        char uuid[64];

        gpu_uuid((unsigned)gpu, uuid);
        if (strncmp(uuid, entry, strlen(entry)))
            continue;
        if (found >= 0)
            return -1;
        found = gpu;
    }
    return found;
}

/* "MIG-..." names an instance by its whole UUID; as on the real one a process sees one instance of a GPU. */
static int gpu_of_mig(const char *entry)
{
    for (int gpu = 0; gpu < physical_count(); gpu++) {
        long long count = is_divided((unsigned)gpu) ? gpu_number((unsigned)gpu, "mig_count", 0) : 0;

        for (long long instance = 1; instance <= count; instance++) {
            char uuid[64];

            mig_uuid((unsigned)gpu, (unsigned)instance, uuid);
            if (strcmp(uuid, entry))
                continue;
            chosen_instance[gpu] = (unsigned)instance;
            return gpu;
        }
    }
    return -1;
}

static int gpu_of_entry(char *entry)
{
    entry += strspn(entry, " ");
    entry[strcspn(entry, " ")] = '\0';
    if (!strncmp(entry, "GPU-", 4))
        return gpu_of_uuid(entry);
    if (!strncmp(entry, "MIG-", 4))
        return gpu_of_mig(entry);
    return gpu_of_index(entry);
}

/* The rules of the CUDA programming guide (5.2.1.1): unset means all, empty means none, the first invalid entry ends
 * the list. A GPU named twice leaves none. */
static void choose_visible(const char *wanted)
{
    char list[1024];
    char *rest = list;

    visible_count = 0;
    memset(chosen_instance, 0, sizeof chosen_instance);
    if (!wanted) {
        for (int gpu = 0; gpu < physical_count(); gpu++)
            if (is_usable((unsigned)gpu))
                visible[visible_count++] = (unsigned)gpu;
        return;
    }
    snprintf(list, sizeof list, "%s", wanted);
    for (char *entry; (entry = strsep(&rest, ",")) && visible_count < MAX_GPUS;) {
        int gpu = gpu_of_entry(entry);

        if (gpu < 0 || !is_usable((unsigned)gpu))
            return;
        for (int i = 0; i < visible_count; i++)
            if (visible[i] == (unsigned)gpu) {
                visible_count = 0;
                return;
            }
        visible[visible_count++] = (unsigned)gpu;
    }
}

EXPORT int cuInit(unsigned flags)
{
    int code = state_is_readable() ? state_fault("cuInit") : STATE_UNREADABLE;

    if (code)
        return code;
    if (flags)
        return INVALID_VALUE;
    choose_visible(getenv("CUDA_VISIBLE_DEVICES"));
    if (!visible_count)
        return NO_DEVICE;
    initialised = true;
    return SUCCESS;
}

/* Works before cuInit, as the real one does. */
EXPORT int cuDriverGetVersion(int *version)
{
    int code = state_fault("cuDriverGetVersion");

    *version = code ? 0 : (int)state_number("cuda_driver_version", 12040);
    return code;
}

EXPORT int cuDeviceGetCount(int *count)
{
    REQUIRE(cuDeviceGetCount);
    *count = visible_count;
    return SUCCESS;
}

EXPORT int cuDeviceGet(int *device, int ordinal)
{
    REQUIRE_DEVICE(ordinal, cuDeviceGet);
    *device = ordinal;
    return SUCCESS;
}

/* --- What a device is --- */

EXPORT int cuDeviceGetName(char *name, int size, int device)
{
    const char *model;

    REQUIRE_DEVICE(device, cuDeviceGetName);
    model = gpu_text(visible[device], "name", "NVIDIA A100-SXM4-40GB");
    if (is_divided(visible[device]))
        snprintf(name, (size_t)size, "%s MIG %s", model, gpu_text(visible[device], "mig_profile", "1g.5gb"));
    else
        snprintf(name, (size_t)size, "%s", model);
    return SUCCESS;
}

EXPORT int cuDeviceTotalMem_v2(size_t *bytes, int device)
{
    REQUIRE_DEVICE(device, cuDeviceTotalMem);
    *bytes = (size_t)gpu_number(visible[device], "mem_total", 42949672960);
    if (is_divided(visible[device]))
        *bytes = (size_t)gpu_number(visible[device], "mig_mem_total", (long long)*bytes);
    return SUCCESS;
}

/* The 16 bytes behind the digits of "GPU-..." or "MIG-...". */
static void uuid_bytes(const char *uuid, unsigned char *bytes)
{
    int length = 0;

    memset(bytes, 0, 16);
    for (const char *at = uuid + 4; length < 16 && at[0] && at[1];) {
        unsigned byte;

        if (*at == '-') {
            at++;
            continue;
        }
        if (sscanf(at, "%2x", &byte) != 1)
            break;
        bytes[length++] = (unsigned char)byte;
        at += 2;
    }
}

EXPORT int cuDeviceGetUuid(unsigned char *bytes, int device)
{
    char uuid[64];

    REQUIRE_DEVICE(device, cuDeviceGetUuid);
    gpu_uuid(visible[device], uuid);
    uuid_bytes(uuid, bytes);
    return SUCCESS;
}

/* That of the MIG instance, where the device is one. */
EXPORT int cuDeviceGetUuid_v2(unsigned char *bytes, int device)
{
    char uuid[64];

    REQUIRE_DEVICE(device, cuDeviceGetUuid_v2);
    if (!is_divided(visible[device]))
        return cuDeviceGetUuid(bytes, device);
    mig_uuid(visible[device], instance_of(visible[device]), uuid);
    uuid_bytes(uuid, bytes);
    return SUCCESS;
}

static unsigned pci_bus(unsigned gpu)
{
    return (unsigned)gpu_number(gpu, "pci_bus", gpu + 1) & 0xFF;
}

EXPORT int cuDeviceGetPCIBusId(char *text, int size, int device)
{
    REQUIRE_DEVICE(device, cuDeviceGetPCIBusId);
    snprintf(text, (size_t)size, "0000:%02X:00.0", pci_bus(visible[device]));
    return SUCCESS;
}

/* CUdevice_attribute numbers with the values of an A100; those not listed are 0. */
static const struct {
    int attribute;
    int value;
} attributes[] = {
    {1, 1024},        /* threads per block */
    {2, 1024},        /* block x */
    {3, 1024},        /* block y */
    {4, 64},          /* block z */
    {5, 2147483647},  /* grid x */
    {6, 65535},       /* grid y */
    {7, 65535},       /* grid z */
    {8, 49152},       /* shared memory per block, bytes */
    {10, 32},         /* warp size */
    {12, 65536},      /* registers per block */
    {13, 1410000},    /* clock, kHz */
    {16, 108},        /* multiprocessors */
    {36, 1215000},    /* memory clock, kHz */
    {37, 5120},       /* memory bus, bits */
    {38, 41943040},   /* level 2 cache, bytes */
    {39, 2048},       /* threads per multiprocessor */
    {41, 1},          /* unified addressing */
    {81, 167936},     /* shared memory per multiprocessor, bytes */
    {82, 65536},      /* registers per multiprocessor */
    {97, 166912},     /* shared memory per block if asked for, bytes */
    {106, 32},        /* blocks per multiprocessor */
};

EXPORT int cuDeviceGetAttribute(int *value, int attribute, int device)
{
    int major = 0, minor = 0;

    REQUIRE_DEVICE(device, cuDeviceGetAttribute);
    *value = 0;
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
        if (attributes[i].attribute == attribute)
            *value = attributes[i].value;
    sscanf(gpu_text(visible[device], "cc", "8.0"), "%d.%d", &major, &minor);
    switch (attribute) {
    case 16: /* multiprocessors */
        *value = (int)gpu_number(visible[device], "multiprocessors", *value);
        break;
    case 20: /* compute mode */
        *value = (int)gpu_number(visible[device], "compute_mode", 0);
        break;
    case 32: /* ECC enabled */
        *value = (int)gpu_number(visible[device], "ecc", 0);
        break;
    case 33: /* PCI bus */
        *value = (int)pci_bus(visible[device]);
        break;
    case 75: /* compute capability, major */
        *value = major;
        break;
    case 76: /* compute capability, minor */
        *value = minor;
        break;
    default:
        break;
    }
    return SUCCESS;
}

EXPORT int cuDeviceCanAccessPeer(int *can, int device, int peer)
{
    REQUIRE_DEVICE(device, cuDeviceCanAccessPeer);
    *can = 0;
    return peer >= 0 && peer < visible_count ? SUCCESS : INVALID_DEVICE;
}

EXPORT int cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *active)
{
    REQUIRE_DEVICE(device, cuDevicePrimaryCtxGetState);
    *flags = 0;
    *active = 0;
    return SUCCESS;
}

/* --- Errors --- */

static const struct {
    int code;
    const char *name;
    const char *text;
} errors[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {34, "CUDA_ERROR_STUB_LIBRARY", "CUDA driver is a stub library"},
    {46, "CUDA_ERROR_DEVICE_UNAVAILABLE", "CUDA-capable device(s) is/are busy or unavailable"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {214, "CUDA_ERROR_ECC_UNCORRECTABLE", "uncorrectable ECC error encountered"},
    {304, "CUDA_ERROR_OPERATING_SYSTEM", "OS call failed or operation not supported on this OS"},
    {801, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {802, "CUDA_ERROR_SYSTEM_NOT_READY", "system not yet initialized"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "system has unsupported display driver / cuda driver combination"},
    {804, "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE", "forward compatibility was attempted on non supported HW"},
    {999, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

EXPORT int cuGetErrorName(int code, const char **name)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].code == code) {
            *name = errors[i].name;
            return SUCCESS;
        }
    *name = NULL;
    return INVALID_VALUE;
}

EXPORT int cuGetErrorString(int code, const char **text)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].code == code) {
            *text = errors[i].text;
            return SUCCESS;
        }
    *text = NULL;
    return INVALID_VALUE;
}

/* --- How libcudart finds the functions --- */

static int not_supported(void)
{
    return NOT_SUPPORTED;
}

static void *own_symbol(const char *name)
{
    static void *self;
    Dl_info info;

    if (!self && dladdr((void *)(intptr_t)cuInit, &info))
        self = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    return self ? dlsym(self, name) : NULL;
}

/* A symbol is asked for without its suffix. The real function fails for one it lacks; this gives it a function that
 * answers NOT_SUPPORTED, because libcudart refuses a driver that lacks any of the hundreds it asks for. */
EXPORT int cuGetProcAddress_v2(const char *symbol, void **function, int version, uint64_t flags, int *status)
{
    char suffixed[128];
    bool is_first_version = !strcmp(symbol, "cuGetProcAddress") && version < 12000;

    (void)flags;
    snprintf(suffixed, sizeof suffixed, "%s_v2", symbol);
    *function = is_first_version ? NULL : own_symbol(suffixed);
    if (!*function)
        *function = own_symbol(symbol);
    if (!*function)
        *function = (void *)(intptr_t)not_supported;
    if (status)
        *status = 0;
    return SUCCESS;
}

EXPORT int cuGetProcAddress(const char *symbol, void **function, int version, uint64_t flags)
{
    return cuGetProcAddress_v2(symbol, function, version, flags, NULL);
}

EXPORT int cuGetExportTable(const void **table, const void *id)
{
    (void)id;
    state_trace("cuGetExportTable");
    *table = NULL;
    return NOT_SUPPORTED;
}
