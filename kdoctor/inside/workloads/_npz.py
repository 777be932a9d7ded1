"""Arrays of an .npz file, numbers as well as lists of numbers, without running anything that the file says.

Keras keeps the reviews of its imdb.npz as lists in an object array, which NumPy stores as a pickle and reads, as Keras
does, with `allow_pickle=True`. A pickle can call any function, and a file of `--data` may come from anywhere; so a
pickle is read here by a reader that knows lists, numbers and the array around them and refuses everything else. It
makes no array from it: empty shells take the place of NumPy's own classes.
"""

import os
import pickle
import zipfile

SHELLS = {
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),  # since NumPy 2
    ("_codecs", "encode"),  # how protocols before 3 spell bytes
}


class DataError(Exception):
    """A file or folder of data that cannot be used, and why; kdoctor knows it by its name."""


class Shell(object):
    """What a pickle would make; it keeps the state that it is given."""

    def __init__(self, *arguments):
        """Whatever it is made from does not matter."""
        self.state = ()

    def __setstate__(self, state):
        """Of an array: (version, shape, type, order, list)."""
        self.state = state


class Reader(pickle.Unpickler):
    """Reads pickles of lists of numbers."""

    def find_class(self, module, name):
        """Nothing that could be called."""
        if (module, name) not in SHELLS:
            raise ValueError("it calls %s.%s, which no data need: kdoctor does not run it" % (module, name))
        return Shell


def arrays(np, path, names):
    """The arrays of these names; an object array is a list. Raises DataError."""
    if os.path.isdir(path):
        raise DataError("%s is a folder; an .npz file with %s is needed" % (path, ", ".join(names)))
    try:
        with zipfile.ZipFile(path) as archive:
            check(archive.namelist(), names)
            return [array(np, archive, name + ".npy") for name in names]
    except MemoryError:
        raise
    except Exception as error:  # of zipfile, zlib, pickle or NumPy: the file is not what it should be
        raise DataError("%s cannot be used: %s" % (path, getattr(error, "strerror", "") or error)) from error


def check(there, names):
    """Raise ValueError for arrays that are not there."""
    missing = [name for name in names if name + ".npy" not in there]
    if missing:
        raise ValueError("it lacks %s" % ", ".join(missing))


def array(np, archive, name):
    """One of them."""
    with archive.open(name) as file:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
        if read is None:
            raise ValueError("%s is of format %s" % (name, version))
        shape, _, dtype = read(file)
        if dtype == np.dtype(object):
            return rows(Reader(file).load(), shape, name)
    with archive.open(name) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def rows(shell, shape, name):
    """The lists of an object array of one dimension."""
    found = shell.state[-1] if isinstance(shell, Shell) and shell.state else None
    if len(shape) != 1 or not isinstance(found, list) or len(found) != shape[0]:
        raise ValueError("%s holds no list of lists" % name)
    return found
