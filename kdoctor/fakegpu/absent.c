/* Functions of NVML that a genuine nvidia-smi calls and no GPU here has: they answer NVML_ERROR_NOT_SUPPORTED.
 *
 * Each is weak: one of nvml.c with the same name takes its place.
 */
#include "state.h"

enum { NOT_SUPPORTED = 3 };

#define ABSENT(function)                            \
    EXPORT __attribute__((weak)) int function(void) \
    {                                               \
        return NOT_SUPPORTED;                       \
    }

ABSENT(nvmlDeviceGetAccountingBufferSize)
ABSENT(nvmlDeviceGetAccountingMode)
ABSENT(nvmlDeviceGetApplicationsClock)
ABSENT(nvmlDeviceGetArchitecture)
ABSENT(nvmlDeviceGetAutoBoostedClocksEnabled)
ABSENT(nvmlDeviceGetBAR1MemoryInfo)
ABSENT(nvmlDeviceGetBoardId)
ABSENT(nvmlDeviceGetBoardPartNumber)
ABSENT(nvmlDeviceGetBrand)
ABSENT(nvmlDeviceGetBridgeChipInfo)
ABSENT(nvmlDeviceGetClock)
ABSENT(nvmlDeviceGetConfComputeProtectedMemoryUsage)
ABSENT(nvmlDeviceGetDecoderUtilization)
ABSENT(nvmlDeviceGetDefaultApplicationsClock)
ABSENT(nvmlDeviceGetDisplayActive)
ABSENT(nvmlDeviceGetDisplayMode)
ABSENT(nvmlDeviceGetDriverModel)
ABSENT(nvmlDeviceGetEncoderStats)
ABSENT(nvmlDeviceGetEncoderUtilization)
ABSENT(nvmlDeviceGetFBCStats)
ABSENT(nvmlDeviceGetFanSpeed)
ABSENT(nvmlDeviceGetFieldValues)
ABSENT(nvmlDeviceGetGpuFabricInfo)
ABSENT(nvmlDeviceGetGpuMaxPcieLinkGeneration)
ABSENT(nvmlDeviceGetGpuOperationMode)
ABSENT(nvmlDeviceGetGridLicensableFeatures_v4)
ABSENT(nvmlDeviceGetGspFirmwareVersion)
ABSENT(nvmlDeviceGetHostVgpuMode)
ABSENT(nvmlDeviceGetInforomImageVersion)
ABSENT(nvmlDeviceGetInforomVersion)
ABSENT(nvmlDeviceGetJpgUtilization)
ABSENT(nvmlDeviceGetLastBBXFlushTime)
ABSENT(nvmlDeviceGetMemoryErrorCounter)
ABSENT(nvmlDeviceGetModuleId)
ABSENT(nvmlDeviceGetMultiGpuBoard)
ABSENT(nvmlDeviceGetOfaUtilization)
ABSENT(nvmlDeviceGetPcieReplayCounter)
ABSENT(nvmlDeviceGetPcieThroughput)
ABSENT(nvmlDeviceGetRetiredPages)
ABSENT(nvmlDeviceGetRetiredPagesPendingStatus)
ABSENT(nvmlDeviceGetSupportedClocksThrottleReasons)
ABSENT(nvmlDeviceGetTemperatureThreshold)
ABSENT(nvmlDeviceGetVbiosVersion)
ABSENT(nvmlDeviceGetVirtualizationMode)
ABSENT(nvmlDeviceValidateInforom)
