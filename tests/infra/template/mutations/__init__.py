"""What each rule must catch, by the rooms of `rules`."""

from __future__ import annotations

from tests.infra.template.mutations import access, alarms, buckets, function, queues
from tests.infra.template.spoiling import Mutation

MUTATIONS: tuple[Mutation, ...] = (
    *queues.MUTATIONS,
    *buckets.MUTATIONS,
    *access.MUTATIONS,
    *function.MUTATIONS,
    *alarms.MUTATIONS,
)
