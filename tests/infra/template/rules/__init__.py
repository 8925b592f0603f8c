"""What the template has to hold: one function a rule, which yields what is against it.

A rule's name is its function's; `mutations` proves each by what it must catch.
"""

from __future__ import annotations

from tests.infra.template.rules import access, alarms, buckets, function, queues
from tests.infra.template.rules.case import Case, Rule
from tests.infra.template.translation import Template, choices, resolved

RULES: dict[str, Rule] = {
    rule.__name__: rule
    for module in (access, alarms, buckets, function, queues)
    for rule in module.RULES
}


def violations(whole: Template) -> dict[str, set[str]]:
    """Rule -> what is against it in any choice of parameters; rules that hold are left out."""
    found: dict[str, set[str]] = {}
    for choice in choices(whole):
        case = Case(whole, choice, resolved(whole, choice))
        for name, rule in RULES.items():
            against = set(rule(case))
            if against:
                found.setdefault(name, set()).update(against)
    return found
