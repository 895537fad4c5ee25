/**
 * Reads the containers of a document's signatures strictly: their own DER, zero padded, nothing to spare.
 *
 * PDF tools accept more than one spelling of a container: a bit flipped in its padding, or in a certificate nobody
 * reads, would pass unnoticed (ISO 32000-1, 12.8; ETSI EN 319 142-1; RFC 5652, RFC 5035).
 */
import { Fault } from "./answers";
import { fromHex, hashOf, isEqual, joined, toHex, type Hash } from "./bytes";
import { contentOf, integerHex, isSame, oidOf, partsOf, readDer, smallInteger, TAG, type Node } from "./der";
import { attributesOf, signedBytes } from "./timestamp";
import { isAmong, isIssuedBy, readReportCertificate, schemeOf, verify, type Certificate } from "./x509";

/** The report's own and one document timestamp for every few years. */
const MAX_SIGNATURES = 32;
/** Between a container and its range. */
const MAX_SPACE_BYTES = 4;
const BYTE_RANGE =
  /\/ByteRange[ \t\n\r\v\f]*\[[ \t\n\r\v\f]*(\d{1,10})[ \t\n\r\v\f]+(\d{1,10})[ \t\n\r\v\f]+(\d{1,10})[ \t\n\r\v\f]+(\d{1,10})[ \t\n\r\v\f]*\]/g;
const hex = (text: string): Uint8Array => fromHex(text)!;
const SHA256_DER = hex("300d06096086480165030402010500");
const ECDSA_SHA256_DER = hex("300a06082a8648ce3d040302");
const DATA_DER = hex("300b06092a864886f70d010701");
const OID = {
  data: "1.2.840.113549.1.7.1",
  signedData: "1.2.840.113549.1.7.2",
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  signingCertificateV2: "1.2.840.113549.1.9.16.2.47",
  token: "1.2.840.113549.1.9.16.2.14",
} as const;

/** Where a signature lies: everything from 0 to `end` is signed but the gap from `first` to `second`. */
export interface Spot {
  readonly first: number;
  readonly second: number;
  readonly end: number;
  /** DER, without its padding. */
  readonly container: Uint8Array;
}

/** The parts of the report's own signature container that verification needs. */
export interface Container {
  readonly chain: readonly Certificate[];
  readonly messageDigest: Uint8Array;
  readonly signedAttributes: Uint8Array;
  readonly signature: Uint8Array;
  /** The RFC 3161 timestamp over `signature`, DER. */
  readonly token: Uint8Array | null;
}

/** As the document writes them. */
export const numbersOf = (spot: Spot): string => [0, spot.first, spot.second, spot.end - spot.second].join(" ");

export const digestOfSpot = (spot: Spot, data: Uint8Array, hash: Hash): Promise<Uint8Array> =>
  hashOf(hash, joined(data.subarray(0, spot.first), data.subarray(spot.second, spot.end)));

/** Finds every signature of a document, each covering all that comes before its end; throws a Fault. */
export function findSpots(text: string): Spot[] {
  const spots: Spot[] = [];
  for (const numbers of text.matchAll(BYTE_RANGE)) {
    const [start, first, second, length] = numbers.slice(1).map(Number) as [number, number, number, number];
    const space = numbers.index - second;
    // Words of a seller, perhaps: ours stand right after the container they speak of.
    if (space <= 0 || space > MAX_SPACE_BYTES) continue;
    if (spots.length === MAX_SIGNATURES) throw new Fault("signature_misplaced");
    const earlier = spots[spots.length - 1]?.end ?? 0;
    const end = second + length;
    if (start !== 0 || !(earlier < first && first < second && end <= text.length)) throw new Fault("cut_or_added");
    spots.push({ first, second, end, container: unpadded(text.slice(first, second)) });
  }
  if (!spots.length) throw new Fault("not_signed");
  return spots;
}

function unpadded(gap: string): Uint8Array {
  if (!gap.startsWith("<") || !gap.endsWith(">")) throw new Fault("signature_misplaced");
  const padded = fromHex(gap.slice(1, -1));
  if (padded === null || toHex(padded).toUpperCase() !== gap.slice(1, -1)) throw new Fault("container_changed");
  if (padded.length < 4 || padded[0] !== 0x30 || padded[1] !== 0x82) throw new Fault("container_changed");
  const length = 4 + padded[2]! * 256 + padded[3]!;
  if (padded.subarray(length).some((octet) => octet !== 0)) throw new Fault("padding_changed");
  return padded.subarray(0, length);
}

/** Checks that a container signs this digest; throws a Fault `changed_after_signing` or `signature_changed`. */
export async function verifyContainer(container: Container, digest: Uint8Array): Promise<void> {
  if (!isEqual(digest, container.messageDigest)) throw new Fault("changed_after_signing");
  let fits = false;
  try {
    const scheme = schemeOf(readDer(ECDSA_SHA256_DER));
    fits = await verify(container.chain[0]!.spki, scheme, container.signature, container.signedAttributes);
  } catch {
    // Not even two numbers.
  }
  if (!fits) throw new Fault("signature_changed");
}

/** Reads a container and refuses every part that is not as a sealed report has it; throws a Fault `container_changed`. */
export async function readContainer(der: Uint8Array): Promise<Container> {
  try {
    return await read(der);
  } catch {
    throw new Fault("container_changed"); // hostile bytes fail in their own ways; the answer is the same
  }
}

async function read(der: Uint8Array): Promise<Container> {
  const [type, content] = partsOf(readDer(der), TAG.sequence, 2);
  must(oidOf(type) === OID.signedData);
  const [version, algorithms, encapsulated, listed, signers] = partsOf(partsOf(content, 0xa0, 1)[0], TAG.sequence, 5);
  const [signer] = partsOf(signers, TAG.set, 1);
  const fields = partsOf(signer, TAG.sequence);
  const [signerVersion, identifier, digestAlgorithm, signedAttributes, algorithm, signature, unsigned] = fields;
  must(fields.length === 6 || (fields.length === 7 && unsigned!.tag === 0xa1));
  must(smallInteger(version) === 1 && smallInteger(signerVersion) === 1);
  must(isSame(partsOf(algorithms, TAG.set, 1)[0], SHA256_DER) && isSame(encapsulated, DATA_DER));
  must(isSame(digestAlgorithm, SHA256_DER) && isSame(algorithm, ECDSA_SHA256_DER));
  const certificates = await Promise.all(partsOf(listed, 0xa0).map((each) => readReportCertificate(each.whole)));
  must(certificates.every((each, at) => !isAmong(each, certificates.slice(0, at))));
  const leaf = leafOf(certificates, identifier);
  const attributes = attributesOf(signedAttributes);
  must(attributes.size === 3 && oidOf(attributes.get(OID.contentType)) === OID.data);
  const named = partsOf(partsOf(partsOf(attributes.get(OID.signingCertificateV2), TAG.sequence)[0], TAG.sequence)[0], TAG.sequence);
  const hash = named.find((each) => each.tag === TAG.octetString);
  must(toHex(contentOf(hash, TAG.octetString)) === leaf.fingerprint);
  return {
    chain: await ordered(leaf, certificates),
    messageDigest: contentOf(attributes.get(OID.messageDigest), TAG.octetString),
    signedAttributes: signedBytes(signedAttributes!),
    signature: contentOf(signature, TAG.octetString),
    token: unsigned === undefined ? null : tokenOf(unsigned),
  };
}

/** The timestamp, the only thing that may stand outside what is signed. */
function tokenOf(unsigned: Node): Uint8Array {
  const attributes = attributesOf(unsigned, 0xa1);
  const token = attributes.get(OID.token);
  must(attributes.size === 1 && token !== undefined);
  return token!.whole;
}

function leafOf(certificates: readonly Certificate[], identifier: Node | undefined): Certificate {
  const [issuer, serial] = partsOf(identifier, TAG.sequence, 2);
  const leaf = certificates.find((each) => each.serial === integerHex(serial) && isEqual(each.issuer, issuer!.whole));
  must(leaf !== undefined);
  return leaf!;
}

/** Puts the certificates in the order in which each was issued by the next; none may be left over. */
async function ordered(leaf: Certificate, certificates: readonly Certificate[]): Promise<Certificate[]> {
  const chain = [leaf];
  let rest = certificates.filter((each) => each !== leaf);
  while (rest.length) {
    const below = chain[chain.length - 1]!;
    const issuer = rest.find((each) => isEqual(each.subject, below.issuer));
    must(issuer !== undefined && (await isIssuedBy(below, issuer)));
    chain.push(issuer!);
    rest = rest.filter((each) => each !== issuer);
  }
  return chain;
}

function must(isAsWritten: boolean): void {
  if (!isAsWritten) throw new Fault("container_changed");
}
