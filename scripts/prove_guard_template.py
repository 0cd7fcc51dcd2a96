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
    ("an alarm that is off", put(of("RolesFailedAlarm", "ActionsEnabled"), False), "is switched off"),
    (
        "an alarm that is never quiet",
        drop(of("OldestUnreconciledAlarm", "ActionsEnabled")),
        "is switched off, or otherwise",
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
    ("an alarm that is not there", put("Resources/SamlHookFaultsAlarm/Condition", "HasTrail"), "is not there whenever"),
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
