//! Stanza ids.

/// An id that nobody can count by: gaps in a row of numbers would tell a contact that something happened which it
/// may not know of.
pub(super) fn id(seed: u64, count: u64) -> String {
    format!("k{:016x}", mix(seed, count))
}

/// The finalizer of SplitMix64.
pub(super) fn mix(seed: u64, count: u64) -> u64 {
    let mut x = seed.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
