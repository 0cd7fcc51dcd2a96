// Okta's SAML assertion inline hook in Node.js, for comparison only: the same reads and the same
// decision as functions/saml-hook in plain form. Never deploy it; see bench/README.md for what it
// leaves out.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { BatchGetItemCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";

const TABLE = process.env.SIGNET_TABLE;
const DIGESTS = process.env.SIGNET_HOOK_SECRET_SHA256.split(",").map((hex) => Buffer.from(hex.trim(), "hex"));
const PREFIX = "https://aws.amazon.com/SAML/Attributes/";
const URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
const BATCH = 100;
const TRIES = 10;
const MAX_TAG_VALUE = 256;
const IDENTITY = /^[A-Za-z0-9_+=,.@-]{2,64}$/;
const TAG = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

const client = new DynamoDBClient({
  maxAttempts: TRIES,
  requestHandler: { connectionTimeout: 700, requestTimeout: 700 },
});

class Denied extends Error {}

const sha256 = (text) => createHash("sha256").update(text).digest();
const groupPk = (key) => `GROUP#${sha256(key).toString("hex")}`;

function base32(bytes, characters) {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5 && text.length < characters) {
      bits -= 5;
      text += "abcdefghijklmnopqrstuvwxyz234567"[(value >> bits) & 31];
    }
  }
  return text;
}

async function readBatch(keys) {
  const items = [];
  let left = keys;
  for (let tries = 0; tries < TRIES; tries++) {
    const wanted = { [TABLE]: { Keys: left, ConsistentRead: true } };
    const answer = await client.send(new BatchGetItemCommand({ RequestItems: wanted }));
    items.push(...answer.Responses[TABLE]);
    left = answer.UnprocessedKeys?.[TABLE]?.Keys ?? [];
    if (left.length === 0) return items;
    await sleep(Math.min(25 * 2 ** tries, 400));
  }
  throw new Error("the table answered in part");
}

async function read(keys) {
  const wanted = keys.map(([pk, sk]) => ({ pk: { S: pk }, sk: { S: sk } }));
  const batches = [];
  for (let at = 0; at < wanted.length; at += BATCH) batches.push(readBatch(wanted.slice(at, at + BATCH)));
  const items = (await Promise.all(batches)).flat();
  return new Map(items.map((item) => [item.pk.S, item]));
}

// Opens the connection before the first sign-in, as the function that this is compared with does.
await read([["META", "META"]]);

function isOkta(event) {
  const found = Object.entries(event.headers ?? {}).filter(([name]) => name.toLowerCase() === "authorization");
  if (found.length !== 1 || typeof found[0][1] !== "string") return false;
  const digest = sha256(found[0][1]);
  return DIGESTS.filter((accepted) => accepted.length === digest.length && timingSafeEqual(accepted, digest)).length > 0;
}

const texts = (claim) => (claim?.attributeValues ?? []).map((entry) => entry?.value).filter((value) => typeof value === "string");

function identityOf(data, app) {
  const from = app.identity_from.S;
  let value;
  if (from === "user.id") value = data.context.user.id;
  else if (from === "subject.nameId") value = data.assertion.subject.nameId;
  else if (from.startsWith("claim:")) [value] = texts(data.assertion.claims[from.slice(6)]);
  else value = data.context.user.profile[from.slice("user.profile.".length)];
  const pattern = app.identity_pattern.S.split("*").map((part) => part.replace(/[.+]/g, "\\$&")).join(".*");
  if (typeof value !== "string" || !IDENTITY.test(value) || !new RegExp(`^${pattern}$`).test(value)) {
    throw new Denied("identity");
  }
  return value;
}

// The code and the roles of one group; nothing if the group does not count.
function examine(key, item, width, appId, now) {
  if (item === undefined || item.key.S !== key || item.state.S !== "registered") return undefined;
  const salt = Number(item.salt.N);
  if (item.code.S !== base32(sha256(salt === 0 ? key : `${salt}:${key}`), width)) return undefined;
  const counts = (grant) =>
    (grant.expires_at === undefined || now < Number(grant.expires_at.N)) &&
    (grant.apps === undefined || grant.apps.L.some((app) => app.S === appId));
  const grants = Object.entries(item).flatMap(([name, value]) => (name.startsWith("s:") ? value.L : []));
  const roles = grants.map((grant) => grant.M).filter(counts).map((grant) => grant.role.S);
  return roles.length === 0 ? undefined : { code: item.code.S, roles };
}

function sessionTags(claims, app) {
  const tags = [];
  for (const [key, { M: rule }] of Object.entries(app.tags.M)) {
    const values = texts(claims[rule.claim.S]);
    if (values.length === 1 && values[0] !== "" && values[0].length <= MAX_TAG_VALUE && TAG.test(values[0])) {
      tags.push([key, values[0]]);
    } else if (rule.required.BOOL) {
      throw new Denied("required_tag");
    }
  }
  return tags;
}

async function decide(data, decision) {
  const appId = data.context.protocol.issuer.id;
  const claims = data.assertion.claims;
  const keys = [...new Set(texts(claims.groups))].filter((key) => key !== "");
  const items = await read([["META", "META"], [`APP#${appId}`, "APP"], ...keys.map((key) => [groupPk(key), "GROUP"])]);
  const meta = items.get("META");
  if (meta?.layout.N !== "1") throw new Denied("meta_unfit");
  const app = items.get(`APP#${appId}`)?.app?.M;
  if (!app?.active.BOOL || app.protocol.S !== "saml" || app.groups_claim.S !== "groups") throw new Denied("unknown_app");
  if (Object.keys(claims).some((name) => name.trim().toLowerCase().startsWith(PREFIX.toLowerCase()))) {
    throw new Denied("base_assertion");
  }
  const identity = identityOf(data, app);

  const now = Math.floor(Date.now() / 1000);
  const width = Number(meta.code_width.N);
  const counting = keys.map((key) => examine(key, items.get(groupPk(key)), width, appId, now)).filter((group) => group !== undefined);
  const owners = new Map();
  for (const { code } of counting) owners.set(code, (owners.get(code) ?? 0) + 1);
  const live = counting.filter(({ code }) => owners.get(code) === 1);
  const codes = live.map(({ code }) => code).sort();
  const roles = [...new Set(live.flatMap((group) => group.roles))].sort();
  if (roles.length === 0) throw new Denied("unentitled");
  const groupHash = `:${codes.join(":")}:`;
  if (groupHash.length > MAX_TAG_VALUE) throw new Denied("codes_do_not_fit");

  const tags = [["GroupHash", groupHash], ["SignetDecision", decision], ...sessionTags(claims, app)];
  const local = new Set(app.local_tags.L.map((tag) => tag.S));
  const provider = (role) => {
    const [, partition, , , account] = role.split(":");
    return `arn:${partition}:iam::${account}:saml-provider/${app.provider.S}`;
  };
  const attributes = [
    ["Role", roles.map((role) => `${role},${provider(role)}`)],
    ["RoleSessionName", [identity]],
    ["SourceIdentity", [identity]],
    ...tags.map(([key, value]) => [`PrincipalTag:${key}`, [value]]),
    ["TransitiveTagKeys", tags.map(([key]) => key).filter((key) => !local.has(key)).sort()],
  ];
  if (app.session_duration !== undefined) attributes.push(["SessionDuration", [app.session_duration.N]]);
  return { attributes, roles, codes, observed: app.mode.S === "observe" };
}

function operation([name, values]) {
  const path = `/claims/${(PREFIX + name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
  const attributeValues = values.map((value) => ({ attributes: { "xsi:type": "xs:string" }, value }));
  return { op: "add", path, value: { attributes: { NameFormat: URI }, attributeValues } };
}

const okta = (document) => ({
  statusCode: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(document),
  isBase64Encoded: false,
});
const plain = (statusCode, body) => ({ statusCode, body, isBase64Encoded: false });

export async function handler(event) {
  const began = performance.now();
  if (!isOkta(event)) return plain(401, "unauthorized");
  let request;
  try {
    request = JSON.parse(event.isBase64Encoded ? Buffer.from(event.body, "base64").toString() : event.body);
  } catch {
    return plain(400, "the body is not JSON");
  }
  if (request?.eventType !== "com.okta.saml.tokens.transform") return plain(400, "another event type");

  const decision = base32(randomBytes(17), 26);
  const record = { level: "INFO", message: "decision", "decision.id": decision, "event.id": request.eventId };
  let answer;
  try {
    const { attributes, roles, codes, observed } = await decide(request.data, decision);
    Object.assign(record, { "app.id": request.data.context.protocol.issuer.id, "user.id": request.data.context.user.id, roles, codes });
    answer = observed ? plain(204) : okta({ commands: [{ type: "com.okta.assertion.patch", value: attributes.map(operation) }] });
  } catch (error) {
    // Whatever goes wrong denies: Okta would let anything but this through.
    record.reason = error.message;
    answer = okta({ error: { errorSummary: `Sign-in to AWS was denied. Reference: ${decision}` } });
  }
  record.duration_ms = performance.now() - began;
  console.log(JSON.stringify(record));
  return answer;
}
