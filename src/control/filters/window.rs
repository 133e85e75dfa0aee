//! The last few samples. Room for all of them is made once.

use std::collections::VecDeque;

#[derive(Debug)]
pub struct Window {
    length: usize,
    samples: VecDeque<f64>,
    sorted: Vec<f64>,
}

impl Window {
    pub fn new(length: impl Into<usize>) -> Window {
        let length = length.into().max(1);
        Window { length, samples: VecDeque::with_capacity(length), sorted: Vec::with_capacity(length) }
    }

    /// Adds one; the oldest goes when there are too many.
    pub fn push(&mut self, number: f64) {
        if self.samples.len() == self.length {
            self.samples.pop_front();
        }
        self.samples.push_back(number);
    }

    /// In the order they came.
    pub fn samples(&self) -> impl Iterator<Item = f64> {
        self.samples.iter().copied()
    }

    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// In ascending order.
    pub fn sorted(&mut self) -> &[f64] {
        self.sorted.clear();
        self.sorted.extend(&self.samples);
        self.sorted.sort_unstable_by(f64::total_cmp);
        &self.sorted
    }

    pub fn clear(&mut self) {
        self.samples.clear();
    }
}
