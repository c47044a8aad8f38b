/** Base32 (RFC 4648, lower case, no padding) and base64url (RFC 4648, no padding). */

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export function base32(bytes: Uint8Array): string {
  return encode(bytes, BASE32, 5);
}

export function base64url(bytes: Uint8Array): string {
  return encode(bytes, BASE64URL, 6);
}

/** The bytes of an unpadded base64url text, or null where it is none or has bits left over. */
export function fromBase64url(text: string): Uint8Array | null {
  const out: number[] = [];
  let held = 0;
  let heldBits = 0;
  for (const char of text) {
    const digit = BASE64URL.indexOf(char);
    if (digit < 0) return null;
    held = (held << 6) | digit;
    heldBits += 6;
    if (heldBits >= 8) {
      heldBits -= 8;
      out.push((held >> heldBits) & 0xff);
      held &= (1 << heldBits) - 1;
    }
  }
  // Six bits left over are a whole digit too many; fewer must be zero, or one value had two texts.
  if (heldBits >= 6 || held !== 0) return null;
  return Uint8Array.from(out);
}

function encode(bytes: Uint8Array, alphabet: string, digitBits: number): string {
  let out = '';
  let held = 0;
  let heldBits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    heldBits += 8;
    while (heldBits >= digitBits) {
      heldBits -= digitBits;
      out += alphabet.charAt(held >> heldBits);
      held &= (1 << heldBits) - 1;
    }
  }
  if (heldBits > 0) out += alphabet.charAt(held << (digitBits - heldBits));
  return out;
}
