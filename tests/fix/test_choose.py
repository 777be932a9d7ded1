"""Choosing: the numbers in the reasons, what is unknown, what was asked for, and what a driver update is worth."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from kdoctor.fix.choose import Selection, choose
from kdoctor.fix.machine import machine_of, short_name
from kdoctor.fix.recipes import shipped
from kdoctor.fix.wishes import Wishes, backend, python_version, versions
from kdoctor.model.facts.base import SCHEMA, Absent, Answered, Facts, Unknown
from kdoctor.model.facts.conda import Conda
from kdoctor.model.facts.driver import Driver, DriverLibrary
from kdoctor.model.facts.gpus import Gpu, Gpus
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.system import System
from kdoctor.model.facts.wsl import Wsl
from kdoctor.model.recipe import Recipe
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import CudaVersion, DriverRelease, PythonVersion
from tests.fix.hypothetical import facts_of, gpu_of
from tests.recorded import NAMES, checked

RECIPES = shipped()


def chosen(facts: Facts, **wishes: object) -> str:
    """The id of the best one, "" for none."""
    best = select(facts, **wishes).best
    return best.recipe.id if best else ""


def select(facts: Facts, **wishes: object) -> Selection:
    return choose(facts, RECIPES, Wishes(**wishes))  # type: ignore[arg-type]  # the names of its fields


def reasons(selection: Selection, name: str) -> tuple[str, ...]:
    return next(choice.reasons for choice in selection.choices if choice.recipe.id == name)


def test_a_machine_without_gpu_gets_the_cpu_recipe_and_is_told_why() -> None:
    selection = select(facts_of())
    assert selection.best is not None
    assert selection.best.recipe.id == "cpu-tensorflow"
    assert selection.why == "No NVIDIA GPU was found, so the environment is for the CPU."


def test_a_gpu_without_driver_gets_the_nearest_gpu_recipe() -> None:
    selection = select(facts_of(capabilities=("8.6",)))
    assert (selection.best, selection.nearest and selection.nearest.recipe.id) == (None, "tf220-cuda12")
    assert selection.failing is not None
    assert (selection.failing.needed, selection.failing.found) == ("525.60.13", "none")
    assert selection.why.endswith("A driver is all it needs.")


def test_an_old_driver_gets_an_old_stack_and_the_update_that_beats_it() -> None:
    selection = select(facts_of(capabilities=("8.6",), driver="470.82.01"))
    assert selection.best is not None
    assert selection.best.recipe.id == "tf215-cuda118-conda"
    assert selection.update.startswith("A driver update (470.82.01 -> 525.60.13) allows tf220-cuda12")
    assert reasons(selection, "tf220-cuda12")[0] == "driver 525.60.13 needed, 470.82.01 found"


def test_no_update_is_promised_to_a_gpu_that_no_newer_driver_runs() -> None:
    selection = select(facts_of(capabilities=("3.7",), driver="470.82.01"))
    assert selection.best is not None
    assert (selection.best.recipe.id, selection.update) == ("tf214-kepler-conda", "")


def test_where_none_fits_the_one_requirement_is_named() -> None:
    selection = select(facts_of(capabilities=("3.0",), driver="470.82.01"))
    assert selection.best is None
    assert selection.failing is not None
    assert (selection.failing.requirement, selection.failing.found) == ("compute-capability", "3.0")
    assert "3.5" in selection.failing.needed


def test_a_driver_that_has_dropped_the_gpu_is_named() -> None:
    selection = select(facts_of(capabilities=("6.1",), driver="590.44.01"))
    assert selection.best is None
    assert "Pascal needs driver branch 580 or older, 590.44.01 found" in selection.why


def test_a_loaded_file_is_not_a_loaded_driver() -> None:
    library = DriverLibrary(
        soname="libcuda.so.1", path="/x/libcuda.so.1", realpath="/x/libcuda.so.565.77", release=DriverRelease("565.77")
    )
    driver = Driver(libraries=(library,), modules_on_disk=("/lib/modules/6.1/nvidia.ko",))
    selection = select(facts_with("driver", driver, capabilities=("8.6",)))
    assert selection.best is None
    assert "565.77 is installed but not loaded" in selection.why


def test_nouveau_is_no_driver() -> None:
    facts = facts_with("driver", Driver(nouveau_loaded=True), capabilities=("8.6",))
    assert "nouveau is loaded instead" in select(facts).why


def facts_with(name: str, section: Answered, *, capabilities: tuple[str, ...] = (), driver: str = "") -> Facts:
    """A machine with one section replaced."""
    facts = facts_of(capabilities=capabilities, driver=driver)
    return Facts(schema=SCHEMA, origin="file", sections={**facts.sections, name: section})


def test_what_is_unknown_does_not_count_against_a_recipe() -> None:
    facts = Facts(schema=SCHEMA, origin="log", sections={})
    selection = select(facts)
    assert selection.best is not None
    assert selection.best.recipe.id == "tf220-cuda12"
    assert {check.requirement for check in selection.best.unknown} >= {"driver", "gpu", "python", "platform", "glibc"}
    assert selection.why.startswith("Not known: driver 525.60.13 needed, unknown here")


def test_a_driver_that_tells_only_its_cuda_is_judged_by_it() -> None:
    facts = facts_with("libcuda", Libcuda(library="x", cuda=CudaVersion("12.4")), capabilities=("8.6",))
    selection = select(facts)
    assert chosen(facts) == "tf220-cuda12"
    assert reasons(selection, "jax-cuda13")[0] == "driver 580.65.06 needed, the driver supports CUDA 12.4"


def test_nvml_that_answers_outranks_files() -> None:
    nvml = Nvml(library="x", driver_release=DriverRelease("550.54.14"), cuda=CudaVersion("12.4"))
    assert chosen(facts_with("nvml", nvml, capabilities=("8.6",))) == "tf220-cuda12"


def test_under_wsl_the_driver_is_that_of_windows() -> None:
    nvml = Nvml(library="x", driver_release=DriverRelease("526.98"))
    facts = facts_with("nvml", nvml, capabilities=("8.6",))
    wsl = Wsl(version=2, dxg=True)
    inside = Facts(schema=SCHEMA, origin="file", sections={**facts.sections, "wsl": wsl})
    assert reasons(select(inside), "tf-wsl2")[0] == "driver 527.41 needed, 526.98 found"
    assert chosen(facts_of(capabilities=("8.6",), driver="560.94", platform="wsl")) == "tf-wsl2"


def test_a_linux_driver_inside_wsl_hides_a_gpu_but_does_not_make_it_absent() -> None:
    selection = select(checked("wsl2-566-rtx4070-tf219-linux-driver").report.facts)
    assert selection.best is not None
    assert selection.best.recipe.id == "tf-wsl2"
    assert "with a Linux driver that must go" in " ".join(selection.best.reasons)


def test_windows_itself_is_sent_to_wsl() -> None:
    selection = select(facts_of(capabilities=("8.6",), platform="win-64"))
    assert selection.nearest is not None
    assert selection.nearest.recipe.id == "tf-wsl2"
    assert "WSL 2 needed, this is native Windows" in selection.why


def test_a_second_gpu_without_code_is_left_out_aloud() -> None:
    selection = select(facts_of(capabilities=("5.0", "8.6"), driver="550.54.14"))
    assert selection.best is not None
    assert any("hide it with CUDA_VISIBLE_DEVICES" in text for text in selection.choices[0].reasons) == bool(
        selection.choices[0].notes
    )
    assert "hide it" in " ".join(reasons(selection, "tf220-cuda12"))
    assert selection.best.recipe.id == "torch27-cuda126"


def test_a_generation_stands_for_its_gpus() -> None:
    def one(name: str) -> Facts:
        return facts_with(
            "gpus", Gpus(items=(Gpu(vendor="NVIDIA", architecture=name),)), driver="580.95.05", capabilities=("8.6",)
        )

    assert chosen(one("Turing")) == "tf220-cuda12"
    assert "is not known" in " ".join(reasons(select(one("Kepler")), "tf214-cuda118"))


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ({"backend": "jax"}, "jax-cuda12"),
        ({"backend": "torch"}, "torch-cuda12"),
        ({"keras": versions("--keras", "2")}, "tfkeras220-cuda12"),
        ({"keras": versions("--keras", "2.15")}, "tf215-cuda122"),
        ({"keras": versions("--keras", "3.12"), "python": PythonVersion("3.10")}, "tf220-cuda12"),
        ({"tensorflow": versions("--tensorflow", "2.19")}, "tf219-cuda12-conda"),
        ({"tensorflow": versions("--tensorflow", ">=2.15,<2.16")}, "tf215-cuda122"),
        ({"python": PythonVersion("3.14")}, "jax-cuda12"),
        ({"python": PythonVersion("3.8")}, ""),
        ({"keras": versions("--keras", "1")}, ""),
        ({"recipe": "keras-gpu"}, "tf220-cuda12"),
    ],
)
def test_wishes_narrow_the_choice(wishes: dict[str, object], expected: str) -> None:
    assert chosen(facts_of(capabilities=("8.6",), driver="550.54.14"), **wishes) == expected


def test_the_environment_at_hand_decides_who_makes_the_new_one() -> None:
    facts = facts_with("conda", Conda(prefix="/opt/conda/envs/ml"), capabilities=("8.6",), driver="550.54.14")
    assert chosen(facts) == "tf219-cuda12-conda"


def test_a_python_at_hand_that_pip_cannot_use_leaves_conda() -> None:
    assert chosen(facts_of(capabilities=("8.6",), driver="550.54.14", python="3.14")) == "tf219-cuda12-conda"


def test_keras_gpu_is_never_chosen_unasked() -> None:
    for wish in (None, "keras-gpu"):
        selection = select(facts_of(capabilities=("8.6",), driver="550.54.14"), recipe=wish or "")
        assert selection.best is not None
        assert selection.best.recipe.id != "keras-gpu"
        choice = next(choice for choice in selection.choices if choice.recipe.id == "keras-gpu")
        assert choice.fits is bool(wish)


def test_musl_and_an_old_glibc_are_named() -> None:
    musl = facts_with("system", System(os="linux", machine="x86_64", libc="musl"), capabilities=("8.6",))
    assert "glibc 2.17 needed, this is musl" in reasons(select(musl), "tf220-cuda12")
    old = facts_of(capabilities=("8.6",), driver="550.54.14", glibc="2.17")
    assert "glibc 2.27 needed, 2.17 found" in reasons(select(old), "jax-cuda12")


def test_without_a_recipe_of_the_right_kind_it_says_so() -> None:
    only_cpu = tuple(recipe for recipe in RECIPES if recipe.requires.gpu == "none")
    selection = choose(facts_of(capabilities=("8.6",), driver="550.54.14"), only_cpu, Wishes())
    assert (selection.best, selection.nearest) == (None, None)
    assert selection.why == "There is no recipe for a machine like this one."


def test_a_recipe_may_have_a_newest_driver_and_no_limit_of_gpus() -> None:
    plain = next(recipe for recipe in RECIPES if recipe.id == "tf220-cuda12")
    needs = msgspec.structs.replace(
        plain.requires, driver_max=DriverRelease("570.0"), compute_capability_min=None, compute_capability_max=None
    )
    own = msgspec.structs.replace(plain, requires=needs)
    selection = choose(facts_of(capabilities=("8.6",), driver="580.95.05"), (own,), Wishes())
    assert selection.failing is not None
    assert selection.failing.text == "driver 570.0 or older needed, 580.95.05 found"
    assert chosen_of(own, "550.54.14") == own.id


def chosen_of(recipe: Recipe, driver: str) -> str:
    best = choose(facts_of(capabilities=("8.6",), driver=driver), (recipe,), Wishes()).best
    return best.recipe.id if best else ""


def test_a_driver_from_before_the_gpu_is_named() -> None:
    selection = select(facts_of(capabilities=("10.3",), driver="580.95.05"))
    assert selection.best is not None
    texts = " ".join(reasons(select(facts_of(capabilities=("12.0",), driver="550.54.14")), "jax-cuda12"))
    assert "Blackwell needs driver branch 570 or newer, 550.54.14 found" in texts


def test_the_order_of_recipes_does_not_matter() -> None:
    facts = facts_of(capabilities=("7.0",), driver="550.54.14")
    ids = [choice.recipe.id for choice in select(facts).choices]
    for rotation in (3, 11):
        turned = (*RECIPES[rotation:], *RECIPES[:rotation])
        assert [choice.recipe.id for choice in choose(facts, turned, Wishes()).choices] == ids


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_machine_gets_a_choice_or_a_reason(name: str) -> None:
    selection = select(checked(name).report.facts)
    assert selection.best is not None or (selection.failing is not None and selection.failing.text in selection.why)
    assert len(selection.choices) == len(RECIPES)


@pytest.mark.parametrize("text", ["three", "3..1", ">>3", "3 4", "-1", "3;x"])
def test_a_version_that_is_none_is_a_slip(text: str) -> None:
    with pytest.raises(Trouble) as caught:
        versions("--keras", text)
    assert caught.value.code == 2


def test_words_for_python_and_backend() -> None:
    assert (python_version(""), backend(""), versions("--keras", "")) == (None, None, None)
    assert (python_version("3.12.4"), backend("jax")) == (PythonVersion("3.12.4"), "jax")
    for wrong in (lambda: python_version("py3"), lambda: python_version("4.0"), lambda: backend("theano")):
        with pytest.raises(Trouble) as caught:
            wrong()
        assert caught.value.code == 2


def test_sections_of_every_state_are_read() -> None:
    """Absent, unknown and missing sections in every combination: no crash, and always an answer."""
    names = ("gpus", "driver", "system", "interpreter", "wsl", "nvml")
    for states in itertools.product((Absent(), Unknown(reason="denied"), None), repeat=len(names)):
        sections = {name: state for name, state in zip(names, states, strict=True) if state is not None}
        facts = Facts(schema=SCHEMA, origin="file", sections=dict(sections))
        assert select(facts).why
        assert machine_of(facts).platform == ""


def test_short_names() -> None:
    assert short_name(Gpu(vendor="NVIDIA", name="NVIDIA GeForce RTX 3060")) == "RTX 3060"
    assert short_name(Gpu(vendor="NVIDIA", architecture="Pascal")) == "Pascal"
    assert short_name(gpu_of("99.0")) == "NVIDIA GPU"
