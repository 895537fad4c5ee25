import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { frenchSpaces, typeset } from "../src/core/typeset";
import { END_REASONS, HINT_CODES, SERVICE_REFUSALS } from "../src/core/messages";
import { inWords } from "../src/core/words";
import { correctionTexts } from "../src/locales/corrections";
import { en } from "../src/locales/en";
import { fr } from "../src/locales/fr";
import { operatorTexts } from "../src/locales/operator";
import { publicationFr } from "../src/locales/operator-publication";
import { WORDS } from "../src/verify/words";

type Leaf = string | ((...args: never[]) => string);

function leaves(texts: unknown, path = ""): [string, Leaf][] {
  if (typeof texts === "string" || typeof texts === "function") return [[path, texts as Leaf]];
  return Object.entries(texts as object).flatMap(([key, value]) => leaves(value, `${path}/${key}`));
}

const said = (leaf: Leaf): string =>
  typeof leaf === "string" ? leaf : (leaf as (...args: unknown[]) => string)("a", "b", "c");

describe("the words", () => {
  test("the operator's page has the same texts in both languages", () => {
    expect(leaves(operatorTexts.fr).map(([path]) => path)).toEqual(leaves(operatorTexts.en).map(([path]) => path));
  });

  test("every code of the service has words, for both people in both languages, and no word is left over", () => {
    for (const texts of [en.step.hints, fr.step.hints, operatorTexts.en.hints, operatorTexts.fr.hints]) {
      expect(Object.keys(texts).sort()).toEqual([...HINT_CODES].sort());
    }
    for (const texts of Object.values(operatorTexts)) {
      expect(Object.keys(texts.callEnded).sort()).toEqual([...END_REASONS].sort());
      expect(Object.keys(texts.commandErrors)).toEqual(expect.arrayContaining([...SERVICE_REFUSALS]));
    }
  });

  test("what a photo shows is named at the desk as in the report", () => {
    for (const [language, texts] of Object.entries(operatorTexts)) {
      const report = JSON.parse(readFileSync(`../inspection_service/reports/texts/${language}.json`, "utf-8")) as Record<string, string>;
      const named = Object.entries(report).flatMap(([key, text]) => (key.startsWith("view.") ? [[key.slice(5), text]] : []));
      expect(Object.entries(texts.views)).toEqual(named);
    }
  });

  test("a full inspection is explained to the seller", () => {
    for (const texts of [en, fr]) expect(inWords(texts.verdict.refusals, "quota-exceeded")).not.toBeNull();
  });

  test("a code that is unknown has no words, whatever its name", () => {
    expect(inWords(en.step.hints, "dark")).toBe(en.step.hints.dark);
    for (const code of ["tomorrow", "toString", null, undefined]) expect(inWords(en.step.hints, code)).toBeNull();
  });

  test("every text is there in both languages, also where the type does not force it", () => {
    expect(leaves(fr).map(([path]) => path)).toEqual(leaves(en).map(([path]) => path));
  });

  test("no text is empty, and none was left untranslated", () => {
    const english = new Map(leaves(en).map(([path, leaf]) => [path, said(leaf)]));
    const same = leaves(fr).filter(([path, leaf]) => said(leaf) === english.get(path));
    for (const [path, leaf] of [...leaves(fr), ...leaves(en)]) expect(said(leaf).trim(), path).not.toBe("");
    // Words that are the same in both.
    expect(same.map(([path]) => path).sort()).toEqual(["/call/chat", "/call/pause", "/menu/button", "/menu/title", "/sign/code", "/takeover/code"]);
  });

  test("no line of French begins with a mark: the space before it does not break", () => {
    expect(frenchSpaces("Prêt ? Oui ! Un ; deux : trois à 95 %, « quatre ».")).toBe(
      "Prêt\u202f? Oui\u202f! Un\u202f; deux\u00a0: trois à 95\u00a0%, «\u202fquatre\u202f».",
    );
    for (const texts of [fr, operatorTexts.fr, publicationFr, correctionTexts.fr, WORDS.fr]) {
      for (const [path, leaf] of leaves(texts)) expect(said(leaf), path).not.toMatch(/ [?!;:%»]|« /);
    }
    expect(said(operatorTexts.fr.notSeen as Leaf)).toBe("Non vu\u00a0: a");
  });

  test("where no space was written none comes: addresses, times and English stay as they are", () => {
    for (const text of ["https://example.com/?a=1;b:2", "data:image/png;base64,AA", "à 10:15", "Ready? Yes: go!"]) {
      expect(frenchSpaces(text)).toBe(text);
    }
    expect(leaves(en).filter(([, leaf]) => /[\u00a0\u202f]/.test(said(leaf)))).toEqual([]);
    expect(typeset({ list: ["Oui ?"], none: null, many: 2 })).toEqual({ list: ["Oui\u202f?"], none: null, many: 2 });
  });
});
