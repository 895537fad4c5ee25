/** Certificates and revocation lists as RFC 5280 has them, read strictly; whether anybody believes them comes later. */
import { fromBase64, fromUtf8, isEqual, joined, latin1, sha256Hex, toHex, type Bytes, type Hash } from "./bytes";
import { contentOf, integerHex, momentOf, NotDer, octetsOfBits, oidOf, partsOf, readDer, smallInteger, TAG, type Node } from "./der";

const COMMON_NAME = "2.5.4.3";
const ORGANIZATIONAL_UNIT = "2.5.4.11";
const DEVELOPMENT_MARK = "DEVELOPMENT - NOT FOR PRODUCTION";
const REASON = "2.5.29.21";
const OID = {
  subjectKey: "2.5.29.14",
  keyUsage: "2.5.29.15",
  basicConstraints: "2.5.29.19",
  authorityKey: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
} as const;
/** Extensions whose meaning is heeded, or changes nothing about whether a path holds. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  ...Object.values(OID),
  "2.5.29.17", // other names of the subject
  "2.5.29.31", // where to ask for lists
  "2.5.29.32", // policies: any of them will do
]);

export interface Certificate {
  readonly der: Uint8Array;
  readonly fingerprint: string;
  /** Hexadecimal. */
  readonly serial: string;
  /** DER of the names. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly commonName: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** DER of the subject's public key. */
  readonly spki: Uint8Array;
  readonly signed: Signed;
  readonly isDevelopment: boolean;
  /** The algorithm outside the signed part is the one inside it, which nothing else protects. */
  readonly isUnaltered: boolean;
  readonly keyUsage: number | null;
  readonly purposes: { readonly oids: readonly string[]; readonly isCritical: boolean } | null;
  readonly authority: { readonly isAuthority: boolean; readonly pathLength: number | null } | null;
  readonly subjectKey: Uint8Array | null;
  readonly authorityKey: Uint8Array | null;
  readonly hasUnknownDemand: boolean;
}

/** Bits of `keyUsage`. */
export const USAGE = { digitalSignature: 0x80, contentCommitment: 0x40, keyCertSign: 0x04 } as const;

/** What a list or an answer says of a certificate it revokes. */
export interface RevokedEntry {
  readonly at: number;
  /** As RFC 5280, 5.3.1, numbers them; null when none is given. */
  readonly reason: number | null;
}

export interface RevocationList {
  readonly issuer: Uint8Array;
  /** By serial number. */
  readonly revoked: ReadonlyMap<string, RevokedEntry>;
  readonly signed: Signed;
}

/** Something with a signature beside it. */
export interface Signed {
  readonly content: Uint8Array;
  readonly algorithm: Node;
  readonly signature: Uint8Array;
}

/** Reads a certificate; throws when it is none. */
export async function readCertificate(der: Uint8Array): Promise<Certificate> {
  const [body, algorithm, signature] = partsOf(readDer(der), TAG.sequence, 3);
  const fields = [...partsOf(body, TAG.sequence)];
  const version = fields[0]?.tag === 0xa0 ? smallInteger(fields.shift()!.parts[0]) : 0;
  const [serial, inside, issuer, validity, subject, key, ...rest] = fields;
  if (version > 2 || (version < 2 && rest.length)) throw new NotDer("another version");
  const [from, until] = partsOf(validity, TAG.sequence, 2);
  const extensions = readExtensions(rest);
  const names = [...attributes(subject, ORGANIZATIONAL_UNIT), ...attributes(issuer, ORGANIZATIONAL_UNIT)];
  return {
    der,
    fingerprint: await sha256Hex(der),
    serial: integerHex(serial),
    issuer: issuer!.whole,
    subject: subject!.whole,
    commonName: attributes(subject, COMMON_NAME)[0] ?? attributes(subject)[0] ?? "?",
    notBefore: momentOf(from),
    notAfter: momentOf(until),
    spki: (partsOf(key, TAG.sequence, 2), key!.whole),
    signed: { content: body!.whole, algorithm: algorithm!, signature: octetsOfBits(signature) },
    isDevelopment: names.includes(DEVELOPMENT_MARK),
    isUnaltered: isEqual(algorithm!.whole, inside!.whole),
    ...extensions,
  };
}

/** Reads a certificate for a P-256 key, as every one in a report's own chain is. */
export async function readReportCertificate(der: Uint8Array): Promise<Certificate> {
  const certificate = await readCertificate(der);
  const key = keyOf(certificate.spki);
  if (key.kind !== "ec" || key.curve !== "P-256") throw new NotDer("not a key on P-256");
  await importKey(certificate.spki, { name: "ECDSA", namedCurve: "P-256" });
  return certificate;
}

/** Reads a revocation list; throws when it is none. */
export function readRevocationList(der: Uint8Array): RevocationList {
  const [body, algorithm, signature] = partsOf(readDer(der), TAG.sequence, 3);
  const fields = [...partsOf(body, TAG.sequence)];
  if (fields[0]?.tag === TAG.integer) fields.shift();
  const [inside, issuer, updated, ...rest] = fields;
  momentOf(updated);
  if (rest[0] && (rest[0].tag === TAG.utcTime || rest[0].tag === TAG.generalizedTime)) momentOf(rest.shift());
  const revoked = new Map<string, RevokedEntry>();
  if (rest[0]?.tag === TAG.sequence) {
    for (const entry of rest.shift()!.parts) {
      const [serial, at, more] = partsOf(entry, TAG.sequence);
      const number = integerHex(serial);
      if (!revoked.has(number)) revoked.set(number, { at: momentOf(at), reason: reasonOf(more) });
    }
  }
  if (!isEqual(inside!.whole, algorithm!.whole)) throw new NotDer("another algorithm inside");
  return {
    issuer: issuer!.whole,
    revoked,
    signed: { content: body!.whole, algorithm: algorithm!, signature: octetsOfBits(signature) },
  };
}

function reasonOf(extensions: Node | undefined): number | null {
  for (const each of extensions === undefined ? [] : partsOf(extensions, TAG.sequence)) {
    const fields = partsOf(each, TAG.sequence);
    if (oidOf(fields[0]) !== REASON) continue;
    return contentOf(readDer(contentOf(fields[fields.length - 1], TAG.octetString)), TAG.enumerated)[0] ?? null;
  }
  return null;
}

/** Takes the certificates or lists out of a PEM file, or gives a DER file as it is. */
export function unarmoured(data: Uint8Array, label: "CERTIFICATE" | "X509 CRL"): Uint8Array[] {
  const text = latin1(data);
  if (!text.includes("-----BEGIN ")) return [data];
  const found = text.matchAll(new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`, "g"));
  return [...found].map((each) => {
    const der = fromBase64(each[1]!.replace(/\s+/g, ""));
    if (der === null) throw new NotDer("not PEM");
    return der;
  });
}

export const isAmong = (certificate: Certificate, others: readonly Certificate[]): boolean =>
  others.some((other) => isEqual(other.der, certificate.der));

/** Whether a certificate names another as its issuer and was signed by its key. */
export async function isIssuedBy(certificate: Certificate, issuer: Certificate): Promise<boolean> {
  if (!isEqual(certificate.issuer, issuer.subject) || !certificate.isUnaltered) return false;
  return isSignedBy(certificate.signed, issuer);
}

export async function isSignedBy(signed: Signed, issuer: Certificate): Promise<boolean> {
  try {
    return await verify(issuer.spki, schemeOf(signed.algorithm), signed.signature, signed.content);
  } catch {
    return false;
  }
}

export interface Scheme {
  readonly kind: "ecdsa" | "rsa" | "pss";
  readonly hash: Hash;
  readonly saltBytes: number;
}

const SCHEMES: Readonly<Record<string, Scheme>> = {
  "1.2.840.10045.4.3.2": { kind: "ecdsa", hash: "SHA-256", saltBytes: 0 },
  "1.2.840.10045.4.3.3": { kind: "ecdsa", hash: "SHA-384", saltBytes: 0 },
  "1.2.840.10045.4.3.4": { kind: "ecdsa", hash: "SHA-512", saltBytes: 0 },
  "1.2.840.113549.1.1.11": { kind: "rsa", hash: "SHA-256", saltBytes: 0 },
  "1.2.840.113549.1.1.12": { kind: "rsa", hash: "SHA-384", saltBytes: 0 },
  "1.2.840.113549.1.1.13": { kind: "rsa", hash: "SHA-512", saltBytes: 0 },
};
const PSS = "1.2.840.113549.1.1.10";
const PLAIN_RSA = "1.2.840.113549.1.1.1";
export const HASHES: Readonly<Record<string, Hash>> = {
  "2.16.840.1.101.3.4.2.1": "SHA-256",
  "2.16.840.1.101.3.4.2.2": "SHA-384",
  "2.16.840.1.101.3.4.2.3": "SHA-512",
};

/** What an algorithm identifier asks for; `digest` is the one named beside a bare RSA key. Throws for others. */
export function schemeOf(algorithm: Node, digest?: Hash): Scheme {
  const [oid, parameters] = partsOf(algorithm, TAG.sequence);
  const name = oidOf(oid);
  if (name === PSS) return pss(parameters);
  if (parameters !== undefined && parameters.tag !== TAG.nothing) throw new NotDer("parameters");
  if (name === PLAIN_RSA && digest !== undefined) return { kind: "rsa", hash: digest, saltBytes: 0 };
  const scheme = Object.hasOwn(SCHEMES, name) ? SCHEMES[name] : undefined;
  if (scheme === undefined) throw new NotDer("an algorithm nobody should use");
  return scheme;
}

/** Checks a signature with a key; RSA below 2048 bits counts as none. */
export async function verify(spki: Uint8Array, scheme: Scheme, signature: Uint8Array, content: Uint8Array): Promise<boolean> {
  const key = keyOf(spki);
  if (scheme.kind === "ecdsa") {
    if (key.kind !== "ec") return false;
    const raw = rawSignature(signature, key.bytes);
    const imported = await importKey(spki, { name: "ECDSA", namedCurve: key.curve });
    return crypto.subtle.verify({ name: "ECDSA", hash: scheme.hash }, imported, raw, content as Bytes);
  }
  if (key.kind !== "rsa" || key.bits < 2048) return false;
  const name = scheme.kind === "pss" ? "RSA-PSS" : "RSASSA-PKCS1-v1_5";
  const imported = await importKey(spki, { name, hash: scheme.hash });
  const parameters = scheme.kind === "pss" ? { name, saltLength: scheme.saltBytes } : { name };
  return crypto.subtle.verify(parameters, imported, signature as Bytes, content as Bytes);
}

/** Checks a P-256 signature that is already two numbers of 32 bytes. */
export async function verifyRaw(spki: Uint8Array, signature: Uint8Array, content: Uint8Array): Promise<boolean> {
  const imported = await importKey(spki, { name: "ECDSA", namedCurve: "P-256" });
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, imported, signature as Bytes, content as Bytes);
}

/** The point of a P-256 key, for its name (RFC 7638). */
export function pointOf(spki: Uint8Array): { x: Uint8Array; y: Uint8Array } {
  const bits = octetsOfBits(partsOf(readDer(spki), TAG.sequence, 2)[1]);
  if (bits.length !== 65 || bits[0] !== 4) throw new NotDer("not a plain point");
  return { x: bits.subarray(1, 33), y: bits.subarray(33) };
}

type Key = { kind: "ec"; curve: "P-256" | "P-384" | "P-521"; bytes: number } | { kind: "rsa"; bits: number } | { kind: "other" };

function keyOf(spki: Uint8Array): Key {
  const [algorithm, bits] = partsOf(readDer(spki), TAG.sequence, 2);
  const [oid, parameters] = partsOf(algorithm, TAG.sequence);
  const name = oidOf(oid);
  if (name === "1.2.840.10045.2.1") {
    const curve = oidOf(parameters);
    if (curve === "1.2.840.10045.3.1.7") return { kind: "ec", curve: "P-256", bytes: 32 };
    if (curve === "1.3.132.0.34") return { kind: "ec", curve: "P-384", bytes: 48 };
    if (curve === "1.3.132.0.35") return { kind: "ec", curve: "P-521", bytes: 66 };
  }
  if (name === PLAIN_RSA) {
    const modulus = contentOf(partsOf(readDer(octetsOfBits(bits)), TAG.sequence, 2)[0], TAG.integer);
    return { kind: "rsa", bits: 8 * (modulus[0] === 0 ? modulus.length - 1 : modulus.length) };
  }
  return { kind: "other" };
}

const importKey = (spki: Uint8Array, algorithm: EcKeyImportParams | RsaHashedImportParams): Promise<CryptoKey> =>
  crypto.subtle.importKey("spki", spki as Bytes, algorithm, false, ["verify"]);

/** Turns the two numbers of an ECDSA signature into the fixed form WebCrypto takes. */
function rawSignature(der: Uint8Array, bytes: number): Bytes {
  const numbers = partsOf(readDer(der), TAG.sequence, 2).map((node) => {
    const content = contentOf(node, TAG.integer);
    const plain = content[0] === 0 ? content.subarray(1) : content;
    if (content[0]! & 0x80 || plain.length > bytes) throw new NotDer("a number out of range");
    return joined(new Uint8Array(bytes - plain.length), plain);
  });
  return joined(...numbers);
}

function pss(parameters: Node | undefined): Scheme {
  const given = new Map(partsOf(parameters, TAG.sequence).map((part) => [part.tag, part.parts[0]]));
  const hash = HASHES[oidOf(partsOf(given.get(0xa0), TAG.sequence)[0])];
  const [mask, inner] = partsOf(given.get(0xa1), TAG.sequence, 2);
  const isSameHash = oidOf(mask) === "1.2.840.113549.1.1.8" && HASHES[oidOf(partsOf(inner, TAG.sequence)[0])] === hash;
  if (hash === undefined || !isSameHash) throw new NotDer("an unusual mask");
  return { kind: "pss", hash, saltBytes: given.has(0xa2) ? smallInteger(given.get(0xa2)) : 20 };
}

type Extensions = Pick<
  Certificate,
  "keyUsage" | "purposes" | "authority" | "subjectKey" | "authorityKey" | "hasUnknownDemand"
>;

function readExtensions(rest: readonly Node[]): Extensions {
  const last = rest[rest.length - 1];
  const found = new Map<string, { isCritical: boolean; value: Uint8Array }>();
  for (const each of last?.tag === 0xa3 ? partsOf(last.parts[0], TAG.sequence) : []) {
    const [oid, ...fields] = partsOf(each, TAG.sequence);
    const isCritical = fields[0]?.tag === TAG.boolean ? fields.shift()!.content[0] === 0xff : false;
    const name = oidOf(oid);
    if (found.has(name) || fields.length !== 1) throw new NotDer("an extension twice");
    found.set(name, { isCritical, value: contentOf(fields[0], TAG.octetString) });
  }
  const read = <T>(oid: string, how: (node: Node, isCritical: boolean) => T): T | null => {
    const extension = found.get(oid);
    return extension === undefined ? null : how(readDer(extension.value), extension.isCritical);
  };
  return {
    keyUsage: read(OID.keyUsage, (node) => contentOf(node, TAG.bitString)[1] ?? 0),
    purposes: read(OID.extendedKeyUsage, (node, isCritical) => ({
      oids: partsOf(node, TAG.sequence).map(oidOf),
      isCritical,
    })),
    authority: read(OID.basicConstraints, (node) => {
      const fields = [...partsOf(node, TAG.sequence)];
      const isAuthority = fields[0]?.tag === TAG.boolean && fields.shift()!.content[0] === 0xff;
      return { isAuthority, pathLength: fields.length ? smallInteger(fields[0]) : null };
    }),
    subjectKey: read(OID.subjectKey, (node) => contentOf(node, TAG.octetString)),
    authorityKey: read(OID.authorityKey, (node) => partsOf(node, TAG.sequence).find((p) => p.tag === 0x80)?.content ?? null),
    hasUnknownDemand: [...found].some(([name, { isCritical }]) => isCritical && !UNDERSTOOD.has(name)),
  };
}

/** The texts of a name: of one kind, or all. */
function attributes(name: Node | undefined, kind?: string): string[] {
  const texts: string[] = [];
  for (const set of partsOf(name, TAG.sequence)) {
    for (const each of partsOf(set, TAG.set)) {
      const [oid, value] = partsOf(each, TAG.sequence, 2);
      if (kind === undefined || oidOf(oid) === kind) texts.push(nameText(value!));
    }
  }
  return texts;
}

function nameText(value: Node): string {
  if (value.tag === TAG.utf8) return fromUtf8(value.content);
  if (value.tag === 0x1e) return new TextDecoder("utf-16be").decode(value.content);
  return value.tag === 0x13 || value.tag === 0x16 || value.tag === 0x14 ? latin1(value.content) : toHex(value.content);
}
