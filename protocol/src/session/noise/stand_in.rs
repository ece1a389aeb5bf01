//! What Noise computes with in simulations: it protects nothing, see [`crate::stand_in`]. Names and lengths are those
//! of the suite.

use snow::{
    Error,
    params::{CipherChoice, DHChoice, HashChoice},
    resolvers::CryptoResolver,
    types::{Cipher, Dh, Hash, Random},
};

use crate::stand_in::{self, Mixer};

/// In the place of snow's own.
pub(super) struct DefaultResolver;

impl CryptoResolver for DefaultResolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        None
    }

    fn resolve_dh(&self, _choice: &DHChoice) -> Option<Box<dyn Dh>> {
        Some(Box::<CheapDh>::default())
    }

    fn resolve_hash(&self, _choice: &HashChoice) -> Option<Box<dyn Hash>> {
        Some(Box::new(CheapHash(Mixer::hash())))
    }

    fn resolve_cipher(&self, _choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        Some(Box::<CheapCipher>::default())
    }
}

#[derive(Default)]
struct CheapDh {
    secret: [u8; 32],
    public: [u8; 32],
}

impl Dh for CheapDh {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        32
    }

    fn priv_len(&self) -> usize {
        32
    }

    fn set(&mut self, secret: &[u8]) {
        copy(secret, &mut self.secret);
        self.public = stand_in::public_key(&self.secret);
    }

    fn generate(&mut self, random: &mut dyn Random) -> Result<(), Error> {
        let mut secret = [0; 32];
        random.try_fill_bytes(&mut secret)?;
        self.set(&secret);
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        &self.public
    }

    fn privkey(&self) -> &[u8] {
        &self.secret
    }

    fn dh(&self, public: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let public = public.first_chunk().ok_or(Error::Dh)?;
        copy(&stand_in::shared_secret(&self.secret, public), out);
        Ok(())
    }
}

struct CheapHash(Mixer);

impl Hash for CheapHash {
    fn name(&self) -> &'static str {
        "SHA256"
    }

    fn block_len(&self) -> usize {
        64
    }

    fn hash_len(&self) -> usize {
        32
    }

    fn reset(&mut self) {
        self.0 = Mixer::hash();
    }

    fn input(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn result(&mut self, out: &mut [u8]) {
        copy(&self.0.clone().finish(), out);
        self.reset();
    }

    fn hmac(&mut self, key: &[u8], bytes: &[u8], out: &mut [u8]) {
        let mut mixer = Mixer::mac(key);
        mixer.update(bytes);
        copy(&mixer.finish(), out);
    }
}

#[derive(Default)]
struct CheapCipher([u8; 32]);

impl Cipher for CheapCipher {
    fn name(&self) -> &'static str {
        "ChaChaPoly"
    }

    fn set(&mut self, key: &[u8; 32]) {
        self.0 = *key;
    }

    fn encrypt(&self, nonce: u64, aad: &[u8], plain: &[u8], out: &mut [u8]) -> usize {
        let Some((text, rest)) = out.split_at_mut_checked(plain.len()) else { return 0 };
        text.copy_from_slice(plain);
        let tag = stand_in::seal_in_place(&self.0, &nonce.to_le_bytes(), aad, text);
        copy(&tag, rest);
        plain.len() + tag.len()
    }

    fn decrypt(&self, nonce: u64, aad: &[u8], sealed: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        let (sealed, tag) = sealed.split_last_chunk().ok_or(Error::Decrypt)?;
        let text = out.get_mut(..sealed.len()).ok_or(Error::Decrypt)?;
        text.copy_from_slice(sealed);
        stand_in::open_in_place(&self.0, &nonce.to_le_bytes(), aad, text, tag).map_err(|_| Error::Decrypt)?;
        Ok(text.len())
    }
}

/// As much as there is and fits.
fn copy(from: &[u8], to: &mut [u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
