from __future__ import annotations

import pytest

from kdoctor.host.essence import essence


@pytest.mark.parametrize(
    ("path", "text", "kept"),
    [
        (
            "/home/user/app/compose.yaml",
            "a:\n  environment:\n    WORD: secret\n  devices:\n    - driver: nvidia\n  driver_opts: x\n  gpus: all\n",
            "    - driver: nvidia\n  gpus: all\n",
        ),
        ("/home/user/app/Dockerfile", "FROM nvidia/cuda:12.5.1\nENV TOKEN=secret\n", "FROM nvidia/cuda:12.5.1\n"),
        ("/etc/docker/daemon.json", '{"proxies": "http://me:secret@x", "runtimes": {}}', "{}\n"),
        ("/etc/docker/daemon.json", '{"runtimes": {"nvidia": {"path": "x"}}}', '{"runtimes": {"nvidia": {}}}\n'),
        ("/etc/cdi/nvidia.yaml", "kind: nvidia.com/gpu\ncontainerEdits: {}\n", "nvidia.com/gpu\n"),
        ("/etc/slurm/slurm.conf", "SlurmctldHost=head\nNodeName=a Gres=gpu:1 # Gres=gpu:2\n", "Gres=gpu:1\n"),
        (
            "/usr/share/jupyter/kernels/ml/kernel.json",
            '{"argv": ["/x/python", "-m", "y"], "display_name": "ML", "env": {"TOKEN": "secret", "PYTHONPATH": "/x"}}',
            '{"argv": ["/x/python"], "display_name": "ML", "env": {"PYTHONPATH": ""}}',
        ),
        ("/usr/share/jupyter/kernels/ml/kernel.json", "[secret", "{"),
        ("/usr/share/jupyter/kernels/ml/kernel.json", '["secret"]', "{"),
        (
            "/proc/self/mounts",
            "server:/secret /data nfs rw 0 0\ntmpfs /dev tmpfs ro 0 0\n",
            "tmpfs /dev tmpfs ro 0 0\n",
        ),
        ("/proc/self/cgroup", "0::/system.slice/hub@ada.service\n", "0::/system.slice/hub@.service\n"),
        ("/usr/include/cudnn.h", "/* words */\n#define CUDNN_MAJOR 9\n", "#define CUDNN_MAJOR 9\n"),
        ("/x-1.dist-info/RECORD", "x/a.py,sha256=abc,12\n", "x/a.py,,\n"),
        ("/etc/os-release", "ID=debian\n", "ID=debian\n"),
    ],
)
def test_of_a_file_that_is_its_owners_only_what_probes_look_at_is_kept(path: str, text: str, kept: str) -> None:
    assert essence(path, text.encode()).decode() == kept
