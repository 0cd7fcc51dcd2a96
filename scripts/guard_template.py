"""Holds the stack's template to what keeps producers apart and events from being lost.

guard_template.py [TEMPLATE [SUBSCRIPTION]]      both in infra/ unless told

Each rule says what breaks without it. A new queue, topic or alarm comes under the rules by itself; a
policy that is to say something else is a decision: change it here as well, with SECURITY.md.
"""

import re
import sys
from pathlib import Path

from cfnlint.decode import decode

ROOT = Path(__file__).resolve().parent.parent
METRICS = ("functions/entitlement-sync/src/metrics.rs", "crates/hook/src/metrics.rs")
DECLARED = re.compile(r'\("\w+", Unit::|describe_\w+!\("\w+"|for name in \[[^\]]*\]')
NOTHING = {"Ref": "AWS::NoValue"}


def either(condition, one, other):
    return {"Fn::If": [condition, one, other]}


WITH_PRODUCERS = {"Fn::Split": [",", {"Fn::Sub": "${DatasetTopic},${ProviderTopic},${ProducerTopics}"}]}
TOPICS = either("HasProducerTopics", WITH_PRODUCERS, [{"Ref": "DatasetTopic"}, {"Ref": "ProviderTopic"}])
REDRIVE_ROLE = {"aws:PrincipalArn": either("HasRedriveRole", {"Ref": "RedriveRoleArn"}, NOTHING)}
PUBLISHERS = {"DatasetTopic": ("HasPublishers", "PublisherAccounts")}
PUBLISHERS["ProviderTopic"] = ("HasProviderPublishers", "ProviderPublisherAccounts")
READS = {"dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:Query"}
WRITES = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
# Never META, the table's settings, nor PRODUCER#, what producers may say.
WRITTEN = ["SOURCE#*", "GROUP#*", "CODE#*", "ROLE#*", "ACCOUNT#*", "APP#*", "PROVIDER#*", "HISTORY#*"]
ONLY_WRITTEN = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": WRITTEN}}


def arn(name):
    return {"Fn::GetAtt": [name, "Arn"]}


def allow(principal, action, resource):
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}


def deny(action, resource, **condition):
    return {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, "Condition": condition}


def bare(statement):
    """A statement without its name, and so one within an `Fn::If`."""
    if "Fn::If" in statement:
        condition, one, other = statement["Fn::If"]
        return either(condition, bare(one), bare(other))
    return {key: value for key, value in statement.items() if key != "Sid"}


class Template:
    def __init__(self, path):
        self.path = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        content, problems = decode(str(path))
        if problems or not content:
            sys.exit(f"guard-template: {path} cannot be read: {problems or 'it is empty'}; `cfn-lint` says more")
        self.resources = content["Resources"]

    def of(self, kind):
        """Name and properties of each resource of a type."""
        return {name: r.get("Properties", {}) for name, r in self.resources.items() if r["Type"] == kind}

    def get(self, name):
        return self.resources.get(name, {}).get("Properties", {})

    def fault(self, name, what):
        if name in self.resources:
            return f"{self.path}:{self.resources[name].start_mark.line}: `{name}` {what}"
        return f"{self.path}: `{name}` is missing; put it back, or change this guard if it has another name"

    def policy(self, kind, member, name):
        """What all policies on a queue or topic say."""
        policies = [p["PolicyDocument"] for p in self.of(kind).values() if {"Ref": name} in p[member]]
        return [bare(statement) for policy in policies for statement in policy["Statement"]]


def faults_of_subscriptions(template):
    for name, properties in template.of("AWS::SNS::Subscription").items():
        if properties["TopicArn"] != {"Ref": "AlertTopic"} and properties.get("RawMessageDelivery") is not False:
            yield name, "does not say `RawMessageDelivery: false`: with it, publishers write the envelope; say so"


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
        if keys != [either("HasCustomerKey", {"Ref": "KmsKeyArn"}, NOTHING), either("HasCustomerKey", NOTHING, True)]:
            yield name, "is not encrypted, with KmsKeyArn and without; set KmsMasterKeyId and SqsManagedSseEnabled"
    given_up = {"deadLetterTargetArn": arn("EventDeadLetters"), "maxReceiveCount": 5}
    if template.get("EventQueue").get("RedrivePolicy") != given_up:
        yield "EventQueue", "does not give events up after `maxReceiveCount: 5` into EventDeadLetters, as the pages say"


def faults_of_topics(template):
    yield from ((name, "") for name in (*PUBLISHERS, "AlertTopic") if name not in template.resources)
    for name, properties in template.of("AWS::SNS::Topic").items():
        if properties.get("KmsMasterKeyId") != either("HasCustomerKey", {"Ref": "KmsKeyArn"}, arn("EventKey")):
            yield name, "is not encrypted with the customer's key or the stack's; set KmsMasterKeyId"
        policy = template.policy("AWS::SNS::TopicPolicy", "Topics", name)
        if deny("sns:Publish", {"Ref": name}, Bool={"aws:SecureTransport": "false"}) not in policy:
            yield name, "has no policy that denies `sns:Publish` without TLS; add the statement `OnlyTls`"
        allowed = [statement for statement in policy if statement.get("Effect") != "Deny"]
        if name in PUBLISHERS:
            condition, accounts = PUBLISHERS[name]
            publish = allow({"AWS": {"Fn::Split": [",", {"Ref": accounts}]}}, "sns:Publish", {"Ref": name})
            if allowed != [either(condition, publish, NOTHING)]:
                yield name, f"does not let the accounts of {accounts}, and nobody else, publish; restore `Publishers`"
        else:
            known = ({"AWS": arn("EntitlementSyncRole")}, {"Service": "cloudwatch.amazonaws.com"})
            if any(s.get("Principal") not in known or s.get("Action") != "sns:Publish" for s in allowed):
                yield name, "lets others publish than entitlement-sync and CloudWatch; take them out of its policy"


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


def faults_of_role(template):
    name = "EntitlementSyncRole"
    role = template.get(name)
    if role.get("ManagedPolicyArns") or template.of("AWS::IAM::Policy") or template.of("AWS::IAM::ManagedPolicy"):
        yield name, "may have permissions that are not in the role, where this guard cannot see them; state them there"
    stated = [s for policy in role.get("Policies", []) for s in policy["PolicyDocument"]["Statement"]]
    writes = 0
    for statement in (s for each in stated for s in each.get("Fn::If", ["", each])[1:] if s != NOTHING):
        sid, actions = statement.get("Sid"), statement.get("Action", "*")
        actions = set(actions if isinstance(actions, list) else [actions])
        if any(not re.match(r"[a-z]+:", action) for action in actions):
            yield name, f"allows by `{sid}` what does not begin with a service in small letters; name each action"
        if any(action.startswith("sns:") for action in actions):
            if actions != {"sns:Publish"} or statement["Resource"] != {"Ref": "AlertTopic"}:
                yield name, f"may do more in SNS than publish alerts, by `{sid}`: `sns:Publish` on AlertTopic is all"
        if {action for action in actions if action.startswith("dynamodb:")} - READS:
            writes += 1
            found = [actions, statement["Resource"], statement.get("Condition")]
            if found != [WRITES, arn("EntitlementTable"), ONLY_WRITTEN]:
                yield name, f"may do more or less to the table by `{sid}` than write items of {', '.join(WRITTEN)}"
    if writes != 1:
        yield name, f"writes the table by {writes} statements; one, `WriteEntitlements`, should say all"


def faults_of_alarms(template):
    numbers = set()
    for source in METRICS:
        text = (ROOT / source).read_text(encoding="utf-8").partition("#[cfg(test)]")[0]
        numbers |= (found := {name for place in DECLARED.findall(text) for name in re.findall(r'"(\w+)"', place)})
        if not found:
            sys.exit(f"guard-template: {source} declares no metric that this guard can read; correct its pattern")
    titles = set(re.findall(r"^## (.+)$", (ROOT / "docs/alarms.md").read_text(encoding="utf-8"), re.MULTILINE))
    for name, properties in template.of("AWS::CloudWatch::Alarm").items():
        if properties.get("Namespace") == "Signet" and properties.get("MetricName") not in numbers:
            yield name, f"watches `{properties.get('MetricName')}`, which {' and '.join(METRICS)} do not declare"
        if not properties.get("AlarmActions"):
            yield name, "tells nobody; give it AlarmActions"
        title = re.search(r'docs/alarms\.md, "([^"]+)"', str(properties.get("AlarmDescription")))
        if not title or title[1] not in titles:
            yield name, 'does not name a section of docs/alarms.md in its description; add `See docs/alarms.md, "…"`'


def main():
    paths = [ROOT / "infra/template.yaml", ROOT / "infra/producer-subscription.yaml"]
    paths[: len(sys.argv) - 1] = map(Path, sys.argv[1:])
    template, subscription = map(Template, paths)
    own = (faults_of_queues, faults_of_topics, faults_of_function, faults_of_role, faults_of_alarms)
    faults = [template.fault(name, what) for rule in (faults_of_subscriptions, *own) for name, what in rule(template)]
    faults += [subscription.fault(name, what) for name, what in faults_of_subscriptions(subscription)]
    for fault in faults:
        print(f"guard-template: {fault}", file=sys.stderr)
    if faults:
        sys.exit(1)
    print(f"guard-template: {len(template.resources)} resources: who may send, what may be written, and who is told")


if __name__ == "__main__":
    main()
