"""PyTorch's part: DistributedDataParallel over a process group."""

import array
import contextlib
import datetime as dt
import os
import socket
import struct
import sys

from training import torch_backend
from training.ranks import meeting_place

BUCKET = (25 << 20) // 4  # numbers; DistributedDataParallel's own
INTERFACE_ADDRESS = 0x8915  # SIOCGIFADDR of Linux's sockios.h


class Group:
    """This worker in the process group."""

    name = "DistributedDataParallel"

    def __init__(self, asked, circle, patience_s):
        """Import PyTorch, and meet the others."""
        self.backend = torch_backend.Backend(asked["device"])
        self.torch, self.circle = self.backend.torch, circle
        if self.backend.refused:
            return
        if not self.torch.distributed.is_available():
            self.backend.refused = "this PyTorch was built without torch.distributed"
            return
        if not self.backend.on_gpu:
            self.torch.set_num_threads(asked["threads"])
        self.patience = dt.timedelta(seconds=patience_s)

    def join(self):
        """All of them at once."""
        torch, circle = self.torch, self.circle
        dist = torch.distributed
        store = None
        if circle.rank == 0:
            self.socket, store = meeting_place(torch, circle.address, circle.world, self.patience)
        address, port = circle.agree([circle.address, store.port if store else 0])
        if store is None:
            store = dist.TCPStore(address, port, circle.world, False, self.patience)
        if not self.backend.on_gpu:
            name = interface_of(circle.address)
            if name:
                os.environ.setdefault("GLOO_SOCKET_IFNAME", name)
        kind = "nccl" if self.backend.on_gpu and dist.is_nccl_available() else "gloo"
        dist.init_process_group(kind, store=store, rank=circle.rank, world_size=circle.world, timeout=self.patience)
        self.name = "DistributedDataParallel over %s" % kind

    def trainer(self, make, workload):
        """What trains the model that ``make`` makes, alone and together."""
        return Trainer(self.backend, make(), workload, self.circle.world)

    def exchange(self, shapes):
        """The sum of gradients of these shapes over the workers, once, in pieces as large as training has them."""
        torch = self.torch
        count = sum(torch.Size(shape).numel() for shape in shapes)
        buckets = torch.zeros(count, device=self.backend.where).split(BUCKET)

        def once():
            waiting = [torch.distributed.all_reduce(bucket, async_op=True) for bucket in buckets]
            for work in waiting:
                work.wait()
            return float(buckets[0][0])

        return once


class Trainer(torch_backend.Loop):
    """A plain step: one loss that was read back."""

    per_shard = True  # BatchNormalization sees a worker's own samples

    def __init__(self, backend, model, workload, world):
        """A compiled model."""
        self.world = world
        super().__init__(backend, model, workload, None)

    def take(self):
        """The same weights, with and without the exchange of gradients."""
        number = [self.backend.number] if self.backend.on_gpu else None
        parallel = self.torch.nn.parallel
        self.shared = parallel.DistributedDataParallel(self.model, device_ids=number) if self.world > 1 else self.model

    def put(self, x, y):
        """A batch of this worker's to where it trains."""
        return self.backend.place(x), self.backend.place(y)

    put_together = put

    def apart(self, x, y):
        """A step of this worker's own."""
        return self._step(self.model, [(x, y)])

    def together(self, x, y):
        """The same with the gradients of all workers."""
        return self._step(self.shared, [(x, y)])

    def whole(self, shards):
        """A step of one worker on what all workers would have at once."""
        return self._step(self.model, [self.put(x, y) for x, y in shards])

    def _step(self, compute, shards):
        self.position += 1
        for parameter in self.parameters:
            parameter.grad = None
        total = 0.0
        for x, y in shards:
            loss = self.loss_of(y, compute(x, training=True)).float().mean()
            (loss / len(shards)).backward()
            total += float(loss.detach())
        self.apply()
        return total / len(shards)


def interface_of(address):
    """The name of the network interface that has this IPv4 address, "" where it is not found."""
    if sys.platform == "darwin" and address.startswith("127."):
        return "lo0"
    try:
        import fcntl

        names = [name for _, name in socket.if_nameindex()]
    except (ImportError, OSError, AttributeError):
        return ""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        for name in names:
            asked = array.array("B", struct.pack("256s", name.encode("utf-8")[:15]))
            try:
                found = fcntl.ioctl(probe.fileno(), INTERFACE_ADDRESS, asked.tobytes())
            except OSError:
                continue
            if socket.inet_ntoa(found[20:24]) == address:
                return name
    return ""
