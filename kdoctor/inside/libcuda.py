"""Ask the CUDA driver library what it can do: cuInit, its CUDA version, its devices. Python 3.6, ctypes only.

Before cuInit this process gives up the rights to load kernel modules and to make or change device nodes, so that
asking changes nothing: libcuda otherwise runs nvidia-modprobe, which does both, as root even without set-uid.
"""

import sys

SCRIPT_DIRECTORY = sys.path.pop(0) if sys.path else ""

import ctypes
import json

NAME_SIZE = 256
UUID_SIZE = 16
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
CAPABILITIES = (0, 1, 3, 16, 27)  # chown, dac_override, fowner, sys_module, mknod
ATTRIBUTE_MULTIPROCESSORS = 16
ATTRIBUTE_MAJOR = 75
ATTRIBUTE_MINOR = 76
LIBRARY = {"win32": "nvcuda.dll"}.get(sys.platform, "libcuda.so.1")


def give_up_rights():
    """Drop what would let a child of libcuda change the machine; harmless where it is not allowed."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in CAPABILITIES:
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def path_of(library):
    """The file that the loader opened."""
    try:
        with open("/proc/self/maps") as maps:
            for line in maps:
                if "/" in line and library.split(".so")[0] in line:
                    return line[line.index("/") :].strip()
    except OSError:
        pass
    return library


def error_name(cuda, code):
    """CUDA's own name for an error code."""
    text = ctypes.c_char_p()
    try:
        cuda.cuGetErrorName(code, ctypes.byref(text))
    except AttributeError:
        return ""
    return text.value.decode("ascii", "replace") if text.value else ""


def uuid_bytes(cuda, function, device):
    """What one of the two functions for it answers, None where the library lacks it or refuses."""
    ask, found = getattr(cuda, function, None), ctypes.create_string_buffer(UUID_SIZE)
    return found.raw if ask is not None and ask(found, device) == 0 else None


def uuid(cuda, device):
    """As NVML and CUDA_VISIBLE_DEVICES write it, "" if unknown.

    Version 2, of driver 470, answers with the MIG instance's own where the device is one, the first with its GPU's.
    """
    of_gpu, of_device = (uuid_bytes(cuda, name, device) for name in ("cuDeviceGetUuid", "cuDeviceGetUuid_v2"))
    found = of_device or of_gpu
    if found is None:
        return ""
    digits = "".join("%02x" % byte for byte in bytearray(found))
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "%s-%s" % ("MIG" if of_gpu not in (None, found) else "GPU", "-".join(parts))


def devices(cuda):
    """Every device in CUDA's order."""
    count = ctypes.c_int()
    if cuda.cuDeviceGetCount(ctypes.byref(count)):
        return []
    found = []
    for index in range(count.value):
        device = ctypes.c_int()
        name = ctypes.create_string_buffer(NAME_SIZE)
        major, minor, processors, memory = ctypes.c_int(), ctypes.c_int(), ctypes.c_int(), ctypes.c_size_t()
        code = cuda.cuDeviceGet(ctypes.byref(device), index)
        if code:
            found.append({"name": "", "error": ("%d %s" % (code, error_name(cuda, code))).strip()})
            continue
        cuda.cuDeviceGetName(name, NAME_SIZE, device)
        cuda.cuDeviceGetAttribute(ctypes.byref(major), ATTRIBUTE_MAJOR, device)
        cuda.cuDeviceGetAttribute(ctypes.byref(minor), ATTRIBUTE_MINOR, device)
        cuda.cuDeviceGetAttribute(ctypes.byref(processors), ATTRIBUTE_MULTIPROCESSORS, device)
        total = getattr(cuda, "cuDeviceTotalMem_v2", None)
        if total is not None:
            total(ctypes.byref(memory), device)
        found.append(
            {
                "name": name.value.decode("utf-8", "replace"),
                "uuid": uuid(cuda, device),
                "compute_capability": "%d.%d" % (major.value, minor.value),
                "memory_total_bytes": memory.value,
                "multiprocessors": processors.value or None,
            }
        )
    return found


def main():
    """Print one JSON object."""
    give_up_rights()
    answer = {"library": "", "init_code": 0, "init_error": "", "load_error": "", "cuda": None, "devices": []}
    try:
        cuda = ctypes.CDLL(LIBRARY)
    except OSError as error:
        answer["load_error"] = str(error)
        print(json.dumps(answer))
        return
    answer["library"] = path_of(LIBRARY)
    version = ctypes.c_int()
    try:
        if cuda.cuDriverGetVersion(ctypes.byref(version)) == 0 and version.value:
            answer["cuda"] = "%d.%d" % (version.value // 1000, version.value % 1000 // 10)
        answer["init_code"] = cuda.cuInit(0)
    except AttributeError as error:
        answer["load_error"] = str(error)
        print(json.dumps(answer))
        return
    if answer["init_code"]:
        answer["init_error"] = error_name(cuda, answer["init_code"])
    else:
        answer["devices"] = devices(cuda)
    print(json.dumps(answer))


main()
