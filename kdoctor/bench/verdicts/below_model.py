"""A GPU that reaches less than its model does: the measured matmul and copy against the data sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kdoctor.bench.runs import Measured, place
from kdoctor.knowledge.gpus import GpuModel, model_of
from kdoctor.model.bench import Verdict

LEAST_MATMUL = 0.4  # of the dense peak at boost clock; a healthy GPU reaches 0.5 to 0.95, a 70 W T4 0.4 to 0.6
LEAST_COPY = 0.3  # of the bandwidth; reading and writing counts once or twice
TERA, GIGA = 1e12, 1e9


def judge(measured: Measured) -> Iterator[Verdict]:
    """Each GPU that has a row, in each precision that has a figure; none of a device that was disturbed."""
    noisy = {place(run.result) for run in measured.runs if run.result.status == "noisy"}
    names = {place(run.result): run.result.device_name for run in measured.runs if run.result.device_name}
    for where, reached in measured.peaks.items():
        model = model_of(names.get(where, ""))
        if model is None or where in noisy:
            continue
        for kind, value, expected, unit, least in _compared(model, reached):
            if value < least * expected:
                yield _verdict((where, names[where]), kind, value, expected, unit)


def _compared(model: GpuModel, reached: Mapping[str, float]) -> Iterator[tuple[str, float, float, str, float]]:
    """(what, measured, of the data sheet, unit, least share)."""
    float32 = model.tf32_tflops if reached.get("tf32") and model.tf32_tflops else model.fp32_tflops
    peaks = {
        "matmul_float32": float32,
        "matmul_mixed_bfloat16": model.bf16_tensor_tflops,
        "matmul_mixed_float16": model.fp16_tensor_tflops,
    }
    for name, peak in peaks.items():
        if name in reached and peak:
            yield name.replace("_", " ", 1), reached[name] / TERA, peak, "TFLOP/s", LEAST_MATMUL
    if "copy_float32" in reached and model.bandwidth_gb_s:
        yield "copy", reached["copy_float32"] / GIGA, model.bandwidth_gb_s, "GB/s", LEAST_COPY


def _verdict(device: tuple[str, str], kind: str, value: float, expected: float, unit: str) -> Verdict:
    where, name = device
    return Verdict(
        name="gpu-below-its-model",
        severity="warning",
        what=f"{where} ({name}): {kind} reaches {value:.3g} {unit}, {value / expected:.0%} of its model's.",
        why=f"The data sheet says {expected:.4g} {unit}; a healthy one reaches at least"
        f" {LEAST_COPY if unit == 'GB/s' else LEAST_MATMUL:.0%}.",
        do="See clocks, power limit, temperature and other processes: `nvidia-smi -q -d CLOCK,POWER,PERFORMANCE`.",
        evidence=(f"measured: {value:.4g} {unit}", f"data sheet: {expected:.4g} {unit}"),
    )
