//! What a server wants to know before it makes an account (XEP-0077 section 3.1), and the answer to that. Pure.
//!
//! Invariant: only a name and a password are given. Whatever else a server insists on is for a person.

use xmpp_parsers::data_forms::{DataForm, DataFormType, Field, FieldType};
use xmpp_parsers::minidom::Element;
use xmpp_parsers::ns;

use super::register::Enrolment;

/// Elements of the older way of asking that are no questions.
const NO_QUESTIONS: &[&str] = &["instructions", "registered", "key", "x", "data"];

/// Fills in what the server asked for.
///
/// # Errors
/// [`Enrolment::Taken`] if it says that we have an account, [`Enrolment::OnTheWeb`] if it asks for nothing and names
/// a page, [`Enrolment::Wants`] if it wants to know more than a name and a password.
pub fn answer(question: &Element, user: &str, password: &str) -> Result<Element, Enrolment> {
    let page = page(question);
    let form = question.get_child("x", ns::DATA_FORMS).and_then(|form| DataForm::try_from(form.clone()).ok());
    let mut answer = Element::builder("query", ns::REGISTER).build();
    if let Some(form) = form.filter(|form| form.fields.iter().any(|field| field.var.as_deref() == Some("username"))) {
        let wanted: Vec<String> = form.fields.iter().filter(|field| is_for_a_person(field)).map(name).collect();
        if !wanted.is_empty() {
            return Err(Enrolment::Wants { fields: wanted.join(", "), page });
        }
        answer.append_child(filled(form, user, password).into());
        return Ok(answer);
    }
    let asked: Vec<&str> = question.children().filter(|child| child.ns() == ns::REGISTER).map(Element::name).collect();
    let wanted: Vec<&str> = asked
        .iter()
        .copied()
        .filter(|name| !["username", "password"].contains(name) && !NO_QUESTIONS.contains(name))
        .collect();
    if !wanted.is_empty() {
        return Err(Enrolment::Wants { fields: wanted.join(", "), page });
    }
    if !asked.contains(&"username") {
        return Err(match page {
            Some(page) => Enrolment::OnTheWeb(page),
            None => Enrolment::Wants { fields: "something that has no name".to_owned(), page: None },
        });
    }
    for (name, value) in [("username", user), ("password", password)] {
        answer.append_child(Element::builder(name, ns::REGISTER).append(value).build());
    }
    if let Some(key) = question.get_child("key", ns::REGISTER) {
        answer.append_child(key.clone());
    }
    Ok(answer)
}

fn is_for_a_person(field: &Field) -> bool {
    let known = matches!(field.var.as_deref(), Some("username" | "password"));
    // A hidden field comes back as it is; a fixed one is a text to read. What has a value already may keep it.
    let needs_nobody = matches!(field.type_, FieldType::Hidden | FieldType::Fixed) || !field.values.is_empty();
    field.required && !known && !needs_nobody
}

fn name(field: &Field) -> String {
    field.label.clone().or(field.var.clone()).unwrap_or_default()
}

fn filled(form: DataForm, user: &str, password: &str) -> DataForm {
    let keep = |mut field: Field| {
        field.values = match field.var.as_deref() {
            Some("username") => vec![user.to_owned()],
            Some("password") => vec![password.to_owned()],
            _ => field.values,
        };
        let said = !field.values.is_empty() && field.type_ != FieldType::Fixed;
        said.then(|| Field {
            label: None,
            desc: None,
            required: false,
            options: Vec::new(),
            media: Vec::new(),
            ..field
        })
    };
    DataForm {
        type_: DataFormType::Submit,
        title: None,
        instructions: None,
        fields: form.fields.into_iter().filter_map(keep).collect(),
    }
}

/// A page in the web that the server names, in its own element or in words.
fn page(question: &Element) -> Option<String> {
    let named = question.get_child("x", ns::OOB).and_then(|oob| oob.get_child("url", ns::OOB)).map(Element::text);
    let words = question.get_child("instructions", ns::REGISTER).map(Element::text).unwrap_or_default();
    let in_words = words.split_whitespace().find(|word| word.starts_with("https://") || word.starts_with("http://"));
    named.or(in_words.map(|word| word.trim_end_matches(['.', ',', ')']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(inside: &str) -> Result<String, Enrolment> {
        let question: Element = format!("<query xmlns='jabber:iq:register'>{inside}</query>").parse().unwrap();
        answer(&question, "greenhouse", "p<ncil").map(|answer| String::from(&answer))
    }

    const PROSODY: &str = "<instructions>Choose.</instructions><username/><password/>\
        <x xmlns='jabber:x:data' type='form'><title>T</title>\
        <field type='hidden' var='FORM_TYPE'><value>jabber:iq:register</value></field>\
        <field type='text-single' var='username' label='Username'><required/></field>\
        <field type='text-private' var='password' label='Password'><required/></field>\
        <field type='text-single' var='email' label='Email'/></x>";

    #[test]
    fn a_form_is_filled_and_what_is_not_required_stays_empty() {
        let answer = asked(PROSODY).unwrap();
        for part in ["type='submit'", "<value>jabber:iq:register</value>", "<value>greenhouse</value>", "p&lt;ncil"] {
            assert!(answer.contains(part), "{part} in {answer}");
        }
        assert!(!answer.contains("email") && !answer.contains("label"), "{answer}");
    }

    #[test]
    fn the_older_way_is_answered_in_kind() {
        let answer = asked("<instructions>Choose.</instructions><username/><password/><key>4711</key>").unwrap();
        let back: Element = answer.parse().unwrap();
        let values: Vec<(String, String)> =
            back.children().map(|child| (child.name().to_owned(), child.text())).collect();
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(values, [pair("username", "greenhouse"), pair("password", "p<ncil"), pair("key", "4711")]);
    }

    #[test]
    fn what_only_a_person_can_answer_is_named_with_the_page() {
        let captcha = PROSODY.replace(
            "</x>",
            "<field type='text-single' label='Type the letters' var='ocr'><required/></field></x>\
             <x xmlns='jabber:x:oob'><url>https://home.example/captcha</url></x>",
        );
        let wants = |fields: &str, page: Option<&str>| {
            Err(Enrolment::Wants { fields: fields.to_owned(), page: page.map(str::to_owned) })
        };
        assert_eq!(asked(&captcha), wants("Type the letters", Some("https://home.example/captcha")));
        assert_eq!(asked("<username/><password/><email/>"), wants("email", None));
    }

    #[test]
    fn a_server_that_registers_in_the_web_says_where() {
        let web = Err(Enrolment::OnTheWeb("https://home.example/register".to_owned()));
        assert_eq!(asked("<x xmlns='jabber:x:oob'><url>https://home.example/register</url></x>"), web);
        assert_eq!(asked("<instructions>Go to https://home.example/register.</instructions>"), web);
    }
}
