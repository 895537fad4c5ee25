/** Bytes and their spellings; every decoder takes one spelling and no other, so that no changed character passes. */

export type Bytes = Uint8Array<ArrayBuffer>;

const CHUNK = 8192;

/** Each byte as the character of the same number: a text whose places are the places of the bytes. */
export function latin1(data: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < data.length; at += CHUNK) {
    pieces.push(String.fromCharCode(...data.subarray(at, at + CHUNK)));
  }
  return pieces.join("");
}

export function fromLatin1(text: string): Bytes {
  const data = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) data[at] = text.charCodeAt(at) & 0xff;
  return data;
}

export const utf8 = (text: string): Bytes => new TextEncoder().encode(text) as Bytes;

/** Decodes strictly; throws a TypeError on anything that is not UTF-8. */
export const fromUtf8 = (data: Uint8Array): string =>
  new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);

export function toHex(data: Uint8Array): string {
  let text = "";
  for (const byte of data) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** Decodes hexadecimal of either case; null when it is none. */
export function fromHex(text: string): Bytes | null {
  if (text.length % 2 || /[^0-9a-fA-F]/.test(text)) return null;
  const data = new Uint8Array(text.length / 2);
  for (let at = 0; at < data.length; at++) data[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return data;
}

/** Decodes base64 with its padding; null when it is none. */
export function fromBase64(text: string): Bytes | null {
  if (text.length % 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  try {
    return fromLatin1(atob(text));
  } catch {
    return null;
  }
}

export function toBase64Url(data: Uint8Array): string {
  return btoa(latin1(data)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** Decodes base64url without padding; null for every spelling but the one `toBase64Url` writes. */
export function fromBase64Url(text: string): Bytes | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const data = fromLatin1(atob(text.replace(/-/g, "+").replace(/_/g, "/")));
  return toBase64Url(data) === text ? data : null;
}

export function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

export function joined(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export type Hash = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";

export async function hashOf(name: Hash, data: Uint8Array): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest(name, data as Bytes));
}

export const sha256 = (data: Uint8Array): Promise<Bytes> => hashOf("SHA-256", data);

/** Lower-case hexadecimal. */
export const sha256Hex = async (data: Uint8Array): Promise<string> => toHex(await sha256(data));
