"""How much memory this process holds at most, and which errors mean that there was not enough."""

import gc

OUT_OF_MEMORY = (
    "RESOURCE_EXHAUSTED",
    "ResourceExhausted",
    "OutOfMemory",
    "out of memory",
    "OOM when allocating",
    "can't allocate memory",
    "not enough memory",
    "Cannot allocate memory",
    "bad_alloc",
    "Unable to allocate",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED",
)


def is_out_of_memory(error):
    """Whether an exception of any backend says that memory ran out."""
    said = "%s: %s" % (type(error).__name__, error)
    return isinstance(error, MemoryError) or any(sign in said for sign in OUT_OF_MEMORY)


def forget_peak():
    """Let the kernel count the most that this process holds anew (Linux)."""
    gc.collect()
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def peak():
    """The most bytes that this process has held in memory, 0 where that cannot be read."""
    try:
        with open("/proc/self/status") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return 0
