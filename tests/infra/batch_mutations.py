"""What each rule over infra/batch.yaml must catch: the template spoiled in one place."""

from __future__ import annotations

from tests.infra.template.spoiling import Mutation, drop, put

_JOB = "Resources/JobDefinition/Properties"
_CONTAINER = f"{_JOB}/ContainerProperties"
_ENVIRONMENT = "Resources/ComputeEnvironment/Properties"
_GROUP = "Resources/SecurityGroup/Properties"
_JOB_ROLE, _EXECUTION_ROLE = ("Resources/JobRole/Properties", "Resources/ExecutionRole/Properties")
_MAY = f"{_JOB_ROLE}/Policies/0/PolicyDocument/Statement"
_TRUST = f"{_JOB_ROLE}/AssumeRolePolicyDocument/Statement/0"

MUTATIONS = (
    Mutation("no_wildcards", "all resources", put(f"{_MAY}/0/Resource", "*")),
    Mutation("no_wildcards", "all actions", put(f"{_MAY}/0/Action", "s3:*")),
    Mutation(
        "no_wildcards", "more than the token on *",
        put(f"{_EXECUTION_ROLE}/Policies/0/PolicyDocument/Statement/0/Action",
            ["ecr:GetAuthorizationToken", "ecr:BatchGetImage"]),
    ),
    Mutation("roles_are_of_these_tasks", "anybody",
             put(f"{_TRUST}/Principal", {"Service": "lambda.amazonaws.com"})),
    Mutation("roles_are_of_these_tasks", "other accounts", drop(f"{_TRUST}/Condition")),
    Mutation("roles_are_of_these_tasks", "no boundary", drop(f"{_JOB_ROLE}/PermissionsBoundary")),
    Mutation("roles_are_of_these_tasks", "managed policies",
             put(f"{_JOB_ROLE}/ManagedPolicyArns", ["arn:aws:iam::aws:policy/AmazonS3FullAccess"])),
    Mutation("least_privilege", "writes anywhere",
             put(f"{_MAY}/2/Resource", {"Fn::Sub": "arn:${AWS::Partition}:s3:::records/*"})),
    Mutation("least_privilege", "deletes", put(f"{_MAY}/2/Action", ["s3:PutObject", "s3:DeleteObject"])),
    Mutation("least_privilege", "may not list", drop(f"{_MAY}/1")),
    Mutation("least_privilege", "not the images' bucket", drop(f"{_MAY}/0/Resource/1")),
    Mutation("least_privilege", "another repository",
             put(f"{_EXECUTION_ROLE}/Policies/0/PolicyDocument/Statement/1/Resource",
                 {"Fn::Sub": "arn:${AWS::Partition}:ecr:eu-west-1:123456789012:repository/other"})),
    Mutation("log_is_kept_for_a_time", "for ever", drop("Resources/Log/Properties/RetentionInDays")),
    Mutation("log_is_kept_for_a_time", "elsewhere", drop(f"{_CONTAINER}/LogConfiguration")),
    Mutation("spot_with_an_upper_bound", "on demand",
             put(f"{_ENVIRONMENT}/ComputeResources/Type", "FARGATE")),
    Mutation("spot_with_an_upper_bound", "no bound",
             put(f"{_ENVIRONMENT}/ComputeResources/MaxvCpus", 10000)),
    Mutation("spot_with_an_upper_bound", "another environment",
             put("Resources/JobQueue/Properties/ComputeEnvironmentOrder/0/ComputeEnvironment", "x")),
    Mutation("reclaimed_shares_are_tried_again", "once", put(f"{_JOB}/RetryStrategy/Attempts", 1)),
    Mutation("reclaimed_shares_are_tried_again", "also what cannot run",
             drop(f"{_JOB}/RetryStrategy/EvaluateOnExit/2")),
    Mutation("shares_end", "never", drop(f"{_JOB}/Timeout")),
    Mutation("nobody_gets_in", "a way in",
             put(f"{_GROUP}/SecurityGroupIngress", [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}])),
    Mutation("nobody_gets_in", "every port out", put(f"{_GROUP}/SecurityGroupEgress/0/ToPort", 65535)),
    Mutation("nobody_gets_in", "another group",
             put(f"{_ENVIRONMENT}/ComputeResources/SecurityGroupIds", ["sg-1"])),
    Mutation("each_process_takes_its_share", "all of it", drop(f"{_CONTAINER}/Command/2")),
    Mutation("each_process_takes_its_share", "no input", drop(f"{_JOB}/Parameters/input")),
    Mutation("a_container_that_fargate_runs", "too little memory",
             put(f"{_CONTAINER}/ResourceRequirements/1/Value", "1024")),
    Mutation("a_container_that_fargate_runs", "x86 for all",
             put(f"{_CONTAINER}/RuntimePlatform/CpuArchitecture", "X86_64")),
    Mutation("a_container_that_fargate_runs", "no role", drop(f"{_CONTAINER}/JobRoleArn")),
    Mutation("a_container_that_fargate_runs", "of EC2", drop(f"{_JOB}/PlatformCapabilities")),
    Mutation("the_outputs_tell_how_to_start", "no command", drop("Outputs/Start")),
)  # fmt: skip
