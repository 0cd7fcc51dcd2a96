"""The deployed stack, as its operators and the people who sign in see it."""

import json
import re

from rehearsal import people
from rehearsal.emulator import ACCOUNT
from rehearsal.stack import run
from rehearsal.steps import Failed, check, until

TABLE = "signet"
PROVIDER = "okta-databricks"
ALERTS = "rehearsal-alerts"
# Where what is given up ends.
DEAD_LETTERS = (
    "EventDeadLetterQueueArn",
    "UndeliveredEventQueueArn",
    "TrustDeadLetterQueueArn",
    "StreamFailureQueueArn",
    "ScheduleFailureQueueArn",
)


def provider_of(role):
    return f"arn:aws:iam::{account_of(role)}:saml-provider/{PROVIDER}"


def account_of(role):
    return role.split(":")[4]


class Deployed:
    """What can be asked of a stack, once `outputs` are its outputs."""

    def __init__(self, aws, command):
        self.aws, self.command = aws, command
        self.outputs = {}
        self.secret = people.SECRET

    def signet(self, *arguments):
        """What the signet command says."""
        return run([self.command, *arguments], self.aws.environment(SIGNET_TABLE=TABLE))

    # Sign-ins

    def call(self, output, function, groups, **secret):
        """The answer of a hook to a sign-in of a person in these groups."""
        request = people.request(function, groups)
        return people.call(self.aws, self.outputs[output], request, **{"secret": self.secret} | secret)

    def claims_of(self, groups):
        """What the SAML hook adds for a person in these groups; nothing where it denies."""
        status, told = self.call("HookUrl", "saml-hook", groups)
        if status != 200:
            raise Failed(f"the hook answers {status}: {told}")
        return people.added(told)

    def roles_of(self, groups):
        """The roles that a person in these groups gets, sorted."""
        return sorted(each.split(",")[0] for each in self.claims_of(groups).get(people.SAML + "Role", []))

    def code_of(self, group):
        return re.fullmatch(r":(\w+):", self.claims_of([group])[people.SAML + "PrincipalTag:GroupHash"][0])[1]

    def check_codes(self, value, groups):
        """The value of GroupHash belongs to these groups, as `signet decode` says."""
        told = json.loads(self.signet("--json", "decode", value))
        found = {each["group"] for each in told["codes"]}
        check(found == groups, f"GroupHash {value}: {', '.join(sorted(groups))}", told)

    # The table and the functions

    def table(self):
        return self.aws.client("dynamodb").describe_table(TableName=TABLE)["Table"]

    def items(self):
        return self.aws.client("dynamodb").scan(TableName=TABLE, Select="COUNT", ConsistentRead=True)["Count"]

    def stated(self):
        """What the file stated, as the table has it."""
        return self.signet("export", "file:platform")

    def lines(self, output, message):
        """The lines of a log of this kind."""
        logs = self.aws.client("logs")
        events = logs.filter_log_events(logGroupName=self.outputs[output], limit=10000)["events"]
        # Several lines of a function may arrive as one event.
        texts = [text for event in events for text in event["message"].splitlines()]
        lines = [json.loads(text) for text in texts if text.startswith("{")]
        return [line for line in lines if line.get("message") == message]

    def decision(self, output, outcome):
        """The log line of the last decision with this outcome."""

        def found():
            return [line for line in self.lines(output, "decision") if line["outcome"] == outcome]

        return until(f"the log has the decision, outcome `{outcome}`", found)[-1]

    def outcomes(self, subject, outcome):
        """The log lines of events of this subject that ended so."""
        lines = self.lines("EntitlementSyncLogGroup", "event")
        return [line for line in lines if line.get("subject") == subject and line.get("outcome") == outcome]

    # The accounts

    def trust_policy(self, role):
        told = self.aws.client("iam", account_of(role)).get_role(RoleName=role.rsplit("/", 1)[-1])
        return told["Role"]["AssumeRolePolicyDocument"]

    def trusts(self, role, code):
        """The role lets people of the provider in who have this code."""
        statements = [json.dumps(each) for each in self.trust_policy(role)["Statement"]]
        return any(provider_of(role) in each and f":{code}:" in each for each in statements)

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

    def is_told_of(self, subject):
        """An alert has come that names this."""
        sqs = self.aws.client("sqs")
        url = sqs.get_queue_url(QueueName=ALERTS)["QueueUrl"]
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return any(subject in message["Body"] for message in messages)

    def queue(self, output):
        """The URL of a queue."""
        return self.aws.client("sqs").get_queue_url(QueueName=self.outputs[output].split(":")[-1])["QueueUrl"]

    def given_up(self):
        """How many messages each queue of dead letters has."""
        name = "ApproximateNumberOfMessages"

        def length(output):
            told = self.aws.client("sqs").get_queue_attributes(QueueUrl=self.queue(output), AttributeNames=[name])
            return int(told["Attributes"][name])

        return {output: length(output) for output in DEAD_LETTERS}
