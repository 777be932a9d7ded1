"""Keras 3 on PyTorch."""

import importlib.util
import math
import os
import shutil
import sys
import sysconfig

from training import memory
from training.model import rate_of
from training.ranks import WORLD, Ranks, rank
from training.routes import Route

LOGICAL_CPUS = 2
COMPILERS = ("g++", "clang++", "c++", "gcc")
COMPUTE_BFLOAT16, COMPUTE_FLOAT16 = (8, 0), (7, 0)
ADAM_EPSILON, ADAM_BETA = 1e-7, 0.999  # Keras's


def surroundings(environ, device):
    """Keras reads its device when it is imported."""
    if device == "cpu":
        environ["KERAS_TORCH_DEVICE"] = "cpu"
    elif device.startswith("gpu"):
        environ["KERAS_TORCH_DEVICE"] = "cuda:" + (device.partition(":")[2] or "0")


class Backend:
    """PyTorch on one device, or on all of them by a process for each."""

    name = "torch"
    fit_takes_many = False
    source_name = "torch DataLoader"

    def __init__(self, device):
        """Import PyTorch and make that device Keras's."""
        import torch

        self.torch, self.device, self.refused, self.strategy, self.ranks = torch, device, "", None, None
        self.compiles = None  # whether torch.compile works, once that is known
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        self.on_gpu = device.startswith("gpu") or (device == "all" and count > 0)
        self.number = int(device.partition(":")[2] or 0) if self.on_gpu else 0
        if device == "all":
            self._spread(count)
            if self.refused:
                return
        if self.on_gpu and self.number >= count:
            self.refused = "PyTorch lists %d GPUs" % count
            return
        self.where = "cuda:%d" % self.number if self.on_gpu else "cpu"
        if self.on_gpu:
            torch.cuda.set_device(self.number)
        import keras

        self.keras = keras
        if keras.config.backend() != "torch":
            self.refused = "this Keras has no torch backend"

    def _spread(self, count):
        """As many processes as there are devices; this one has the device of its rank."""
        if not self.torch.distributed.is_available():
            self.refused = "this PyTorch was built without torch.distributed"
            return
        cores = os.cpu_count() or 1
        world = int(os.environ.get(WORLD, "0")) or count or max(LOGICAL_CPUS, min(cores, 8))
        self.strategy = self.ranks = Ranks(self.torch, world, self.on_gpu)
        self.number = rank() if self.on_gpu else 0
        os.environ["KERAS_TORCH_DEVICE"] = "cuda:%d" % self.number if self.on_gpu else "cpu"
        if not self.on_gpu:
            self.torch.set_num_threads(max(1, cores // world))

    def versions(self):
        """Of what trains."""
        return {"torch": self.torch.__version__, "keras": self.keras.__version__}

    def devices(self):
        """In PyTorch's words."""
        numbers = range(self.replicas()) if self.ranks is not None else [self.number]
        if not self.on_gpu:
            return ["cpu:%d" % number for number in numbers]
        return ["cuda:%d %s" % (number, self.torch.cuda.get_device_name(number)) for number in numbers]

    def replicas(self):
        """How many devices share a batch."""
        return self.ranks.world if self.ranks is not None else 1

    def tf32(self):
        """Whether a GPU rounds float32 products."""
        if not self.on_gpu:
            return None
        allowed = bool(self.torch.backends.cuda.matmul.allow_tf32)
        return allowed and self.torch.cuda.get_device_capability(self.number) >= COMPUTE_BFLOAT16

    def lacks(self, precision):
        """Why the device cannot train so, "" where it can."""
        if precision == "mixed_float16" and not self.on_gpu:
            return "float16 on a CPU is emulated"
        capability = self.torch.cuda.get_device_capability(self.number) if self.on_gpu else (9, 9)
        if precision == "mixed_bfloat16" and capability < COMPUTE_BFLOAT16:
            return "bfloat16 needs compute capability 8.0, this is %d.%d" % capability
        if precision == "mixed_float16" and capability < COMPUTE_FLOAT16:
            return "float16 products need compute capability 7.0, this is %d.%d" % capability
        return ""

    def compile_options(self, workload, mode):
        """torch.compile helps the perceptron, where there is a compiler; elsewhere it costs more than it gives."""
        wanted = mode == "public" and getattr(workload, "TORCH_COMPILE", False) and self.has_compiler()
        return {"jit_compile": bool(wanted)}

    def has_compiler(self):
        """Whether torch.compile works here: it needs a C++ compiler, Python's headers, and packages beside PyTorch."""
        if self.compiles is None:
            needed = ("setuptools", "triton") if self.on_gpu else ("setuptools",)
            found = all(importlib.util.find_spec(name) for name in needed)
            header = os.path.join(sysconfig.get_paths()["include"], "Python.h")
            found = found and os.path.isfile(header) and any(shutil.which(name) for name in COMPILERS)
            self.compiles = bool(found) and self._can_compile()
        return self.compiles

    def _can_compile(self):
        try:
            doubled = self.torch.compile(lambda x: x + x)(self.torch.ones(8, device=self.where))
            return bool((doubled == 2.0).all())  # noqa: PLR2004  1 + 1
        except Exception as error:  # of many kinds
            sys.stderr.write("kdoctor: torch.compile: %s\n" % " ".join(str(error).split())[:300])
            return False

    def place(self, array):
        """On the device."""
        return self.torch.as_tensor(array, device=self.where)

    def source(self, batches):
        """What fit reads, from where training has got to: tensors, which Keras does not have to make of arrays."""
        torch = self.torch

        class Endless(torch.utils.data.IterableDataset):
            def __iter__(self):
                return ((torch.as_tensor(x), torch.as_tensor(y)) for x, y in batches.endless())

        return torch.utils.data.DataLoader(Endless(), batch_size=None)

    def fit_spreads(self, on_device):
        """Keras on PyTorch knows nothing of several devices."""
        return False

    def spread(self, model, workload, batches):
        """Training on all devices."""
        return Shared(self, model, workload, batches)

    def exchange(self, model):
        """The sum of one number for each parameter over the ranks, so many times."""
        together = self.torch.zeros(model.count_params(), device=self.where)

        def run(steps):
            for _ in range(steps):
                self.torch.distributed.all_reduce(together)
            return float(together[0])

        return run

    def limit(self, model, workload, batches):
        """The fastest own loop."""
        return Loop(self, model, workload, batches)

    def forget_memory(self):
        """Count the peak anew."""
        memory.forget_peak()
        if self.on_gpu:
            self.torch.cuda.reset_peak_memory_stats(self.number)

    def memory(self):
        """The peak, in bytes."""
        return int(self.torch.cuda.max_memory_allocated(self.number)) if self.on_gpu else memory.peak()

    def free(self):
        """Let go of what the last cell held."""
        self.keras.utils.clear_session()
        if hasattr(self.torch, "compiler"):
            self.torch.compiler.reset()
        if self.on_gpu:
            self.torch.cuda.empty_cache()

    def _wait(self):
        if self.on_gpu:
            self.torch.cuda.synchronize(self.number)

    def product(self, size, dtype):
        """One large product."""
        a = self.torch.randn(size, size, device=self.where).to(getattr(self.torch, dtype))
        return lambda: (self.torch.matmul(a, a), self._wait())

    def copy(self, count):
        """One large copy."""
        a = self.torch.zeros(count, device=self.where)
        b = self.torch.empty_like(a)
        return lambda: (b.copy_(a), self._wait())


class Loop(Route):
    """A plain loop: the Keras model, PyTorch's own optimizer where it computes as Keras's does."""

    def __init__(self, backend, model, workload, batches):
        """A compiled model."""
        torch = backend.torch
        self.torch, self.model, self.batches, self.backend = torch, model, batches, backend
        self.loss_of = backend.keras.losses.get(workload.LOSS)
        own = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam, "RMSprop": rmsprop(torch, model.optimizer)}
        self.make = own.get(type(model.optimizer).__name__)
        self.optimizer_name = "torch.optim" if self.make else "Keras's optimizer"
        self.name = "torch loop, %s, data on the device" % self.optimizer_name
        self.take()
        self.restart()

    def take(self):
        """The data to the device, and what computes."""
        self.x, self.y = self.backend.place(self.batches.x), self.backend.place(self.batches.y)
        self.compute = self.model

    def batch(self, index):
        """One batch."""
        at = index % self.batches.count
        return self.x[at], self.y[at]

    def restart(self):
        """From the first batch, with an optimizer that has not stepped."""
        self.position = 0
        self.model.optimizer.build(self.model.trainable_variables)
        self.parameters = [variable.value for variable in self.model.trainable_variables]
        if self.make is None:
            return
        rate = rate_of(self.model.optimizer)
        try:
            self.optimizer = self.make(self.parameters, lr=rate, fused=True)
        except (TypeError, RuntimeError):  # older releases fuse on a GPU only
            self.optimizer = self.make(self.parameters, lr=rate)

    def run(self, steps):
        """The loss of the last step; a schedule may have changed the rate meanwhile."""
        if self.make is not None:
            self.optimizer.param_groups[0]["lr"] = rate_of(self.model.optimizer)
        for _ in range(steps):
            x, y = self.batch(self.position)
            self.position += 1
            loss = self.loss_of(y, self.compute(x, training=True)).float().mean()
            self._learn(loss)
        return self.read(loss)

    def read(self, loss):
        """The number on the host."""
        return float(loss.detach())

    def _learn(self, loss):
        for parameter in self.parameters:
            parameter.grad = None
        (loss if self.make is not None else self.model.optimizer.scale_loss(loss)).backward()
        self.apply()

    def apply(self):
        """One step of the optimizer by the gradients that are there."""
        if self.make is not None:
            if self.make is self.torch.optim.Adam:
                self._adapt_epsilon()
            self.optimizer.step()
            return
        with self.torch.no_grad():
            gradients = [parameter.grad for parameter in self.parameters]
            self.model.optimizer.apply(gradients, self.model.trainable_variables)

    def _adapt_epsilon(self):
        """PyTorch adds epsilon after the correction of the second moment, Keras before it."""
        self.optimizer.param_groups[0]["eps"] = ADAM_EPSILON / math.sqrt(1.0 - ADAM_BETA**self.position)


def rmsprop(torch, like):
    """Keras's RMSprop, which adds epsilon below the root, as an optimizer of PyTorch; None where ``like`` does more."""
    if getattr(like, "momentum", 0.0) or getattr(like, "centered", False) or not hasattr(torch, "_foreach_addcdiv_"):
        return None

    class RMSprop(torch.optim.Optimizer):
        def __init__(self, parameters, lr, fused=None):
            super().__init__(parameters, {"lr": lr})
            self.seen = [torch.zeros_like(one) for one in self.param_groups[0]["params"]]

        @torch.no_grad()
        def step(self):
            group = self.param_groups[0]
            gradients = [one.grad for one in group["params"]]
            torch._foreach_mul_(self.seen, like.rho)
            torch._foreach_addcmul_(self.seen, gradients, gradients, 1.0 - like.rho)
            roots = torch._foreach_add(self.seen, like.epsilon)  # noqa: SLF001  PyTorch documents these
            torch._foreach_sqrt_(roots)
            torch._foreach_addcdiv_(group["params"], gradients, roots, -group["lr"])

    return RMSprop


class Shared(Loop):
    """The same loop in a process for each device, which has its share of every batch; gradients are averaged."""

    def take(self):
        """The share of every batch, on the device if the batches are; and the model, which exchanges gradients."""
        torch, backend, share = self.torch, self.backend, self.backend.ranks.share
        self.items = [(torch.as_tensor(share(x)), torch.as_tensor(share(y))) for x, y in self.batches.items]
        number = [backend.number] if backend.on_gpu else None
        self.compute = torch.nn.parallel.DistributedDataParallel(self.model, device_ids=number)
        self.name = "torch loop, DistributedDataParallel, %s" % self.optimizer_name

    def batch(self, index):
        """This rank's share of one batch."""
        x, y = self.items[index % self.batches.count]
        if self.batches.change is not None:
            x = self.torch.as_tensor(self.batches.change(x.cpu()))
        return x.to(self.backend.where, non_blocking=True), y.to(self.backend.where, non_blocking=True)

    def read(self, loss):
        """The mean over the ranks."""
        return self.total(loss.detach()) / self.backend.ranks.world

    def agree(self, number):
        """What rank 0 found."""
        return self.backend.ranks.agree(number, self.backend.where)

    def total(self, number):
        """Of all ranks."""
        return self.backend.ranks.total(number, self.backend.where)
