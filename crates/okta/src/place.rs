//! Strict reading of a [`Json`] tree that knows where it is, so that an error can say so.

use crate::json::Json;
use crate::pointer::Pointer;
use crate::request::RequestError;

/// A node of the tree and the way to it. `node` is nothing where the document has nothing
/// or `null`; reading below that goes on finding nothing.
pub(crate) struct Place<'a, 'p> {
    node: Option<&'a Json>,
    parent: Option<&'p Place<'a, 'p>>,
    token: Token<'p>,
}

enum Token<'p> {
    Name(&'p str),
    Index(usize),
}

impl<'a> Place<'a, '_> {
    /// The beginning of a document.
    pub(crate) fn root(node: &'a Json) -> Self {
        Self { node: present(node), parent: None, token: Token::Name("") }
    }

    /// What is here, if anything.
    pub(crate) fn node(&self) -> Option<&'a Json> {
        self.node
    }

    /// A member of the object here. Malformed if here is something else than an object, or
    /// the member is there twice.
    pub(crate) fn member<'s>(&'s self, name: &'s str) -> Result<Place<'a, 's>, RequestError> {
        let mut found = self.object()?.iter().filter(|(n, _)| n == name);
        let place = self.child(name, found.next().map(|(_, value)| value));
        match found.next() {
            None => Ok(place),
            Some(_) => Err(place.twice()),
        }
    }

    /// The member that the caller has already found in [`Place::object`].
    pub(crate) fn child<'s>(&'s self, name: &'s str, node: Option<&'a Json>) -> Place<'a, 's> {
        Place { node: node.and_then(present), parent: Some(self), token: Token::Name(name) }
    }

    /// The element that the caller has already found in [`Place::array`].
    pub(crate) fn element<'s>(&'s self, index: usize, node: &'a Json) -> Place<'a, 's> {
        Place { node: present(node), parent: Some(self), token: Token::Index(index) }
    }

    /// All members of the object here, none if nothing is here; doubled ones as they are.
    pub(crate) fn object(&self) -> Result<&'a [(String, Json)], RequestError> {
        match self.node {
            None => Ok(&[]),
            Some(Json::Object(members)) => Ok(members),
            Some(other) => Err(self.expected("an object", other)),
        }
    }

    /// The elements of the array here, none if nothing is here.
    pub(crate) fn array(&self) -> Result<&'a [Json], RequestError> {
        match self.node {
            None => Ok(&[]),
            Some(Json::Array(elements)) => Ok(elements),
            Some(other) => Err(self.expected("an array", other)),
        }
    }

    /// The string here.
    pub(crate) fn text(&self) -> Result<Option<&'a str>, RequestError> {
        match self.node {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.expected("a string", other)),
        }
    }

    /// The error of a name that its object has twice.
    pub(crate) fn twice(&self) -> RequestError {
        self.malformed("the name occurs twice in its object".to_owned())
    }

    fn expected(&self, kind: &str, found: &Json) -> RequestError {
        self.malformed(format!("expected {kind}, found {}", found.kind()))
    }

    fn malformed(&self, what: String) -> RequestError {
        RequestError::Malformed { path: self.pointer().to_string(), what }
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
