//! What GPIO there is at this moment: to look at, not to keep.

use std::path::Path;

use gpiocdev::Chip;
use gpiocdev::line::Info;

use super::GpioError;
use super::chip::address;
use crate::drivers::enable;
use crate::drivers::inventory::printable;
use crate::model::{Fault, FoundChip, FoundLine, Line};

/// All chips with their lines, by device file, and what is wrong with those that could not be read. Nothing is
/// requested, so nobody is disturbed.
pub fn survey() -> (Vec<FoundChip>, Vec<GpioError>) {
    let paths = match gpiocdev::chip::chips() {
        Ok(paths) => paths,
        Err(error) => return (Vec::new(), vec![GpioError::of_chip(Path::new("/dev"), &error)]),
    };
    let (mut chips, mut closed) = (Vec::new(), Vec::new());
    for path in paths {
        match read(&path) {
            Ok(chip) => chips.push(chip),
            Err(error) => closed.push(GpioError::of_chip(&path, &error)),
        }
    }
    (chips, closed)
}

/// What is wrong if none of the chips that are there is the line's, and what would bring it.
pub fn missing(line: &Line, there: &[FoundChip], root: &Path) -> Option<Fault> {
    if there.iter().any(|found| line.is_on(&found.label) || found.address.as_ref() == Some(&line.chip)) {
        return None;
    }
    let labels = there.iter().map(|found| found.label.clone()).collect();
    Some(GpioError::NoChip { label: line.chip.clone(), there: labels, cure: enable::expander(root, &line.chip) }.into())
}

fn read(path: &Path) -> Result<FoundChip, gpiocdev::Error> {
    let chip = Chip::from_path(path)?;
    let label = printable(&chip.info()?.label);
    let lines = chip.line_info_iter()?.map(|info| info.map(|info| line(&info))).collect::<Result<_, _>>()?;
    Ok(FoundChip { label, address: address(path).map(|address| printable(&address)), lines })
}

fn line(info: &Info) -> FoundLine {
    let holder = match info.consumer.as_str() {
        _ if !info.used => None,
        "" => Some("somebody unknown".to_owned()),
        consumer => Some(printable(consumer)),
    };
    FoundLine { name: printable(&info.name), holder }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_free_or_has_a_holder_even_if_that_gives_no_name() {
        let holder = |used, consumer: &str| line(&Info { used, consumer: consumer.into(), ..Info::default() }).holder;
        assert_eq!(holder(false, ""), None);
        assert_eq!(holder(true, ""), Some("somebody unknown".into()));
        assert_eq!(holder(true, "gpioset"), Some("gpioset".into()));
        assert_eq!(holder(true, "a\u{1b}[2J"), Some("a?[2J".into()));
    }
}
