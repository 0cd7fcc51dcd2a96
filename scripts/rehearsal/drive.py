"""What is done with the deployed stack, and what must come of it."""

import hashlib
import json
import re
import secrets
import time

from rehearsal import people, template
from rehearsal.emulator import ACCOUNT, OTHER_ACCOUNT
from rehearsal.stack import ROOT, STACK, Stack, architecture, run
from rehearsal.steps import check, say, step, until

TABLE = "signet"
EXTERNAL_ID = "rehearsal-signet"
ROLE_PATH = "/data/"
APP = "0oath92zlO60urQOP0g3"
PROVIDER = "okta-databricks"
READERS, CURATORS = "Clinical Readers", "Trials Curators"
READER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/data/clinical-reader"
# One dataset, with a role in each account.
TRIALS_ROLES = [f"arn:aws:iam::{account}:role/data/trials-reader" for account in (ACCOUNT, OTHER_ACCOUNT)]


def digest(secret):
    return hashlib.sha256(secret.encode()).hexdigest()


def provider_of(role):
    return f"arn:aws:iam::{role.split(':')[4]}:saml-provider/{PROVIDER}"


class Rehearsal:
    """One run, from an empty account to a table that outlives its stack."""

    def __init__(self, aws, built, command, folder):
        self.aws, self.command, self.folder = aws, command, folder
        self.secret = people.SECRET
        self.pool = people.UserPool(aws, READERS)
        self.alerts = self.queue_of_alerts()
        self.stack = Stack(
            aws,
            built,
            {
                "Architecture": architecture(),
                "FrontDoor": "function-url",
                "DeployTokenHook": "true",
                "UserPoolArn": self.pool.arn,
                "HookSecretSha256": digest(self.secret),
                "RolePaths": ROLE_PATH,
                "ExternalId": EXTERNAL_ID,
                "Deployment": "AllAtOnce",
                "TrustDryRun": "false",
                "AlertProtocol": "sqs",
                "AlertEndpoint": self.alerts,
                "TableName": TABLE,
            },
        )

    def run(self):
        self.deploy()
        self.observe()
        self.enforce()
        self.sign_in_with_tokens()
        self.sign_in_to_user_pool()
        self.open_accounts()
        self.hear_of_provider()
        self.hear_of_dataset()
        self.refuse_what_may_not_be_said()
        self.withdraw()
        self.redeploy()
        self.delete()

    # The stack

    def deploy(self):
        with step("Put the functions into a bucket: `sam package`"):
            self.stack.package()
        with step("Deploy: `sam deploy`"):
            self.stack.deploy()
            self.outputs = self.stack.outputs()
            resources = self.stack.resources()
            bad = [each for each in resources if not each["ResourceStatus"].endswith("_COMPLETE")]
            check(not bad, f"the stack has {len(resources)} resources, all complete", bad)
        with step("The table, and its settings: `signet table create`"):
            table = self.table()
            check(table["DeletionProtectionEnabled"], "the table is protected from deletion")
            views = table["StreamSpecification"]["StreamViewType"]
            check(views == "NEW_AND_OLD_IMAGES", "its stream has new and old images", views)
            told = self.signet("table", "create")
            check("group codes of 4 characters" in told, "it has its settings now, with group codes of 4 characters", told)

    def redeploy(self):
        stated, version = self.signet("export", "file:platform"), self.version()
        new = secrets.token_urlsafe(32)
        with step("Deploy again, with another secret"):
            self.stack.deploy(HookSecretSha256=digest(new))
            self.outputs = self.stack.outputs()
            check(self.version() != version, f"the alias has gone from version {version} to {self.version()}")
        with step("After that"):
            status, told = self.call("HookUrl", "saml-hook", [READERS])
            check(status == 401, "the old secret is refused with 401", (status, told))
            self.secret = new
            self.signs_in_as_reader()
            check(self.signet("export", "file:platform") == stated, "the table states what it stated")

    def delete(self):
        stated, before = self.signet("export", "file:platform"), self.count()
        with step("Delete the stack: `sam delete`"):
            self.stack.delete()
            status, _ = self.call("HookUrl", "saml-hook", [READERS])
            check(status in (403, 404), "nobody answers at the hook's URL any more", status)
            check(self.table()["TableStatus"] == "ACTIVE", "the table is there")
            check(self.count() == before, f"with all its {before} items", self.count())
            check(self.signet("export", "file:platform") == stated, "it states what it stated")
            group = self.outputs["SamlHookLogGroup"]
            groups = self.aws.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
            check(len(groups) == 1, "the log of decisions is there")

    def table(self):
        return self.aws.client("dynamodb").describe_table(TableName=TABLE)["Table"]

    def count(self):
        return self.aws.client("dynamodb").scan(TableName=TABLE, Select="COUNT", ConsistentRead=True)["Count"]

    def version(self):
        """The version of the SAML hook that is called."""
        names = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in self.stack.resources()}
        return self.aws.client("lambda").get_alias(FunctionName=names["SamlHook"], Name="live")["FunctionVersion"]

    # Sign-ins

    def observe(self):
        with step("A file in observe mode, and a sign-in"):
            self.apply("observe")
            status, told = self.call("HookUrl", "saml-hook", [READERS])
            check((status, told) == (204, None), "the answer is 204: the assertion stays as it is", (status, told))
            line = self.decision("SamlHookLogGroup", "observed")
            check(line["would_be"] == "access", "and that it would be `access`", line)

    def enforce(self):
        with step("The same in enforce mode"):
            self.apply("enforce")
            self.signs_in_as_reader()
            line = self.decision("SamlHookLogGroup", "access")
            check(line["roles"] == [READER_ROLE], "with the same role", line)
        with step("Callers without the secret"):
            for secret, what in ((None, "no secret"), ("another", "another secret")):
                status, told = self.call("HookUrl", "saml-hook", [READERS], secret)
                check(status == 401 and "commands" not in str(told), f"{what}: 401", (status, told))
        with step("A person without a group that counts"):
            status, told = self.call("HookUrl", "saml-hook", ["VPN Users"])
            check(status == 200 and "error" in told, "is denied, with a text", (status, told))
            say(f"    “{told['error'].get('errorSummary')}”")

    def sign_in_with_tokens(self):
        with step("A sign-in to an app that gets tokens of Okta"):
            status, told = self.call("TokenHookUrl", "token-hook", [READERS])
            check(status == 200 and told.get("commands"), "the token hook answers with claims", (status, told))
            claims = people.added(told)
            self.check_claims(claims)
            status, told = self.call("TokenHookUrl", "token-hook", [READERS], None)
            check(status == 401, "without the secret: 401", (status, told))

    def sign_in_to_user_pool(self):
        with step("A sign-in to a user pool, whose trigger the function is"):
            self.pool.set_trigger(self.outputs["PreTokenArn"])
            claims = self.pool.sign_in()
            self.check_claims(claims)

    def check_claims(self, claims):
        """Of a token of a person in the group of readers."""
        names = {name.rsplit("/", 1)[-1]: value for name, value in claims.items()}
        check(READER_ROLE in str(names.get("roles")), "the ID token has the role", claims)
        check(names.get("source_identity") == people.PERSON, f"and the source identity {people.PERSON}", claims)
        codes = names["https://aws.amazon.com/tags".rsplit("/", 1)[-1]]["principal_tags"]["GroupHash"]
        self.check_codes(codes[0], {READERS})

    def signs_in_as_reader(self):
        status, told = self.call("HookUrl", "saml-hook", [READERS])
        check(status == 200 and told.get("commands"), "the hook answers with claims", (status, told))
        claims = people.added(told)
        check(
            claims[people.SAML + "Role"] == [f"{READER_ROLE},{provider_of(READER_ROLE)}"],
            f"role {READER_ROLE}",
            claims,
        )
        check(claims[people.SAML + "SourceIdentity"] == [people.PERSON], f"source identity {people.PERSON}", claims)
        self.check_codes(claims[people.SAML + "PrincipalTag:GroupHash"][0], {READERS})

    def check_codes(self, value, groups):
        """The value of GroupHash belongs to these groups, as `signet decode` says."""
        told = json.loads(self.signet("--json", "decode", value))
        found = {each["group"] for each in told["codes"]}
        check(found == groups, f"GroupHash {value}: {', '.join(sorted(groups))}", told)

    def roles_of(self, groups):
        """The roles that a person in these groups gets, sorted."""
        status, told = self.call("HookUrl", "saml-hook", groups)
        check_status = status == 200 and ("commands" in told or "error" in told)
        if not check_status:
            check(False, "the hook answers", (status, told))
        return sorted(each.split(",")[0] for each in people.added(told).get(people.SAML + "Role", []))

    def call(self, output, function, groups, secret=""):
        secret = self.secret if secret == "" else secret
        return people.call(self.aws, self.outputs[output], people.request(function, groups), secret)

    def lines(self, output, message):
        """The lines of a log of this kind."""
        client = self.aws.client("logs")
        events = client.filter_log_events(logGroupName=self.outputs[output], limit=10000)["events"]
        # Several lines of a function may arrive as one event.
        texts = [text for event in events for text in event["message"].splitlines()]
        lines = [json.loads(text) for text in texts if text.startswith("{")]
        return [line for line in lines if line.get("message") == message]

    def decision(self, output, outcome):
        """The log line of the last decision with this outcome."""

        def found():
            return [line for line in self.lines(output, "decision") if line["outcome"] == outcome]

        return until(f"the log has the decision, outcome `{outcome}`", found)[-1]

    # Accounts and events

    def open_accounts(self):
        with step("Two accounts: infra/member-account.yaml and roles in each"):
            for account in (ACCOUNT, OTHER_ACCOUNT):
                parameters = {
                    "TrustSyncRoleArn": self.outputs["TrustSyncRoleArn"],
                    "ExternalId": EXTERNAL_ID,
                    "RolePath": ROLE_PATH,
                }
                self.stack.deploy_member(account, parameters)
            for role in (READER_ROLE, *TRIALS_ROLES):
                self.create_role(role)
            say(f"    roles that only their accounts' administrators may assume: {READER_ROLE}, {', '.join(TRIALS_ROLES)}")
        with step("Producers of events: `signet producer add`"):
            common = ["--events", "signet.dataset.changed.v1", "--datasets", "clinical-*"]
            roles = [f"arn:aws:iam::*:role{ROLE_PATH}trials-*"]
            self.signet("producer", "add", self.outputs["DatasetTopicArn"], *common, "--roles", *roles, "--groups", "Trials *")
            common = ["--events", "signet.provider.changed.v1", "--apps", APP]
            self.signet("producer", "add", self.outputs["ProviderTopicArn"], *common)

    def hear_of_provider(self):
        with step("A provider event: `signet event publish`"):
            event = json.loads((ROOT / "events/entitlement-sync/provider-saml-active.json").read_text(encoding="utf-8"))
            self.publish("ProviderTopicArn", event)
            self.applied(APP)

    def hear_of_dataset(self):
        check_none = self.roles_of([CURATORS])
        with step("A dataset event that grants a role in each account"):
            check(not check_none, "before it the group opens nothing", check_none)
            begun = time.monotonic()
            self.publish("DatasetTopicArn", self.dataset(1, TRIALS_ROLES))
            until("a sign-in has both roles", lambda: self.roles_of([CURATORS]) == TRIALS_ROLES)
            code = self.code_of(CURATORS)
            for role in TRIALS_ROLES:
                until(f"{role} trusts code {code}", lambda role=role: self.trusts(role, code))
                check("Administrators" in json.dumps(self.trust_policy(role)), "and its own statement is as it was")
                account = role.split(":")[4]
                listed = self.aws.client("iam", account).list_saml_providers()["SAMLProviderList"]
                check([each["Arn"] for each in listed] == [provider_of(role)], f"{provider_of(role)} was made", listed)
            say(f"    from publishing to both trust policies: {time.monotonic() - begun:.1f} s")

    def refuse_what_may_not_be_said(self):
        with step("A dataset event that grants what its producer may not"):
            role = f"arn:aws:iam::{ACCOUNT}:role/data/finance-reader"
            event = self.dataset(1, [role]) | {"id": "rehearsal-rogue", "subject": "clinical-rogue"}
            event["data"]["dataset"] = "clinical-rogue"
            self.publish("DatasetTopicArn", event)
            line = until("it is refused in the log", lambda: self.outcomes("clinical-rogue", "refused"))[-1]
            say(f"    reason `{line.get('reason')}`")
            until("an alert has come", self.alert)
            check(self.roles_of([CURATORS]) == TRIALS_ROLES, "the group opens what it opened")

    def withdraw(self):
        with step("The grants are withdrawn by the dataset's next event"):
            code = self.code_of(CURATORS)
            begun = time.monotonic()
            self.publish("DatasetTopicArn", self.dataset(2, [], state="deleted"))
            until("a sign-in has none of the roles", lambda: self.roles_of([CURATORS]) == [])
            for role in TRIALS_ROLES:
                until(f"{role} does not trust code {code}", lambda role=role: not self.trusts(role, code))
                check("Administrators" in json.dumps(self.trust_policy(role)), "and its own statement is as it was")
            say(f"    from publishing to both trust policies: {time.monotonic() - begun:.1f} s")
            for output in ("EventDeadLetterQueueArn", "UndeliveredEventQueueArn", "TrustDeadLetterQueueArn",
                           "StreamFailureQueueArn", "ScheduleFailureQueueArn"):
                check(self.length(self.outputs[output]) == 0, f"{output}: nothing was given up")

    def apply(self, mode):
        path = self.folder / "access.yaml"
        saml, token = (
            template.read(ROOT / f"events/{function}/entitlements.yaml")["apps"][0]
            for function in ("saml-hook", "token-hook")
        )
        content = {
            "name": "platform",
            "apps": [saml | {"mode": mode}, token, self.pool.app()],
            "grants": [{"role": READER_ROLE, "groups": [READERS]}],
        }
        template.write(content, path)
        say("    " + self.signet("plan", path).strip().splitlines()[-1])
        self.signet("apply", path, "--yes")

    def create_role(self, role):
        account, path = role.split(":")[4:6]
        statement = {
            "Sid": "Administrators",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": "sts:AssumeRole",
        }
        self.aws.client("iam", account).create_role(
            RoleName=path.rsplit("/", 1)[-1],
            Path=ROLE_PATH,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )

    def trust_policy(self, role):
        account, path = role.split(":")[4:6]
        told = self.aws.client("iam", account).get_role(RoleName=path.rsplit("/", 1)[-1])
        return told["Role"]["AssumeRolePolicyDocument"]

    def trusts(self, role, code):
        """The role lets people of the provider in who have this code."""
        statements = self.trust_policy(role)["Statement"]
        provider = provider_of(role)
        return any(provider in json.dumps(each) and f":{code}:" in json.dumps(each) for each in statements)

    def dataset(self, revision, roles, state="active"):
        return {
            "specversion": "1.0",
            "id": f"rehearsal-{revision}",
            "source": "https://data.example.com/catalog",
            "type": "signet.dataset.changed.v1",
            "subject": "clinical-trials",
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "datacontenttype": "application/json",
            "data": {
                "dataset": "clinical-trials",
                "revision": revision,
                "state": state,
                "grants": [{"role": role, "groups": [CURATORS]} for role in roles],
            },
        }

    def publish(self, output, event):
        path = self.folder / "event.json"
        path.write_text(json.dumps(event), encoding="utf-8")
        self.signet("event", "publish", "--topic", self.outputs[output], path)

    def outcomes(self, subject, outcome):
        lines = self.lines("EntitlementSyncLogGroup", "event")
        return [line for line in lines if line.get("subject") == subject and line.get("outcome") == outcome]

    def applied(self, subject):
        until(f"the event of {subject} is applied", lambda: self.outcomes(subject, "applied"))

    def queue_of_alerts(self):
        sqs = self.aws.client("sqs")
        url = sqs.create_queue(QueueName="rehearsal-alerts")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return arn

    def alert(self):
        sqs = self.aws.client("sqs")
        url = sqs.get_queue_url(QueueName="rehearsal-alerts")["QueueUrl"]
        return "clinical-rogue" in json.dumps(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []))

    def length(self, arn):
        sqs = self.aws.client("sqs")
        url = sqs.get_queue_url(QueueName=arn.split(":")[-1])["QueueUrl"]
        name = "ApproximateNumberOfMessages"
        return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])

    def code_of(self, group):
        status, told = self.call("HookUrl", "saml-hook", [group])
        return re.fullmatch(r":(\w+):", people.added(told)[people.SAML + "PrincipalTag:GroupHash"][0])[1]

    def signet(self, *arguments):
        return run([self.command, *arguments], self.aws.environment(SIGNET_TABLE=TABLE))
