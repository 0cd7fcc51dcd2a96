//! Times as people write and read them: RFC 3339, to the second.

use signet_core::grant::Timestamp;

/// Reads an RFC 3339 time. No time zone is guessed: it ends with `Z` or an offset.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    let expected = "an RFC 3339 time with a time zone is expected, such as `2027-01-31T00:00:00Z`";
    let shown = crate::text::printable(text);
    // jiff also reads RFC 9557, where a named zone follows in brackets.
    if text.contains('[') {
        return Err(format!("`{shown}` names a time zone: {expected}"));
    }
    let time: jiff::Timestamp = text.parse().map_err(|_| format!("`{shown}` is not a time: {expected}"))?;
    if time.subsec_nanosecond() != 0 {
        return Err(format!("`{shown}` has a fraction of a second: whole seconds are expected"));
    }
    Ok(Timestamp::from_seconds(time.as_second()))
}

/// Writes a time as [`parse`] reads it, in UTC.
pub(crate) fn show(time: Timestamp) -> String {
    match jiff::Timestamp::from_second(time.seconds()) {
        Ok(time) => time.to_string(),
        // Before the year -9999 or after 9999: no file can say so.
        Err(_) => format!("@{}", time.seconds()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_and_write_alike() {
        let time = parse("2027-01-31T02:00:00+02:00").unwrap();
        assert_eq!(show(time), "2027-01-31T00:00:00Z");
        assert_eq!(parse("2027-01-31T00:00:00Z").unwrap(), time);
        assert_eq!(parse("2027-01-31T00:00:00.000Z").unwrap(), time);
    }

    #[test]
    fn no_zone_is_guessed() {
        for bad in [
            "",
            "2027-01-31",
            "2027-01-31T00:00:00",
            "2027-01-31T00:00:00.5Z",
            "2027-02-30T00:00:00Z",
            "2027-01-31T00:00:00+01:00[Europe/Berlin]",
            "tomorrow",
            "1800000000",
        ] {
            assert!(parse(bad).is_err(), "`{bad}` was taken");
        }
    }
}
