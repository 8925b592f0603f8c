"""A folder that outlives a test run, for parts that are slow to fetch: the product's own cache."""

from __future__ import annotations

from infra.cache import cached

__all__ = ["cached"]
