"""A throw-away environment in which Keras trains, made from the recipe that fits and gone when it has served."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kdoctor.commands.choosing import Asked
from kdoctor.commands.fix_pip import make_pip, plan_pip
from kdoctor.host.live import LiveHost
from kdoctor.host.registry import forget
from kdoctor.host.scratch import scratch
from kdoctor.model.trouble import Trouble


@contextmanager
def provisioned(recipe: str, say: Callable[[str], None]) -> Iterator[str]:
    """The interpreter of one; ``recipe`` "": the one that fits. Raises Trouble where none can be made."""
    with scratch() as folder:
        target = f"{folder}/environment"
        job = plan_pip(Asked(recipe=recipe, prefix=target), LiveHost())
        if not job.plan.fits:
            unmet = "; ".join(job.plan.unmet)
            hint = "`kdoctor recipes` says what would fit, `--recipe ID` takes it all the same."
            raise Trouble("no-recipe-fits", f"no environment can be made here: {unmet}", hint=hint, code=1)
        say(f"making an environment from {job.plan.recipe}, for this run only")
        try:
            make_pip(job, say)
            yield f"{target}/bin/python"
        finally:
            forget(target)
