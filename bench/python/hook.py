"""Okta's SAML assertion inline hook in Python, for comparison only: the same reads and the same
decision as functions/saml-hook in plain form. Never deploy it; see bench/README.md for what it
leaves out."""

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
import secrets
import time
import unicodedata
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

TABLE = os.environ["SIGNET_TABLE"]
DIGESTS = [bytes.fromhex(digest.strip()) for digest in os.environ["SIGNET_HOOK_SECRET_SHA256"].split(",")]
PREFIX = "https://aws.amazon.com/SAML/Attributes/"
URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
BATCH = 100
TRIES = 10
MAX_TAG_VALUE = 256
IDENTITY = re.compile(r"[A-Za-z0-9_+=,.@-]{2,64}")

client = boto3.client(
    "dynamodb",
    config=Config(connect_timeout=0.7, read_timeout=0.7, retries={"total_max_attempts": TRIES, "mode": "standard"}),
)


class Denied(Exception):
    """A sign-in that is denied, with the reason for the log."""


def group_pk(key):
    return "GROUP#" + hashlib.sha256(key.encode()).hexdigest()


def base32(data, characters):
    return base64.b32encode(data).decode().lower()[:characters]


def read_batch(keys):
    items = []
    left = keys
    for tries in range(TRIES):
        answer = client.batch_get_item(RequestItems={TABLE: {"Keys": left, "ConsistentRead": True}})
        items += answer["Responses"][TABLE]
        left = answer.get("UnprocessedKeys", {}).get(TABLE, {}).get("Keys", [])
        if not left:
            return items
        time.sleep(min(0.025 * 2**tries, 0.4))
    raise Denied("table_partial")


def read(keys):
    wanted = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys]
    batches = [wanted[at : at + BATCH] for at in range(0, len(wanted), BATCH)]
    if len(batches) == 1:
        answers = [read_batch(batches[0])]
    else:
        with ThreadPoolExecutor(len(batches)) as threads:
            answers = list(threads.map(read_batch, batches))
    return {item["pk"]["S"]: item for items in answers for item in items}


# Opens the connection before the first sign-in, as the function that this is compared with does.
read([("META", "META")])


def is_okta(event):
    found = [value for name, value in (event.get("headers") or {}).items() if name.lower() == "authorization"]
    if len(found) != 1 or not isinstance(found[0], str):
        return False
    digest = hashlib.sha256(found[0].encode()).digest()
    return any([hmac.compare_digest(accepted, digest) for accepted in DIGESTS])


def texts(claim):
    entries = (claim or {}).get("attributeValues") or []
    return [entry["value"] for entry in entries if isinstance(entry.get("value"), str)]


def identity_of(data, app):
    source = app["identity_from"]["S"]
    if source == "user.id":
        value = data["context"]["user"]["id"]
    elif source == "subject.nameId":
        value = data["assertion"]["subject"]["nameId"]
    elif source.startswith("claim:"):
        value = next(iter(texts(data["assertion"]["claims"].get(source[6:]))), None)
    else:
        value = data["context"]["user"]["profile"].get(source.removeprefix("user.profile."))
    pattern = ".*".join(map(re.escape, app["identity_pattern"]["S"].split("*")))
    if not isinstance(value, str) or not IDENTITY.fullmatch(value) or not re.fullmatch(pattern, value):
        raise Denied("identity")
    return value


def examine(key, item, width, app_id, now):
    """The code and the roles of one group; nothing if the group does not count."""
    if item is None or item["key"]["S"] != key or item["state"]["S"] != "registered":
        return None
    salt = int(item["salt"]["N"])
    salted = key if salt == 0 else f"{salt}:{key}"
    if item["code"]["S"] != base32(hashlib.sha256(salted.encode()).digest(), width):
        return None
    grants = [grant["M"] for name, value in item.items() if name.startswith("s:") for grant in value["L"]]
    roles = [
        grant["role"]["S"]
        for grant in grants
        if ("expires_at" not in grant or now < int(grant["expires_at"]["N"]))
        and ("apps" not in grant or {"S": app_id} in grant["apps"]["L"])
    ]
    return (item["code"]["S"], roles) if roles else None


def is_tag_value(value):
    return 0 < len(value) <= MAX_TAG_VALUE and all(
        c in "_.:/=+-@" or unicodedata.category(c)[0] in "LZN" for c in value
    )


def session_tags(claims, app):
    tags = []
    for key, rule in app["tags"]["M"].items():
        values = texts(claims.get(rule["M"]["claim"]["S"]))
        if len(values) == 1 and is_tag_value(values[0]):
            tags.append((key, values[0]))
        elif rule["M"]["required"]["BOOL"]:
            raise Denied("required_tag")
    return tags


def decide(data, decision):
    app_id = data["context"]["protocol"]["issuer"]["id"]
    claims = data["assertion"]["claims"]
    keys = [key for key in dict.fromkeys(texts(claims.get("groups"))) if key]
    group_keys = [(group_pk(key), "GROUP") for key in keys]
    items = read([("META", "META"), (f"APP#{app_id}", "APP"), *group_keys])
    meta = items.get("META")
    if meta is None or meta["layout"]["N"] != "1":
        raise Denied("meta_unfit")
    app = items.get(f"APP#{app_id}", {}).get("app", {}).get("M")
    if not app or not app["active"]["BOOL"] or app["protocol"]["S"] != "saml" or app["groups_claim"]["S"] != "groups":
        raise Denied("unknown_app")
    if any(name.strip().lower().startswith(PREFIX.lower()) for name in claims):
        raise Denied("base_assertion")
    identity = identity_of(data, app)

    now = int(time.time())
    width = int(meta["code_width"]["N"])
    counting = [examine(key, items.get(pk), width, app_id, now) for key, (pk, _) in zip(keys, group_keys)]
    counting = [group for group in counting if group is not None]
    owners = Counter(code for code, _ in counting)
    live = [(code, roles) for code, roles in counting if owners[code] == 1]
    codes = sorted(code for code, _ in live)
    roles = sorted({role for _, roles in live for role in roles})
    if not roles:
        raise Denied("unentitled")
    group_hash = f":{':'.join(codes)}:"
    if len(group_hash) > MAX_TAG_VALUE:
        raise Denied("codes_do_not_fit")

    tags = [("GroupHash", group_hash), ("SignetDecision", decision), *session_tags(claims, app)]
    local = {tag["S"] for tag in app["local_tags"]["L"]}
    provider = app["provider"]["S"]

    def pair(role):
        _, partition, _, _, account, _ = role.split(":", 5)
        return f"{role},arn:{partition}:iam::{account}:saml-provider/{provider}"

    attributes = [
        ("Role", [pair(role) for role in roles]),
        ("RoleSessionName", [identity]),
        ("SourceIdentity", [identity]),
        *((f"PrincipalTag:{key}", [value]) for key, value in tags),
        ("TransitiveTagKeys", sorted(key for key, _ in tags if key not in local)),
    ]
    if "session_duration" in app:
        attributes.append(("SessionDuration", [app["session_duration"]["N"]]))
    return attributes, roles, codes, app["mode"]["S"] == "observe"


def operation(name, values):
    path = "/claims/" + (PREFIX + name).replace("~", "~0").replace("/", "~1")
    attribute_values = [{"attributes": {"xsi:type": "xs:string"}, "value": value} for value in values]
    return {
        "op": "add",
        "path": path,
        "value": {"attributes": {"NameFormat": URI}, "attributeValues": attribute_values},
    }


def okta(document):
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(document),
        "isBase64Encoded": False,
    }


def plain(status, body=""):
    return {"statusCode": status, "body": body, "isBase64Encoded": False}


def handler(event):
    began = time.perf_counter()
    if not is_okta(event):
        return plain(401, "unauthorized")
    try:
        body = event.get("body") or ""
        request = json.loads(base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body)
    except (ValueError, binascii.Error):
        return plain(400, "the body is not JSON")
    if not isinstance(request, dict) or request.get("eventType") != "com.okta.saml.tokens.transform":
        return plain(400, "another event type")

    decision = base32(secrets.token_bytes(17), 26)
    record = {"level": "INFO", "message": "decision", "decision.id": decision, "event.id": request.get("eventId")}
    try:
        attributes, roles, codes, observed = decide(request["data"], decision)
        context = request["data"]["context"]
        record |= {"app.id": context["protocol"]["issuer"]["id"], "user.id": context["user"]["id"]}
        record |= {"roles": roles, "codes": codes}
        patch = {"type": "com.okta.assertion.patch", "value": [operation(*attribute) for attribute in attributes]}
        answer = plain(204) if observed else okta({"commands": [patch]})
    except Exception as error:
        # Whatever goes wrong denies: Okta would let anything but this through.
        record["reason"] = f"{type(error).__name__}: {error}"
        answer = okta({"error": {"errorSummary": f"Sign-in to AWS was denied. Reference: {decision}"}})
    record["duration_ms"] = (time.perf_counter() - began) * 1000
    print(json.dumps(record), flush=True)
    return answer
