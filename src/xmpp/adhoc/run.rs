//! Runs a command: hands out its form, or acts on what was filled in.
//!
//! Missing, `execute`, `next` and `complete` all mean "go on", since clients use them as they please; a form in
//! the very first request is taken as filled in.

use jid::Jid;
use xmpp_parsers::data_forms::{DataForm, DataFormType, Field, FieldType};
use xmpp_parsers::minidom::Element;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType};

use super::element::Actions;
use super::sessions::Known;
use super::{Command, CommandElement, CommandError, Note, form};
use crate::control::{Asker, PULSE, Wish};
use crate::model::{ActuatorId, AlarmId, PointId};
use crate::xmpp::iq::{self, Caller, Reply, Turn};
use crate::xmpp::{Scene, alarms, words};

pub(super) fn run(turn: &mut Turn<'_>, caller: &Caller<'_>, mut payload: Element) -> Reply {
    form::tidy(&mut payload);
    let Ok(request) = CommandElement::try_from(payload) else { return iq::bad_request("not a command") };
    let Caller::Contact(asker, from) = caller else { return Reply::Error(iq::nothing_here()) };
    let Some(command) = Command::find(&turn.scene, *asker, &request.node) else {
        return unknown(*asker, &request.node);
    };
    if let Some(id) = &request.sessionid {
        match turn.sessions.known(id, from, &request.node, turn.scene.now.mono) {
            Known::Yes => {}
            Known::Expired => {
                return wrong(CommandError::SessionExpired, ErrorType::Cancel, DefinedCondition::NotAllowed);
            }
            Known::No => return wrong(CommandError::BadSession, ErrorType::Modify, DefinedCondition::BadRequest),
        }
    }
    match request.action.as_deref() {
        None | Some("execute" | "next" | "complete") => {}
        Some("cancel") => return cancel(turn, request),
        Some("prev") => return wrong(CommandError::BadAction, ErrorType::Modify, DefinedCondition::BadRequest),
        Some(_) => return wrong(CommandError::MalformedAction, ErrorType::Modify, DefinedCondition::BadRequest),
    }
    let submitted = request.form.as_ref().filter(|form| form.type_ == DataFormType::Submit);
    match (command, submitted) {
        (Command::Status, _) => {
            let text = words::status(&turn.scene, *asker);
            end(turn, &request, "info", text)
        }
        (Command::Read, None) => hand_out(turn, from, &request, read_form(&turn.scene, *asker)),
        (Command::Read, Some(form)) => {
            let (type_, text) = match read(&turn.scene, *asker, form) {
                Ok(text) => ("info", text),
                Err(text) => ("error", text),
            };
            end(turn, &request, type_, text)
        }
        (Command::Alarms, _) => {
            let lines = alarms::list(&turn.scene, *asker);
            let text = if lines.is_empty() { "No alarm is up.".to_owned() } else { lines.join("\n") };
            end(turn, &request, "info", text)
        }
        (Command::Ack, None) => match ack_form(&turn.scene, *asker) {
            Some(form) => hand_out(turn, from, &request, form),
            None => end(turn, &request, "info", "There is no alarm to acknowledge.".to_owned()),
        },
        (Command::Ack, Some(form)) => match ack_alarms(&turn.scene, *asker, form) {
            Some(alarms) => {
                let session = close(turn, &request);
                Reply::Acknowledge { alarms, node: request.node, session }
            }
            None => end(turn, &request, "error", "there is no such alarm".to_owned()),
        },
        (Command::LeaveSafeMode, _) => {
            let session = close(turn, &request);
            Reply::LeaveSafeMode { node: request.node, session }
        }
        (Command::Set(id), None) => hand_out(turn, from, &request, set_form(&turn.scene, id)),
        (Command::Set(_) | Command::Pulse(_), Some(form)) if is_second_step(form) => {
            let yes = matches!(form::text(form, "confirm"), Some("1" | "true"));
            let session = close(turn, &request);
            Reply::Confirm { yes, node: request.node, session }
        }
        (Command::Set(id), Some(form)) => {
            let wish = set_wish(&turn.scene, id, form);
            act(turn, &request, id, wish)
        }
        (Command::Pulse(id), None) => hand_out(turn, from, &request, pulse_form(&turn.scene, id)),
        (Command::Pulse(id), Some(form)) => {
            let wish = form::time(form, "time", "Length").map(|time| Wish::Pulse(time.unwrap_or(PULSE)));
            act(turn, &request, id, wish)
        }
    }
}

/// The last word of a run whose actuator has answered.
pub fn finished(node: String, session: String, well: bool, text: String) -> Element {
    completed(node, session, if well { "info" } else { "error" }, text)
}

/// The step between a wish and its actuator: a person must say yes.
pub fn question(node: String, session: String, text: String) -> Element {
    let mut field = Field::new("confirm", FieldType::Boolean);
    field.label = Some("Yes, do it".to_owned());
    field.values = vec!["0".to_owned()];
    executing(node, session, form::blank("Are you sure?", Some(text), vec![field]))
}

/// The answer to [`question`]; a form with a value is a wish, whatever else is in it.
fn is_second_step(form: &DataForm) -> bool {
    let has = |var: &str| form.fields.iter().any(|field| field.var.as_deref() == Some(var));
    has("confirm") && !has("value") && !has("time")
}

fn read_form(scene: &Scene<'_>, asker: Asker<'_>) -> DataForm {
    let all = ("all".to_owned(), "everything".to_owned());
    let points = asker.readable().map(|point| (scene.name(point).to_owned(), scene.label(point).to_owned()));
    form::blank("Read", None, vec![form::list_field("point", "Which", [all].into_iter().chain(points).collect())])
}

fn read(scene: &Scene<'_>, asker: Asker<'_>, form: &DataForm) -> Result<String, String> {
    match form::text(form, "point") {
        None | Some("all") => Ok(words::status(scene, asker)),
        Some(name) => match asker.readable().find(|point| scene.name(*point) == name) {
            Some(point) => Ok(words::reading(scene, point)),
            None => Err("there is no such point".to_owned()),
        },
    }
}

/// `None` if there is nothing to choose from.
fn ack_form(scene: &Scene<'_>, asker: Asker<'_>) -> Option<DataForm> {
    let open = alarms::open(scene, asker);
    let name = |id: &AlarmId| scene.device.alarm(*id).name.clone();
    let label = |id: &AlarmId| format!("{}: {}", name(id), words::reading(scene, scene.device.alarm(*id).point));
    let all = (open.len() > 1).then(|| ("all".to_owned(), "all of them".to_owned()));
    let entries: Vec<_> = open.iter().map(|id| (name(id), label(id))).chain(all).collect();
    let field = (!entries.is_empty()).then(|| form::list_field("alarm", "Which", entries))?;
    Some(form::blank("Acknowledge an alarm", None, vec![field]))
}

fn ack_alarms(scene: &Scene<'_>, asker: Asker<'_>, form: &DataForm) -> Option<Vec<AlarmId>> {
    let mut alarms = scene.device.alarms().filter(|(_, alarm)| asker.may_read(alarm.point));
    match form::text(form, "alarm")? {
        "all" => Some(alarms.map(|(id, _)| id).collect()),
        name => alarms.find(|(_, alarm)| alarm.name == name).map(|(id, _)| vec![id]),
    }
}

fn set_form(scene: &Scene<'_>, id: ActuatorId) -> DataForm {
    let actuator = scene.device.actuator(id);
    let safe = actuator.kind.show(actuator.safe);
    let value = form::value_field(actuator, scene.reading(PointId::Actuator(id)));
    let time =
        form::time_field("for", "For how long (optional)", &format!("A time like 10m, then back to {safe}"), None);
    form::blank(&actuator.label.text, instructions(scene, id), vec![value, time])
}

fn set_wish(scene: &Scene<'_>, id: ActuatorId, form: &DataForm) -> Result<Wish, String> {
    let actuator = scene.device.actuator(id);
    let label = &actuator.label.text;
    let text = form::text(form, "value").ok_or_else(|| format!("{label}: the value is missing"))?;
    let value = actuator.kind.parse(text).map_err(|error| format!("{label}: {error}"))?;
    Ok(match form::time(form, "for", "For how long")? {
        Some(time) => Wish::SetFor(value, time),
        None => Wish::Set(value),
    })
}

fn pulse_form(scene: &Scene<'_>, id: ActuatorId) -> DataForm {
    let actuator = scene.device.actuator(id);
    let time: Field = form::time_field("time", "Length", "A time like 500ms or 2s", Some(PULSE));
    form::blank(&format!("{} (pulse)", actuator.label.text), instructions(scene, id), vec![time])
}

/// What it reads now, above the fields.
fn instructions(scene: &Scene<'_>, id: ActuatorId) -> Option<String> {
    Some(format!("Now: {}", scene.reading(PointId::Actuator(id)).show(&scene.device.actuator(id).kind)))
}

fn act(turn: &mut Turn<'_>, request: &CommandElement, actuator: ActuatorId, wish: Result<Wish, String>) -> Reply {
    match wish {
        Err(text) => end(turn, request, "error", text),
        Ok(wish) => {
            let session = close(turn, request);
            Reply::Later { actuator, wish, node: request.node.clone(), session }
        }
    }
}

fn hand_out(turn: &mut Turn<'_>, from: &Jid, request: &CommandElement, form: DataForm) -> Reply {
    let session = match &request.sessionid {
        Some(id) => id.clone(),
        None => turn.sessions.open(from, &request.node, turn.scene.now.mono),
    };
    Reply::Result(Some(executing(request.node.clone(), session, form)))
}

fn executing(node: String, session: String, form: DataForm) -> Element {
    let actions = Some(Actions { execute: Some("complete".into()), complete: true });
    let command = CommandElement {
        node,
        sessionid: Some(session),
        action: None,
        status: Some("executing".into()),
        actions,
        notes: Vec::new(),
        form: Some(form),
    };
    let mut element: Element = command.into();
    form::write_all_types(&mut element);
    element
}

fn cancel(turn: &mut Turn<'_>, request: CommandElement) -> Reply {
    let session = close(turn, &request);
    let command = CommandElement {
        sessionid: Some(session),
        action: None,
        status: Some("canceled".into()),
        actions: None,
        notes: Vec::new(),
        form: None,
        ..request
    };
    Reply::Result(Some(command.into()))
}

fn end(turn: &mut Turn<'_>, request: &CommandElement, type_: &str, text: String) -> Reply {
    let session = close(turn, request);
    Reply::Result(Some(completed(request.node.clone(), session, type_, text)))
}

/// Ends the session of a request and tells its id; a run without one gets an id for its only answer.
fn close(turn: &mut Turn<'_>, request: &CommandElement) -> String {
    match &request.sessionid {
        Some(id) => {
            turn.sessions.close(id);
            id.clone()
        }
        None => turn.sessions.fresh(),
    }
}

fn completed(node: String, session: String, type_: &str, text: String) -> Element {
    CommandElement {
        node,
        sessionid: Some(session),
        action: None,
        status: Some("completed".into()),
        actions: None,
        notes: vec![Note { type_: Some(type_.into()), text }],
        form: None,
    }
    .into()
}

/// A command that exists but is not for this contact is forbidden; one about a point it may not know of is not
/// there at all.
fn unknown(asker: Asker<'_>, node: &str) -> Reply {
    let device = asker.device();
    let exists = |id: ActuatorId| [Command::Set(id), Command::Pulse(id)].iter().any(|c| c.node(device) == node);
    let readable = |id: &ActuatorId| asker.may_read(PointId::Actuator(*id)) && !asker.may_set(*id);
    if device.actuators().map(|(id, _)| id).filter(readable).any(exists) {
        let text = format!("that needs the role operator, and yours is {}", asker.role().name());
        return Reply::Error(iq::error(ErrorType::Auth, DefinedCondition::Forbidden, text));
    }
    Reply::Error(iq::plain_error(ErrorType::Cancel, DefinedCondition::ItemNotFound))
}

fn wrong(error: CommandError, type_: ErrorType, condition: DefinedCondition) -> Reply {
    let mut stanza_error = iq::plain_error(type_, condition);
    stanza_error.other = Some(error.into());
    Reply::Error(stanza_error)
}
