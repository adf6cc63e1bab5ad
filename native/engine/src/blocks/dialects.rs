//! Which codec speaks the lanes of a connection.

use super::blazing1::Blazing1;
use super::codec::LaneCodec;
use super::ultra2::Ultra2;

/// Dialects in which lanes are spoken, by their ALPN. On any other ALPN no lane is opened and none is read.
pub const DIALECTS: [(&str, &dyn LaneCodec); 2] = [("ultra/2", &Ultra2), ("blazing/1", &Blazing1)];

/// The codec of the dialect that an ALPN selects.
pub fn codec_of(alpn: &str) -> Option<&'static dyn LaneCodec> {
    let dialect = DIALECTS.iter().find(|(name, _)| *name == alpn);
    dialect.map(|(_, codec)| *codec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alpn_selects_one_codec_and_version_hellos_have_no_lanes() {
        assert!(DIALECTS.iter().all(|(name, _)| codec_of(name).is_some()));
        assert!(codec_of("ultra").is_none() && codec_of("").is_none());
    }
}
