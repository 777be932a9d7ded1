"""All tables together, for questions that compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec

from kdoctor.knowledge import (
    conda,
    cuda,
    cudnn,
    faults,
    fleet,
    gpus,
    images,
    jax,
    keras,
    signatures,
    tensorflow,
    torch,
    vendors,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kdoctor.knowledge.tables import Table


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """One field per table; a test replaces one of them to plant a fault."""

    tensorflow: tensorflow.TensorflowTable
    keras: keras.KerasTable
    cuda: cuda.CudaTable
    cudnn: cudnn.CudnnTable
    faults: faults.FaultTable
    fleet: fleet.FleetTable
    gpus: gpus.GpuTable
    images: images.ImageTable
    jax: jax.JaxTable
    torch: torch.TorchTable
    conda: conda.CondaTable
    signatures: signatures.SignatureTable
    vendors: vendors.VendorTable

    def named(self) -> Iterator[tuple[str, Table]]:
        """Name and table, in order."""
        for name in self.__struct_fields__:
            yield name, cast("Table", getattr(self, name))


def shipped() -> Tables:
    """The tables of this folder; raises msgspec.ValidationError where one does not fit its types."""
    return Tables(
        tensorflow=tensorflow.table(),
        keras=keras.table(),
        cuda=cuda.table(),
        cudnn=cudnn.table(),
        faults=faults.table(),
        fleet=fleet.table(),
        gpus=gpus.table(),
        images=images.table(),
        jax=jax.table(),
        torch=torch.table(),
        conda=conda.table(),
        signatures=signatures.table(),
        vendors=vendors.table(),
    )
