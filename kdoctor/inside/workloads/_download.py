"""Fetch a data set into Keras's cache, by Keras, which checks what it gets; only where the user asked for it."""

import glob
import os

from workloads._npz import DataError

IMAGES = "kagglecatsanddogs_5340"
IMAGES_FROM = "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEB77B919BF/%s.zip" % IMAGES
FOLDER = "PetImages"  # in the archive, with a folder for each class


def mnist(keras):
    """mnist.npz, 11 MB."""
    fetched(keras.datasets.mnist.load_data)


def imdb(keras):
    """imdb.npz, 17 MB."""
    fetched(keras.datasets.imdb.load_data)


def cats_dogs(keras):
    """25,000 photographs, 825 MB; the address is that of Keras's own example."""
    if not in_cache(FOLDER):
        fetched(lambda: keras.utils.get_file(IMAGES + ".zip", IMAGES_FROM, extract=True))


def fetched(fetch):
    """Raises DataError with what Keras says."""
    try:
        fetch()
    except Exception as error:  # of many kinds
        raise DataError("the download failed: %s" % error) from error


def in_cache(name):
    """Keras's own copy of a data set, "" where there is none; what it unpacks lies in a folder of the archive's name.

    >>> in_cache("no-such.npz")
    ''
    """
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    datasets = glob.escape(os.path.join(home, "datasets"))
    found = glob.glob(os.path.join(datasets, name)) + sorted(glob.glob(os.path.join(datasets, "*", name)))
    return found[0] if found else ""
