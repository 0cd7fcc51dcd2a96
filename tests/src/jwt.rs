//! An issuer of tokens: a key made for one test, its JWKS, and tokens that it signs.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

/// An issuer with a key of its own.
#[derive(Debug)]
pub struct Issuer {
    url: String,
    /// PKCS #8.
    private: Vec<u8>,
    /// A point of the curve, uncompressed: a byte that says so, and two numbers of 32 bytes.
    public: Vec<u8>,
}

impl Issuer {
    /// An issuer of that URL, with a new key on the curve P-256: ES256 is one of the algorithms that STS
    /// takes.
    pub fn new(url: &str) -> Self {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let private = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
        let public = EcdsaKeyPair::from_pkcs8(algorithm, private.as_ref()).unwrap().public_key().as_ref().to_vec();
        Self { url: url.to_owned(), private: private.as_ref().to_vec(), public }
    }

    /// The URL, as tokens have it in `iss`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The public key, as IAM fetches it.
    pub fn jwks(&self) -> Value {
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&self.public[range]);
        let (x, y) = (part(1..33), part(33..65));
        json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.key_id(), "x": x, "y": y }
        ] })
    }

    /// Signs claims.
    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.key_id()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &EncodingKey::from_ec_der(&self.private)).unwrap()
    }

    fn key_id(&self) -> String {
        format!("key of {}", self.url)
    }
}
