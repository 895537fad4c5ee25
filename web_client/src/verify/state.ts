/** What the reader gave and chose, and what came of it; nothing outlives the page. */
import { signal } from "@preact/signals";
import { LANGUAGES, type Language } from "./answers";
import { utf8 } from "./bytes";
import type { Trust } from "./chain";
import { endingOf, verifyFiles, type Given, type Verdict } from "./verify";
import { readCertificate, readRevocationList, unarmoured, type Certificate } from "./x509";

export type Role = "signers" | "time";

export interface Root {
  readonly certificate: Certificate;
  readonly role: Role;
  /** Came with the page, which proves nothing. */
  readonly isFromPage: boolean;
  readonly isTrusted: boolean;
}

const CERTIFICATES = ["pem", "crt", "cer", "der"];

export const language = signal<Language>(navigator.language.startsWith("fr") ? "fr" : "en");
export const files = signal<readonly Given[]>([]);
export const roots = signal<readonly Root[]>([]);
export const crls = signal<readonly Uint8Array[]>([]);
export const verdicts = signal<readonly Verdict[]>([]);
export const isBusy = signal(false);
export const complaint = signal<"badCertificate" | "badList" | null>(null);

/** Each examination supersedes the one before it, also while that is still running. */
let latest = 0;

export function switchLanguage(): void {
  language.value = LANGUAGES.find((each) => each !== language.value) ?? language.value;
  document.documentElement.lang = language.value;
}

/** Lists the roots the page came with; none of them is trusted for that. */
export async function offerRoots(text: string): Promise<void> {
  const given = JSON.parse(text) as Readonly<Record<Role, string>>;
  for (const role of ["signers", "time"] as const) {
    if (given[role]) await addRoots(utf8(given[role]), role, true);
  }
}

/** Takes files in, whatever they are: reports and what lies beside them, certificates, revocation lists. */
export async function give(given: readonly File[]): Promise<void> {
  complaint.value = null;
  const reports: Given[] = [];
  for (const file of given) {
    const ending = endingOf(file.name);
    if (CERTIFICATES.includes(ending)) await addRootFile(file, "signers");
    else if (ending === "crl") await addList(file);
    else reports.push({ name: file.name, data: file });
  }
  const names = reports.map((each) => each.name);
  files.value = [...files.value.filter((each) => !names.includes(each.name)), ...reports];
  await examine();
}

export async function addRootFile(file: File, role: Role): Promise<void> {
  complaint.value = null;
  try {
    await addRoots(new Uint8Array(await file.arrayBuffer()), role, false);
  } catch {
    complaint.value = "badCertificate";
  }
  await examine();
}

export async function addList(file: File): Promise<void> {
  complaint.value = null;
  try {
    const lists = unarmoured(new Uint8Array(await file.arrayBuffer()), "X509 CRL");
    if (!lists.length) throw new Error("none");
    lists.forEach(readRevocationList);
    crls.value = [...crls.value, ...lists];
  } catch {
    complaint.value = "badList";
  }
  await examine();
}

export async function trust(root: Root, isTrusted: boolean): Promise<void> {
  roots.value = roots.value.map((each) => (each === root ? { ...each, isTrusted } : each));
  await examine();
}

export function startAgain(): void {
  latest += 1;
  files.value = [];
  verdicts.value = [];
  isBusy.value = false;
  complaint.value = null;
}

async function addRoots(data: Uint8Array, role: Role, isFromPage: boolean): Promise<void> {
  const found = await Promise.all(unarmoured(data, "CERTIFICATE").map(readCertificate));
  if (!found.length) throw new Error("none");
  const isKnown = (certificate: Certificate): boolean =>
    roots.value.some((each) => each.role === role && each.certificate.fingerprint === certificate.fingerprint);
  // Whoever brings a certificate for this has chosen it; one that was listed before is chosen by that too.
  const chosen = found.map((each) => each.fingerprint);
  roots.value = [
    ...roots.value.map((each) =>
      !isFromPage && each.role === role && chosen.includes(each.certificate.fingerprint) ? { ...each, isTrusted: true } : each,
    ),
    ...found.filter((each) => !isKnown(each)).map((certificate) => ({ certificate, role, isFromPage, isTrusted: !isFromPage })),
  ];
}

async function examine(): Promise<void> {
  const mine = ++latest;
  if (!files.value.length) return;
  isBusy.value = true;
  const chosen = (role: Role): Certificate[] =>
    roots.value.filter((each) => each.role === role && each.isTrusted).map((each) => each.certificate);
  const brought: Trust = { roots: chosen("signers"), timeRoots: chosen("time"), crls: crls.value };
  // Lets the page say that it is busy before a long file holds it up.
  await new Promise((resolve) => setTimeout(resolve, 0));
  const found = await verifyFiles(files.value, brought, Date.now());
  if (mine !== latest) return;
  verdicts.value = found;
  isBusy.value = false;
}
