//! Times as events write them: RFC 3339, with a time zone.

use jiff::Timestamp as Moment;
use signet_core::grant::Timestamp;

use crate::problem::shown;

const EXPECTED: &str = "an RFC 3339 time with a time zone is expected, such as `2027-01-31T00:00:00Z`";

/// Reads a moment. Fractions of a second are kept, to the nanosecond.
pub(crate) fn moment(text: &str) -> Result<Moment, String> {
    // jiff reads more than RFC 3339: named zones in brackets, dates without hyphens, years of six
    // digits. A validator of a producer would not.
    if !has_shape(text) {
        return Err(format!("`{}` is not a time: {EXPECTED}", shown(text)));
    }
    text.parse().map_err(|_| format!("`{}` is not a time: {EXPECTED}", shown(text)))
}

/// Reads a moment in whole seconds.
pub(crate) fn seconds(text: &str) -> Result<Timestamp, String> {
    let moment = moment(text)?;
    if moment.subsec_nanosecond() != 0 {
        return Err(format!("`{}` has a fraction of a second: whole seconds are expected", shown(text)));
    }
    Ok(Timestamp::from_seconds(moment.as_second()))
}

/// Writes a moment in whole seconds as [`seconds`] reads it, in UTC.
pub(crate) fn show(time: Timestamp) -> String {
    match Moment::from_second(time.seconds()) {
        Ok(moment) => moment.to_string(),
        // Beyond the years that RFC 3339 can write. No event says so, and none would be taken.
        Err(_) => format!("@{}", time.seconds()),
    }
}

/// Whether a text is written as RFC 3339 §5.6 has it.
fn has_shape(text: &str) -> bool {
    let Some((head, tail)) = text.split_at_checked(19) else {
        return false;
    };
    let zone = match tail.strip_prefix('.') {
        None => tail,
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
    };
    fits(head, "0000-00-00T00:00:00") && (fits(zone, "Z") || fits(zone, "+00:00") || fits(zone, "-00:00"))
}

/// Whether a text has a digit wherever the shape has a `0`, and the same character elsewhere.
fn fits(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(found, expected)| match expected {
            b'0' => found.is_ascii_digit(),
            _ => found.eq_ignore_ascii_case(&expected),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T01:00:00+01:00", 0),
            ("2027-01-31T00:00:00.000Z", 1_801_353_600),
            ("2027-01-30t23:00:00-01:00", 1_801_353_600),
        ] {
            assert_eq!(seconds(text).unwrap(), Timestamp::from_seconds(expected), "{text}");
        }
        for bad in [
            "",
            "2027-01-31",
            "2027-01-31T00:00:00",
            "2027-01-31 00:00:00Z",
            "2027-01-31T00:00Z",
            "2027-01-31T00:00:00.Z",
            "2027-02-30T00:00:00Z",
            "20270131T000000Z",
            "+002027-01-31T00:00:00Z",
            "2027-01-31T00:00:00Z[Europe/Berlin]",
            "2027-01-31T00:00:00+01",
            "1801353600",
            "２027-01-31T00:00:00Z",
        ] {
            assert!(moment(bad).unwrap_err().contains("is not a time"), "{bad}");
        }
        assert!(seconds("2027-01-31T00:00:00.5Z").unwrap_err().contains("fraction of a second"));
    }

    #[test]
    fn what_is_written_is_read() {
        for second in [-1, 0, 1_801_353_600] {
            let time = Timestamp::from_seconds(second);
            assert_eq!(seconds(&show(time)).unwrap(), time);
        }
        assert!(seconds(&show(Timestamp::from_seconds(i64::MAX))).is_err());
    }
}
