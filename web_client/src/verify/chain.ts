/**
 * Whether a signer's certificate leads to a root that the reader chose: the file never brings its own trust.
 *
 * Path validation of RFC 5280, offline, at the time that is proven or else claimed; revocation by the lists and answers in the file
 * or given beside it, each believed only when its issuer signed it. Demands a certificate makes that are not understood
 * here (name constraints, mapped policies) make the path not hold, never hold.
 */
import { answer, detail, moment, type Answer, type Detail } from "./answers";
import { isEqual } from "./bytes";
import { revokedByAnswer } from "./ocsp";
import { isAmong, isIssuedBy, isSignedBy, readRevocationList, USAGE, type Certificate, type RevokedEntry } from "./x509";

const MAX_CRL_BYTES = 8 << 20;
/** Unspecified, affiliation changed, superseded, cessation of operation: what was stamped before stays good. */
const HARMLESS_REASONS: readonly number[] = [0, 3, 4, 5];
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
/** Document signing (RFC 9336), e-mail, and what Adobe and Microsoft use for documents; a seal has one of them. */
const SIGNING: readonly string[] = [
  "1.3.6.1.5.5.7.3.36",
  "1.3.6.1.5.5.7.3.4",
  "1.2.840.113583.1.1.5",
  "1.3.6.1.4.1.311.10.3.12",
  "2.5.29.37.0",
];
/** Whoever may say when, or what is revoked, must not be able to say it of his own reports. */
const OTHER: readonly string[] = [TIME_STAMPING, "1.3.6.1.5.5.7.3.9"];

/** What the reader brings: nothing in it comes from the files that are judged. */
export interface Trust {
  readonly roots: readonly Certificate[];
  readonly timeRoots: readonly Certificate[];
  /** Revocation lists, DER. */
  readonly crls: readonly Uint8Array[];
}

/** What a file brings about revocation, DER, from anybody. */
export interface Lists {
  readonly crls: readonly Uint8Array[];
  readonly ocsps: readonly Uint8Array[];
}

/** There is no way from a certificate to one of the roots. */
export class NoPath extends Error {}

/** There is a way, and it does not hold. */
export class BrokenPath extends Error {}

export interface Judged {
  readonly claimedAt: number;
  /** The latest it can have been made, by somebody independent; null when nobody says. */
  readonly provenAt: number | null;
  readonly now: number;
  readonly revokedBy: Lists;
}

/** Answers whether a signer is trusted. */
export async function judge(chain: readonly Certificate[], trust: Trust, { claimedAt, provenAt, now, revokedBy }: Judged): Promise<Answer> {
  const leaf = chain[0]!;
  const last = chain[chain.length - 1]!;
  const at = provenAt ?? claimedAt;
  const values = {
    signer: leaf.commonName,
    issuer: last.commonName,
    fingerprint: last.fingerprint,
    from: moment(leaf.notBefore),
    until: moment(leaf.notAfter),
    at: moment(at),
  };
  const details = detailsOf(chain, at, provenAt !== null);
  const say = (code: string, why: string | null = null, more: Record<string, string> = {}): Answer =>
    answer("signer", code, why, { ...values, ...more }, details);

  for (const each of chain) {
    if (Math.min(at, claimedAt) < each.notBefore) return say("not_yet_valid", null, { from: moment(each.notBefore) });
    if (Math.max(at, claimedAt) > each.notAfter) return say("expired", "when_signed", { until: moment(each.notAfter) });
    if (!each.isUnaltered) return say("no", "altered_certificate");
  }
  if (!trust.roots.length) return say("unknown_root", "none_given");
  let anchor: Certificate;
  try {
    anchor = await pathTo(chain, trust.roots, at);
  } catch (error) {
    if (!(error instanceof NoPath)) return say("no", "broken_chain");
    const claimed = trust.roots.find((root) => isNamedBy(root, last));
    if (claimed && !isAmong(claimed, chain)) return say("no", "not_issued", { root: claimed.commonName });
    return say("unknown_root");
  }
  if (!isForSigning(leaf)) return say("no", "other_purpose");
  const revoked = await firstRevoked([...chain, anchor], withGiven(trust, revokedBy));
  if (revoked && (provenAt === null || provenAt >= revoked.at)) {
    const who = { revoked: moment(revoked.at), who: revoked.certificate.commonName };
    return say("revoked", provenAt === null ? "unproven_time" : null, who);
  }
  const expired = Math.min(...chain.map((each) => each.notAfter));
  if (now > expired && provenAt === null) return say("expired", "since", { until: moment(expired) });
  const why = revoked ? "revoked_later" : isDevelopment(chain) ? "development" : null;
  return say("trusted", why, { root: anchor.commonName, revoked: revoked ? moment(revoked.at) : "" });
}

/** Whether any certificate of a chain carries the development mark. */
export const isDevelopment = (chain: readonly Certificate[]): boolean => chain.some((each) => each.isDevelopment);

/**
 * Checks the path from a certificate to one of the roots.
 *
 * @returns the root it ends in
 * @throws NoPath or BrokenPath
 */
export async function pathTo(chain: readonly Certificate[], roots: readonly Certificate[], at: number, isForTime = false): Promise<Certificate> {
  let isNamed = false;
  for (let length = 1; length <= chain.length; length++) {
    const path = chain.slice(0, length);
    const top = path[length - 1]!;
    if (isAmong(top, roots) && length > 1) {
      checkPath(path.slice(0, -1), at, isForTime);
      return top;
    }
    for (const root of roots) {
      if (!isEqual(root.subject, top.issuer) || hasAnotherKey(root, top)) continue;
      isNamed = true;
      if (!(await isIssuedBy(top, root))) continue;
      checkPath(path, at, isForTime);
      return root;
    }
  }
  throw isNamed ? new BrokenPath("not signed by the root it names") : new NoPath("another root");
}

/** Adds the lists that the reader brought to what a file brings. */
export const withGiven = (trust: Trust, { crls, ocsps }: Lists): Lists => ({ crls: [...trust.crls, ...crls], ocsps });

/** A certificate of a path that was revoked. */
export interface Revoked extends RevokedEntry {
  readonly certificate: Certificate;
}

/** Finds the certificate of a path that was revoked first, by lists and answers that whoever may say so really signed. */
export async function firstRevoked(path: readonly Certificate[], { crls, ocsps }: Lists): Promise<Revoked | null> {
  const found: Revoked[] = [];
  for (const der of crls) found.push(...(await revokedByList(der, path)));
  for (const der of ocsps) found.push(...(await revokedByAnswer(der, path)));
  return found.reduce<Revoked | null>((first, each) => (first !== null && first.at <= each.at ? first : each), null);
}

/** Whether somebody else may have had a key even before it was revoked (RFC 3161, section 4, point 1). */
export const mayBeCompromised = ({ reason }: RevokedEntry): boolean => reason === null || !HARMLESS_REASONS.includes(reason);

async function revokedByList(der: Uint8Array, path: readonly Certificate[]): Promise<Revoked[]> {
  if (der.length > MAX_CRL_BYTES) return [];
  const found: Revoked[] = [];
  try {
    const list = readRevocationList(der);
    for (let place = 0; place + 1 < path.length; place++) {
      const [certificate, issuer] = [path[place]!, path[place + 1]!];
      const entry = list.revoked.get(certificate.serial);
      const isOurs = isEqual(list.issuer, issuer.subject) && isEqual(certificate.issuer, issuer.subject);
      if (entry && isOurs && (await isSignedBy(list.signed, issuer))) found.push({ certificate, ...entry });
    }
  } catch {
    // A list that cannot be read says nothing.
  }
  return found;
}

/** The rules for the certificates below the root: RFC 5280, section 6.1. */
function checkPath(path: readonly Certificate[], at: number, isForTime: boolean): void {
  path.forEach((each, place) => {
    if (at < each.notBefore || at > each.notAfter || each.hasUnknownDemand) throw new BrokenPath("validity or demands");
    if (place === 0) return;
    const { authority, keyUsage } = each;
    const below = path.slice(1, place).filter((other) => !isEqual(other.subject, other.issuer)).length;
    const isTooLong = authority?.pathLength !== null && authority !== null && below > authority.pathLength;
    if (!authority?.isAuthority || isTooLong) throw new BrokenPath("not an authority");
    if (keyUsage !== null && !(keyUsage & USAGE.keyCertSign)) throw new BrokenPath("may not issue");
  });
  if (!isForTime) return; // what a signer's certificate is for is a question of its own
  const leaf = path[0];
  if (!leaf || leaf.keyUsage === null || !(leaf.keyUsage & USAGE.digitalSignature)) throw new BrokenPath("may not sign");
  if (!leaf.purposes?.oids.includes(TIME_STAMPING)) throw new BrokenPath("not for timestamps");
}

/** Whether a certificate was issued to sign documents with, and not for timestamps, web servers or anything else. */
function isForSigning({ keyUsage, purposes }: Certificate): boolean {
  if (keyUsage !== null && !(keyUsage & (USAGE.digitalSignature | USAGE.contentCommitment))) return false;
  if (purposes === null) return true;
  return purposes.oids.some((oid) => SIGNING.includes(oid)) && !purposes.oids.some((oid) => OTHER.includes(oid));
}

function hasAnotherKey(root: Certificate, below: Certificate): boolean {
  return root.subjectKey !== null && below.authorityKey !== null && !isEqual(root.subjectKey, below.authorityKey);
}

/** Whether a certificate says that a root issued it, by the root's name or by its key. */
function isNamedBy(root: Certificate, certificate: Certificate): boolean {
  if (isEqual(root.subject, certificate.issuer)) return true;
  return root.subjectKey !== null && certificate.authorityKey !== null && isEqual(root.subjectKey, certificate.authorityKey);
}

function detailsOf(chain: readonly Certificate[], at: number, isProven: boolean): Detail[] {
  const leaf = chain[0]!;
  return [
    detail("signer", leaf.commonName),
    detail("signer_fingerprint", leaf.fingerprint),
    ...chain.slice(1).map((each) => detail("issuer", `${each.commonName}, SHA-256 ${each.fingerprint}`)),
    detail("valid", `${moment(leaf.notBefore)} – ${moment(leaf.notAfter)}`),
    detail(isProven ? "judged_at_proven" : "judged_at_claimed", moment(at)),
  ];
}
