"""Holds the templates to what keeps sign-ins shut to others, producers apart, events from being lost,
and roles from being opened.

guard_template.py [TEMPLATE [SUBSCRIPTION [MEMBER [USER_POOL [TOPIC]]]]]      in infra/ unless told

Each rule says what breaks without it. A new queue, topic or alarm comes under the rules by itself; a
policy that is to say something else is a decision: change it here as well, with SECURITY.md.
"""

import json
import re
import sys
from pathlib import Path

from operation_rules import OPERATIONS, faults_of_tags
from sign_in_rules import (
    ALL_OF_FUNCTION,
    CODE_DEPLOY,
    FUNCTIONS,
    KEY,
    LAMBDA,
    SIGN_IN,
    faults_of_code,
    faults_of_user_pool,
)
from template_words import (
    CUSTOMER_KEY,
    NOTHING,
    ROOT,
    TRACES,
    Template,
    actions_of,
    allow,
    arn,
    bare,
    branches,
    deny,
    either,
    in_account,
    leading,
    may,
    too_wide,
)

WITH_PRODUCERS = {"Fn::Split": [",", {"Fn::Sub": "${DatasetTopic},${ProviderTopic},${ProducerTopics}"}]}
TOPICS = either("HasProducerTopics", WITH_PRODUCERS, [{"Ref": "DatasetTopic"}, {"Ref": "ProviderTopic"}])
REDRIVE_ROLE = {"aws:PrincipalArn": either("HasRedriveRole", {"Ref": "RedriveRoleArn"}, NOTHING)}
PUBLISHERS = {"DatasetTopic": ("HasPublishers", "PublisherAccounts")}
PUBLISHERS["ProviderTopic"] = ("HasProviderPublishers", "ProviderPublisherAccounts")
# Never META, the table's settings, nor PRODUCER#, what producers may say.
WRITTEN = ["SOURCE#*", "GROUP#*", "CODE#*", "ROLE#*", "ACCOUNT#*", "APP#*", "PROVIDER#*", "ISSUER#*", "HISTORY#*"]
# What TrustSync is called by, and what it must be seen by.
FILTER = {"dynamodb": {"Keys": {"pk": {"S": [{"prefix": "ACCOUNT#"}]}}, "NewImage": {"last": {"S": ["wanted"]}}}}
# What the functions of events and of trust policies are told: from a dry run to the roles that may be written, all
# is a parameter, so that its pattern and default hold.
TOLD = {"SIGNET_TABLE": {"Ref": "EntitlementTable"}, "SIGNET_ALERT_TOPIC": {"Ref": "AlertTopic"}}
TRUST_TOLD = {
    "SIGNET_TRUST_QUEUE_URL": {"Ref": "TrustQueue"},
    "SIGNET_MEMBER_ROLE": {"Ref": "MemberRole"},
    "SIGNET_EXTERNAL_ID": {"Ref": "ExternalId"},
    "SIGNET_ROLE_PATHS": either("HasRolePaths", {"Ref": "RolePaths"}, NOTHING),
    "SIGNET_ROLE_TAG": either("HasRoleTag", {"Ref": "RoleTag"}, NOTHING),
    "SIGNET_DRY_RUN": {"Ref": "TrustDryRun"},
    "SIGNET_POLICY_QUOTA": {"Ref": "PolicyQuota"},
    "SIGNET_IAM_WRITES_PER_SECOND": {"Ref": "IamWritesPerSecond"},
    "SIGNET_IAM_READS_PER_SECOND": {"Ref": "IamReadsPerSecond"},
}
# Each of the two: its folder, what it is told, what else is said of it.
SYNCS = {
    "EntitlementSync": ("entitlement-sync", TOLD, {"Events", "ReservedConcurrentExecutions"}),
    "TrustSync": ("trust-sync", TOLD | TRUST_TOLD, {"Events", "EventInvokeConfig"}),
}
# To whom what is published is sent: by the name of the subscription, its topic and its endpoint.
SUBSCRIBED = {
    "DatasetSubscription": [{"Ref": "DatasetTopic"}, arn("EventQueue")],
    "ProviderSubscription": [{"Ref": "ProviderTopic"}, arn("EventQueue")],
    "AlertSubscription": [{"Ref": "AlertTopic"}, {"Ref": "AlertEndpoint"}],
}
# A topic's own Subscription sends what is published elsewhere, unseen by the rules of subscriptions.
ALL_OF_TOPIC = {"TopicName", "DisplayName", "KmsMasterKeyId", "Tags"}
SCHEDULES = {"TickSchedule": {"task": "tick"}, "NightlySweep": {"task": "sweep"}}
INDEX = {"Fn::Sub": "${EntitlementTable.Arn}/index/by-kind"}
MARKS = {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "sk", "kind", "raising", "raised"]}}
KEY_OF_TOPICS = either("HasCustomerKey", {"Ref": "KmsKeyArn"}, arn("EventKey"))
ENCRYPT = ["kms:GenerateDataKey*", "kms:Decrypt"]


def by_service(service, **context):
    return {
        "StringEquals": {"kms:ViaService": {"Fn::Sub": f"{service}.${{AWS::Region}}.${{AWS::URLSuffix}}"}, **context}
    }


def by_customer_key(actions, service):
    return either("HasCustomerKey", may(actions, {"Ref": "KmsKeyArn"}, by_service(service)), NOTHING)


def log_of(function):
    return may(["logs:CreateLogStream", "logs:PutLogEvents"], arn(f"{function}Log"))


ALERT = [
    may("sns:Publish", {"Ref": "AlertTopic"}),
    may(ENCRYPT, KEY_OF_TOPICS, by_service("sns", **{"kms:EncryptionContext:aws:sns:topicArn": {"Ref": "AlertTopic"}})),
]
# All that EntitlementSync may do.
SYNC_MAY = [
    may(["dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem"], arn("EntitlementTable")),
    may("dynamodb:Query", arn("EntitlementTable"), leading("SOURCE#*")),
    may("dynamodb:Query", INDEX),
    may(["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"], arn("EntitlementTable"), leading(*WRITTEN)),
    may(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], arn("EventQueue")),
    *ALERT,
    log_of("EntitlementSync"),
    TRACES,
    KEY,
    by_customer_key("kms:Decrypt", "sqs"),
]
# All that TrustSync may do.
TRUST_MAY = [
    may(
        ["dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:Query"],
        arn("EntitlementTable"),
        leading("META", "ACCOUNT#*", "ROLE#*", "APP#*", "PROVIDER#*"),
    ),
    may("dynamodb:Query", INDEX),
    may("dynamodb:UpdateItem", arn("EntitlementTable"), leading("ACCOUNT#*")),
    may("dynamodb:UpdateItem", arn("EntitlementTable"), leading("APP#*") | MARKS),
    may(
        ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
        {"Fn::GetAtt": ["EntitlementTable", "StreamArn"]},
    ),
    may("dynamodb:ListStreams", {"Fn::Sub": "${EntitlementTable.Arn}/stream/*"}),
    may(
        ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        arn("TrustQueue"),
    ),
    may("sqs:SendMessage", [arn("StreamFailures"), arn("ScheduleFailures")]),
    may(
        "sts:AssumeRole",
        {"Fn::Sub": "arn:${AWS::Partition}:iam::*:role/${MemberRole}"},
        {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}},
    ),
    *ALERT,
    log_of("TrustSync"),
    TRACES,
    KEY,
    by_customer_key(["kms:GenerateDataKey", "kms:Decrypt"], "sqs"),
]
# All that the schedules may do.
SCHEDULE_MAY = [
    may("lambda:InvokeFunction", arn("TrustSync")),
    may("sqs:SendMessage", arn("ScheduleFailures")),
    by_customer_key(["kms:GenerateDataKey", "kms:Decrypt"], "sqs"),
]
THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
SCHEDULER = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
# Who may have each role.
TRUSTED = {f"{function}Role": LAMBDA for function in (*FUNCTIONS, "EntitlementSync", "TrustSync")}
TRUSTED |= {"DeployRole": CODE_DEPLOY, "TrustScheduleRole": SCHEDULER | {"Condition": THIS_ACCOUNT}}
ALL_OF_ROLE = {"Description", "AssumeRolePolicyDocument", "Policies", "Tags"}


def topic_of_stack(name):
    topic = f"arn:${{AWS::Partition}}:sns:${{AWS::Region}}:${{AWS::AccountId}}:${{AWS::StackName}}-{name}"
    return {"kms:EncryptionContext:aws:sns:topicArn": {"Fn::Sub": topic}}


def publishers(condition, accounts, topic):
    """What accounts that may publish to a topic may do with its key."""
    use = allow({"AWS": {"Fn::Split": [",", {"Ref": accounts}]}}, ENCRYPT, "*")
    return either(condition, use | {"Condition": by_service("sns", **topic_of_stack(topic))}, NOTHING)


# All that is said of the stack's key. By way of the account, its own identities' policies decide.
KEY_POLICY = [
    allow({"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}, "kms:*", "*"),
    publishers(*PUBLISHERS["DatasetTopic"], "datasets"),
    publishers(*PUBLISHERS["ProviderTopic"], "providers"),
    allow({"Service": "cloudwatch.amazonaws.com"}, ENCRYPT, "*")
    | {"Condition": {"StringEquals": topic_of_stack("alerts")}},
]
ALARMS = {"Fn::Sub": "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"}
# Who may publish alerts.
ALERTERS = [
    either("IsWhole", allow({"AWS": arn(f"{function}Role")}, "sns:Publish", {"Ref": "AlertTopic"}), NOTHING)
    for function in ("EntitlementSync", "TrustSync")
]
ALERTERS.append(allow({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish", {"Ref": "AlertTopic"}))
ALERTERS[-1]["Condition"] = {"ArnLike": {"aws:SourceArn": ALARMS}}
OIDC = ["Get", "Create", "Delete", "AddClientIDTo", "RemoveClientIDFrom"]
ISSUERS = [in_account("oidc-provider/${OidcIssuer}"), in_account("oidc-provider/${OidcIssuer}/*")]
TAGGED = {"StringEquals": {"iam:ResourceTag/signet-trust": {"Ref": "RoleTagValue"}}}
MEMBER = "role${MemberRolePath}${MemberRoleName}"
# All that the member role of an account may do.
MEMBER_MAY = [
    may(["iam:GetRole", "iam:ListRoles"], "*"),
    may("iam:UpdateAssumeRolePolicy", in_account("role${RolePath}*")),
    either("HasRoleTag", may("iam:UpdateAssumeRolePolicy", in_account("role/*"), TAGGED), NOTHING),
    may(["iam:ListSAMLProviders", "iam:ListOpenIDConnectProviders"], "*"),
    may(
        [f"iam:{what}SAMLProvider" for what in ("Get", "Create", "Update", "Delete")],
        in_account("saml-provider/${ProviderNamePrefix}*"),
    ),
    either("HasOidcIssuer", may([f"iam:{what}OpenIDConnectProvider" for what in OIDC], ISSUERS), NOTHING),
    may("iam:UpdateAssumeRolePolicy", [in_account(MEMBER), in_account(f"{MEMBER}-audit"), {"Ref": "TrustSyncRoleArn"}])
    | {"Effect": "Deny"},
]


def faults_of_subscriptions(template):
    for name, properties in template.of("AWS::SNS::Subscription").items():
        if properties["TopicArn"] != {"Ref": "AlertTopic"} and properties.get("RawMessageDelivery") is not False:
            yield name, "does not say `RawMessageDelivery: false`: with it, publishers write the envelope; say so"


def faults_of_producer(template):
    name = "Subscription"
    region = {"Fn::Select": [3, {"Fn::Split": [":", {"Ref": "TopicArn"}]}]}
    dead_letters = {"deadLetterTargetArn": {"Ref": "UndeliveredEventQueueArn"}}
    wanted = {"TopicArn": {"Ref": "TopicArn"}, "Region": region, "Protocol": "sqs", "RawMessageDelivery": False}
    wanted |= {"Endpoint": {"Ref": "EventQueueArn"}, "RedrivePolicy": either("IsOfThisRegion", dead_letters, NOTHING)}
    here = {"IsOfThisRegion": {"Fn::Equals": [region, {"Ref": "AWS::Region"}]}}
    if set(template.resources) != {name} or template.get(name) != wanted or template.conditions != here:
        yield (
            name,
            "is not alone, loses events, or asks for dead letters in another Region than the topic's; restore it",
        )
    yield from ((name, what) for what in too_wide(template.parameters, {"TopicArn": ["", "*", f"{TOPIC}*", FIFO]}))


def faults_of_producers_topic(template):
    name = "Topic"
    if set(template.resources) != {name, "TopicPolicy"}:
        yield name, "is not alone with its policy: what else the stack makes, this guard does not know"
    subscribe = allow({"AWS": {"Ref": "SignetAccount"}}, "sns:Subscribe", {"Ref": name})
    subscribe["Condition"] = {"StringEquals": {"sns:Protocol": "sqs"}}
    only_tls = deny("sns:Publish", {"Ref": name}, Bool={"aws:SecureTransport": "false"})
    if template.policy("AWS::SNS::TopicPolicy", "Topics", name) != [subscribe, only_tls]:
        yield name, "lets others in than Signet's account to subscribe a queue, or without TLS; restore its policy"
    if template.get(name).get("KmsMasterKeyId") != {"Ref": "KmsKeyId"}:
        yield name, "is not encrypted; set KmsMasterKeyId"


def faults_of_targets(template):
    """Who hears of what is published; and a policy on a queue or topic that is named otherwise than by `!Ref`, and so
    is in no rule's view."""
    for name, properties in template.of("AWS::SNS::Subscription").items():
        if [properties.get("TopicArn"), properties.get("Endpoint")] != SUBSCRIBED.get(name):
            yield name, "sends what is published to somebody whom this guard does not know; take it out, or restore it"
    for kind, member in (("SQS::Queue", "Queues"), ("SNS::Topic", "Topics")):
        known = [{"Ref": name} for name in template.of(f"AWS::{kind}")]
        for name, properties in template.of(f"AWS::{kind}Policy").items():
            if any(target not in known for target in properties[member]):
                yield name, f"is on something else than {member.lower()} of this stack by `!Ref`; correct {member}"


def faults_of_queues(template):
    for name, properties in template.of("AWS::SQS::Queue").items():
        policy = template.policy("AWS::SQS::QueuePolicy", "Queues", name)
        if deny("sqs:*", arn(name), Bool={"aws:SecureTransport": "false"}) not in policy:
            yield name, "has no policy that denies `sqs:*` without TLS; add the statement `OnlyTls`"
        from_topics = allow({"Service": "sns.amazonaws.com"}, "sqs:SendMessage", arn(name))
        from_topics["Condition"] = {"ArnEquals": {"aws:SourceArn": TOPICS}}
        wanted = [from_topics] if name in ("EventQueue", "UndeliveredEvents") else []
        if [s for s in policy if s.get("Effect") != "Deny"] != wanted:
            yield name, "is to be open to SNS for the listed topics, or to nobody; restore `ListedTopics`"
        others = deny("sqs:SendMessage", arn(name), ArnNotEquals={"aws:SourceArn": TOPICS, **REDRIVE_ROLE})
        if name == "EventQueue" and others not in policy:
            yield name, "does not deny everybody but the topics and RedriveRoleArn; restore the statement `NobodyElse`"
        keys = [properties.get("KmsMasterKeyId"), properties.get("SqsManagedSseEnabled")]
        if keys != [CUSTOMER_KEY, either("HasCustomerKey", NOTHING, True)]:
            yield name, "is not encrypted, with KmsKeyArn and without; set KmsMasterKeyId and SqsManagedSseEnabled"
    for name, dead_letters in (("EventQueue", "EventDeadLetters"), ("TrustQueue", "TrustDeadLetters")):
        given_up = {"deadLetterTargetArn": arn(dead_letters), "maxReceiveCount": 5}
        if template.get(name).get("RedrivePolicy") != given_up:
            yield name, f"does not give up after `maxReceiveCount: 5` into {dead_letters}, as the pages say"


def faults_of_topics(template):
    yield from ((name, "") for name in (*PUBLISHERS, "AlertTopic") if name not in template.resources)
    for name, properties in template.of("AWS::SNS::Topic").items():
        if properties.get("KmsMasterKeyId") != either("HasCustomerKey", {"Ref": "KmsKeyArn"}, arn("EventKey")):
            yield name, "is not encrypted with the customer's key or the stack's; set KmsMasterKeyId"
        if other := sorted(set(properties) - ALL_OF_TOPIC):
            yield name, f"has {', '.join(other)}, where this guard does not look; take it off"
        policy = template.policy("AWS::SNS::TopicPolicy", "Topics", name)
        if deny("sns:Publish", {"Ref": name}, Bool={"aws:SecureTransport": "false"}) not in policy:
            yield name, "has no policy that denies `sns:Publish` without TLS; add the statement `OnlyTls`"
        allowed = [statement for statement in policy if statement.get("Effect") != "Deny"]
        if name in PUBLISHERS:
            condition, accounts = PUBLISHERS[name]
            publish = allow({"AWS": {"Fn::Split": [",", {"Ref": accounts}]}}, "sns:Publish", {"Ref": name})
            if allowed != [either(condition, publish, NOTHING)]:
                yield name, f"does not let the accounts of {accounts}, and nobody else, publish; restore `Publishers`"
        elif allowed != ALERTERS:
            yield (
                name,
                "does not let the two functions and this account's alarms publish, and nobody else; restore that",
            )


def faults_of_key(template):
    name = "EventKey"
    key = template.get(name)
    if [bare(statement) for statement in key.get("KeyPolicy", {}).get("Statement", [])] != KEY_POLICY:
        yield name, "is not for the topics' publishers and CloudWatch alone, or not for all of them; restore KeyPolicy"
    if key.get("EnableKeyRotation") is not True or key.get("Enabled", True) is not True:
        yield name, "is not changed every year, or is off; restore EnableKeyRotation"
    if template.resources.get(name, {}).get("Condition") != "HasNoCustomerKey":
        yield name, "is not there whenever KmsKeyArn is empty; let its Condition be HasNoCustomerKey"


def faults_of_function(template):
    function = template.get("EntitlementSync")
    if function.get("Role") != arn("EntitlementSyncRole"):
        yield "EntitlementSync", "does not have the role EntitlementSyncRole; set Role"
    sources = [event["Properties"] for event in function.get("Events", {}).values()]
    if [source.get("Queue") for source in sources] != [arn("EventQueue")]:
        yield "EntitlementSync", "does not take its events from EventQueue alone; restore the event `Queue`"
    if any(source.get("FunctionResponseTypes") != ["ReportBatchItemFailures"] for source in sources):
        yield "EntitlementSync", "loses what failed; restore `FunctionResponseTypes: [ReportBatchItemFailures]`"
    if template.get("EventQueue").get("VisibilityTimeout", 30) < 6 * function.get("Timeout", 3):
        yield "EventQueue", "has a VisibilityTimeout of less than six times the function's Timeout; raise it"


def faults_of_roles(template):
    """Who may have each role, and what roles besides may do."""
    for name, role in template.of("AWS::IAM::Role").items():
        if name not in TRUSTED:
            yield name, "is a role that this guard does not know; take it out, or say here what it may do"
            continue
        if [bare(s) for s in role.get("AssumeRolePolicyDocument", {}).get("Statement", [])] != [TRUSTED[name]]:
            service = TRUSTED[name]["Principal"]["Service"]
            yield name, f"can be had by others than {service}, or of another account; restore its trust policy"
        if other := sorted(set(role) - ALL_OF_ROLE):
            yield name, f"has {', '.join(other)}, where this guard does not look; state what it may do in Policies"
    for name, wanted in (
        ("EntitlementSyncRole", SYNC_MAY),
        ("TrustSyncRole", TRUST_MAY),
        ("TrustScheduleRole", SCHEDULE_MAY),
    ):
        stated = [bare(statement) for statement in template.statements(name)]
        yield from ((name, f"may do what is not foreseen: {brief(s)}") for s in stated if s not in wanted)
        yield from ((name, f"lacks: {brief(s)}") for s in wanted if s not in stated)


def faults_of_environments(template):
    for name, (folder, told, more) in SYNCS.items():
        yield from faults_of_code(template, name, folder, told, ALL_OF_FUNCTION | more)
        sources = sorted((ROOT / "functions" / folder / "src").rglob("*.rs"))
        code = [path.read_text(encoding="utf-8").partition("#[cfg(test)]")[0] for path in sources]
        read = set(re.findall(r'"(SIGNET_[A-Z_]+)"', "".join(code)))
        if read != set(told):
            in_vain = sorted(set(told) - read)
            yield name, f"is not given {sorted(read - set(told))} that it reads, or is given {in_vain} in vain"


def faults_of_trust(template):
    function, queue, name = template.get("TrustSync"), template.get("TrustQueue"), "TrustSync"
    if function.get("Role") != arn("TrustSyncRole"):
        yield name, "does not have the role TrustSyncRole; set Role"
    events = {event["Type"]: event["Properties"] for event in function.get("Events", {}).values()}
    accounts, changes = events.get("SQS", {}), events.get("DynamoDB", {})
    if len(function.get("Events", {})) != 2 or accounts.get("Queue") != arn("TrustQueue"):
        yield name, "is not called by TrustQueue and the table's stream alone; restore the events"
    if any(event.get("FunctionResponseTypes") != ["ReportBatchItemFailures"] for event in (accounts, changes)):
        yield name, "loses what failed; restore `FunctionResponseTypes: [ReportBatchItemFailures]`"
    if changes.get("Stream") != {"Fn::GetAtt": ["EntitlementTable", "StreamArn"]}:
        yield name, "does not read the stream of EntitlementTable"
    filters = [json.loads(each["Pattern"]) for each in changes.get("FilterCriteria", {}).get("Filters", [])]
    if filters != [FILTER]:
        yield name, "is called for more or less than what raises an account or a role; restore FilterCriteria"
    if changes.get("BisectBatchOnFunctionError") is not True or changes.get("StartingPosition") != "TRIM_HORIZON":
        yield name, "loses changes, or lets one hold up others: set BisectBatchOnFunctionError and TRIM_HORIZON"
    if not all(changes.get(limit, -1) > 0 for limit in ("MaximumRetryAttempts", "MaximumRecordAgeInSeconds")):
        yield name, "tries a bad change until the stream forgets it, and all behind it; limit attempts and age"
    if changes.get("DestinationConfig") != {"OnFailure": {"Type": "SQS", "Destination": arn("StreamFailures")}}:
        yield name, "loses changes that were given up; let DestinationConfig of the stream say StreamFailures"
    called = function.get("EventInvokeConfig", {}).get("DestinationConfig")
    if called != {"OnFailure": {"Type": "SQS", "Destination": arn("ScheduleFailures")}}:
        yield name, "loses runs of the schedules that failed; let EventInvokeConfig say ScheduleFailures"
    if queue.get("FifoQueue") is not True or template.get("TrustDeadLetters").get("FifoQueue") is not True:
        yield "TrustQueue", "or its dead letters are not FIFO: an account would have two workers; set FifoQueue"
    if queue.get("ContentBasedDeduplication") is not False:
        yield "TrustQueue", "drops a second change of an account by its content; set ContentBasedDeduplication to false"
    if queue.get("VisibilityTimeout", 30) < function.get("Timeout", 3) + 60:
        yield "TrustQueue", "shows an account to others while it is worked on; raise VisibilityTimeout"
    for schedule in sorted(set(template.of("AWS::Scheduler::Schedule")) - set(SCHEDULES)):
        yield schedule, "calls something that this guard does not know; take it out"
    for schedule, task in SCHEDULES.items():
        target = template.get(schedule).get("Target", {})
        if target.get("Arn") != arn(name) or json.loads(target.get("Input", "{}")) != task:
            yield schedule, f"does not call TrustSync with {json.dumps(task)}"
        if target.get("DeadLetterConfig") != {"Arn": arn("ScheduleFailures")}:
            yield schedule, "loses runs that could not be started; let DeadLetterConfig say ScheduleFailures"
        if template.get(schedule).get("State", "ENABLED") != "ENABLED":
            yield schedule, "is switched off"
    for rule in ("TrustNeedsBounds", "TrustNeedsExternalId"):
        if template.rules.get(rule, {}).get("RuleCondition") != {"Fn::Equals": [{"Ref": "Scope"}, "all"]}:
            yield name, f"can be deployed without bounds or external id; restore the rule `{rule}`"
    if template.parameters.get("TrustDryRun", {}).get("Default") != "true":
        yield name, "writes trust policies from its first deployment on; let TrustDryRun be true by default"
    yield from ((name, what) for what in too_wide(template.parameters, NARROW))


def faults_of_member(template):
    name = "MemberRole"
    parameters = template.parameters
    if set(template.resources) != {name, "AuditRole"}:
        yield name, "is not alone with AuditRole: what else the stack makes, this guard does not know"
    for entered, by in ((name, "TrustSyncRoleArn"), ("AuditRole", "AuditorRoleArn")):
        enter = allow({"AWS": {"Ref": by}}, "sts:AssumeRole", None)
        del enter["Resource"]
        enter["Condition"] = {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}
        trusts = template.get(entered).get("AssumeRolePolicyDocument", {}).get("Statement", [])
        if [bare(s) for s in trusts] != [enter]:
            yield entered, f"lets others in than {by}, or without the external id; restore its trust policy"
        if template.get(entered).get("MaxSessionDuration") != 3600:
            yield entered, "has sessions of another length than an hour; set MaxSessionDuration"
        if template.get(entered).get("ManagedPolicyArns"):
            yield entered, "may have permissions that are not in the role; state them there"
    stated = [bare(s) for s in template.statements(name)]
    yield from ((name, f"may do what is not foreseen: {brief(s)}") for s in stated if s not in MEMBER_MAY)
    yield from ((name, f"lacks: {brief(s)}") for s in MEMBER_MAY if s not in stated)
    for statement in (each for stated in template.statements("AuditRole") for each in branches(stated)):
        if not all(re.fullmatch(r"iam:(Get|List)\w+", action) for action in actions_of(statement)):
            yield "AuditRole", f"may do more than look, by `{statement.get('Sid')}`"
    for needed in ("TrustSyncRoleArn", "ExternalId", "RolePath"):
        if "Default" in parameters.get(needed, {"Default": ""}):
            yield name, f"can be made without {needed}; let that parameter have no default"
    yield from ((name, what) for what in too_wide(parameters, MEMBER_NARROW))


TOPIC = "arn:aws:sns:eu-central-1:444455556666:data-access"
# A queue that is none takes nothing from it.
FIFO = f"{TOPIC}.fifo"
# What parameters must not take: in a policy it would be a pattern, or everything.
NARROW = {
    "ProducerTopics": ["*", f"{TOPIC}*", f"{TOPIC},*", FIFO, f"{TOPIC},{FIFO}"],
    "MemberRole": ["", "*", "signet/*", "/signet/member", "signet/me?ber"],
    "RolePaths": ["/", "*", "/*/", "/data", "/data/,/"],
    "RoleTag": ["key", "key=", "=value", "key=*"],
    "ExternalId": ["*", "short"],
    "AlertEndpoint": ["a b", " ", "x" * 2049],
}
MEMBER_NARROW = {
    "TrustSyncRoleArn": ["*", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/*", "111122223333"],
    "ExternalId": ["", "*", "short"],
    "RolePath": ["", "/", "*", "/*", "/*/", "/data", "/da?a/", "/${x}/"],
    "RoleTagValue": ["*", "a*", "?", "${aws:PrincipalTag/x}"],
    "ProviderNamePrefix": ["", "*", "okta*", "?"],
    "OidcIssuer": ["*", "*.example.com", "example.com/*", "https://example.com", "example.com/"],
    "MemberRoleName": ["", "*"],
}


EXAMPLE = "infra/policies/key-policy.json"
ANY_CONTEXT = "kms:EncryptionContext:aws:"
# What the example of a customer key's policy says beside the account: whom it lets in, to what, on which condition.
CUSTOMER_KEY_POLICY = {
    "PublishersOfDatasets": ("AWS", ENCRYPT, {"StringEquals": ["kms:ViaService", f"{ANY_CONTEXT}sns:topicArn"]}),
    "PublishersOfProviders": ("AWS", ENCRYPT, {"StringEquals": ["kms:ViaService", f"{ANY_CONTEXT}sns:topicArn"]}),
    "TopicsIntoQueues": ("sns.amazonaws.com", ENCRYPT, {"ArnEquals": ["aws:SourceArn"]}),
    "AlarmsOfCloudWatch": ("cloudwatch.amazonaws.com", ENCRYPT, {"StringEquals": [f"{ANY_CONTEXT}sns:topicArn"]}),
    "LogsOfTheStack": (
        "logs.eu-central-1.amazonaws.com",
        ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        {"ArnLike": [f"{ANY_CONTEXT}logs:arn"]},
    ),
}


def faults_of_key_policy(policy):
    stated = {}
    for statement in policy["Statement"]:
        (kind, who), *_ = statement["Principal"].items() if isinstance(statement["Principal"], dict) else [("", "")]
        conditions = {how: list(keys) for how, keys in statement.get("Condition", {}).items()}
        stated[statement["Sid"]] = (who if kind == "Service" else kind, statement["Action"], conditions)
        if kind == "AWS" and not re.fullmatch(r"\d{12}|arn:aws:iam::\d{12}:root", str(who)):
            yield f"{EXAMPLE}: `{statement['Sid']}` lets others in than one account"
    if stated.pop("Account", None) != ("AWS", "kms:*", {}):
        yield f"{EXAMPLE}: `Account` does not leave the key to its account; restore it"
    for sid in sorted(stated.keys() | CUSTOMER_KEY_POLICY):
        if stated.get(sid) != CUSTOMER_KEY_POLICY.get(sid):
            yield f"{EXAMPLE}: `{sid}` says another thing than the stack needs, or more; restore it"


def brief(statement):
    inner = branches(statement)[0]
    return json.dumps({key: inner[key] for key in ("Effect", "Action", "Resource") if key in inner})


EVENTS = (
    faults_of_subscriptions,
    faults_of_targets,
    faults_of_queues,
    faults_of_topics,
    faults_of_key,
    faults_of_function,
)
# The rules of each template.
RULES = {
    "template.yaml": (*SIGN_IN, *EVENTS, faults_of_roles, faults_of_environments, faults_of_trust, *OPERATIONS),
    "producer-subscription.yaml": (faults_of_subscriptions, faults_of_producer, faults_of_tags),
    "member-account.yaml": (faults_of_member, faults_of_tags),
    "user-pool-permission.yaml": (faults_of_user_pool, faults_of_tags),
    "producer-topic.yaml": (faults_of_producers_topic, faults_of_tags),
}


def faults_of(template, name):
    return [template.fault(resource, what) for rule in RULES[name] for resource, what in rule(template)]


def main():
    paths = [ROOT / "infra" / name for name in RULES]
    paths[: len(sys.argv) - 1] = map(Path, sys.argv[1:])
    templates = dict(zip(RULES, map(Template, paths), strict=True))
    faults = [fault for name, template in templates.items() for fault in faults_of(template, name)]
    faults += faults_of_key_policy(json.loads((ROOT / EXAMPLE).read_text(encoding="utf-8")))
    for fault in faults:
        print(f"guard-template: {fault}", file=sys.stderr)
    if faults:
        sys.exit(1)
    count = sum(len(each.resources) for each in templates.values())
    held = "who may call, who may send, what may be written, who opens roles, who hears of it"
    print(f"guard-template: {count} resources: {held}")


if __name__ == "__main__":
    main()
