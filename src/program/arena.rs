//! Allocation of lines of memory to values while they are needed: first fit, with neighbours joined when freed.

use std::collections::BTreeMap;

/// Allocates and frees ranges of lines.
#[derive(Default)]
pub(super) struct Allocator {
    free: BTreeMap<usize, usize>,
    end: usize,
}

impl Allocator {
    /// Allocates `count` lines; returns the first of them.
    pub fn take(&mut self, count: usize) -> usize {
        let fitting = self.free.iter().filter(|(_, length)| **length >= count).min_by_key(|(_, length)| **length);
        if let Some((&start, &length)) = fitting {
            self.free.remove(&start);
            if length > count {
                self.free.insert(start + count, length - count);
            }
            return start;
        }
        // The last free range may be extended.
        let start = match self.free.last_key_value() {
            Some((&start, &length)) if start + length == self.end => {
                self.free.remove(&start);
                start
            }
            _ => self.end,
        };
        self.end = start + count;
        start
    }

    /// Frees a range.
    pub fn give_back(&mut self, start: usize, count: usize) {
        let (mut start, mut count) = (start, count);
        if let Some((&before, &length)) = self.free.range(..start).next_back()
            && before + length == start
        {
            self.free.remove(&before);
            (start, count) = (before, length + count);
        }
        if let Some(length) = self.free.remove(&(start + count)) {
            count += length;
        }
        self.free.insert(start, count);
    }

    /// Total number of lines.
    pub fn lines(&self) -> usize {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_ranges_join_and_are_used_again() {
        let mut lines = Allocator::default();
        let starts: Vec<usize> = [3, 5, 2].iter().map(|&n| lines.take(n)).collect();
        assert_eq!(starts, [0, 3, 8]);
        lines.give_back(0, 3);
        lines.give_back(3, 5);
        assert_eq!(lines.take(8), 0);
        lines.give_back(8, 2);
        assert_eq!(lines.take(4), 8);
        assert_eq!(lines.lines(), 12);
    }
}
