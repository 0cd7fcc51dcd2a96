"""What is done with the stack, from an empty account to a table that outlives it, and what must come of it."""

import contextlib
import threading

import botocore.exceptions

from rehearsal import people
from rehearsal.access import READER_ROLE, READERS
from rehearsal.accounts import CATALOG, CURATORS, EXTERNAL_ID, ROLE_PATH, TRIALS_ROLES, Accounts, dataset
from rehearsal.deployed import TABLE
from rehearsal.stack import STACK, Stack, architecture
from rehearsal.steps import check, step, until

PAUSE_S = 0.2


class Rehearsal(Accounts):
    """One run."""

    def __init__(self, aws, built, command, folder):
        super().__init__(aws, command, folder)
        self.stack = Stack(aws, built)
        self.secrets = []

    def run(self):
        try:
            self.run_all()
        except BaseException:
            self.keep_logs()
            raise

    def run_all(self):
        self.deploy()
        self.observe()
        self.make_role()
        self.enforce()
        self.sign_in_with_tokens()
        self.sign_in_to_user_pool()
        self.explain()
        self.examine()
        self.open_accounts()
        self.hear_of_dataset()
        self.look_first()
        self.end_dry_run()
        self.audit()
        self.trace(CURATORS, "dataset:clinical-trials", f"{CATALOG}#rehearsal-clinical-trials-1")
        self.refuse_what_may_not_be_said()
        self.withdraw()
        self.rotate_secret()
        self.change_front_door()
        self.delete()

    def new_secret(self):
        """A secret for Okta, and its digest: `signet secret new`."""
        told = self.ask("secret", "new")
        self.secrets.append(told["secret"])
        return told["secret"], told["sha256"]

    def deploy(self):
        with step("Put the functions into a bucket: `sam package`"):
            self.stack.package()
        with step("A secret, and its digest: `signet secret new`"):
            self.secret, digest = self.new_secret()
        with step("Deploy, trust policies in a dry run: `sam deploy`"):
            self.pool = people.UserPool(self.aws, READERS)
            self.deploy_with(
                Architecture=architecture(),
                DeployTokenHook="true",
                UserPoolArn=self.pool.arn,
                HookSecretSha256=digest,
                RolePaths=ROLE_PATH,
                ExternalId=EXTERNAL_ID,
                Deployment="AllAtOnce",
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

    @contextlib.contextmanager
    def signing_in(self):
        """People sign in all the while, from before another version is brought in until after it."""
        before = self.stack.version("SamlHook")
        with SigningIn(lambda: self.roles_of([READERS]) == [READER_ROLE]) as people_who:
            people_who.wait_for_one()
            yield
            people_who.wait_for_one()
        version = self.stack.version("SamlHook")
        check(version != before, f"the alias has gone from version {before} to {version}")

    def rotate_secret(self):
        old, old_digest = self.secret, self.stack.parameters["HookSecretSha256"]
        new, digest = self.new_secret()
        before = self.stated()
        with step("Deploy with two secrets, while people sign in and a dataset changes"):
            with self.signing_in():
                self.publish("DatasetTopicArn", dataset("clinical-archive", 1, TRIALS_ROLES))
                self.deploy_with(HookSecretSha256=f"{old_digest},{digest}")
            until("the dataset's change has come", lambda: self.roles_of([CURATORS]) == TRIALS_ROLES)
            code = self.code_of(CURATORS)
            for role in TRIALS_ROLES:
                until(f"{role} trusts code {code}", lambda role=role: self.trusts(role, code))
            for secret in (old, new):
                self.secret = secret
                name = "old" if secret == old else "new"
                check(self.roles_of([READERS]) == [READER_ROLE], f"the {name} secret is accepted")
        with step("Deploy with the new one alone, while people sign in with it"):
            with self.signing_in():
                self.deploy_with(HookSecretSha256=digest)
            status, told = self.call("HookUrl", "saml-hook", [READERS], secret=old)
            check(status == 401, "the old secret is refused with 401", (status, told))
            self.check_reader()
            check(self.stated() == before, "the table states what the file stated")
            check(self.roles_of([CURATORS]) == TRIALS_ROLES, "and what the dataset did")
            self.check_settled()

    def change_front_door(self):
        with step("Deploy with the other front door: FrontDoor=function-url"):
            before = self.outputs["HookUrl"]
            self.deploy_with(FrontDoor="function-url")
            check(self.outputs["HookUrl"] != before, f"the hook is at {self.outputs['HookUrl']}")
            status, told = people.call(self.aws, before, people.request("saml-hook", [READERS]), self.secret)
            check(status in (403, 404), f"nobody answers at the other URL any more: {status}", told)
            self.check_reader()
            self.check_callers()
            self.check_token_hook()
        self.examine()
        with step("What was written in all this time"):
            self.check_settled()
            self.check_discreet(self.secrets)

    def delete(self):
        stated, items, functions = self.stated(), self.items(), self.stack.names()
        with step("Take the trigger off the user pool, and delete the stack: `sam delete`"):
            self.pool.set_trigger(None)
            check(people.AWS + "roles" not in self.pool.sign_in(), "the user pool goes on, without roles")
            self.stack.delete()
            check(self.is_gone(), "the stack is gone")
            lambdas = [each["FunctionName"] for each in self.aws.client("lambda").list_functions()["Functions"]]
            left = set(lambdas) & set(functions.values())
            check(not left, "with its functions", left)
            status, told = self.call("HookUrl", "saml-hook", [READERS])
            check(status in (403, 404), "nobody answers at the hook's URL any more", (status, told))
            check(self.table()["TableStatus"] == "ACTIVE", "the table is there")
            check(self.items() == items, f"with all its {len(items)} items as they were")
            check(self.stated() == stated, "it states what it stated")
            group = self.outputs["SamlHookLogGroup"]
            found = self.aws.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
            check(len(found) == 1, "the log of decisions is there", found)

    def is_gone(self):
        try:
            told = self.aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        except botocore.exceptions.ClientError as error:
            return "does not exist" in str(error)
        return all(each["StackStatus"] == "DELETE_COMPLETE" for each in told)


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
            # Whatever it is: an answer that nobody can read is no sign-in either.
            except Exception as error:
                self.failed.append(repr(error))
            else:
                self.failed += [] if good else ["another role, or none"]
            self.done += 1

    def wait_for_one(self):
        """Waits until one more has signed in from beginning to end."""
        before = self.done
        until("people sign in", lambda: self.done > before + 1)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.ended.set()
        self.thread.join()
        if kind is None:
            check(not self.failed, f"{self.done} sign-ins meanwhile, and each got in", self.failed)
