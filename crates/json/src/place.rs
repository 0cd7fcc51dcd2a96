//! Strict reading of a [`Json`] tree that knows where it is, so that an error can say so.

use thiserror::Error;

use crate::Json;
use crate::pointer::Pointer;

/// A value that is of a wrong type, or there twice. No part of it shows the value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("malformed at `{path}`: {what}")]
pub struct Malformed {
    /// The place, as a JSON Pointer.
    pub path: String,
    /// The kind of the problem, without any value.
    pub what: String,
}

/// A node of the tree and the way to it. There is nothing where the document has nothing or `null`;
/// reading below that goes on finding nothing.
#[derive(Debug)]
pub struct Place<'a, 'p> {
    node: Option<&'a Json>,
    parent: Option<&'p Place<'a, 'p>>,
    token: Token<'p>,
}

#[derive(Debug)]
enum Token<'p> {
    Name(&'p str),
    Index(usize),
}

impl<'a> Place<'a, '_> {
    /// The beginning of a document.
    #[must_use]
    pub fn root(node: &'a Json) -> Self {
        Self { node: present(node), parent: None, token: Token::Name("") }
    }

    /// What is here, if anything.
    #[must_use]
    pub fn node(&self) -> Option<&'a Json> {
        self.node
    }

    /// A member of the object here.
    ///
    /// # Errors
    /// [`Malformed`] if here is something else than an object, or the member is there twice.
    pub fn member<'s>(&'s self, name: &'s str) -> Result<Place<'a, 's>, Malformed> {
        let mut found = self.object()?.iter().filter(|(n, _)| n == name);
        let place = self.child(name, found.next().map(|(_, value)| value));
        match found.next() {
            None => Ok(place),
            Some(_) => Err(place.twice()),
        }
    }

    /// The member that the caller has already found in [`Place::object`].
    #[must_use]
    pub fn child<'s>(&'s self, name: &'s str, node: Option<&'a Json>) -> Place<'a, 's> {
        Place { node: node.and_then(present), parent: Some(self), token: Token::Name(name) }
    }

    /// The element that the caller has already found in [`Place::array`].
    #[must_use]
    pub fn element<'s>(&'s self, index: usize, node: &'a Json) -> Place<'a, 's> {
        Place { node: present(node), parent: Some(self), token: Token::Index(index) }
    }

    /// All members of the object here, none if nothing is here; doubled ones as they are.
    ///
    /// # Errors
    /// [`Malformed`] if here is something else than an object.
    pub fn object(&self) -> Result<&'a [(String, Json)], Malformed> {
        match self.node {
            None => Ok(&[]),
            Some(Json::Object(members)) => Ok(members),
            Some(other) => Err(self.expected("an object", other)),
        }
    }

    /// The elements of the array here, none if nothing is here.
    ///
    /// # Errors
    /// [`Malformed`] if here is something else than an array.
    pub fn array(&self) -> Result<&'a [Json], Malformed> {
        match self.node {
            None => Ok(&[]),
            Some(Json::Array(elements)) => Ok(elements),
            Some(other) => Err(self.expected("an array", other)),
        }
    }

    /// The string here, if anything is.
    ///
    /// # Errors
    /// [`Malformed`] if here is something else than a string.
    pub fn text(&self) -> Result<Option<&'a str>, Malformed> {
        match self.node {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.expected("a string", other)),
        }
    }

    /// The string here, which must be there.
    ///
    /// # Errors
    /// [`Malformed`] if here is something else, or nothing.
    pub fn needed_text(&self) -> Result<&'a str, Malformed> {
        match self.text()? {
            Some(text) => Ok(text),
            None => Err(self.expected("a string", &Json::Null)),
        }
    }

    /// The error of a name that its object has twice.
    #[must_use]
    pub fn twice(&self) -> Malformed {
        self.malformed("the name occurs twice in its object".to_owned())
    }

    fn expected(&self, kind: &str, found: &Json) -> Malformed {
        self.malformed(format!("expected {kind}, found {}", found.kind()))
    }

    /// The error of what is here, in words of its reader.
    #[must_use]
    pub fn malformed(&self, what: String) -> Malformed {
        Malformed { path: self.pointer().to_string(), what }
    }

    fn pointer(&self) -> Pointer {
        let Some(parent) = self.parent else {
            return Pointer::new();
        };
        match self.token {
            Token::Name(name) => parent.pointer().push(name),
            Token::Index(index) => parent.pointer().push_index(index),
        }
    }
}

fn present(node: &Json) -> Option<&Json> {
    (*node != Json::Null).then_some(node)
}
