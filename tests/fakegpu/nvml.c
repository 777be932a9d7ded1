/* A stand-in for NVIDIA's libnvidia-ml.so.1: the questions that nvidia-ml-py asks, answered from the state.
 *
 * What only some GPUs have (MIG, ECC, row remapping, a serial number) answers NVML_ERROR_NOT_SUPPORTED unless the state
 * has it. Like the real one it pays no heed to CUDA_VISIBLE_DEVICES.
 */
#include "state.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long u64;

enum {
    SUCCESS = 0,
    UNINITIALIZED = 1,
    INVALID_ARGUMENT = 2,
    NOT_SUPPORTED = 3,
    NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7,
    ARGUMENT_VERSION_MISMATCH = 25,
    UNKNOWN = 999,
};

static int initialised;

/* --- Handles: 1 + the GPU's index, and 64 more for each MIG instance of it --- */

typedef void *handle_t;

#define MAX_GPUS 64

static handle_t handle_of(unsigned gpu, unsigned mig)
{
    return (handle_t)(uintptr_t)(1 + gpu + MAX_GPUS * mig);
}

static unsigned gpu_of(handle_t handle)
{
    return (unsigned)(((uintptr_t)handle - 1) % MAX_GPUS);
}

/* 0 for the GPU itself, 1 for its first MIG instance. */
static unsigned mig_of(handle_t handle)
{
    return (unsigned)(((uintptr_t)handle - 1) / MAX_GPUS);
}

static unsigned device_count(void)
{
    long long count = state_number("device_count", 1);

    return count > MAX_GPUS ? MAX_GPUS : (unsigned)count;
}

#define REQUIRE(function)                   \
    do {                                    \
        int code_;                          \
        if (!initialised)                   \
            return UNINITIALIZED;           \
        code_ = state_fault(#function);     \
        if (code_)                          \
            return code_;                   \
    } while (0)

#define REQUIRE_GPU(handle, function)                      \
    do {                                                   \
        int code_;                                         \
        if (!initialised)                                  \
            return UNINITIALIZED;                          \
        if (!(handle) || gpu_of(handle) >= device_count()) \
            return INVALID_ARGUMENT;                       \
        code_ = gpu_fault(gpu_of(handle), #function);      \
        if (code_)                                         \
            return code_;                                  \
    } while (0)

static int copy(char *out, unsigned size, const char *text)
{
    if (strlen(text) >= size)
        return INSUFFICIENT_SIZE;
    strcpy(out, text);
    return SUCCESS;
}

/* --- The library --- */

EXPORT int nvmlInitWithFlags(unsigned flags)
{
    int code = state_is_readable() ? state_fault("nvmlInit") : STATE_UNREADABLE;

    (void)flags;
    if (!code)
        initialised++;
    return code;
}

EXPORT int nvmlInit_v2(void)
{
    return nvmlInitWithFlags(0);
}

EXPORT int nvmlInit(void)
{
    return nvmlInitWithFlags(0);
}

EXPORT int nvmlShutdown(void)
{
    REQUIRE(nvmlShutdown);
    initialised--;
    return SUCCESS;
}

static const char *const error_texts[] = {
    [0] = "Success",
    [1] = "Uninitialized",
    [2] = "Invalid Argument",
    [3] = "Not Supported",
    [4] = "Insufficient Permissions",
    [5] = "Already Initialized",
    [6] = "Not Found",
    [7] = "Insufficient Size",
    [8] = "Insufficient External Power",
    [9] = "Driver Not Loaded",
    [10] = "Timeout",
    [11] = "Interrupt Request Issue",
    [12] = "NVML Shared Library Not Found",
    [13] = "Function Not Found",
    [14] = "Corrupted infoROM",
    [15] = "GPU is lost",
    [16] = "GPU requires reset",
    [17] = "The operating system has blocked the request.",
    [18] = "RM has detected an NVML/RM version mismatch.",
    [19] = "GPU is in use by another client",
    [20] = "Insufficient Memory",
    [21] = "No data",
    [25] = "Argument version mismatch",
    [28] = "GPU not found",
};

EXPORT const char *nvmlErrorString(int code)
{
    bool is_known = code >= 0 && code < (int)(sizeof error_texts / sizeof error_texts[0]) && error_texts[code];

    return is_known ? error_texts[code] : "Unknown Error";
}

EXPORT int nvmlSystemGetDriverVersion(char *out, unsigned size)
{
    REQUIRE(nvmlSystemGetDriverVersion);
    return copy(out, size, state_text("driver_version", "550.54.15"));
}

EXPORT int nvmlSystemGetNVMLVersion(char *out, unsigned size)
{
    char made[96];

    REQUIRE(nvmlSystemGetNVMLVersion);
    snprintf(made, sizeof made, "12.%.80s", state_text("driver_version", "550.54.15"));
    return copy(out, size, state_text("nvml_version", made));
}

/* Works before nvmlInit. */
EXPORT int nvmlSystemGetCudaDriverVersion(int *version)
{
    int code = state_fault("nvmlSystemGetCudaDriverVersion");

    *version = code ? 0 : (int)state_number("cuda_driver_version", 12040);
    return code;
}

EXPORT int nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    return nvmlSystemGetCudaDriverVersion(version);
}

/* "process.4242=python train.py"; a process of another namespace has no name. */
EXPORT int nvmlSystemGetProcessName(unsigned pid, char *out, unsigned size)
{
    char key[64];
    const char *name;

    REQUIRE(nvmlSystemGetProcessName);
    snprintf(key, sizeof key, "process.%u", pid);
    name = state_text(key, NULL);
    return name ? copy(out, size, name) : NOT_FOUND;
}

/* --- Which devices there are --- */

EXPORT int nvmlDeviceGetCount_v2(unsigned *count)
{
    REQUIRE(nvmlDeviceGetCount);
    *count = device_count();
    return SUCCESS;
}

EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, handle_t *handle)
{
    if (initialised && index >= device_count())
        return INVALID_ARGUMENT;
    REQUIRE_GPU(handle_of(index, 0), nvmlDeviceGetHandleByIndex);
    *handle = handle_of(index, 0);
    return SUCCESS;
}

EXPORT int nvmlDeviceGetHandleByUUID(const char *uuid, handle_t *handle)
{
    REQUIRE(nvmlDeviceGetHandleByUUID);
    for (unsigned gpu = 0; gpu < device_count(); gpu++) {
        char own[64];

        gpu_uuid(gpu, own);
        if (!strcmp(own, uuid)) {
            *handle = handle_of(gpu, 0);
            return SUCCESS;
        }
    }
    return NOT_FOUND;
}

EXPORT int nvmlDeviceGetIndex(handle_t handle, unsigned *index)
{
    REQUIRE_GPU(handle, nvmlDeviceGetIndex);
    *index = gpu_of(handle);
    return SUCCESS;
}

EXPORT int nvmlDeviceGetMinorNumber(handle_t handle, unsigned *minor)
{
    REQUIRE_GPU(handle, nvmlDeviceGetMinorNumber);
    *minor = (unsigned)gpu_number(gpu_of(handle), "minor", gpu_of(handle));
    return SUCCESS;
}

EXPORT int nvmlDeviceGetName(handle_t handle, char *out, unsigned size)
{
    const char *name;
    char made[256];

    REQUIRE_GPU(handle, nvmlDeviceGetName);
    name = gpu_text(gpu_of(handle), "name", "NVIDIA A100-SXM4-40GB");
    if (!mig_of(handle))
        return copy(out, size, name);
    snprintf(made, sizeof made, "%.128s MIG %.64s", name, gpu_text(gpu_of(handle), "mig_profile", "1g.5gb"));
    return copy(out, size, made);
}

EXPORT int nvmlDeviceGetUUID(handle_t handle, char *out, unsigned size)
{
    char made[64];

    REQUIRE_GPU(handle, nvmlDeviceGetUUID);
    if (!mig_of(handle)) {
        gpu_uuid(gpu_of(handle), made);
        return copy(out, size, made);
    }
    snprintf(made, sizeof made, "MIG-%08x-0000-5000-8000-%012x", mig_of(handle), gpu_of(handle));
    return copy(out, size, gpu_text(gpu_of(handle), "mig_uuid", made));
}

EXPORT int nvmlDeviceGetSerial(handle_t handle, char *out, unsigned size)
{
    const char *serial;

    REQUIRE_GPU(handle, nvmlDeviceGetSerial);
    serial = gpu_text(gpu_of(handle), "serial", NULL);
    return serial ? copy(out, size, serial) : NOT_SUPPORTED;
}

struct pci_info {
    char legacy_bus_id[16];
    unsigned domain, bus, device, device_id, subsystem_id;
    char bus_id[32];
};

EXPORT int nvmlDeviceGetPciInfo_v3(handle_t handle, struct pci_info *info)
{
    REQUIRE_GPU(handle, nvmlDeviceGetPciInfo);
    memset(info, 0, sizeof *info);
    info->bus = (unsigned)gpu_number(gpu_of(handle), "pci_bus", gpu_of(handle) + 1) & 0xFF;
    info->device_id = (unsigned)gpu_number(gpu_of(handle), "pci_device_id", 0x20B010DE);
    snprintf(info->bus_id, sizeof info->bus_id, "%08X:%02X:00.0", info->domain, info->bus);
    snprintf(info->legacy_bus_id, sizeof info->legacy_bus_id, "%04X:%02X:00.0", info->domain & 0xFFFF, info->bus);
    return SUCCESS;
}

EXPORT int nvmlDeviceGetCudaComputeCapability(handle_t handle, int *major, int *minor)
{
    REQUIRE_GPU(handle, nvmlDeviceGetCudaComputeCapability);
    return sscanf(gpu_text(gpu_of(handle), "cc", "8.0"), "%d.%d", major, minor) == 2 ? SUCCESS : UNKNOWN;
}

/* --- Memory and who holds it --- */

struct memory {
    u64 total, free, used;
};

struct memory_v2 {
    unsigned version;
    u64 total, reserved, free, used;
};

#define MEMORY_V2 (sizeof(struct memory_v2) | 2u << 24)

EXPORT int nvmlDeviceGetMemoryInfo(handle_t handle, struct memory *memory)
{
    REQUIRE_GPU(handle, nvmlDeviceGetMemoryInfo);
    memory->total = (u64)gpu_number(gpu_of(handle), "mem_total", 42949672960);
    memory->used = (u64)gpu_number(gpu_of(handle), "mem_used", 0);
    memory->free = memory->total - memory->used;
    return SUCCESS;
}

EXPORT int nvmlDeviceGetMemoryInfo_v2(handle_t handle, struct memory_v2 *memory)
{
    struct memory plain;
    int code;

    if (memory->version != MEMORY_V2)
        return ARGUMENT_VERSION_MISMATCH;
    code = nvmlDeviceGetMemoryInfo(handle, &plain);
    if (code)
        return code;
    memory->total = plain.total;
    memory->used = plain.used;
    memory->reserved = (u64)gpu_number(gpu_of(handle), "mem_reserved", 0);
    memory->free = plain.free - memory->reserved;
    return SUCCESS;
}

/* The layout of versions 2 and 3. */
struct process {
    unsigned pid;
    u64 memory;
    unsigned gpu_instance, compute_instance;
};

/* Read "PID:BYTES,PID:BYTES". With too little room: how much is needed, and INSUFFICIENT_SIZE. */
static int read_processes(const char *text, unsigned *count, struct process *out)
{
    unsigned room = out ? *count : 0, found = 0;

    while (text && *text) {
        unsigned pid;
        u64 memory;

        if (sscanf(text, "%u:%llu", &pid, &memory) == 2) {
            if (found < room)
                out[found] = (struct process){pid, memory, UINT32_MAX, UINT32_MAX};
            found++;
        }
        text = strchr(text, ',');
        text = text ? text + 1 : NULL;
    }
    *count = found;
    return found > room ? INSUFFICIENT_SIZE : SUCCESS;
}

/* "gpu0.mig1_procs" are those of GPU 0's first MIG instance. */
EXPORT int nvmlDeviceGetComputeRunningProcesses_v2(handle_t handle, unsigned *count, struct process *out)
{
    char key[32] = "procs";

    REQUIRE_GPU(handle, nvmlDeviceGetComputeRunningProcesses);
    if (mig_of(handle))
        snprintf(key, sizeof key, "mig%u_procs", mig_of(handle));
    return read_processes(gpu_text(gpu_of(handle), key, NULL), count, out);
}

/* Drivers before 510 lack it: "nvmlDeviceGetComputeRunningProcesses_v3=13". */
EXPORT int nvmlDeviceGetComputeRunningProcesses_v3(handle_t handle, unsigned *count, struct process *out)
{
    REQUIRE_GPU(handle, nvmlDeviceGetComputeRunningProcesses_v3);
    return nvmlDeviceGetComputeRunningProcesses_v2(handle, count, out);
}

EXPORT int nvmlDeviceGetGraphicsRunningProcesses_v2(handle_t handle, unsigned *count, struct process *out)
{
    REQUIRE_GPU(handle, nvmlDeviceGetGraphicsRunningProcesses);
    return read_processes(gpu_text(gpu_of(handle), "graphics_procs", NULL), count, out);
}

EXPORT int nvmlDeviceGetGraphicsRunningProcesses_v3(handle_t handle, unsigned *count, struct process *out)
{
    REQUIRE_GPU(handle, nvmlDeviceGetGraphicsRunningProcesses_v3);
    return nvmlDeviceGetGraphicsRunningProcesses_v2(handle, count, out);
}

/* --- MIG --- */

EXPORT int nvmlDeviceGetMigMode(handle_t handle, unsigned *current, unsigned *pending)
{
    REQUIRE_GPU(handle, nvmlDeviceGetMigMode);
    if (!gpu_has(gpu_of(handle), "mig"))
        return NOT_SUPPORTED;
    *current = (unsigned)gpu_number(gpu_of(handle), "mig", 0);
    *pending = (unsigned)gpu_number(gpu_of(handle), "mig_pending", *current);
    return SUCCESS;
}

EXPORT int nvmlDeviceGetMaxMigDeviceCount(handle_t handle, unsigned *count)
{
    REQUIRE_GPU(handle, nvmlDeviceGetMaxMigDeviceCount);
    *count = gpu_has(gpu_of(handle), "mig") ? 7 : 0;
    return SUCCESS;
}

EXPORT int nvmlDeviceGetMigDeviceHandleByIndex(handle_t handle, unsigned index, handle_t *mig)
{
    REQUIRE_GPU(handle, nvmlDeviceGetMigDeviceHandleByIndex);
    if (!gpu_number(gpu_of(handle), "mig", 0))
        return NOT_SUPPORTED;
    if (index >= (unsigned)gpu_number(gpu_of(handle), "mig_count", 0))
        return NOT_FOUND;
    *mig = handle_of(gpu_of(handle), index + 1);
    return SUCCESS;
}

EXPORT int nvmlDeviceIsMigDeviceHandle(handle_t handle, unsigned *is_mig)
{
    REQUIRE_GPU(handle, nvmlDeviceIsMigDeviceHandle);
    *is_mig = mig_of(handle) > 0;
    return SUCCESS;
}

EXPORT int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(handle_t mig, handle_t *handle)
{
    REQUIRE_GPU(mig, nvmlDeviceGetDeviceHandleFromMigDeviceHandle);
    *handle = handle_of(gpu_of(mig), 0);
    return SUCCESS;
}

/* --- Memory errors --- */

EXPORT int nvmlDeviceGetEccMode(handle_t handle, unsigned *current, unsigned *pending)
{
    REQUIRE_GPU(handle, nvmlDeviceGetEccMode);
    if (!gpu_has(gpu_of(handle), "ecc"))
        return NOT_SUPPORTED;
    *current = (unsigned)gpu_number(gpu_of(handle), "ecc", 0);
    *pending = (unsigned)gpu_number(gpu_of(handle), "ecc_pending", *current);
    return SUCCESS;
}

/* Volatile and aggregate counters (`counter` 0 and 1) are the same here. */
EXPORT int nvmlDeviceGetTotalEccErrors(handle_t handle, unsigned type, unsigned counter, u64 *count)
{
    REQUIRE_GPU(handle, nvmlDeviceGetTotalEccErrors);
    (void)counter;
    if (!gpu_number(gpu_of(handle), "ecc", 0))
        return NOT_SUPPORTED;
    *count = (u64)gpu_number(gpu_of(handle), type ? "ecc_uncorrected" : "ecc_corrected", 0);
    return SUCCESS;
}

EXPORT int nvmlDeviceGetRemappedRows(handle_t handle, unsigned *corrected, unsigned *uncorrected, unsigned *pending,
                                     unsigned *failed)
{
    unsigned gpu = gpu_of(handle);

    REQUIRE_GPU(handle, nvmlDeviceGetRemappedRows);
    if (!gpu_has(gpu, "remap_pending") && !gpu_has(gpu, "remap_failed"))
        return NOT_SUPPORTED;
    *corrected = (unsigned)gpu_number(gpu, "remap_corrected", 0);
    *uncorrected = (unsigned)gpu_number(gpu, "remap_uncorrected", 0);
    *pending = (unsigned)gpu_number(gpu, "remap_pending", 0);
    *failed = (unsigned)gpu_number(gpu, "remap_failed", 0);
    return SUCCESS;
}

EXPORT int nvmlDeviceGetRetiredPagesPendingStatus(handle_t handle, unsigned *pending)
{
    REQUIRE_GPU(handle, nvmlDeviceGetRetiredPagesPendingStatus);
    if (!gpu_has(gpu_of(handle), "retire_pending"))
        return NOT_SUPPORTED;
    *pending = (unsigned)gpu_number(gpu_of(handle), "retire_pending", 0);
    return SUCCESS;
}

/* --- A vGPU in a virtual machine, and its licence --- */

enum { MODE_NONE = 0, MODE_VGPU = 2, FEATURE_VGPU = 1, MOST_FEATURES = 3 };

struct features {
    int supported;
    unsigned count;
    struct {
        unsigned code, state;
        char info[128], product[128];
        unsigned enabled;
        struct {
            uint32_t year;
            uint16_t month, day, hour, minute, second;
            uint8_t status;
        } expiry;
    } feature[MOST_FEATURES];
};

EXPORT int nvmlDeviceGetVirtualizationMode(handle_t handle, unsigned *mode)
{
    REQUIRE_GPU(handle, nvmlDeviceGetVirtualizationMode);
    *mode = gpu_has(gpu_of(handle), "licensed") ? MODE_VGPU : MODE_NONE;
    return SUCCESS;
}

EXPORT int nvmlDeviceGetGridLicensableFeatures_v4(handle_t handle, struct features *found)
{
    unsigned gpu = gpu_of(handle);

    REQUIRE_GPU(handle, nvmlDeviceGetGridLicensableFeatures);
    memset(found, 0, sizeof *found);
    found->supported = gpu_has(gpu, "licensed");
    found->count = found->supported ? 1 : 0;
    found->feature[0].code = FEATURE_VGPU;
    found->feature[0].state = (unsigned)gpu_number(gpu, "licensed", 0);
    found->feature[0].enabled = found->feature[0].state;
    return SUCCESS;
}

/* --- One number each: the function, the state's key, the value where the state has none --- */

#define NUMBER(function, key, fallback)                                \
    EXPORT int function(handle_t handle, unsigned *value)              \
    {                                                                  \
        REQUIRE_GPU(handle, function);                                 \
        *value = (unsigned)gpu_number(gpu_of(handle), key, fallback);  \
        return SUCCESS;                                                \
    }

NUMBER(nvmlDeviceGetComputeMode, "compute_mode", 0)
NUMBER(nvmlDeviceGetPersistenceMode, "persistence", 1)
NUMBER(nvmlDeviceGetPerformanceState, "performance_state", 0)
NUMBER(nvmlDeviceGetPowerUsage, "power_mw", 60000)
NUMBER(nvmlDeviceGetEnforcedPowerLimit, "power_limit_mw", 400000)
NUMBER(nvmlDeviceGetCurrPcieLinkWidth, "pcie_width", 16)
NUMBER(nvmlDeviceGetMaxPcieLinkWidth, "pcie_width_max", 16)
NUMBER(nvmlDeviceGetCurrPcieLinkGeneration, "pcie_generation", 4)
NUMBER(nvmlDeviceGetMaxPcieLinkGeneration, "pcie_generation_max", 4)

EXPORT int nvmlDeviceGetTemperature(handle_t handle, unsigned sensor, unsigned *celsius)
{
    REQUIRE_GPU(handle, nvmlDeviceGetTemperature);
    if (sensor)
        return INVALID_ARGUMENT;
    *celsius = (unsigned)gpu_number(gpu_of(handle), "temp", 35);
    return SUCCESS;
}

struct utilisation {
    unsigned gpu, memory;
};

EXPORT int nvmlDeviceGetUtilizationRates(handle_t handle, struct utilisation *percent)
{
    REQUIRE_GPU(handle, nvmlDeviceGetUtilizationRates);
    percent->gpu = (unsigned)gpu_number(gpu_of(handle), "util", 0);
    percent->memory = (unsigned)gpu_number(gpu_of(handle), "util_memory", 0);
    return SUCCESS;
}

/* A bit mask: 0x4 power cap, 0x8 hardware slowdown, 0x20 software thermal, 0x40 hardware thermal, 0x80 power brake. */
EXPORT int nvmlDeviceGetCurrentClocksThrottleReasons(handle_t handle, u64 *mask)
{
    REQUIRE_GPU(handle, nvmlDeviceGetCurrentClocksThrottleReasons);
    *mask = (u64)gpu_number(gpu_of(handle), "throttle", 0);
    return SUCCESS;
}

/* The name of the same from driver 535 on. */
EXPORT int nvmlDeviceGetCurrentClocksEventReasons(handle_t handle, u64 *mask)
{
    REQUIRE_GPU(handle, nvmlDeviceGetCurrentClocksEventReasons);
    return nvmlDeviceGetCurrentClocksThrottleReasons(handle, mask);
}

/* Of the multiprocessors (`type` 1) only, and not of a MIG instance. */
EXPORT int nvmlDeviceGetClockInfo(handle_t handle, unsigned type, unsigned *mhz)
{
    REQUIRE_GPU(handle, nvmlDeviceGetClockInfo);
    if (type != 1 || mig_of(handle))
        return NOT_SUPPORTED;
    *mhz = (unsigned)gpu_number(gpu_of(handle), "clock_sm", 1410);
    return SUCCESS;
}

EXPORT int nvmlDeviceGetMaxClockInfo(handle_t handle, unsigned type, unsigned *mhz)
{
    REQUIRE_GPU(handle, nvmlDeviceGetMaxClockInfo);
    if (type != 1 || mig_of(handle))
        return NOT_SUPPORTED;
    *mhz = (unsigned)gpu_number(gpu_of(handle), "clock_sm_max", 1410);
    return SUCCESS;
}
