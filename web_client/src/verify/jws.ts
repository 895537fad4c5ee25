/** Reads signatures over JSON strictly: ES256 with the certificates in the header, one spelling and no more (RFC 7515). */
import { Fault } from "./answers";
import { fromBase64, fromBase64Url, latin1, sha256, toBase64Url, utf8, type Bytes } from "./bytes";
import { canonicalBytes, hasExactly, readCanonicalObject, type JsonObject } from "./canonical";
import { isIssuedBy, pointOf, readReportCertificate, verifyRaw, type Certificate } from "./x509";

export const RECORD_TYPE = "application/vnd.inspection-report+json";
export const CORRECTION_TYPE = "application/vnd.inspection-correction+json";
export const BUNDLE_TYPE = "application/vnd.inspection-bundle+json";
export const HEAD_TYPE = "application/vnd.inspection-log-head+json";

export const MAX_JWS_BYTES = 64 * 1024;
const SIGNATURE_BYTES = 64;
const HEADER_KEYS = ["alg", "cty", "iat", "kid", "x5c"];
const MAX_CERTIFICATES = 8;
const YEAR_10000 = 253402300800;

/** A signature that fits its content. */
export interface SignedContent {
  /** The signer's certificate first, each issued by the next. */
  readonly chain: readonly Certificate[];
  /** By the signer's own clock. */
  readonly at: number;
}

/** Verifies a detached signature (`header..signature`) over content given beside it. */
export async function verifyDetached(content: Uint8Array, jws: Uint8Array, type: string = RECORD_TYPE): Promise<SignedContent> {
  const [header, payload, signature] = split(jws);
  if (payload !== "") throw new Fault("jws_malformed");
  return verified(header, toBase64Url(content), signature, type);
}

/** Verifies a signature that carries its content; gives the content too. */
export async function verifyCompact(jws: Uint8Array, type: string): Promise<[Bytes, SignedContent]> {
  const [header, payload, signature] = split(jws);
  const signed = await verified(header, payload, signature, type);
  const content = fromBase64Url(payload);
  if (content === null) throw new Fault("jws_malformed");
  return [content, signed];
}

function split(jws: Uint8Array): [string, string, string] {
  const parts = jws.length > MAX_JWS_BYTES ? [] : latin1(jws).split(".");
  if (parts.length !== 3 || jws.some((byte) => byte > 0x7f)) throw new Fault("jws_malformed");
  return parts as [string, string, string];
}

async function verified(header: string, payload: string, signature: string, type: string): Promise<SignedContent> {
  const { chain, at, contentType } = await readHeader(header);
  const raw = fromBase64Url(signature);
  if (contentType !== type || raw?.length !== SIGNATURE_BYTES) throw new Fault("jws_malformed");
  if (!(await verifyRaw(chain[0]!.spki, raw, utf8(`${header}.${payload}`)))) throw new Fault("jws_mismatch");
  return { chain, at };
}

async function readHeader(text: string): Promise<SignedContent & { contentType: string }> {
  try {
    const bytes = fromBase64Url(text);
    if (bytes !== null) return await checkedHeader(readCanonicalObject(bytes));
  } catch {
    // Any way of not being such a header is the same here.
  }
  throw new Fault("jws_malformed");
}

async function checkedHeader(header: JsonObject): Promise<SignedContent & { contentType: string }> {
  const { x5c, iat, cty, kid, alg } = header;
  if (!hasExactly(header, HEADER_KEYS) || alg !== "ES256" || typeof cty !== "string") throw new Error("header");
  if (!Array.isArray(x5c) || x5c.length < 1 || x5c.length > MAX_CERTIFICATES) throw new Error("certificates");
  if (typeof iat !== "number" || !Number.isInteger(iat) || Math.abs(iat) >= YEAR_10000) throw new Error("time");
  const chain: Certificate[] = [];
  for (const each of x5c as unknown[]) {
    const der = typeof each === "string" ? fromBase64(each) : null;
    if (der === null) throw new Error("certificate");
    chain.push(await readReportCertificate(der));
  }
  if (kid !== (await nameOf(chain[0]!))) throw new Error("another name");
  for (let place = 1; place < chain.length; place++) {
    if (!(await isIssuedBy(chain[place - 1]!, chain[place]!))) throw new Error("not issued by the next");
  }
  return { chain, at: iat * 1000, contentType: cty };
}

/** Names a key by what it is (RFC 7638). */
async function nameOf(certificate: Certificate): Promise<string> {
  const { x, y } = pointOf(certificate.spki);
  const members = { crv: "P-256", kty: "EC", x: toBase64Url(x), y: toBase64Url(y) };
  return toBase64Url(await sha256(canonicalBytes(members)));
}
