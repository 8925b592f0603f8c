"""What `sam validate --lint` does not notice: rules over the template as SAM translates it, each
proven by mutations that it must catch.
"""

from __future__ import annotations

import pytest
import yaml

from tests.infra.template.mutations import MUTATIONS
from tests.infra.template.rules import RULES, violations
from tests.infra.template.spoiling import Mutation
from tests.infra.template.translation import TEXT, choices, conditions, resolved, translated

pytestmark = pytest.mark.long


def test_the_template_holds_every_rule() -> None:
    """For each choice of parameters."""
    assert violations(translated()) == {}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_rule_catches_what_it_is_for(mutation: Mutation) -> None:
    """The template is spoiled in one place: the rule that is for it speaks up."""
    template = translated()
    mutation.edit(template)
    assert template != translated()
    assert mutation.rule in violations(template)


def test_each_rule_has_a_mutation() -> None:
    """A rule that nothing is known to break may be one that nothing can break."""
    assert {mutation.rule for mutation in MUTATIONS} == set(RULES)


def test_each_condition_is_seen_both_ways() -> None:
    """Rules see one choice of parameters at a time: nothing may hide behind one never made. What
    only the local cloud chooses is left out: rules are for AWS.
    """
    template = translated()
    seen = [conditions(template, choice) for choice in choices(template)]
    for name in set(template["Conditions"]) - {"TlsOnly"}:
        assert {choice[name] for choice in seen} == {True, False}, name


def test_everything_is_resolved() -> None:
    """No choice leaves a condition or a mapping behind that a rule could not see through."""
    template = translated()
    for choice in choices(template):
        text = str(resolved(template, choice))
        for intrinsic in (
            "Fn::If",
            "Fn::FindInMap",
            "Fn::Sub",
            "Fn::Join",
            "Fn::Split",
            "AWS::NoValue",
        ):
            assert intrinsic not in text
        for parameter in template["Parameters"]:
            assert f"{{'Ref': '{parameter}'}}" not in text


def test_cloudformation_can_read_it() -> None:
    """No YAML aliases, which it refuses, and short enough to be sent as it is."""
    assert not [e for e in yaml.parse(TEXT) if isinstance(e, yaml.AliasEvent)]
    assert len(TEXT.encode()) <= 51_200
