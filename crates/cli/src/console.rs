//! Where results and messages go, and who answers questions.

use std::io::{self, BufRead, Read, Write};

use crate::failure::Failure;

/// The two outputs of a command, and the person at the terminal, if there is one.
pub struct Console<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    person: Option<&'a mut dyn BufRead>,
    piped: Option<&'a mut dyn BufRead>,
}

impl<'a> Console<'a> {
    /// Takes the output for results, the output for messages, and the input of a terminal; no
    /// input where nobody is there to answer.
    pub fn new<R: BufRead>(out: &'a mut dyn Write, err: &'a mut dyn Write, person: Option<&'a mut R>) -> Self {
        Self { out, err, person: person.map(|input| input as &mut dyn BufRead), piped: None }
    }

    /// The same console with an input where nobody is there to answer: a file or a pipe.
    #[must_use]
    pub fn with_piped<R: BufRead>(self, input: &'a mut R) -> Self {
        Self { piped: Some(input), ..self }
    }

    /// Reads the input to its end, but no more than so many bytes.
    ///
    /// # Errors
    /// Whatever reading gives; [`io::ErrorKind::NotFound`] if there is no input.
    pub fn input(&mut self, most: u64) -> io::Result<Vec<u8>> {
        let Some(input) = self.person.as_mut().or(self.piped.as_mut()) else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "there is no input"));
        };
        let mut bytes = Vec::new();
        Read::take(&mut **input, most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Whether somebody is there to answer a question.
    #[must_use]
    pub fn is_interactive(&self) -> bool {
        self.person.is_some()
    }

    /// Writes a result, as it is.
    ///
    /// # Errors
    /// [`Failure::Output`] if the output is closed or full.
    pub fn result(&mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).map_err(Failure::Output)
    }

    /// Writes a result for programs, as JSON and a line feed.
    ///
    /// # Errors
    /// As [`Console::result`].
    pub fn json(&mut self, value: &serde_json::Value) -> Result<(), Failure> {
        self.result(&crate::text::json(value))
    }

    /// Writes a message on a line of its own. A message that nobody can receive is dropped: the
    /// exit code tells the outcome.
    pub fn message(&mut self, text: &str) {
        let _ = writeln!(self.err, "{text}");
    }

    /// Asks the person a question. Only `y` and `yes` are consent.
    ///
    /// # Errors
    /// [`Failure::Input`] if the answer cannot be read.
    pub fn confirm(&mut self, question: &str) -> Result<bool, Failure> {
        let Some(person) = self.person.as_mut() else {
            return Ok(false);
        };
        let _ = write!(self.err, "{question} [y/N] ").and_then(|()| self.err.flush());
        let mut answer = String::new();
        person.read_line(&mut answer).map_err(Failure::Input)?;
        Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }
}

impl std::fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").field("interactive", &self.is_interactive()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_consent() {
        for (answer, consent) in
            [("y\n", true), ("YES\n", true), ("\n", false), ("", false), ("no\n", false), ("yess\n", false)]
        {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let mut input = answer.as_bytes();
            let mut console = Console::new(&mut out, &mut err, Some(&mut input));
            assert_eq!(console.confirm("Apply?").unwrap(), consent, "{answer:?}");
            assert_eq!(String::from_utf8(err).unwrap(), "Apply? [y/N] ");
        }
    }
}
