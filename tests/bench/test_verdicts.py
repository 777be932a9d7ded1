"""What the numbers mean: each verdict from planted runs, and none from noisy ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from kdoctor.bench.runs import Measured, Run
from kdoctor.bench.verdicts import judges, verdicts
from kdoctor.model.bench import Verdict
from tests.bench.build import A100, beside, run

BATCHES = (16, 64, 256, 1024)


def said(*runs: Run, **peaks: dict[str, float]) -> tuple[Verdict, ...]:
    """All verdicts; a place is written with _ for its blank."""
    return verdicts(Measured(runs=runs, peaks={place.replace("_", " "): found for place, found in peaks.items()}))


def only(name: str, found: Sequence[Verdict]) -> Verdict:
    """The only verdict, which has this name."""
    assert [verdict.name for verdict in found] == [name]
    return found[0]


def curve(fixed: float, rate: float, **changes: Any) -> list[Run]:  # noqa: ANN401
    """A batch-size curve."""
    return [run(fixed + batch / rate, batch_size=batch, **changes) for batch in BATCHES]


def three(**many: Any) -> list[Run]:  # noqa: ANN401
    """The stacked LSTM on one GPU and on four, 64 samples each."""
    names: dict[str, Any] = {"workload": "stacked-lstm", "percent_of_peak": None}
    several: dict[str, Any] = {**names, "device": "all", "devices": 4, "batch_size": 256}
    inside = many.pop("inside", None)
    found = [run(0.010, **names), run(many.pop("step"), **several, **many)]
    return found if inside is None else [*found, run(inside, **several, on_device=True)]


def test_every_file_is_a_verdict() -> None:
    assert len(judges()) == 13


def test_the_knee_is_named_with_its_curve() -> None:
    found = only("batch-size-knee", said(*curve(0.002, 1e5, workload="mine")))
    assert found.what == "mine on tensorflow gpu:0: the knee is at about batch 200."
    assert "takes about 2 ms whatever its batch; then its parallelism is full, at 100" in found.why
    assert found.do.startswith("Use at least batch 200; 1800 reaches")
    assert found.evidence[0].startswith("batch 16: 2.16 ms a step")


@pytest.mark.parametrize(("fixed", "rate", "words"), [(0.01, 1e9, "up to batch 1024"), (1e-6, 1e4, "already batch 16")])
def test_a_knee_beyond_what_was_tried(fixed: float, rate: float, words: str) -> None:
    assert words in only("batch-size-knee", said(*curve(fixed, rate, workload="mine", device="cpu"))).what


def test_a_cnn_gains_much_from_a_gpu() -> None:
    found = only("gpu-worth-it", said(run(0.1, device="cpu"), run(0.01)))
    assert found.what == "lenet on tensorflow: gpu:0 trains 10x as fast as the CPU."
    assert found.why.startswith("This CNN gains much: 10 epochs of 60000 samples take 15.6 min")


def test_a_recurrent_net_is_not_feasible_on_the_cpu() -> None:
    runs = [run(2.0, device="cpu", workload="imdb-lstm"), run(0.05, workload="imdb-lstm")]
    found = only("cpu-not-feasible", said(*runs))
    assert found.why == (
        "This recurrent net is not feasible on the CPU: "
        "10 epochs of 25000 samples take 2.2 h on the CPU, 3.3 min on gpu:0."
    )


@pytest.mark.parametrize(("cpu", "workload", "severity"), [(0.005, "lenet", "warning"), (0.0102, "linear", "note")])
def test_a_gpu_that_is_no_faster(cpu: float, workload: str, severity: str) -> None:
    found = only("gpu-no-faster", said(run(cpu, device="cpu", workload=workload), run(0.01, workload=workload)))
    assert found.severity == severity


def test_the_batch_at_which_the_gpu_gains_most_decides() -> None:
    runs = [run(0.005, device="cpu", workload="mlp"), run(0.05, device="cpu", batch_size=1024, workload="mlp")]
    gpu = [run(0.005, workload="mlp"), run(0.006, batch_size=1024, workload="mlp")]
    assert "8.3x" in next(one for one in said(*runs, *gpu) if one.name == "gpu-worth-it").what


def test_several_gpus_slower_than_one_because_of_the_input() -> None:
    found = only("several-devices-slower", said(*three(step=0.060, inside=0.015)))
    assert found.what == "stacked-lstm on tensorflow: 4 GPUs train slower than one (0.7x)."
    assert found.why.startswith("Of each step 75% goes to the input")


def test_several_gpus_slower_than_one_because_of_the_weights() -> None:
    found = only("several-devices-slower", said(*three(step=0.060, inside=0.058, checks={"communication_s": 0.04})))
    assert "synchronising weights" in found.why
    assert found.evidence[-1] == "exchanging the gradients alone: 40 ms a step"


def test_several_gpus_slower_than_one_for_nothing_that_was_measured() -> None:
    assert "neither" in only("several-devices-slower", said(*three(step=0.060))).why


def test_scaling_efficiency_with_its_split() -> None:
    found = only("scaling-efficiency", said(*three(step=0.020, inside=0.018, checks={"communication_s": 0.006})))
    assert found.what == ("stacked-lstm on tensorflow: 4 GPUs train 2.0x as fast as one; weak scaling efficiency 50%.")
    assert found.why == "Of each step is lost: 30% exchange of gradients, 10% input, 10% the rest."
    assert (found.severity, "NVLink" in found.do) == ("warning", True)


@pytest.mark.parametrize(
    ("step", "inside", "words"),
    [(0.0101, None, "Nothing"), (0.013, 0.0101, "Prefetch"), (0.013, None, "larger batch")],
)
def test_what_to_do_about_scaling(step: float, inside: float | None, words: str) -> None:
    found = only("scaling-efficiency", said(*three(step=step, inside=inside)))
    assert words in found.do
    assert found.severity == "note"


def test_a_divided_batch_is_strong_scaling() -> None:
    names: dict[str, Any] = {"workload": "mine", "percent_of_peak": None}
    found = only("scaling-efficiency", said(run(0.01, **names), run(0.008, device="all", devices=2, **names)))
    assert "strong scaling efficiency 62%" in found.what


def on_cpus(*, step: float, inside: float, exchange: float = 0.0) -> list[Run]:
    """The same training on one CPU, which takes 10 ms a step, and on two logical devices of it."""
    names: dict[str, Any] = {"workload": "mine", "percent_of_peak": None, "device_name": ""}
    several: dict[str, Any] = {**names, "device": "all", "devices": 2, "checks": {"communication_s": exchange}}
    return [run(0.010, device="cpu", **names), run(step, **several), run(inside, on_device=True, **several)]


@pytest.mark.parametrize(
    ("measured", "words"),
    [
        ({"step": 0.030, "inside": 0.011}, "Of each step 63% goes to the input"),
        ({"step": 0.030, "inside": 0.029, "exchange": 0.018}, "Of each step 60% goes to synchronising weights"),
    ],
)
def test_logical_devices_share_the_cores_that_one_has_alone(measured: dict[str, float], words: str) -> None:
    found = only("several-devices-slower", said(*on_cpus(**measured)))
    assert found.what == "mine on tensorflow: 2 logical CPU devices train slower than one (0.3x)."
    assert found.why.startswith(words)


def test_logical_devices_that_lose_nothing() -> None:
    found = only("scaling-efficiency", said(*on_cpus(step=0.0099, inside=0.0099)))
    assert "2 logical CPU devices train 1.0x as fast as one; of the cores' speed 100%." in found.what


def test_memory_that_is_reserved_and_not_needed() -> None:
    runs = (run(memory_bytes=3 << 30), run(memory_bytes=1 << 30), run(workload="mine", device="cpu"))
    there = Measured(runs=runs, reserved={"tensorflow gpu:0": 80 << 30})
    found = only("memory-growth-unused", [one for one in verdicts(there) if one.name.startswith("memory")])
    assert found.what == "tensorflow gpu:0: the largest training needed 3.0 of 80 GiB."
    assert "TF_FORCE_GPU_ALLOW_GROWTH" in found.do
    small = Measured(runs=runs, reserved={"tensorflow gpu:0": 4 << 30})
    assert not [one for one in verdicts(small) if one.name.startswith("memory")]


def test_a_precision_left_unused() -> None:
    found = only("precision-unused", said(run(0.01), run(0.005, precision="mixed_bfloat16")))
    assert found.what == "lenet on tensorflow gpu:0, batch 64: mixed_bfloat16 trains 2.0x as fast."
    assert '`keras.config.set_dtype_policy("mixed_bfloat16")`' in found.do


def test_a_compiled_route_left_unused() -> None:
    found = only("compiled-route-unused", said(run(0.01), run(0.005, mode="limit", route="tf.function, XLA")))
    assert "tf.function, XLA trains 2.0x" in found.what


def test_a_batch_left_unused() -> None:
    found = only("batch-unused", said(run(0.01), run(0.012, batch_size=256)))
    assert found.what == "lenet on tensorflow gpu:0, batch 64: batch 256 trains 3.3x as fast."


@pytest.mark.parametrize("changes", [{"precision": "mixed_bfloat16"}, {"mode": "limit"}, {"batch_size": 128}])
def test_a_gain_that_is_small_or_not_measured_is_no_verdict(changes: dict[str, Any]) -> None:
    step = 0.019 if "batch_size" in changes else 0.0095
    assert said(run(0.01), run(step, **changes)) == ()
    assert said(run(0.01, **{"precision": "float32", **changes})) == ()


def test_a_gpu_that_waits_for_python() -> None:
    found = only("host-bound", said(run(0.001, percent_of_peak=0.4, cpu_ratio=1.02)))
    assert found.why.startswith("A step takes 1 ms, 0.4 % of what the GPU can do, while 1.0 processors")
    for changes in ({"cpu_ratio": 0.3}, {"percent_of_peak": 40.0}, {"percent_of_peak": None}, {"mode": "limit"}):
        usual: dict[str, Any] = {"percent_of_peak": 0.4, "cpu_ratio": 1.0}
        assert said(run(0.001, **{**usual, **changes})) == ()


def test_a_first_step_that_takes_minutes() -> None:
    later = run(0.02, batch_size=96, first_step_s=2.0)
    found = only("compiled-from-ptx-at-start", said(run(first_step_s=300.0), later))
    assert found.what == "lenet on tensorflow gpu:0, batch 64: the first step took 5.0 min."
    assert found.evidence == ("first step: 5.0 min", "first step of later cells: 2.0 s")
    assert said(run(first_step_s=300.0, device="cpu")) == ()
    assert said(run(first_step_s=300.0), run(0.02, batch_size=96, first_step_s=290.0)) == ()


def test_a_gpu_below_its_model() -> None:
    found = only("gpu-below-its-model", said(run(), **{"tensorflow_gpu:0": {"matmul_float32": 5e12}}))
    assert found.what == f"tensorflow gpu:0 ({A100}): matmul float32 reaches 5 TFLOP/s, 26% of its model's."
    assert "19.5 TFLOP/s" in found.why


@pytest.mark.parametrize(
    ("reached", "count"),
    [
        ({"matmul_float32": 15e12}, 0),
        ({"matmul_float32": 15e12, "tf32": 1.0}, 1),
        ({"matmul_mixed_bfloat16": 200e12, "matmul_mixed_float16": 200e12}, 0),
        ({"matmul_mixed_bfloat16": 100e12, "matmul_mixed_float16": 100e12}, 2),
        ({"copy_float32": 100e9}, 1),
        ({"copy_float32": 1300e9}, 0),
    ],
)
def test_what_a_model_reaches(reached: dict[str, float], count: int) -> None:
    assert len(said(run(), **{"tensorflow_gpu:0": reached})) == count


def test_a_gpu_without_a_row_or_that_was_disturbed_is_not_compared() -> None:
    low = {"tensorflow_gpu:0": {"matmul_float32": 1e12}}
    assert said(run(device_name="NVIDIA Unheard Of"), **low) == ()
    assert said(run(status="noisy"), **low) == ()


def test_a_throttled_gpu() -> None:
    hot = beside(throttling=("sw_thermal_slowdown", "sw_power_cap"), clock_mhz=600, clock_max_mhz=1410)
    found = only(
        "gpu-throttled", said(run(beside=hot), run(0.02, batch_size=96, beside=beside(throttling=("hw_slowdown",))))
    )
    assert found.what == "tensorflow gpu:0 was held back by its temperature."
    assert found.why.endswith("Its clock was 600 MHz of 1410 MHz.")


@pytest.mark.parametrize(
    ("seen", "count"),
    [
        (beside(throttling=("sw_power_cap",)), 0),
        (beside(throttling=("sw_power_cap",), clock_mhz=1300, clock_max_mhz=1410), 0),
        (beside(throttling=("sw_power_cap",), clock_mhz=700, clock_max_mhz=1410), 1),
        (beside(throttling=("hw_power_brake_slowdown",)), 1),
        (beside(throttling=("gpu_idle",), clock_mhz=210, clock_max_mhz=1410), 0),
    ],
)
def test_a_power_limit_alone_counts_where_the_clock_is_low(seen: Any, count: int) -> None:  # noqa: ANN401
    assert len(said(run(beside=seen))) == count


def test_first_losses_that_differ_between_devices() -> None:
    runs = [
        run(0.012, device="cpu", first_losses=(2.30, 2.20)),
        run(0.0105, device="gpu:0", first_losses=(2.3001, 2.2001)),
        run(0.0105, device="gpu:1", first_losses=(2.30, 2.90)),
    ]
    found = [one for one in said(*runs) if one.name == "results-differ"]
    assert only("results-differ", found).what == "lenet: the first losses of tensorflow gpu:1 differ from the others."
    assert found[0].severity == "error"


def test_first_losses_that_differ_between_backends() -> None:
    found = said(run(first_losses=(2.3, 2.2)), run(backend="jax", first_losses=(2.3, 1.9)))
    assert only("results-differ", found).severity == "warning"
    assert "tensorflow gpu:0 and jax gpu:0 differ from each other" in found[0].what


@pytest.mark.parametrize(
    "changes",
    [{"tf32": True, "first_losses": (2.3, 2.21)}, {"seed": 3, "first_losses": (9.0, 9.0)}, {"first_losses": ()}],
)
def test_first_losses_that_may_differ(changes: dict[str, Any]) -> None:
    """By TF32, by the seed, or since there are none."""
    assert said(run(first_losses=(2.3, 2.2)), run(device="gpu:1", **changes)) == ()


@pytest.mark.parametrize(
    ("status", "name", "severity"),
    [
        ("wrong", "wrong-result", "error"),
        ("crashed", "training-crashed", "error"),
        ("timeout", "training-timeout", "error"),
        ("oom", "training-oom", "warning"),
    ],
)
def test_what_failed_is_told_with_its_notes(status: str, name: str, severity: str) -> None:
    found = only(name, said(run(status=status, notes=("because",))))
    assert (found.severity, found.evidence) == (severity, ("because",))


def test_data_that_cannot_be_read_are_no_fault_of_the_device() -> None:
    found = only("data-unusable", said(run(status="crashed", notes=("DataError: x.npz cannot be used: it lacks y",))))
    assert (found.severity, found.evidence) == ("error", ("x.npz cannot be used: it lacks y",))
    assert "the device is not at fault" in found.why


@pytest.mark.parametrize("status", ["noisy", "skipped", "interrupted"])
def test_no_verdict_comes_from_a_cell_that_is_not_good(status: str) -> None:
    """Each of these would give one if it were."""
    hot = beside(throttling=("hw_slowdown",))
    runs = [
        *curve(0.002, 1e5, status=status, beside=hot, cpu_ratio=1.0, percent_of_peak=0.1, first_step_s=400.0),
        *curve(0.2, 1e5, status=status, device="cpu"),
        *three(step=0.06, inside=0.02, status=status),
        run(0.002, precision="mixed_float16", status=status, first_losses=(1.0,)),
        run(0.002, mode="limit", status=status, first_losses=(2.0,), device="gpu:1"),
    ]
    runs = [one for one in runs if one.result.status == status]
    peaks = {"tensorflow_gpu:0": {"matmul_float32": 1e9}} if status == "noisy" else {}
    assert said(*runs, **peaks) == ()


def test_the_gravest_comes_first_and_what_happened_fits_a_line() -> None:
    runs = [*curve(0.002, 1e5), *curve(0.02, 1e5, device="cpu"), run(status="crashed"), *three(step=0.06)]
    found = said(*runs)
    order = [one.severity for one in found]
    assert order == sorted(order, key=("error", "warning", "note").index)
    assert len(found) > 4
    assert [one.what for one in found if len(one.what) > 100] == []
