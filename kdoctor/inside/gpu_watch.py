"""Say twice a second how every GPU is, as NVML tells it, until kdoctor ends. Run by kdoctor's own interpreter.

Output: a JSON object on a line for each sample. ``at``: of the clock that only goes forward; ``gpus``: the GPUs and
their MIG instances, which have the clock and the throttling of their GPU. ``pids``: null where they are not told. It is
started through tether.py; if nobody reads, it waits. Python 3.6 syntax.
"""

import nvml as question  # from beside it; it takes this script's directory from sys.path before anything else

import json
import re
import time

PERIOD_S = 0.5
WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def computing(nvml, handle):
    """The processes that compute, None where they are not told; one that also draws belongs to a desktop."""
    found = question.listed(nvml, "Compute", handle)
    if found is None:
        return None
    drawing = {process.pid for process in question.listed(nvml, "Graphics", handle) or ()}
    return sorted({process.pid for process in found} - drawing)


class Gpu:
    """One GPU; what does not change is asked once."""

    def __init__(self, nvml, handle):
        """``parts``: UUID and handle of what has processes of its own: the MIG instances, or the GPU."""
        self.nvml, self.handle = nvml, handle
        self.named = question.limits(nvml)
        self.clock_max = question.optional(nvml.nvmlDeviceGetMaxClockInfo, handle, nvml.NVML_CLOCK_SM)
        is_divided = question.pair(question.optional(nvml.nvmlDeviceGetMigMode, handle))
        parts = question.mig(nvml, handle) if is_divided else [handle]
        self.parts = [(question.uuid(nvml, part), part) for part in parts]

    def now(self):
        """Its state, a row for each part."""
        nvml, handle = self.nvml, self.handle
        clock = question.optional(nvml.nvmlDeviceGetClockInfo, handle, nvml.NVML_CLOCK_SM)
        reasons = [WORD.sub("_", name).lower() for name in question.throttling(nvml, handle, self.named)]
        state = {"clock_mhz": clock, "clock_max_mhz": self.clock_max, "throttling": reasons}
        return [dict(state, uuid=uuid, pids=computing(nvml, part)) for uuid, part in self.parts]


def main():
    """Print samples without end."""
    question.give_up_rights()
    nvml = question.bindings()
    nvml.nvmlInit()
    count = question.optional(nvml.nvmlDeviceGetCount) or 0
    handles = [question.optional(nvml.nvmlDeviceGetHandleByIndex, index) for index in range(count)]
    gpus = [Gpu(nvml, handle) for handle in handles if handle is not None]
    while True:
        rows = [row for gpu in gpus for row in gpu.now()]
        print(json.dumps({"at": time.monotonic(), "gpus": rows}), flush=True)
        time.sleep(PERIOD_S)


if __name__ == "__main__":
    main()
