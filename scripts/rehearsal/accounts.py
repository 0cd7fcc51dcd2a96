"""What is granted by events, and how the trust policies of roles in two accounts follow."""

import collections
import json
import time

import botocore.exceptions

from rehearsal.access import READER_ROLE, Access
from rehearsal.deployed import TABLE, account_of, provider_of
from rehearsal.emulator import ACCOUNT, OTHER_ACCOUNT
from rehearsal.stack import ROOT
from rehearsal.steps import Failed, check, say, step, until

ACCOUNTS = (ACCOUNT, OTHER_ACCOUNT)
EXTERNAL_ID = "rehearsal-signet"
ROLE_PATH = "/data/"
APP = "0oath92zlO60urQOP0g3"
CURATORS = "Trials Curators"
# One dataset, with a role in each account.
TRIALS_ROLES = [f"arn:aws:iam::{account}:role/data/trials-reader" for account in ACCOUNTS]
# The provider of its app, likewise.
PROVIDERS = [provider_of(role) for role in TRIALS_ROLES]
FORBIDDEN_ROLE = f"arn:aws:iam::{ACCOUNT}:role/data/finance-reader"
# Whoever looks after the accounts, and changes nothing there.
AUDITOR = f"arn:aws:iam::{ACCOUNT}:role/auditor"
CATALOG = "https://data.example.com/catalog"


def dataset(name, revision, roles, state="active"):
    """An event: people of CURATORS may assume these roles, and there are no others of this dataset."""
    return {
        "specversion": "1.0",
        "id": f"rehearsal-{name}-{revision}",
        "source": CATALOG,
        "type": "signet.dataset.changed.v1",
        "subject": name,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "datacontenttype": "application/json",
        "data": {
            "dataset": name,
            "revision": revision,
            "state": state,
            "grants": [{"role": role, "groups": [CURATORS]} for role in roles],
        },
    }


class Accounts(Access):
    """Two accounts with roles, and those who publish events."""

    def make_role(self):
        with step("A role as the table wants it: `signet trust render`"):
            policy = self.signet("trust", "render", READER_ROLE)
            self.create_role(READER_ROLE, json.loads(policy))
            say(f"    {READER_ROLE}")

    def open_accounts(self):
        with step("Before an account has a role to enter it by"):
            until(f"trust-sync says that it is denied {READER_ROLE}", lambda: self.told_of(READER_ROLE, "denied"))
        with step("Two accounts: infra/member-account.yaml and roles in each"):
            allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
            self.create_role(AUDITOR, owned_by(ACCOUNT))
            self.aws.client("iam").put_role_policy(
                RoleName="auditor", PolicyName="all", PolicyDocument=document(allowed)
            )
            for account in ACCOUNTS:
                self.stack.deploy_member(
                    account,
                    TrustSyncRoleArn=self.outputs["TrustSyncRoleArn"],
                    ExternalId=EXTERNAL_ID,
                    AuditorRoleArn=AUDITOR,
                    RolePath=ROLE_PATH,
                )
            self.check_settled(denied=READER_ROLE)
            for role in TRIALS_ROLES:
                self.create_role(role, owned_by(account_of(role)))
                say(f"    {role}, for its account's administrators alone")
        with step("Producers of events: `signet producer add`"):
            may = {
                "DatasetTopicArn": (
                    *("--events", "signet.dataset.changed.v1", "--datasets", "clinical-*"),
                    *("--roles", f"arn:aws:iam::*:role{ROLE_PATH}trials-*", "--groups", "Trials *"),
                ),
                "ProviderTopicArn": ("--events", "signet.provider.changed.v1", "--apps", APP),
            }
            for output, words in may.items():
                say("    " + self.signet("producer", "add", self.outputs[output], *words).strip().splitlines()[0])

    def create_role(self, role, policy):
        path = "/" + "/".join(role.split("/")[1:-1])
        self.aws.client("iam", account_of(role)).create_role(
            RoleName=role.rsplit("/", 1)[-1],
            Path=path if path == "/" else path + "/",
            AssumeRolePolicyDocument=json.dumps(policy),
        )

    def publish(self, output, event):
        self.signet("event", "publish", "--topic", self.outputs[output], self.file("event.json", event))

    def hear_of_dataset(self):
        with step("A dataset event over SNS that grants a role in each account: `signet event publish`"):
            before = self.roles_of([CURATORS])
            check(not before, "before it the group opens nothing", before)
            queued, done = self.queued(), self.done()
            self.publish("DatasetTopicArn", dataset("clinical-trials", 1, TRIALS_ROLES))
            until("a sign-in has both roles", lambda: self.roles_of([CURATORS]) == TRIALS_ROLES)
            until("the table's stream has queued two accounts more", lambda: self.queued() >= queued + 2)
            for account in ACCOUNTS:
                until(f"account {account} is looked at once more", lambda a=account: self.done()[a] > done[a])

    def queued(self):
        """How many accounts the table's stream has queued so far."""
        return sum(line["accounts.queued"] for line in self.lines("TrustSyncLogGroup", "stream"))

    def done(self):
        """How often trust-sync was done with each account so far."""
        lines = self.lines("TrustSyncLogGroup", "account")
        return collections.Counter(line["account"] for line in lines if line["outcome"] == "done")

    def look_first(self):
        with step("A provider event, still in the dry run: the log says what would be done, and nothing is"):
            path = ROOT / "events/entitlement-sync/provider-saml-active.json"
            self.publish("ProviderTopicArn", json.loads(path.read_text(encoding="utf-8")))
            until(f"the event of app {APP} is applied", lambda: self.outcomes(APP, "applied"))
            for role in TRIALS_ROLES:
                until(f"would be written: {role}", lambda role=role: self.told_of(role, "would_write"))
            for arn in PROVIDERS:
                until(f"would be made: {arn}", lambda arn=arn: self.told_of_provider(arn, "would_create"))
            self.check_settled()
            for role in TRIALS_ROLES:
                said = self.trust_policy(role)
                check(said == owned_by(account_of(role)), f"the trust policy of {role} is as it was", said)
            for account in ACCOUNTS:
                found = self.providers(account)
                check(not found, f"account {account} has no provider", found)

    def end_dry_run(self):
        with step("Without the dry run, at the schedule's next call: what is wanted in both accounts is done"):
            self.deploy_with(TrustDryRun="false")
            begun = time.monotonic()
            self.tick()
            self.check_trust(self.code_of(CURATORS), begun)
            for arn in PROVIDERS:
                until(f"made: {arn}", lambda arn=arn: arn in self.providers(account_of(arn)))

    def tick(self):
        """Calls trust-sync as its schedule does every five minutes."""
        name = self.stack.names()["TrustSync"]
        told = self.aws.client("lambda").invoke(FunctionName=name, Payload=b'{"task":"tick"}')
        said = json.loads(told["Payload"].read())
        check("FunctionError" not in told and said["queued"] == len(ACCOUNTS), "both accounts are due", said)

    def check_trust(self, code, begun, trusted=True):
        """The roles of the dataset trust the code, or do not, and say what else they said. `begun` is when
        that was asked for."""
        word = "trusts" if trusted else "does not trust"
        for role in TRIALS_ROLES:
            # The word of the code itself, where there is no statement that would be wanted.
            holds = self.trusts if trusted else lambda role, code: f":{code}:" not in str(self.trust_policy(role))
            until(f"{role} {word} code {code}", lambda role=role, holds=holds: holds(role, code))
            said, own = self.trust_policy(role)["Statement"], owned_by(account_of(role))["Statement"]
            check(all(each in said for each in own), "and has its own statement", said)
        say(f"    both trust policies took {time.monotonic() - begun:.1f} s")

    def audit(self):
        with step("By an auditor, who may look and no more: `signet trust plan`, `signet audit`"):
            told = self.aws.client("sts").assume_role(RoleArn=AUDITOR, RoleSessionName="rehearsal")["Credentials"]
            names = {"AccessKeyId": "AWS_ACCESS_KEY_ID", "SecretAccessKey": "AWS_SECRET_ACCESS_KEY"}
            names["SessionToken"] = "AWS_SESSION_TOKEN"
            auditor = {variable: told[name] for name, variable in names.items()}
            reach = ("--member-role", "signet/signet-member-audit", "--external-id", EXTERNAL_ID, "--role-path", ROLE_PATH)
            totals = self.ask("trust", "plan", *reach, **auditor)["totals"]
            found = totals["accounts"], totals["roles_changed"], totals["roles_unchanged"], totals["roles_failed"]
            check(found == (2, 0, 3, 0), "three roles in two accounts, all as wanted", totals)
            findings = self.ask("audit", *reach, **auditor)["findings"]
            bad = [each for each in findings if each["weight"] == "error"]
            check(not bad, f"the audit finds no error, and {len(findings)} other things", bad)
            found = sorted({each["kind"] for each in findings})
            check(not set(found) & {"drift", "stale", "not_ready", "unreachable", "wider"}, "nothing drifts", found)
            say(f"    of these kinds: {', '.join(found) or 'none'}")

    def refuse_what_may_not_be_said(self):
        with step("What may not be said, and from where"):
            self.publish("DatasetTopicArn", dataset("clinical-rogue", 1, [FORBIDDEN_ROLE]))
            line = until("a role that is not the producer's: refused", lambda: self.outcomes("clinical-rogue", "refused"))
            check(line[-1]["reason"] == "not_permitted", "reason `not_permitted`", line)
            alerts = until("an alert has come", lambda: self.alerts_of("clinical-rogue"))
            told = alerts[0]["type"], alerts[0]["data"]["kind"]
            check(told == ("signet.alert.v1", "refused"), "which says that it was refused", alerts)
            event = json.dumps(dataset("clinical-trials", 2, [FORBIDDEN_ROLE]))
            queue, sqs = self.queue("EventQueueArn"), self.aws.client("sqs")
            check_denied("straight to the queue", sqs.send_message, QueueUrl=queue, MessageBody=event)
            topic, sns = self.outputs["DatasetTopicArn"], self.aws.without_tls("sns")
            check_denied("to the topic without TLS", sns.publish, TopicArn=topic, Message=event)
            check(self.roles_of([CURATORS]) == TRIALS_ROLES, "the group opens what it opened")
            self.check_settled()

    def withdraw(self):
        with step("The dataset is deleted: its grants are withdrawn"):
            code, begun = self.code_of(CURATORS), time.monotonic()
            self.publish("DatasetTopicArn", dataset("clinical-trials", 2, [], state="deleted"))
            until("a sign-in has none of the roles", lambda: self.roles_of([CURATORS]) == [])
            self.check_trust(code, begun, trusted=False)
            told = self.ask("history", f"group:{CURATORS}")["rows"]
            events = [row["event"] for row in told]
            wanted = {f"{CATALOG}#rehearsal-clinical-trials-{revision}" for revision in (1, 2)}
            check(wanted <= set(events), "`signet history` has both events", told)
            self.check_settled()


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def owned_by(account):
    """A trust policy as an account's owner has it."""
    statement = {
        "Sid": "Administrators",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def check_denied(what, call, **arguments):
    try:
        told = call(**arguments)
    except botocore.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        check(code in ("AccessDenied", "AuthorizationError", "AccessDeniedException"), f"{what}: denied", error)
    else:
        raise Failed(f"not so: {what}: denied; found {told}")
