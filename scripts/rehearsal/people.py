"""People who sign in: what Okta and a user pool ask, and what they are told."""

import base64
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request

from rehearsal.emulator import REGION
from rehearsal.stack import ROOT
from rehearsal.steps import Failed

PERSON = "jane.doe@example.com"
SAML = "https://aws.amazon.com/SAML/Attributes/"
AWS = "https://aws.amazon.com/"
TAG = "PrincipalTag:"
PASSWORD = "Rehearsal-1-only-here"


def request(function, groups):
    """The sample request of a function, of a person in these groups."""
    sample = json.loads((ROOT / f"events/{function}/one-group.json").read_text(encoding="utf-8"))
    body = json.loads(sample["body"])
    if function == "saml-hook":
        claim = body["data"]["assertion"]["claims"]["groups"]["attributeValues"]
        claim[:] = [claim[0] | {"value": group} for group in groups]
    else:
        body["data"]["identity"]["claims"]["groups"] = list(groups)
    return body


def call(aws, url, body, secret):
    """Calls a URL as Okta does, with a secret or with none, but that ministack is asked for the host. Gives
    status and answer."""
    parts = urllib.parse.urlsplit(url)
    # An HTTP API it knows by a name of its own, a function URL by that of AWS.
    host = re.sub(r"\.execute-api\..*", ".execute-api.127.0.0.1", parts.hostname)
    headers = {"Host": host, "Content-Type": "application/json", "User-Agent": "Okta"}
    if secret is not None:
        headers["Authorization"] = secret
    asked = urllib.request.Request(
        aws.endpoint + parts.path, data=json.dumps(body).encode(), headers=headers, method="POST"
    )
    try:
        with urllib.request.urlopen(asked, timeout=60) as told:
            return told.status, json.loads(told.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


def added(answer, what):
    """What an answer adds to the `assertion`, the ID token (`identity`) or the access token (`access`), by the
    name of the claim: the values of a SAML attribute, or a token's claim."""
    claims = {}
    for command in answer.get("commands", []):
        if command["type"] != f"com.okta.{what}.patch":
            continue
        for operation in command["value"]:
            name = operation["path"].removeprefix("/claims/").replace("~1", "/").replace("~0", "~")
            value = operation["value"]
            if isinstance(value, dict) and "attributeValues" in value:
                value = [each["value"] for each in value["attributeValues"]]
            claims[name] = value
    return claims


def record(number, claims, role=None, **tags):
    """What CloudTrail would write of a role session that an assertion with these claims opened; of another
    role, or with other tags, for one that is forged."""
    said = {name.removeprefix(SAML): values for name, values in claims.items() if name.startswith(SAML)}
    given, provider = said["Role"][0].split(",")
    own = {name.removeprefix(TAG): values[0] for name, values in said.items() if name.startswith(TAG)}
    return {
        "eventID": f"rehearsal-{number}",
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRoleWithSAML",
        "sourceIPAddress": "192.0.2.10",
        "requestParameters": {
            "sAMLAssertionID": f"_rehearsal{number}",
            "roleArn": role or given,
            "principalArn": provider,
            "roleSessionName": said["RoleSessionName"][0],
            "sourceIdentity": said["SourceIdentity"][0],
            "principalTags": own | tags,
            "transitiveTagKeys": said["TransitiveTagKeys"],
        },
        "responseElements": {"audience": "https://signin.aws.amazon.com/saml"},
    }


class UserPool:
    """A user pool with one client, one group, a person in it, and one in none."""

    def __init__(self, aws, group):
        self.cognito = aws.client("cognito-idp")
        pool = self.cognito.create_user_pool(PoolName="rehearsal", AutoVerifiedAttributes=["email"])["UserPool"]
        self.id, self.arn = pool["Id"], pool["Arn"]
        client = self.cognito.create_user_pool_client(
            UserPoolId=self.id,
            ClientName="rehearsal",
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            # None of the attributes that decide about access.
            WriteAttributes=["given_name", "family_name"],
        )
        self.client = client["UserPoolClient"]["ClientId"]
        self.cognito.create_group(UserPoolId=self.id, GroupName=group)
        self.add("jane", PERSON)
        self.cognito.admin_add_user_to_group(UserPoolId=self.id, Username="jane", GroupName=group)
        self.add("john", "john.roe@example.com")

    def add(self, name, email):
        attributes = {"email": email, "email_verified": "true"}
        self.cognito.admin_create_user(
            UserPoolId=self.id,
            Username=name,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        )
        self.cognito.admin_set_user_password(UserPoolId=self.id, Username=name, Password=PASSWORD, Permanent=True)

    def app(self):
        """The app in an entitlement file."""
        return {
            "id": self.client,
            "name": "Athena",
            "protocol": "cognito-oidc",
            "provider": "people-athena",
            "audience": self.client,
            "issuer": f"https://cognito-idp.{REGION}.amazonaws.com/{self.id}",
            "mode": "enforce",
            "groups": {"claim": "cognito:groups"},
            "identity": {"from": "claim:email", "pattern": "*@example.com"},
            "cognito": {"attributes": "protected"},
            "when_unentitled": "deny",
        }

    def set_trigger(self, function):
        """Has the pool call this function, or none."""
        config = {"PreTokenGenerationConfig": {"LambdaArn": function, "LambdaVersion": "V2_0"}} if function else {}
        self.cognito.update_user_pool(UserPoolId=self.id, LambdaConfig=config)

    def sign_in(self, name="jane"):
        """The claims of the ID token that a sign-in gives."""
        told = self.cognito.initiate_auth(
            ClientId=self.client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
        )
        if "AuthenticationResult" not in told:
            raise Failed(f"the user pool gave no tokens: {told}")
        middle = told["AuthenticationResult"]["IdToken"].split(".")[1]
        return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
