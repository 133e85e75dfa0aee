//! PubSub (XEP-0060, XEP-0163): one node per point with what it reads now, open to exactly the contacts that may
//! read the point.

mod page;
mod place;
mod publisher;
mod stanzas;

pub use place::Place;
pub use publisher::Publisher;
