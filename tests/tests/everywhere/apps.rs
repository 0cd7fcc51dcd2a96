//! The apps, and how one person signs in to each.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use signet_spec::trust::policy::Policy;
use signet_spec::trust::sign_in::{Proof, SignIn};
use signet_tests::accounts::Accounts;
use signet_tests::aws::federate;
use signet_tests::cognito::IdentityPool;
use signet_tests::event::{Event, SECRET, now_ms};
use signet_tests::flow::{DATASETS, PROVIDERS, sample};
use signet_tests::hook::Hook;
use signet_tests::jwt::Issuer;
use signet_tests::okta;
use signet_tests::saml;
use signet_tests::sts::{self, Provider};
use signet_tests::subject::Kind;
use signet_tests::tokens::{self, Minted};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const ROLE_NAME: &str = "trials-reader";
pub(crate) const PERSON: &str = "jane.doe@example.com";
pub(crate) const GROUP: &str = "Night Shift";

/// An authorization server of Okta's, and a client of it.
const OKTA: &str = "https://example.okta.com/oauth2/aus1analytics";
const JUPYTER: &str = "0oajupyterHubClient0g3";
/// A user pool, and two clients of it.
const POOL_ID: &str = "eu-central-1_Ex4mplePl";
const ATHENA: &str = "6kathenaclient0example";
const PORTAL: &str = "7lportalclient0example";
const IDENTITY_POOL: &str = "eu-central-1:12345678-dead-beef-0000-123456790abc";

/// The app registry's files: four apps, and no grants.
const APPS: &str = r#"
name: platform
apps:
  - id: 0oath92zlO60urQOP0g3
    name: Databricks
    protocol: saml
    provider: okta-databricks
    audience: https://signin.aws.amazon.com/saml
    groups: { claim: groups }
    identity: { from: user.profile.login, pattern: "*@example.com" }
    when_unentitled: deny
  - id: 0oajupyterHubClient0g3
    name: JupyterHub
    protocol: oidc
    provider: okta-jupyter
    audience: 0oajupyterHubClient0g3
    groups: { claim: groups }
    identity: { from: user.profile.login, pattern: "*@example.com" }
    when_unentitled: deny
  - id: 6kathenaclient0example
    name: Athena
    protocol: cognito
    provider: people-athena
    audience: 6kathenaclient0example
    groups: { claim: "cognito:groups" }
    identity: { from: "claim:email", pattern: "*@example.com" }
    when_unentitled: deny
  - id: 7lportalclient0example
    name: Portal
    protocol: cognito
    provider: people-portal
    audience: eu-central-1:12345678-dead-beef-0000-123456790abc
    groups: { claim: "custom:groups" }
    identity: { from: "claim:email", pattern: "*@example.com" }
    when_unentitled: deny
grants: []
"#;

/// The four apps with their issuers, and a role that nothing is granted on yet.
pub(crate) struct Apps {
    pub(crate) accounts: Accounts,
    pub(crate) role: String,
    okta: Issuer,
    pool: Issuer,
    token_hook: Hook,
    pre_token: Hook,
}

/// What a sign-in leads to at AWS: by which app, with which codes and identity, and how it asks for a role.
pub(crate) struct Access {
    pub(crate) app: &'static str,
    pub(crate) roles: Vec<String>,
    pub(crate) codes: Vec<String>,
    /// None of an identity pool.
    pub(crate) source_identity: Option<String>,
    /// The decision in the log.
    pub(crate) log: Value,
    /// What the session is called: by the assertion, or by whoever holds the token.
    pub(crate) session_name: String,
    /// Whom the assertion or the token is about, as STS says it.
    pub(crate) subject: String,
    attempt: Box<dyn Fn(&str) -> SignIn>,
}

impl Apps {
    pub(crate) async fn start() -> Self {
        let accounts = Accounts::start(&[ACCOUNT]).await;
        let role = accounts.create_role(ACCOUNT, "/data/", ROLE_NAME).await;
        let topic = accounts.flow.messaging.topic(DATASETS);
        let limits = ["--datasets", "clinical-*", "--roles", "arn:aws:iam::*:role/data/*", "--groups", "*"];
        let add = ["producer", "add", topic, "--events", "signet.dataset.changed.v1"];
        accounts.flow.stack.signet(&[&add[..], &limits].concat(), &[]);
        accounts.flow.stack.apply(APPS);
        accounts.flow.publish(PROVIDERS, &sample("provider-saml-active"));
        let pool = format!("https://cognito-idp.eu-central-1.amazonaws.com/{POOL_ID}");
        for (app, protocol, provider, issuer) in [
            (JUPYTER, "oidc", "okta-jupyter", OKTA),
            (ATHENA, "cognito", "people-athena", &pool),
            (PORTAL, "cognito", "people-portal", &pool),
        ] {
            let mut data = json!({
                "app": app, "revision": 1, "state": "active", "name": app, "protocol": protocol,
                "provider": provider, "issuer_url": issuer, "client_ids": [app],
            });
            if app == PORTAL {
                data["audience"] = json!(IDENTITY_POOL);
            }
            accounts.flow.publish(PROVIDERS, &provider_event(app, &data));
        }
        accounts.settled().await;
        let (token_hook, pre_token) =
            (accounts.flow.stack.also(Kind::Token).await, accounts.flow.stack.also(Kind::PreToken).await);
        Self { accounts, role, okta: Issuer::new(OKTA), pool: Issuer::new(&pool), token_hook, pre_token }
    }

    /// Signs the person in to every app, as a member of these groups. None where the sign-in is denied.
    pub(crate) async fn sign_in(&self, groups: &[&str]) -> Vec<Option<Access>> {
        vec![self.saml(groups).await, self.oidc(groups).await, self.athena(groups).await, self.portal(groups).await]
    }

    /// What an access brings to the role.
    pub(crate) fn attempt(&self, access: &Access) -> SignIn {
        (access.attempt)(&self.role)
    }

    /// Everything that the three sign-in functions have written.
    pub(crate) fn lines(&self) -> Vec<String> {
        [&*self.accounts.flow.stack.hook, &self.token_hook, &self.pre_token].map(Hook::lines).concat()
    }

    /// Whether the role's trust policy, as IAM has it now, lets an access in, whatever it offers.
    pub(crate) async fn lets_in(&self, access: &Access) -> bool {
        let policy = self.policy().await;
        let attempt = self.attempt(access);
        attempt.is_let_in(&Policy::read(&policy).unwrap()).unwrap_or_else(|why| panic!("{why}: {policy}"))
    }

    /// The role's trust policy, as IAM has it now.
    pub(crate) async fn policy(&self) -> String {
        self.accounts.trust_policy(&self.role).await
    }

    async fn saml(&self, groups: &[&str]) -> Option<Access> {
        let stack = &self.accounts.flow.stack;
        let event = Event::with_groups(groups).with("/data/context/user/profile/login", json!(PERSON));
        let answer = stack.send(&event).await;
        let log = stack.hook.log(&answer).await;
        let okta::SignIn::Patched(assertion) = answer.to_okta(&event) else {
            answer.denial();
            return None;
        };
        let session = federate(&saml::xml(&assertion)).unwrap_or_else(|refusal| panic!("AWS refuses: {refusal}"));
        let (roles, codes) = (session.role_arns().join(" "), session.codes().join(" "));
        let attempt = SignIn {
            role: String::new(),
            provider: format!("arn:aws:iam::{ACCOUNT}:saml-provider/okta-databricks"),
            proof: Proof::Assertion { audience: session.audience.clone() },
            tags: session.tags.clone(),
            transitive: session.transitive.clone(),
            source_identity: session.source_identity.clone(),
        };
        Some(Access {
            app: "Databricks (SAML)",
            roles: owned(&roles),
            codes: owned(&codes),
            source_identity: session.source_identity,
            log,
            session_name: session.name,
            subject: PERSON.to_owned(),
            attempt: Box::new(move |role| SignIn { role: role.to_owned(), ..attempt.clone() }),
        })
    }

    async fn oidc(&self, groups: &[&str]) -> Option<Access> {
        let now = now_s();
        let request = json!({
            "eventId": "event-1",
            "eventType": "com.okta.oauth2.tokens.transform",
            "data": {
                "context": {
                    "protocol": {"issuer": {"uri": OKTA}, "client": {"id": JUPYTER},
                        "request": {"grant_type": "authorization_code", "scope": "openid"}},
                    "user": {"id": "00u1janeA2b3C4d5E6f7", "profile": {"login": PERSON}},
                },
                "identity": {"claims": {"iss": OKTA, "aud": JUPYTER, "sub": "00u1janeA2b3C4d5E6f7", "ver": 1,
                    "iat": now, "exp": now + 3_600, "groups": groups}},
                "access": {"claims": {"iss": OKTA, "aud": "api://default", "cid": JUPYTER, "sub": PERSON,
                    "iat": now, "exp": now + 3_600}},
            },
        });
        let event = Event(json!({
            "version": "2.0",
            "headers": {"authorization": SECRET, "content-type": "application/json"},
            "requestContext": {"timeEpoch": now_ms()},
            "body": request.to_string(),
            "isBase64Encoded": false,
        }));
        let answer = self.token_hook.send(&event).await;
        let log = self.token_hook.log(&answer).await;
        let minted = tokens::apply(answer.status, &answer.body, &request);
        if let Minted::Denied { .. } = minted {
            return None;
        }
        assert_eq!(minted.access(), &request["data"]["access"]["claims"], "the access token stays as it is");
        // Were it shown to STS: it is for another audience than any provider's, and brings nothing.
        let provider = provider(&self.okta, JUPYTER);
        provider.federate(&self.okta.sign(minted.access()), now).expect_err("an access token opens nothing");
        Some(web("JupyterHub (OIDC)", &provider, &self.okta.sign(minted.identity()), log))
    }

    async fn athena(&self, groups: &[&str]) -> Option<Access> {
        let event = pool_event(ATHENA, &json!({}), groups);
        let (identity, access, log) = self.issued(&event).await?;
        let tags = "https://aws.amazon.com/tags";
        assert_eq!(access[tags], identity[tags], "the access token has the tags, and no more");
        assert!(access["https://aws.amazon.com/roles"].is_null());
        assert_eq!(identity["cognito:groups"], event["request"]["groupConfiguration"]["groupsToOverride"]);
        let provider = provider(&self.pool, ATHENA);
        provider.federate(&self.pool.sign(&access), now_s()).expect_err("an access token opens nothing");
        Some(web("Athena (Cognito, OIDC)", &provider, &self.pool.sign(&identity), log))
    }

    async fn portal(&self, groups: &[&str]) -> Option<Access> {
        let list = format!("[{}]", groups.iter().map(|group| group.replace(' ', "+")).collect::<Vec<_>>().join(","));
        let event = pool_event(PORTAL, &json!({ "custom:groups": list }), &[]);
        let (identity, _, log) = self.issued(&event).await?;
        let map = self.principal_tags();
        let session = IdentityPool { id: IDENTITY_POOL.to_owned(), tags: map }.federate(&identity);
        let roles = session.roles.clone();
        Some(Access {
            app: "Portal (Cognito, identity pool)",
            codes: sts::codes(&session.tags).into_iter().map(str::to_owned).collect(),
            source_identity: None,
            log,
            roles,
            session_name: "CognitoIdentityCredentials".to_owned(),
            subject: format!("{IDENTITY_POOL}-person"),
            attempt: Box::new(move |role| session.attempt_anyway(role)),
        })
    }

    /// The principal-tag map that the compiled command prints for the identity pool.
    fn principal_tags(&self) -> BTreeMap<String, String> {
        let printed = self.accounts.signet(&["--json", "identity-pool", "tags", PORTAL]);
        assert_eq!(printed["IdentityPoolId"], IDENTITY_POOL);
        let map = printed["PrincipalTags"].as_object().unwrap().iter();
        map.map(|(tag, claim)| (tag.clone(), claim.as_str().unwrap().to_owned())).collect()
    }

    /// The claims of the tokens that the user pool issues; none if the sign-in fails.
    async fn issued(&self, event: &Value) -> Option<(Value, Value, Value)> {
        let answer = self.pre_token.trigger(event).await;
        let log = self.pre_token.log_of(answer.number).await;
        if answer.is_error() {
            assert!(answer.denial().contains(log["decision.id"].as_str().unwrap()));
            return None;
        }
        let (identity, access) = answer.issue(event, now_s());
        Some((identity, access, log))
    }
}

/// The provider in IAM of an issuer and a client of it.
fn provider(issuer: &Issuer, client: &str) -> Provider {
    Provider { url: issuer.url().to_owned(), client_ids: vec![client.to_owned()], jwks: issuer.jwks() }
}

/// What STS makes of an ID token. It must take it.
fn web(app: &'static str, provider: &Provider, token: &str, log: Value) -> Access {
    let session = provider.federate(token, now_s()).unwrap_or_else(|refusal| panic!("{app}: STS refuses: {refusal}"));
    Access {
        app,
        roles: session.roles.clone().unwrap_or_default(),
        codes: session.codes().into_iter().map(str::to_owned).collect(),
        source_identity: session.source_identity.clone(),
        log,
        session_name: "notebook-42".to_owned(),
        subject: session.subject.clone(),
        attempt: Box::new(move |role| session.attempt(role)),
    }
}

/// A sign-in to the user pool by way of its identity provider.
fn pool_event(client: &str, attributes: &Value, groups: &[&str]) -> Value {
    let mut all = json!({
        "sub": "5f1d2c3b-0000-4000-8000-0123456789ab",
        "email": PERSON,
        "cognito:user_status": "EXTERNAL_PROVIDER",
        "identities": r#"[{"userId":"jane","providerName":"Okta","providerType":"SAML","primary":"true"}]"#,
    });
    for (name, value) in attributes.as_object().unwrap() {
        all[name] = value.clone();
    }
    json!({
        "version": "2",
        "triggerSource": "TokenGeneration_HostedAuth",
        "region": "eu-central-1",
        "userPoolId": POOL_ID,
        "userName": "Okta_jane",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client},
        "request": {
            "userAttributes": all,
            "groupConfiguration": {"groupsToOverride": groups, "iamRolesToOverride": [], "preferredRole": null},
            "scopes": ["openid"],
        },
        "response": {"claimsAndScopeOverrideDetails": null},
    })
}

fn provider_event(app: &str, data: &Value) -> Value {
    json!({
        "specversion": "1.0",
        "id": format!("{app}-1"),
        "source": "https://apps.example.com/registry",
        "type": "signet.provider.changed.v1",
        "subject": app,
        "time": "2026-07-01T09:30:00Z",
        "datacontenttype": "application/json",
        "data": data,
    })
}

fn now_s() -> u64 {
    u64::try_from(now_ms() / 1_000).unwrap()
}

fn owned(spaced: &str) -> Vec<String> {
    spaced.split_whitespace().map(str::to_owned).collect()
}
