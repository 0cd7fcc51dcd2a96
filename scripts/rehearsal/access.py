"""People sign in: what they get, why, and how that is found again."""

import secrets
import string

import botocore.exceptions

from rehearsal import people, template
from rehearsal.deployed import TABLE, UNENTITLED, Deployed, provider_of
from rehearsal.emulator import ACCOUNT
from rehearsal.stack import ROOT
from rehearsal.steps import Failed, check, say, step, until

READERS, STRANGERS = "Clinical Readers", "VPN Users"
READER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/data/clinical-reader"
# What a decision's id has the form of.
BASE32 = string.ascii_lowercase + "234567"


class Access(Deployed):
    """Sign-ins to the apps of one file."""

    def observe(self):
        with step("A file in observe mode, and a sign-in: `signet plan`, `signet apply`"):
            told = self.apply("observe")
            check("3 apps added" in told and "1 grant added, 0 removed" in told, "the plan adds three apps and a grant", told)
            told = self.call("HookUrl", "saml-hook", [READERS])
            check(told == (204, None), "the answer is 204: the assertion stays as it is", told)
            line = self.decision("SamlHookLogGroup", "observed")
            check(line["would_be"] == "access", "and that it would be `access`", line)
            check(line["groups"][0]["finding"] == "counts", "since the group counts", line)
            check(line["source_identity"] == people.PERSON, f"for {people.PERSON}", line)

    def enforce(self):
        with step("The same in enforce mode"):
            told = self.apply("enforce")
            check("0 apps added, 1 changed" in told and "0 grants added, 0 removed" in told, "the plan changes one app", told)
            self.check_reader()
            line = self.decision("SamlHookLogGroup", "access")
            check(line["roles"] == [READER_ROLE], "with the same role", line)
        with step("Callers without the secret"):
            self.check_callers()
        with step("A person without a group that counts"):
            told = self.answer([STRANGERS])
            summary = told.get("error", {}).get("errorSummary", "")
            check(summary.startswith(UNENTITLED) and "commands" not in told, "is denied, with a text", told)
            say(f"    “{summary}”")

    def apply(self, mode):
        """States the apps, the first of them in this mode, and one grant. Gives the plan."""
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
        plan = self.signet("plan", path)
        self.signet("apply", path, "--yes")
        return plan.strip().splitlines()[-1]

    def check_callers(self):
        for secret, what in ((None, "no secret"), ("another", "another secret")):
            status, told = self.call("HookUrl", "saml-hook", [READERS], secret=secret)
            check(status == 401 and "commands" not in str(told), f"{what}: 401", (status, told))

    def check_reader(self):
        """A person of READERS gets the role, the code and the identity that they must."""
        claims = self.claims_of([READERS])
        role = f"{READER_ROLE},{provider_of(READER_ROLE)}"
        check(claims.get(people.SAML + "Role") == [role], f"role {READER_ROLE}", claims)
        identity = claims.get(people.SAML + "SourceIdentity")
        check(identity == [people.PERSON], f"source identity {people.PERSON}", claims)
        self.check_codes(claims[people.SAML + "PrincipalTag:GroupHash"][0], {READERS})

    def check_token(self, claims):
        """The same of an ID token."""
        check(claims.get(people.AWS + "roles") in (READER_ROLE, [READER_ROLE]), "the ID token has the role", claims)
        identity = claims.get(people.AWS + "source_identity")
        check(identity == people.PERSON, f"source identity {people.PERSON}", claims)
        self.check_codes(claims[people.AWS + "tags"]["principal_tags"]["GroupHash"][0], {READERS})

    def sign_in_with_tokens(self):
        with step("A sign-in to an app that gets tokens of Okta"):
            self.check_token_hook()

    def check_token_hook(self):
        status, told = self.call("TokenHookUrl", "token-hook", [READERS])
        check(status == 200, "the token hook answers", (status, told))
        self.check_token(people.added(told, "identity"))
        check(people.added(told, "access") == {}, "the access token stays as it is", told)
        status, told = self.call("TokenHookUrl", "token-hook", [READERS], secret=None)
        check(status == 401, "without the secret: 401", (status, told))

    def sign_in_to_user_pool(self):
        with step("A sign-in to a user pool, whose trigger the function is"):
            self.pool.set_trigger(self.outputs["PreTokenArn"])
            self.check_token(self.pool.sign_in())
            try:
                claims = self.pool.sign_in("john")
            except botocore.exceptions.ClientError as error:
                check(UNENTITLED in str(error), "somebody in no group gets no token, and reads why", error)
            else:
                raise Failed(f"not so: somebody in no group gets no token; found {claims}")

    # Why, and whether all is well

    def explain(self):
        with step("Why: `signet explain`"):
            path = self.file("request.json", people.request("saml-hook", [READERS, STRANGERS]))
            told = self.ask("explain", "--event", path, "--exit-code")
            check(told["roles"] == [READER_ROLE], "it says the same role", told)

    def examine(self):
        with step("Whether all is well: `signet doctor`"):
            request = self.file("request.json", people.request("saml-hook", [READERS]))
            urls = [word for output in ("HookUrl", "TokenHookUrl") for word in ("--url", self.here(output))]
            asked = ("doctor", *urls, "--secret-env", "HOOK_SECRET", "--request", request, "--exit-code")

            def looked(secret, ends):
                told = self.ask(*asked, HOOK_SECRET=secret, ends=ends)
                bad = sorted(each["name"] for each in told["checks"] if each["state"] in ("warning", "error"))
                return bad, [each["name"] for each in told["checks"] if each["state"] == "ok"]

            recovers = self.aws.client("dynamodb").describe_continuous_backups(TableName=TABLE)
            recovers = recovers["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
            if recovers["PointInTimeRecoveryStatus"] != "ENABLED":
                bad, _ = looked(self.secret, 3)
                check(bad == ["point_in_time_recovery"], "it finds what the emulator left out, and nothing else", bad)
                self.aws.client("dynamodb").update_continuous_backups(
                    TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
                )
            bad, good = looked(self.secret, 0)
            hooks = (good.count("hook_closed"), good.count("hook_answers"))
            check((bad, hooks) == ([], (2, 2)), f"{len(good)} checks are well, both hooks among them", (bad, good))
            bad, _ = looked("another", 3)
            check(bad == ["hook_answers"] * 2, "with another secret it finds just that", bad)

    def trace(self, group, source, event):
        """Sessions, of a person of READERS and of one in a group that an event granted something."""
        with step("Role sessions back to what opened them: `signet trace`"):
            made = [people.record(number, self.claims_of([one])) for number, one in ((1, READERS), (2, group))]
            forged = [
                people.record(3, self.claims_of([READERS]), SignetDecision=made_up()),
                people.record(4, self.claims_of([group]), role=READER_ROLE),
            ]
            known = {decision_of(each) for each in (*made, forged[1])}

            def logged():
                return known <= {line["decision.id"] for line in self.lines("SamlHookLogGroup", "decision")}

            until("the log has their decisions", logged)
            log = self.file("log.json", {"events": self.events("SamlHookLogGroup")})

            def traced(records, ends):
                path = self.file("records.json", {"Records": records})
                told = self.ask("trace", path, "--log", log, "--exit-code", ends=ends)
                return {each["event"]: each for each in told["sessions"]}

            told = traced(made, 0)
            well = len(told) == 2 and all(each["verdict"] == "in_order" for each in told.values())
            check(well, "two sessions are what their decisions gave", told)
            granted = told["rehearsal-2"]["granted_by"][0]
            found = granted["source"], granted["since"]["event"]
            check(found == (source, event), f"one leads back to {event} of {source}", granted)
            told = traced(made + forged, 3)
            kinds = {name: sorted({each["kind"] for each in one["findings"]}) for name, one in told.items()}
            wanted = {
                "rehearsal-1": [],
                "rehearsal-2": [],
                "rehearsal-3": ["unknown_decision"],
                "rehearsal-4": ["not_granted", "other_role"],
            }
            check(kinds == wanted, "both forged ones are found, and nothing else", kinds)


def made_up():
    """An id of a decision that nobody made."""
    return "".join(secrets.choice(BASE32) for _ in range(26))


def decision_of(record):
    return record["requestParameters"]["principalTags"]["SignetDecision"]
