"""Rules of guard_template.py: what operators hear of, can look at, and find again.

An alarm on a number that nobody counts never rises, and one that nobody describes helps nobody.
"""

import json
import re
import sys

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from template_words import ROOT, TRACES, bare

# Where each function declares its numbers.
METRICS = {
    "EntitlementSync": "functions/entitlement-sync/src/metrics.rs",
    "TrustSync": "functions/trust-sync/src/metrics.rs",
    **dict.fromkeys(("SamlHook", "TokenHook", "PreToken"), "crates/hook/src/metrics.rs"),
}
DECLARED = re.compile(r'\("\w+", Unit::|describe_\w+!\("\w+"|for name in \[[^\]]*\]')
SIGN_IN = {"SamlHook": None, "TokenHook": "HasTokenHook", "PreToken": "HasUserPool"}
# What is counted in the lines of a sign-in function's log, over all reasons.
COUNTED = {
    "Faults": '{ $.level = "ERROR" && $.message != "alarm" }',
    "Denials": '{ $.message = "decision" && $.outcome = "deny" }',
    "Rejections": '{ $.message = "rejected" }',
    "Findings": '{ $.message = "alarm" }',
}
OF_STACK = {"Fn::Sub": "Signet/${AWS::StackName}"}
QUEUES = ("EventDeadLetters", "UndeliveredEvents", "TrustDeadLetters", "StreamFailures", "ScheduleFailures")
WATCHED = {
    *(("ApproximateNumberOfMessagesVisible", queue) for queue in QUEUES),
    *((metric, "TrustSync") for metric in ("OldestUnreconciled", "RolesFailed", "RolesTooLong", "RolesDrifted")),
    *((metric, function) for metric in ("Errors", "Throttles") for function in ("EntitlementSync", "TrustSync")),
    *((f"{function}{count}", None) for function in SIGN_IN for count in COUNTED),
    *((metric, function) for metric in ("Duration", "SignIns", "Throttles") for function in SIGN_IN),
    *(("Errors", function) for function in ("SamlHook", "TokenHook")),
    *(("Url5xxCount", function) for function in ("SamlHook", "TokenHook")),
    ("5xx", "HookApi"),
}
# What the dashboard must show, by its metric.
SHOWN = {
    *("SignIns", "Denies", "Duration", "ColdStarts", "Lag", "OldestUnreconciled"),
    "ApproximateNumberOfMessagesVisible",
}
QUERIES = {
    "SignInsOfPersonQuery",
    "WhyDeniedQuery",
    "WhoGotRoleQuery",
    "DenialsByReasonQuery",
    "DecisionQuery",
    "SessionsOfDecisionQuery",
}
# Of two that write, one in each Region, the later would undo the earlier without knowing it.
IN_ONE_REGION = ("EntitlementTable", "EntitlementSync", "TrustSync", "TickSchedule", "NightlySweep")


def numbers_of(function):
    """The names of the metrics that a function declares."""
    if not (source := METRICS.get(function)) or not (ROOT / source).exists():
        return set()
    text = (ROOT / source).read_text(encoding="utf-8").partition("#[cfg(test)]")[0]
    found = {name for place in DECLARED.findall(text) for name in re.findall(r'"(\w+)"', place)}
    if not found:
        sys.exit(f"guard-template: {source} declares no metric that this guard can read; correct its pattern")
    return found


def metrics_of(alarm):
    """What an alarm watches: namespace, metric, and the resource that its first dimension names."""
    inner = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
    for metric in inner or [alarm]:
        of = [list(dimension["Value"].values())[0] for dimension in metric.get("Dimensions", [])]
        of = of[0] if of else None
        yield metric.get("Namespace"), metric.get("MetricName"), of if isinstance(of, str) or of is None else of[0]


def faults_of_alarms(template):
    seen, sections = set(), sections_of((ROOT / "docs/alarms.md").read_text(encoding="utf-8"))
    alarms = template.of("AWS::CloudWatch::Alarm")
    for name, properties in alarms.items():
        for namespace, metric, of in metrics_of(properties):
            seen.add((metric, of))
            if namespace == "Signet" and metric not in numbers_of(of):
                yield name, f"watches `{metric}`, which {METRICS.get(of, of)} does not declare"
            if namespace == OF_STACK and metric not in template.of("AWS::Logs::MetricFilter"):
                yield name, f"watches `{metric}`, which no metric filter of this name counts"
            if metric == "OldestUnreconciled" and properties.get("TreatMissingData") != "breaching":
                yield name, "takes silence for good: the schedule may not run; let TreatMissingData say `breaching`"
            # A denial is an error of this function.
            if (metric, of) == ("Errors", "PreToken"):
                yield name, "rises with every denial, which is an error of PreToken; watch PreTokenFaults"
        if not properties.get("AlarmActions"):
            yield name, "tells nobody; give it AlarmActions"
        title = re.search(r'docs/alarms\.md, "([^"]+)"', str(properties.get("AlarmDescription")))
        if not title or title[1] not in sections:
            yield name, 'does not name a section of docs/alarms.md in its description; add `See docs/alarms.md, "…"`'
        elif f"`{name}`" not in sections[title[1]]:
            yield name, f"is not named in the section {title[1]} of docs/alarms.md; name it there"
    for metric, of in sorted(WATCHED - seen, key=str):
        yield of or metric, f"has no alarm that watches `{metric}`; put it back"
    for name in sorted(set(re.findall(r"`(\w+Alarm)`", "".join(sections.values()))) - set(alarms)):
        yield name, ""


def sections_of(text):
    """The sections of a page, by their titles."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def faults_of_counts(template):
    for function, condition in SIGN_IN.items():
        for count, pattern in COUNTED.items():
            name = f"{function}{count}"
            counted = {"MetricNamespace": OF_STACK, "MetricName": name, "MetricValue": "1", "DefaultValue": 0}
            wanted = {"LogGroupName": {"Ref": f"{function}Log"}, "FilterPattern": pattern}
            wanted["MetricTransformations"] = [counted | {"Unit": "Count"}]
            if template.get(name) != wanted or template.resources.get(name, {}).get("Condition") != condition:
                yield name, f"does not count lines `{pattern}` of {function}Log; restore it"


def faults_of_logs(template):
    groups = template.of("AWS::Logs::LogGroup")
    for name, function in template.of("AWS::Serverless::Function").items():
        if function.get("LoggingConfig") != {"LogFormat": "JSON", "LogGroup": {"Ref": f"{name}Log"}}:
            yield name, f"does not write its log to {name}Log as JSON; restore LoggingConfig"
        if f"{name}Log" not in groups:
            yield f"{name}Log", ""
        elif template.resources[f"{name}Log"].get("DeletionPolicy") != "Retain":
            yield f"{name}Log", "goes with the stack, and with it why people had access; let DeletionPolicy be Retain"
        if function.get("Tracing") != {"Ref": "Tracing"}:
            yield name, "is not traced by the parameter Tracing; restore it"
        if TRACES not in map(bare, template.statements(f"{name}Role")):
            yield f"{name}Role", "may not send traces where Tracing is Active, or always; restore `SendTraces`"
    for name, group in groups.items():
        if group.get("RetentionInDays") != {"Ref": "LogRetentionDays"}:
            yield name, "is kept for ever, or another time than LogRetentionDays; restore RetentionInDays"


def faults_of_table(template):
    name = "EntitlementTable"
    kept = [template.resources.get(name, {}).get(policy) for policy in ("DeletionPolicy", "UpdateReplacePolicy")]
    if kept != ["Retain", "Retain"] or template.get(name).get("DeletionProtectionEnabled") is not True:
        yield name, "can be deleted with the stack; restore Retain and DeletionProtectionEnabled"
    if template.get(name).get("PointInTimeRecoverySpecification") != {"PointInTimeRecoveryEnabled": True}:
        yield name, "cannot be restored to a moment; restore PointInTimeRecoverySpecification"
    # Global tables need both images, and so does whoever looks for who wrote what.
    if template.get(name).get("StreamSpecification") != {"StreamViewType": "NEW_AND_OLD_IMAGES"}:
        yield name, "has no stream of both images; restore StreamSpecification"
    for part in IN_ONE_REGION:
        if part in template.resources and template.resources[part].get("Condition") != "IsWhole":
            yield part, "would be there in every Region, and there is to be one that writes; let Condition be IsWhole"
    if template.conditions.get("IsWhole") != {"Fn::Equals": [{"Ref": "Scope"}, "all"]}:
        yield name, "hangs on another condition than Scope; restore IsWhole"


def faults_of_tags(template):
    for name, resource in template.resources.items():
        tags = resource.get("Properties", {}).get("Tags")
        if is_taggable(resource["Type"]):
            tags = tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags or []}
            if tags.get("Project") != "signet" or "Part" not in tags:
                yield name, "is not tagged with Project and Part, by which people find what it costs; tag it"


def is_taggable(kind):
    if kind == "AWS::Serverless::Function":
        return True
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return bool(schema.get("tagging", {}).get("taggable"))


def flat(value, chosen):
    """The text of an intrinsic function, with all optional parts or with none."""
    if isinstance(value, str):
        return value
    (function, inner), *_ = value.items()
    if function == "Fn::Join":
        return inner[0].join(flat(each, chosen) for each in inner[1])
    if function == "Fn::If":
        return flat(inner[1 if chosen else 2], chosen)
    return re.sub(r"\$\{(\w+)\}", lambda name: "1" if name[1] in NUMBERS else name[0], inner)


# Parameters that stand in the dashboard as numbers.
NUMBERS = ("DeadlineMs", "StaleAfterSeconds")


def faults_of_dashboard(template):
    name = "Dashboard"
    if name not in template.resources:
        yield name, ""
        return
    shown = set()
    for chosen in (True, False):
        text = flat(template.get(name)["DashboardBody"], chosen)
        try:
            widgets = json.loads(text)["widgets"]
        except ValueError as error:
            yield name, f"is no JSON {'with' if chosen else 'without'} all its parts: {error}"
            continue
        for metric in (metric for widget in widgets for metric in widget["properties"]["metrics"]):
            searches = isinstance(metric[0], dict)
            namespace, number, of = searched(metric[0]["expression"]) if searches else metric_of(metric)
            shown.add(number)
            if namespace == "Signet" and number not in numbers_of(of):
                yield name, f"shows `{number}` of {of}, which {METRICS.get(of, of)} does not declare"
            if namespace == OF_STACK["Fn::Sub"] and number not in template.of("AWS::Logs::MetricFilter"):
                yield name, f"shows `{number}`, which no metric filter of this name counts"
    for number in sorted(SHOWN - shown):
        yield name, f"does not show `{number}`; put it back"


def metric_of(metric):
    """Namespace, name and resource of a metric that is written out."""
    of = metric[3] if len(metric) > 3 else ""
    return metric[0], metric[1], of.strip("${}") if isinstance(of, str) else ""


def searched(expression):
    """The same of a search."""
    found = re.search(r'{(\w+),Function,Reason} MetricName="(\w+)" Function="\$\{(\w+)\}"', expression)
    return found.groups() if found else ("Signet", expression, None)


def faults_of_queries(template):
    queries = template.of("AWS::Logs::QueryDefinition")
    yield from ((name, "") for name in sorted(QUERIES - set(queries)))
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    for name, query in queries.items():
        title = query["Name"]["Fn::Sub"].removeprefix("${AWS::StackName}/")
        if f"*{title}*" not in page:
            yield name, f"is not described in docs/operations.md; name it there, as *{title}*"


OPERATIONS = (
    faults_of_logs,
    faults_of_table,
    faults_of_tags,
    faults_of_counts,
    faults_of_alarms,
    faults_of_dashboard,
    faults_of_queries,
)
