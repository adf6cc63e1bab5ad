//! Writes the tables of `docs/engine.md` from the declarations.

use std::fmt::Write;

use super::blocks::BLOCKS;
use super::names::{dashed, line, shouted};
use super::places::{Place, place_in_block};
use super::records::FIELDS_AT;
use crate::core::command::{Command, Question};
use crate::core::declare::{Declaration, FieldDeclaration};
use crate::core::event::Event;
use crate::core::words::LISTS;

/// The tables of `docs/engine.md`.
pub fn text() -> String {
    let mut text = String::new();
    line!(
        text,
        "### Events\n\n| event | number | fields | meaning |\n|---|---|---|---|"
    );
    rows(&mut text, Event::DECLARATIONS);
    line!(
        text,
        "\n### Commands\n\n| command | number | fields | meaning |\n|---|---|---|---|"
    );
    rows(&mut text, Command::DECLARATIONS);
    line!(
        text,
        "\n### Questions\n\n| question | number | fields | answer |\n|---|---|---|---|"
    );
    rows(&mut text, Question::DECLARATIONS);
    line!(
        text,
        "\n### Blocks of options\n\n| block | fields | meaning |\n|---|---|---|"
    );
    for block in BLOCKS {
        let mut place = Place(0);
        let fields = block.fields.iter().map(|field| {
            let (at, next) = place_in_block(place, field.shape);
            place = next;
            described(field, Some(at))
        });
        let fields: Vec<String> = fields.collect();
        line!(
            text,
            "| {} | {} | {} |",
            block.name,
            fields.join("<br>"),
            sentence(block.doc)
        );
    }
    line!(text, "\n### Words\n\n| list | words | meaning |\n|---|---|---|");
    for list in LISTS {
        let words: Vec<String> = list
            .words
            .iter()
            .map(|(word, number)| format!("{number} {}", dashed(word)))
            .collect();
        line!(
            text,
            "| {} | {} | {} |",
            list.name,
            words.join(", "),
            sentence(list.doc)
        );
    }
    text
}

fn rows(text: &mut String, all: &[Declaration]) {
    for declaration in all {
        let mut place = Place(FIELDS_AT);
        let fields = declaration.fields.iter().map(|field| {
            let (at, next) = place.next(field.shape);
            place = next;
            described(field, at)
        });
        let fields: Vec<String> = fields.collect();
        let (name, number) = (shouted(declaration.name), declaration.number);
        line!(
            text,
            "| {name} | {number} | {} | {} |",
            fields.join("<br>"),
            sentence(declaration.doc)
        );
    }
}

/// `name` type @offset, and what it says.
fn described(field: &FieldDeclaration, at: Option<usize>) -> String {
    let place = at.map_or("payload".to_owned(), |at| format!("@{at}"));
    let about = sentence(field.doc);
    let colon = if about.is_empty() { "" } else { ": " };
    format!("`{}` {} {place}{colon}{about}", field.name, field.type_name)
}

fn sentence(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}
