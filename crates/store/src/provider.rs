//! What provider events say of an app: one half of the app's item, and its SAML metadata.
//!
//! Every sign-in reads the app's item. So the metadata document, which may have 256 KB, is in an item
//! of its own, and the half has its digest.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest, Sha256};
use signet_core::app::AppId;
use signet_core::role::{Protocol, ProviderName};

use crate::Table;
use crate::codec::{self, Attributes, Item, number, text, texts};
use crate::error::{Corrupt, StoreError};
use crate::schema;
use crate::statement::StatedProvider;

/// The attribute of an app's item, and of a history row, that holds what a provider event said.
pub(crate) const HALF: &str = "provider";

/// The attribute of a half that marks a document that people are to be told of.
pub(crate) const UNANNOUNCED: &str = "unannounced";
/// The attribute of a half with the certificates that people know of, while they are to be told of others.
pub(crate) const CERTIFICATES_BEFORE: &str = "certificates_before";
/// The attribute of a half with all certificates that there were since.
pub(crate) const CERTIFICATES_SINCE: &str = "certificates_since";

/// What the last provider event said of an app, with the digest of its SAML metadata document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppProvider {
    /// Whether the app is there.
    pub active: bool,
    /// What people call the app.
    pub name: String,
    /// How people sign in to it.
    pub protocol: Protocol,
    /// The provider's name in IAM.
    pub provider: ProviderName,
    /// The URL of the tokens' issuer.
    pub issuer_url: Option<String>,
    /// The client ids that tokens may be for.
    pub client_ids: BTreeSet<String>,
    /// The audience that trust policies demand, where it is not the protocol's usual one.
    pub audience: Option<String>,
    /// SHA-256 of the SAML metadata document, in hex. None for an app that was deleted.
    pub metadata: Option<String>,
    /// The entity id in the document. None where an older version noted the document.
    pub entity_id: Option<String>,
    /// SHA-256 of each signing certificate in the document, in hex. Empty where an older version noted
    /// the document.
    pub certificates: BTreeSet<String>,
}

/// How the SAML metadata of a provider changed since people were last told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataChange {
    /// SHA-256 of each signing certificate that people know of, in hex. Empty where an older version
    /// noted that document.
    pub before: BTreeSet<String>,
    /// Those of every document since, also of one that was replaced before anybody was told.
    pub since: BTreeSet<String>,
    /// Those of the document that counts now, or counted last.
    pub now: BTreeSet<String>,
}

impl MetadataChange {
    /// Whether it is known which certificates there were before.
    #[must_use]
    pub fn is_compared(&self) -> bool {
        !self.before.is_empty()
    }

    /// The certificates that came, some of which may be gone again.
    #[must_use]
    pub fn added(&self) -> BTreeSet<&str> {
        self.since.difference(&self.before).map(String::as_str).collect()
    }

    /// The certificates that went.
    #[must_use]
    pub fn removed(&self) -> BTreeSet<&str> {
        self.before.difference(&self.now).map(String::as_str).collect()
    }
}

impl AppProvider {
    pub(crate) fn of(stated: &StatedProvider) -> Self {
        Self {
            active: stated.active,
            name: stated.name.clone(),
            protocol: stated.protocol,
            provider: stated.provider.clone(),
            issuer_url: stated.issuer_url.clone(),
            client_ids: stated.client_ids.clone(),
            audience: stated.audience.clone(),
            metadata: document(stated).map(digest_of),
            entity_id: document(stated).and(stated.entity_id.clone()),
            certificates: document(stated).map(|_| stated.certificates.clone()).unwrap_or_default(),
        }
    }

    /// Whether both say the same. What is read from a document is left aside, since a half of an older
    /// version has none of it: equal documents have one digest.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let (entity_id, certificates) = (other.entity_id.clone(), other.certificates.clone());
        Self { entity_id, certificates, ..self.clone() } == *other
    }

    /// Whether both lead to the same trust policies and the same providers in IAM: a name for people is in
    /// neither.
    pub(crate) fn serves_the_same(&self, other: &Self) -> bool {
        Self { name: other.name.clone(), ..self.clone() }.says_the_same(other)
    }

    pub(crate) fn standing(&self) -> Standing {
        Standing {
            active: self.active,
            provider: self.provider.clone(),
            protocol: self.protocol,
            issuer_url: self.issuer_url.clone(),
            audience: self.audience.clone(),
        }
    }
}

/// The document that the table keeps: nothing is to be made of a deleted app's.
pub(crate) fn document(stated: &StatedProvider) -> Option<&str> {
    stated.saml_metadata.as_deref().filter(|_| stated.active)
}

/// SHA-256 of a document, in hex.
fn digest_of(document: &str) -> String {
    codec::hex(&Sha256::digest(document))
}

/// A SAML metadata document, as the item of its provider holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamlMetadata {
    /// The app of the provider.
    pub app: AppId,
    /// The revision of the event that brought the document.
    pub revision: u64,
    /// SHA-256 of the document, in hex.
    pub digest: String,
    /// The document.
    pub document: String,
}

impl Table {
    /// The SAML metadata document of a provider; none where there is no such provider, it has none,
    /// or its app was deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn saml_metadata(&self, provider: &ProviderName) -> Result<Option<SamlMetadata>, StoreError> {
        let key = schema::metadata_key(provider);
        let items = self.read([key.clone()]).await?;
        Ok(items.get(&key).map(read_metadata).transpose()?)
    }
}

/// All that an app's item holds of provider events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Half {
    pub(crate) revision: u64,
    /// The digest of what that revision stated.
    pub(crate) digest: String,
    /// The digest of the last document there was, kept also while the app is deleted: one that comes
    /// back under another certificate is no less of a change.
    pub(crate) last_metadata: Option<String>,
    /// The entity id in that document, kept as long; none where an older version noted it.
    pub(crate) last_entity_id: Option<String>,
    /// The certificates in it.
    pub(crate) last_certificates: BTreeSet<String>,
    /// Whether the app's clients have their owner's rows. Older versions wrote none.
    pub(crate) owns_clients: bool,
    /// How another document replaced one that people know of, where nobody was told.
    pub(crate) unannounced: Option<MetadataChange>,
    pub(crate) says: AppProvider,
}

/// What a sign-in, or a file, has to know of a half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) active: bool,
    pub(crate) provider: ProviderName,
    pub(crate) protocol: Protocol,
    pub(crate) issuer_url: Option<String>,
    pub(crate) audience: Option<String>,
}

impl Standing {
    /// Reads it from an app's item; none where no provider event spoke of the app. It reads no more
    /// than it gives: what else is in the half cannot fail a sign-in.
    pub(crate) fn read(item: &Item) -> Result<Option<Self>, Corrupt> {
        let place = codec::place(item);
        let half = Attributes::new(item, &place).map_or_none(HALF)?;
        half.map(|half| Self::of(&Attributes::new(half, &place))).transpose()
    }

    fn of(read: &Attributes<'_>) -> Result<Self, Corrupt> {
        let active = match read.text("state")? {
            "active" => true,
            "deleted" => false,
            other => return Err(read.corrupt(format!("state `{other}` is neither `active` nor `deleted`"))),
        };
        Ok(Self {
            active,
            provider: read.valid(ProviderName::parse(read.text("provider")?))?,
            protocol: read.valid(Protocol::parse(read.text("protocol")?))?,
            issuer_url: read.text_or_none("issuer_url")?.map(str::to_owned),
            audience: read.text_or_none("audience")?.map(str::to_owned),
        })
    }

    /// What differs of a provider and a protocol, which never change: which of them, as it is, and as
    /// it would be.
    pub(crate) fn change(
        (provider, protocol): (&ProviderName, Protocol),
        (to_provider, to_protocol): (&ProviderName, Protocol),
    ) -> Option<(&'static str, String, String)> {
        let both = [
            ("provider", provider.as_str(), to_provider.as_str()),
            ("protocol", protocol.as_str(), to_protocol.as_str()),
        ];
        let (what, from, to) = both.into_iter().find(|(_, from, to)| from != to)?;
        Some((what, from.to_owned(), to.to_owned()))
    }
}

/// What provider events said, from an app's item; none where no event spoke of the app.
pub(crate) fn read_half(item: &Item) -> Result<Option<Half>, Corrupt> {
    let place = codec::place(item);
    let Some(map) = Attributes::new(item, &place).map_or_none(HALF)? else { return Ok(None) };
    let read = Attributes::new(map, &place);
    let says = read_says(&read)?;
    let last_entity_id = read.text_or_none("last_entity_id")?.map(str::to_owned).or_else(|| says.entity_id.clone());
    let mut last_certificates = set(&read, "last_certificates")?;
    if last_certificates.is_empty() {
        last_certificates.clone_from(&says.certificates);
    }
    let (before, since) = (set(&read, CERTIFICATES_BEFORE)?, set(&read, CERTIFICATES_SINCE)?);
    let unannounced = MetadataChange { before, since, now: last_certificates.clone() };
    Ok(Some(Half {
        revision: read.number("revision")?,
        digest: read.text("digest")?.to_owned(),
        last_metadata: read.text_or_none("last_metadata")?.map(str::to_owned),
        last_entity_id,
        last_certificates,
        owns_clients: read.flag_or_false("owns_clients")?,
        unannounced: read.flag_or_false(UNANNOUNCED)?.then_some(unannounced),
        says,
    }))
}

/// Texts of which there may be none.
fn set(read: &Attributes<'_>, name: &str) -> Result<BTreeSet<String>, Corrupt> {
    Ok(read.texts_or_none(name)?.into_iter().flatten().map(str::to_owned).collect())
}

pub(crate) fn write_half(half: &Half) -> AttributeValue {
    let mut map = says(&half.says);
    map.insert("revision".to_owned(), number(half.revision));
    map.insert("digest".to_owned(), text(&half.digest));
    if let Some(digest) = &half.last_metadata {
        map.insert("last_metadata".to_owned(), text(digest));
    }
    // While the document is there, these are what the event said: every sign-in reads the item.
    if let Some(id) = half.last_entity_id.as_ref().filter(|_| half.last_entity_id != half.says.entity_id) {
        map.insert("last_entity_id".to_owned(), text(id));
    }
    let mut sets = Vec::new();
    if half.last_certificates != half.says.certificates {
        sets.push(("last_certificates", &half.last_certificates));
    }
    if let Some(change) = &half.unannounced {
        map.insert(UNANNOUNCED.to_owned(), AttributeValue::Bool(true));
        sets.extend([(CERTIFICATES_BEFORE, &change.before), (CERTIFICATES_SINCE, &change.since)]);
    }
    for (name, set) in sets.into_iter().filter(|(_, set)| !set.is_empty()) {
        map.insert(name.to_owned(), texts(set));
    }
    if half.owns_clients {
        map.insert("owns_clients".to_owned(), AttributeValue::Bool(true));
    }
    AttributeValue::M(map)
}

/// What an event said, from a map that [`write_says`] made.
pub(crate) fn read_says(read: &Attributes<'_>) -> Result<AppProvider, Corrupt> {
    let Standing { active, provider, protocol, issuer_url, audience } = Standing::of(read)?;
    let owned = |name| Ok(read.text_or_none(name)?.map(str::to_owned));
    Ok(AppProvider {
        active,
        name: read.text("name")?.to_owned(),
        protocol,
        provider,
        issuer_url,
        client_ids: set(read, "client_ids")?,
        audience,
        metadata: owned("metadata")?,
        entity_id: owned("entity_id")?,
        certificates: set(read, "certificates")?,
    })
}

pub(crate) fn write_says(provider: &AppProvider) -> AttributeValue {
    AttributeValue::M(says(provider))
}

fn says(provider: &AppProvider) -> Item {
    let mut map = Item::from([
        ("state".to_owned(), text(if provider.active { "active" } else { "deleted" })),
        ("name".to_owned(), text(&provider.name)),
        ("protocol".to_owned(), text(provider.protocol.as_str())),
        ("provider".to_owned(), text(provider.provider.as_str())),
    ]);
    let options = [
        ("issuer_url", &provider.issuer_url),
        ("audience", &provider.audience),
        ("metadata", &provider.metadata),
        ("entity_id", &provider.entity_id),
    ];
    for (name, value) in options {
        if let Some(value) = value {
            map.insert(name.to_owned(), text(value));
        }
    }
    for (name, set) in [("client_ids", &provider.client_ids), ("certificates", &provider.certificates)] {
        if !set.is_empty() {
            map.insert(name.to_owned(), texts(set));
        }
    }
    map
}

fn read_metadata(item: &Item) -> Result<SamlMetadata, Corrupt> {
    let place = codec::place(item);
    let read = Attributes::new(item, &place);
    let metadata = SamlMetadata {
        app: read.valid(AppId::parse(read.text("app")?))?,
        revision: read.number("revision")?,
        digest: read.text("digest")?.to_owned(),
        document: read.text("document")?.to_owned(),
    };
    if digest_of(&metadata.document) != metadata.digest {
        return Err(read.corrupt("its digest is not that of the document"));
    }
    Ok(metadata)
}
