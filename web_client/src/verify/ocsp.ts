/** Answers of RFC 6960 that revoke a certificate, believed only when its issuer or somebody it appointed signed them. */
import { hashOf, isEqual, type Hash } from "./bytes";
import { contentOf, integerHex, momentOf, NotDer, octetsOfBits, oidOf, partsOf, readDer, TAG, type Node } from "./der";
import { HASHES, isIssuedBy, isSignedBy, readCertificate, type Certificate, type RevokedEntry, type Signed } from "./x509";

const MAX_OCSP_BYTES = 64 * 1024;
const BASIC = "1.3.6.1.5.5.7.48.1.1";
const SHA1 = "1.3.14.3.2.26";
const OCSP_SIGNING = "1.3.6.1.5.5.7.3.9";
const REVOKED = 0xa1;

/** What an answer says of one certificate that it calls revoked. */
interface Single extends RevokedEntry {
  readonly hash: Hash;
  readonly issuerName: Uint8Array;
  readonly issuerKey: Uint8Array;
  readonly serial: string;
}

/** An answer with the certificates that came with it. */
interface Response {
  readonly signed: Signed;
  readonly producedAt: number;
  readonly singles: readonly Single[];
  readonly responders: readonly Certificate[];
}

/** Finds the certificates of a path that an answer revokes; what cannot be read, or nobody entitled signed, says nothing. */
export async function revokedByAnswer(
  der: Uint8Array,
  path: readonly Certificate[],
): Promise<(RevokedEntry & { certificate: Certificate })[]> {
  const found: (RevokedEntry & { certificate: Certificate })[] = [];
  if (der.length > MAX_OCSP_BYTES) return found;
  try {
    const response = await readResponse(der);
    for (const single of response.singles) {
      const { at, reason } = single;
      for (let place = 0; place + 1 < path.length; place++) {
        const [certificate, issuer] = [path[place]!, path[place + 1]!];
        const isAbout = single.serial === certificate.serial && (await isOf(single, issuer));
        if (isAbout && (await isEntitled(response, issuer))) found.push({ certificate, at, reason });
      }
    }
  } catch {
    // Hostile bytes fail in their own ways; whatever was not understood is not said.
  }
  return found;
}

async function readResponse(der: Uint8Array): Promise<Response> {
  const [status, bytes] = partsOf(readDer(der), TAG.sequence, 2);
  const [type, content] = partsOf(partsOf(bytes, 0xa0, 1)[0], TAG.sequence, 2);
  if (contentOf(status, TAG.enumerated)[0] !== 0 || oidOf(type) !== BASIC) throw new NotDer("no answer");
  const [body, algorithm, signature, listed] = partsOf(readDer(contentOf(content, TAG.octetString)), TAG.sequence);
  const fields = [...partsOf(body, TAG.sequence)];
  if (fields[0]?.tag === 0xa0) fields.shift();
  const [, producedAt, singles] = fields;
  const responders = listed === undefined ? [] : partsOf(partsOf(listed, 0xa0, 1)[0], TAG.sequence);
  return {
    signed: { content: body!.whole, algorithm: algorithm!, signature: octetsOfBits(signature) },
    producedAt: momentOf(producedAt),
    singles: partsOf(singles, TAG.sequence).flatMap(readSingle),
    responders: await Promise.all(responders.map((each) => readCertificate(each.whole))),
  };
}

function readSingle(node: Node): Single[] {
  const [id, status] = partsOf(node, TAG.sequence);
  if (status?.tag !== REVOKED) return [];
  const [algorithm, issuerName, issuerKey, serial] = partsOf(id, TAG.sequence, 4);
  const oid = oidOf(partsOf(algorithm, TAG.sequence)[0]);
  const hash = oid === SHA1 ? "SHA-1" : HASHES[oid];
  if (hash === undefined) throw new NotDer("another hash");
  const [at, reason] = status.parts;
  return [
    {
      hash,
      issuerName: contentOf(issuerName, TAG.octetString),
      issuerKey: contentOf(issuerKey, TAG.octetString),
      serial: integerHex(serial),
      at: momentOf(at),
      reason: reason === undefined ? null : (contentOf(partsOf(reason, 0xa0, 1)[0], TAG.enumerated)[0] ?? null),
    },
  ];
}

/** Whether an answer names this issuer, by name and key (RFC 6960, 4.1.1). */
async function isOf({ hash, issuerName, issuerKey }: Single, issuer: Certificate): Promise<boolean> {
  const bits = octetsOfBits(partsOf(readDer(issuer.spki), TAG.sequence, 2)[1]);
  return isEqual(issuerName, await hashOf(hash, issuer.subject)) && isEqual(issuerKey, await hashOf(hash, bits));
}

/** Whether the issuer signed an answer, or somebody it appointed for just that (RFC 6960, 4.2.2.2). */
async function isEntitled({ signed, producedAt, responders }: Response, issuer: Certificate): Promise<boolean> {
  if (await isSignedBy(signed, issuer)) return true;
  for (const responder of responders) {
    const isAppointed = responder.purposes?.oids.includes(OCSP_SIGNING) && isEqual(responder.issuer, issuer.subject);
    const isValid = responder.notBefore <= producedAt && producedAt <= responder.notAfter;
    if (!isAppointed || !isValid || !(await isSignedBy(signed, responder))) continue;
    if (await isIssuedBy(responder, issuer)) return true;
  }
  return false;
}
