//! Elements of XML records as other codes write them: attributes, prefixes of namespaces, comments, CDATA and
//! references to characters do not change the value of an element.

use crate::error::{Error, Result};
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// The text of the first element of this name, whatever its prefix, without white space around it.
///
/// Text is taken up to the first NUL, which ends the record, and is that of the element itself, not of elements inside
/// it.
/// Errors: `BadInput` for tags, comments and the like that do not end, and for entities that XML does not define.
pub fn element(record: &[u8], name: &str) -> Result<Option<String>> {
    let end = record.iter().position(|&byte| byte == 0).unwrap_or(record.len());
    let text = String::from_utf8_lossy(&record[..end]);
    let mut reader = Reader::from_str(&text);
    let config = reader.config_mut();
    // Other parts of the record need not be well-formed.
    (config.check_end_names, config.allow_unmatched_ends, config.allow_dangling_amp) = (false, true, true);
    loop {
        match reader.read_event().map_err(ill_formed)? {
            Event::Start(tag) if tag.local_name().as_ref() == name => return content(&mut reader).map(Some),
            Event::Empty(tag) if tag.local_name().as_ref() == name => return Ok(Some(String::new())),
            Event::Eof => return Ok(None),
            _ => {}
        }
    }
}

/// The text up to the end of the element whose start was read.
fn content(reader: &mut Reader<&[u8]>) -> Result<String> {
    let (mut content, mut depth) = (String::new(), 0);
    loop {
        match reader.read_event().map_err(ill_formed)? {
            Event::Start(_) => depth += 1,
            Event::End(_) if depth == 0 => return Ok(content.trim().into()),
            Event::End(_) => depth -= 1,
            Event::Text(text) if depth == 0 => content.push_str(&text),
            Event::CData(text) if depth == 0 => content.push_str(&text),
            Event::GeneralRef(name) if depth == 0 => match name.resolve_char_ref().map_err(ill_formed)? {
                Some(letter) => content.push(letter),
                None => content.push_str(entity(&name)?),
            },
            Event::Eof => return Err(Error::BadInput("XML: expected the end of an element, got none".into())),
            _ => {}
        }
    }
}

fn entity(name: &str) -> Result<&'static str> {
    let unknown = || Error::BadInput(format!("XML: expected an entity that XML defines, got &{name};"));
    resolve_predefined_entity(name).ok_or_else(unknown)
}

fn ill_formed(error: quick_xml::Error) -> Error {
    Error::BadInput(format!("XML: expected tags that end, got: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_element_says_is_found_whatever_stands_around_it() {
        let alike: [&[u8]; 14] = [
            b"<a><lx>16</lx></a>",
            b"<?xml version=\"1.0\"?>\n<a>\n  <lx>\t16\r\n</lx>\n</a>\0\0<lx>5</lx>",
            b"<a><lx type=\"int\" unit='a > b'>16</lx ></a>",
            b"<i:a xmlns:i=\"u\"><i:lx\n>16</i:lx></i:a>",
            b"<!-- <lx>8</lx> --><lx>16</lx>",
            b"<a><![CDATA[<lx>8</lx>]]><lx><![CDATA[16]]></lx></a>",
            b"<lx>1<!-- of two digits -->6</lx>",
            b"<lx>1<?pi <lx>?>6</lx>",
            b"<lx>&#49;&#x36;</lx>",
            b"<lx><unit>8</unit>16</lx>",
            b"<lxy>8</lxy><b/><b x='<lx>8</lx>'/><lx>16</lx><lx>8</lx>",
            b"\xef\xbb\xbf<a>\xff\xfe<lx>16</lx></a>",
            b"<!DOCTYPE a [<!ELEMENT lx (#PCDATA)>]><a>R & D <lx>16</lx></b>",
            b"</b><lx>16</lx><",
        ];
        for text in alike {
            assert_eq!(element(text, "lx").unwrap().as_deref(), Some("16"), "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(element(b"<e>&lt;&amp;&gt;&quot;&apos;</e>", "e").unwrap().as_deref(), Some("<&>\"'"));
    }

    #[test]
    fn what_is_not_there_is_none_and_what_is_cut_is_refused() {
        for text in [&b""[..], b"no tags", b"<!-- <lx>16</lx> -->", b"<LX>16</LX><lxx>16</lxx>", b"\0<lx>16</lx>"] {
            assert_eq!(element(text, "lx").unwrap(), None);
        }
        for text in [&b"<lx/>"[..], b"<lx></lx>", b"<lx a='16'/>", b"<lx> <!--16--> </lx>"] {
            assert_eq!(element(text, "lx").unwrap().as_deref(), Some(""));
        }
        for text in [&b"<lx>16"[..], b"<!-- <lx>16</lx>", b"<lx>&sixteen;</lx>", b"<lx>&#x110000;</lx>", b"<lx"] {
            let error = element(text, "lx").unwrap_err();
            assert!(error.status() == 4 && error.to_string().starts_with("XML: expected "), "{error}");
        }
    }
}
