//! Which point a person means: its name, its label, or an unambiguous start of either. Only points the asker
//! may read are candidates, so nobody learns of others by guessing.

use crate::control::Asker;
use crate::model::PointId;

/// What a text may mean.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// This point, and so many words were used to name it.
    One(PointId, usize),
    /// Several points start like this.
    Several(Vec<PointId>),
    /// No point.
    None,
}

/// The point whose whole name or label the first words are, and how many words these are; the longest first.
pub fn exact(asker: Asker<'_>, words: &[&str]) -> Option<(PointId, usize)> {
    let device = asker.device();
    (1..=words.len().min(longest(asker))).rev().find_map(|used| {
        let text = words[..used].join(" ").to_lowercase();
        let is = |point: &PointId| {
            let label = device.label(*point);
            label.name.to_lowercase() == text || label.text.to_lowercase() == text
        };
        asker.readable().find(is).map(|point| (point, used))
    })
}

/// Words in the longest label. A message may have many thousand, and only so many can name a point.
fn longest(asker: Asker<'_>) -> usize {
    let words = asker.readable().map(|point| asker.device().label(point).text.split_whitespace().count());
    words.max().unwrap_or(0).max(1)
}

/// The point named by the first words of `words`: the longest exact name first, then the longest start.
pub fn point(asker: Asker<'_>, words: &[&str]) -> Found {
    let device = asker.device();
    let points: Vec<(PointId, String, String)> = asker
        .readable()
        .map(|point| (point, device.label(point).name.to_lowercase(), device.label(point).text.to_lowercase()))
        .collect();
    if let Some((point, used)) = exact(asker, words) {
        return Found::One(point, used);
    }
    let texts: Vec<(usize, String)> =
        (1..=words.len().min(longest(asker))).rev().map(|n| (n, words[..n].join(" ").to_lowercase())).collect();
    for (used, text) in &texts {
        let starts: Vec<PointId> = points
            .iter()
            .filter(|(_, name, label)| name.starts_with(text.as_str()) || label.starts_with(text.as_str()))
            .map(|(point, ..)| *point)
            .collect();
        match starts.as_slice() {
            [] => continue,
            [only] => return Found::One(*only, *used),
            _ => return Found::Several(starts),
        }
    }
    Found::None
}

/// The known word nearest to a mistyped one, if near enough to be meant.
pub fn nearest<'w>(typed: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    // The measure takes quadratic time.
    let typed: String = typed.to_lowercase().chars().take(40).collect();
    let most = (typed.chars().count() / 3).max(1);
    known
        .map(|word| (strsim::osa_distance(&typed, &word.to_lowercase()), word))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_letters_are_one_mistake() {
        assert_eq!(nearest("pmup", ["lamp", "pump"].into_iter()), Some("pump"));
        assert_eq!(nearest("xyzzy", ["lamp", "pump"].into_iter()), None);
    }
}
