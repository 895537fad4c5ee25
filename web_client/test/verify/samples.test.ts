import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { demonstrationOf, headline, LANGUAGES, QUESTIONS } from "../../src/verify/answers";
import { verifyFiles, type Given } from "../../src/verify/verify";
import { readCertificate, unarmoured, type Certificate } from "../../src/verify/x509";

interface Sample {
  readonly name: string;
  readonly files: readonly string[];
  readonly now: string;
  readonly answers: Readonly<Record<string, readonly [string, string]>>;
}

const place = new URL("../../../tests/data/proof/", import.meta.url);
const read = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(fileURLToPath(new URL(name, place))));
const samples = JSON.parse(new TextDecoder().decode(read("samples.json"))) as readonly Sample[];

async function rootsOf(name: string): Promise<Certificate[]> {
  const pem = read(name);
  return pem.length ? Promise.all(unarmoured(pem, "CERTIFICATE").map(readCertificate)) : [];
}

describe("sample reports", () => {
  it.each(samples.map((sample) => [sample.name, sample] as const))("%s is answered as in Python", async (_, sample) => {
    const files: Given[] = sample.files.map((name) => ({ name, data: new Blob([read(`${sample.name}/${name}`)]) }));
    const trust = {
      roots: await rootsOf(`${sample.name}/roots.pem`),
      timeRoots: await rootsOf(`${sample.name}/time-roots.pem`),
      crls: [],
    };
    const [verdict] = await verifyFiles(files, trust, Date.parse(sample.now));
    const { answers } = verdict!;
    expect(Object.fromEntries(QUESTIONS.map((q) => [q, [answers[q].code, answers[q].why ?? ""]]))).toEqual(sample.answers);
    const said = LANGUAGES.map((language) => demonstrationOf(answers, language).split(" ").includes(language === "fr" ? "DÉMONSTRATION" : "DEMONSTRATION:"));
    expect(said).toEqual(sample.name === "record_demonstration" ? [true, true] : [false, false]);
    for (const language of LANGUAGES) expect(headline(answers, language)).not.toMatch(/[{}]/);
  });

  it("no changed byte of a record or its signature is overlooked", async () => {
    const names = ["report.json", "report.jws"];
    const whole = names.map((name) => read(`record_whole/${name}`));
    for (const [which, name] of names.entries()) {
      for (let at = 0; at < whole[which]!.length; at += 41) {
        const changed = whole.map((data) => data.slice());
        changed[which]![at]! ^= 1 << (at % 8);
        const files = names.map((each, no) => ({ name: each, data: new Blob([changed[no]!]) }));
        const [verdict] = await verifyFiles(files, { roots: [], timeRoots: [], crls: [] }, Date.now());
        expect(verdict!.answers.intact.code, `${name} at ${at}`).not.toBe("yes");
      }
    }
  });
});
