"""Each format from fixed pins: the whole text, that its own readers read it, and that nothing in a recipe escapes."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest
import tomli
import yaml
from packaging.requirements import Requirement

from kdoctor.fix.files.comments import WIDTH
from kdoctor.fix.files.devcontainer import devcontainer_json
from kdoctor.fix.files.dockerfile import dockerfile
from kdoctor.fix.files.environment_yml import environment_yml
from kdoctor.fix.files.pinned import Pinned
from kdoctor.fix.files.pixi import pixi_toml
from kdoctor.fix.files.pylock import pylock_toml
from kdoctor.fix.files.requirements import requirements_txt
from kdoctor.model.trouble import Trouble
from tests.fix.files.values import EVIL, RECIPE, evil, of_channel, of_index

GOLDEN = Path(__file__).parent / "golden"
FORMATS: Mapping[str, Callable[[Pinned], str]] = {
    "Dockerfile": dockerfile,
    "environment.yml": environment_yml,
    "requirements.txt": requirements_txt,
    "pixi.toml": pixi_toml,
    "pylock.toml": pylock_toml,
    "devcontainer.json": devcontainer_json,
}
OF_CHANNEL = ("Dockerfile", "environment.yml", "pixi.toml", "devcontainer.json")
WHOLE = {
    **{f"index-{name}": (name, of_index()) for name in FORMATS},
    **{f"channel-{name}": (name, of_channel()) for name in OF_CHANNEL},
}
each_format = pytest.mark.parametrize("name", FORMATS)


def instructions(text: str) -> list[str]:
    """The lines of a Dockerfile that BuildKit acts on: neither comments nor here-documents."""
    text = re.sub(r"^(COPY <<'(\w+)' \S+)\n.*?^\2$", r"\1", text, flags=re.MULTILINE | re.DOTALL)
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))


@pytest.mark.parametrize("case", WHOLE)
def test_the_whole_file_is_as_reviewed(case: str, *, update: bool) -> None:
    """`pytest --update` writes it anew."""
    name, pinned = WHOLE[case]
    path = GOLDEN / case
    text = FORMATS[name](pinned)
    if update:
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_each_golden_is_compared() -> None:
    assert sorted(path.name for path in GOLDEN.iterdir()) == sorted(WHOLE)


@each_format
def test_a_file_says_first_who_wrote_it_and_for_which_recipe(name: str) -> None:
    lines = [line for line in FORMATS[name](of_index()).split("\n") if not line.startswith("# syntax")]
    assert re.search(r"Written by kdoctor 0\.1\.0 for recipe tiny-gpu\.", lines[0])
    assert re.search(r"kdoctor fix --[a-z-]+ --recipe tiny-gpu --python-version 3\.12$", lines[1])
    assert lines[-1] == ""


@each_format
def test_the_reason_of_each_pin_stands_above_it(name: str) -> None:
    text = FORMATS[name](of_index())
    if name != "devcontainer.json":
        assert re.search(r"The newest\.\n(\[\[packages\]\]\n)?.*keras", text)
    assert "secret" not in text


def test_every_pin_is_in_the_requirements_with_its_hashes() -> None:
    text = requirements_txt(of_index()).replace("\\\n", "")
    found = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    assert [str(Requirement(words[0])) for words in found] == [
        "tensorflow[and-cuda]==2.20.0",
        "keras==3.15.1",
        "numpy==2.4.6",
    ]
    assert [len(words) - 1 for words in found] == [1, 2, 1]


def test_yaml_holds_the_pins_and_the_settings_that_it_can_hold() -> None:
    found = yaml.safe_load(environment_yml(of_index()))
    assert found["dependencies"] == [
        "python=3.12.4=h1_0_cpython",
        {"pip": ["tensorflow[and-cuda]==2.20.0", "keras==3.15.1", "numpy==2.4.6"]},
    ]
    assert (found["variables"], found["channels"]) == ({"KERAS_BACKEND": "tensorflow"}, ["conda-forge", "nodefaults"])


def test_what_depends_on_the_place_is_told_as_commands() -> None:
    text = environment_yml(of_channel())
    assert '#   conda env config vars set XLA_FLAGS=--dir="$CONDA_PREFIX"/lib' in text
    assert "ln -s ../libdevice.10.bc" in text
    assert "variables" not in yaml.safe_load(text)


def test_toml_holds_the_pins_and_what_was_solved_for() -> None:
    found = tomli.loads(pixi_toml(of_index()))
    assert found["dependencies"] == {"python": {"version": "==3.12.4", "build": "h1_0_cpython"}}
    assert found["pypi-dependencies"]["tensorflow"] == {"version": "==2.20.0", "extras": ["and-cuda"]}
    assert found["system-requirements"] == {"cuda": "12.6", "libc": {"family": "glibc", "version": "2.36"}}
    assert found["activation"]["env"]["XLA_FLAGS"] == "--dir=$CONDA_PREFIX/lib/python3.12/site-packages/nvidia"
    assert tomli.loads(pylock_toml(of_index()))["packages"] == [{"name": "keras", "version": "3.15.1"}]


def test_json_with_comments_is_json_without_them() -> None:
    found = json.loads(without_comments(devcontainer_json(of_index())))
    assert found["hostRequirements"] == {"gpu": True}
    assert found["runArgs"] == ["--gpus", "all"]
    assert found["containerEnv"]["XLA_FLAGS"] == "--dir=/opt/keras/lib/python3.12/site-packages/nvidia"


def test_a_recipe_without_gpu_asks_for_none() -> None:
    recipe = msgspec.structs.replace(RECIPE, requires=msgspec.structs.replace(RECIPE.requires, gpu="none"))
    found = json.loads(without_comments(devcontainer_json(of_index(recipe=recipe))))
    assert {"hostRequirements", "runArgs"} & set(found) == set()
    assert "NVIDIA_VISIBLE_DEVICES" not in dockerfile(of_index(recipe=recipe))


def test_an_explicit_lock_has_no_token_of_a_channel() -> None:
    text = dockerfile(of_channel())
    assert "https://host/t/<token>/conda-forge/linux-64/python-3.12.4-h1_0_cpython.conda#0a" in text


def test_nothing_of_a_recipe_becomes_an_instruction_of_docker() -> None:
    good, bad = instructions(dockerfile(of_index())), instructions(dockerfile(evil()))
    links = [line for line in bad if line.startswith('RUN ["')]
    assert [json.loads(line[4:])[0] for line in links] == ["mkdir", "ln"]
    assert [line.split()[0] for line in bad if line not in links] == [
        line.split()[0] for line in good if "XLA" not in line
    ]
    assert 'ENV EVIL="a\'\\"`\\$(touch evil)\\${HOME}\\\\"' in bad


@pytest.mark.parametrize("name", ["environment.yml", "requirements.txt", "devcontainer.json", "pylock.toml"])
def test_nothing_of_a_recipe_ends_a_comment_or_a_string(name: str) -> None:
    text = FORMATS[name](evil())
    assert not re.search(r"[^\n\x20-\x7e]", text.replace("\n", ""))
    assert not re.search(r"^\s*(RUN|KDOCTOR_END|- evil)", text, re.MULTILINE)
    if name == "environment.yml":
        found = yaml.safe_load(text)
        assert (found["variables"], found["channels"][0]) == (evil().recipe.environment, f"https://host/{EVIL}")
    if name == "devcontainer.json":
        assert json.loads(without_comments(text))["containerEnv"]["EVIL"] == "a'\"`$(touch evil)$ {HOME}\\"


def test_a_setting_that_pixi_would_give_to_a_shell_is_refused() -> None:
    with pytest.raises(Trouble, match="EVIL of tiny-gpu has characters that a shell reads"):
        pixi_toml(evil())


def test_links_of_pixi_are_words_of_a_shell() -> None:
    recipe = msgspec.structs.replace(evil().recipe, environment={})
    task = tomli.loads(pixi_toml(msgspec.structs.replace(evil(), recipe=recipe)))["tasks"]["links"]
    subprocess.run(["/bin/sh", "-n", "-c", task], check=True, timeout=10)
    assert "'\"'\"'" in task


def test_comments_are_wrapped() -> None:
    assert max(map(len, dockerfile(of_channel(again=("x " * 90,))).split("\n")[4:8])) <= WIDTH
