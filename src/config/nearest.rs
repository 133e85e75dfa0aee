//! The known name somebody probably meant.

/// “; did you mean “pump”?” if one of `known` is close to `given`, else nothing.
pub(super) fn hint<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(given, known) {
        Some(name) => format!("; did you mean “{name}”?"),
        None => String::new(),
    }
}

fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // What somebody typed may be a whole page; the measure takes quadratic time.
    if given.len() > 64 {
        return None;
    }
    let given = given.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::osa_distance(&given, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= 1 + name.chars().count() / 5)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_name_and_a_stranger_finds_none() {
        let known = ["label", "states", "unit", "range"];
        assert_eq!(nearest("lable", known), Some("label"));
        assert_eq!(nearest("Unit", known), Some("unit"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest(&"unit".repeat(1000), known), None);
    }
}
