//! The control form (XEP-0325 section 3.3): what the asker may set, with types, ranges and present values.

use xmpp_parsers::data_forms::{Field, FieldType};
use xmpp_parsers::data_forms_validate::{Datatype, Validate};
use xmpp_parsers::minidom::Element;
use xmpp_parsers::ns;

use super::control::GetForm;
use super::fault::ControlFault;
use crate::control::Asker;
use crate::model::{ActuatorId, PointId, Role};
use crate::xmpp::Scene;
use crate::xmpp::adhoc::form;
use crate::xmpp::iq::{self, Caller, Reply, Turn};

/// XEP-0336. Every field bears its mark: what nobody changes must not be sent back, so that it does not move.
const DYNAMIC: &str = "urn:xmpp:xdata:dynamic";

/// `<getForm/>`.
pub(super) fn get_form(turn: &mut Turn<'_>, caller: &Caller<'_>, payload: Element) -> Reply {
    let Some(asker) = caller.asker() else { return Reply::Error(iq::nothing_here()) };
    let Ok(request) = GetForm::try_from(payload) else { return iq::bad_request("not a request for a control form") };
    let nodes: Vec<&str> = request.nodes.iter().map(|node| node.id.as_str()).collect();
    match actuators(asker, &nodes) {
        Ok(actuators) => Reply::Result(Some(written(&turn.scene, &actuators))),
        Err(fault) => fault.reply(),
    }
}

/// Those of the named nodes that can be set; of all, if none is named.
fn actuators(asker: Asker<'_>, nodes: &[&str]) -> Result<Vec<ActuatorId>, ControlFault> {
    let refusal = || {
        let (needs, has) = (Role::Operator.name(), asker.role().name());
        ControlFault::forbidden(format!("that needs the role {needs}, and yours is {has}"))
    };
    let mut actuators: Vec<ActuatorId> = Vec::new();
    for name in nodes {
        match super::point(asker, name) {
            None => return Err(ControlFault::not_found(None, "there is no such node")),
            Some(PointId::Sensor(_)) => {}
            Some(PointId::Actuator(id)) if !asker.may_set(id) => return Err(refusal()),
            Some(PointId::Actuator(id)) => actuators.push(id),
        }
    }
    if nodes.is_empty() {
        actuators.extend(asker.settable());
        if actuators.is_empty() && asker.role() < Role::Operator {
            return Err(refusal());
        }
    }
    Ok(actuators)
}

fn written(scene: &Scene<'_>, actuators: &[ActuatorId]) -> Element {
    let fields: Vec<Field> = actuators.iter().map(|id| field(scene, *id)).collect();
    let mut element: Element = form::blank(scene.device.name(), None, fields).into();
    form::write_all_types(&mut element);
    for field in element.children_mut().filter(|child| child.is("field", ns::DATA_FORMS)) {
        field.append_child(Element::bare("notSame", DYNAMIC));
    }
    element
}

fn field(scene: &Scene<'_>, id: ActuatorId) -> Field {
    let actuator = scene.device.actuator(id);
    let mut field = form::value_field(actuator, scene.reading(PointId::Actuator(id)));
    field.var = Some(actuator.label.name.clone());
    // A part of the form is enough.
    field.required = false;
    if field.type_ != FieldType::Boolean {
        field.validate.get_or_insert(Validate { datatype: Some(Datatype::String), method: None, list_range: None });
    }
    field
}
