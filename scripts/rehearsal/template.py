"""The copy of the template that is rehearsed: what ministack 1.5 does not have is left out of it, here and
nowhere else, with the reason. What is deployed for real is the template as it is."""

import logging
import os
import pathlib

from samcli.yamlhelper import yaml_dump, yaml_parse
from samtranslator.translator.transform import transform

from rehearsal.emulator import REGION
from rehearsal.steps import Failed

# It misses a place to send numbers to.
logging.getLogger("samtranslator").setLevel(logging.ERROR)


def without(kind, ending=""):
    """Leaves out the resources of a type, those whose names end so."""

    def change(content):
        resources = content["Resources"]
        gone = [name for name, r in resources.items() if r["Type"] == kind and name.endswith(ending)]
        for name in gone:
            del resources[name]
        return gone

    return change


def with_numbers(content):
    """Puts the parameter's default in place of the reference to it."""
    changed = []
    for name, resource in content["Resources"].items():
        for event in (resource.get("Properties", {}).get("Events") or {}).values():
            if scaling := event["Properties"].get("ScalingConfig"):
                parameter = scaling["MaximumConcurrency"]["Ref"]
                scaling["MaximumConcurrency"] = content["Parameters"][parameter]["Default"]
                changed.append(name)
    return changed


def statements(content):
    """What roles may do: each role's name with each statement."""
    for name, resource in content["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            for policy in resource["Properties"]["Policies"]:
                yield from ((name, statement) for statement in policy["PolicyDocument"]["Statement"])


def with_batches(content):
    """Lets roles that may send a message to a queue also send several at once."""
    changed = []
    for name, statement in statements(content):
        actions = statement.get("Action", [])
        if isinstance(actions, list) and "sqs:SendMessage" in actions:
            actions.append("sqs:SendMessageBatch")
            changed.append(name)
    return changed


def without_external_id(content):
    """Takes the external id from what the role itself may do; the other account's role still demands it."""
    changed = []
    for name, statement in statements(content):
        if statement.get("Action") == "sts:AssumeRole":
            conditions = statement.pop("Condition")
            if list(conditions) != ["StringEquals"] or list(conditions["StringEquals"]) != ["sts:ExternalId"]:
                raise Failed(f"{name} has other conditions than the external id, and the copy would lose them: {conditions}")
            changed.append(name)
    return changed


# What the copy lacks or has otherwise: how, and why.
CHANGES = [
    (
        "saved queries of Logs Insights are left out",
        without("AWS::Logs::QueryDefinition"),
        "ministack does not know AWS::Logs::QueryDefinition",
    ),
    (
        "alarms of the share of denials and of crashes are left out",
        without("AWS::CloudWatch::Alarm", ("DenialsAlarm", "CrashesAlarm")),
        "ministack's alarms take one metric each, no expression of several",
    ),
    (
        "MaximumConcurrency of the queues is a number, not a parameter",
        with_numbers,
        "ministack passes a parameter on as text, and its poller of queues then stops at comparing it",
    ),
    (
        "who may send to a queue is also given sqs:SendMessageBatch",
        with_batches,
        "to ministack it is an action of its own; to SQS it is sqs:SendMessage",
    ),
    (
        "the role of trust-sync may assume member roles without the condition on sts:ExternalId",
        without_external_id,
        "ministack knows the external id in trust policies alone; that of the member role does demand it",
    ),
]


def with_wide_names(content):
    """Names every role and provider of the account in place of those under a path, with a prefix."""
    changed = []
    for name, statement in statements(content):
        if statement.get("Effect") == "Allow" and statement.get("Resource") != "*":
            statement["Resource"] = "*"
            changed.append(f"{name}.{statement['Sid']}")
    return changed


# The same for infra/member-account.yaml.
MEMBER_CHANGES = [
    (
        "what the member role may write in its account is not bounded by path and prefix",
        with_wide_names,
        "ministack knows no path of a role and no name of a provider when it judges a call",
    ),
]

# What is rehearsed otherwise than it is used, or not at all, for other reasons than the copy.
ASIDE = [
    (
        "bringing in a version bit by bit, and going back by alarms",
        "ministack does not know CodeDeploy; Deployment is AllAtOnce, the parameter's own value for going without",
    ),
    (
        "CloudFormation's own transform of the template",
        "ministack's needs a library that its environment lacks; the library of the SAM tools does it before `sam deploy`",
    ),
    ("SAM's own bucket", "SAM makes it by a stack that needs the transform as well; here a bucket is made beforehand"),
    (
        "names and TLS",
        "everything is asked of 127.0.0.1 in the clear, with the hook's host in a header; "
        "calls count as decrypted by a proxy, so that policies that demand TLS hold",
    ),
    (
        "the functions' own way to AWS",
        "they reach DynamoDB and the others in the clear, at the AWS_ENDPOINT_URL that they inherit from ministack: "
        "neither their TLS is tried, nor that those of sign-in trust Amazon's roots alone; `make guard` sees these begin it",
    ),
    (
        "a user pool whose trigger fails",
        "Cognito gives no token then; ministack does, unless MINISTACK_COGNITO_PRETOKEN_STRICT=1 is set, as it is here",
    ),
    (
        "the member account's stack",
        "the pages deploy it by `aws cloudformation deploy`; the AWS CLI is not among the tools, and `sam deploy` does it here",
    ),
    ("HookAuth=jwt, throttling and the access log of the HTTP API", "they need a token's issuer, load, and API Gateway"),
    (
        "role sessions",
        "ministack does not know AssumeRoleWithSAML; trust policies are read here, and judged with sessions in `make test`",
    ),
    (
        "conditions on the table's keys and on encryption contexts",
        "ministack does not know dynamodb:LeadingKeys, and does not encrypt; `make lint-infra` holds the policies to them",
    ),
    ("schedules, alarms and the dashboard", "they are made, and nobody waits for them or looks at them; one call of a schedule is made by hand"),
    (
        "who may call a function: the HTTP API, the URLs and the user pool",
        "ministack calls a function for them without a look at its policy; `make lint-infra` holds the template to that",
    ),
    (
        "dead letters, and the tries before them",
        "messages come again after minutes and five times, and ministack hands on no event that SNS, the stream or a "
        "schedule gives up; that nothing failed is read in the logs",
    ),
    (
        "point-in-time recovery by the stack",
        "ministack's CloudFormation leaves it out: `signet doctor` must find that, and it is then switched on by hand",
    ),
    ("what operators may do", "everything that they do here is done by the account itself, but for the audit"),
    ("memory limits, cold starts and the latency of AWS", "the times here are this machine's"),
]


def read(path):
    with open(path, encoding="utf-8") as file:
        return yaml_parse(file.read())


def write(template, path):
    with open(path, "w", encoding="utf-8") as file:
        file.write(yaml_dump(template))


def copied(path, to, changes):
    """Writes the copy of a template. Gives what is changed in it, with the names that it concerns, and why."""
    content = read(path)
    told = [(what, change(content), why) for what, change, why in changes]
    for what, names, _ in told:
        if not names:
            raise Failed(f"nothing is to be changed any more so that {what}; take that out of {pathlib.Path(__file__).name}")
    write(content, to)
    return told


class NoPolicies:
    """The template uses no managed policies by name."""

    def load(self):
        return {}


def transformed(template, parameters):
    """What CloudFormation makes of a template of SAM, with these parameters."""
    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = REGION
    try:
        return transform(template, dict(parameters), NoPolicies())
    finally:
        if before is None:
            del os.environ["AWS_DEFAULT_REGION"]
        else:
            os.environ["AWS_DEFAULT_REGION"] = before
