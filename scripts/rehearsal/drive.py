"""What is done with the stack, from an empty account to a table that outlives it, and what must come of it."""

import hashlib
import json
import secrets
import threading
import time

import botocore.exceptions

from rehearsal import people, template
from rehearsal.deployed import TABLE, Deployed, account_of, provider_of
from rehearsal.emulator import ACCOUNT, OTHER_ACCOUNT
from rehearsal.stack import ROOT, Stack, architecture
from rehearsal.steps import Failed, check, say, step, until

EXTERNAL_ID = "rehearsal-signet"
ROLE_PATH = "/data/"
APP = "0oath92zlO60urQOP0g3"
READERS, CURATORS = "Clinical Readers", "Trials Curators"
READER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/data/clinical-reader"
# One dataset, with a role in each account.
TRIALS_ROLES = [f"arn:aws:iam::{account}:role/data/trials-reader" for account in (ACCOUNT, OTHER_ACCOUNT)]
FORBIDDEN_ROLE = f"arn:aws:iam::{ACCOUNT}:role/data/finance-reader"
PAUSE_S = 0.2


def digest(secret):
    return hashlib.sha256(secret.encode()).hexdigest()


def dataset(name, revision, roles, state="active"):
    """An event: people of CURATORS may assume these roles, and there are no others of this dataset."""
    return {
        "specversion": "1.0",
        "id": f"rehearsal-{name}-{revision}",
        "source": "https://data.example.com/catalog",
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


class Rehearsal(Deployed):
    """One run."""

    def __init__(self, aws, built, command, folder):
        super().__init__(aws, command)
        self.folder = folder
        self.stack = Stack(aws, built)

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
        self.rotate_secret()
        self.change_front_door()
        self.delete()

    # The stack

    def deploy(self):
        with step("Put the functions into a bucket: `sam package`"):
            self.stack.package()
        with step("Deploy: `sam deploy`"):
            self.pool = people.UserPool(self.aws, READERS)
            self.deploy_with(
                Architecture=architecture(),
                DeployTokenHook="true",
                UserPoolArn=self.pool.arn,
                HookSecretSha256=digest(self.secret),
                RolePaths=ROLE_PATH,
                ExternalId=EXTERNAL_ID,
                Deployment="AllAtOnce",
                TrustDryRun="false",
                AlertProtocol="sqs",
                AlertEndpoint=self.queue_of_alerts(),
                TableName=TABLE,
            )
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

    def deploy_with(self, **parameters):
        self.stack.deploy(**parameters)
        self.outputs = self.stack.outputs()

    # Sign-ins

    def observe(self):
        with step("A file in observe mode, and a sign-in"):
            self.apply("observe")
            told = self.call("HookUrl", "saml-hook", [READERS])
            check(told == (204, None), "the answer is 204: the assertion stays as it is", told)
            line = self.decision("SamlHookLogGroup", "observed")
            check(line["would_be"] == "access", "and that it would be `access`", line)

    def enforce(self):
        with step("The same in enforce mode"):
            self.apply("enforce")
            self.check_reader()
            line = self.decision("SamlHookLogGroup", "access")
            check(line["roles"] == [READER_ROLE], "with the same role", line)
        with step("Callers without the secret"):
            for secret, what in ((None, "no secret"), ("another", "another secret")):
                status, told = self.call("HookUrl", "saml-hook", [READERS], secret=secret)
                check(status == 401 and "commands" not in str(told), f"{what}: 401", (status, told))
        with step("A person without a group that counts"):
            status, told = self.call("HookUrl", "saml-hook", ["VPN Users"])
            check(status == 200 and "error" in told, "is denied, with a text", (status, told))
            say(f"    “{told['error']['errorSummary']}”")

    def apply(self, mode):
        """States the apps, the first of them in this mode, and one grant: what the quick start does."""
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

    def check_reader(self):
        """A person of READERS gets the role, the code and the identity that they must."""
        claims = self.claims_of([READERS])
        role = f"{READER_ROLE},{provider_of(READER_ROLE)}"
        check(claims.get(people.SAML + "Role") == [role], f"role {READER_ROLE}", claims)
        check(claims[people.SAML + "SourceIdentity"] == [people.PERSON], f"source identity {people.PERSON}", claims)
        self.check_codes(claims[people.SAML + "PrincipalTag:GroupHash"][0], {READERS})

    def check_token(self, claims):
        """The same of an ID token."""
        check(READER_ROLE in str(claims.get(people.AWS + "roles")), "the ID token has the role", claims)
        identity = claims.get(people.AWS + "source_identity")
        check(identity == people.PERSON, f"source identity {people.PERSON}", claims)
        self.check_codes(claims[people.AWS + "tags"]["principal_tags"]["GroupHash"][0], {READERS})

    def sign_in_with_tokens(self):
        with step("A sign-in to an app that gets tokens of Okta"):
            status, told = self.call("TokenHookUrl", "token-hook", [READERS])
            check(status == 200, "the token hook answers", (status, told))
            self.check_token(people.added(told))
            status, told = self.call("TokenHookUrl", "token-hook", [READERS], secret=None)
            check(status == 401, "without the secret: 401", (status, told))

    def sign_in_to_user_pool(self):
        with step("A sign-in to a user pool, whose trigger the function is"):
            self.pool.set_trigger(self.outputs["PreTokenArn"])
            self.check_token(self.pool.sign_in())

    # Accounts and events

    def open_accounts(self):
        with step("Two accounts: infra/member-account.yaml and roles in each"):
            for account in (ACCOUNT, OTHER_ACCOUNT):
                self.stack.deploy_member(
                    account,
                    TrustSyncRoleArn=self.outputs["TrustSyncRoleArn"],
                    ExternalId=EXTERNAL_ID,
                    RolePath=ROLE_PATH,
                )
            for role in (READER_ROLE, *TRIALS_ROLES):
                self.create_role(role)
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

    def create_role(self, role):
        """A role as its account's owner has it."""
        statement = {
            "Sid": "Administrators",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account_of(role)}:root"},
            "Action": "sts:AssumeRole",
        }
        self.aws.client("iam", account_of(role)).create_role(
            RoleName=role.rsplit("/", 1)[-1],
            Path=ROLE_PATH,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )

    def publish(self, output, event):
        path = self.folder / "event.json"
        path.write_text(json.dumps(event), encoding="utf-8")
        self.signet("event", "publish", "--topic", self.outputs[output], path)

    def hear_of_provider(self):
        with step("A provider event over SNS: `signet event publish`"):
            path = ROOT / "events/entitlement-sync/provider-saml-active.json"
            self.publish("ProviderTopicArn", json.loads(path.read_text(encoding="utf-8")))
            until(f"the event of app {APP} is applied", lambda: self.outcomes(APP, "applied"))
            # An account is due by its roles: this one has a role of the file.
            until(f"{provider_of(READER_ROLE)} is there", lambda: provider_of(READER_ROLE) in self.providers(ACCOUNT))

    def hear_of_dataset(self):
        with step("A dataset event that grants a role in each account"):
            before = self.roles_of([CURATORS])
            check(not before, "before it the group opens nothing", before)
            begun = time.monotonic()
            self.publish("DatasetTopicArn", dataset("clinical-trials", 1, TRIALS_ROLES))
            until("a sign-in has both roles", lambda: self.roles_of([CURATORS]) == TRIALS_ROLES)
            self.check_trust(self.code_of(CURATORS), begun)
            for account in (ACCOUNT, OTHER_ACCOUNT):
                found = self.providers(account)
                check(provider_of(f"arn:aws:iam::{account}:") in found, f"account {account} has the app's provider", found)

    def check_trust(self, code, begun, trusted=True):
        """The roles of the dataset trust the code, or do not, and say what else they said."""
        word = "trusts" if trusted else "does not trust"
        for role in TRIALS_ROLES:
            until(f"{role} {word} code {code}", lambda role=role: self.trusts(role, code) == trusted)
            said = self.trust_policy(role)["Statement"]
            check(any(each.get("Sid") == "Administrators" for each in said), "and has its own statement", said)
        say(f"    from publishing to both trust policies: {time.monotonic() - begun:.1f} s")

    def refuse_what_may_not_be_said(self):
        with step("What may not be said, and from where"):
            self.publish("DatasetTopicArn", dataset("clinical-rogue", 1, [FORBIDDEN_ROLE]))
            line = until("a role that is not the producer's: refused", lambda: self.outcomes("clinical-rogue", "refused"))
            check(line[-1]["reason"] == "not_permitted", "reason `not_permitted`", line)
            until("an alert has come", lambda: self.is_told_of("clinical-rogue"))
            event = json.dumps(dataset("clinical-trials", 2, [FORBIDDEN_ROLE]))
            queue, sqs = self.queue("EventQueueArn"), self.aws.client("sqs")
            self.check_denied("straight to the queue", sqs.send_message, QueueUrl=queue, MessageBody=event)
            topic, sns = self.outputs["DatasetTopicArn"], self.aws.without_tls("sns")
            self.check_denied("to the topic without TLS", sns.publish, TopicArn=topic, Message=event)
            check(self.roles_of([CURATORS]) == TRIALS_ROLES, "the group opens what it opened")

    def check_denied(self, what, call, **arguments):
        try:
            told = call(**arguments)
        except botocore.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            check(code in ("AccessDenied", "AuthorizationError"), f"{what}: denied", error)
        else:
            raise Failed(f"not so: {what}: denied; found {told}")

    def withdraw(self):
        with step("The dataset is deleted: its grants are withdrawn"):
            code, begun = self.code_of(CURATORS), time.monotonic()
            self.publish("DatasetTopicArn", dataset("clinical-trials", 2, [], state="deleted"))
            until("a sign-in has none of the roles", lambda: self.roles_of([CURATORS]) == [])
            self.check_trust(code, begun, trusted=False)
            found = self.given_up()
            check(not any(found.values()), "no queue of dead letters has anything", found)

    # Another release

    def rotate_secret(self):
        old, new = self.secret, secrets.token_urlsafe(32)
        before = self.stated(), self.stack.version("SamlHook")
        with step("Deploy with two secrets, while people sign in and a dataset changes"):
            with self.people_signing_in():
                self.publish("DatasetTopicArn", dataset("clinical-archive", 1, TRIALS_ROLES))
                self.deploy_with(HookSecretSha256=f"{digest(old)},{digest(new)}")
            version = self.stack.version("SamlHook")
            check(version != before[1], f"the alias has gone from version {before[1]} to {version}")
            until("the dataset's change has come", lambda: self.roles_of([CURATORS]) == TRIALS_ROLES)
            for secret in (old, new):
                self.secret = secret
                check(self.roles_of([READERS]) == [READER_ROLE], f"the {'old' if secret == old else 'new'} secret is accepted")
        with step("Deploy with the new one alone"):
            self.deploy_with(HookSecretSha256=digest(new))
            status, told = self.call("HookUrl", "saml-hook", [READERS], secret=old)
            check(status == 401, "the old secret is refused with 401", (status, told))
            self.check_reader()
            check(self.stated() == before[0], "the table states what it stated")

    def people_signing_in(self):
        return SigningIn(lambda: self.roles_of([READERS]) == [READER_ROLE])

    def change_front_door(self):
        with step("Deploy with the other front door: FrontDoor=function-url"):
            before = self.outputs["HookUrl"]
            self.deploy_with(FrontDoor="function-url")
            check(self.outputs["HookUrl"] != before, f"the hook is at {self.outputs['HookUrl']}")
            self.check_reader()
            status, told = self.call("HookUrl", "saml-hook", [READERS], secret=None)
            check(status == 401, "without the secret: 401", (status, told))

    def delete(self):
        stated, items = self.stated(), self.items()
        with step("Take the trigger off the user pool, and delete the stack: `sam delete`"):
            self.pool.set_trigger(None)
            check(people.AWS + "roles" not in self.pool.sign_in(), "the user pool goes on, without roles")
            self.stack.delete()
            status, told = self.call("HookUrl", "saml-hook", [READERS])
            check(status in (403, 404), "nobody answers at the hook's URL any more", (status, told))
            check(self.table()["TableStatus"] == "ACTIVE", "the table is there")
            check(self.items() == items, f"with all its {items} items", self.items())
            check(self.stated() == stated, "it states what it stated")
            group = self.outputs["SamlHookLogGroup"]
            found = self.aws.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
            check(len(found) == 1, "the log of decisions is there", found)


class SigningIn:
    """People sign in one after another, as long as this is entered. Each of them must get in."""

    def __init__(self, gets_in):
        self.gets_in, self.ended = gets_in, threading.Event()
        self.done, self.failed = 0, []
        self.thread = threading.Thread(target=self.go_on, daemon=True)

    def go_on(self):
        while not self.ended.wait(PAUSE_S):
            try:
                good = self.gets_in()
            except (Failed, OSError) as error:
                good = None
                self.failed.append(str(error))
            else:
                self.failed += [] if good else ["another role, or none"]
            self.done += 1

    def __enter__(self):
        self.thread.start()

    def __exit__(self, kind, *_):
        self.ended.set()
        self.thread.join()
        if kind is None:
            check(self.done and not self.failed, f"{self.done} sign-ins meanwhile, and each got in", self.failed)
