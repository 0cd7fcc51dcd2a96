"""Proves that guard_template.py finds what it is for: breaks one thing at a time in copies of the templates.

Each case must be refused with the words that it expects, and the templates as they are must pass.
"""

import copy
import json
import sys

from guard_template import EXAMPLE, RULES, faults_of, faults_of_key_policy
from template_words import ROOT, Template

ANYBODY = {"AWS": "*"}
EVERYTHING = {"Effect": "Allow", "Resource": "*"}


def at(content, path):
    """What holds the last part of a path, and that part."""
    *before, last = path.split("/")
    for part in before:
        content = content[int(part) if isinstance(content, list) else part]
    return content, int(last) if isinstance(content, list) else last


def put(path, value):
    """Sets what is there, or was not."""

    def change(content):
        inner, last = at(content, path)
        inner[last] = value

    return change


def drop(path):
    def change(content):
        inner, last = at(content, path)
        del inner[last]

    return change


def add(path, value):
    """Puts something at the end of a list."""

    def change(content):
        inner, last = at(content, path)
        inner[last].append(value)

    return change


def swap(path, old, new):
    """Replaces a part of a text."""

    def change(content):
        inner, last = at(content, path)
        if old not in inner[last]:
            raise KeyError(old)
        inner[last] = inner[last].replace(old, new)

    return change


def of(resource, path):
    return f"Resources/{resource}/Properties/{path}"


def trust_of(role):
    return of(role, "AssumeRolePolicyDocument/Statement/0/Principal")


def statements_of(role):
    return of(role, "Policies/0/PolicyDocument/Statement")


def copy_of(name, other):
    def change(content):
        content["Resources"][other] = copy.deepcopy(content["Resources"][name])

    return change


def told(function, variable):
    return of(function, f"Environment/Variables/{variable}")


def make(kind, **properties):
    """A resource more."""
    return put("Resources/Other", {"Type": kind, "Properties": properties})


def open_to_all(action):
    return {"Statement": [EVERYTHING | {"Principal": "*", "Action": action}]}


LAYER = "arn:aws:lambda:eu-central-1:111122223333:layer:x:1"
ELSEWHERE = "arn:aws:sqs:eu-central-1:111122223333:x"
QUERY = "QueryString"
KEY_POLICY = of("EventKey", "KeyPolicy/Statement")
# What is broken in the main template, how, and what must be said of it.
CASES = [
    # Who may have a role, and what it may do.
    *(
        (f"anybody has {role}", put(trust_of(role), ANYBODY), f"`{role}` can be had by others")
        for role in (
            *("SamlHookRole", "TokenHookRole", "PreTokenRole", "DeployRole"),
            *("EntitlementSyncRole", "TrustSyncRole", "TrustScheduleRole"),
        )
    ),
    (
        "a second one has a role",
        add(
            of("TrustSyncRole", "AssumeRolePolicyDocument/Statement"),
            {"Effect": "Allow", "Principal": ANYBODY, "Action": "sts:AssumeRole"},
        ),
        "can be had by others",
    ),
    (
        "schedules of other accounts",
        drop(of("TrustScheduleRole", "AssumeRolePolicyDocument/Statement/0/Condition")),
        "`TrustScheduleRole` can be had by others",
    ),
    (
        "a managed policy",
        put(of("EntitlementSyncRole", "ManagedPolicyArns"), ["arn:aws:iam::aws:policy/AdministratorAccess"]),
        "has ManagedPolicyArns",
    ),
    (
        "a role more",
        put("Resources/OtherRole", {"Type": "AWS::IAM::Role", "Properties": {}}),
        "this guard does not know",
    ),
    *(
        (
            f"{action} for {role}",
            add(statements_of(role), EVERYTHING | {"Action": action}),
            f"`{role}` may do what is not foreseen",
        )
        for role in ("EntitlementSyncRole", "TrustSyncRole", "TrustScheduleRole")
        for action in ("iam:PassRole", "sts:AssumeRole", "kms:Decrypt", "lambda:UpdateFunctionCode", "sqs:SendMessage")
    ),
    ("alerts that nobody may send", drop(f"{statements_of('EntitlementSyncRole')}/5"), "`EntitlementSyncRole` lacks"),
    (
        "producers are written",
        add(
            f"{statements_of('EntitlementSyncRole')}/3/Condition/ForAllValues:StringLike/dynamodb:LeadingKeys",
            "PRODUCER#*",
        ),
        "`EntitlementSyncRole` may do what is not foreseen",
    ),
    (
        "trust-sync uses its key by itself",
        drop(f"{statements_of('TrustSyncRole')}/10/Condition"),
        "`TrustSyncRole` may do what is not foreseen",
    ),
    # What runs in the functions, and with which settings.
    ("an end of the dry run", put(told("TrustSync", "SIGNET_DRY_RUN"), "false"), "`TrustSync` has another environment"),
    (
        "a member role that may do all",
        put(told("TrustSync", "SIGNET_MEMBER_ROLE"), "OrganizationAccountAccessRole"),
        "`TrustSync` has another environment",
    ),
    ("all paths", put(told("TrustSync", "SIGNET_ROLE_PATHS"), "/"), "`TrustSync` has another environment"),
    ("no external id", drop(told("TrustSync", "SIGNET_EXTERNAL_ID")), "`TrustSync` has another environment"),
    (
        "another table",
        put(told("EntitlementSync", "SIGNET_TABLE"), "other"),
        "`EntitlementSync` has another environment",
    ),
    (
        "a variable of the runtime",
        put(told("SamlHook", "AWS_LAMBDA_EXEC_WRAPPER"), "/opt/x"),
        "`SamlHook` has another environment",
    ),
    *(
        case
        for function in ("SamlHook", "TokenHook", "PreToken", "EntitlementSync", "TrustSync")
        for case in (
            (f"a layer in {function}", put(of(function, "Layers"), [LAYER]), f"`{function}` has `Layers`"),
            (
                f"other code in {function}",
                put(of(function, "CodeUri"), "s3://other/x.zip"),
                f"`{function}` is not built alone",
            ),
            (
                f"another program in {function}",
                put(f"Resources/{function}/Metadata/BuildProperties/Binary", "other"),
                f"`{function}` is not built as",
            ),
            (
                f"{function} is not built",
                put(f"Resources/{function}/Metadata/SkipBuild", True),
                f"`{function}` is not built as",
            ),
            (
                f"a URL of {function}",
                put(of(function, "FunctionUrlConfig"), {"AuthType": "NONE"}),
                f"`{function}` has `FunctionUrlConfig`",
            ),
            (
                f"files of others in {function}",
                put(of(function, "FileSystemConfigs"), [{"Arn": "x", "LocalMountPath": "/mnt/x"}]),
                f"`{function}` has `FileSystemConfigs`",
            ),
        )
    ),
    ("a way to call SamlHook", put(of("SamlHook", "Events"), {"Any": {"Type": "Api"}}), "`SamlHook` has `Events`"),
    ("settings of all functions", put("Globals", {"Function": {"Layers": [LAYER]}}), "settings from `Globals`"),
    ("another transform", put("Transform", ["AWS::Serverless-2016-10-31", "Other"]), "what a transform makes"),
    (
        "a transform of a part",
        put(of("AlertTopic", "DisplayName"), {"Fn::Transform": {"Name": "AWS::Include"}}),
        "what a transform makes",
    ),
    # Doors beside the function, the table and the policies.
    (
        "a policy of the table",
        put(of("EntitlementTable", "ResourcePolicy"), {"PolicyDocument": open_to_all("dynamodb:*")}),
        "`EntitlementTable` has ResourcePolicy",
    ),
    (
        "the table's changes elsewhere",
        put(of("EntitlementTable", "KinesisStreamSpecification"), {"StreamArn": "x"}),
        "`EntitlementTable` has KinesisStreamSpecification",
    ),
    (
        "a queue's inline policy",
        make(
            "AWS::SQS::QueueInlinePolicy", Queue={"Ref": "EventQueue"}, PolicyDocument=open_to_all("sqs:SendMessage")
        ),
        "`Other` is of the type AWS::SQS::QueueInlinePolicy",
    ),
    (
        "a topic's inline policy",
        make(
            "AWS::SNS::TopicInlinePolicy",
            TopicArn={"Ref": "DatasetTopic"},
            PolicyDocument=open_to_all("sns:Publish"),
        ),
        "`Other` is of the type AWS::SNS::TopicInlinePolicy",
    ),
    *(
        (f"an {kind}", make(f"AWS::{kind}"), f"`Other` is of the type AWS::{kind}")
        for kind in (
            *("Lambda::EventInvokeConfig", "Lambda::LayerVersionPermission", "Lambda::EventSourceMapping"),
            *("Lambda::Function", "IAM::RolePolicy", "IAM::ManagedPolicy", "Serverless::HttpApi"),
            *("Logs::SubscriptionFilter", "Logs::ResourcePolicy", "Events::Rule", "CloudFormation::Stack"),
        )
    ),
    (
        "a permission more",
        make("AWS::Lambda::Permission", FunctionName={"Ref": "TrustSync"}, Principal="*"),
        "`Other` lets somebody call a function",
    ),
    (
        "a queue's policy by its URL",
        make(
            "AWS::SQS::QueuePolicy",
            Queues=[{"Fn::Sub": "${EventQueue}"}],
            PolicyDocument=open_to_all("sqs:SendMessage"),
        ),
        "`Other` is on something else than queues",
    ),
    (
        "a topic's policy by its ARN",
        make(
            "AWS::SNS::TopicPolicy",
            Topics=[{"Fn::Sub": "${DatasetTopic}"}],
            PolicyDocument=open_to_all("sns:Publish"),
        ),
        "`Other` is on something else than topics",
    ),
    (
        "a subscriber more",
        make("AWS::SNS::Subscription", TopicArn={"Ref": "AlertTopic"}, Protocol="sqs", Endpoint=ELSEWHERE),
        "`Other` sends what is published",
    ),
    (
        "a subscriber elsewhere",
        put(of("DatasetSubscription", "Endpoint"), ELSEWHERE),
        "`DatasetSubscription` sends what is published",
    ),
    ("a schedule more", copy_of("TickSchedule", "Other"), "`Other` calls something"),
    (
        "a topic's own subscription",
        put(of("DatasetTopic", "Subscription"), [{"Protocol": "sqs", "Endpoint": ELSEWHERE}]),
        "`DatasetTopic` has Subscription",
    ),
    (
        "a log's policy",
        put(of("SamlHookLog", "ResourcePolicyDocument"), open_to_all("logs:*")),
        "`SamlHookLog` has ResourcePolicyDocument",
    ),
    # Keys and encryption.
    ("a key for anybody", put(f"{KEY_POLICY}/3/Principal", ANYBODY), "`EventKey` is not for"),
    ("a key that alarms cannot use", drop(f"{KEY_POLICY}/3"), "`EventKey` is not for"),
    ("a key of other topics", drop(f"{KEY_POLICY}/3/Condition"), "`EventKey` is not for"),
    ("a key that stays as it is", put(of("EventKey", "EnableKeyRotation"), False), "`EventKey` is not changed"),
    (
        "a table without KMS",
        put(of("EntitlementTable", "SSESpecification/SSEEnabled"), False),
        "is not encrypted by KMS",
    ),
    (
        "a table with another key",
        drop(of("EntitlementTable", "SSESpecification/KMSMasterKeyId")),
        "is not encrypted by KMS",
    ),
    (
        "anybody's alerts",
        put(of("AlertTopicPolicy", "PolicyDocument/Statement/2/Principal"), ANYBODY),
        "`AlertTopic` does",
    ),
    (
        "other accounts' alarms",
        drop(of("AlertTopicPolicy", "PolicyDocument/Statement/2/Condition")),
        "`AlertTopic` does",
    ),
    # The front door.
    ("any token of the issuer", drop(of("SamlHookRoute", "AuthorizationScopes")), "restore AuthorizationScopes"),
    ("any token for tokens", put(of("TokenHookRoute", "AuthorizationScopes"), []), "restore AuthorizationScopes"),
    ("jwt mode without scope", drop("Rules/JwtNeedsAuthorizer/Assertions/2"), "restore the rule `JwtNeedsAuthorizer`"),
    ("two scopes", put("Parameters/JwtScope/AllowedPattern", ".*"), "JwtScope takes"),
    ("a FIFO topic", put("Parameters/ProducerTopics/AllowedPattern", "^arn:.*$"), "ProducerTopics takes"),
    ("deployments without tags", drop(of("TokenHook", "PropagateTags")), "set PropagateTags"),
    ("a queue without tags", drop(of("TrustQueue", "Tags")), "`TrustQueue` is not tagged"),
    *(
        (f"{log} in the clear", drop(of(log, "KmsKeyId")), f"`{log}` is not encrypted with KmsKeyArn")
        for log in ("SamlHookLog", "TokenHookLog", "PreTokenLog", "HookAccessLog", "EntitlementSyncLog", "TrustSyncLog")
    ),
    ("an endpoint with spaces", drop("Parameters/AlertEndpoint/AllowedPattern"), "AlertEndpoint takes"),
    # Alarms.
    ("an alarm that is off", put(of("RolesFailedAlarm", "ActionsEnabled"), False), "has ActionsEnabled"),
    *(
        (f"{alarm} in a dry run", put(f"Resources/{alarm}/Condition", "IsWhole"), "let its Condition be IsTrustLive")
        for alarm in (
            *("OldestUnreconciledAlarm", "RolesFailedAlarm", "ProvidersFailedAlarm"),
            *("PolicyTooLongAlarm", "DriftAlarm"),
        )
    ),
    (
        "a dry run by another name",
        put("Conditions/IsTrustLive", {"Fn::Equals": [{"Ref": "Scope"}, "none"]}),
        "restore IsTrustLive",
    ),
    ("a threshold that is never reached", put(of("SamlHookFindingsAlarm", "Threshold"), 1_000_000), "or never: thresh"),
    (
        "less than nothing",
        lambda content: [
            put(of("SamlHookFindingsAlarm", what), value)(content)
            for what, value in (("ComparisonOperator", "LessThanThreshold"), ("Threshold", -1))
        ],
        "or never: operator",
    ),
    ("very many callers", put(of("SamlHookRejectionsAlarm", "Threshold"), 50_000), "or never: threshold"),
    ("a threshold of a share", put(of("PreTokenDenialsAlarm", "Threshold"), 100), "or never: threshold"),
    (
        "a share of more",
        put(of("SamlHookDenialsAlarm", "Metrics/0/Expression"), "IF(denied >= 5000, 100 * denied / signins, 0)"),
        "or never: expression",
    ),
    ("another statistic", put(of("EventLagAlarm", "ExtendedStatistic"), "p1"), "or never: stat"),
    ("another period", put(of("DriftAlarm", "Period"), 86_400), "or never: period"),
    ("more periods", put(of("RolesFailedAlarm", "DatapointsToAlarm"), 3), "or never: periods"),
    ("silence is good", put(of("OldestUnreconciledAlarm", "TreatMissingData"), "notBreaching"), "or never: missing"),
    (
        "few numbers do not count",
        put(of("SamlHookSlowAlarm", "EvaluateLowSampleCountPercentile"), "ignore"),
        "by which it may not rise",
    ),
    ("an alarm that nobody argued", copy_of("EventAgeAlarm", "OtherAlarm"), "RISES does not say"),
    (
        "the age of events is another number",
        put(of("EventAgeAlarm", "MetricName"), "NumberOfMessagesSent"),
        "no alarm that watches `ApproximateAgeOfOldestMessage`",
    ),
    *(
        (f"no {alarm}", drop(f"Resources/{alarm}"), f"has no alarm that watches `{metric}`")
        for alarm, metric in (
            *(("EventLagAlarm", "Lag"), ("EventsFailedAlarm", "EventsFailed"), ("CollisionsAlarm", "Collisions")),
            *(("EventsRefusedAlarm", "EventsRefused"), ("GroupFillAlarm", "GroupFill")),
            ("ProvidersFailedAlarm", "ProvidersFailed"),
        )
    ),
    (
        "a dimension of another namespace",
        put(of("SamlHookSlowAlarm", "Dimensions/0/Name"), "FunctionName"),
        "by other dimensions",
    ),
    ("the same of Lambda's", put(of("SamlHookErrorsAlarm", "Dimensions/0/Name"), "Function"), "by other dimensions"),
    ("no dimension", drop(of("RolesFailedAlarm", "Dimensions")), "by other dimensions"),
    (
        "a queue by its ARN",
        put(of("DeadLettersAlarm", "Dimensions/0/Value"), {"Fn::GetAtt": ["EventDeadLetters", "Arn"]}),
        "by other dimensions",
    ),
    ("another unit", put(of("EventLagAlarm", "Unit"), "Seconds"), "in Seconds, in which it is not counted"),
    ("a unit of Lambda's", put(of("SamlHookErrorsAlarm", "Unit"), "Milliseconds"), "in Milliseconds, in which"),
    ("an alarm that is not there", put("Resources/SamlHookFaultsAlarm/Condition", "HasTrail"), "is not there when"),
    (
        "an alarm that tells others",
        put(of("DriftAlarm", "AlarmActions"), ["arn:aws:sns:eu-central-1:111122223333:x"]),
        "does not tell AlarmTopicArn",
    ),
    (
        "crashes with denials",
        swap(of("PreTokenCrashesAlarm", "Metrics/0/Expression"), " - 1.1 * (denied + rejected)", ""),
        "rises with denials",
    ),
    *(
        (f"no way back of {name}", drop(f"Resources/{name}/UpdateReplacePolicy"), f"`{name}` loses the version")
        for name in ("SamlHook", "TokenHook", "PreToken")
    ),
    ("no way back from code", put("Resources/SamlHook/DeletionPolicy", "Delete"), "`SamlHook` loses the version"),
    ("crashes take nothing back", drop(of("PreToken", "DeploymentPreference/Alarms/1")), "does not go back when"),
    ("no alarm of the throttle", drop("Resources/HttpApiRefusalsAlarm"), "`HttpApiRefusals` has no alarm"),
    ("no alarm of a shut URL", drop("Resources/TokenHookUrlRefusalsAlarm"), "has no alarm that watches `Url4xxCount`"),
    (
        "the throttle is not counted",
        swap(of("HttpApiRefusals", "FilterPattern"), '$.status = "429" || ', ""),
        "does not count lines",
    ),
    # Queries.
    ("a role with a comma", swap(of("WhoGotRoleQuery", QUERY), 'reader"', "reader,"), "stands so in no line"),
    (
        "a role without its end",
        swap(
            of("WhoGotRoleQuery", QUERY),
            "'\"arn:aws:iam::111122223333:role/data/clinical-reader\"'",
            '"arn:aws:iam::111122223333:role/data/clinical-reader"',
        ),
        "does not ask for",
    ),
    ("a query without its role", put(of("WhoGotRoleQuery", QUERY), "fields @timestamp\n"), "does not ask for"),
    ("a field of nobody", swap(of("WhyDeniedQuery", QUERY), "detail", "explanation"), "asks for `explanation`"),
    (
        "a field in backticks of nobody",
        swap(of("DecisionQuery", QUERY), "`decision.id` =", "`decision_id` ="),
        "asks for `decision_id`",
    ),
    ("an outcome of nobody", swap(of("DenialsByReasonQuery", QUERY), '"deny"', '"denied"'), "looks for `denied`"),
    ("a field of another function", swap(of("ChangesOfRoleQuery", QUERY), "waited_ms", "lag_ms"), "asks for `lag_ms`"),
    (
        "a field of the access log",
        swap(of("CallersOfHooksQuery", QUERY), "authorizer_error", "error"),
        "asks for `error`",
    ),
    (
        "an outcome of events",
        swap(of("EventsNotAppliedQuery", QUERY), '"refused"', '"rejected"'),
        "looks for `rejected`",
    ),
    (
        "a field of CloudTrail",
        swap(of("SessionsOfDecisionQuery", QUERY), "recipientAccountId", "accountId"),
        "asks for `accountId`",
    ),
]
# The same of the other templates.
SUBSCRIPTION, TOPIC = "producer-subscription.yaml", "producer-topic.yaml"
OTHERS = [
    (
        SUBSCRIPTION,
        "raw delivery",
        put(of("Subscription", "RawMessageDelivery"), True),
        "does not say `RawMessageDelivery",
    ),
    (SUBSCRIPTION, "no dead letters", drop(of("Subscription", "RedrivePolicy")), "loses events"),
    (
        SUBSCRIPTION,
        "dead letters of another Region",
        put(of("Subscription", "RedrivePolicy"), {"deadLetterTargetArn": {"Ref": "UndeliveredEventQueueArn"}}),
        "dead letters in another Region",
    ),
    (TOPIC, "a topic without tags", drop(of("Topic", "Tags")), "is not tagged"),
    (TOPIC, "a topic in the clear", drop(of("Topic", "KmsMasterKeyId")), "is not encrypted"),
    (
        TOPIC,
        "anybody subscribes",
        put(of("TopicPolicy", "PolicyDocument/Statement/0/Principal"), ANYBODY),
        "lets others in",
    ),
    ("member-account.yaml", "a role without tags", drop(of("AuditRole", "Tags")), "`AuditRole` is not tagged"),
    (SUBSCRIPTION, "a FIFO topic", put("Parameters/TopicArn/AllowedPattern", "^arn:.*$"), "TopicArn takes"),
]
# The same of the example of a customer key's policy.
KEYS = [
    ("logs that cannot be written", drop("Statement/5"), "`LogsOfTheStack` says another thing"),
    ("logs of anybody", drop("Statement/5/Condition"), "`LogsOfTheStack` says another thing"),
    ("the key is anybody's", put("Statement/1/Principal", "*"), "`PublishersOfDatasets` says another thing"),
    ("the key is every account's", put("Statement/1/Principal", ANYBODY), "lets others in than one account"),
    (
        "a service more",
        add("Statement", {"Sid": "More", "Principal": {"Service": "x"}, "Action": "kms:*"}),
        "`More` says",
    ),
]


def prove(templates, name, what, change, expected):
    """Breaks a copy. Whether the guard said what it must."""
    template = templates[name]
    whole = template.content if isinstance(template, Template) else template
    broken = copy.deepcopy(whole)
    change(broken)
    if isinstance(template, Template):
        template.hold(broken)
        said = faults_of(template, name)
        template.hold(whole)
    else:
        said = list(faults_of_key_policy(broken))
    good = any(expected in fault for fault in said)
    if not good:
        print(f"prove-guard-template: {what}: expected `{expected}`, and it said: {said or 'nothing'}", file=sys.stderr)
    return good


def main():
    templates = {name: Template(ROOT / "infra" / name) for name in RULES}
    if faults := [fault for name, template in templates.items() for fault in faults_of(template, name)]:
        sys.exit(f"prove-guard-template: the templates as they are: {faults}")
    templates[EXAMPLE] = json.loads((ROOT / EXAMPLE).read_text(encoding="utf-8"))
    cases = [("template.yaml", *case) for case in CASES] + OTHERS + [(EXAMPLE, *case) for case in KEYS]
    if failed := [case[1] for case in cases if not prove(templates, *case)]:
        sys.exit(f"prove-guard-template: not proven: {', '.join(failed)}")
    print(f"prove-guard-template: {len(cases)} cases: what is broken is found, what is there is not")


if __name__ == "__main__":
    main()
