//! The environment, read once at start.

/// What is wrong with the environment: every mistake, one a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment is not fit to start: {}", .0.join("; "))]
pub struct ConfigError(pub Vec<String>);

/// The environment while it is read, with the mistakes found so far. A variable that is set to
/// nothing counts as not set, as for the AWS SDKs.
#[derive(Debug)]
pub struct Reader<G> {
    get: G,
    mistakes: Vec<String>,
}

impl<G: Fn(&str) -> Option<String>> Reader<G> {
    /// Reads by way of `get`.
    pub fn new(get: G) -> Self {
        Self { get, mistakes: Vec::new() }
    }

    /// A variable, if it is set.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.get)(name).filter(|value| !value.is_empty())
    }

    /// A variable that must be set and fit. `hint` says what to give it.
    pub fn required<T>(&mut self, name: &str, hint: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let Some(text) = self.get(name) else {
            self.mistakes.push(format!("`{name}` is not set: {hint}"));
            return None;
        };
        match parse(&text) {
            Ok(value) => Some(value),
            Err(why) => {
                self.mistakes.push(format!("`{name}` cannot be used: {why}"));
                None
            }
        }
    }

    /// A variable that need not be set, and must fit if it is. None if it is not set or does not fit.
    pub fn optional<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        self.get(name)?;
        self.required(name, "", parse)
    }

    /// Notes a mistake that is not one of a single variable.
    pub fn mistake(&mut self, what: impl Into<String>) {
        self.mistakes.push(what.into());
    }

    /// The AWS region must be set: the SDK would look for it in places that Lambda does not have.
    pub fn region(&mut self) {
        if self.get("AWS_REGION").or_else(|| self.get("AWS_DEFAULT_REGION")).is_none() {
            self.mistakes.push("`AWS_REGION` is not set: give the region of the table and the topics".to_owned());
        }
    }

    /// What was read, if nothing was wrong.
    ///
    /// # Errors
    /// [`ConfigError`] with all mistakes at once.
    pub fn finish<T>(self, config: Option<T>) -> Result<T, ConfigError> {
        match config {
            Some(config) if self.mistakes.is_empty() => Ok(config),
            _ => Err(ConfigError(self.mistakes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_found() {
        let mut reader = Reader::new(|name: &str| match name {
            "EMPTY" => Some(String::new()),
            "BAD" => Some("x".to_owned()),
            _ => None,
        });
        let parse = |text: &str| text.parse::<u8>().map_err(|error| format!("`{text}`: {error}"));
        assert_eq!(reader.required("EMPTY", "give a number", parse), None);
        assert_eq!(reader.required("BAD", "give a number", parse), None);
        reader.region();
        let error = reader.finish(Some(())).unwrap_err();
        assert_eq!(
            error.0,
            [
                "`EMPTY` is not set: give a number",
                "`BAD` cannot be used: `x`: invalid digit found in string",
                "`AWS_REGION` is not set: give the region of the table and the topics",
            ]
        );
    }

    #[test]
    fn what_need_not_be_set_must_fit_if_it_is() {
        let mut reader = Reader::new(|name: &str| (name != "UNSET").then(|| name.to_owned()));
        let parse = |text: &str| text.parse::<u8>().map_err(|error| format!("`{text}`: {error}"));
        assert_eq!(reader.optional("UNSET", parse), None);
        assert_eq!(reader.optional("BAD", parse), None);
        reader.mistake("give A or B");
        let error = reader.finish(Some(())).unwrap_err();
        assert_eq!(error.0, ["`BAD` cannot be used: `BAD`: invalid digit found in string", "give A or B"]);
    }

    #[test]
    fn what_is_there_is_given() {
        let mut reader = Reader::new(|name: &str| Some(name.to_owned()));
        let value = reader.required("X", "", |text| Ok(text.to_owned()));
        reader.region();
        assert_eq!(reader.finish(value), Ok("X".to_owned()));
    }
}
