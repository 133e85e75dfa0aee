//! The commands there are. A new one is a variant here and an arm in `run.rs`; list, info and execute all ask
//! [`Command::all`], so a command that is not listed for an asker does not exist for it.

use crate::control::Asker;
use crate::model::{ActuatorId, Device, Kind};
use crate::xmpp::Scene;

/// One command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Everything at a glance.
    Status,
    /// One point, or all.
    Read,
    /// Which alarms are up.
    Alarms,
    /// Acknowledge one of them, or all.
    Ack,
    /// Set an actuator.
    Set(ActuatorId),
    /// Pulse a switch.
    Pulse(ActuatorId),
    /// End safe mode.
    LeaveSafeMode,
}

impl Command {
    /// The commands this asker may run.
    pub fn all<'d>(scene: &Scene<'_>, asker: Asker<'d>) -> impl Iterator<Item = Command> + use<'d> {
        let device = asker.device();
        let pulses = |id: ActuatorId| matches!(device.actuator(id).kind, Kind::Switch { .. });
        let set = asker.settable().map(Command::Set);
        let pulse = asker.settable().filter(move |id| pulses(*id)).map(Command::Pulse);
        let alarms = device.alarms().any(|(_, alarm)| asker.may_read(alarm.point));
        let ack = alarms && asker.may_acknowledge().is_ok();
        let alarms = alarms.then_some(Command::Alarms).into_iter().chain(ack.then_some(Command::Ack));
        let leave = (scene.safe_mode && asker.may_administer()).then_some(Command::LeaveSafeMode);
        [Command::Status, Command::Read].into_iter().chain(alarms).chain(leave).chain(set).chain(pulse)
    }

    /// The command at this node, if this asker may run it.
    pub fn find(scene: &Scene<'_>, asker: Asker<'_>, node: &str) -> Option<Command> {
        Command::all(scene, asker).find(|command| command.node(asker.device()) == node)
    }

    /// Its node. People read and type these (Profanity), so they are the names of the config.
    pub fn node(self, device: &Device) -> String {
        match self {
            Command::Status => "status".into(),
            Command::Read => "read".into(),
            Command::Alarms => "alarms".into(),
            Command::Ack => "ack".into(),
            Command::LeaveSafeMode => "leave-safe-mode".into(),
            Command::Set(id) => device.actuator(id).label.name.clone(),
            Command::Pulse(id) => format!("{}-pulse", device.actuator(id).label.name),
        }
    }

    /// Its title in a client's menu.
    pub fn title(self, device: &Device) -> String {
        match self {
            Command::Status => "Status".into(),
            Command::Read => "Read".into(),
            Command::Alarms => "Alarms".into(),
            Command::Ack => "Acknowledge an alarm".into(),
            Command::LeaveSafeMode => "Leave safe mode".into(),
            Command::Set(id) => device.actuator(id).label.text.clone(),
            Command::Pulse(id) => format!("{} (pulse)", device.actuator(id).label.text),
        }
    }
}
