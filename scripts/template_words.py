"""How the guards read templates, and the words in which their rules are written."""

import re
import sys
from pathlib import Path

from cfnlint.decode import decode

ROOT = Path(__file__).resolve().parent.parent
NOTHING = {"Ref": "AWS::NoValue"}


def either(condition, one, other):
    return {"Fn::If": [condition, one, other]}


CUSTOMER_KEY = either("HasCustomerKey", {"Ref": "KmsKeyArn"}, NOTHING)


def arn(name):
    return {"Fn::GetAtt": [name, "Arn"]}


def leading(*keys):
    return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(keys)}}


def may(action, resource, condition=None):
    """A statement of a role, without its name."""
    return {"Effect": "Allow", "Action": action, "Resource": resource} | ({"Condition": condition} if condition else {})


# What each function may do where Tracing is Active, and not otherwise.
TRACES = either("IsTraced", may(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"), NOTHING)


def in_account(what):
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:{what}"}


def branches(statement):
    """A statement, or those of an `Fn::If`."""
    return [each for each in statement.get("Fn::If", ["", statement])[1:] if each != NOTHING]


def actions_of(statement):
    actions = statement.get("Action", "*")
    return actions if isinstance(actions, list) else [actions]


def too_wide(parameters, narrow):
    for name, wide in narrow.items():
        pattern = re.compile(parameters.get(name, {}).get("AllowedPattern", ".*"))
        if taken := [text for text in wide if pattern.search(text)]:
            yield f"can be widened: {name} takes {taken}; narrow its AllowedPattern"


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
        self.hold(content)

    def hold(self, content):
        self.content = content
        self.resources, self.parameters = content["Resources"], content["Parameters"]
        self.rules, self.conditions = content.get("Rules", {}), content.get("Conditions", {})
        self.globals, self.outputs = content.get("Globals", {}), content.get("Outputs", {})

    def of(self, kind):
        """Name and properties of each resource of a type."""
        return {name: r.get("Properties", {}) for name, r in self.resources.items() if r["Type"] == kind}

    def get(self, name):
        return self.resources.get(name, {}).get("Properties", {})

    def fault(self, name, what):
        if name in self.resources and what:
            mark = getattr(self.resources[name], "start_mark", None)
            return f"{self.path}:{mark.line if mark else '?'}: `{name}` {what}"
        return f"{self.path}: `{name}` is missing; put it back, or change this guard if it has another name"

    def policy(self, kind, member, name):
        """What all policies on a queue or topic say."""
        policies = [p["PolicyDocument"] for p in self.of(kind).values() if {"Ref": name} in p[member]]
        return [bare(statement) for policy in policies for statement in policy["Statement"]]

    def statements(self, role):
        """All that a role's own policies say."""
        return [s for policy in self.get(role).get("Policies", []) for s in policy["PolicyDocument"]["Statement"]]
