//! One declaration for each thing that the two languages exchange.
//!
//! `events!`, `commands!`, `options!` and `words!` make the plain Rust type and, beside it, a description of its fields. The door
//! writes and reads values through [`FieldWriter`] and [`FieldReader`], and makes the TypeScript and the tables of
//! `docs/engine.md` from the descriptions; so a new event is declared once. This module knows shapes of values and no bytes.

/// What a value is to the other language.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A whole number of at most 32 bits.
    Number,
    /// A whole number up to 2^53: a size, a block, a count.
    Large,
    Float,
    Truth,
    /// 32 bytes.
    Hash,
    Word(&'static WordList),
    /// Those that hold of a list of powers of two.
    Flags(&'static WordList),
    /// What a walk left out, by reasons.
    LeftOut(&'static WordList),
    /// One word for each item of a list.
    Words(&'static WordList),
    Text,
    Texts,
    Bytes,
    /// A block of options inside of something else.
    Block(&'static Declaration),
    /// Bytes that stay here until they are taken.
    LateBytes,
}

/// A closed list of words with their numbers.
#[derive(Debug, PartialEq, Eq)]
pub struct WordList {
    pub name: &'static str,
    pub doc: &'static str,
    pub words: &'static [(&'static str, u32)],
}

/// An event, a command or a block of options.
#[derive(Debug)]
pub struct Declaration {
    pub name: &'static str,
    pub number: u32,
    pub doc: &'static str,
    pub fields: &'static [FieldDeclaration],
}

#[derive(Debug)]
pub struct FieldDeclaration {
    pub name: &'static str,
    /// The type as it is declared; ids keep their names in both languages.
    pub type_name: &'static str,
    pub shape: Shape,
    pub doc: &'static str,
}

/// Bytes that go with an event, and what to do once they are taken.
#[derive(Default)]
pub struct Payload {
    pub bytes: Vec<u8>,
    pub on_take: Option<Box<dyn FnOnce() + Send>>,
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} bytes", self.bytes.len())
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, on_take: None }
    }
}

/// A payload that the other language takes when it wants it.
#[derive(Debug, Default)]
pub struct LatePayload(pub Payload);

/// Takes the fields of a value, in their order.
pub trait FieldWriter {
    fn number(&mut self, number: u32);
    fn large(&mut self, number: u64);
    fn float(&mut self, number: f64);
    fn hash(&mut self, hash: [u8; 32]);
    fn text(&mut self, text: String);
    fn texts(&mut self, texts: Vec<String>);
    fn payload(&mut self, payload: Payload);
    fn block<T: Options>(&mut self, block: T);
}

/// Gives the fields of a value, in their order; `None`: they are not there.
pub trait FieldReader {
    fn number(&mut self) -> Option<u32>;
    fn large(&mut self) -> Option<u64>;
    fn float(&mut self) -> Option<f64>;
    fn hash(&mut self) -> Option<[u8; 32]>;
    fn text(&mut self) -> Option<String>;
    fn texts(&mut self) -> Option<Vec<String>>;
    fn bytes(&mut self) -> Option<Vec<u8>>;
    fn block<T: Options>(&mut self) -> Option<T>;
}

/// A type that a field may have.
pub trait Field: Sized {
    const SHAPE: Shape;
    fn write(self, writer: &mut impl FieldWriter);
    fn read(reader: &mut impl FieldReader) -> Option<Self>;
}

/// A [`Field`] that one method writes and one reads.
macro_rules! field {
    ($type:ty, $shape:ident, $write:ident, $read:ident $(, $into:expr)?) => {
        impl Field for $type {
            const SHAPE: Shape = Shape::$shape;
            fn write(self, writer: &mut impl FieldWriter) {
                writer.$write(self.into());
            }
            fn read(reader: &mut impl FieldReader) -> Option<Self> {
                reader.$read()?.try_into().ok()
            }
        }
    };
}

field!(u32, Number, number, number);
field!(u16, Number, number, number);
field!(u64, Large, large, large);
field!(f64, Float, float, float);
field!([u8; 32], Hash, hash, hash);
field!(String, Text, text, text);
field!(Vec<String>, Texts, texts, texts);
field!(Vec<u8>, Bytes, payload, bytes);
field!(Payload, Bytes, payload, bytes);

impl Field for bool {
    const SHAPE: Shape = Shape::Truth;
    fn write(self, writer: &mut impl FieldWriter) {
        writer.number(self.into());
    }
    fn read(reader: &mut impl FieldReader) -> Option<Self> {
        match reader.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Field for LatePayload {
    const SHAPE: Shape = Shape::LateBytes;
    fn write(self, writer: &mut impl FieldWriter) {
        writer.payload(self.0);
    }
    fn read(reader: &mut impl FieldReader) -> Option<Self> {
        Some(Self(reader.bytes()?.into()))
    }
}

impl Field for std::net::SocketAddr {
    const SHAPE: Shape = Shape::Text;
    fn write(self, writer: &mut impl FieldWriter) {
        writer.text(self.to_string());
    }
    fn read(reader: &mut impl FieldReader) -> Option<Self> {
        reader.text()?.parse().ok()
    }
}

/// Declares an enum whose variants have numbers and fields: events and commands.
macro_rules! declare {
    (
        $(#[doc = $about:literal])*
        pub enum $name:ident {
            $(
                $(#[doc = $doc:literal])*
                $variant:ident = $number:literal {
                    $($(#[doc = $field_doc:literal])* $field:ident: $type:ty),* $(,)?
                }
            ),+ $(,)?
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug)]
        pub enum $name {
            $($(#[doc = $doc])* $variant { $($(#[doc = $field_doc])* $field: $type),* }),+
        }

        impl $name {
            pub const DECLARATIONS: &'static [$crate::core::declare::Declaration] = &[$(
                $crate::core::declare::Declaration {
                    name: stringify!($variant),
                    number: $number,
                    doc: concat!($($doc, "\n"),*),
                    fields: $crate::core::declare::fields!($($(#[doc = $field_doc])* $field: $type),*),
                }
            ),+];

            pub fn number(&self) -> u32 {
                match self {
                    $(Self::$variant { .. } => $number),+
                }
            }

            /// Gives all fields to `writer`.
            pub fn write(self, writer: &mut impl $crate::core::declare::FieldWriter) {
                match self {
                    $(Self::$variant { $($field),* } => {
                        $($crate::core::declare::Field::write($field, writer);)*
                        let _ = writer;
                    }),+
                }
            }

            /// `None`: no such number, or not its fields.
            pub fn read(number: u32, reader: &mut impl $crate::core::declare::FieldReader) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant {
                        $($field: $crate::core::declare::Field::read(reader)?),*
                    }),)+
                    _ => None,
                }
            }
        }
    };
}

/// Declares a struct of options, which travels as a block of its own.
macro_rules! options {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident {
            $($(#[doc = $field_doc:literal])* $field:ident: $type:ty),+ $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $($(#[doc = $field_doc])* pub $field: $type),+
        }

        impl $crate::core::declare::Options for $name {
            const DECLARATION: $crate::core::declare::Declaration = $crate::core::declare::Declaration {
                name: stringify!($name),
                number: 0,
                doc: concat!($($doc, "\n"),*),
                fields: $crate::core::declare::fields!($($(#[doc = $field_doc])* $field: $type),+),
            };

            fn write(self, writer: &mut impl $crate::core::declare::FieldWriter) {
                $($crate::core::declare::Field::write(self.$field, writer);)+
            }

            fn read(reader: &mut impl $crate::core::declare::FieldReader) -> Option<Self> {
                Some(Self { $($field: $crate::core::declare::Field::read(reader)?),+ })
            }
        }

        impl $crate::core::declare::Field for $name {
            const SHAPE: $crate::core::declare::Shape =
                $crate::core::declare::Shape::Block(&<Self as $crate::core::declare::Options>::DECLARATION);
            fn write(self, writer: &mut impl $crate::core::declare::FieldWriter) {
                writer.block(self);
            }
            fn read(reader: &mut impl $crate::core::declare::FieldReader) -> Option<Self> {
                reader.block()
            }
        }
    };
}

/// What [`options!`] makes.
pub trait Options: Sized {
    const DECLARATION: Declaration;
    fn write(self, writer: &mut impl FieldWriter);
    fn read(reader: &mut impl FieldReader) -> Option<Self>;
}

macro_rules! fields {
    ($($(#[doc = $doc:literal])* $field:ident: $type:ty),* $(,)?) => {
        &[$($crate::core::declare::FieldDeclaration {
            name: stringify!($field),
            type_name: stringify!($type),
            shape: <$type as $crate::core::declare::Field>::SHAPE,
            doc: concat!($($doc, "\n"),*),
        }),*]
    };
}

/// Declares a list of words.
macro_rules! words {
    (
        $(#[doc = $about:literal])*
        pub enum $name:ident {
            $($(#[doc = $doc:literal])* $word:ident = $number:literal),+ $(,)?
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum $name {
            $($(#[doc = $doc])* $word = $number),+
        }

        impl $name {
            pub const LIST: $crate::core::declare::WordList = $crate::core::declare::WordList {
                name: stringify!($name),
                doc: concat!($($about, "\n"),*),
                words: &[$((stringify!($word), $number)),+],
            };

            pub fn of(number: u32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$word),)+
                    _ => None,
                }
            }
        }

        impl $crate::core::declare::Field for $name {
            const SHAPE: $crate::core::declare::Shape = $crate::core::declare::Shape::Word(&Self::LIST);
            fn write(self, writer: &mut impl $crate::core::declare::FieldWriter) {
                writer.number(self as u32);
            }
            fn read(reader: &mut impl $crate::core::declare::FieldReader) -> Option<Self> {
                Self::of(reader.number()?)
            }
        }

        /// One byte for each word.
        impl $crate::core::declare::Field for Vec<$name> {
            const SHAPE: $crate::core::declare::Shape = $crate::core::declare::Shape::Words(&$name::LIST);
            fn write(self, writer: &mut impl $crate::core::declare::FieldWriter) {
                let bytes: Vec<u8> = self.into_iter().map(|word| word as u8).collect();
                writer.payload(bytes.into());
            }
            fn read(reader: &mut impl $crate::core::declare::FieldReader) -> Option<Self> {
                reader.bytes()?.into_iter().map(|number| $name::of(number.into())).collect()
            }
        }
    };
}

pub(crate) use {declare, fields, options, words};
