"""The processes of PyTorch that train together, one for each device: DistributedDataParallel wants it so.

Rank 0 is the child that kdoctor started. It starts the others, which do as it does with the same request, and which end
with it. What depends on a clock is decided by rank 0 and told to all.
"""

import datetime as dt
import json
import os
import socket
import subprocess
import sys
import tempfile

RANK, WORLD, PORT = "KDOCTOR_BENCH_RANK", "KDOCTOR_BENCH_WORLD", "KDOCTOR_BENCH_PORT"
LOOPBACK = "127.0.0.1"
PATIENCE_S = 300.0  # for what another has to send
LAST_WORDS_S = 5.0  # a rank that failed has this long to say why


def rank():
    """Which of them this process is."""
    return int(os.environ.get(RANK, "0"))


class Ranks:
    """This process's part in the group."""

    def __init__(self, torch, world, on_gpu):
        """``world``: how many there are to be."""
        self.torch, self.dist, self.world, self.on_gpu = torch, torch.distributed, world, on_gpu
        self.rank, self.others = rank(), []

    def join(self, request, script):
        """Start the others, if this is the first; then wait until all have come."""
        store_of = self.torch.distributed.TCPStore
        patience = dt.timedelta(seconds=PATIENCE_S)
        if self.rank == 0:
            self.socket, store = meeting_place(self.torch, LOOPBACK, self.world, patience)
            self._start(json.dumps(request).encode("utf-8"), script, store.port)
        else:
            store = store_of(LOOPBACK, int(os.environ[PORT]), self.world, False, patience)
        if not self.on_gpu:
            os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo0" if sys.platform == "darwin" else "lo")
        kind = "nccl" if self.on_gpu and self.dist.is_nccl_available() else "gloo"
        self.dist.init_process_group(kind, store=store, rank=self.rank, world_size=self.world, timeout=patience)

    def _start(self, request, script, port):
        tether = os.path.join(os.path.dirname(script), "tether.py")
        for number in range(1, self.world):
            environ = dict(os.environ)
            environ.update({RANK: str(number), WORLD: str(self.world), PORT: str(port)})
            command = [sys.executable, tether, str(os.getpid()), sys.executable, script]
            said = tempfile.TemporaryFile()  # noqa: SIM115  read when it has ended
            with tempfile.TemporaryFile() as asked:
                asked.write(request)
                asked.seek(0)
                self.others.append((subprocess.Popen(command, stdin=asked, stdout=said, env=environ), said))

    def last_words(self):
        """What another rank said of its failure: (status, detail), or None where none has failed."""
        for process, said in self.others:
            try:
                process.wait(LAST_WORDS_S)
            except subprocess.TimeoutExpired:
                continue
            said.seek(0)
            events = [json.loads(line) for line in said.read().decode("utf-8", "replace").splitlines()]
            done = [event for event in events if event["event"] == "done" and event["status"] in ("failed", "oom")]
            if done:
                return done[-1]["status"], done[-1]["detail"]
        return None

    def share(self, array):
        """The rows of a batch that are this rank's."""
        size = len(array) // self.world
        return array[self.rank * size : (self.rank + 1) * size]

    def agree(self, number, where):
        """Rank 0's number, for all."""
        told = self.torch.tensor([float(number)], dtype=self.torch.float64, device=where)
        self.dist.broadcast(told, 0)
        return float(told)

    def total(self, number, where):
        """The sum of the ranks' numbers."""
        told = self.torch.tensor([float(number)], dtype=self.torch.float64, device=where)
        self.dist.all_reduce(told)
        return float(told)


def listening(address, port, most):
    """A socket that is reached by this address only; port 0: one that is free."""
    server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen(most)
    return server


def meeting_place(torch, address, world, patience):
    """A socket, and a store that is reached by this address only: PyTorch's own socket listens on all."""
    server = listening(address, 0, world)
    store_of, port = torch.distributed.TCPStore, server.getsockname()[1]
    fixed = {"wait_for_workers": False, "master_listen_fd": server.fileno()}
    try:
        return server, store_of(address, port, world, True, patience, **fixed)
    except TypeError:  # before PyTorch 2.1
        server.close()
        return None, store_of(address, 0, world, True, patience, wait_for_workers=False)
