//! A value, and the kind that says which values a point may take.

use std::fmt;

use super::{QUOTED, clip};

/// What a point reads or is set to. A value always belongs to a point, whose [`Kind`] gives it meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// Two-state: `true` is active.
    Switch(bool),
    /// A number in the point's unit. Never NaN or infinite: [`Value::number`] refuses those.
    Number(f64),
    /// An index into the point's list of options.
    Choice(u16),
}

impl Value {
    /// A finite number as a value; `None` for NaN and the infinities, which no sensor means.
    pub fn number(number: f64) -> Option<Value> {
        // -0.0 would be shown as "-0".
        number.is_finite().then_some(Value::Number(if number == 0.0 { 0.0 } else { number }))
    }
}

/// What values a point takes and how they are written.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Two states with the point's own words for them.
    Switch {
        /// The word for inactive ("off", "closed").
        inactive: String,
        /// The word for active ("on", "open").
        active: String,
    },
    /// A number.
    Number {
        /// As shown behind the number; empty for a pure count.
        unit: String,
        /// Digits behind the decimal point when shown, 0 to 6.
        decimals: u8,
        /// The lowest and highest value that may be set or believed, both included.
        range: Option<(f64, f64)>,
    },
    /// One of a list of words.
    Choice {
        /// At least two, all different.
        options: Vec<String>,
    },
}

/// Why a text is not a value of a kind.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ValueError {
    /// Not one of the words this point knows.
    #[error("“{given}” is not one of {}", words.join(", "))]
    NotAWord {
        /// What was given.
        given: String,
        /// What would be right.
        words: Vec<String>,
    },
    /// Not a number at all.
    #[error("“{0}” is not a number")]
    NotANumber(String),
    /// A comma that is a decimal point in one country and parts thousands in another.
    #[error("“{given}” may mean {} or {}; write it without the comma", given.replace(',', ""), given.replace(',', "."))]
    TwoMeanings {
        /// What was given.
        given: String,
    },
    /// A number outside the point's range.
    #[error("{given} is outside {low} to {high}")]
    OutOfRange {
        /// What was given, as it would be shown.
        given: String,
        /// The lowest value allowed.
        low: String,
        /// The highest value allowed.
        high: String,
    },
}

impl Kind {
    /// The usual switch: off and on.
    pub fn on_off() -> Kind {
        Kind::Switch { inactive: "off".into(), active: "on".into() }
    }

    /// Is `value` one this kind may take?
    pub fn admits(&self, value: Value) -> bool {
        match (self, value) {
            (Kind::Switch { .. }, Value::Switch(_)) => true,
            (Kind::Number { range, .. }, Value::Number(n)) => {
                n.is_finite() && range.is_none_or(|(low, high)| (low..=high).contains(&n))
            }
            (Kind::Choice { options }, Value::Choice(index)) => usize::from(index) < options.len(),
            _ => false,
        }
    }

    /// The value a person means by `text`. Switches also understand on/off, true/false, yes/no and 1/0,
    /// because forms and hubs write them; numbers may carry the point's unit and a decimal comma.
    pub fn parse(&self, text: &str) -> Result<Value, ValueError> {
        let text = text.trim();
        let is = |word: &str| word.eq_ignore_ascii_case(text) || word.to_lowercase() == text.to_lowercase();
        match self {
            Kind::Switch { inactive, active } => {
                if is(active) {
                    return Ok(Value::Switch(true));
                }
                if is(inactive) {
                    return Ok(Value::Switch(false));
                }
                match text.to_ascii_lowercase().as_str() {
                    "on" | "true" | "1" | "yes" => Ok(Value::Switch(true)),
                    "off" | "false" | "0" | "no" => Ok(Value::Switch(false)),
                    _ => Err(ValueError::NotAWord { given: clip(text, QUOTED), words: self.words() }),
                }
            }
            Kind::Choice { options } => options
                .iter()
                .position(|option| is(option))
                .and_then(|index| u16::try_from(index).ok())
                .map(Value::Choice)
                .ok_or_else(|| ValueError::NotAWord { given: clip(text, QUOTED), words: options.clone() }),
            Kind::Number { unit, range, .. } => {
                let digits = if unit.is_empty() { text } else { text.strip_suffix(unit.as_str()).unwrap_or(text) };
                let digits = digits.trim();
                if has_two_meanings(digits) {
                    return Err(ValueError::TwoMeanings { given: clip(digits, QUOTED) });
                }
                let value = digits
                    .replace(',', ".")
                    .parse::<f64>()
                    .ok()
                    .and_then(Value::number)
                    .ok_or_else(|| ValueError::NotANumber(clip(text, QUOTED)))?;
                if self.admits(value) {
                    return Ok(value);
                }
                let (low, high) = range.unwrap_or((f64::MIN, f64::MAX));
                Err(ValueError::OutOfRange {
                    given: clip(text, QUOTED),
                    low: self.show(Value::Number(low)),
                    high: self.show(Value::Number(high)),
                })
            }
        }
    }

    /// The words a point of this kind knows; empty for numbers.
    pub fn words(&self) -> Vec<String> {
        match self {
            Kind::Switch { inactive, active } => vec![inactive.clone(), active.clone()],
            Kind::Choice { options } => options.clone(),
            Kind::Number { .. } => Vec::new(),
        }
    }

    /// The value as people read it: with its unit, with the kind's decimals.
    pub fn show(&self, value: Value) -> String {
        match self {
            Kind::Number { unit, .. } if unit == "%" || unit == "°" => format!("{}{unit}", self.bare(value)),
            Kind::Number { unit, .. } if !unit.is_empty() => format!("{} {unit}", self.bare(value)),
            _ => self.bare(value),
        }
    }

    /// The value as machines read it: no unit, `.` as the decimal point.
    pub fn bare(&self, value: Value) -> String {
        match (self, value) {
            (Kind::Switch { inactive, active }, Value::Switch(on)) => (if on { active } else { inactive }).clone(),
            (Kind::Number { decimals, .. }, Value::Number(number)) => {
                let text = format!("{number:.*}", usize::from(*decimals));
                // "-0.0" reads like a fault of ours.
                if text.trim_start_matches(['-', '0', '.']).is_empty() { text.replace('-', "") } else { text }
            }
            (Kind::Choice { options }, Value::Choice(index)) => {
                options.get(usize::from(index)).cloned().unwrap_or_else(|| format!("option {index}"))
            }
            (_, other) => other.to_string(),
        }
    }
}

/// For logs of values that have lost their point.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Switch(on) => f.write_str(if *on { "active" } else { "inactive" }),
            Value::Number(number) => write!(f, "{number}"),
            Value::Choice(index) => write!(f, "option {index}"),
        }
    }
}

/// `1,000` and `12,500`; but `0,125` and `1,50` can only be decimals.
fn has_two_meanings(digits: &str) -> bool {
    let Some((whole, rest)) = digits.trim_start_matches(['-', '+']).split_once(',') else { return false };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    rest.len() == 3 && number(rest) && number(whole) && whole.len() <= 3 && !whole.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent() -> Kind {
        Kind::Number { unit: "%".into(), decimals: 0, range: Some((0.0, 100.0)) }
    }

    #[test]
    fn a_number_may_carry_its_unit_and_a_comma() {
        let kind = Kind::Number { unit: "°C".into(), decimals: 1, range: None };
        assert_eq!(kind.parse("21,5 °C"), Ok(Value::Number(21.5)));
        assert_eq!(kind.show(Value::Number(21.46)), "21.5 °C");
        assert_eq!(kind.bare(Value::Number(-0.04)), "0.0");
    }

    #[test]
    fn a_comma_that_may_part_thousands_is_asked_about() {
        let kind = Kind::Number { unit: "W".into(), decimals: 0, range: None };
        let error = kind.parse("1,000 W").unwrap_err().to_string();
        assert_eq!(error, "“1,000” may mean 1000 or 1.000; write it without the comma");
        assert!(matches!(kind.parse("-12,500"), Err(ValueError::TwoMeanings { .. })));
        for (text, number) in [("0,125", 0.125), ("1,50", 1.5), ("1000,125", 1000.125), ("1.000", 1.0)] {
            assert_eq!(kind.parse(text), Ok(Value::Number(number)), "{text}");
        }
    }

    #[test]
    fn a_number_outside_its_range_is_refused_with_the_range() {
        let error = percent().parse("101").unwrap_err();
        assert_eq!(error.to_string(), "101 is outside 0% to 100%");
    }

    #[test]
    fn nan_is_never_a_value() {
        assert_eq!(percent().parse("NaN"), Err(ValueError::NotANumber("NaN".into())));
        assert_eq!(percent().parse("inf"), Err(ValueError::NotANumber("inf".into())));
    }

    #[test]
    fn a_switch_knows_its_own_words_and_those_of_forms() {
        let door = Kind::Switch { inactive: "closed".into(), active: "open".into() };
        for (text, value) in [("OPEN", true), ("1", true), ("true", true), ("closed", false), ("off", false)] {
            assert_eq!(door.parse(text), Ok(Value::Switch(value)), "{text}");
        }
        assert_eq!(door.parse("ajar").unwrap_err().to_string(), "“ajar” is not one of closed, open");
    }
}
