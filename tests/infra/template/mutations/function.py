"""What the rules of the function must catch."""

from __future__ import annotations

from tests.infra.template.spoiling import Mutation, drop, of, put, statement

MUTATIONS: tuple[Mutation, ...] = tuple(
    Mutation(rule, what, edit)
    for rule, what, edit in (
        ("parameters_arrive", "memory", put(of("Function", "MemorySize"), 1769)),
        ("parameters_arrive", "architecture", drop(of("Function", "Architectures"))),
        ("parameters_arrive", "batches", put(of("FunctionImages", "BatchSize"), 100)),
        ("parameters_arrive", "log", put(of("Log", "RetentionInDays"), 30)),
        (
            "runtimes_live_another_year",
            "old",
            put("Parameters/Runtime/AllowedValues", ["python3.9", "python3.13"]),
        ),
        ("runtimes_live_another_year", "older", put("Parameters/Runtime/Default", "python3.8")),
        (
            "the_handler_can_be_called",
            "typo",
            put(of("Function", "Handler"), "lambda_handler.run"),
        ),
        (
            "the_handler_can_be_called",
            "module",
            put(of("Function", "Handler"), "handlers.handler"),
        ),
        (
            "variables_are_known",
            "typo",
            put(of("Function", "Environment/Variables/LITESCORE_OUTPUTS"), "s3://x/"),
        ),
        (
            "the_model_is_pinned",
            "digest",
            drop(of("Function", "Environment/Variables/LITESCORE_MODEL_SHA256")),
        ),
        (
            "the_model_is_pinned",
            "version",
            put(of("Function", "Environment/Variables/LITESCORE_MODEL_VERSION"), ""),
        ),
        ("the_model_is_pinned", "no reading", statement("ReadModel", "Action", ["s3:GetObject"])),
        (
            "the_channel_is_followed",
            "nobody is trusted",
            put(of("Function", "Environment/Variables/LITESCORE_TRUST"), ""),
        ),
        (
            "the_channel_is_followed",
            "never looked at",
            drop(of("Function", "Environment/Variables/LITESCORE_MODEL_CHECK")),
        ),
        (
            "the_channel_is_followed",
            "the whole bucket",
            statement("ReadReleases", "Resource", "arn:aws:s3:::models/*"),
        ),
        (
            "the_function_may_do_its_work_only",
            "releases written",
            statement("ReadReleases", "Action", ["s3:GetObject", "s3:PutObject"]),
        ),
        (
            "no_snapshot_is_started_from",
            "versions",
            put(of("Function", "SnapStart"), {"ApplyOn": "PublishedVersions"}),
        ),
    )
)
