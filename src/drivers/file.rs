//! A number in any file, such as the kernel has under /sys and /proc.

use std::path::{Path, PathBuf};

use super::sysfs;
use crate::model::{Fault, FileInput, Value};

/// How to read the number; `root` is where the file system starts ("/", or elsewhere in tests).
pub(super) fn reader(
    input: FileInput,
    root: impl Into<PathBuf>,
) -> impl FnMut() -> Result<Value, Fault> + Send + 'static {
    let root = root.into();
    move || read(&input, &root)
}

fn read(input: &FileInput, root: &Path) -> Result<Value, Fault> {
    let wrong = |why: &str| Fault::new(format!("{}: {why}", input.path));
    let path = root.join(input.path.trim_start_matches('/'));
    let number = match &input.around {
        None => sysfs::number(&path).map_err(|why| wrong(&why))?,
        Some((before, after)) => {
            let text = sysfs::text(&path).map_err(|why| wrong(&why))?;
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            between(&text, before, after)
                .ok_or_else(|| wrong(&format!("no number where “{before}{{}}{after}” says")))?
        }
    };
    Value::number(number * input.factor + input.offset).ok_or_else(|| wrong("not a number"))
}

/// The first number with `before` in front of it and `after` behind it.
fn between(text: &str, before: &str, after: &str) -> Option<f64> {
    text.match_indices(before).find_map(|(at, _)| {
        let rest = &text[at + before.len()..];
        // Not from the middle of another number.
        if before.is_empty() && text[..at].ends_with(is_digit) {
            return None;
        }
        let rest = rest.trim_start();
        let length = rest.find(|c| !is_digit(c)).unwrap_or(rest.len());
        let number = rest[..length].parse().ok()?;
        let rest = &rest[length..];
        (rest.starts_with(after) || rest.trim_start().starts_with(after)).then_some(number)
    })
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '+' | '-' | '.')
}

#[cfg(test)]
mod tests {
    use super::super::sysfs::tests::Tree;
    use super::*;

    fn ask(text: &str, pattern: Option<(&str, &str)>, factor: f64, offset: f64) -> Result<Value, Fault> {
        let tree = Tree::new(&[("proc/thing", text)]);
        let around = pattern.map(|(before, after)| (before.to_owned(), after.to_owned()));
        read(&FileInput { path: "/proc/thing".into(), around, factor, offset }, tree.root())
    }

    #[test]
    fn the_first_word_is_the_number_unless_a_pattern_says_otherwise() {
        assert_eq!(ask("21500 mC", None, 0.001, 0.0), Ok(Value::Number(21.5)));
        assert_eq!(ask("32", None, 1.0, 273.0), Ok(Value::Number(305.0)));
        let fault = ask("t=21500", None, 1.0, 0.0).unwrap_err();
        assert_eq!(fault.0, "/proc/thing: “t=21500” is not a number");
    }

    #[test]
    fn a_pattern_says_what_is_around_the_number() {
        let memory = "MemTotal:  3884 kB\nMemFree:    -12.5 kB\nMemAvailable: 5";
        assert_eq!(ask(memory, Some(("MemFree:", "")), 1.0, 0.0), Ok(Value::Number(-12.5)));
        assert_eq!(ask(memory, Some(("MemFree: ", " kB")), 1.0, 0.0), Ok(Value::Number(-12.5)));
        assert_eq!(ask(memory, Some(("", " kB")), 1.0, 0.0), Ok(Value::Number(3884.0)));
        assert_eq!(ask("crc=1c YES\n50 05 t=85000", Some(("YES 50 05 t=", "")), 0.001, 0.0), Ok(Value::Number(85.0)));
        assert!(ask("release 1.2.3 kB", Some(("", " kB")), 1.0, 0.0).is_err(), "a part of a number");
        for (before, after) in [("MemUsed:", ""), ("MemFree:", "MB"), ("MemAvailable:", " kB")] {
            let fault = ask(memory, Some((before, after)), 1.0, 0.0).unwrap_err();
            assert_eq!(fault.0, format!("/proc/thing: no number where “{before}{{}}{after}” says"));
        }
    }

    #[test]
    fn a_file_that_goes_is_a_fault_and_back_when_it_is() {
        let tree = Tree::new(&[]);
        let input = FileInput { path: "/sys/thing".into(), around: None, factor: 1.0, offset: 0.0 };
        assert_eq!(read(&input, tree.root()), Err(Fault::new("/sys/thing: No such file or directory")));
        tree.write("sys/thing", "7");
        assert_eq!(read(&input, tree.root()), Ok(Value::Number(7.0)));
    }
}
