"""Rules of guard_template.py: what operators hear of, can look at, and find again.

An alarm on a number that nobody counts never rises, and one that nobody describes helps nobody.
"""

import json
import re
import sys
import tomllib

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from template_words import CUSTOMER_KEY, ROOT, TRACES, bare, either

# Where each function declares its numbers.
METRICS = {
    "EntitlementSync": "functions/entitlement-sync/src/metrics.rs",
    "TrustSync": "functions/trust-sync/src/metrics.rs",
    **dict.fromkeys(("SamlHook", "TokenHook", "PreToken"), "crates/hook/src/metrics.rs"),
}
DECLARED = re.compile(r'\("(\w+)", Unit::(\w+)')
DECLARED_TOGETHER = re.compile(r"for name in \[([^\]]*)\] \{\s+metrics::describe_\w+!\(name, Unit::(\w+)")
# By which dimension each namespace tells whose a number is, and by what of the resource.
DIMENSIONS = {
    "Signet": ("Function", "Ref"),
    "AWS/Lambda": ("FunctionName", "Ref"),
    "AWS/SQS": ("QueueName", "Fn::GetAtt"),
    "AWS/ApiGateway": ("ApiId", "Ref"),
}
TELL = [either("HasAlarmTopic", {"Ref": "AlarmTopicArn"}, {"Ref": "AlertTopic"})]
# A dry run writes, notes and tells nothing: what waits there would tell nothing new, and what it finds it finds again
# at every run of the schedule, without an alert that says where. These alarms are made when it ends: one that was
# switched off at ALARM would tell nobody afterwards.
OF_TRUST = {f"{what}Alarm" for what in ("OldestUnreconciled", "RolesFailed", "ProvidersFailed", "PolicyTooLong", "Drift")}
TRUST_LIVE = {"Fn::And": [{"Condition": "IsWhole"}, {"Fn::Equals": [{"Ref": "TrustDryRun"}, "false"]}]}
SIGN_IN = {"SamlHook": None, "TokenHook": "HasTokenHook", "PreToken": "HasUserPool"}
# What is counted in the lines of a sign-in function's log, over all reasons.
COUNTED = {
    "Faults": '{ $.level = "ERROR" && $.message != "alarm" }',
    "Denials": '{ $.message = "decision" && $.outcome = "deny" }',
    "Rejections": '{ $.message = "rejected" }',
    "Findings": '{ $.message = "alarm" }',
}
# The same of the access log: what API Gateway answers itself.
REFUSED = '{ $.status = "429" || $.status = "403" || ($.status = "401" && $.integration_status != "401") }'
# Errors of a function whose denials are errors: see the template for the tenth.
CRASHES = {"Id": "crashes", "Label": "errors that are no denials", "ReturnData": True}
CRASHES["Expression"] = "errors - 1.1 * (denied + rejected)"
SHARE = {"Id": "share", "Label": "per cent denied", "ReturnData": True}
SHARE["Expression"] = "IF(denied >= 5, 100 * denied / signins, 0)"
OF_STACK = {"Fn::Sub": "Signet/${AWS::StackName}"}
QUEUES = ("EventDeadLetters", "UndeliveredEvents", "TrustDeadLetters", "StreamFailures", "ScheduleFailures")
WATCHED = {
    *(("ApproximateNumberOfMessagesVisible", queue) for queue in QUEUES),
    ("ApproximateAgeOfOldestMessage", "EventQueue"),
    *((metric, "EntitlementSync") for metric in ("Lag", "EventsFailed", "EventsRefused", "Collisions", "GroupFill")),
    *((metric, "TrustSync") for metric in ("OldestUnreconciled", "RolesFailed", "RolesTooLong", "RolesDrifted")),
    ("ProvidersFailed", "TrustSync"),
    *((metric, function) for metric in ("Errors", "Throttles") for function in ("EntitlementSync", "TrustSync")),
    *((f"{function}{count}", None) for function in SIGN_IN for count in COUNTED),
    *((metric, function) for metric in ("Duration", "SignIns", "Throttles") for function in SIGN_IN),
    *(("Errors", function) for function in ("SamlHook", "TokenHook")),
    *((f"Url{class_}xxCount", function) for class_ in (4, 5) for function in ("SamlHook", "TokenHook")),
    *(("5xx", "HookApi"), ("HttpApiRefusals", None), ("Errors", "PreToken")),
}


def when(stat, operator, threshold, period=60, of=(1, 1), missing="notBreaching", expression=None):
    """When an alarm rises: what it makes of a period's numbers, and in how many of how many periods."""
    compared = {">": "GreaterThanThreshold", ">=": "GreaterThanOrEqualToThreshold"}[operator]
    return {
        "stat": [stat],
        "period": [period],
        "operator": compared,
        "threshold": threshold,
        "periods": list(of),
        "missing": missing,
        "expression": expression,
    }


ONCE = when("Sum", ">=", 1)
TWICE_IN_3, TWICE_IN_5 = when("Sum", ">=", 1, of=(2, 3)), when("Sum", ">=", 1, of=(2, 5))
FIVE_CALLERS = when("Sum", ">=", 5, 300)
ANY_LEFT = when("Maximum", ">", 0)
# When each alarm rises. One that asks for more than ever comes, or for less than nothing, would never rise.
RISES = {
    **{f"{function}FaultsAlarm": TWICE_IN_5 for function in SIGN_IN},
    **{f"{function}ErrorsAlarm": ONCE for function in ("SamlHook", "TokenHook", "Sync", "TrustSync")},
    **{f"{function}SlowAlarm": when("p99", ">", {"Ref": "SlowSignInMs"}, of=(3, 5)) for function in SIGN_IN},
    **{
        f"{function}DenialsAlarm": when("Sum", ">", {"Ref": "DenialsPercent"}, 300, (2, 3), expression=SHARE)
        for function in SIGN_IN
    },
    **{f"{function}FindingsAlarm": ONCE for function in SIGN_IN},
    **{f"{function}RejectionsAlarm": FIVE_CALLERS for function in SIGN_IN},
    **{f"{function}ThrottlesAlarm": ONCE for function in SIGN_IN},
    "PreTokenTimeoutsAlarm": when("Maximum", ">=", 4900),
    "PreTokenCrashesAlarm": when("Sum", ">=", 1, of=(2, 5), expression=CRASHES),
    **{f"{door}ErrorsAlarm": TWICE_IN_5 for door in ("HttpApi", "SamlHookUrl", "TokenHookUrl")},
    **{f"{door}RefusalsAlarm": FIVE_CALLERS for door in ("HttpApi", "SamlHookUrl", "TokenHookUrl")},
    **{f"{queue}Alarm": ANY_LEFT for queue in ("DeadLetters", "UndeliveredEvents", "TrustDeadLetters")},
    **{f"{queue}Alarm": ANY_LEFT for queue in ("StreamFailures", "ScheduleFailures")},
    "EventAgeAlarm": when("Maximum", ">=", 300, of=(3, 3)),
    "EventLagAlarm": when("p95", ">", 60_000, 300),
    "EventsFailedAlarm": when("Sum", ">=", 1, 300, (2, 3)),
    **{f"{what}Alarm": ONCE for what in ("EventsRefused", "Collisions", "PolicyTooLong", "Drift")},
    "GroupFillAlarm": when("Maximum", ">=", 90, 300),
    **{f"{function}ThrottlesAlarm": TWICE_IN_3 for function in ("Sync", "TrustSync")},
    # Silence is as bad: the schedule may not run.
    "OldestUnreconciledAlarm": when("Maximum", ">", {"Ref": "StaleAfterSeconds"}, 300, (2, 3), "breaching"),
    "RolesFailedAlarm": when("Sum", ">=", 1, 300, (2, 3)),
    # It is tried again every hour: a shorter time would end the alarm in between.
    "ProvidersFailedAlarm": when("Sum", ">=", 1, 300, (1, 18)),
}
# All that is said of an alarm. What else there is could keep it from rising, as EvaluateLowSampleCountPercentile does.
ALL_OF_ALARM = {
    *("AlarmDescription", "Namespace", "MetricName", "Dimensions", "Metrics", "Statistic", "ExtendedStatistic", "Unit"),
    *("Period", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData"),
    *("AlarmActions", "OKActions", "Tags"),
}
# What the dashboard must show, by its metric.
SHOWN = {
    *("SignIns", "Denies", "Duration", "ColdStarts", "Lag", "OldestUnreconciled"),
    "ApproximateNumberOfMessagesVisible",
}
ROLE = "arn:aws:iam::111122223333:role/data/clinical-reader"
DECISION = "r3trg3fyje6247zn3wyfrpwbc4"
# The queries that must be there, and the field or text without which each would answer something else.
QUERIES = {
    "SignInsOfPersonQuery": "source_identity",
    "WhyDeniedQuery": "reason",
    # As it stands in the line's list of roles: without its quotation marks it would begin other roles' names.
    "WhoGotRoleQuery": f'"{ROLE}"',
    "DenialsByReasonQuery": "reason",
    "DecisionQuery": "decision.id",
    "SessionsOfDecisionQuery": DECISION,
    "CallersOfHooksQuery": "source_ip",
    "EventsNotAppliedQuery": "reason",
    "ChangesOfRoleQuery": ROLE,
}
# Where the lines that queries read are written, or samples of them.
LINES = {
    **dict.fromkeys(("SamlHookLog", "TokenHookLog", "PreTokenLog"), ("events/trace/log.jsonl", "crates/hook/src")),
    "EntitlementSyncLog": (None, "functions/entitlement-sync/src"),
    "TrustSyncLog": (None, "functions/trust-sync/src"),
    "TrailLogGroup": ("events/trace/records.json", None),
}
# What queries compare with that is to be replaced, and that no sample has.
TO_REPLACE = {DECISION, ROLE, "00u1exampleuser0g3"}
# What Logs Insights has of its own.
WORDS = {"fields", "filter", "stats", "sort", "limit", "by", "as", "and", "or", "not", "in", "like", "asc", "desc"}
WORDS |= {"count", "count_distinct", "min", "max", "ispresent"}
# A comment, a text in either quotation marks, a field in backticks, a name.
TOKEN = re.compile(
    r"""#[^\n]*|"(?P<double>[^"\n]*)"|\'(?P<single>[^\'\n]*)\'|`(?P<field>[^`\n]*)`|(?P<name>@?[A-Za-z_][\w.]*)"""
)
# What is written of the lines that functions write: a structure, and each field with the name that it is given.
STRUCTURE = re.compile(r"#\[derive\([^\n]*Serialize\)\]\n(?:pub )?struct [^{\n]*\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r'(?:#\[serde\(rename = "([\w.]+)"[^\n]*\)\]\n\s+)?(?:pub )?(\w+): [^\n]*,\n')
# All that is said of the table. A ResourcePolicy would let others in, a KinesisStreamSpecification tell them.
ALL_OF_TABLE = {
    *("TableName", "BillingMode", "DeletionProtectionEnabled", "AttributeDefinitions", "KeySchema", "Tags"),
    *("GlobalSecondaryIndexes", "StreamSpecification", "PointInTimeRecoverySpecification", "SSESpecification"),
}
ALL_OF_LOG = {"LogGroupName", "RetentionInDays", "KmsKeyId", "Tags"}
# Of two that write, one in each Region, the later would undo the earlier without knowing it.
IN_ONE_REGION = ("EntitlementTable", "EntitlementSync", "TrustSync", "TickSchedule", "NightlySweep")


def numbers_of(function):
    """The metrics that a function declares, with their units."""
    if not (source := METRICS.get(function)) or not (ROOT / source).exists():
        return {}
    text = (ROOT / source).read_text(encoding="utf-8").partition("#[cfg(test)]")[0]
    found = dict(DECLARED.findall(text))
    for names, unit in DECLARED_TOGETHER.findall(text):
        found |= dict.fromkeys(re.findall(r'"(\w+)"', names), unit)
    if not found:
        sys.exit(f"guard-template: {source} declares no metric that this guard can read; correct its pattern")
    return found


def metrics_of(alarm):
    """What an alarm watches: namespace, metric, the resource whose it is, its unit; and whether its dimensions
    are those that the namespace has."""
    inner = [each["MetricStat"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
    for stat in inner or [{"Metric": alarm, "Unit": alarm.get("Unit")}]:
        metric = stat["Metric"]
        namespace, dimensions = metric.get("Namespace"), metric.get("Dimensions", [])
        of = [list(dimension["Value"].values())[0] for dimension in dimensions] or [None]
        of = of[0][0] if isinstance(of[0], list) else of[0]
        known = []
        # Those of the stack's own namespace have none.
        if namespace != OF_STACK:
            name, how = DIMENSIONS.get(namespace, (None, "Ref"))
            known = [{"Name": name, "Value": {how: of if how == "Ref" else [of, name]}}]
        yield namespace, metric.get("MetricName"), of, stat.get("Unit"), dimensions == known


def faults_of_alarms(template):
    seen, sections = set(), sections_of((ROOT / "docs/alarms.md").read_text(encoding="utf-8"))
    alarms = template.of("AWS::CloudWatch::Alarm")
    for name, properties in alarms.items():
        for namespace, metric, of, unit, is_told_apart in metrics_of(properties):
            seen.add((metric, of))
            if not is_told_apart:
                yield name, f"watches `{metric}` by other dimensions than it has, and so nothing; correct Dimensions"
            # A number that is asked for in another unit than it is counted in is not found.
            if unit and unit != (numbers_of(of).get(metric) if namespace == "Signet" else None):
                yield name, f"watches `{metric}` in {unit}, in which it is not counted; correct Unit or leave it out"
            # On what the number is there at all: the front door of a URL, the filter that counts, the resource.
            counted = metric if namespace == OF_STACK else f"{of}Url" if str(metric).startswith("Url") else of
            condition = template.resources.get(counted, {}).get("Condition")
            if name in OF_TRUST and condition == "IsWhole":
                condition = "IsTrustLive"
            if template.resources[name].get("Condition") != condition:
                yield name, f"is not there when `{counted}` is to be watched; let its Condition be {condition or 'none'}"
            if namespace == "Signet" and metric not in numbers_of(of):
                yield name, f"watches `{metric}`, which {METRICS.get(of, of)} does not declare"
            if namespace == OF_STACK and metric not in template.of("AWS::Logs::MetricFilter"):
                yield name, f"watches `{metric}`, which no metric filter of this name counts"
            # A denial is an error of this function.
            if (metric, of) == ("Errors", "PreToken") and properties.get("Metrics", [{}])[0] != CRASHES:
                yield name, f"rises with denials, which are errors of PreToken; let it say `{CRASHES['Expression']}`"
        if name not in RISES:
            yield name, "is an alarm of which RISES does not say when it rises; say it there"
        elif said := otherwise(rise_of(properties), RISES[name]):
            yield name, f"rises at another time than is argued here, or never: {said}"
        if other := sorted(set(properties) - ALL_OF_ALARM):
            yield name, f"has {', '.join(other)}, by which it may not rise; take it off"
        if properties.get("AlarmActions") != TELL or properties.get("OKActions", TELL) != TELL:
            yield name, "does not tell AlarmTopicArn or AlertTopic; restore AlarmActions"
        title = re.search(r'docs/alarms\.md, "([^"]+)"', str(properties.get("AlarmDescription")))
        if not title or title[1] not in sections:
            yield name, 'does not name a section of docs/alarms.md in its description; add `See docs/alarms.md, "…"`'
        elif f"`{name}`" not in sections[title[1]]:
            yield name, f"is not named in the section {title[1]} of docs/alarms.md; name it there"
    if template.conditions.get("IsTrustLive") != TRUST_LIVE:
        yield min(OF_TRUST), "and others hang on another condition than TrustDryRun; restore IsTrustLive"
    for metric, of in sorted(WATCHED - seen, key=str):
        yield of or metric, f"has no alarm that watches `{metric}`; put it back"
    for name in sorted(set(re.findall(r"`(\w+Alarm)`", "".join(sections.values()))) - set(alarms)):
        yield name, ""


def rise_of(alarm):
    """When an alarm rises, as `when` says it."""
    parts = alarm.get("Metrics", [])
    stats = [part["MetricStat"] for part in parts if "MetricStat" in part]
    stats = stats or [alarm | {"Stat": alarm.get("Statistic", alarm.get("ExtendedStatistic"))}]
    periods = alarm.get("EvaluationPeriods")
    return {
        "stat": sorted({str(each.get("Stat")) for each in stats}),
        "period": sorted({each.get("Period") for each in stats}, key=str),
        "operator": alarm.get("ComparisonOperator"),
        "threshold": alarm.get("Threshold"),
        "periods": [alarm.get("DatapointsToAlarm", periods), periods],
        "missing": alarm.get("TreatMissingData"),
        "expression": next((part for part in parts if "Expression" in part), None),
    }


def otherwise(said, wanted):
    """In what a rise differs from another."""
    return ", ".join(f"{what} {said[what]}, not {wanted[what]}" for what in wanted if said[what] != wanted[what])


def sections_of(text):
    """The sections of a page, by their titles."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def faults_of_counts(template):
    counts = [(f"{f}{c}", f"{f}Log", pattern, SIGN_IN[f]) for f in SIGN_IN for c, pattern in COUNTED.items()]
    for name, log, pattern, condition in [*counts, ("HttpApiRefusals", "HookAccessLog", REFUSED, "UseHttpApi")]:
        counted = {"MetricNamespace": OF_STACK, "MetricName": name, "MetricValue": "1", "DefaultValue": 0}
        wanted = {"LogGroupName": {"Ref": log}, "FilterPattern": pattern}
        wanted["MetricTransformations"] = [counted | {"Unit": "Count"}]
        if template.get(name) != wanted or template.resources.get(name, {}).get("Condition") != condition:
            yield name, f"does not count lines `{pattern}` of {log}; restore it"


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
        if other := sorted(set(group) - ALL_OF_LOG):
            yield name, f"has {', '.join(other)}, where this guard does not look; take it off"
        if group.get("RetentionInDays") != {"Ref": "LogRetentionDays"}:
            yield name, "is kept for ever, or another time than LogRetentionDays; restore RetentionInDays"
        if group.get("KmsKeyId") != CUSTOMER_KEY:
            yield name, "is not encrypted with KmsKeyArn, and has people's logins in it; restore KmsKeyId"


def faults_of_table(template):
    name = "EntitlementTable"
    kept = [template.resources.get(name, {}).get(policy) for policy in ("DeletionPolicy", "UpdateReplacePolicy")]
    if kept != ["Retain", "Retain"] or template.get(name).get("DeletionProtectionEnabled") is not True:
        yield name, "can be deleted with the stack; restore Retain and DeletionProtectionEnabled"
    if template.get(name).get("PointInTimeRecoverySpecification") != {"PointInTimeRecoveryEnabled": True}:
        yield name, "cannot be restored to a moment; restore PointInTimeRecoverySpecification"
    sse = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": CUSTOMER_KEY}
    if template.get(name).get("SSESpecification") != sse:
        yield name, "is not encrypted by KMS, with KmsKeyArn where it is given; restore SSESpecification"
    if other := sorted(set(template.get(name)) - ALL_OF_TABLE):
        yield name, f"has {', '.join(other)}, by which others may read or write it, or hear of it; take it off"
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
        if "DeploymentPreference" in resource.get("Properties", {}):
            if resource["Properties"].get("PropagateTags") is not True:
                yield name, "has its CodeDeploy application and group without tags; set PropagateTags"
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))["default"]["deploy"]
    if settings["parameters"].get("tags") != "Project=signet":
        yield sorted(template.resources)[0], "and the others are deployed by samconfig.toml without `Project=signet`"


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
    yield from ((name, "") for name in sorted(set(QUERIES) - set(queries)))
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    for name, query in queries.items():
        title = query["Name"]["Fn::Sub"].removeprefix("${AWS::StackName}/")
        if f"*{title}*" not in page:
            yield name, f"is not described in docs/operations.md; name it there, as *{title}*"
        fields, texts, parts = asked_by(query["QueryString"])
        groups = [log_of(group) for group in query["LogGroupNames"]]
        for field in sorted(fields - set.intersection(*(fields_of(template, group) for group in groups))):
            yield name, f"asks for `{field}`, which no line of {' and '.join(groups)} has"
        for text in sorted(texts - TO_REPLACE):
            if not any(text in values_of(group) or is_written(group, text) for group in groups):
                yield name, f"looks for `{text}`, which is no value in a line of {' or '.join(groups)}"
        for part in sorted(parts - {DECISION}):
            if not any(part in line for group in groups for line in lines_of(group)):
                yield name, f"looks for `{part}`, which stands so in no line of {' or '.join(groups)}"
        if name in QUERIES and QUERIES[name] not in fields | texts | parts:
            yield name, f"does not ask for `{QUERIES[name]}`, and so answers something else; restore it"


def log_of(group):
    """The name of a log group that a query reads, also of one that is not always there."""
    return group["Fn::If"][1]["Ref"] if "Fn::If" in group else group["Ref"]


def asked_by(query):
    """The fields that a query names but does not make, the texts that it compares with, and those that it looks
    for within lines."""
    fields, texts, parts, own, before = set(), set(), set(), set(), None
    for token in TOKEN.finditer(query):
        text = token["double"] if token["double"] is not None else token["single"]
        name = token["field"] or token["name"]
        if text is not None:
            (parts if before == "like" else texts).add(text)
        elif name and before == "as":
            own.add(name)
        elif token["field"] or name and name not in WORDS and not name.startswith("@"):
            fields.add(name)
        before = name
    return fields - own, texts, parts


def fields_of(template, group):
    """The fields of a log group's lines, by its samples and by the structures that are written."""
    if group == "HookAccessLog":
        return set(json.loads(template.get("HookStage")["AccessLogSettings"]["Format"]))
    sample, folder = LINES[group]
    found = {name for line in lines_of(group) for name in names_in(json.loads(line))}
    # Every line of ours has these two.
    found |= {"message", "level"} if folder else set()
    for code in sources_of(folder):
        for structure in STRUCTURE.findall(code):
            found |= {renamed or field for renamed, field in FIELD.findall(structure)}
    if len(found) < 10:
        sys.exit(f"guard-template: the fields of {group} cannot be read from {sample or folder}; correct LINES")
    return found


def names_in(value, before=""):
    """The names in a JSON object as Logs Insights has them."""
    for key, inner in value.items():
        yield before + key
        if isinstance(inner, dict):
            yield from names_in(inner, f"{before}{key}.")


def lines_of(group):
    """The samples of a log group's lines, as they are logged."""
    sample, _ = LINES.get(group, (None, None))
    if not sample:
        return []
    text = (ROOT / sample).read_text(encoding="utf-8")
    return [json.dumps(record) for record in json.loads(text)["Records"]] if "Records" in text else text.splitlines()


def values_of(group):
    return {value for line in lines_of(group) for value in json.loads(line).values() if isinstance(value, str)}


def sources_of(folder):
    paths = sorted((ROOT / folder).rglob("*.rs")) if folder else []
    return [path.read_text(encoding="utf-8").partition("#[cfg(test)]")[0] for path in paths]


def is_written(group, text):
    """Whether a word is among those that a function writes: as a text, or as a variant, which is written small."""
    _, folder = LINES.get(group, (None, None))
    variant = "".join(part.title() for part in text.split("_"))
    written = re.compile(rf'"{re.escape(text)}"|^    {re.escape(variant)},$', re.MULTILINE)
    return any(written.search(code) for code in sources_of(folder))


OPERATIONS = (
    faults_of_logs,
    faults_of_table,
    faults_of_tags,
    faults_of_counts,
    faults_of_alarms,
    faults_of_dashboard,
    faults_of_queries,
)
