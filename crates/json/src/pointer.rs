//! JSON Pointer (RFC 6901): the place of a value in a document, and the `path` of every operation of an
//! Okta hook.
//!
//! A claim's name is one reference token, whatever is in it: `~` becomes `~0` and `/`
//! becomes `~1`, everything else stays. A name that is put into a path unescaped does not
//! fail loudly; Okta reports `Path not found`, drops the whole answer and signs the user in
//! with the original assertion.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

/// One reference token as it stands in a pointer: `~` → `~0`, then `/` → `~1` (RFC 6901 §3).
///
/// ```
/// assert_eq!(signet_json::pointer::escape("https://x~y"), "https:~1~1x~0y");
/// ```
#[must_use]
pub fn escape(token: &str) -> Cow<'_, str> {
    if !token.contains(['~', '/']) {
        return Cow::Borrowed(token);
    }
    let mut escaped = String::with_capacity(token.len() + 8);
    push_escaped(&mut escaped, token);
    Cow::Owned(escaped)
}

/// The token that `escaped` stands for: the inverse of [`escape`].
///
/// # Errors
/// [`PointerError::BadEscape`] if a `~` is not followed by `0` or `1` (RFC 6901 §3), and
/// [`PointerError::Separator`] if a `/` is in it: that is two tokens.
pub fn unescape(escaped: &str) -> Result<Cow<'_, str>, PointerError> {
    if escaped.contains('/') {
        return Err(PointerError::Separator);
    }
    if !escaped.contains('~') {
        return Ok(Cow::Borrowed(escaped));
    }
    let mut token = String::with_capacity(escaped.len());
    let mut characters = escaped.chars();
    while let Some(character) = characters.next() {
        token.push(match character {
            '~' => match characters.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return Err(PointerError::BadEscape),
            },
            other => other,
        });
    }
    Ok(Cow::Owned(token))
}

/// Why a text is not a JSON Pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PointerError {
    /// A `~` that is neither `~0` nor `~1`.
    #[error("a `~` in a JSON Pointer must be followed by `0` or `1`")]
    BadEscape,
    /// A `/` inside what should be one reference token.
    #[error("a `/` inside a reference token must be written `~1`")]
    Separator,
    /// A pointer that is not empty and does not begin with `/`.
    #[error("a JSON Pointer must be empty or begin with `/`")]
    NoLeadingSlash,
}

/// A path into a document, built from unescaped tokens.
///
/// ```
/// use signet_json::pointer::Pointer;
///
/// let role = "https://aws.amazon.com/SAML/Attributes/Role";
/// assert_eq!(
///     Pointer::new().push("claims").push(role).to_string(),
///     "/claims/https:~1~1aws.amazon.com~1SAML~1Attributes~1Role",
/// );
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Pointer {
    // INVARIANT: empty, or `/`-led tokens in escaped form.
    text: String,
}

impl Pointer {
    /// The pointer to the whole document. Okta takes no operation on that.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The pointer to a claim: `/claims/<name>`.
    #[must_use]
    pub fn claim(name: &str) -> Self {
        Self::new().push("claims").push(name)
    }

    /// Reads a pointer in its escaped form.
    ///
    /// # Errors
    /// [`PointerError`] if the text breaks the grammar of RFC 6901 §3.
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        if let Some(tokens) = text.strip_prefix('/') {
            for token in tokens.split('/') {
                unescape(token)?;
            }
        } else if !text.is_empty() {
            return Err(PointerError::NoLeadingSlash);
        }
        Ok(Self { text: text.to_owned() })
    }

    /// The same pointer one token longer. `token` is a member's name, the index of an
    /// element, or `-` for the place after the last element; it is escaped here.
    #[must_use]
    pub fn push(mut self, token: &str) -> Self {
        self.text.push('/');
        push_escaped(&mut self.text, token);
        self
    }

    /// The same pointer, to the element of that index.
    #[must_use]
    pub fn push_index(self, index: usize) -> Self {
        self.push(&index.to_string())
    }

    /// The escaped form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this points to the whole document.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn push_escaped(target: &mut String, token: &str) {
    for character in token.chars() {
        match character {
            '~' => target.push_str("~0"),
            '/' => target.push_str("~1"),
            other => target.push(other),
        }
    }
}
