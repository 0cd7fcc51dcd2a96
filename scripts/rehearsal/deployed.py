"""The deployed stack, as its operators and the people who sign in see it."""

import contextlib
import json
import re
import urllib.parse

import botocore.exceptions

from rehearsal import people
from rehearsal.emulator import ACCOUNT
from rehearsal.stack import run
from rehearsal.steps import Failed, check, say, until

TABLE = "signet"
PROVIDER = "okta-databricks"
ALERTS = "rehearsal-alerts"
# What people read who have no access yet; any other denial is a fault here.
UNENTITLED = "You have no access to data through this app yet."
LOGS = ("SamlHookLogGroup", "TokenHookLogGroup", "PreTokenLogGroup", "EntitlementSyncLogGroup", "TrustSyncLogGroup")


def provider_of(role):
    return f"arn:aws:iam::{account_of(role)}:saml-provider/{PROVIDER}"


def account_of(role):
    return role.split(":")[4]


class Deployed:
    """What can be asked of a stack, once `outputs` are its outputs."""

    def __init__(self, aws, command, folder):
        self.aws, self.command, self.folder = aws, command, folder
        self.outputs = {}
        self.secret = None
        self.excused = []

    def signet(self, *arguments, ends=0, **environment):
        """What the signet command says."""
        more = {"SIGNET_TABLE": TABLE} | environment
        return run([self.command, *arguments], self.aws.environment(**more), ends=ends)

    def ask(self, *arguments, **how):
        """The same for programs."""
        return json.loads(self.signet("--json", *arguments, **how))

    def file(self, name, content):
        """A file with this content, as JSON unless it is a text."""
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    # Sign-ins

    def call(self, output, function, groups, **secret):
        """The answer of a hook to a sign-in of a person in these groups."""
        request = people.request(function, groups)
        return people.call(self.aws, self.outputs[output], request, **{"secret": self.secret} | secret)

    def answer(self, groups):
        """The answer of the SAML hook to Okta."""
        status, told = self.call("HookUrl", "saml-hook", groups)
        if status != 200:
            raise Failed(f"the hook answers {status}: {told}")
        return told

    def claims_of(self, groups):
        """What the SAML hook adds for a person in these groups; nothing where they have no access yet."""
        told = self.answer(groups)
        summary = told.get("error", {}).get("errorSummary", "")
        if "error" in told and not summary.startswith(UNENTITLED):
            raise Failed(f"a sign-in of {groups} is denied: {summary}")
        return people.added(told, "assertion")

    def roles_of(self, groups):
        """The roles that a person in these groups gets, sorted."""
        return sorted(each.split(",")[0] for each in self.claims_of(groups).get(people.SAML + "Role", []))

    def code_of(self, group):
        return re.fullmatch(r":(\w+):", self.claims_of([group])[people.SAML + "PrincipalTag:GroupHash"][0])[1]

    def check_codes(self, value, groups):
        """The value of GroupHash belongs to these groups, as `signet decode` says."""
        told = self.ask("decode", value)
        found = {each["group"] for each in told["codes"]}
        check(found == groups, f"GroupHash {value}: {', '.join(sorted(groups))}", told)

    def here(self, output):
        """A hook's URL as ministack takes it without the host's name."""
        parts = urllib.parse.urlsplit(self.outputs[output])
        name, kind = parts.hostname.split(".")[:2]
        stage = "/$default" if kind == "execute-api" else ""
        return f"{self.aws.endpoint}/_aws/{kind}/{name}{stage}{parts.path}"

    # The table and the functions

    def table(self):
        return self.aws.client("dynamodb").describe_table(TableName=TABLE)["Table"]

    def items(self):
        """Every item, by its keys."""
        pages = self.aws.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
        return {(item["pk"]["S"], item["sk"]["S"]): item for page in pages for item in page["Items"]}

    def stated(self, source="file:platform"):
        """What a source stated, as the table has it."""
        return self.signet("export", source)

    def events(self, output):
        """Everything in a log, as `aws logs filter-log-events` gives it."""
        return self.aws.client("logs").filter_log_events(logGroupName=self.outputs[output], limit=10000)["events"]

    def lines(self, output, *messages):
        """The lines of a log of these kinds; of all kinds where there is none."""
        # Several lines of a function may arrive as one event.
        texts = [text for event in self.events(output) for text in event["message"].splitlines()]
        lines = [json.loads(text) for text in texts if text.startswith("{")]
        return [line for line in lines if not messages or line.get("message") in messages]

    def decision(self, output, outcome):
        """The log line of the last decision with this outcome."""

        def found():
            return [line for line in self.lines(output, "decision") if line["outcome"] == outcome]

        return until(f"the log has the decision, outcome `{outcome}`", found)[-1]

    def outcomes(self, subject, outcome):
        """The log lines of events of this subject that ended so."""
        lines = self.lines("EntitlementSyncLogGroup", "event")
        return [line for line in lines if line.get("subject") == subject and line.get("outcome") == outcome]

    def wait_for_queues(self):
        for output in ("EventQueueArn", "TrustQueueUrl"):
            until(f"no message is left, {output}", lambda output=output: self.waiting(output) == 0)

    def told_of(self, role, outcome):
        """The log lines of trust-sync by which this became of a role."""
        lines = self.lines("TrustSyncLogGroup", "role")
        return [line for line in lines if (line["role"], line["outcome"]) == (role, outcome)]

    def told_of_provider(self, arn, outcome):
        """The same of an identity provider."""
        lines = self.lines("TrustSyncLogGroup", "provider")
        return [line for line in lines if (line["provider"], line["outcome"]) == (arn, outcome)]

    def check_settled(self, denied=None):
        """Both queues are empty, and nothing ever went wrong on the way there; but that until now trust-sync
        was to be denied this role, where one is named."""
        self.wait_for_queues()
        if denied:
            self.excused = self.told_of(denied, "denied")
        wrong = [line for line in self.wrong() if line not in self.excused]
        check(not wrong, f"no function has written of an error, but for {len(self.excused)} that are excused", wrong)

    def wrong(self):
        """Lines of errors, and of what comes again."""

        def is_wrong(line):
            failed = line.get("message") in ("event", "account") and line.get("outcome") == "failed"
            return failed or line.get("level") == "ERROR" or line.get("message") == "not queued"

        return [line for output in LOGS for line in self.lines(output) if is_wrong(line)]

    def check_discreet(self, secrets):
        """No log has any of these texts."""
        texts = {"ministack's": self.aws.log()} | {output: str(self.events(output)) for output in LOGS}
        found = [name for name, text in texts.items() if any(secret in text for secret in secrets)]
        check(not found, f"none of {len(texts)} logs has a secret", found)

    def keep_logs(self):
        """Writes every log into a file: ministack forgets them when it ends. Shows the last line of each that
        did not end well."""
        folder = self.folder / "logs"
        folder.mkdir(exist_ok=True)
        for output in LOGS:
            # What failed may be just this.
            with contextlib.suppress(botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError, KeyError):
                texts = [event["message"].rstrip() for event in self.events(output)]
                (folder / f"{output}.log").write_text("\n".join(texts), encoding="utf-8")
                bad = [t for t in texts if re.search(r'"level":"ERROR"|"outcome":"(deny|failed|refused)"', t)]
                for text in bad[-1:]:
                    say(f"    {output}: {text[:2000]}")

    # The accounts

    def trust_policy(self, role):
        told = self.aws.client("iam", account_of(role)).get_role(RoleName=role.rsplit("/", 1)[-1])
        return told["Role"]["AssumeRolePolicyDocument"]

    def rendered(self, role):
        """The statements that the table wants of a role."""
        return json.loads(self.signet("trust", "render", role))["Statement"]

    def trusts(self, role, code):
        """The role has every statement that the table wants, and one of them names the code."""
        said, wanted = self.trust_policy(role)["Statement"], self.rendered(role)
        return all(each in said for each in wanted) and f"*:{code}:*" in json.dumps(wanted)

    def providers(self, account):
        listed = self.aws.client("iam", account).list_saml_providers()["SAMLProviderList"]
        return [each["Arn"] for each in listed]

    # The queues

    def queue_of_alerts(self):
        """A queue that takes the alerts. Gives its ARN."""
        sqs = self.aws.client("sqs")
        url = sqs.create_queue(QueueName=ALERTS)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return arn

    def alerts_of(self, subject):
        """The alerts that have come and name this."""
        sqs = self.aws.client("sqs")
        url = sqs.get_queue_url(QueueName=ALERTS)["QueueUrl"]
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        alerts = [json.loads(json.loads(message["Body"])["Message"]) for message in messages]
        return [alert for alert in alerts if subject in json.dumps(alert)]

    def waiting(self, output):
        """How many messages a queue has, those in work among them."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self.aws.client("sqs").get_queue_attributes(QueueUrl=self.queue(output), AttributeNames=names)
        return sum(int(told["Attributes"][name]) for name in names)

    def queue(self, output):
        """The URL of a queue, by its URL or ARN."""
        name = re.split("[:/]", self.outputs[output])[-1]
        return self.aws.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
