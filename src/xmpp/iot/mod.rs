//! The device as machines ask for it: XEP-0323 (sensor data) and XEP-0325 (control). A point is a node of its own
//! name, its value the field and the parameter of that name again.
//!
//! Rights are those of every other door: points outside the asker's scope do not exist.

pub mod control;
pub mod fault;
pub mod fields;
pub mod form;
pub mod queue;
pub mod readout;
pub mod sensordata;
pub mod set;

pub use fault::ControlFault;
pub use queue::Queue;

use super::Feature;
use super::iq::{Audience, Handler, Verb};
use crate::control::Asker;
use crate::model::PointId;

/// XEP-0323: ask for readings. slixmpp sends `<cancel/>` as a get, XEP-0323 shows it so too.
pub const SENSOR_DATA: Feature = Feature {
    vars: &[sensordata::NS],
    handlers: &[
        Handler {
            verb: Verb::Get,
            name: "req",
            ns: sensordata::NS,
            audience: Audience::Contacts,
            handle: readout::request,
        },
        Handler {
            verb: Verb::Get,
            name: "cancel",
            ns: sensordata::NS,
            audience: Audience::Contacts,
            handle: readout::cancel,
        },
    ],
};

/// XEP-0325: set actuators, all of a request or none.
pub const CONTROL: Feature = Feature {
    vars: &[control::NS],
    handlers: &[
        Handler { verb: Verb::Set, name: "set", ns: control::NS, audience: Audience::Contacts, handle: set::set },
        Handler {
            verb: Verb::Get,
            name: "getForm",
            ns: control::NS,
            audience: Audience::Contacts,
            handle: form::get_form,
        },
    ],
};

/// The point behind a node or a parameter, if the asker may know of it.
fn point(asker: Asker<'_>, name: &str) -> Option<PointId> {
    asker.device().point_named(name).filter(|point| asker.may_read(*point))
}
