//! The median of the last few samples: one wild sample never shows.

use std::collections::VecDeque;

use super::Filter;

#[derive(Debug)]
pub struct Median {
    length: usize,
    window: VecDeque<f64>,
}

impl Median {
    pub fn new(length: u8) -> Median {
        let length = usize::from(length).max(1);
        Median { length, window: VecDeque::with_capacity(length) }
    }
}

impl Filter for Median {
    fn pass(&mut self, number: f64) -> Option<f64> {
        if self.window.len() == self.length {
            self.window.pop_front();
        }
        self.window.push_back(number);
        let mut sorted = [0.0; 25];
        let sorted = sorted.get_mut(..self.window.len())?;
        sorted.iter_mut().zip(&self.window).for_each(|(slot, n)| *slot = *n);
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }

    fn reset(&mut self) {
        self.window.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wild_sample_never_shows() {
        let mut median = Median::new(3);
        let out: Vec<f64> = [20.0, 20.1, 85.0, 20.2, 20.3].into_iter().filter_map(|n| median.pass(n)).collect();
        assert_eq!(out, [20.0, 20.1, 20.1, 20.2, 20.3]);
    }
}
