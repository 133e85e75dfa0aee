//! Control requests (XEP-0325 section 3): everything is checked before anything moves, and on any fault nothing
//! does. The answer tells what the hardware read afterwards.

use xmpp_parsers::data_forms::{DataForm, DataFormType};
use xmpp_parsers::minidom::Element;

use super::control::{Parameter, Set};
use super::fault::ControlFault;
use crate::control::{Asker, Wish};
use crate::model::{ActuatorId, Kind, PointId, QUOTED, Role, Value, clip};
use crate::xmpp::adhoc;
use crate::xmpp::iq::{self, Caller, Reply, Turn};

/// What one request wants moved, in its order.
pub type Moves = Vec<(ActuatorId, Wish)>;

/// `<set/>` in an IQ.
pub(super) fn set(_: &mut Turn<'_>, caller: &Caller<'_>, payload: Element) -> Reply {
    let Some(asker) = caller.asker() else { return Reply::Error(iq::nothing_here()) };
    match moves(asker, payload) {
        Ok(moves) => Reply::Moves(moves),
        Err(fault) => fault.reply(),
    }
}

/// What a `<set/>` asks for, if the asker may ask for it.
///
/// # Errors
/// What is wrong with the first parameter that cannot be.
pub fn moves(asker: Asker<'_>, mut payload: Element) -> Result<Moves, ControlFault> {
    adhoc::tidy(&mut payload);
    let set = Set::try_from(payload).map_err(|error| ControlFault::bad_request(None, error.to_string()))?;
    let nodes: Vec<&str> = set.nodes.iter().map(|node| node.id.as_str()).collect();
    if let Some(node) = nodes.iter().find(|node| super::point(asker, node).is_none()) {
        return Err(ControlFault::not_found(None, format!("there is no node “{}”", clip(node, QUOTED))));
    }
    let mut moves = Moves::new();
    for parameter in &set.parameters {
        let id = actuator(asker, parameter.name(), &nodes)?;
        add(&mut moves, asker, id, typed(&asker.device().actuator(id).kind, parameter))?;
    }
    for (name, text) in set.form.iter().flat_map(filled_in) {
        let id = actuator(asker, name, &nodes)?;
        let kind = &asker.device().actuator(id).kind;
        add(&mut moves, asker, id, kind.parse(text).map_err(|error| error.to_string()))?;
    }
    match moves.is_empty() {
        true => Err(ControlFault::bad_request(None, "nothing is to be set")),
        false => Ok(moves),
    }
}

/// The actuator a parameter sets. Rights come first: who may not set it needs no lesson in its values.
fn actuator(asker: Asker<'_>, name: &str, nodes: &[&str]) -> Result<ActuatorId, ControlFault> {
    let Some(point) = super::point(asker, name) else {
        return Err(ControlFault::not_found(Some(&clip(name, QUOTED)), "there is no such parameter"));
    };
    let PointId::Actuator(id) = point else {
        return Err(ControlFault::bad_request(Some(name), "it only reads; it cannot be set"));
    };
    if !asker.may_set(id) {
        let (needs, has) = (Role::Operator.name(), asker.role().name());
        return Err(ControlFault::forbidden(format!("that needs the role {needs}, and yours is {has}")));
    }
    if !nodes.is_empty() && !nodes.contains(&name) {
        return Err(ControlFault::bad_request(Some(name), "it is not a parameter of the nodes named"));
    }
    Ok(id)
}

fn add(moves: &mut Moves, asker: Asker<'_>, id: ActuatorId, value: Result<Value, String>) -> Result<(), ControlFault> {
    let name = &asker.device().actuator(id).label.name;
    let value = value.map_err(|text| ControlFault::bad_request(Some(name), text))?;
    if moves.iter().any(|(other, _)| *other == id) {
        return Err(ControlFault::bad_request(Some(name), "it is set twice"));
    }
    moves.push((id, Wish::Set(value)));
    Ok(())
}

/// A value of the type the kind calls for.
fn typed(kind: &Kind, parameter: &Parameter) -> Result<Value, String> {
    match (kind, parameter) {
        (Kind::Switch { .. }, Parameter::Boolean { value, .. }) => match value.trim() {
            "true" | "1" => Ok(Value::Switch(true)),
            "false" | "0" => Ok(Value::Switch(false)),
            other => Err(format!("“{}” is neither true nor false", clip(other, QUOTED))),
        },
        (
            Kind::Number { .. },
            Parameter::Double { value, .. } | Parameter::Int { value, .. } | Parameter::Long { value, .. },
        )
        | (Kind::Switch { .. } | Kind::Choice { .. }, Parameter::Text { value, .. }) => {
            kind.parse(value).map_err(|error| error.to_string())
        }
        (Kind::Switch { .. }, _) => Err("invalid type: it is a boolean".to_owned()),
        (Kind::Number { .. }, _) => Err("invalid type: it is a double".to_owned()),
        (Kind::Choice { .. }, _) => Err("invalid type: it is a string".to_owned()),
    }
}

/// What a form sets: fields with a value, without those that belong to the form itself.
fn filled_in(form: &DataForm) -> impl Iterator<Item = (&str, &str)> {
    let fields = form.fields.iter().filter(|_| form.type_ == DataFormType::Submit);
    fields.filter_map(|field| {
        let name = field.var.as_deref().filter(|name| *name != "FORM_TYPE" && !name.starts_with("xdd "))?;
        Some((name, field.values.first()?.as_str()))
    })
}
