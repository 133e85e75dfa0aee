//! The earliest of many deadlines, without looking at all of them: a tournament in which each pair sends on the
//! earlier one. Setting one costs a step per level, asking for the earliest nothing.

use crate::model::Moment;

#[derive(Debug)]
pub(super) struct Deadlines {
    /// The winner at 1, the children of `n` at `2n` and `2n + 1`, the deadlines themselves from the middle on.
    tree: Vec<Option<Moment>>,
}

impl Deadlines {
    pub fn new(count: usize) -> Deadlines {
        Deadlines { tree: vec![None; 2 * count.next_power_of_two()] }
    }

    pub fn set(&mut self, index: usize, deadline: Option<Moment>) {
        let mut at = self.tree.len() / 2 + index;
        if self.tree[at] == deadline {
            return;
        }
        self.tree[at] = deadline;
        while at > 1 {
            at /= 2;
            let earlier = [self.tree[2 * at], self.tree[2 * at + 1]].into_iter().flatten().min();
            if self.tree[at] == earlier {
                return;
            }
            self.tree[at] = earlier;
        }
    }

    pub fn earliest(&self) -> Option<Moment> {
        self.tree.get(1).copied().flatten()
    }

    /// The lowest index whose deadline has passed, at `from` or after it.
    pub fn due(&self, from: usize, now: Moment) -> Option<usize> {
        let leaves = self.tree.len() / 2;
        let is_due = |at: usize| self.tree[at].is_some_and(|deadline| deadline <= now);
        let mut at = leaves + from;
        if from >= leaves {
            return None;
        }
        // Up until there is something due to the right, then down to its leftmost.
        while !is_due(at) {
            while at % 2 == 1 {
                at /= 2;
            }
            if at == 0 {
                return None;
            }
            at += 1;
        }
        while at < leaves {
            at = if is_due(2 * at) { 2 * at } else { 2 * at + 1 };
        }
        Some(at - leaves)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_says_what_looking_at_all_would_say(
            count in 1usize..20,
            sets in prop::collection::vec((0usize..20, prop::option::of(0u64..10)), 0..40),
            from in 0usize..40,
            now in 0u64..10,
        ) {
            let mut plain = vec![None; count];
            let mut deadlines = Deadlines::new(count);
            let moment = |seconds| Moment(Duration::from_secs(seconds));
            for (index, deadline) in sets {
                plain[index % count] = deadline.map(moment);
                deadlines.set(index % count, deadline.map(moment));
            }
            prop_assert_eq!(deadlines.earliest(), plain.iter().copied().flatten().min());
            let due = (from..count).find(|index| plain[*index].is_some_and(|at| at <= moment(now)));
            prop_assert_eq!(deadlines.due(from, moment(now)), due);
        }
    }

    #[test]
    fn none_is_never_due() {
        let deadlines = Deadlines::new(0);
        assert_eq!((deadlines.earliest(), deadlines.due(0, Moment(Duration::MAX))), (None, None));
    }
}
