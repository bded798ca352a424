// Ed25519 signatures by the OpenSSL that Node carries, asked directly. Node itself takes a private key as text or as DER: text
// cannot be overwritten, of DER OpenSSL's decoders leave copies in memory that they free, and Node's own objects hold a key until
// the collector runs. Here its bytes are read where they lie, and what OpenSSL makes of them is overwritten as it is freed.
import { program } from './native.js';

/** EVP_PKEY_ED25519, the number of its object identifier. */
const ed25519 = 1087;
const publicBytes = 32;
const signatureBytes = 64;

const newPrivateKey = openssl('void *EVP_PKEY_new_raw_private_key(int type, void *engine, const uint8_t *seed, size_t length)');
const getPublicKey = openssl('int EVP_PKEY_get_raw_public_key(void *key, _Out_ uint8_t *bytes, _Inout_ size_t *length)');
const freeKey = openssl('void EVP_PKEY_free(void *key)');
const newContext = openssl('void *EVP_MD_CTX_new()');
const freeContext = openssl('void EVP_MD_CTX_free(void *context)');
const beginSigning = openssl('int EVP_DigestSignInit(void *context, void **unused, void *digest, void *engine, void *key)');
const signText = openssl(
  'int EVP_DigestSign(void *context, _Out_ uint8_t *signature, _Inout_ size_t *length, const uint8_t *text, size_t textLength)',
);

/** The 32 bytes of the public key. `seed`: 32 bytes, RFC 8032. @throws Error where OpenSSL refuses */
export function publicKeyOf(seed: Uint8Array): Buffer {
  return withKey(seed, (key) => filled(publicBytes, (bytes, length) => getPublicKey(key, bytes, length) as number));
}

/** The 64 bytes of the signature over `text`. @throws Error where OpenSSL refuses */
export function sign(seed: Uint8Array, text: Uint8Array): Buffer {
  return withKey(seed, (key) => {
    const context: unknown = newContext();
    try {
      must(context !== null && beginSigning(context, null, null, null, key) === 1);
      return filled(signatureBytes, (bytes, length) => signText(context, bytes, length, text, text.length) as number);
    } finally {
      freeContext(context);
    }
  });
}

/** A function of OpenSSL, looked for when it is first called: where it is not to be had, that is said and nothing was begun. */
function openssl(prototype: string): (...given: readonly unknown[]) => unknown {
  let found: ((...given: readonly unknown[]) => unknown) | undefined;
  return (...given) => {
    try {
      found ??= program.func(prototype) as (...given: readonly unknown[]) => unknown;
    } catch (error) {
      throw new Error(`${process.execPath} hides its OpenSSL, which signs the log: use a Node as nodejs.org or Debian builds it`, { cause: error });
    }
    return found(...given);
  };
}

function withKey<T>(seed: Uint8Array, use: (key: unknown) => T): T {
  const key: unknown = newPrivateKey(ed25519, null, seed, seed.length);
  must(key !== null);
  try {
    return use(key);
  } finally {
    freeKey(key);
  }
}

function filled(size: number, fill: (bytes: Buffer, length: number[]) => number): Buffer {
  const bytes = Buffer.alloc(size);
  const length = [size];
  must(fill(bytes, length) === 1 && length[0] === size);
  return bytes;
}

function must(isDone: boolean): void {
  if (!isDone) throw new Error('OpenSSL could not make or use an Ed25519 key');
}
