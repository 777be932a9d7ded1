"""Data sets as people have them: Keras's own files, folders of images, and what becomes of broken ones."""

from __future__ import annotations

import importlib
import io
import os
import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

np: Any = pytest.importorskip("numpy")
Broken = Callable[[Path], Path]


def module(name: str) -> Any:  # noqa: ANN401  scripts without annotations
    return importlib.import_module(f"workloads.{name}")


def data_error() -> type[Exception]:
    """Of the modules as they are imported now."""
    found: type[Exception] = module("_npz").DataError
    return found


def mnist(path: Path, count: int = 30, **changes: Any) -> Path:  # noqa: ANN401  arrays
    """As Keras keeps it: bytes of (n, 28, 28), and digits of uint8."""
    draw = np.random.RandomState(0)
    x, y = draw.randint(0, 256, (count, 28, 28)).astype("uint8"), (np.arange(count) % 10).astype("uint8")
    given = {"x_train": x, "y_train": y, "x_test": x[:10], "y_test": y[:10], **changes}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{name: value for name, value in given.items() if value is not None})
    return path


def lists(rows: list[Any]) -> Any:  # noqa: ANN401  an array
    """An object array, whatever the lengths."""
    made = np.empty(len(rows), dtype=object)
    made[:] = rows
    return made


REVIEWS = [[1, 14, 22, 9000], [1, 2], list(range(1, 300)), [7] * 5]


def imdb(path: Path, **changes: Any) -> Path:  # noqa: ANN401  arrays
    """As Keras keeps it: lists of word numbers in an object array, and 0 or 1 as int64."""
    x, y = lists(REVIEWS), np.array([0, 1, 1, 0], "int64")
    given = {"x_train": x, "y_train": y, "x_test": x[:2], "y_test": y[:2], **changes}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{name: value for name, value in given.items() if value is not None})
    return path


def digits(data: str = "") -> Any:  # noqa: ANN401  a tuple of arrays
    return module("lenet").load(np, {"data": data, "seed": 0}, 8)


def reviews(data: str = "") -> Any:  # noqa: ANN401  a tuple of arrays
    return module("imdb_lstm").load(np, {"data": data, "seed": 0}, 2)


def images(folder: Path) -> Any:  # noqa: ANN401  a tuple of arrays
    return module("cats_dogs").load(np, {"data": str(folder), "seed": 0}, 4)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without Keras's cache."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_HOME", raising=False)


def test_mnist_of_the_user_is_named_and_scaled(tmp_path: Path) -> None:
    path = mnist(tmp_path / "mine.npz")
    x, y, xt, yt, label = digits(str(path))
    assert label == f"{path}, 30 images"
    assert (x.shape, y.shape, xt.shape, yt.shape) == ((24, 28, 28, 1), (24, 10), (10, 28, 28, 1), (10, 10))
    assert (str(x.dtype), float(x.min()), float(x.max())) == ("float32", 0.0, 1.0)
    assert float(module("lenet").load(np, {"data": str(path), "seed": 0}, 8)[0].sum()) == float(x.sum())


def test_pictures_that_are_scaled_already_stay_so(tmp_path: Path) -> None:
    x = np.full((30, 28, 28), 0.5, "float32")
    assert float(digits(str(mnist(tmp_path / "mine.npz", x_train=x)))[0].max()) == 0.5


@pytest.mark.parametrize("where", ["~/.keras", "KERAS_HOME"])
def test_kerass_own_files_are_found_in_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    folder = tmp_path / (".keras" if where == "~/.keras" else "elsewhere")
    if where == "KERAS_HOME":
        monkeypatch.setenv(where, str(folder))
    mnist(folder / "datasets/mnist.npz")
    imdb(folder / "datasets/imdb.npz")
    assert digits()[-1] == "Keras's mnist.npz, 30 images"
    assert reviews()[-1] == "Keras's imdb.npz, 4 reviews"


def test_without_any_they_are_generated() -> None:
    assert digits()[-1] in ("generated digits, seed 0", "scikit-learn's digits, enlarged")
    assert reviews()[-1] == "generated reviews, seed 0"


def test_a_broken_file_in_kerass_cache_is_said_and_does_no_harm(tmp_path: Path) -> None:
    for name in ("mnist", "imdb"):
        path = tmp_path / f".keras/datasets/{name}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"PK half a download")
    for found in (digits(), reviews()):
        assert len(found[0]) > 100
        assert found[-1].endswith(".npz cannot be used: File is not a zip file")


def test_reviews_are_the_last_words_of_each(tmp_path: Path) -> None:
    path = imdb(tmp_path / "mine.npz")
    x, y, xt, yt, label = reviews(str(path))
    assert label == f"{path}, 4 reviews"
    assert (x.shape, y.shape, xt.shape, yt.shape) == ((4, 80), (4, 1), (2, 80), (2, 1))
    assert list(xt[0][-6:]) == [0, 1, 4, 17, 25, 2]
    long = next(row for row in x if row[0])
    assert list(long[-2:]) == [301, 302]


@pytest.mark.parametrize(
    ("protocol", "numpy"),
    [(0, "numpy.core.multiarray"), (2, "numpy.core.multiarray"), (2, "numpy._core.multiarray"), (4, "")],
)
def test_files_of_older_and_newer_numpy_are_read(tmp_path: Path, protocol: int, numpy: str) -> None:
    pickled = pickle.dumps(lists(REVIEWS), protocol=protocol)
    if numpy:
        there = lists(REVIEWS).__reduce__()[0].__module__
        pickled = pickled.replace(there.encode(), numpy.encode())
    path = with_pickle(imdb(tmp_path / "mine.npz"), pickled, len(REVIEWS))
    assert reviews(str(path))[0].shape == (4, 80)


def test_reviews_of_one_length_may_be_a_table(tmp_path: Path) -> None:
    assert reviews(str(imdb(tmp_path / "mine.npz", x_train=np.ones((4, 9), "int32"))))[0].shape == (4, 80)


def with_pickle(path: Path, pickled: bytes, count: int) -> Path:
    """The same file with another pickle for x_train."""
    with np.load(path, allow_pickle=True) as file:
        others = {name: file[name] for name in file.files if name != "x_train"}
    np.savez(path, **others)
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|O", "fortran_order": False, "shape": (count,)})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x_train.npy", head.getvalue() + pickled)
    return path


class Evil:
    """What makes a file when it is read as a pickle."""

    def __init__(self, path: Path) -> None:
        """``path``: the file."""
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        """As `pickle` asks for it."""
        return (os.mkdir, (str(self.path),))


def test_a_pickle_that_calls_something_is_refused_and_nothing_is_called(tmp_path: Path) -> None:
    made = tmp_path / "made"
    path = imdb(tmp_path / "mine.npz", x_train=lists([[1], [2], [Evil(made)], [3]]))
    with pytest.raises(data_error(), match=r"mine\.npz cannot be used: it calls (posix|nt)\.mkdir"):
        reviews(str(path))
    assert not made.exists()


def test_a_pickle_of_another_thing_is_refused(tmp_path: Path) -> None:
    for thing in ([1, 2, 3, 4], {"a": 1}, lists(REVIEWS[:2])):
        path = with_pickle(imdb(tmp_path / "mine.npz"), pickle.dumps(thing), 4)
        with pytest.raises(data_error(), match=r"x_train\.npy holds no list of lists"):
            reviews(str(path))


def truncated(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def damaged(path: Path) -> Path:
    """A byte in the middle of the pictures is another."""
    data = bytearray(path.read_bytes())
    data[500] ^= 0xFF
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda path: truncated(mnist(path)), "cannot be used: File is not a zip file"),
        (lambda path: damaged(mnist(path)), "cannot be used: Bad CRC-32"),
        (lambda path: mnist(path, y_test=None), "cannot be used: it lacks y_test"),
        (lambda path: mnist(path, x_train=np.zeros((30, 5))), r"x_train is of \(30, 5\), not of \(n, 28, 28\)"),
        (lambda path: mnist(path, x_test=np.zeros((0, 28, 28))), r"x_test is of \(0, 28, 28\)"),
        (lambda path: mnist(path, x_train=np.full((30, 28, 28), "a")), "x_train is of"),
        (lambda path: mnist(path, y_train=np.arange(30)), "y_train is not a digit for each of 30 images"),
        (lambda path: mnist(path, y_train=np.zeros(3, int)), "y_train is not a digit for each of 30 images"),
        (imdb, r"x_train is of \('lists',\), not of \(n, 28, 28\)"),
        (lambda path: path.mkdir() or path, r"is a folder; an \.npz file with x_train, y_train"),
        (lambda path: path, "No such file or directory"),
    ],
)
def test_what_is_no_mnist_is_said(tmp_path: Path, broken: Broken, said: str) -> None:
    path = broken(tmp_path / "mine.npz")
    with pytest.raises(data_error(), match=said) as raised:
        digits(str(path))
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda path: truncated(imdb(path)), "cannot be used: File is not a zip file"),
        (mnist, "x_train is not a list of word numbers for each review"),
        (lambda path: imdb(path, x_train=lists([[-9], [1], [1], [1]])), "a word has a number below 0"),
        (lambda path: imdb(path, x_train=lists([["a"], [1], [1], [1]])), "a review is not a list of word numbers"),
        (lambda path: imdb(path, x_train=lists([[2**70], [1], [1], [1]])), None),
        (lambda path: imdb(path, x_train=np.zeros((4, 3))), "x_train is not a list of word numbers for each review"),
        (lambda path: imdb(path, y_train=np.array([0, 1, 2, 3])), "y_train is not 0 or 1 for each of 4 reviews"),
        (lambda path: imdb(path, y_test=np.zeros(1, int)), "y_test is not 0 or 1 for each of 2 reviews"),
        (lambda path: imdb(path, x_test=lists([]), y_test=np.zeros(0, int)), "x_test is not a list"),
    ],
)
def test_what_is_no_imdb_is_said(tmp_path: Path, broken: Broken, said: str | None) -> None:
    path = broken(tmp_path / "mine.npz")
    if said is None:
        assert reviews(str(path))[0].max() < 5000
        return
    with pytest.raises(data_error(), match=said) as raised:
        reviews(str(path))
    assert str(path) in str(raised.value)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_said(tmp_path: Path) -> None:
    path = mnist(tmp_path / "mine.npz")
    path.chmod(0)
    with pytest.raises(data_error(), match="Permission denied"):
        digits(str(path))


def pets(folder: Path, count: int = 6) -> Path:
    """Photos of two classes, as JPEG and PNG, in colour, grey and with transparency, of several sizes."""
    image: Any = pytest.importorskip("PIL.Image")
    for label, (name, kind) in enumerate((("cats", "jpg"), ("dogs", "png"))):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            mode = ("RGB", "L", "RGBA")[index % 3] if kind == "png" else "RGB"
            image.new("RGB", (20 + index, 30), (255 * label, 100, 50)).convert(mode).save(
                folder / name / f"{index}.{kind}"
            )
    return folder


def test_a_folder_of_images_is_read(tmp_path: Path) -> None:
    folder = pets(tmp_path / "pets")
    (folder / "notes.txt").write_text("of no class")
    (folder / "cats/notes.txt").write_text("no image")
    x, y, xt, yt, label = images(folder)
    assert label == f"{folder}, 12 images"
    assert (x.shape, y.shape, xt.shape, yt.shape) == ((8, 180, 180, 3), (8, 1), (4, 180, 180, 3), (4, 1))
    assert 0.0 <= float(x.min()) < float(x.max()) <= 1.0
    assert {int(label) for (label,) in y} == {0, 1}


def test_broken_images_are_left_out_and_counted(tmp_path: Path) -> None:
    folder = pets(tmp_path / "pets")
    truncated(folder / "cats/1.jpg")
    (folder / "dogs/2.png").write_bytes(b"")
    (folder / "dogs/no.png").mkdir()
    x, *_, label = images(folder)
    assert label == f"{folder}, 10 images, 3 broken left out"
    assert len(x) == 4


def test_two_images_are_enough_to_train(tmp_path: Path) -> None:
    x, _, xt, _, _ = images(pets(tmp_path / "pets", count=1))
    assert (len(x), len(xt)) == (4, 1)


def all_broken(folder: Path) -> Path:
    for path in pets(folder).glob("dogs/*"):
        path.write_bytes(b"GIF")
    return folder


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda path: path.mkdir() or path, "has 0 folders instead of one for each of two classes"),
        (
            all_broken,
            r"has no image for each of two classes; 6 cannot be read, such as .*/dogs/\d\.png: cannot identify",
        ),
        (lambda path: [(path / name).mkdir(parents=True) for name in "ab"] and path, "has no image for each of two"),
        (mnist, "cannot be used as a folder with a folder of images for each of two classes: Not a directory"),
        (lambda path: path, "No such file or directory"),
    ],
)
def test_what_is_no_folder_of_images_is_said(tmp_path: Path, broken: Broken, said: str) -> None:
    pytest.importorskip("PIL")
    path = broken(tmp_path / "mine.npz")
    with pytest.raises(data_error(), match=said) as raised:
        images(path)
    assert str(path) in str(raised.value)


def test_without_pillow_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "pets"
    for name in ("cats", "dogs"):
        (folder / name).mkdir(parents=True)
        (folder / name / "1.jpg").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "PIL", None)  # as if it were not installed
    with pytest.raises(data_error(), match="this environment lacks: `pip install pillow`"):
        images(folder)


class Fetching:
    """What of Keras fetches, and keeps what it was asked."""

    def __init__(self, fails: str = "") -> None:
        """``fails``: what is said instead."""
        self.asked: list[tuple[Any, ...]] = []
        self.fails = fails
        self.datasets = SimpleNamespace(mnist=self._set("mnist"), imdb=self._set("imdb"))
        self.utils = SimpleNamespace(get_file=self._fetch)

    def _set(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(load_data=lambda: self._fetch(name))

    def _fetch(self, *words: Any, **more: Any) -> None:  # noqa: ANN401  whatever it is asked
        self.asked.append((*words, *more.items()))
        if self.fails:
            raise OSError(self.fails)


def test_what_is_to_be_downloaded_keras_fetches_once(tmp_path: Path) -> None:
    keras, found = Fetching(), module("_download")
    for name in ("lenet", "imdb_lstm", "cats_dogs"):
        module(name).download(keras)
    assert [words[0] for words in keras.asked] == ["mnist", "imdb", "kagglecatsanddogs_5340.zip"]
    assert ("extract", True) in keras.asked[2]
    unpacked = tmp_path / ".keras/datasets/kagglecatsanddogs_5340_extracted/PetImages"
    unpacked.mkdir(parents=True)
    module("cats_dogs").download(keras)
    assert (len(keras.asked), found.in_cache("PetImages")) == (3, str(unpacked))


def test_a_download_that_fails_says_so() -> None:
    with pytest.raises(data_error(), match="the download failed: no route to host"):
        module("mlp").download(Fetching("no route to host"))
