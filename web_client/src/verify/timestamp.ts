/**
 * Checks RFC 3161 timestamps strictly: of this very content, signed by a certificate made for nothing else.
 *
 * Whether the authority is believed depends on roots from outside (RFC 3161 and RFC 5816 over RFC 5652).
 */
import { Fault } from "./answers";
import { hashOf, isEqual, type Hash } from "./bytes";
import { firstRevoked, mayBeCompromised, pathTo, withGiven, type Lists, type Trust } from "./chain";
import { contentOf, integerHex, momentOf, NotDer, oidOf, partsOf, readDer, smallInteger, TAG, type Node } from "./der";
import { HASHES, isAmong, isIssuedBy, readCertificate, schemeOf, verify, type Certificate } from "./x509";

const MAX_TOKEN_BYTES = 64 * 1024;
const MAX_CERTIFICATES = 16;
const OID = {
  signedData: "1.2.840.113549.1.7.2",
  tstInfo: "1.2.840.113549.1.9.16.1.4",
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  signingCertificate: "1.2.840.113549.1.9.16.2.12",
  signingCertificateV2: "1.2.840.113549.1.9.16.2.47",
  timeStamping: "1.3.6.1.5.5.7.3.8",
  pss: "1.2.840.113549.1.1.10",
} as const;

/** A timestamp that is of this content and signed as it must be. */
export interface Stamp {
  readonly at: number;
  /** Common name, as its certificate has it. */
  readonly authority: string;
  /** Null: its chain ends in a root that was named for timestamps and is not the report's own. */
  readonly whyNot: string | null;
  readonly serial: string;
}

/** Hashes what must have been stamped. */
export type Digest = (hash: Hash) => Promise<Uint8Array>;

export const digestOf =
  (data: Uint8Array): Digest =>
  (hash) =>
    hashOf(hash, data);

export interface Around {
  readonly trust: Trust;
  /** Of the report; an authority under the same root is its own witness. */
  readonly signerChain: readonly Certificate[];
  /** Issuing certificates the file holds beside the token. */
  readonly certificates: readonly Certificate[];
  readonly revokedBy: Lists;
}

/** Checks one token; throws a Fault `timestamp_malformed`, `timestamp_of_another` or `timestamp_forged`. */
export async function checkToken(der: Uint8Array, digest: Digest, around: Around): Promise<Stamp> {
  try {
    if (der.length > MAX_TOKEN_BYTES) throw new Fault("timestamp_malformed");
    const [type, content] = partsOf(readDer(der), TAG.sequence, 2);
    if (oidOf(type) !== OID.signedData) throw new Fault("timestamp_malformed");
    return await check(partsOf(content, 0xa0, 1)[0]!, digest, around);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault("timestamp_malformed"); // hostile bytes fail in their own ways; the answer is the same
  }
}

async function check(signed: Node, digest: Digest, around: Around): Promise<Stamp> {
  const [version, algorithms, encapsulated, ...rest] = partsOf(signed, TAG.sequence);
  const listed = rest[0]?.tag === 0xa0 ? rest.shift()!.parts : [];
  const [signers, ...more] = rest;
  const [signer] = partsOf(signers, TAG.set, 1);
  if (more.length || smallInteger(version) !== 3) throw new NotDer("another version");
  const [type, wrapped] = partsOf(encapsulated, TAG.sequence, 2);
  if (oidOf(type) !== OID.tstInfo) throw new NotDer("not a timestamp");
  const content = contentOf(partsOf(wrapped, 0xa0, 1)[0], TAG.octetString);
  const info = partsOf(readDer(content), TAG.sequence);
  const fields = partsOf(signer, TAG.sequence, 6);
  checkUnsigned(algorithms, fields);
  const own = await Promise.all(listed.map((each) => readCertificate(each.whole)));
  if (own.length > MAX_CERTIFICATES || own.some((each, at) => isAmong(each, own.slice(0, at)))) throw new NotDer("certificates");
  const leaf = leafOf(own, fields[1]);
  await checkSignature(fields, leaf, content);
  if (smallInteger(info[0]) !== 1) throw new NotDer("another version");
  const [algorithm, hashed] = partsOf(info[2], TAG.sequence, 2);
  const hash = hashNamed(algorithm);
  if (!isEqual(contentOf(hashed, TAG.octetString), await digest(hash))) throw new Fault("timestamp_of_another");
  const at = momentOf(info[4]);
  const chain = await ordered(leaf, own, around.certificates);
  return { at, authority: leaf.commonName, whyNot: await whyNotTrusted(chain, around, at), serial: integerHex(info[3]) };
}

/** Refuses other values of what no signature covers and nobody needs: versions, repeated algorithms, parameters. */
function checkUnsigned(algorithms: Node | undefined, fields: readonly Node[]): void {
  const [version, , digestAlgorithm, , signatureAlgorithm] = fields;
  const repeated = partsOf(algorithms, TAG.set, 1)[0]!;
  if (smallInteger(version) !== 1 || !isEqual(repeated.whole, digestAlgorithm!.whole)) throw new NotDer("versions");
  for (const each of [digestAlgorithm, signatureAlgorithm]) {
    const [oid, parameters] = partsOf(each, TAG.sequence);
    if (parameters && parameters.tag !== TAG.nothing && oidOf(oid) !== OID.pss) throw new NotDer("parameters");
  }
}

/** Finds the authority's certificate, which must be made for timestamps and nothing else (RFC 3161, 2.3). */
function leafOf(own: readonly Certificate[], identifier: Node | undefined): Certificate {
  const [issuer, serial] = partsOf(identifier, TAG.sequence, 2);
  const leaf = own.find((each) => each.serial === integerHex(serial) && isEqual(each.issuer, issuer!.whole));
  if (!leaf?.purposes) throw new NotDer("no certificate");
  const { oids, isCritical } = leaf.purposes;
  if (!isCritical || oids.length !== 1 || oids[0] !== OID.timeStamping) throw new Fault("timestamp_forged");
  return leaf;
}

async function checkSignature(fields: readonly Node[], leaf: Certificate, content: Uint8Array): Promise<void> {
  const attributes = attributesOf(fields[3]);
  const hash = hashNamed(fields[2]);
  if (oidOf(attributes.get(OID.contentType)) !== OID.tstInfo) throw new NotDer("content type");
  const digest = contentOf(attributes.get(OID.messageDigest), TAG.octetString);
  if (!isEqual(digest, await hashOf(hash, content))) throw new Fault("timestamp_forged");
  if (!(await isNamed(attributes, leaf))) throw new Fault("timestamp_forged");
  const scheme = schemeOf(fields[4]!, hash);
  if (scheme.hash !== hash) throw new NotDer("two hashes");
  const signature = contentOf(fields[5], TAG.octetString);
  let fits = false;
  try {
    fits = await verify(leaf.spki, scheme, signature, signedBytes(fields[3]!));
  } catch {
    // A signature that is not even two numbers is as forged as any other.
  }
  if (!fits) throw new Fault("timestamp_forged");
}

/** The signed attributes as they were hashed: as a set of their own (RFC 5652, section 5.4). */
export function signedBytes(attributes: Node): Uint8Array {
  const bytes = attributes.whole.slice();
  bytes[0] = TAG.set;
  return bytes;
}

/** Attributes by type; each may have one value and stand once. */
export function attributesOf(node: Node | undefined, tag = 0xa0): Map<string, Node> {
  const found = new Map<string, Node>();
  for (const each of partsOf(node, tag)) {
    const [oid, values] = partsOf(each, TAG.sequence, 2);
    const name = oidOf(oid);
    if (found.has(name)) throw new NotDer("twice");
    found.set(name, partsOf(values, TAG.set, 1)[0]!);
  }
  return found;
}

function hashNamed(algorithm: Node | undefined): Hash {
  const name = oidOf(partsOf(algorithm, TAG.sequence)[0]);
  const hash = Object.hasOwn(HASHES, name) ? HASHES[name] : undefined;
  if (hash === undefined) throw new NotDer("another hash");
  return hash;
}

/** Whether the signed attributes name this certificate (RFC 5816; SHA-1 names of RFC 2634 are still common). */
async function isNamed(attributes: ReadonlyMap<string, Node>, leaf: Certificate): Promise<boolean> {
  let isNamedOnce = false;
  const [v2, v1] = [attributes.get(OID.signingCertificateV2), attributes.get(OID.signingCertificate)];
  for (const [named, old] of [[v2, false], [v1, true]] as const) {
    if (named === undefined) continue;
    const first = partsOf(partsOf(partsOf(named, TAG.sequence)[0], TAG.sequence)[0], TAG.sequence);
    const algorithm = !old && first[0]?.tag === TAG.sequence ? first[0] : null;
    const hash: Hash = old ? "SHA-1" : algorithm === null ? "SHA-256" : hashNamed(algorithm);
    const value = contentOf(algorithm === null ? first[0] : first[1], TAG.octetString);
    if (!isEqual(value, await hashOf(hash, leaf.der))) return false;
    isNamedOnce = true;
  }
  return isNamedOnce;
}

/** Follows the chain upwards; every certificate inside the token must be part of it. */
async function ordered(leaf: Certificate, own: readonly Certificate[], beside: readonly Certificate[]): Promise<Certificate[]> {
  const chain = [leaf];
  let rest: Certificate[] = [];
  for (const each of [...own, ...beside]) if (!isAmong(each, [leaf, ...rest])) rest.push(each);
  while (chain.length < MAX_CERTIFICATES) {
    const issuer = await issuerAmong(chain[chain.length - 1]!, rest);
    if (issuer === null) break;
    chain.push(issuer);
    rest = rest.filter((each) => each !== issuer);
  }
  if (own.some((each) => isAmong(each, rest))) throw new Fault("timestamp_malformed");
  return chain;
}

async function issuerAmong(certificate: Certificate, others: readonly Certificate[]): Promise<Certificate | null> {
  for (const other of others) if (await isIssuedBy(certificate, other)) return other;
  return null;
}

async function whyNotTrusted(chain: readonly Certificate[], around: Around, at: number): Promise<string | null> {
  const { trust, signerChain, revokedBy } = around;
  const [top, ours] = [chain[chain.length - 1]!, signerChain[signerChain.length - 1]!];
  if (isAmong(top, signerChain) || sharesRoot(top, ours)) return "own_root";
  const independent: Certificate[] = [];
  for (const root of trust.timeRoots) {
    if (!isEqual(root.der, ours.der) && !(await isIssuedBy(ours, root))) independent.push(root);
  }
  if (!independent.length) return trust.timeRoots.length ? "unknown_root" : "none_given";
  let anchor: Certificate;
  try {
    anchor = await pathTo(chain, independent, at, true);
  } catch {
    return "unknown_root"; // every way of not leading to a root we may believe is the same here
  }
  const revoked = await firstRevoked([...chain, anchor], withGiven(trust, revokedBy));
  // Whoever has an authority's key can name any time; only a reason that says otherwise saves earlier stamps.
  return revoked && (revoked.at <= at || mayBeCompromised(revoked)) ? "revoked" : null;
}

/** Whether two chains end under one issuer, as far as they say themselves. */
function sharesRoot(one: Certificate, other: Certificate): boolean {
  const [mine, theirs] = [one.authorityKey, other.authorityKey];
  const isSameKey = mine === null || theirs === null ? mine === theirs : isEqual(mine, theirs);
  return isEqual(one.issuer, other.issuer) && isSameKey;
}
