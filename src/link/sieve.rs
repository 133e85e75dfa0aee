//! Keeps what comes from the server within bounds, before the stack's parser sees it: that parser recurses, and
//! takes quadratic time, over nested elements, and gives up the stream at a name or value above 8 KiB. Pure.
//!
//! Invariant: what is well-formed stays well-formed and every stanza stays one (the server counts them,
//! XEP-0198): too much loses content, never the stream. What is within bounds passes unchanged.

/// Levels of elements below the stream.
const DEEPEST: usize = 64;
/// Bytes of a tag.
const LONGEST: usize = 4096;
/// Bytes of a stanza; servers have limits between 64 KiB and 512 KiB.
const LARGEST: usize = 1 << 20;
/// Elements of a stanza. The longest lists that are real are rosters, with some per contact.
const MOST: usize = 16 * 1024;

const CDATA: &[u8] = b"<![CDATA[";
/// Stands for a stanza whose own tag is too long.
const HUSK: &[u8] = b"<message/>";

/// Follows the markup of one stream, however its bytes are cut.
///
/// Elements that are too deep, have too long a tag, or come after too many or too much in their stanza are
/// left out with all that is in them; text is cut where a stanza becomes too large.
#[derive(Default)]
pub struct Sieve {
    at: At,
    /// What has come of a tag that is not complete; at most one byte more than [`LONGEST`].
    tag: Vec<u8>,
    /// Open elements that passed, with the stream's.
    open: usize,
    /// Open elements from the first one that was left out.
    lost: usize,
    /// Bytes of the present stanza that passed.
    size: usize,
    /// Elements of the present stanza.
    count: usize,
    /// The present stanza is large enough; only its ends pass.
    full: bool,
}

enum At {
    /// In a text, perhaps within a reference.
    Text { reference: bool },
    /// After `<`.
    Tag { quote: Option<u8>, slash: bool },
    /// In a CDATA section, comment or instruction, of whose end so much has come.
    Section { end: &'static [u8], come: usize, passes: bool },
}

impl Default for At {
    fn default() -> At {
        At::Text { reference: false }
    }
}

impl Sieve {
    /// Appends to `out` what passes of `new`. An incomplete tag waits for its end. Returns where in `out` the
    /// last child of the stream begins, if one does.
    pub fn pass(&mut self, new: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        let mut child = None;
        for &byte in new {
            match self.at {
                At::Text { reference } => self.text(byte, reference, out),
                At::Tag { quote, slash } => child = self.tag(byte, quote, slash, out).or(child),
                At::Section { end, come, passes } => self.section(byte, end, come, passes, out),
            }
        }
        child
    }

    /// Whether something waits for its end.
    pub fn is_waiting(&self) -> bool {
        matches!(self.at, At::Tag { .. })
    }

    fn text(&mut self, byte: u8, reference: bool, out: &mut Vec<u8>) {
        if byte == b'<' {
            self.tag.clear();
            self.tag.push(byte);
            self.at = At::Tag { quote: None, slash: false };
            return;
        }
        // Neither a reference nor a sign of several bytes is cut in two.
        self.weigh(!reference && !is_continuation(byte));
        if self.passes() && !self.full {
            self.size += 1;
            out.push(byte);
        }
        self.at = At::Text { reference: byte == b'&' || reference && byte != b';' };
    }

    fn section(&mut self, byte: u8, end: &'static [u8], come: usize, passes: bool, out: &mut Vec<u8>) {
        let mut passes = passes;
        self.weigh(end == b"]]>" && !is_continuation(byte));
        if passes && self.full {
            out.extend_from_slice(end);
            passes = false;
        }
        if passes {
            self.size += 1;
            out.push(byte);
        }
        // All but the last sign of each end are the same.
        let come = match end.get(come) {
            Some(&next) if next == byte => come + 1,
            _ if end.first() == Some(&byte) => come,
            _ => 0,
        };
        self.at = if come == end.len() { At::default() } else { At::Section { end, come, passes } };
    }

    fn tag(&mut self, byte: u8, quote: Option<u8>, slash: bool, out: &mut Vec<u8>) -> Option<usize> {
        if self.tag.len() <= LONGEST {
            self.tag.push(byte);
        }
        let end: Option<&'static [u8]> = match self.tag.as_slice() {
            CDATA => Some(b"]]>"),
            b"<!--" => Some(b"-->"),
            b"<?" => Some(b"?>"),
            _ => None,
        };
        if let Some(end) = end {
            self.weigh(true);
            let passes = self.passes() && !self.full;
            if passes {
                self.size += self.tag.len();
                out.extend_from_slice(&self.tag);
            }
            self.at = At::Section { end, come: 0, passes };
            return None;
        }
        let is_end = self.tag.get(1) == Some(&b'/');
        match (quote, byte) {
            (None, b'>') => {
                self.at = At::default();
                if is_end {
                    self.end(out);
                    return None;
                }
                return self.start(slash, out);
            }
            (None, b'"' | b'\'') if !is_end => self.at = At::Tag { quote: Some(byte), slash: false },
            (Some(open), _) if open != byte => {}
            _ => self.at = At::Tag { quote: None, slash: byte == b'/' },
        }
        None
    }

    fn start(&mut self, is_empty: bool, out: &mut Vec<u8>) -> Option<usize> {
        // After a login the stream begins anew without having ended.
        if self.passes() && (self.open == 0 || self.open == 1 && name(&self.tag) == b"stream:stream") {
            self.open = 1;
            out.extend_from_slice(&self.tag);
            return None;
        }
        let is_child = self.open == 1 && self.passes();
        if is_child {
            self.size = 0;
            self.count = 0;
            self.full = false;
        }
        self.weigh(true);
        let begin = out.len();
        self.count += 1;
        let is_within = self.open <= DEEPEST && self.tag.len() <= LONGEST && self.count <= MOST && !self.full;
        if self.passes() && is_within {
            self.size += self.tag.len();
            self.open += usize::from(!is_empty);
            out.extend_from_slice(&self.tag);
        } else {
            self.lost += usize::from(!is_empty);
            if is_child {
                out.extend_from_slice(HUSK);
            }
        }
        is_child.then_some(begin)
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if self.lost > 0 {
            self.lost -= 1;
            return;
        }
        self.open = self.open.saturating_sub(1);
        self.full &= self.open > 1;
        out.extend_from_slice(&self.tag);
    }

    fn passes(&self) -> bool {
        self.lost == 0
    }

    fn weigh(&mut self, may_cut: bool) {
        self.full |= may_cut && self.open > 1 && self.size >= LARGEST;
    }
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

fn name(tag: &[u8]) -> &[u8] {
    let rest = tag.get(1..).unwrap_or_default();
    rest.split(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/')).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use xmpp_parsers::minidom::Element;

    use super::*;

    const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams' to=\"a>b\">";
    const FOOTER: &str = "</stream:stream>";

    /// What passes of a stream with these children, and the children of that.
    fn sift(children: &str) -> (String, Vec<Element>) {
        let mut out = Vec::new();
        Sieve::default().pass(format!("{HEADER}{children}{FOOTER}").as_bytes(), &mut out);
        let out = String::from_utf8(out).unwrap();
        let stream: Element = out.parse().unwrap();
        let passed = out.strip_prefix(HEADER).unwrap().strip_suffix(FOOTER).unwrap().to_owned();
        (passed, stream.children().cloned().collect())
    }

    fn nested(levels: usize) -> String {
        format!("<message to='a'>{}words{}</message>", "<a>".repeat(levels), "</a>".repeat(levels))
    }

    #[test]
    fn what_is_too_deep_is_left_out_and_the_rest_goes_on() {
        let after = "<message to='a'><body>hello</body></message>";
        assert_eq!(sift(&nested(63)).0, nested(63));
        for levels in [64, 65, 5_000, 200_000] {
            assert_eq!(
                sift(&format!("{}{after}", nested(levels))).0,
                format!("{}{after}", nested(63).replace("words", ""))
            );
        }
    }

    #[test]
    fn markup_is_not_what_looks_like_it() {
        for same in [
            "<a b='>' c=\"/>\" d='\"' e=\"'\"/>",
            "<a b='/'></a ><a\n b = 'c'\n/>",
            "<a>]]&gt; > / ' \" &amp; é</a>",
            "<a><![CDATA[<b><c></a> ]]]></a><b/>",
            "<a><![CDATA[]] > ]]]]><![CDATA[>]]></a>",
            " <iq/> \n ",
        ] {
            assert_eq!(sift(same).0, same);
        }
        let mut out = Vec::new();
        let refused = format!("<!DOCTYPE a>{HEADER}<a><!-- <b> -- > --><?p <b> ? ?></a>");
        Sieve::default().pass(refused.as_bytes(), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), refused, "that is for the parser to refuse");
    }

    #[test]
    fn an_element_with_a_long_tag_is_left_out() {
        let long = "x".repeat(LONGEST);
        for tag in [format!("a b='{long}'"), long.clone(), format!("a {long}=''"), format!("a {}", " ".repeat(LONGEST))]
        {
            let name = tag.split(' ').next().unwrap();
            assert_eq!(sift(&format!("<iq><{tag}/><b/></iq>")).0, "<iq><b/></iq>");
            assert_eq!(sift(&format!("<iq><{tag}><c>words</c></{name}><b/></iq>")).0, "<iq><b/></iq>");
        }
    }

    #[test]
    fn a_stanza_with_a_long_tag_stays_a_stanza() {
        let long = "x".repeat(LONGEST);
        let (passed, _) = sift(&format!("<iq id='{long}'><a/></iq><presence id='{long}'/><message/>"));
        assert_eq!(passed, "<message/><message/><message/>");
    }

    #[test]
    fn a_large_stanza_is_cut_between_signs_and_the_next_is_not() {
        for (unit, sign) in [("x", "x"), ("&amp;", "&"), ("é", "é"), ("\u{1f997}", "\u{1f997}")] {
            let text = unit.repeat(LARGEST / unit.len() + 1000);
            for text in
                [text.clone(), format!("<![CDATA[{}]]>", sign.repeat(LARGEST / sign.len() + 1000).replace('&', "-"))]
            {
                let (passed, children) =
                    sift(&format!("<message><body>{text}</body><late/></message> <iq><b>1</b></iq>"));
                assert!(passed.len() < LARGEST + 100);
                assert_eq!(children.len(), 2);
                assert_eq!(children[0].children().count(), 1, "nothing passes after what is too much");
                let body = children[0].children().next().unwrap().text();
                assert_eq!(body.replace([sign, "-"].map(|s| s.chars().next().unwrap()), ""), "");
                assert!(body.len() > LARGEST / 6);
                assert!(passed.ends_with("</message> <iq><b>1</b></iq>"));
            }
        }
    }

    #[test]
    fn a_stanza_of_too_many_elements_keeps_the_first() {
        let (_, children) = sift(&format!("<iq>{}</iq><iq>{0}</iq>", "<a/>".repeat(50_000)));
        assert_eq!(children.iter().map(|iq| iq.children().count()).collect::<Vec<_>>(), [MOST - 1, MOST - 1]);
    }

    #[test]
    fn a_stream_that_begins_anew_is_no_level() {
        let mut out = Vec::new();
        let text = format!("{HEADER}<success/>{}{}", HEADER.repeat(70), nested(63));
        Sieve::default().pass(text.as_bytes(), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }

    #[test]
    fn the_last_child_of_the_stream_is_pointed_at() {
        let mut sieve = Sieve::default();
        let mut out = Vec::new();
        assert_eq!(sieve.pass(HEADER.as_bytes(), &mut out), None);
        out.clear();
        assert_eq!(sieve.pass(b"<a><b/></a><c><d/>", &mut out), Some(11));
        out.clear();
        assert_eq!(sieve.pass(b"<e/></c>\n</stream:stream><", &mut out), None);
        assert!(sieve.is_waiting());
    }

    #[derive(Debug, Clone)]
    enum Step {
        Open(&'static str),
        Close,
        Between(&'static str),
    }

    /// A stanza as these steps make it, and what should pass of it.
    fn stanza(steps: &[Step]) -> (String, String) {
        let mut path = vec!["message"];
        let (mut all, mut within) = ("<message>".to_owned(), "<message>".to_owned());
        let mut put = |text: &str, level: usize| {
            all.push_str(text);
            if level <= DEEPEST {
                within.push_str(text);
            }
        };
        for step in steps {
            match step {
                Step::Open(name) => {
                    path.push(name);
                    put(&format!("<{name} b='/>' c=\"'\">"), path.len());
                }
                Step::Close if path.len() > 1 => {
                    put(&format!("</{}>", path[path.len() - 1]), path.len());
                    path.pop();
                }
                Step::Close => {}
                Step::Between(text) => put(text, path.len() + usize::from(text.starts_with("<e"))),
            }
        }
        while let Some(name) = path.pop() {
            put(&format!("</{name}>"), path.len() + 1);
        }
        (all, within)
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let between = ["é > ' \"", "&lt;a>", "<e f='>'/>", "<e/>", "<![CDATA[<a></b>]]]>", "\u{1f997}"];
        let step = prop_oneof![
            4 => prop::sample::select(vec!["a", "long-name"]).prop_map(Step::Open),
            2 => Just(Step::Close),
            2 => prop::sample::select(between.to_vec()).prop_map(Step::Between),
        ];
        prop::collection::vec(step, 0..600)
    }

    proptest! {
        #[test]
        fn exactly_what_is_too_deep_is_missing_however_it_comes(steps in steps(), cuts in prop::collection::vec(1_usize..40, 1..20)) {
            let (all, within) = stanza(&steps);
            let all = format!("{HEADER}{all}<iq/>");
            let mut out = Vec::new();
            let mut sieve = Sieve::default();
            let mut rest = all.as_bytes();
            for cut in cuts.iter().cycle() {
                let (piece, more) = rest.split_at((*cut).min(rest.len()));
                sieve.pass(piece, &mut out);
                rest = more;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(String::from_utf8(out).unwrap(), format!("{HEADER}{within}<iq/>"));
        }
    }
}
