"""What the rules of buckets must catch."""

from __future__ import annotations

from tests.infra.template.spoiling import Mutation, drop, of, put

MUTATIONS: tuple[Mutation, ...] = tuple(
    Mutation(rule, what, edit)
    for rule, what, edit in (
        (
            "buckets_are_private",
            "policy",
            put(of("OutputBucket", "PublicAccessBlockConfiguration/BlockPublicPolicy"), False),
        ),
        ("buckets_are_private", "lists", put(of("InputBucket", "AccessControl"), "PublicRead")),
        ("buckets_are_private", "owners", drop(of("InputBucket", "OwnershipControls"))),
        ("buckets_are_private", "site", put(of("OutputBucket", "WebsiteConfiguration"), {})),
        ("buckets_are_encrypted", "not said", drop(of("OutputBucket", "BucketEncryption"))),
        ("buckets_are_kept", "deleted", drop("Resources/OutputBucket/DeletionPolicy")),
        (
            "buckets_are_kept",
            "replaced",
            put("Resources/InputBucket/UpdateReplacePolicy", "Delete"),
        ),
        (
            "buckets_are_versioned_and_swept",
            "suspended",
            put(of("InputBucket", "VersioningConfiguration/Status"), "Suspended"),
        ),
        (
            "buckets_are_versioned_and_swept",
            "uploads",
            drop(
                of("OutputBucket", "LifecycleConfiguration/Rules/0/AbortIncompleteMultipartUpload")
            ),
        ),
        (
            "records_are_kept_as_asked",
            "manifests too",
            put(of("OutputBucket", "LifecycleConfiguration/Rules/1/Prefix"), "rec"),
        ),
        (
            "records_are_kept_as_asked",
            "images",
            put(of("InputBucket", "LifecycleConfiguration/Rules/0/ExpirationInDays"), 30),
        ),
        (
            "records_are_kept_as_asked",
            "other days",
            put(of("OutputBucket", "LifecycleConfiguration/Rules/5/Fn::If/1/ExpirationInDays"), 1),
        ),
        (
            "no_output_sets_off_the_function",
            "notification",
            put(of("OutputBucket", "NotificationConfiguration"), {"EventBridgeConfiguration": {}}),
        ),
        (
            "no_output_sets_off_the_function",
            "output into the input",
            put(
                of("Function", "Environment/Variables/LITESCORE_OUTPUT"),
                {"Fn::Sub": "s3://${InputBucket}/${OutputPrefix}"},
            ),
        ),
        (
            "no_output_sets_off_the_function",
            "every bucket's events",
            put(of("ImagesRule", "EventPattern/detail/bucket/name"), [{"prefix": ""}]),
        ),
        (
            "no_output_sets_off_the_function",
            "not told what sets it off",
            put(
                of("Function", "Environment/Variables/LITESCORE_INPUT/Fn::If/2"),
                {"Fn::Sub": "s3://${AWS::StackName}-input-${AWS::AccountId}-${AWS::Region}/"},
            ),
        ),
        (
            "only_the_prefix_sets_off_the_function",
            "own bucket",
            drop(
                of("InputBucket", "NotificationConfiguration/QueueConfigurations/0/Filter"),
            ),
        ),
        (
            "only_the_prefix_sets_off_the_function",
            "existing bucket",
            drop(of("ImagesRule", "EventPattern/detail/object")),
        ),
    )
)
