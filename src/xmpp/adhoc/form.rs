//! Data forms (XEP-0004, XEP-0122) to fill in, and what people filled in. Flat fields only: tables break half
//! of the clients. No client enforces what a form says, so every value is checked as if there had been none.

use std::time::Duration;

use xmpp_parsers::data_forms::{DataForm, DataFormType, Field, FieldType, Option_};
use xmpp_parsers::data_forms_validate::{Datatype, Method, Validate};
use xmpp_parsers::minidom::Element;
use xmpp_parsers::ns;
use xso::exports::rxml::{Namespace, xml_ncname};

use crate::model::{Actuator, Kind, Reading, Value, parse_duration, show_duration};

/// A blank form with these fields.
pub fn blank(title: &str, instructions: Option<String>, fields: Vec<Field>) -> DataForm {
    DataForm { type_: DataFormType::Form, title: Some(title.to_owned()), instructions, fields }
}

/// The field that sets an actuator: a tick box for on/off, a list for words, a number with its range.
pub fn value_field(actuator: &Actuator, reading: &Reading) -> Field {
    let kind = &actuator.kind;
    let mut field = match kind {
        _ if *kind == Kind::on_off() => Field::new("value", FieldType::Boolean),
        Kind::Switch { .. } | Kind::Choice { .. } => Field::new("value", FieldType::ListSingle),
        Kind::Number { .. } => Field::new("value", FieldType::TextSingle),
    };
    field.label = Some(match kind {
        Kind::Number { unit, .. } if !unit.is_empty() => format!("{} ({unit})", actuator.label.text),
        _ => actuator.label.text.clone(),
    });
    field.required = true;
    if field.type_ == FieldType::ListSingle {
        // Without a label Profanity shows “(null)”, and poezio and Converse.js show nothing.
        let option = |word: String| Option_ { label: Some(word.clone()), value: word };
        field.options = kind.words().into_iter().map(option).collect();
    }
    if let Kind::Number { range, .. } = kind {
        let (min, max) = range.map_or((None, None), |(low, high)| (Some(low.to_string()), Some(high.to_string())));
        field.desc =
            range.map(|(low, high)| format!("{} to {}", kind.show(Value::Number(low)), kind.show(Value::Number(high))));
        let method = Some(Method::Range { min, max });
        field.validate = Some(Validate { datatype: Some(Datatype::Decimal), method, list_range: None });
    }
    let present = reading.good().unwrap_or(actuator.safe);
    field.values = vec![match (field.type_ == FieldType::Boolean, present) {
        (true, Value::Switch(on)) => (if on { "1" } else { "0" }).to_owned(),
        (_, value) => kind.bare(value),
    }];
    field
}

/// A field for a time such as `10m`.
pub fn time_field(var: &str, label: &str, desc: &str, default: Option<Duration>) -> Field {
    let mut field = Field::new(var, FieldType::TextSingle);
    field.label = Some(label.to_owned());
    field.desc = Some(desc.to_owned());
    field.required = default.is_some();
    field.values = default.map(show_duration).into_iter().collect();
    field
}

/// A list to choose one entry from, as (value, label).
pub fn list_field(var: &str, label: &str, entries: Vec<(String, String)>) -> Field {
    let mut field = Field::new(var, FieldType::ListSingle);
    field.label = Some(label.to_owned());
    field.required = true;
    field.values = entries.first().map(|(value, _)| value.clone()).into_iter().collect();
    field.options = entries.into_iter().map(|(value, label)| Option_ { label: Some(label), value }).collect();
    field
}

/// Writes out the type of every field. The library leaves `text-single` away, as it may, since that is the
/// default; not every client knows.
pub fn write_all_types(element: &mut Element) {
    if element.is("field", ns::DATA_FORMS) && element.attr("type").is_none() {
        element.set_attr(Namespace::NONE, xml_ncname!("type").to_owned(), "text-single");
    }
    element.children_mut().for_each(write_all_types);
}

/// Drops from the forms in a command the fields without a name: some clients send back fixed texts, and not all of them
/// say that they are that, which the parser is strict about.
pub fn tidy(command: &mut Element) {
    for form in command.children_mut().filter(|child| child.is("x", ns::DATA_FORMS)) {
        let fields: Vec<Element> = std::iter::from_fn(|| form.remove_child("field", ns::DATA_FORMS)).collect();
        for field in fields {
            if field.attr("var").is_some() {
                form.append_child(field);
            }
        }
    }
}

/// The first value of a field in a submitted form; `None` if it is missing or blank.
pub fn text<'f>(form: &'f DataForm, var: &str) -> Option<&'f str> {
    let field = form.fields.iter().find(|field| field.var.as_deref() == Some(var))?;
    field.values.first().map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// A time from a submitted form: nothing, a time, or what is wrong with it.
pub fn time(form: &DataForm, var: &str, label: &str) -> Result<Option<Duration>, String> {
    let Some(text) = text(form, var) else { return Ok(None) };
    match parse_duration(text) {
        Some(time) => Ok(Some(time)),
        None => Err(format!("{label}: “{text}” is not a time; write one like 30s, 10m or 1h30m")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_without_a_name_are_dropped() {
        let mut command: Element = "<command xmlns='http://jabber.org/protocol/commands' node='pump'>
            <x xmlns='jabber:x:data' type='submit'><field><value>a text</value></field><field var='value'><value>1</value></field>
            <field type='fixed'><value>another</value></field></x></command>"
            .parse()
            .unwrap();
        tidy(&mut command);
        let form = command.get_child("x", ns::DATA_FORMS).unwrap();
        assert_eq!(form.children().map(|field| field.attr("var")).collect::<Vec<_>>(), [Some("value")]);
        assert!(DataForm::try_from(form.clone()).is_ok());
    }
}
