"""What a device can do at most: the best of several large products and copies, with the backend's own operations."""

import time

EACH_S = 1.0
FEWEST, MOST = 3, 400
MATMUL_CPU, MATMUL_GPU = 1024, 8192
COPY_CPU, COPY_GPU = 256 << 20, 1 << 30  # bytes: more than caches hold


def best(once):
    """The shortest time of many."""
    once()
    times = []
    end = time.perf_counter() + EACH_S
    while (time.perf_counter() < end or len(times) < FEWEST) and len(times) < MOST:
        started = time.perf_counter()
        once()
        times.append(time.perf_counter() - started)
    return min(times)


def measure(backend, speaker):
    """An event for each peak; one that the device cannot do is left out."""
    on_gpu = backend.on_gpu
    size = MATMUL_GPU if on_gpu else MATMUL_CPU
    for dtype, precision in (("float32", "float32"), ("bfloat16", "mixed_bfloat16")):
        if backend.lacks(precision):
            continue
        try:
            seconds = best(backend.product(size, dtype))
        except Exception as error:  # the device's own refusal
            speaker.note("matmul in %s: %s" % (dtype, error))
            continue
        speaker.say("peak", kind="matmul", precision=precision, per_second=2.0 * size**3 / seconds)
    count = COPY_GPU if on_gpu else COPY_CPU
    try:
        seconds = best(backend.copy(count // 4))
    except Exception as error:  # as above
        speaker.note("copy: %s" % error)
        return
    speaker.say("peak", kind="copy", precision="float32", per_second=2.0 * count / seconds)
