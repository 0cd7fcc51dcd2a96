//! Trust policies: any that IAM takes, read and written to the letter.

use sha2::{Digest, Sha256};

use crate::trust::allow::inert;
use crate::trust::error::PolicyError;
use crate::trust::json::{Json, Members, NotJson, Text, comma, write_members};
use crate::trust::meaning::Meaning;

mod dangling;

/// What begins the `Sid` of every statement of ours, and of no other. (IAM takes `[A-Za-z0-9]*` as a
/// `Sid`; case matters.)
pub const OURS: &str = "Signet";

/// The longest document that IAM's API takes, white space included, in characters (IAM API
/// reference, `UpdateAssumeRolePolicy`). What it stores is limited far lower by quota.
pub const MAX_DOCUMENT: usize = 131_072;

/// A role's trust policy.
///
/// Whatever it holds besides our statements survives: members that nobody knows, the order of
/// members and statements, the way numbers and strings are written. Only white space between tokens
/// is lost, which IAM does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    members: Vec<(Text, Part)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Statements {
        // The one statement of the document is not in an array.
        single: bool,
        list: Vec<Statement>,
    },
    Other(Json),
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    members: Members,
}

impl Document {
    /// Reads a trust policy as `GetRole` answers it, once its URL encoding is undone.
    ///
    /// # Errors
    /// [`PolicyError`] for what IAM would not store: no JSON, no object, an object with one member
    /// twice, no `Statement`, or one that is neither an object nor an array of objects.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.chars().nth(MAX_DOCUMENT).is_some() {
            return Err(PolicyError::TooLong { limit: MAX_DOCUMENT });
        }
        if text.trim().is_empty() {
            return Err(PolicyError::Empty);
        }
        let json = Json::parse(text).map_err(|NotJson { at, why }| PolicyError::NotJson { at, why })?;
        let Json::Object(members) = json else {
            return Err(PolicyError::NotAnObject);
        };
        let members = members.into_iter().map(|(name, value)| {
            let part = if name.value() == "Statement" { Part::statements(value)? } else { Part::Other(value) };
            Ok((name, part))
        });
        let members: Vec<_> = members.collect::<Result<_, _>>()?;
        if members.iter().any(|(_, part)| matches!(part, Part::Statements { .. })) {
            Ok(Self { members })
        } else {
            Err(PolicyError::NoStatement)
        }
    }

    /// The document without white space between tokens.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::from("{");
        for (index, (name, part)) in self.members.iter().enumerate() {
            comma(index, &mut out);
            out.push_str(name.source());
            out.push(':');
            part.write(&mut out);
        }
        out.push('}');
        out
    }

    /// The length that counts against the quota: IAM leaves white space out of account (IAM and STS
    /// quotas). White space within strings is counted here, so the length is never too short.
    #[must_use]
    pub fn length(&self) -> usize {
        self.render().chars().count()
    }

    /// All statements, in their order.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.members.iter().flat_map(|(_, part)| match part {
            Part::Statements { list, .. } => list.as_slice(),
            Part::Other(_) => &[],
        })
    }

    /// The statements of ours.
    pub fn ours(&self) -> impl Iterator<Item = &Statement> {
        self.statements().filter(|statement| statement.is_ours())
    }

    /// The statements that are not ours.
    pub fn foreign(&self) -> impl Iterator<Item = &Statement> {
        self.statements().filter(|statement| !statement.is_ours())
    }

    /// SHA-256 of what the document means: equal however IAM writes it back, whatever the order of
    /// statements and values, and whatever their `Sid`s.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let others = self.members.iter().filter_map(|(name, part)| match part {
            Part::Other(json) => Some([name.value().to_owned(), json.compact()]),
            Part::Statements { .. } => None,
        });
        let statements = meanings(self.statements()).into_iter().map(|meaning| meaning.text());
        digest_of(others.flatten().chain(statements))
    }

    /// SHA-256 of what our statements mean, whatever else is in the document: it differs where
    /// [`Self::same_ours`] would be false. So a change of ours by another hand can be told from a
    /// change of what others have there.
    #[must_use]
    pub fn ours_digest(&self) -> [u8; 32] {
        digest_of(meanings(self.ours()).into_iter().map(|meaning| meaning.text()))
    }

    /// Whether our statements in both documents mean the same.
    #[must_use]
    pub fn same_ours(&self, other: &Self) -> bool {
        meanings(self.ours()) == meanings(other.ours())
    }

    /// The document with other statements of ours, behind those that are not ours. If no statement
    /// is left, one of ours that does nothing stands there, since IAM takes no empty document.
    pub(super) fn with_ours(&self, ours: Vec<Statement>) -> Self {
        let mut ours = Some(ours);
        let members = self.members.iter().map(|(name, part)| {
            let part = match part {
                Part::Statements { single, list } => {
                    let mut list: Vec<_> = list.iter().filter(|statement| !statement.is_ours()).cloned().collect();
                    list.extend(ours.take().unwrap_or_default());
                    if list.is_empty() {
                        list.push(inert());
                    }
                    Part::Statements { single: *single && list.len() == 1, list }
                }
                Part::Other(json) => Part::Other(json.clone()),
            };
            (name.clone(), part)
        });
        Self { members: members.collect() }
    }
}

/// What statements mean, in an order that does not depend on theirs.
fn meanings<'s>(statements: impl Iterator<Item = &'s Statement>) -> Vec<Meaning> {
    let mut meanings: Vec<_> = statements.map(Statement::meaning).collect();
    meanings.sort();
    meanings
}

fn digest_of(texts: impl Iterator<Item = String>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in texts {
        // The length keeps two texts from reading like one.
        hash.update(text.len().to_be_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

impl Part {
    fn statements(value: Json) -> Result<Self, PolicyError> {
        let (single, values) = match value {
            Json::List(values) => (false, values),
            one => (true, vec![one]),
        };
        let list = values.into_iter().enumerate().map(|(index, value)| match value {
            Json::Object(members) => Ok(Statement { members }),
            _ => Err(PolicyError::NotAStatement { index }),
        });
        Ok(Self::Statements { single, list: list.collect::<Result<_, _>>()? })
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Other(json) => json.write(out),
            Self::Statements { single, list } => {
                if !single {
                    out.push('[');
                }
                for (index, statement) in list.iter().enumerate() {
                    comma(index, out);
                    write_members(&statement.members, out);
                }
                if !single {
                    out.push(']');
                }
            }
        }
    }
}

impl Statement {
    pub(super) fn new<'n>(members: impl IntoIterator<Item = (&'n str, Json)>) -> Self {
        Self { members: members.into_iter().map(|(name, value)| (Text::new(name), value)).collect() }
    }

    /// The statement's `Sid`, if it has one that is a string.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.members.iter().find_map(|(name, value)| match value {
            Json::Text(sid) if name.value() == "Sid" => Some(sid.value()),
            _ => None,
        })
    }

    /// Whether the statement is ours: its `Sid` begins [`OURS`].
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.sid().is_some_and(|sid| sid.starts_with(OURS))
    }

    /// The statement without white space between tokens.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        write_members(&self.members, &mut out);
        out
    }

    /// Whether a string in the statement, at any depth, says what is looked for, however it is written.
    pub(super) fn has_text(&self, fits: &impl Fn(&str) -> bool) -> bool {
        self.members.iter().any(|(name, value)| fits(name.value()) || value.has_text(fits))
    }

    pub(super) fn meaning(&self) -> Meaning {
        Meaning::of(&self.members)
    }
}
