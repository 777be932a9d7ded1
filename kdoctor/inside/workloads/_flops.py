"""Analytic floating-point operations of training on one sample; a multiplication and an addition are two.

Backward costs the gradient of the weights and that of the input, each as much as forward; the first layer needs none
for its input. Activations, pooling, normalisation and the optimizer are left out.
"""


def dense(sizes, first):
    """A chain of fully connected layers; ``first``: its input is the data."""
    total = 0.0
    for index, (a, b) in enumerate(zip(sizes, sizes[1:])):
        total += 2.0 * a * b * (2 if first and index == 0 else 3)
    return total


def convolution(height, width, filters, kernel, first):
    """``height`` and ``width`` of the output; ``kernel``: values that one output value is made of."""
    return 2.0 * height * width * filters * kernel * (2 if first else 3)


def lstm(words, features, units):
    """Four gates from the input and from the state before, for each word; the embedding learns through the input."""
    return 2.0 * words * (features + units) * 4 * units * 3
