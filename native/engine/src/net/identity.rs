//! A fresh certificate for each run: P-256, self-signed, as a PKCS12 that only ever lives in memory.
//!
//! Its names and dates are not checked: the dialer knows its SHA-256 from the ticket, and that is the whole of the trust. The
//! validity is wide so that clocks that differ by years do no harm (I18).

use std::ffi::CString;

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509NameBuilder};

/// The PKCS12 never leaves the process, so its password protects nothing; the format wants one.
const PASSWORD: &str = "ultra";

pub struct Certificate {
    /// SHA-256 of the DER bytes.
    pub hash: [u8; 32],
    pub pkcs12: Vec<u8>,
}

pub fn password() -> CString {
    CString::new(PASSWORD).unwrap_or_default()
}

/// Makes a key and its certificate.
pub fn make() -> Result<Certificate, ErrorStack> {
    // Before anything else touches OpenSSL: no configuration file may be read (msquic reference, trap 21).
    msquic_sys::ssl_init();
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let key = PKey::from_ec_key(EcKey::generate(&group)?)?;
    let certificate = sign(&key)?;
    let pkcs12 = Pkcs12::builder()
        .name("ultra")
        .pkey(&key)
        .cert(&certificate)
        // PBES2 with PBKDF2; the older algorithms need OpenSSL's legacy provider, which is not built.
        .key_algorithm(Nid::AES_256_CBC)
        .cert_algorithm(Nid::AES_256_CBC)
        .mac_md(MessageDigest::sha256())
        .build2(PASSWORD)?
        .to_der()?;
    let hash = openssl::sha::sha256(&certificate.to_der()?);
    Ok(Certificate { hash, pkcs12 })
}

fn sign(key: &PKey<Private>) -> Result<X509, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_text("CN", "ultra")?;
    let name = name.build();
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::MAYBE_ZERO, false)?;

    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    let serial = Asn1Integer::from_bn(&serial)?;
    builder.set_serial_number(&serial)?;
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(&name)?;
    builder.set_pubkey(key)?;
    let (from, to) = (
        Asn1Time::from_str("20200101000000Z")?,
        Asn1Time::from_str("21200101000000Z")?,
    );
    builder.set_not_before(&from)?;
    builder.set_not_after(&to)?;
    builder.sign(key, MessageDigest::sha256())?;
    Ok(builder.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_certificate_is_its_own_and_the_pkcs12_opens() {
        let (one, two) = (make().unwrap(), make().unwrap());
        assert_ne!(one.hash, two.hash);
        let parsed = Pkcs12::from_der(&one.pkcs12).unwrap().parse2(PASSWORD).unwrap();
        let der = parsed.cert.unwrap().to_der().unwrap();
        assert_eq!(openssl::sha::sha256(&der), one.hash);
        assert!(parsed.pkey.is_some());
    }
}
