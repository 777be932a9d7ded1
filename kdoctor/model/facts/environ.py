"""The environment variables that decide about GPUs, libraries and backends: an allow-list, nothing else."""

from kdoctor.model.facts.base import Section


class Environ(Section, frozen=True, kw_only=True):
    """``variables``: those of the allow-list that are set, empty values included."""

    variables: dict[str, str]
