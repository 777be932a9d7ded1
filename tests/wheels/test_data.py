"""Real files of data, with genuine Keras on JAX: each cell names what it was trained on, a broken one costs a cell."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kdoctor.model.bench import Done
from tests.inside.child import asked, ended, events
from tests.inside.test_data import imdb, mnist, pets, truncated
from tests.wheels.test_train import cell

pytestmark = pytest.mark.wheels


def trained(python: Path, *cells: tuple[str, str], **environ: str) -> list[Done]:
    """How cells of (workload, data) ended."""
    request = asked(*(cell(workload, "jax", data=data) for workload, data in cells))
    return ended(events(request, str(python), timeout_s=600, **environ))


@pytest.fixture
def python(venv: Callable[[str], Path]) -> Path:
    """The interpreter of an environment with JAX, and without Pillow."""
    return venv("jax") / "bin/python"


def pillow(folder: Path) -> str:
    """A folder with the Pillow of the tests alone, for PYTHONPATH."""
    image = pytest.importorskip("PIL")
    site = Path(image.__file__).parents[1]
    folder.mkdir()
    for name in ("PIL", "pillow.libs"):
        (folder / name).symlink_to(site / name)
    return str(folder)


def test_files_of_the_user_and_of_kerass_cache_are_trained_on(tmp_path: Path, python: Path) -> None:
    home = tmp_path / "keras"
    digits, reviews = mnist(tmp_path / "digits.npz", 300), imdb(tmp_path / "reviews.npz")
    mnist(home / "datasets/mnist.npz", 200)
    imdb(home / "datasets/imdb.npz")
    cells = (("lenet", str(digits)), ("imdb-lstm", str(reviews)), ("mlp", ""), ("stacked-lstm", ""), ("linear", ""))
    found = trained(python, *cells, KERAS_HOME=str(home))
    assert [(one.status, one.detail, one.data) for one in found] == [
        ("ok", "", f"{digits}, 300 images"),
        ("ok", "", f"{reviews}, 4 reviews"),
        ("ok", "", "Keras's mnist.npz, 200 images"),
        ("ok", "", "Keras's imdb.npz, 4 reviews"),
        ("ok", "", "200 points, seed 0"),
    ]


def test_a_broken_file_costs_its_cell(tmp_path: Path, python: Path) -> None:
    broken, empty = truncated(mnist(tmp_path / "digits.npz")), tmp_path / "empty"
    empty.mkdir()
    found = trained(
        python, ("lenet", str(broken)), ("cats-dogs", str(empty)), ("imdb-lstm", str(empty)), ("linear", "")
    )
    assert [one.status for one in found] == ["failed", "failed", "failed", "ok"]
    assert found[0].detail == f"DataError: {broken} cannot be used: File is not a zip file"
    assert "has 0 folders instead of one for each of two classes" in found[1].detail
    assert "is a folder; an .npz file with x_train" in found[2].detail


def test_without_pillow_images_are_not_read_and_it_is_said(tmp_path: Path, python: Path) -> None:
    folder = str(pets(tmp_path / "pets"))
    images, generated = trained(python, ("cats-dogs", folder), ("cats-dogs", ""))
    assert (images.status, generated.status) == ("failed", "ok")
    assert "`pip install pillow`" in images.detail
    assert generated.data == "generated images, seed 0"


def test_images_are_trained_on_with_pillow(tmp_path: Path, python: Path) -> None:
    if f"python{sys.version_info[0]}.{sys.version_info[1]}" not in {
        path.name for path in python.parents[1].glob("lib/*")
    }:
        pytest.skip("the Pillow of the tests is for another Python")
    folder = pets(tmp_path / "pets", 20)
    truncated(folder / "cats/3.jpg")
    (done,) = trained(python, ("cats-dogs", str(folder)), PYTHONPATH=pillow(tmp_path / "path"))
    assert (done.status, done.detail, done.data) == ("ok", "", f"{folder}, 39 images, 1 broken left out")
