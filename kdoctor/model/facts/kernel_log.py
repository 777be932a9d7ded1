"""What the kernel has logged about NVIDIA's driver since it was started, as far as this user may read it."""

from kdoctor.model.facts.base import Section


class KernelLog(Section, frozen=True, kw_only=True):
    """``source``: the command that showed it. ``lines``: the newest ones about the driver, without process names."""

    source: str
    lines: tuple[str, ...] = ()
