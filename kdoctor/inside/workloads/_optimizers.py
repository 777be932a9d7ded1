"""Optimizers that several workloads train with."""


def adam(keras, rate):
    """Adam with Keras's own moments."""
    return keras.optimizers.Adam(learning_rate=rate)
