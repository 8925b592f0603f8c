"""`litescore deploy`: parse, ask and print, nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra.cloud.deployment.deploy_options import given, need_terminal, say, template_options
from infra.options import HELP, JSON, STACK, YES, account_options
from litescore.errors import UsageError
from litescore.releases.options import TRUST

if TYPE_CHECKING:
    from infra.cloud.account import Account
    from infra.cloud.deployment.deploy import Request
    from infra.cloud.deployment.plan import Plan
    from infra.cloud.stack import Stack


@click.command(context_settings=HELP)
@click.option(
    "--package",
    type=click.Path(path_type=Path),
    default=Path("build"),
    show_default=True,
    metavar="FOLDER",
    help="The zip of `litescore package`, or the folder that holds it.",
)
@click.option(
    "--model",
    metavar="URL",
    help="A model at s3://bucket/key instead of the zip's, pinned as it is now, or a channel to "
    "follow, s3://bucket/models/shoes@stable; `zip` goes back.",
)
@TRUST
@STACK
@template_options
@click.option(
    "--nightly-max-cost",
    type=click.FloatRange(0, min_open=True),
    metavar="DOLLARS",
    help="What a nightly run costs at most, turned into images by --milliseconds.",
)
@click.option(
    "--milliseconds",
    type=click.FloatRange(0, min_open=True),
    metavar="MS",
    help="Processor time of an image in all, as `litescore status` tells it.",
)
@click.option("--plan", "only_plan", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--policy", is_flag=True, help="Print the IAM policy that a deployer needs.")
@click.option("--boundary", is_flag=True, help="Print the IAM policy for --permissions-boundary.")
@YES
@JSON
@account_options
def deploy(**words: Any) -> None:
    """Deploy the cloud job into an account, after showing the plan.

    The plan is a CloudFormation change set. What is not given stays as the stack has it.

    \b
    Example:
      litescore deploy --package build/ --stack shoes
      litescore deploy --stack shoes --memory 3008 --concurrency 50 --plan
      litescore deploy --stack shoes --input-bucket photos --input-prefix shoes/
      litescore deploy --stack shoes --model s3://bucket/models/shoes@stable --trust factory.key.pub
    """
    from infra.cloud.account import connect

    documents = words["policy"] or words["boundary"]
    if not documents and not words["only_plan"]:
        need_terminal("litescore deploy", yes=words["yes"])
    account = connect(local=words["local"], region=words["region"], profile=words["profile"])
    if documents:
        _print_policies(account, words["stack"], policy=words["policy"], bound=words["boundary"])
        return
    _deploy(account, _request(account, words), words)


def _deploy(account: Account, request: Request, words: dict[str, Any]) -> None:
    from infra.cloud.deployment import deploy, plan_text
    from infra.cloud.deployment.telling import bars

    with bars() as progress:
        made = deploy.prepare(account, request, progress)
    agreed = False
    try:
        for line in plan_text.lines(made):
            click.echo(line, err=words["as_json"])
        agreed = not words["only_plan"] and not made.empty and _agreed(made, yes=words["yes"])
    finally:
        # After Ctrl-C too: a change set left behind would be nobody's.
        if not agreed:
            deploy.discard(made)
    if words["as_json"] and not agreed:
        click.echo(json.dumps({**plan_text.facts(made), "outputs": None}))
    if agreed:
        _print_result(made, _followed(made), as_json=words["as_json"])
    else:
        say("nothing to change" if made.empty else "nothing was changed")


def _agreed(made: Plan, *, yes: bool) -> bool:
    if yes:
        return True
    if made.changes.changes and not click.confirm("Deploy this?", err=True):
        return False
    if made.shown is None or not made.changes_bucket:
        return True
    question = f"Turn EventBridge on for bucket {made.shown.bucket}, when that is done?"
    return click.confirm(question, err=True)


def _followed(made: Plan) -> Stack:
    from infra.cloud.deployment import deploy
    from infra.cloud.deployment.telling import events

    try:
        return deploy.carry_out(made, events({change.resource for change in made.changes.changes}))
    except KeyboardInterrupt:
        name = made.changes.name
        say(f"\nthe deployment goes on without this command: see `litescore status --stack {name}`")
        if made.shown and made.changes_bucket:
            say(
                f"EventBridge of bucket {made.shown.bucket} is still off: deploy again to turn it on"
            )
        raise


def _print_result(made: Plan, done: Stack, *, as_json: bool) -> None:
    from infra.cloud.deployment import plan_text

    if as_json:
        click.echo(json.dumps({**plan_text.facts(made), "outputs": dict(done.outputs)}))
        return
    width = max(len(name) for name in done.outputs)
    click.echo()
    for name, value in sorted(done.outputs.items()):
        click.echo(f"{name:<{width}}  {value}")
    place = f"s3://{done.outputs['InputBucket']}/{done.outputs.get('InputPrefix', '')}"
    flags = f"--stack {done.name}" + (" --local" if made.account.local else "")
    click.echo(
        "\nNext:\n"
        + ('  eval "$(litescore local env)"\n' if made.account.local else "")
        + f"  aws s3 cp image.png {place}\n"
        f"  litescore status {flags}\n"
        f"  litescore results {done.outputs['Output']}"
    )


def _request(account: Account, words: dict[str, Any]) -> Request:
    from infra.cloud.deployment.deploy import Request
    from infra.cloud.deployment.model_choice import Wish

    parameters = given(words)
    if words["local"] and words["budget"]:
        raise UsageError("--budget: the local cloud knows no budgets, leave it out with --local")
    if words["nightly_max_cost"] is not None:
        parameters["NightlyMaximumImages"] = str(_affordable(account, words))
    wish = Wish(words["model"], words["trust"])
    return Request(words["stack"], words["package"], parameters, wish)


def _affordable(account: Account, words: dict[str, Any]) -> int:
    from infra.cloud.deployment import function_zip, state
    from infra.cost.budget import Budget

    if words["milliseconds"] is None:
        raise UsageError("--nightly-max-cost needs --milliseconds: what an image takes")
    if words["nightly_max_images"] is not None:
        raise UsageError("--nightly-max-cost and --nightly-max-images: give one of them")
    found = state.look(account, words["stack"])
    memory = words["memory"] or int(found.parameters.get("MemorySize", 1769) if found else 1769)
    package = function_zip.read(function_zip.find(words["package"]))
    budget = Budget(words["milliseconds"], memory, package.arch or "x86_64")
    images = budget.images(words["nightly_max_cost"])
    if images < 1:
        cost = f"{words['nightly_max_cost']:g}"
        raise UsageError(f"--nightly-max-cost {cost} pays for no image: give more dollars")
    return images


def _print_policies(account: Account, stack: str, *, policy: bool, bound: bool) -> None:
    from infra.cloud.deployment import deployer

    where = {
        "account": account.number,
        "region": account.region,
        "partition": account.client("sts").meta.partition,
        "stack": stack,
    }
    if policy:
        click.echo(json.dumps(deployer.policy(**where), indent=2))
    if bound:
        click.echo(json.dumps(deployer.boundary(**where), indent=2))
