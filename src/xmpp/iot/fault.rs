//! Why a control request is not done, in the words of XEP-0325 section 4.1.

use xmpp_parsers::minidom::Element;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use super::control::{ParamError, ResponseError, SetResponse};
use crate::control::{Outcome, Refusal};
use crate::model::{ActuatorId, Device};
use crate::xmpp::iq::{self, Reply};
use crate::xmpp::{Scene, words};

/// What stands in the way.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{text}")]
pub struct ControlFault {
    why: Why,
    /// The parameter it is about.
    var: Option<String>,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Forbidden,
    NotFound,
    BadRequest,
    Conflict,
    /// The hardware did not do it.
    Hardware,
    /// The hardware did not answer.
    Silence,
}

impl ControlFault {
    /// The request itself is wrong.
    pub fn bad_request(var: Option<&str>, text: impl Into<String>) -> ControlFault {
        ControlFault { why: Why::BadRequest, var: var.map(str::to_owned), text: text.into() }
    }

    /// There is no such node or parameter, as far as the asker is concerned.
    pub fn not_found(var: Option<&str>, text: impl Into<String>) -> ControlFault {
        ControlFault { why: Why::NotFound, var: var.map(str::to_owned), text: text.into() }
    }

    /// The asker may not.
    pub fn forbidden(text: impl Into<String>) -> ControlFault {
        ControlFault { why: Why::Forbidden, var: None, text: text.into() }
    }

    /// Control did not let it through.
    pub fn refused(device: &Device, id: ActuatorId, refusal: &Refusal) -> ControlFault {
        let why = match refusal {
            Refusal::NotAllowed { .. } => Why::Forbidden,
            Refusal::NoSuchPoint => Why::NotFound,
            Refusal::BadValue(_)
            | Refusal::NotASwitch
            | Refusal::AlreadySafe(_)
            | Refusal::TooLong(_)
            | Refusal::TooShort(_)
            | Refusal::NotAStep { .. } => Why::BadRequest,
            // A machine cannot answer a question.
            Refusal::Unconfirmed { .. } | Refusal::Declined | Refusal::NotConfirmed | Refusal::NobodyElse => {
                Why::Forbidden
            }
            Refusal::StateUnknown
            | Refusal::TimeIsUp(_)
            | Refusal::OutOfOrder(_)
            | Refusal::Rests(_)
            | Refusal::StaysOn(_)
            | Refusal::TooOften { .. }
            | Refusal::Locked(_)
            | Refusal::DeadTime(_) => Why::Conflict,
        };
        ControlFault { why, var: Some(device.actuator(id).label.name.clone()), text: refusal.to_string() }
    }

    /// It was let through, and then? `None` if all went well.
    pub fn of_outcome(scene: &Scene<'_>, id: ActuatorId, outcome: &Outcome) -> Option<ControlFault> {
        let why = match outcome {
            Outcome::Done { .. } => return None,
            Outcome::Differs { .. } | Outcome::Failed(_) => Why::Hardware,
            Outcome::Overtaken => Why::Conflict,
            Outcome::NoConfirmation => Why::Silence,
        };
        let text = words::outcome(scene, id, &Ok(outcome.clone()));
        Some(ControlFault { why, var: Some(scene.device.actuator(id).label.name.clone()), text })
    }

    /// The error of the answer.
    pub fn error(&self) -> StanzaError {
        let (type_, condition) = match self.why {
            Why::Forbidden => (ErrorType::Cancel, DefinedCondition::Forbidden),
            Why::NotFound => (ErrorType::Cancel, DefinedCondition::ItemNotFound),
            Why::BadRequest => (ErrorType::Modify, DefinedCondition::BadRequest),
            Why::Conflict => (ErrorType::Wait, DefinedCondition::Conflict),
            Why::Hardware => (ErrorType::Wait, DefinedCondition::InternalServerError),
            Why::Silence => (ErrorType::Wait, DefinedCondition::RemoteServerTimeout),
        };
        let mut error = iq::error(type_, condition, self.text.clone());
        error.other = self.var.clone().map(|var| ParamError { var, text: self.text.clone() }.into());
        error
    }

    /// The whole answer.
    pub fn reply(&self) -> Reply {
        Reply::Refused(self.error(), self.draft())
    }

    /// What stands beside the error, where RFC 6120 allows the request: the answer of the draft of 2013, without
    /// which slixmpp does not tell its caller anything.
    pub fn draft(&self) -> Element {
        let code = match self.why {
            Why::Forbidden => "InsufficientPrivileges",
            Why::NotFound => "NotFound",
            Why::Conflict => "Locked",
            Why::BadRequest | Why::Hardware | Why::Silence => "OtherError",
        };
        let error = Some(ResponseError { var: self.var.clone(), text: self.text.clone() });
        SetResponse { code: Some(code.to_owned()), error }.into()
    }
}
