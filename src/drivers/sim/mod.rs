//! The simulated board: lines that exist only in this program, for trying a config out and for tests. Its points are
//! driven, claimed and let go as those of a real board are; a socket lets the outside world move and break them.

mod bench;
mod input;
mod output;
mod socket;

pub use bench::Bench;
pub use input::play;
pub(super) use output::hold;
pub(super) use socket::serve;

use crate::model::{Kind, Value};

/// What a plain number means to a point of this kind.
fn value_of(kind: &Kind, number: f64) -> Option<Value> {
    match kind {
        Kind::Switch { .. } => Some(Value::Switch(number != 0.0)),
        Kind::Number { .. } => Value::number(number),
        Kind::Choice { options } => {
            let whole = number.fract() == 0.0 && number >= 0.0 && number < options.len() as f64;
            whole.then_some(Value::Choice(number as u16))
        }
    }
}

/// What a text means to a point of this kind. Numbers outside the point's range are let through: a sensor may be wrong.
fn parse(kind: &Kind, text: &str) -> Result<Value, String> {
    let number = text.trim().parse::<f64>().ok().and_then(|number| value_of(kind, number));
    number.map_or_else(|| kind.parse(text).map_err(|error| error.to_string()), Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_the_kind_of_the_point() {
        let fan = Kind::Choice { options: vec!["low".into(), "high".into()] };
        assert_eq!(parse(&fan, "1"), Ok(Value::Choice(1)));
        assert_eq!(parse(&fan, "high"), Ok(Value::Choice(1)));
        assert!(parse(&fan, "2").is_err());
        assert_eq!(parse(&Kind::on_off(), "1"), Ok(Value::Switch(true)));
        assert_eq!(parse(&Kind::on_off(), "off"), Ok(Value::Switch(false)));
        let percent = Kind::Number { unit: "%".into(), decimals: 0, range: Some((0.0, 100.0)) };
        assert_eq!(parse(&percent, "140"), Ok(Value::Number(140.0)));
        assert_eq!(parse(&percent, "warm"), Err("“warm” is not a number".into()));
    }
}
